"""How harmful clones can be for given data: how far its preferences depart from one Bradley-Terry model.

If all judgments follow one Bradley-Terry model, the plain maximum likelihood is right whatever is copied.
Copies of an alternative move it exactly as far as win rates against that alternative miss the model.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError
from cloneproof._core.typing import RandomState
from cloneproof._core.validation import as_weights, check_choice, check_integer, check_number, generator
from cloneproof.audit.flip_rule import CloneFlip, clones_flip_winner
from cloneproof.audit.harm_null import (
    FEWEST_GROUPS,
    bootstrap,
    compare_halves,
    departure_interval,
    group_annotators,
    shrink_to_true_spread,
)
from cloneproof.audit.harm_records import HarmIndex, unknown_index
from cloneproof.audit.harm_statistics import Layout, measure_misfit
from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry
from cloneproof.rewards.objective import logistic
from cloneproof.rewards.pairs import collect_pairs

__all__ = ["CloneFlip", "HarmIndex", "clones_flip_winner", "harm_index", "population_departure"]


def harm_index(
    comparisons: Comparisons,
    *,
    annotators: Literal["auto", "ignore"] = "auto",
    n_bootstrap: int = 200,
    n_groups: int = 20,
    regularization: float = 1e-4,
    random_state: RandomState = 0,
) -> HarmIndex:
    r"""Measure how far comparisons depart from one Bradley-Terry model, with its uncertainty.

    Write y_i for the judgments of a pair, n for their number, p for the fitted win rate. With
    :math:`U = \sum_{i \ne j} (y_i - p)(y_j - p) / n`, which has mean :math:`(n - 1) \delta^2` for a pair whose
    true win rate is :math:`p + \delta`, the index is

    .. math:: \sqrt{\left(\sum U - E_0 \sum U\right) / \sum (n - 1)},

    E_0 the mean over data sampled from the fitted model and fitted again (its rewards first shrunk by the factor that makes such fits
    as wide as the one found). A pair judged once adds nothing:
    one judgment cannot be told from noise. Where annotators are named, the index is instead what disjoint halves
    of them miss alike, each half fitted by itself, which holds however an annotator's judgments hang together.

    Parameters
    ----------
    comparisons : Comparisons
        Ties are left out. Counts must be whole numbers; a row of several judgments may hold a share
        that is a whole number of them.
    annotators : {"auto", "ignore"}, default="auto"
        "auto": where annotators are named, the departure by halves of them, its interval and p value.
    n_bootstrap : int, default=200
    n_groups : int, default=20
        Groups of annotators, of which halves are made and one is left out at a time (jackknife).
    regularization : float, default=1e-4
        Ridge of the fitted model, small: it keeps rewards finite where an alternative won everything.
    random_state : int, Generator or None, default=0

    Returns
    -------
    index : HarmIndex
        With `reason` and nan where the data cannot tell: each pair judged once, no cycle in the graph of
        pairs, or graded outcomes.

    Raises
    ------
    InputError
        If there is no comparison, or a count is not a whole number.
    ParameterError
        If an option is out of range.

    Notes
    -----
    O(n_bootstrap) fits, each a few passes over the pairs. Data in which each text is compared once, as in
    most preference sets, cannot be tested this way, and grouping near texts to make pairs repeat is not
    sound: texts of one group differ in reward, and the mixture then departs from Bradley-Terry by itself
    (``docs/harm.md`` has the simulation).

    Examples
    --------
    >>> from cloneproof.preferences import paris_population, sample_comparisons
    >>> c = sample_comparisons(paris_population(["food", "art", "romance"]), 2000, random_state=0)
    >>> found = harm_index(c)
    >>> found.p_value < 0.01, round(found.departure, 2)
    (True, 0.16)
    """
    check_choice("annotators", annotators, ("auto", "ignore"))
    n_samples = check_integer("n_bootstrap", n_bootstrap, low=20)
    check_integer("n_groups", n_groups, low=FEWEST_GROUPS)
    ridge = check_number("regularization", regularization, low=0.0, low_open=True)
    rng = generator(random_state)
    if comparisons.n_comparisons == 0:
        raise InputError("The harm index needs comparisons. Got none.")
    ties = comparisons.outcome == 0.5
    n_ties = int(comparisons.count[ties].sum())
    rows = comparisons.select(~ties)
    reason = _graded(rows)
    if reason is not None or rows.n_comparisons == 0:
        return unknown_index(reason or "every judgment is a tie", n_ties=n_ties)
    layout = Layout(collect_pairs(rows.left, rows.right, rows.outcome, rows.count, rows.n_alternatives))
    counts = layout.win, layout.loss
    n = layout.win + layout.loss
    repeated = float((n - 1.0).sum())
    known = {
        "n_judgments": int(rows.count.sum()),
        "n_ties": n_ties,
        "n_pairs": len(n),
        "n_repeated_pairs": int((n > 1).sum()),
        "degrees_of_freedom": layout.degrees_of_freedom,
    }
    if layout.degrees_of_freedom == 0:
        return unknown_index(
            "the pairs form no cycle: one reward per alternative fits any judgments", **known
        )
    rewards = layout.fit(counts, ridge)
    found = measure_misfit(layout, counts, layout.rates(rewards))
    if repeated <= 0 and found.n_triads == 0:
        return unknown_index("each pair was judged once and no three alternatives all met", **known)
    shrunk = shrink_to_true_spread(layout, rewards, ridge, rng)
    null = list(bootstrap(layout, shrunk, ridge, n_samples, rng))
    mean = float(np.mean([x.excess for x in null]))
    excess, ratio = found.excess - mean, found.likelihood_ratio
    cyclic = np.array([x.cyclic_share for x in null])
    nan = float("nan")
    low = high = annotator_p = departure = nan
    if repeated > 0:
        squared = excess / repeated
        groups = group_annotators(rows, n_groups, rng) if annotators == "auto" else None
        if groups is not None:
            by_halves, error = compare_halves(layout, rows, groups, ridge, rewards, rng)
            low, high, annotator_p = departure_interval(by_halves, error, int(groups.max()) + 1)
            squared = squared if np.isnan(low) else by_halves
        departure = float(np.sqrt(max(squared, 0.0)))
    return HarmIndex(
        departure=departure,
        low=low,
        high=high,
        p_value=_p_value(found.excess, [x.excess for x in null]) if repeated > 0 else nan,
        likelihood_ratio=ratio,
        likelihood_ratio_p_value=_p_value(ratio, [x.likelihood_ratio for x in null]) if repeated > 0 else nan,
        cyclic_share=found.cyclic_share,
        cyclic_share_expected=nan if np.isnan(cyclic).all() else float(np.nanmean(cyclic)),
        cyclic_p_value=_p_value(found.cyclic_share, cyclic[~np.isnan(cyclic)].tolist()),
        annotator_p_value=annotator_p,
        n_triads=found.n_triads,
        n_bootstrap=n_samples,
        reason=None if repeated > 0 else "each pair was judged once: only cycles can be counted",
        **known,
    )


def population_departure(win_rates: ArrayLike, alternative_weight: ArrayLike | None = None) -> float:
    """Return how far given win rates depart from Bradley-Terry: the index without sampling noise.

    Parameters
    ----------
    win_rates : array-like of shape (n_alternatives, n_alternatives)
        ``win_rates[a, b]`` is p(a > b).
    alternative_weight : array-like of shape (n_alternatives,), default=None
        w: a pair counts ``w_a w_b``. None: uniform.

    Returns
    -------
    departure : float
        Root mean square of ``p(a > b) - s(r_a - r_b)`` over the pairs, r the fitted rewards.

    Examples
    --------
    >>> population_departure([[0.5, 0.8], [0.2, 0.5]])
    0.0
    >>> round(population_departure([[0.5, 0.9, 0.1], [0.1, 0.5, 0.9], [0.9, 0.1, 0.5]]), 3)
    0.4
    """
    c = Comparisons.from_win_rates(win_rates)
    m = c.n_alternatives
    plain = np.full(m, 1.0 / m)
    w = (
        plain
        if alternative_weight is None
        else as_weights(alternative_weight, m, name="alternative_weight", per="alternative")
    )
    r = BradleyTerry(regularization=1e-9).fit(c, alternative_weight=w).rewards_
    miss = c.outcome - logistic(r[c.left] - r[c.right])
    share = w[c.left] * w[c.right]
    value = float(np.sqrt((share * miss**2).sum() / share.sum()))
    return 0.0 if value < 1e-6 else value


def _graded(rows: Comparisons) -> str | None:
    """Say why outcomes are not numbers of judgments, or None if they are.

    Raises
    ------
    InputError
        If a count is not a whole number.
    """
    partial = rows.count != np.round(rows.count)
    if partial.any():
        first = int(np.argmax(partial))
        raise InputError(
            f"The harm index counts judgments; {int(partial.sum()):,} of {len(partial):,} counts are not whole "
            f"numbers, first: {rows.count[first]} (row {first} of those that are no ties)."
        )
    wins = rows.count * rows.outcome
    graded = np.abs(wins - np.round(wins)) > 1e-6 * np.maximum(rows.count, 1.0)
    if not graded.any():
        return None
    first = int(np.argmax(graded))
    return (
        f"{int(graded.sum()):,} of {len(graded):,} outcomes are graded, first: {rows.outcome[first]:.4g}; "
        "a share is no number of judgments. Give counts, or population_departure the table of win rates"
    )


def _p_value(value: float, null: list[float]) -> float:
    """Return the share of the null that reaches the value, the value itself counted in."""
    if np.isnan(value) or not null:
        return float("nan")
    tolerance = 1e-9 * max(abs(value), 1.0)
    return float((1 + sum(x >= value - tolerance for x in null)) / (1 + len(null)))
