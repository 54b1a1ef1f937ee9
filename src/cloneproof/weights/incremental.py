"""Best and second-best point of every sample, kept up to date as points come and go."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloneproof._core.errors import InputError
from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray, IndexArray, IntArray
from cloneproof.weights.nearest import NearestMethod, Points, make_index
from cloneproof.weights.voronoi_samples import SampleSource

__all__ = ["NearestState", "as_positions"]


class NearestState:
    """For each sample of a source the two nearest points, as a search from scratch would find them.

    Adding k points to m costs O(n_samples k d), not O(n_samples m d). Removing points costs
    O(n_samples) plus a new search for the samples whose two nearest are both gone.

    Parameters
    ----------
    source : SampleSource
        Samples that can be drawn again.
    method, n_jobs
        As in `find_nearest`.

    Attributes
    ----------
    indices : ndarray of shape (n_samples, 2), int32
        Positions of the two nearest; the second is -1 where it is unknown or there is none. Once a removal
        has changed the order of the points (the first of several copies went), of several points at the
        distance of the second any may stand there, and it is searched again before it becomes the nearest.
    distances : ndarray of shape (n_samples, 2)
        Their squared distances; inf where the position is -1.
    """

    def __init__(self, source: SampleSource, *, method: NearestMethod, n_jobs: int | None) -> None:
        self.source, self.method, self.n_jobs = source, method, n_jobs
        self.indices: IndexArray = np.full((source.n_samples, 2), -1, dtype=np.int32)
        self.distances: FloatArray = np.full((source.n_samples, 2), np.inf)
        self.order_kept = True

    def build(self, points: Points) -> None:
        """Search from scratch."""
        index = make_index(points, method=self.method, n_jobs=self.n_jobs)
        begin = 0
        with track("Voronoi weights: nearest alternatives", total=self.source.n_samples) as advance:
            for samples in self.source.blocks():
                rows = slice(begin, begin + len(samples))
                self.indices[rows], self.distances[rows] = index.query(samples)
                begin += len(samples)
                advance(len(samples))

    def add(self, points: Points, n_before: int) -> None:
        """Take in points at the positions from `n_before` on."""
        if points.shape[0] == 0:
            return
        index = make_index(points, method=self.method, n_jobs=self.n_jobs)
        begin = 0
        with track("Voronoi weights: new alternatives", total=self.source.n_samples) as advance:
            for samples in self.source.blocks():
                rows = slice(begin, begin + len(samples))
                new_indices, new_distances = index.query(samples)
                new_indices[new_indices >= 0] += n_before
                self._merge(rows, new_indices, new_distances)
                begin += len(samples)
                advance(len(samples))

    def _merge(self, rows: slice, new_indices: IndexArray, new_distances: FloatArray) -> None:
        """Fold two new candidates into each row's two nearest; at equal distance the old one comes first."""
        indices, distances = self.indices[rows], self.distances[rows]
        unknown = indices[:, 1] < 0  # a second that was lost: only what beats the best is certain
        new_distances = np.where(
            unknown[:, None] & (new_distances >= distances[:, :1]), np.inf, new_distances
        )
        new_indices = np.where(np.isinf(new_distances), -1, new_indices)
        all_indices = np.hstack([indices, new_indices])
        all_distances = np.hstack([distances, new_distances])
        order = np.argsort(all_distances, axis=1, kind="stable")[:, :2]
        self.indices[rows] = np.take_along_axis(all_indices, order, axis=1)
        self.distances[rows] = np.take_along_axis(all_distances, order, axis=1)

    def remove(self, positions: IntArray, points: Points) -> None:
        """Forget points.

        Parameters
        ----------
        positions : ndarray of shape (n_points_before,)
            The new position of each old point, -1 where it is removed.
        points : ndarray of shape (n_points, n_dims)
            The points that stay, in their new order.
        """
        staying = positions[positions >= 0]
        in_order = bool((np.diff(staying) > 0).all())
        moved = np.where(self.indices >= 0, positions[self.indices], -1)
        ambiguous = np.zeros(len(moved), dtype=bool)
        if not in_order:  # who comes first at equal distances may have changed
            ambiguous = (self.distances[:, 0] == self.distances[:, 1]) | (self.indices[:, 1] < 0)
        lost = moved[:, 0] < 0
        promoted = lost & (moved[:, 1] >= 0)
        self.order_kept = self.order_kept and in_order
        if not self.order_kept:
            ambiguous |= lost
        moved[promoted, 0] = moved[promoted, 1]
        self.distances[promoted, 0] = self.distances[promoted, 1]
        moved[promoted, 1] = -1
        self.indices = moved.astype(np.int32)
        self.distances[self.indices < 0] = np.inf
        self._search_again(ambiguous | (self.indices[:, 0] < 0), points)

    def _search_again(self, needed: NDArray[np.bool_], points: Points) -> None:
        """Search from scratch for some samples."""
        if not needed.any():
            return
        index = make_index(points, method=self.method, n_jobs=self.n_jobs)
        begin = 0
        with track("Voronoi weights: samples whose nearest are gone", total=int(needed.sum())) as advance:
            for samples in self.source.blocks():
                rows = begin + np.flatnonzero(needed[begin : begin + len(samples)])
                if rows.size:
                    self.indices[rows], self.distances[rows] = index.query(samples[rows - begin])
                    advance(int(rows.size))
                begin += len(samples)


def as_positions(indices: ArrayLike, n: int) -> IntArray:
    """Return positions to remove, checked."""
    positions = np.atleast_1d(np.asarray(indices))
    if positions.size == 0:
        return np.empty(0, dtype=np.int64)
    if positions.ndim != 1 or not np.issubdtype(positions.dtype, np.integer):
        raise InputError(
            f"indices must be whole numbers of shape (n_removed,). Got {positions.dtype} of shape "
            f"{positions.shape}."
        )
    bad = (positions < 0) | (positions >= n)
    if bad.any():
        first = int(np.argmax(bad))
        raise InputError(
            f"indices must lie in 0..{n - 1}; {int(bad.sum())} of {positions.size} do not, "
            f"first: {positions[first]} (position {first})."
        )
    if np.unique(positions).size != positions.size:
        raise InputError("indices must name each alternative once. Got some twice.")
    if positions.size == n:
        raise InputError(f"indices must leave at least one alternative. Got all {n}.")
    return positions.astype(np.int64)
