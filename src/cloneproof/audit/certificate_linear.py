"""The certificate of exact copies where the reward is a linear function of the embedding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike

from cloneproof._core.typing import FloatArray
from cloneproof.preferences import Comparisons
from cloneproof.rewards import LinearReward
from cloneproof.weights import group_duplicates

__all__ = ["LinearBound", "bound_exact_copies"]

NULL_BELOW = 1e-10
"""Directions whose ridge is below this share of the largest are held by nothing but the comparisons."""


@dataclass(frozen=True, kw_only=True)
class LinearBound:
    """A bound on the move of centred rewards, with its two terms.

    `bound` is None where a direction of the embedding is held by no ridge, or where two copies of one point
    are compared with each other. `ridge_term` comes from the total weight of the comparisons against
    the ridge, `duplicates_term` from copies in the data that were judged differently.
    """

    bound: float | None
    ridge_term: float
    duplicates_term: float


def bound_exact_copies(
    comparisons: Comparisons, embeddings: ArrayLike, comparison_weight: ArrayLike, model: LinearReward
) -> LinearBound:
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
    bound : LinearBound

    Notes
    -----
    With ``H`` the Hessian of the ridge, ``lambda S + mu c I`` (S the weighted covariance, which copies
    conserve), the objective is ``T sum omega_e L_e(theta) + theta' H theta / 2``, ``T = (1 - sum w^2) / 2``.
    Copies split weights, so that ``T' / T`` lies between 1 and ``1 / (1 - sum w^2)``; nothing else changes, except
    that among pairs which are one point the weight may move to those judged either way. The old
    theta then has the gradient

    .. math:: (T'/T - 1) (-H theta) + T' sum_g sum_{e in g} u_e (s(theta . d_g) - q_e) d_g

    g the pairs of points, d their difference, and the new objective is strongly convex in the norm of H:
    ``|theta' - theta|_H`` is at most ``sum w^2 / (1 - sum w^2) |theta|_H + sum_g omega_g range_g(q) |d_g|_{1/H} / 2``.
    A reward centred over the alternatives moves by at most that times ``|x - mean x|_{1/H}``.

    This is the case eps = 0 of the theorem in ``docs/theory_comparison_weights.md``, with the scale of the
    weights (there under "how to read it") accounted for. Cost: O(n_alternatives d^2 + d^3).
    """
    points = np.asarray(embeddings, dtype=np.float64)
    rows = np.asarray(comparison_weight, dtype=np.float64)
    rows = rows / rows.sum()
    w = model.alternative_weight_
    centred = points - model.center_
    covariance = (centred.T * w) @ centred
    trace = float(np.trace(covariance))
    unit = float(np.square(covariance).sum()) / trace if trace > 0.0 else 1.0
    ridge = float(model.regularization) * covariance
    ridge[np.diag_indices(len(ridge))] += model.shrinkage_ * unit
    values, vectors = scipy.linalg.eigh(ridge)
    held = values > NULL_BELOW * values[-1] if values[-1] > 0.0 else np.zeros(len(values), dtype=bool)

    offset = points - points.mean(axis=0)
    loose = np.abs(offset @ vectors[:, ~held]).max(initial=0.0)
    labels = group_duplicates(points).inverse
    left, right = labels[comparisons.left], labels[comparisons.right]
    if loose > 1e-6 * np.abs(offset).max(initial=1e-300) or (rows[left == right] > 0.0).any():
        return LinearBound(bound=None, ridge_term=float("inf"), duplicates_term=float("inf"))

    root = vectors[:, held] / np.sqrt(values[held])  # x -> coordinates of length |x|_{1/H}
    theta = model.coef_
    square = float(w @ w)
    ridge_term = square / (1.0 - square) * float(np.sqrt(theta @ ridge @ theta))
    duplicates_term = 0.5 * _within_points(comparisons, rows, left, right, points, root)
    lever = float(np.linalg.norm(offset @ root, axis=1).max(initial=0.0))
    return LinearBound(
        bound=lever * (ridge_term + duplicates_term),
        ridge_term=lever * ridge_term,
        duplicates_term=lever * duplicates_term,
    )


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
