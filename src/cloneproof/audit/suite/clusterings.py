"""Family weights over clusters that other algorithms find."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.cluster import HDBSCAN

from cloneproof._core.typing import IntArray
from cloneproof._core.validation import check_integer, check_number
from cloneproof.weights import FamilyWeights, Weighting

__all__ = ["BallCoverWeights", "HDBSCANWeights", "cover_by_balls"]


def cover_by_balls(X: NDArray[np.floating], radius: float) -> IntArray:
    """Cover points by balls: each joins the nearest centre within `radius`, or becomes a centre.

    Points are visited by the lengths of their vectors and coordinates, not in the order of the rows.

    Returns
    -------
    labels : int64 ndarray of shape (n_points,)
    """
    points = np.asarray(X, dtype=np.float64)
    centres = np.empty_like(points)
    labels = np.empty(len(points), dtype=np.int64)
    n = 0
    for i in np.lexsort(points.T[::-1]).tolist():
        if n:
            distance = np.linalg.norm(centres[:n] - points[i], axis=1)
            nearest = int(np.argmin(distance))
            if distance[nearest] <= radius:
                labels[i] = nearest
                continue
        centres[n], labels[i] = points[i], n
        n += 1
    return labels


class BallCoverWeights(Weighting):
    """Equal weight for every ball of a greedy cover, split equally inside.

    Parameters
    ----------
    radius : float
        Of the balls.
    """

    def __init__(self, *, radius: float = 0.3) -> None:
        self.radius = radius

    def fit(self, X: ArrayLike, y: object = None) -> BallCoverWeights:  # noqa: ARG002
        """Compute ``weights_`` of the rows of `X`; O(m balls d)."""
        radius = check_number("radius", self.radius, low=0.0)
        table = self._validate(X)
        self.families_ = cover_by_balls(table, radius)
        self.weights_ = FamilyWeights().fit(table, families=self.families_).weights_
        return self


class HDBSCANWeights(Weighting):
    """Equal weight for every cluster that HDBSCAN finds, split equally; noise points are alone.

    Parameters
    ----------
    min_cluster_size : int
    """

    def __init__(self, *, min_cluster_size: int = 2) -> None:
        self.min_cluster_size = min_cluster_size

    def fit(self, X: ArrayLike, y: object = None) -> HDBSCANWeights:  # noqa: ARG002
        """Compute ``weights_`` of the rows of `X`; O(m^2 d)."""
        size = check_integer("min_cluster_size", self.min_cluster_size, low=2)
        table = self._validate(X)
        if len(table) <= size:
            labels = np.zeros(len(table), dtype=np.int64)
        else:
            found = HDBSCAN(min_cluster_size=size, algorithm="brute", copy=True).fit(table).labels_
            labels = np.asarray(found, dtype=np.int64)
        alone = np.flatnonzero(labels < 0)
        labels[alone] = labels.max(initial=-1) + 1 + np.arange(len(alone))
        self.families_ = labels
        self.weights_ = FamilyWeights().fit(table, families=labels).weights_
        return self
