"""Steps that stay on the simplex and lower v'Kv + 2 b'v."""

from __future__ import annotations

from typing import cast

import numpy as np

from cloneproof._core.typing import FloatArray
from cloneproof.weights.simplex_qp_face import Kernel, multiply

__all__ = ["drop_binding", "gradient_step", "project_to_simplex", "subspace_step"]

PRESSED = 0.1
"""A weight is dropped where it is below this share of the coordinate step that would take it away."""

SHORTENINGS = 6
"""Most lengths tried of one step that leaves the simplex."""


def project_to_simplex(point: FloatArray) -> FloatArray:
    """Return the nearest point of the simplex (sort and threshold), scaled to sum to 1 exactly."""
    descending = np.sort(point)[::-1]
    excess = np.cumsum(descending) - 1.0
    last = int(np.flatnonzero(descending * np.arange(1, len(point) + 1) > excess)[-1])
    level = excess[last] / (last + 1)
    if abs(excess[last]) < 1e-12:  # rounding of the sum: it must not lift zeros off the boundary
        level = 0.0
    projected = np.maximum(point - level, 0.0)
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


def drop_binding(
    matrix: Kernel, ridge: FloatArray, diagonal: FloatArray, v: FloatArray, g: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Set to zero the small weights that the gradient presses against the boundary, if the objective falls.

    A weight far smaller than the step its gradient asks for would stay in the face, and a Newton step on that
    face would be spent on making it negative.
    """
    pressure = g - float(v @ g)
    binding = (v > 0) & (v * np.maximum(diagonal + ridge, 0.0) < PRESSED * pressure)
    if not binding.any() or binding.all():
        return v, g
    move = np.where(binding, -v, v * (float(v[binding].sum()) / float(v[~binding].sum())))
    slope = float(move @ g)
    product = multiply(matrix, move) + ridge * move
    if slope >= 0 or float(move @ product) > -slope:
        return v, g
    new = np.where(binding, 0.0, v + move)
    return new / new.sum(), g + product


def subspace_step(
    matrix: Kernel, ridge: FloatArray, v: FloatArray, g: FloatArray, direction: FloatArray
) -> FloatArray:
    """Move along `direction`, bent at the boundary where that still lowers the objective.

    Tries the projection of the whole step first (many weights reach zero at once), then of shorter ones
    until the objective falls all the way: weights that shall vanish then become exactly zero. (Taking a share
    of a projected step only makes them small, and small weights cut every later step short.) Takes
    the feasible part of the straight step where that gains more.
    """
    best, gained = v, 0.0
    length = 1.0
    for _ in range(SHORTENINGS):
        bent, gain, share = _try(matrix, ridge, v, g, project_to_simplex(v + length * direction) - v)
        if gain > gained or (share == 1.0 and gain > 0.5 * gained):
            best, gained = bent, gain
        if share == 1.0 or (v + length * direction >= 0).all():
            break
        length *= 0.4
    if (v + direction >= 0).all():
        return best
    falling = direction < 0
    longest = float(np.min(v[falling] / -direction[falling])) if falling.any() else 1.0
    straight, gain, _ = _try(matrix, ridge, v, g, min(longest, 1.0) * direction)
    return straight if gain > gained else best


def _try(
    matrix: Kernel, ridge: FloatArray, v: FloatArray, g: FloatArray, move: FloatArray
) -> tuple[FloatArray, float, float]:
    """Take the best share of `move`; return the point, how far the objective falls, and the share."""
    slope = float(move @ g)
    if slope >= 0:
        return v, 0.0, 0.0
    curvature = float(move @ (multiply(matrix, move) + ridge * move))
    share = 1.0 if curvature <= -slope else -slope / curvature
    new = np.maximum(v + share * move, 0.0)
    return new / new.sum(), -share * (2.0 * slope + share * curvature), share


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
