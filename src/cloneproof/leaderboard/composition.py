"""Who else is on the board: how far copies of each alternative move the ratings of the others."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array, csr_array

from cloneproof._core.errors import NoMaximumLikelihoodError, UncertaintyWarning
from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray, IntArray, RandomState
from cloneproof._core.validation import as_weights, check_choice, check_integer, generator
from cloneproof.leaderboard.board import rank_of, row_weights
from cloneproof.leaderboard.copies import add_copies, add_variants, find_alternative, split_weight
from cloneproof.leaderboard.selection import expected_best_of
from cloneproof.leaderboard.tally import tally, tally_with_places
from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry
from cloneproof.rewards.ratings import RATING_SCALE

__all__ = ["Attack", "CompositionMove", "attack_board", "audit_composition"]


@dataclass(frozen=True, kw_only=True)
class CompositionMove:
    """What exact copies of one alternative do to the original alternatives under one rule.

    Parameters
    ----------
    copied : str
    copies : int
    rule : {"plain", "weighted"}
    largest_move : float
        Largest change of a rating, in rating points, with the mean change of all taken out.
    moved : str
        The alternative that moved most.
    flips : int
        Pairs of original alternatives whose order changed.
    flipped : tuple of (str, str)
        Those pairs, formerly higher first, from the top of the board; at most 10.
    leader : str
        Who leads among the originals.
    """

    copied: str
    copies: int
    rule: str
    largest_move: float
    moved: str
    flips: int
    flipped: tuple[tuple[str, str], ...]
    leader: str


def audit_composition(
    comparisons: Comparisons,
    alternative_weight: ArrayLike | None = None,
    *,
    copies: int = 1,
    rows: Literal["balanced", "product"] = "balanced",
    regularization: float = 0.0,
    scale: float = RATING_SCALE,
) -> tuple[CompositionMove, ...]:
    """Refit with exact copies of each alternative in turn, plain beside weighted.

    Parameters
    ----------
    comparisons : Comparisons
    alternative_weight : array-like of shape (n_alternatives,), default=None
        w; copies share their original's. None: the plain rule only.
    copies : int, default=1
    rows : {"balanced", "product"}, default="balanced"
        How weights reach the comparisons, as in :func:`make_board`.
    regularization : float, default=0.0
    scale : float
        Rating points per unit of reward.

    Returns
    -------
    moves : tuple of CompositionMove
        For each alternative that has comparisons: plain, then weighted.

    Notes
    -----
    Ties as half wins, no covariates, summed pairs: one refit each. Under weights that copies share and
    without a ridge the objective does not change at all, so the moves are solver noise: that is the
    point, and the plain rule's moves beside it say what the weights are worth on this board.
    """
    copies = check_integer("copies", copies, low=1)
    check_choice("rows", rows, ("balanced", "product"))
    summed = tally(comparisons)
    m = summed.n_alternatives
    weight = None
    if alternative_weight is not None:
        weight = as_weights(alternative_weight, m, name="alternative_weight", per="alternative")
    rules = [("plain", None)] if weight is None else [("plain", None), ("weighted", weight)]
    before = {name: _rewards(summed, w, regularization, rows) for name, w in rules}
    met = np.bincount(summed.left, minlength=m) + np.bincount(summed.right, minlength=m) > 0
    moves = []
    with track("copies of each", total=int(met.sum())) as advance:
        for a in np.flatnonzero(met).tolist():
            grown = add_copies(summed, a, copies)
            for name, w in rules:
                after = _rewards(
                    grown,
                    None if w is None else split_weight(w, a, copies),
                    regularization,
                    rows,
                    before[name],
                )
                moves.append(_move(summed, a, copies, name, before[name], after[:m], scale))
            advance(1)
    return tuple(moves)


@dataclass(frozen=True, kw_only=True)
class Attack:
    """Two attacks with many submissions of one alternative, and what each rule makes of them.

    Parameters
    ----------
    name : str
    copies : int
    moves : tuple of CompositionMove
        Exact copies: plain, and weighted where weights were given. Weights answer this attack.
    best_gain : dict of str to float
        Best of `copies` variants that are as good as the original and judged apart: mean over the
        repeats of (best variant - mean variant), in rating points, by rule. No weights answer this one.
    best_gain_error : dict of str to float
        Standard error of that mean.
    expected_gain : float
        ``SE x E[max of copies N(0, 1)]``: what theory says, with SE of the original's plain rating.
    pooled_gain : float
        The same best-of-many if the submissions' votes are pooled: 0, as one rating is shown.
    standard_error : float
        Of the original, in rating points.
    n_repeats : int
    """

    name: str
    copies: int
    moves: tuple[CompositionMove, ...]
    best_gain: dict[str, float]
    best_gain_error: dict[str, float]
    expected_gain: float
    pooled_gain: float
    standard_error: float
    n_repeats: int


def attack_board(
    comparisons: Comparisons,
    name: object,
    copies: int = 27,
    alternative_weight: ArrayLike | None = None,
    *,
    rows: Literal["balanced", "product"] = "balanced",
    regularization: float = 0.0,
    clusters: ArrayLike | str | None = None,
    scale: float = RATING_SCALE,
    n_repeats: int = 20,
    random_state: RandomState = 0,
) -> Attack:
    """Submit one alternative many times: exact copies, then variants of which the luckiest is shown.

    Parameters
    ----------
    comparisons : Comparisons
    name : object
        Who attacks.
    copies : int, default=27
        Submissions beside the original.
    alternative_weight : array-like of shape (n_alternatives,), default=None
    rows : {"balanced", "product"}, default="balanced"
    regularization : float
    clusters : array-like, "annotator" or "row", default=None
        What is independent of what, as for the board: a variant is judged anew by as many annotators (or
        prompts) as the original was, all judgments of one together.
    scale : float
    n_repeats : int, default=20
        Simulations of the second attack.
    random_state : int, Generator or None, default=0

    Returns
    -------
    attack : Attack

    Raises
    ------
    InputError
        For an unknown name, or one without comparisons.
    """
    copies = check_integer("copies", copies, low=1)
    n_repeats = check_integer("n_repeats", n_repeats, low=2)
    rng = generator(random_state)
    a = find_alternative(comparisons, name)
    check_choice("rows", rows, ("balanced", "product"))
    summed, place = tally_with_places(comparisons)
    units = _units(comparisons, place, len(summed), clusters)
    m = summed.n_alternatives
    rules: list[tuple[str, FloatArray | None]] = [("plain", None)]
    if alternative_weight is not None:
        weight = as_weights(alternative_weight, m, name="alternative_weight", per="alternative")
        rules.append(("weighted", weight))
    grown = add_copies(summed, a, copies)
    before = {rule: _rewards(summed, w, regularization, rows) for rule, w in rules}
    moves = []
    for rule, w in rules:
        after = _rewards(
            grown, None if w is None else split_weight(w, a, copies), regularization, rows, before[rule]
        )
        moves.append(_move(summed, a, copies, rule, before[rule], after[:m], scale))
    fitted = BradleyTerry(regularization=regularization).fit(comparisons, clusters=clusters)
    error = scale * _quiet_standard_error(fitted, a)
    gains: dict[str, list[float]] = {rule: [] for rule, _ in rules}
    failed = 0
    with track("best of many", total=n_repeats) as advance:
        while len(gains["plain"]) < n_repeats:
            varied = tally(add_variants(summed, a, copies, units=units, random_state=rng))
            try:
                found = [
                    _rewards(varied, None if w is None else split_weight(w, a, copies), regularization, rows)
                    for _, w in rules
                ]
            except NoMaximumLikelihoodError:  # a variant that only won: draw again
                failed += 1
                if failed > 10 * n_repeats:
                    raise
                continue
            for (rule, _), r in zip(rules, found, strict=True):
                gains[rule].append(scale * float(r[m:].max() - r[m:].mean()))
            advance(1)
    return Attack(
        name=str(summed.ids.item(a)),
        copies=copies,
        moves=tuple(moves),
        best_gain={rule: float(np.mean(x)) for rule, x in gains.items()},
        best_gain_error={rule: float(np.std(x, ddof=1) / np.sqrt(n_repeats)) for rule, x in gains.items()},
        expected_gain=error * expected_best_of(copies),
        pooled_gain=0.0,
        standard_error=error,
        n_repeats=n_repeats,
    )


def _units(
    comparisons: Comparisons, place: IntArray, n_summed: int, clusters: ArrayLike | str | None
) -> csr_array | None:
    """Return how many comparisons of each summed row each cluster made; None where rows are independent."""
    if isinstance(clusters, str) and clusters == "row":
        return None
    if clusters is None or isinstance(clusters, str):
        if comparisons.annotator is None:
            return None
        values = comparisons.annotator
    else:
        values = np.asarray(clusters)
    code: dict[object, int] = {}
    unit = np.array([code.setdefault(value, len(code)) for value in values.tolist()], dtype=np.int64)
    made = coo_array((comparisons.count, (unit, place)), shape=(len(code), n_summed))
    return csr_array(made.tocsr())


def _quiet_standard_error(fitted: BradleyTerry, a: int) -> float:
    """Return one standard error; the board has warned already where it may be too small."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UncertaintyWarning)
        return float(fitted.standard_errors_[a])


