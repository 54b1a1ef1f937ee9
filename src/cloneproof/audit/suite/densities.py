"""Weights by density: rivals that look clone-robust and are not."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from sklearn.neighbors import NearestNeighbors

from cloneproof._core.errors import InputError
from cloneproof._core.validation import check_integer, check_number
from cloneproof.weights import Weighting, gaussian_kernel

__all__ = ["InverseDensityWeights", "NeighbourDensityWeights"]

_DENSE_UP_TO = 8_000


class InverseDensityWeights(Weighting):
    """Weigh each alternative by ``1 / sum_j exp(-|x_i - x_j|^2 / (2 h^2))``.

    Exact copies share a constant total, but alternatives near to a cloned one lose weight with every
    clone although nothing about them changed.

    Parameters
    ----------
    scale : float
        h. A bandwidth from the data itself would collapse to 0 once there are copies.
    """

    def __init__(self, *, scale: float = 0.3) -> None:
        self.scale = scale

    def fit(self, X: ArrayLike, y: object = None) -> InverseDensityWeights:  # noqa: ARG002
        """Compute ``weights_`` of the rows of `X`; O(m^2 d)."""
        h = check_number("scale", self.scale, low=0.0, low_open=True)
        table = self._validate(X)
        if len(table) > _DENSE_UP_TO:
            raise InputError(
                f"InverseDensityWeights takes at most {_DENSE_UP_TO:,} alternatives. Got {len(table):,}."
            )
        K = gaussian_kernel(table, scale=h)
        density = np.asarray(K.sum(axis=1), dtype=np.float64).ravel()
        self.weights_ = (1.0 / density) / (1.0 / density).sum()
        return self


class NeighbourDensityWeights(Weighting):
    """Weigh each alternative by the distance to its k-th nearest neighbour (it is its own first).

    More than k copies of a text have no distance left: the whole family's weight goes to the floor.

    Parameters
    ----------
    n_neighbors : int
        k.
    floor : float
        Smallest distance, as a share of the largest one, so that no weight is 0.
    """

    def __init__(self, *, n_neighbors: int = 5, floor: float = 1e-3) -> None:
        self.n_neighbors = n_neighbors
        self.floor = floor

    def fit(self, X: ArrayLike, y: object = None) -> NeighbourDensityWeights:  # noqa: ARG002
        """Compute ``weights_`` of the rows of `X`; O(m^2 d)."""
        k = check_integer("n_neighbors", self.n_neighbors, low=1)
        floor = check_number("floor", self.floor, low=0.0, high=1.0, low_open=True)
        table = self._validate(X)
        reach = NearestNeighbors(n_neighbors=min(k + 1, len(table))).fit(table).kneighbors(table)[0][:, -1]
        top = float(reach.max())
        distance = np.ones(len(table)) if top == 0.0 else np.maximum(reach / top, floor)
        self.weights_ = np.asarray(distance / distance.sum(), dtype=np.float64)
        return self
