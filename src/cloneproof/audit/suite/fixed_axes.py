"""Weights in a few dimensions whose axes clones cannot turn: those of a trusted sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from cloneproof._core.errors import InputError
from cloneproof._core.validation import check_integer
from cloneproof.weights import Weighting

__all__ = ["FixedAxesWeights"]


class FixedAxesWeights(Weighting):
    """Weigh alternatives after projecting them on the principal axes of a sample that holds no clones.

    Principal axes of the data itself turn towards what is cloned, and every cell changes with them.

    Parameters
    ----------
    weighting : estimator with ``fit(X)`` and ``weights_``
    sample : array-like of shape (n_points, n_dims)
        Trusted texts; at least `n_components` of them.
    n_components : int, default=4
    """

    def __init__(self, weighting: Any = None, sample: Any = None, *, n_components: int = 4) -> None:
        self.weighting = weighting
        self.sample = sample
        self.n_components = n_components

    def fit(self, X: ArrayLike, y: object = None) -> FixedAxesWeights:  # noqa: ARG002
        """Compute ``weights_`` of the rows of `X`."""
        table = self._validate(X)
        sample = np.asarray(self.sample, dtype=np.float64)
        if sample.ndim != 2 or sample.shape[1] != table.shape[1]:
            raise InputError(f"sample must be a table of {table.shape[1]} columns. Got shape {sample.shape}.")
        n = check_integer("n_components", self.n_components, low=1, high=min(sample.shape))
        centre = sample.mean(axis=0)
        axes = np.linalg.svd(sample - centre, full_matrices=False)[2][:n]
        fitted = clone(self.weighting).fit((table - centre) @ axes.T)
        self.weights_ = np.asarray(fitted.weights_, dtype=np.float64)
        return self
