"""Steps that stay on the simplex and lower v'Kv + 2 b'v."""

from __future__ import annotations

from typing import cast

import numpy as np

from cloneproof._core.typing import FloatArray
from cloneproof.weights.simplex_qp_face import Kernel, multiply

__all__ = ["gradient_step", "project_to_simplex", "subspace_step"]


def project_to_simplex(point: FloatArray) -> FloatArray:
    """Return the nearest point of the simplex (sort and threshold), scaled to sum to 1 exactly."""
    descending = np.sort(point)[::-1]
    excess = np.cumsum(descending) - 1.0
    last = int(np.flatnonzero(descending * np.arange(1, len(point) + 1) > excess)[-1])
    projected = np.maximum(point - excess[last] / (last + 1), 0.0)
    return cast("FloatArray", projected / projected.sum())


def gradient_step(
    matrix: Kernel, ridge: FloatArray, v: FloatArray, g: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Move along the projected gradient path as far as the objective falls.

    The trial length is the exact minimiser along the gradient on the present face; the move to the
    projected point is then cut by exact line search, so the objective never rises.

    Parameters
    ----------
    v, g : ndarray of shape (m,)
        The point and half the gradient there, ``(K + ridge) v + b``.

    Returns
    -------
    v, g : ndarray of shape (m,)
        The same at the new point.
    """
    free = (v > 0) | (g < float(v @ g))
    steepest = np.where(free, g[free].mean() - g, 0.0)
    slope = float(steepest @ steepest)
    if slope <= 0:
        return v, g
    curvature = float(steepest @ (multiply(matrix, steepest) + ridge * steepest))
    length = slope / curvature if curvature > 0 else 1.0 / max(float(np.abs(steepest).max()), 1e-300)
    move = project_to_simplex(v - length * np.where(free, g - g[free].mean(), np.inf)) - v
    return _search(matrix, ridge, v, g, move)


def subspace_step(
    matrix: Kernel, ridge: FloatArray, v: FloatArray, g: FloatArray, direction: FloatArray
) -> FloatArray:
    """Move along `direction`, bent at the boundary where that still lowers the objective.

    Tries the projection of the whole step first (many weights reach zero at once), and takes the
    feasible part of the straight step where the bent one gains less.
    """
    bent, _ = _search(matrix, ridge, v, g, project_to_simplex(v + direction) - v)
    if (v + direction >= 0).all():
        return bent
    falling = direction < 0
    longest = float(np.min(v[falling] / -direction[falling])) if falling.any() else 1.0
    straight, _ = _search(matrix, ridge, v, g, min(longest, 1.0) * direction)
    bent_gain = _gain(matrix, ridge, v, g, bent)
    return bent if bent_gain >= _gain(matrix, ridge, v, g, straight) else straight


def _gain(matrix: Kernel, ridge: FloatArray, v: FloatArray, g: FloatArray, to: FloatArray) -> float:
    """Return how far the objective falls from `v` to `to`."""
    move = to - v
    return -2.0 * float(move @ g) - float(move @ (multiply(matrix, move) + ridge * move))


def _search(
    matrix: Kernel, ridge: FloatArray, v: FloatArray, g: FloatArray, move: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Take the best share of `move` in [0, 1]; return the point and its half gradient."""
    slope = float(move @ g)
    if slope >= 0:
        return v, g
    product = multiply(matrix, move) + ridge * move
    curvature = float(move @ product)
    share = 1.0 if curvature <= -slope else -slope / curvature
    new = v + share * move
    np.maximum(new, 0.0, out=new)
    return new / new.sum(), g + share * product
