"""The certificate of exact copies where the reward is a linear function of the embedding."""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike

from cloneproof._core.typing import FloatArray
from cloneproof.preferences import Comparisons
from cloneproof.rewards import LinearReward
from cloneproof.weights import group_duplicates

__all__ = ["bound_exact_copies"]

NULL_BELOW = 1e-10
"""Directions whose ridge is below this share of the largest are held by nothing but the comparisons."""


def bound_exact_copies(
    comparisons: Comparisons, embeddings: ArrayLike, comparison_weight: ArrayLike, model: LinearReward
) -> float | None:
    r"""Bound how far any number of exact copies of any alternatives moves the rewards of a linear fit.

    Parameters
    ----------
    comparisons : Comparisons
    embeddings : array-like of shape (n_alternatives, n_dims)
    comparison_weight : array-like of shape (n_comparisons,)
        Weights whose sum over all copies of a pair of points is conserved, such as ``diversity`` ones.
    model : LinearReward
        Fitted on these with alternative weights that exact copies conserve too (diversity, Voronoi, scale
        tree).

    Returns
    -------
    bound : float or None
        No centred reward moves by more: 0 where no two pairs of alternatives are one pair of points (or all
        such pairs were judged alike), as the objective is then the same function. None where such pairs were
        judged differently and a direction of the embedding is held by no ridge.

    Notes
    -----
    Copies conserve the weight of every point and the ratios of the weights of all pairs of different points,
    and :class:`LinearReward` scales the rows between different points to ``T = (1 - sum_g W_g^2) / 2``, W_g the weight
    of a point. Rows between copies of one point are constant. So with ``H`` the Hessian of the ridge,
    ``lambda S + mu c I`` (S the weighted covariance), the objective
    ``T sum omega_e L_e(theta) + theta' H theta / 2`` keeps all its terms, except that among pairs which are one
    pair of points the weight may move to those judged either way. The old theta then has the gradient

    .. math:: T \sum_g \sum_{e in g} u_e (s(theta . d_g) - q_e) d_g

    g the pairs of points, d their difference, and the objective is strongly convex in the norm of H:
    ``|theta' - theta|_H`` is at most ``sum_g omega_g range_g(q) |d_g|_{1/H} / 2``. A reward centred over the
    alternatives moves by at most that times ``|x - mean x|_{1/H}``.

    This is the case eps = 0 of the theorem in ``docs/theory_comparison_weights.md``. Cost:
    O(n_alternatives d^2 + d^3).
    """
    points = np.asarray(embeddings, dtype=np.float64)
    rows = np.asarray(comparison_weight, dtype=np.float64)
    labels = group_duplicates(points).inverse
    left, right = labels[comparisons.left], labels[comparisons.right]
    between = left != right
    rows = np.where(between, rows, 0.0)
    rows = rows / max(float(rows.sum()), 1e-300)
    w = model.alternative_weight_
    centred = points - model.center_
    covariance = (centred.T * w) @ centred
    trace = float(np.trace(covariance))
    unit = float(np.square(covariance).sum()) / trace if trace > 0.0 else 1.0
    ridge = float(model.regularization) * covariance
    ridge[np.diag_indices(len(ridge))] += model.shrinkage_ * unit
    values, vectors = scipy.linalg.eigh(ridge)
    held = values > NULL_BELOW * values[-1] if values[-1] > 0.0 else np.zeros(len(values), dtype=bool)
    root = vectors[:, held] / np.sqrt(values[held])  # x -> coordinates of length |x|_{1/H}
    if _within_points(comparisons, rows, left, right, points, vectors) == 0.0:
        return 0.0
    offset = points - points.mean(axis=0)
    loose = np.abs(offset @ vectors[:, ~held]).max(initial=0.0)
    if loose > 1e-6 * np.abs(offset).max(initial=1e-300):
        return None
    lever = float(np.linalg.norm(offset @ root, axis=1).max(initial=0.0))
    return lever * 0.5 * _within_points(comparisons, rows, left, right, points, root)


def _within_points(
    comparisons: Comparisons,
    rows: FloatArray,
    left: np.ndarray,
    right: np.ndarray,
    points: FloatArray,
    root: FloatArray,
) -> float:
    """Return ``sum_g omega_g range_g(q) |d_g|``, g the pairs of points that stand for several pairs."""
    m = comparisons.n_alternatives
    low, high = (
        np.minimum(comparisons.left, comparisons.right),
        np.maximum(comparisons.left, comparisons.right),
    )
    won = np.where(
        left <= right, comparisons.outcome, 1.0 - comparisons.outcome
    )  # by the point of lower number
    pairs, of_row = np.unique(low.astype(np.int64) * m + high, return_inverse=True)
    weight = np.bincount(of_row, rows, len(pairs))
    q = np.bincount(of_row, rows * won, len(pairs)) / np.where(weight > 0.0, weight, 1.0)
    q = np.where(
        weight > 0.0, q, np.bincount(of_row, won, len(pairs)) / np.bincount(of_row, minlength=len(pairs))
    )
    first = np.zeros(len(pairs), dtype=np.int64)
    first[of_row] = np.arange(len(of_row))
    _, group = np.unique(
        np.minimum(left, right)[first].astype(np.int64) * m + np.maximum(left, right)[first],
        return_inverse=True,
    )
    n = int(group.max()) + 1
    if n == len(pairs):
        return 0.0
    most, least = np.full(n, -np.inf), np.full(n, np.inf)
    np.maximum.at(most, group, q)
    np.minimum.at(least, group, q)
    mass = np.bincount(group, weight, n)
    several = np.bincount(group, minlength=n) > 1
    member = np.zeros(n, dtype=np.int64)
    member[group] = first
    difference = points[comparisons.left[member]] - points[comparisons.right[member]]
    length = np.linalg.norm(difference @ root, axis=1)
    return float((mass * (most - least) * length)[several].sum())
