"""Find exact duplicates: rows that are the same point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloneproof._core.typing import FloatArray, IntArray

__all__ = ["Duplicates", "group_duplicates"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Duplicates:
    """The distinct points of a table and which rows hold them.

    Attributes
    ----------
    first : ndarray of shape (n_points,)
        The row in which each distinct point appears first, increasing.
    inverse : ndarray of shape (n_rows,)
        The position of each row's point in `first`.
    counts : ndarray of shape (n_points,)
        How many rows hold each point.
    """

    first: IntArray
    inverse: IntArray
    counts: IntArray

    @property
    def n_points(self) -> int:
        """Number of distinct points."""
        return int(self.first.size)

    def share(self, per_point: FloatArray) -> FloatArray:
        """Split a quantity per distinct point equally among the rows that hold the point."""
        return np.asarray((per_point / self.counts)[self.inverse], dtype=np.float64)


def group_duplicates(X: NDArray[np.floating[Any]]) -> Duplicates:
    """Group the rows that hold exactly the same numbers (0.0 and -0.0 are the same).

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_dims)
        float32 or float64, finite.

    Returns
    -------
    duplicates : Duplicates
        Distinct points in order of first appearance.

    Notes
    -----
    O(n_rows n_dims): rows are hashed to 64 bits, sorted by hash, and every row of equal hash is compared
    with the first of its run; runs in which two different points share a hash are sorted out by their bytes.
    """
    X = np.ascontiguousarray(X)
    n_rows = X.shape[0]
    hashes = _hash_rows(X)
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    leader = np.empty(n_rows, dtype=np.int64)  # the first row with the same hash
    leader[order] = np.repeat(order[starts], np.diff(np.r_[starts, n_rows]))
    followers = np.flatnonzero(leader != np.arange(n_rows))
    same = np.ones(followers.size, dtype=bool)
    for begin in range(0, followers.size, 4096):
        rows = followers[begin : begin + 4096]
        same[begin : begin + 4096] = (X[rows] == X[leader[rows]]).all(axis=1)
    if not same.all():
        for mixed in np.unique(leader[followers[~same]]):
            rows = np.flatnonzero(leader == mixed)
            _, first, inverse = np.unique(X[rows] + 0.0, axis=0, return_index=True, return_inverse=True)
            leader[rows] = rows[first[inverse.ravel()]]
    is_first = leader == np.arange(n_rows)
    first_rows = np.flatnonzero(is_first)
    position = np.cumsum(is_first) - 1
    inverse = position[leader]
    return Duplicates(
        first=first_rows, inverse=inverse, counts=np.bincount(inverse, minlength=first_rows.size)
    )


def _hash_rows(X: NDArray[np.floating[Any]]) -> NDArray[np.uint64]:
    """Return one 64-bit number per row, equal for equal rows."""
    words = np.dtype(np.uint32 if X.dtype == np.float32 else np.uint64)
    factors = np.random.default_rng(20250109).integers(
        1, 2**64, size=X.shape[1], dtype=np.uint64
    ) | np.uint64(1)
    hashes = np.empty(X.shape[0], dtype=np.uint64)
    block = max(1, 2**20 // max(1, X.shape[1]))
    for begin in range(0, X.shape[0], block):
        bits = (X[begin : begin + block] + X.dtype.type(0)).view(words).astype(np.uint64)  # -0.0 + 0 is 0.0
        bits ^= bits >> np.uint64(29)
        bits *= np.uint64(0xBF58476D1CE4E5B9)
        bits ^= bits >> np.uint64(32)
        hashes[begin : begin + block] = (bits * factors).sum(axis=1, dtype=np.uint64)
    return hashes
