"""Newton directions on a face of the simplex: Cholesky for dense kernels, conjugate gradients beyond."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

import numpy as np
import scipy.linalg
import scipy.sparse as sp

from cloneproof._core.typing import FloatArray, IntArray

__all__ = ["Kernel", "conjugate_direction", "direct_direction", "multiply"]

MAX_CONJUGATE = 300
"""Most conjugate-gradient steps on one face."""


class Kernel(Protocol):
    """A symmetric matrix that can say its diagonal and multiply a vector."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Return (m, m)."""

    def diagonal(self) -> Any:
        """Return the m diagonal entries."""

    def __matmul__(self, other: Any, /) -> Any:
        """Return the product with a vector of length m."""


def multiply(matrix: Kernel, v: FloatArray) -> FloatArray:
    """Return ``K @ v`` in float64."""
    return cast("FloatArray", np.asarray(matrix @ v, dtype=np.float64))


def direct_direction(matrix: Any, ridge: FloatArray, g: FloatArray, face: IntArray) -> FloatArray:
    """Return the step to the minimum of the face's affine hull, by Cholesky.

    Solves ``(K + ridge)_FF d = nu - g_F`` with nu such that ``sum d = 0``. Where rounding has made the
    block indefinite, the ridge is raised tenfold until it is not; the direction still descends.
    """
    block = np.array(matrix[np.ix_(face, face)] if len(face) < len(g) else matrix, dtype=np.float64)
    shift = ridge[face].copy()
    base = np.diagonal(block).copy()
    rhs = np.stack([np.ones(len(face)), g[face] - g[face].mean()], axis=1)
    while True:
        np.fill_diagonal(block, base + shift)
        try:
            factor = scipy.linalg.cho_factor(block, lower=True, check_finite=False)
        except scipy.linalg.LinAlgError:
            shift *= 10.0
            continue
        break
    ones, gradient = scipy.linalg.cho_solve(factor, rhs, check_finite=False).T
    direction = np.zeros(len(g))
    direction[face] = ones * (gradient.sum() / ones.sum()) - gradient
    return direction


def conjugate_direction(
    matrix: Any,
    ridge: FloatArray,
    diagonal: FloatArray,
    g: FloatArray,
    face: IntArray,
    *,
    target: float,
    inverse: Callable[[FloatArray], FloatArray] | None = None,
) -> tuple[FloatArray, bool]:
    """Return a descent step on the face by projected conjugate gradients, and whether they crawled.

    Preconditioned by `inverse` (on the face), by default the diagonal's; the constraint ``sum d = 0`` is
    kept by projecting each residual.
    Stops when the residual's spread is below `target`, at negative curvature (K was truncated: then a
    step along that direction is added, to be cut at the boundary), or after `MAX_CONJUGATE` steps.
    """
    m = len(g)
    sliced = len(face) < 0.7 * m and (isinstance(matrix, np.ndarray) or sp.issparse(matrix))
    block: Any = matrix[face][:, face] if sliced else matrix
    if inverse is None:
        shares = 1.0 / np.maximum(diagonal[face] + ridge[face], np.finfo(float).tiny)
        inverse = shares.__mul__
    ones = inverse(np.ones(len(face)))

    def product(p: FloatArray) -> FloatArray:
        if sliced or len(face) == m:
            return multiply(block, p) + ridge[face] * p
        full = np.zeros(m)
        full[face] = p
        return multiply(matrix, full)[face] + ridge[face] * p

    def precondition(r: FloatArray) -> FloatArray:
        scaled = inverse(r)
        return cast("FloatArray", scaled - ones * (scaled.sum() / ones.sum()))

    d = np.zeros(len(face))
    r = -(g[face] - g[face].mean())
    z = precondition(r)
    p = z.copy()
    rz = float(r @ z)
    first = float(np.ptp(r))
    stop = max(target, 0.02 * first)
    steps = 0
    while steps < MAX_CONJUGATE and rz > 0 and float(np.ptp(r)) > stop:
        Ap = product(p)
        curvature = float(p @ Ap)
        if curvature <= 1e-14 * float(p @ p) * float(np.abs(diagonal).max()):
            if steps == 0 or curvature < 0:
                d = d + p * (1.0 / max(float(np.abs(p).max()), np.finfo(float).tiny))
            break
        step = rz / curvature
        d = d + step * p
        r = r - step * Ap
        z = precondition(r)
        previous, rz = rz, float(r @ z)
        p = z + (rz / previous) * p
        steps += 1
    direction = np.zeros(m)
    direction[face] = d
    return direction, steps >= MAX_CONJUGATE
