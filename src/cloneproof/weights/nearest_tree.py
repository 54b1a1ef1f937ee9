"""The exact nearest search in a few dimensions, by a k-d tree."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from cloneproof._core.typing import FloatArray, IndexArray
from cloneproof.weights.nearest import Points

__all__ = ["TreeIndex"]

SLACK = 1e-12  # relative difference below which the tree's own distances are not trusted


class TreeIndex:
    """A k-d tree over the alternatives that breaks ties by float64 distance, then by position.

    Parameters
    ----------
    alternatives : ndarray of shape (n_alternatives, n_dims)
    n_threads : int
        Threads over the samples. The answer does not depend on the number.
    """

    def __init__(self, alternatives: Points, *, n_threads: int) -> None:
        self.alternatives = alternatives
        self.n_threads = n_threads
        largest = float(np.abs(alternatives).max(initial=0.0))
        self.exponent = int(np.frexp(largest)[1])  # a power of two: scaling by it loses nothing
        self.tree = cKDTree(np.ldexp(alternatives.astype(np.float64), -self.exponent))

    def query(self, samples: Points) -> tuple[IndexArray, FloatArray]:
        """Return positions and squared distances of the two nearest, each of shape (n_samples, 2)."""
        from cloneproof.weights import nearest_kernels as kernels

        samples = np.ascontiguousarray(samples)
        n_samples, n_alternatives = samples.shape[0], self.alternatives.shape[0]
        indices = np.full((n_samples, 2), -1, dtype=np.int32)
        distances = np.full((n_samples, 2), np.inf)
        n_asked = min(3, n_alternatives)
        moved = np.ldexp(samples.astype(np.float64), -self.exponent)
        found = np.asarray(self.tree.query(moved, k=range(1, n_asked + 1), workers=self.n_threads)[1])
        squares = np.empty(found.shape)
        names = found.astype(np.int32)
        kernels.distances_to(samples, self.alternatives, names, squares)
        order = np.lexsort((names, squares), axis=1)
        names = np.take_along_axis(names, order, axis=1)
        squares = np.take_along_axis(squares, order, axis=1)
        kept = min(2, n_alternatives)
        indices[:, :kept], distances[:, :kept] = names[:, :kept], squares[:, :kept]
        if n_alternatives > 2:
            tied = np.flatnonzero(squares[:, 2] <= squares[:, 1] * (1.0 + SLACK))
            radii = np.sqrt(squares[tied, 1]) * (1.0 + SLACK)
            for row, radius in zip(tied, np.ldexp(radii, -self.exponent), strict=True):
                around = np.array(sorted(self.tree.query_ball_point(moved[row], radius)), dtype=np.int32)
                indices[row], distances[row] = -1, np.inf
                kernels.merge_rows(
                    samples[row : row + 1],
                    self.alternatives[around],
                    around,
                    indices[row : row + 1],
                    distances[row : row + 1],
                )
        return indices, distances
