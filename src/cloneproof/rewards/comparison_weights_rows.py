"""Which rows share a pair, and how much of a pair each row carries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.preferences import Comparisons

__all__ = ["PairRows", "group_rows", "spread_by_annotator"]


@dataclass(frozen=True, kw_only=True, eq=False)
class PairRows:
    """The observed unordered pairs, and how rows belong to them.

    Parameters
    ----------
    low, high : ndarray of shape (n_pairs,)
        The two alternatives of each observed pair, ``low < high``, sorted.
    pair : ndarray of shape (n_rows,)
        The pair of each row.
    count : ndarray of shape (n_rows,)
        How often each row counts: its `count`, or its share of one where an annotator's rows on a pair
        count once together.
    total : ndarray of shape (n_pairs,)
        Sum of `count` over the rows of each pair, ``n_ab``.
    """

    low: IntArray
    high: IntArray
    pair: IntArray
    count: FloatArray
    total: FloatArray

    @property
    def n_pairs(self) -> int:
        """Number of observed unordered pairs."""
        return len(self.low)

    def spread(self, per_pair: FloatArray) -> FloatArray:
        """Divide a quantity per pair among the rows of the pair, in proportion to their counts."""
        return np.asarray((per_pair / self.total)[self.pair] * self.count, dtype=np.float64)


def group_rows(comparisons: Comparisons, *, by: str | None = None) -> PairRows:
    """Group rows by unordered pair; with ``by="annotator"`` each annotator counts once on a pair.

    Raises
    ------
    InputError
        If there are no rows, or ``by="annotator"`` and the comparisons name no annotators.
    """
    n, m = comparisons.n_comparisons, comparisons.n_alternatives
    if n == 0:
        raise InputError("there are no comparisons to weigh: expected at least 1 row, got 0.")
    left = comparisons.left.astype(np.int64)
    right = comparisons.right.astype(np.int64)
    low, high = np.minimum(left, right), np.maximum(left, right)
    codes, pair = np.unique(low * m + high, return_inverse=True)
    count = np.asarray(comparisons.count, dtype=np.float64)
    if by == "annotator":
        count = _once_per_annotator(comparisons, pair, count)
    return PairRows(
        low=codes // m,
        high=codes % m,
        pair=pair,
        count=count,
        total=np.asarray(np.bincount(pair, weights=count, minlength=len(codes)), dtype=np.float64),
    )


def _once_per_annotator(comparisons: Comparisons, pair: IntArray, count: FloatArray) -> FloatArray:
    """Scale the counts so that each annotator's rows on a pair sum to one."""
    unit = _annotator_units(comparisons, pair)
    return np.asarray(count / np.bincount(unit, weights=count)[unit], dtype=np.float64)


def spread_by_annotator(comparisons: Comparisons, pair: IntArray, per_row: FloatArray) -> FloatArray:
    """Divide the total of each pair equally among its annotators, then by their rows' counts.

    Parameters
    ----------
    pair : ndarray of shape (n_rows,)
        The pair of each row; copies of a pair may have one number.
    per_row : ndarray of shape (n_rows,)
        Weights whose sum over each pair is kept.
    """
    unit = _annotator_units(comparisons, pair)
    n_units = int(unit.max()) + 1
    pair_of_unit = np.zeros(n_units, dtype=np.int64)
    pair_of_unit[unit] = pair
    share = np.bincount(pair, weights=per_row) / np.maximum(np.bincount(pair_of_unit), 1)
    count = np.asarray(comparisons.count, dtype=np.float64)
    within = count / np.bincount(unit, weights=count)[unit]
    return np.asarray(share[pair] * within, dtype=np.float64)


def _annotator_units(comparisons: Comparisons, pair: IntArray) -> IntArray:
    """Return one number for each (pair, annotator) that occurs."""
    if comparisons.annotator is None:
        raise InputError(
            'by="annotator" needs to know who judged each row, but these comparisons name no annotators. '
            "Give them as `annotator`, or leave `by` out."
        )
    code: dict[object, int] = {}
    names = comparisons.annotator.tolist()
    who = np.fromiter((code.setdefault(name, len(code)) for name in names), np.int64, len(names))
    return np.asarray(np.unique(pair * len(code) + who, return_inverse=True)[1], dtype=np.int64)
