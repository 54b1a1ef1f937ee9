"""Sandwich covariance of coefficients, with rows or clusters of rows as the independent units."""

from __future__ import annotations

import numpy as np
import scipy.linalg
import scipy.sparse as sp

from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.preferences import Comparisons
from cloneproof.rewards.objective import pair_slope

__all__ = ["sandwich_root"]


def sandwich_root(
    comparisons: Comparisons,
    comparison_weight: FloatArray,
    rewards: FloatArray,
    features: FloatArray,
    hessian: FloatArray,
    clusters: IntArray | None,
) -> FloatArray:
    """Return L with ``L L'`` the covariance of the coefficients, ``H^-1 (sum_u g_u g_u') H^-1``.

    ``g_u`` is the gradient of the independent unit u: a cluster of rows, or one comparison. A row of
    count c stands for c comparisons of which `outcome` is the mean; its score is taken apart into the
    ``c y`` that were won and the ``c (1 - y)`` that were lost.

    Parameters
    ----------
    comparison_weight : ndarray of shape (n_comparisons,)
        On the scale of the objective.
    features : ndarray of shape (n_alternatives, n_directions)
    hessian : ndarray of shape (n_directions, n_directions)
        Of the whole objective, ridge and penalty included.

    Returns
    -------
    root : ndarray of shape (n_directions, n_directions)

    Notes
    -----
    O(n_rows + n_alternatives n_directions^2), with clusters O(n_clusters n_directions^2) more.
    """
    left, right, y = comparisons.left, comparisons.right, comparisons.outcome
    m = len(rewards)
    d = rewards[left] - rewards[right]
    if clusters is None:
        won = pair_slope(d, comparison_weight, np.zeros_like(d))
        lost = pair_slope(d, np.zeros_like(d), comparison_weight)
        alone = (y * won + (1.0 - y) * lost) ** 2
        apart = (y * won**2 + (1.0 - y) * lost**2) / comparisons.count
        square = np.where(comparisons.count > 1.0, apart, alone)
        here = np.arange(m)
        rows = np.concatenate([left, right, here])
        columns = np.concatenate([right, left, here])
        diagonal = np.bincount(left, square, m) + np.bincount(right, square, m)
        laplacian = sp.coo_array(
            (np.concatenate([-square, -square, diagonal]), (rows, columns)), shape=(m, m)
        ).tocsr()
        meat = features.T @ (laplacian @ features)
    else:
        slope = pair_slope(d, comparison_weight * y, comparison_weight * (1.0 - y))
        n_clusters = int(clusters.max()) + 1
        unit = np.concatenate([clusters, clusters])
        score = sp.coo_array(
            (np.concatenate([slope, -slope]), (unit, np.concatenate([left, right]))), shape=(n_clusters, m)
        ).tocsr()
        gradients = score @ features
        meat = gradients.T @ gradients
    values, vectors = scipy.linalg.eigh(meat) if len(meat) else (np.zeros(0), np.zeros((0, 0)))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    if not len(meat):
        return np.zeros((0, 0))
    return np.asarray(scipy.linalg.solve(hessian, root, assume_a="pos"), dtype=np.float64)