def _rewards(
    comparisons: Comparisons,
    weight: FloatArray | None,
    regularization: float,
    rows: str,
    start: FloatArray | None = None,
) -> FloatArray:
    first = None
    if start is not None:
        first = np.zeros(comparisons.n_alternatives)
        first[: len(start)] = start
    omega = None if weight is None else row_weights(comparisons, weight, rows)
    fitted = BradleyTerry(regularization=regularization, tol=1e-12).fit(
        comparisons, weight, omega, start=first
    )
    return fitted.rewards_


def _move(
    comparisons: Comparisons,
    a: int,
    copies: int,
    rule: str,
    before: FloatArray,
    after: FloatArray,
    scale: float,
) -> CompositionMove:
    names = [str(x) for x in comparisons.ids.tolist()]
    change = after - before
    change -= change.mean()
    order = np.argsort(-before, kind="stable")
    b, c = before[order].round(9), after[order].round(9)
    upper, lower = np.nonzero((b[:, None] > b[None, :]) & (c[:, None] < c[None, :]))
    most = int(np.argmax(np.abs(change)))
    return CompositionMove(
        copied=names[a],
        copies=copies,
        rule=rule,
        largest_move=scale * float(np.abs(change).max()),
        moved=names[most],
        flips=len(upper),
        flipped=tuple(
            (names[order[i]], names[order[j]]) for i, j in zip(upper[:10], lower[:10], strict=True)
        ),
        leader=names[int(np.flatnonzero(rank_of(after.round(9)) == 1)[0])],
    )
