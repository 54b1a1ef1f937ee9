"""Principal components of the distinct alternatives: a few dimensions, which volumes can live in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from cloneproof._core.typing import FloatArray
from cloneproof.weights.nearest import Points

__all__ = ["Projection", "principal_components"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Projection:
    """An affine map onto the directions of greatest variance.

    Attributes
    ----------
    mean : ndarray of shape (n_dims,)
    components : ndarray of shape (n_components, n_dims)
        Orthonormal rows; the largest entry of each is positive.
    explained_variance_ratio : ndarray of shape (n_components,)
        Share of the variance that each keeps; zeros where all points are the same.
    """

    mean: FloatArray
    components: FloatArray
    explained_variance_ratio: FloatArray

    def apply(self, points: Points) -> FloatArray:
        """Return the coordinates of `points`, shape (n, n_components)."""
        with threadpool_limits(limits=1, user_api="blas"):
            projected = [
                (points[begin : begin + 4096].astype(np.float64) - self.mean) @ self.components.T
                for begin in range(0, points.shape[0], 4096)
            ]
        return np.vstack(projected)


def principal_components(points: Points, n_components: int, weights: FloatArray | None = None) -> Projection:
    """Return the first principal components of `points`, shape (n_points, n_dims).

    The points are the distinct ones, so exact copies do not turn the axes. Each counts once, and then
    approximate clones can turn them; or by `weights` (n_points,) that sum to 1 and do not count clones.
    BLAS is held to one thread, so that the result does not depend on the number of threads.
    """
    mean = points.mean(axis=0, dtype=np.float64) if weights is None else _weighted_mean(points, weights)
    covariance = np.zeros((points.shape[1], points.shape[1]))
    scale = max(float(np.abs(points).max()), np.finfo(np.float64).tiny)
    with threadpool_limits(limits=1, user_api="blas"):
        for begin in range(0, points.shape[0], 4096):
            moved = (points[begin : begin + 4096].astype(np.float64) - mean) / scale
            scaled = moved if weights is None else moved * weights[begin : begin + 4096, None]
            covariance += scaled.T @ moved
        values, vectors = np.linalg.eigh(covariance)
    chosen = np.argsort(-values, kind="stable")[:n_components]
    components = vectors[:, chosen].T
    largest = np.abs(components).argmax(axis=1)
    components = components * np.sign(components[np.arange(n_components), largest])[:, None]
    total = float(np.maximum(values, 0.0).sum())
    kept = np.maximum(values[chosen], 0.0)
    return Projection(
        mean=mean,
        components=np.ascontiguousarray(components),
        explained_variance_ratio=kept / total if total > 0.0 else np.zeros(n_components),
    )


def _weighted_mean(points: Points, weights: FloatArray) -> FloatArray:
    """Return the weighted mean of the rows in float64, block by block."""
    total = np.zeros(points.shape[1])
    for begin in range(0, points.shape[0], 4096):
        rows = slice(begin, begin + 4096)
        total += np.einsum("i,ij->j", weights[rows], points[rows].astype(np.float64))
    return total
