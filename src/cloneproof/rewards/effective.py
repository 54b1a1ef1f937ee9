"""What weights cost: effective sample sizes, variance inflation, and when to use weaker weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError
from cloneproof._core.validation import as_weights
from cloneproof.preferences import Comparisons
from cloneproof.rewards.comparison_weights_rows import group_rows

__all__ = ["WeightCost", "measure_weight_cost"]

COSTLY_BELOW = 0.5
"""Effective share of the distinct pairs below which standard errors grow by more than 40 %."""

HARMLESS_FROM = 0.95
"""Effective share from which the weights hardly differ from equal ones."""


@dataclass(frozen=True, kw_only=True)
class WeightCost:
    """What a set of weights costs in precision, and what to do about it.

    Parameters
    ----------
    n_alternatives, n_comparisons, n_pairs : int
        Alternatives, rows, and distinct unordered pairs.
    effective_alternatives : float or None
        ``1 / sum w^2``; None without alternative weights.
    effective_comparisons : float
        ``(sum omega)^2 / sum (omega^2 / count)``: how many equally weighted comparisons carry as much
        information, if all are independent.
    effective_pairs : float
        The same over distinct pairs: ``(sum p)^2 / sum p^2``, p the summed weight of a pair.
    variance_inflation : float
        Comparisons (with counts) over `effective_comparisons`: the factor on the variance of rewards if all
        comparisons are independent and their outcomes do follow one model. It is the price of the
        weights where there was nothing to correct; copies are not independent, so where there are
        copies the price is less.
    standard_error_inflation : float
        Its root.
    pair_inflation : float
        Distinct pairs over `effective_pairs`: the price in which repetitions of a pair are no loss.
    recommendation : {"keep", "not needed", "weaker"}
    reason : str
        One sentence, in numbers.
    """

    n_alternatives: int
    n_comparisons: int
    n_pairs: int
    effective_alternatives: float | None
    effective_comparisons: float
    effective_pairs: float
    variance_inflation: float
    standard_error_inflation: float
    pair_inflation: float
    recommendation: Literal["keep", "not needed", "weaker"]
    reason: str


def measure_weight_cost(
    comparisons: Comparisons,
    comparison_weight: ArrayLike,
    alternative_weight: ArrayLike | None = None,
    *,
    reward_shift: float | None = None,
    standard_error: float | None = None,
) -> WeightCost:
    """Measure what comparison weights cost, and recommend what to do.

    Parameters
    ----------
    comparisons : Comparisons
    comparison_weight : array-like of shape (n_comparisons,)
        Of whole rows, counts included, on any scale.
    alternative_weight : array-like of shape (n_alternatives,), default=None
    reward_shift, standard_error : float, default=None
        Typical (root mean square) difference between weighted and plain rewards, and typical standard
        error of the weighted ones. With both, weights that bring less than they cost are named as such.

    Returns
    -------
    cost : WeightCost

    Raises
    ------
    InputError
        If a weight does not fit the comparisons, or only one of the two measurements is given.

    Notes
    -----
    The recommendation, in order: "not needed" where the weights are nearly equal to begin with; "weaker"
    where the effective pairs fall below half of the distinct ones, unless the rewards move by more than
    the added noise, ``shift > se (1 - 1 / sqrt(inflation))``; else "keep". Weaker means a smaller
    `scale`, so that fewer texts count as the same.

    Examples
    --------
    >>> c = Comparisons.from_arrays([0, 0, 1, 1], [1, 2, 2, 2], ids=[0, 1, 2])
    >>> cost = measure_weight_cost(c, [2, 2, 1, 1])
    >>> round(cost.effective_comparisons, 2), round(cost.effective_pairs, 2), cost.recommendation
    (3.6, 3.0, 'not needed')
    """
    n = comparisons.n_comparisons
    from cloneproof.weights.base import effective_sample_size

    rows = group_rows(comparisons)
    omega = as_weights(comparison_weight, n, name="comparison_weight", per="comparison")
    w = alternative_weight
    alternatives = None
    if w is not None:
        m = comparisons.n_alternatives
        alternatives = effective_sample_size(as_weights(w, m, name="alternative_weight", per="alternative"))
    if (reward_shift is None) != (standard_error is None):
        raise InputError("give reward_shift and standard_error together, or neither.")
    effective = float(1.0 / (omega * omega / comparisons.count).sum())
    pairs = effective_sample_size(np.bincount(rows.pair, weights=omega, minlength=rows.n_pairs))
    inflation = float(comparisons.count.sum()) / effective
    recommendation, reason = _recommend(rows.n_pairs, pairs, reward_shift, standard_error)
    return WeightCost(
        n_alternatives=comparisons.n_alternatives,
        n_comparisons=n,
        n_pairs=rows.n_pairs,
        effective_alternatives=alternatives,
        effective_comparisons=effective,
        effective_pairs=pairs,
        variance_inflation=inflation,
        standard_error_inflation=float(np.sqrt(inflation)),
        pair_inflation=rows.n_pairs / pairs,
        recommendation=recommendation,
        reason=reason,
    )


def _recommend(
    n_pairs: int, effective: float, shift: float | None, error: float | None
) -> tuple[Literal["keep", "not needed", "weaker"], str]:
    """Apply the rule in the notes of :func:`measure_weight_cost`."""
    share = effective / n_pairs
    told = f"{effective:,.0f} of {n_pairs:,} distinct pairs are effective ({100 * share:.0f} %)"
    if share >= HARMLESS_FROM:
        return "not needed", f"{told}: the weights are nearly equal, plain rewards would do."
    growth = 1.0 / np.sqrt(share)
    if shift is not None and error is not None:
        noise = error * (1.0 - 1.0 / growth)
        measured = f"rewards move by {shift:.2g} (root mean square), the weights add {noise:.2g} of noise"
        if shift <= noise:
            return "weaker", f"{told}; {measured}: give a smaller scale, or use plain rewards."
        return "keep", f"{told}; {measured}."
    if share < COSTLY_BELOW:
        return (
            "weaker",
            f"{told}: if they are all independent, standard errors grow by a factor of {growth:.2g}. Keep "
            f"the weights if the rest are copies, else give a smaller scale.",
        )
    return "keep", f"{told}: standard errors grow by at most a factor of {growth:.2g}."
