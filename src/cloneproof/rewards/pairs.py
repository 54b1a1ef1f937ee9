"""Rows summed into a sparse list of unordered pairs by counting sort."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cloneproof._core.typing import FloatArray, IndexArray, IntArray

__all__ = ["TABLE_UP_TO", "Pairs", "collect_pairs"]

TABLE_UP_TO = 2_048
"""Alternatives up to which rows may be summed in a dense table instead of being sorted."""


Column = TypeVar("Column", IndexArray, FloatArray)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Observed unordered pairs ``left < right``, sorted, with the weight that each side won.

    Parameters
    ----------
    start : int64 ndarray of shape (n_alternatives + 1,)
        Pairs ``start[a]:start[a + 1]`` have ``left == a``.
    left, right : int32 ndarray of shape (n_pairs,)
        The two alternatives, ``left < right``.
    win, loss : float64 ndarray of shape (n_pairs,)
        Weight won by `left` and by `right`, summed over the rows of the pair.
    """

    start: IntArray
    left: IndexArray
    right: IndexArray
    win: FloatArray
    loss: FloatArray

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.right)

    @property
    def n_alternatives(self) -> int:
        """Number of alternatives, those without a pair included."""
        return len(self.start) - 1

    @property
    def weight(self) -> FloatArray:
        """Total weight of each pair, shape (n_pairs,)."""
        return self.win + self.loss

    def scaled(self, factor: FloatArray | float) -> Pairs:
        """Return the pairs with both sides' weights multiplied by `factor` (one, or one per pair)."""
        return replace(self, win=self.win * factor, loss=self.loss * factor)

    def won_and_lost(self) -> tuple[FloatArray, FloatArray]:
        """Return the weight that each alternative won and lost, both of shape (n_alternatives,)."""
        from cloneproof.rewards._kernels import sum_won_and_lost

        won, lost = np.empty(self.n_alternatives), np.empty(self.n_alternatives)
        sum_won_and_lost(self.start, self.right, self.win, self.loss, won, lost)
        return won, lost

    def degree(self, values: FloatArray) -> FloatArray:
        """Sum a value per pair over the pairs of each alternative, shape (n_alternatives,)."""
        m = self.n_alternatives
        return np.asarray(
            np.bincount(self.left, values, m) + np.bincount(self.right, values, m), dtype=np.float64
        )


def collect_pairs(
    left: IndexArray, right: IndexArray, outcome: FloatArray, weight: FloatArray, n_alternatives: int
) -> Pairs:
    """Sum comparison rows into pairs.

    Parameters
    ----------
    left, right : int32 ndarray of shape (n_rows,)
        Positions of the alternatives of each row.
    outcome : float64 ndarray of shape (n_rows,)
        Share won by `left`; may be a constant of stride 0.
    weight : float64 ndarray of shape (n_rows,)
        Weight of each row; may be a constant of stride 0.
    n_alternatives : int

    Returns
    -------
    pairs : Pairs
        Pairs of weight 0 are dropped.

    Notes
    -----
    O(n_rows + n_alternatives) time. A dense table where it is small (at most `TABLE_UP_TO`
    alternatives), else two counting sorts in 24 bytes a row.
    """
    m = n_alternatives
    if m <= TABLE_UP_TO and m * m <= max(4 * len(left), 250_000):
        return _by_table(left, right, outcome, weight, m)
    return _by_sorting(left, right, outcome, weight, m)


def _by_table(left: IndexArray, right: IndexArray, outcome: FloatArray, weight: FloatArray, m: int) -> Pairs:
    """Sum rows in a dense table of shape (m, m)."""
    from cloneproof.rewards._kernels import list_pairs, tabulate

    table = np.zeros((m, m))
    tabulate(left, right, outcome, weight, table)
    most = m * (m - 1) // 2
    start = np.empty(m + 1, dtype=np.int64)
    low, high = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
    win, loss = np.empty(most), np.empty(most)
    n_pairs = list_pairs(table, start, low, high, win, loss)
    return Pairs(
        start=start,
        left=_shrunk(low, n_pairs),
        right=_shrunk(high, n_pairs),
        win=_shrunk(win, n_pairs),
        loss=_shrunk(loss, n_pairs),
    )


def _by_sorting(
    left: IndexArray, right: IndexArray, outcome: FloatArray, weight: FloatArray, m: int
) -> Pairs:
    """Sum rows after sorting them by pair."""
    from cloneproof.rewards._kernels import sort_by_pair, sum_by_pair

    n = len(left)
    start = np.empty(m + 1, dtype=np.int64)
    high = np.empty(n, dtype=np.int32)
    row_code = np.empty(n, dtype=np.int32)
    sort_by_pair(left, right, start, high, row_code)
    low = np.empty(n, dtype=np.int32)
    win, loss = np.empty(n), np.empty(n)
    n_pairs = sum_by_pair(outcome, weight, start, high, row_code, low, win, loss)
    del row_code
    pairs = Pairs(
        start=start,
        left=_shrunk(low, n_pairs),
        right=_shrunk(high, n_pairs),
        win=_shrunk(win, n_pairs),
        loss=_shrunk(loss, n_pairs),
    )
    if weight.strides == (0,) and n and weight[0] > 0.0:
        return pairs
    empty = pairs.weight <= 0.0
    return _without(pairs, empty) if empty.any() else pairs


def _shrunk(values: Column, n: int) -> Column:
    """Return the first n values; copied where that frees at least half of the memory."""
    return values[:n].copy() if 2 * n <= len(values) else values[:n]


def _without(pairs: Pairs, empty: NDArray[np.bool_]) -> Pairs:
    """Drop the pairs marked as empty."""
    kept = ~empty
    start = np.zeros(len(pairs.start), dtype=np.int64)
    np.cumsum(np.bincount(pairs.left[kept], minlength=pairs.n_alternatives), out=start[1:])
    return Pairs(
        start=start,
        left=pairs.left[kept],
        right=pairs.right[kept],
        win=pairs.win[kept],
        loss=pairs.loss[kept],
    )
