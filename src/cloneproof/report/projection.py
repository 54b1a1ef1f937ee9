"""Two directions to draw high-dimensional alternatives in, which copies cannot pull to themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.extmath import randomized_svd

from cloneproof._core.typing import FloatArray

__all__ = ["project"]


def project(embeddings: ArrayLike, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Project alternatives on the first two principal components of the weighted cloud.

    Each alternative counts by its weight, for the mean and for the directions: near-copies, whose
    weights are small, do not turn the axes.

    Parameters
    ----------
    embeddings : array-like of shape (n_alternatives, n_dims)
    weights : ndarray of shape (n_alternatives,)
        Non-negative; any sum. All zero: every alternative counts alike.

    Returns
    -------
    places : ndarray of shape (n_alternatives, 2)
        Missing components, and values that are not finite, are 0.
    explained : ndarray of shape (2,)
        Each component's share of the weighted variance.

    Notes
    -----
    Randomised singular values, O(n_alternatives * n_dims); repeatable.
    """
    points = np.nan_to_num(np.array(embeddings, dtype=np.float64), posinf=0.0, neginf=0.0)
    m, d = points.shape
    total = float(np.sum(weights))
    share = np.full(m, 1.0 / m) if total <= 0 else np.asarray(weights, dtype=np.float64) / total
    points -= share @ points
    spread = points * np.sqrt(share)[:, None]
    variance = float(np.sum(spread**2))
    places, explained = np.zeros((m, 2)), np.zeros(2)
    k = min(2, m, d)
    if k == 0 or variance <= 0:
        return places, explained
    svd: Any = randomized_svd(spread, n_components=k, random_state=0)
    _, values, directions = svd
    places[:, :k] = points @ directions.T
    explained[:k] = values**2 / variance
    return places, explained
