"""Sandwich covariance of coefficients, with comparisons or clusters of rows as the independent units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.linalg

from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.rewards.objective import logistic
from cloneproof.rewards.uncertainty_scores import pair_scores, row_scores
from cloneproof.rewards.weighting import WeightedDesign

__all__ = ["sandwich_root"]


def sandwich_root(
    design: WeightedDesign,
    rewards: FloatArray,
    features: FloatArray,
    hessian: FloatArray,
    clusters: IntArray | None,
) -> FloatArray:
    """Return L with ``L L'`` the covariance of the coefficients, ``H^-1 (sum_u g_u g_u') H^-1``.

    ``g_u = Z' s_u`` is the gradient of the independent unit u, from the same scores `s_u` of rewards as
    in :class:`BradleyTerry`.

    Parameters
    ----------
    features : ndarray of shape (n_alternatives, n_directions)
        Z.
    hessian : ndarray of shape (n_directions, n_directions)
        Of the whole objective, ridge and penalty included.

    Returns
    -------
    root : ndarray of shape (n_directions, n_directions)

    Notes
    -----
    O(n_units n_directions^2); without clusters the units are the distinct pairs.
    """
    # alternatives of weight 0 are predicted like any other here, not by the limit of their own equation
    design = replace(design, in_limit=np.zeros_like(design.in_limit), limit_pairs=None)
    if clusters is None:
        scores = pair_scores(design, rewards)
    else:
        c = design.comparisons
        scores = row_scores(design, logistic(rewards[c.left] - rewards[c.right]) - c.outcome, clusters)
    gradients = scores.matrix @ features
    meat = (gradients.T @ gradients) * scores.inflation
    if not len(meat):
        return np.zeros((0, 0))
    values, vectors = scipy.linalg.eigh(meat)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.asarray(scipy.linalg.solve(hessian, root, assume_a="pos"), dtype=np.float64)
