"""Interior-point steps for a dense v'Kv on the simplex: slow a round, but few rounds on any kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from cloneproof._core.typing import FloatArray

__all__ = ["interior_point"]

MAX_ROUNDS = 60
"""Rounds after which the best point so far is returned; 10 to 25 are usual."""


def interior_point(
    matrix: FloatArray, ridge: FloatArray, b: FloatArray, *, tol: float, floor: float
) -> tuple[FloatArray, int]:
    """Minimise v'(K + ridge)v + 2 b'v on the simplex by Mehrotra's predictor and corrector.

    The right method where K is nearly singular (smooth kernels in few dimensions): faces are then
    ill-determined and active-set methods wander, while each round here is one Cholesky factor of
    ``K + ridge + diag(s / v)``.

    Parameters
    ----------
    matrix : ndarray of shape (m, m)
    ridge, b : ndarray of shape (m,)
    tol, floor : float
        Stop at a gap of `tol` times the objective, or times `floor` if that is larger.

    Returns
    -------
    v : ndarray of shape (m,)
        Weights; those below a billionth of the largest, and not needed for the gap, are set to 0.
    n_rounds : int
    """
    m = len(b)
    diagonal = np.diagonal(matrix) + ridge
    v = np.full(m, 1.0 / m)
    g = matrix @ v + ridge * v + b
    spread = max(float(np.ptp(g)), 1e-3 * float(np.abs(g).max()), floor)
    level = float(g.min()) - 0.1 * spread
    s = g - level
    n_rounds = 0
    for n_rounds in range(1, MAX_ROUNDS + 1):  # noqa: B007
        gap = float(v @ s)
        if gap <= tol * max(abs(float(v @ (g + b))), floor):
            break
        factor = _factorise(matrix, diagonal, s / v)
        if factor is None:  # K is indefinite: the active-set rounds go on from here
            break
        dv, change, ds = _newton(factor, v, s, g - level, np.zeros(m))
        reach = min(_longest(v, dv), _longest(s, ds))
        predicted = float((v + reach * dv) @ (s + reach * ds))
        centring = (max(predicted, 0.0) / gap) ** 3
        dv, change, ds = _newton(factor, v, s, g - level, centring * gap / m - dv * ds)
        reach = min(1.0, 0.995 * min(_longest(v, dv), _longest(s, ds)))
        v = v + reach * dv
        v = v / v.sum()
        level += reach * change
        s = s + reach * ds
        g = matrix @ v + ridge * v + b
    small = v < 1e-9 * v.max()
    if small.any():
        v = np.where(small, 0.0, v)
        v /= v.sum()
    return v, n_rounds


def _newton(
    factor: Any, v: FloatArray, s: FloatArray, residual: FloatArray, target: FloatArray
) -> tuple[FloatArray, float, FloatArray]:
    """Return the steps of weights, level and slacks that aim at ``v s = target`` to first order."""
    rhs = np.stack([np.ones(len(v)), target / v - residual], axis=1)
    ones, free = scipy.linalg.cho_solve(factor, rhs, check_finite=False).T
    change = -float(free.sum()) / float(ones.sum())
    dv = free + change * ones
    return dv, change, (target - s * dv) / v - s


def _longest(point: FloatArray, step: FloatArray) -> float:
    """Return the largest step in [0, 1] that keeps `point` non-negative."""
    falling = step < 0
    return min(1.0, float(np.min(point[falling] / -step[falling]))) if falling.any() else 1.0


def _factorise(matrix: FloatArray, diagonal: FloatArray, barrier: FloatArray) -> Any:
    """Return the Cholesky factor of ``K + ridge + diag(barrier)``, or None where K is indefinite.

    Indefinite means beyond rounding: a shift of a millionth of the diagonal does not mend it.
    """
    largest = float(np.abs(diagonal).max())
    for shift in (0.0, 1e-10 * largest, 1e-8 * largest, 1e-6 * largest):
        block = np.array(matrix, order="F")
        np.fill_diagonal(block, diagonal + barrier + shift)
        try:
            return scipy.linalg.cho_factor(block, lower=True, overwrite_a=True, check_finite=False)
        except scipy.linalg.LinAlgError:
            continue
    return None
