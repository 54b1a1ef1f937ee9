"""Drop-k: how few comparisons must go for two neighbours on the board to swap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cloneproof._core.errors import InputError, NoMaximumLikelihoodError
from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof._core.validation import check_integer
from cloneproof.leaderboard.tally import tally
from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry, total_comparison_weight
from cloneproof.rewards.objective import logistic

__all__ = ["DropK", "audit_neighbours", "difference_influence", "fewest_dropped"]

UP_TO = 3_000
"""Alternatives up to which the dense inverse of the Hessian is formed."""

LEVEL = 1e-9
"""Differences of rewards up to this are level: below what a solve to its tolerance can tell apart."""

LEVEL_SHARE = 1e-6
"""So are those up to this share of what the strongest single comparison moves."""


@dataclass(frozen=True, kw_only=True)
class DropK:
    """The fewest comparisons found whose removal swaps two alternatives.

    Parameters
    ----------
    above, below : str
        The one with the higher reward first.
    gap : float
        Difference of their rewards, natural-log odds.
    predicted : int or None
        How many the influences say; None: not even all influential comparisons are predicted to do it.
    confirmed : int or None
        How many a refit without them confirms: an upper bound of the fewest. None: no number of them did.
    share : float or None
        `confirmed` divided by the number of comparisons.
    dropped : tuple of (winner, loser, outcome, n)
        What was dropped, the most influential first; outcome is the share won by the first.
    """

    above: str
    below: str
    gap: float
    predicted: int | None
    confirmed: int | None
    share: float | None
    dropped: tuple[tuple[str, str, float, int], ...]


def difference_influence(
    comparisons: Comparisons, rewards: FloatArray, inverse: FloatArray, above: int, below: int
) -> FloatArray:
    r"""Return by how much dropping one comparison of each row changes ``r_above - r_below``.

    .. math:: d_t = -v_t (y_t - p_t) / (1 - h_t), \quad v_t = (e_i - e_j)' H^+ (e_a - e_b), \quad
              h_t = p_t (1 - p_t) (e_a - e_b)' H^+ (e_a - e_b)

    the one-step Newton estimate of leaving one comparison out, with a the left and b the right side.

    Parameters
    ----------
    comparisons : Comparisons
    rewards : float64 ndarray of shape (n_alternatives,)
        At the optimum.
    inverse : float64 ndarray of shape (n_alternatives, n_alternatives)
        ``H^+``, with H in units of one comparison.
    above, below : int
        Positions i and j.

    References
    ----------
    .. [1] Pregibon, "Logistic regression diagnostics", Annals of Statistics 9 (1981), 705-724 (the step).
    .. [2] Huang, Shen, Wei & Broderick, "Dropping Just a Handful of Preferences Can Change Top Large
       Language Model Rankings", 2025, arXiv:2508.11847 (its use for rankings).
    """
    a, b = comparisons.left, comparisons.right
    row = inverse[above] - inverse[below]
    p = logistic(rewards[a] - rewards[b])
    diagonal = np.diag(inverse)
    h = p * (1.0 - p) * (diagonal[a] + diagonal[b] - 2.0 * inverse[a, b])
    # a comparison that alone holds two parts together has h = 1: without it nothing bounds the difference
    room = np.maximum(1.0 - h, 1e-12)
    return np.asarray(-(row[a] - row[b]) * (comparisons.outcome - p) / room, dtype=np.float64)


def fewest_dropped(
    comparisons: Comparisons,
    above: int,
    below: int,
    *,
    regularization: float = 0.0,
    max_dropped: int | None = None,
) -> DropK:
    """Find the fewest comparisons whose removal puts `below` level with `above` or over it.

    Parameters
    ----------
    comparisons : Comparisons
    above, below : int
        Positions of two alternatives; they are swapped if `above` has the lower reward.
    regularization : float, default=0.0
        Of the plain fit. The ridge keeps its strength in units of one comparison.
    max_dropped : int, default=None
        No more than so many; None: all comparisons that push the right way.

    Returns
    -------
    found : DropK

    See Also
    --------
    audit_neighbours : For all neighbours on the board.
    """
    for name, position in (("above", above), ("below", below)):
        check_integer(name, position, low=0, high=comparisons.n_alternatives - 1)
    if above == below:
        raise InputError("two different alternatives are needed to swap. Got the same twice.")
    state = _fit(tally(comparisons), regularization)
    if state.rewards[above] < state.rewards[below]:
        above, below = below, above
    return _search(state, above, below, max_dropped)


def audit_neighbours(
    comparisons: Comparisons,
    *,
    regularization: float = 0.0,
    top: int | None = None,
    max_dropped: int | None = None,
) -> tuple[DropK, ...]:
    """Find the fewest dropped comparisons for each pair of neighbours of the plain ranking.

    Parameters
    ----------
    comparisons : Comparisons
    regularization : float, default=0.0
    top : int, default=None
        Only among the first so many of the ranking.
    max_dropped : int, default=None
        As in :func:`fewest_dropped`.

    Returns
    -------
    found : tuple of DropK
        From the top of the ranking downwards.

    Raises
    ------
    InputError
        Beyond 3,000 alternatives (the inverse of the Hessian is dense).

    Notes
    -----
    The plain fit, ties as half wins, without covariates. One dense inverse, O(n_alternatives^3); then a
    few refits on summed pairs for each pair of neighbours.
    """
    state = _fit(tally(comparisons), regularization)
    order = np.argsort(-state.rewards, kind="stable")[
        : None if top is None else check_integer("top", top, low=2)
    ]
    found = []
    with track("drop-k", total=max(len(order) - 1, 0)) as advance:
        for i, j in zip(order[:-1].tolist(), order[1:].tolist(), strict=True):
            found.append(_search(state, i, j, max_dropped))
            advance(1)
    return tuple(found)


@dataclass(frozen=True, kw_only=True, eq=False)
class _State:
    """The plain fit of summed rows, with what influences need."""

    rows: Comparisons
    rewards: FloatArray
    inverse: FloatArray
    ridge: float
    """Ridge on each squared reward in units of one comparison: lambda / m * N / total weight."""


def _fit(rows: Comparisons, regularization: float) -> _State:
    m = rows.n_alternatives
    if m > UP_TO:
        raise InputError(
            f"drop-k needs a dense inverse: at most {UP_TO:,} alternatives. Got {m:,}. Give top=."
        )
    rewards = BradleyTerry(regularization=regularization).fit(rows).rewards_
    ridge = regularization / m * float(rows.count.sum()) / total_comparison_weight(np.full(m, 1.0 / m))
    p = logistic(rewards[rows.left] - rewards[rows.right])
    curvature = rows.count * p * (1.0 - p)
    hessian = np.zeros((m, m))
    np.add.at(hessian, (rows.left, rows.right), -curvature)
    hessian += hessian.T
    hessian[np.diag_indices(m)] = -hessian.sum(axis=1) + ridge
    inverse = np.asarray(np.linalg.pinv(hessian, hermitian=True), dtype=np.float64)
    return _State(rows=rows, rewards=rewards, inverse=inverse, ridge=ridge)


def _search(state: _State, above: int, below: int, max_dropped: int | None) -> DropK:
    """Take comparisons by influence until the difference is gone, then confirm by refits."""
    rows, ids = state.rows, state.rows.ids
    influence = difference_influence(rows, state.rewards, state.inverse, above, below)
    gap = float(state.rewards[above] - state.rewards[below])
    order = np.argsort(influence, kind="stable")
    order = order[influence[order] < 0.0]
    available = np.floor(rows.count[order] + 1e-9).astype(np.int64)
    ends = np.cumsum(available)
    most = int(ends[-1]) if len(ends) else 0
    if max_dropped is not None:
        most = min(most, check_integer("max_dropped", max_dropped, low=1))
    predicted = _predicted(gap, -influence[order], available)

    def left_out(k: int) -> IntArray:
        """Return how many comparisons of each row go when the first k go."""
        before = ends - available
        gone = np.zeros(len(rows), dtype=np.int64)
        gone[order] = np.clip(k - before, 0, available)
        return gone

    # a refit is exact only to its tolerance: "1 : 1 is level" may not hang on the last digit
    level = max(LEVEL, LEVEL_SHARE * float(-influence[order[0]])) if len(order) else LEVEL

    def swaps(k: int) -> bool:
        return _difference_without(state, left_out(k), above, below) <= level

    confirmed = 0 if gap <= LEVEL else _smallest(swaps, predicted, most)
    dropped: tuple[tuple[str, str, float, int], ...] = ()
    if confirmed:
        gone = left_out(confirmed)
        dropped = tuple(
            (str(ids[rows.left[t]]), str(ids[rows.right[t]]), float(rows.outcome[t]), int(gone[t]))
            for t in order[gone[order] > 0]
        )
    return DropK(
        above=str(ids[above]),
        below=str(ids[below]),
        gap=gap,
        predicted=predicted,
        confirmed=confirmed,
        share=None if confirmed is None else confirmed / float(rows.count.sum()),
        dropped=dropped,
    )


def _predicted(gap: float, push: FloatArray, available: IntArray) -> int | None:
    """Return how many comparisons, the strongest first, push the difference to 0."""
    if gap <= LEVEL:
        return 0
    total = np.cumsum(push * available)
    k = int(np.searchsorted(total, gap))
    if k == len(total):
        return None
    rest = gap - (float(total[k - 1]) if k else 0.0)
    return int(available[:k].sum()) + int(np.ceil(rest / push[k] - 1e-12))


def _smallest(swaps: Callable[[int], bool], predicted: int | None, most: int) -> int | None:
    """Return the smallest k in 1 .. most found to swap, by doubling from the prediction and halving."""
    if most < 1:
        return None
    high = min(predicted or most, most)
    low = 0
    while not swaps(high):
        if high == most:
            return None
        low, high = high, min(2 * high, most)
    step = 1
    while high - step > low:  # the prediction is usually right: look just below it first
        if not swaps(high - step):
            low = high - step
            break
        high, step = high - step, 2 * step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if swaps(middle) else (middle, high)
    return high


def _difference_without(state: _State, gone: IntArray, above: int, below: int) -> float:
    """Return ``r_above - r_below`` of a refit without some comparisons; infinite where none exists."""
    rows, m = state.rows, state.rows.n_alternatives
    count = rows.count - gone
    kept = np.flatnonzero(count > 0.0)
    if not len(kept):
        return np.inf
    total = float(count[kept].sum())
    # the same ridge in units of one comparison, although fewer of them share the total weight
    strength = state.ridge * m * total_comparison_weight(np.full(m, 1.0 / m)) / total
    left = Comparisons.from_arrays(
        rows.left[kept], rows.right[kept], rows.outcome[kept], count[kept], ids=rows.ids
    )
    try:
        fitted = BradleyTerry(regularization=strength).fit(left, start=state.rewards)
    except NoMaximumLikelihoodError:
        return np.inf
    return float(fitted.rewards_[above] - fitted.rewards_[below])
