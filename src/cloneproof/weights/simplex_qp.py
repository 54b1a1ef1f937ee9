"""The point of least norm on the simplex: minimise v'Kv with a certified gap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from cloneproof._core.blas import one_blas_thread
from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof._core.validation import check_integer, check_number
from cloneproof.weights.simplex_qp_face import Kernel, conjugate_direction, direct_direction, multiply
from cloneproof.weights.simplex_qp_interior import interior_point
from cloneproof.weights.simplex_qp_precondition import approximate_inverse, strong_pairs
from cloneproof.weights.simplex_qp_steps import (
    drop_binding,
    gradient_step,
    project_to_simplex,
    subspace_step,
)

__all__ = ["SimplexSolution", "solve_simplex_qp"]

DIRECT_SIZE = 3_000
"""Largest face that is solved by Cholesky from the start; larger ones by conjugate gradients first."""

POLISH_SIZE = 12_000
"""Largest dense face that is handed to Cholesky when conjugate gradients crawl."""

PATIENCE = 4
"""Active-set rounds after which a dense kernel goes to the interior-point method."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SimplexSolution:
    """Weights on the simplex, and the certificate of how good they are.

    Parameters
    ----------
    weights : float64 ndarray of shape (m,)
        Non-negative, sum to 1.
    value : float
        The objective there, ``v'Kv + offset`` (plus ``2 b'v`` where a linear term b was given).
    gap : float
        ``v'Kv - min_i (Kv)_i`` on the kernel as given, without the ridge that breaks ties. For a
        positive semidefinite K no weights have a value below ``value - 2 gap``; for any K, zero means
        that no first-order improvement exists.
    relative_gap : float
        ``gap / |value|``; a value below a billionth of K's largest diagonal entry counts as that.
    n_iter : int
        Rounds (one gradient phase and one subspace phase each).
    converged : bool
        Whether ``relative_gap <= tol``.
    """

    weights: FloatArray
    value: float
    gap: float
    relative_gap: float
    n_iter: int
    converged: bool


def solve_simplex_qp(
    kernel: ArrayLike | Kernel,
    *,
    linear: ArrayLike | None = None,
    offset: float = 0.0,
    tol: float = 1e-6,
    max_iter: int = 500,
    warm_start: ArrayLike | None = None,
) -> SimplexSolution:
    r"""Minimise v'(K + offset 11')v over the simplex, to a certified relative gap.

    .. math:: \min_{v \ge 0, \sum v = 1} v'Kv + 2 b'v + \text{offset}

    Parameters
    ----------
    kernel : ndarray of shape (m, m), scipy sparse matrix or object with `shape`, `diagonal` and ``@``
        Symmetric; positive semidefinite, or nearly so (a truncated kernel). Symmetry is not checked.
    linear : array-like of shape (m,), optional
        The linear term b.
    offset : float, default=0.0
        A constant added to every entry of K. It moves `value`, never the weights: use it for the mean
        of a far field that was left out of a sparse K.
    tol : float, default=1e-6
        Relative gap to reach.
    max_iter : int, default=500
        Most rounds. The best weights found are returned with ``converged=False`` beyond that.
    warm_start : array-like of shape (m,), optional
        Where to start; projected onto the simplex. By default a density-corrected point.

    Returns
    -------
    solution : SimplexSolution

    Raises
    ------
    InputError
        If K is not square, is empty, or holds NaN or infinity; if `linear` or `warm_start` do not fit.
    ParameterError
        If an option is out of range.

    Notes
    -----
    Rounds of projected gradient steps (which find the face, the set of positive weights) and one
    Newton step on that face (Cholesky, or conjugate gradients for a large or sparse K) [1]_. Every step
    lowers the objective. A dense K whose face is still unsettled after a few rounds (smooth kernels in
    few dimensions are nearly singular) goes to an interior-point method [2]_.

    A ridge of ``tol / 10`` times the diagonal makes the minimiser unique, so that identical rows get
    identical weights; it costs at most ``tol / 10`` of relative gap where K has no negative entry. BLAS
    is held to one thread: the result does not depend on the number of threads.
    Cost: m^3 / 3 for a Cholesky factor a round on dense K (5 to 25 rounds), else some 20 products ``K @ v``
    a round, preconditioned by the near-copies of each row [3]_.

    References
    ----------
    .. [1] Moré & Toraldo, "On the solution of large quadratic programming problems with bound
       constraints", SIAM J. Optimization 1 (1991), 93-113.
    .. [2] Mehrotra, "On the implementation of a primal-dual interior point method", SIAM J.
       Optimization 2 (1992), 575-601.
    .. [3] Kolotilina & Yeremin, "Factorized sparse approximate inverse preconditionings", SIAM J. Matrix
       Analysis and Applications 14 (1993), 45-58.

    Examples
    --------
    >>> solve_simplex_qp([[1.0, 0.9, 0.0], [0.9, 1.0, 0.0], [0.0, 0.0, 1.0]]).weights.round(3)
    array([0.256, 0.256, 0.487])
    """
    check_number("tol", tol, low=0.0, low_open=True, high=1.0)
    check_integer("max_iter", max_iter, low=1)
    check_number("offset", offset)
    matrix = _as_kernel(kernel)
    m = int(matrix.shape[0])
    b = np.zeros(m) if linear is None else _as_vector("linear", linear, m)
    diagonal = np.asarray(matrix.diagonal(), dtype=np.float64)
    with one_blas_thread():
        start = None if warm_start is None else project_to_simplex(_as_vector("warm_start", warm_start, m))
        return _solve(matrix, b, float(offset), diagonal, tol, max_iter, start)


def _solve(
    matrix: Kernel,
    b: FloatArray,
    offset: float,
    diagonal: FloatArray,
    tol: float,
    max_iter: int,
    start: FloatArray | None,
) -> SimplexSolution:
    """Run the rounds; see :func:`solve_simplex_qp`."""
    m = len(diagonal)
    largest = max(float(np.abs(diagonal).max()), np.finfo(float).tiny)
    ridge = 0.1 * tol * np.where(diagonal > 0, diagonal, largest)
    v = _first_point(matrix, m) if start is None else start
    floor = 1e-9 * largest
    dense = isinstance(matrix, np.ndarray)
    crawling = False
    inverse_on = _inverter(matrix, diagonal + ridge)
    inverse: Callable[[FloatArray], FloatArray] | None = None
    inverted: IntArray = np.empty(0, dtype=np.int64)
    best: SimplexSolution | None = None
    stalled = 0
    for n_iter in range(max_iter + 1):
        Kv = multiply(matrix, v)
        if not np.isfinite(Kv).all():
            raise InputError("kernel must be finite: the product with the weights holds NaN or infinity.")
        found = _certify(v, Kv, b, offset, tol, n_iter, floor)
        if best is None or found.relative_gap < 0.999 * best.relative_gap:
            best, stalled = found, 0
        else:
            stalled += 1
        if found.converged or n_iter == max_iter or stalled >= 60:
            return found if found.converged else best
        if n_iter == PATIENCE and m <= POLISH_SIZE and (dense or (sp.issparse(matrix) and m <= DIRECT_SIZE)):
            full = matrix if isinstance(matrix, np.ndarray) else cast("Any", matrix).toarray()
            v, _ = interior_point(full, ridge, b, tol=0.1 * tol, floor=floor)
            continue
        g = Kv + ridge * v + b
        for _ in range(3):
            v, g = gradient_step(matrix, ridge, v, g)
        v, g = drop_binding(matrix, ridge, diagonal, v, g)
        slack = float(v @ g) - g
        face = np.flatnonzero((v > 0) | (slack > 0))
        target = 0.1 * tol * abs(found.value)
        if dense and (len(face) <= DIRECT_SIZE or (crawling and len(face) <= POLISH_SIZE)):
            direction = direct_direction(matrix, ridge, g, face)
        else:
            if inverse_on is not None and not np.array_equal(face, inverted):
                inverse, inverted = inverse_on(face), face
            direction, crawling = conjugate_direction(
                matrix, ridge, diagonal, g, face, target=target, inverse=inverse
            )
        v = subspace_step(matrix, ridge, v, g, direction)
    raise AssertionError  # the loop always returns


def _inverter(
    matrix: Any, diagonal: FloatArray
) -> Callable[[IntArray], Callable[[FloatArray], FloatArray]] | None:
    """Return what gives approximate inverses on faces: the operator's own, or a sparse matrix's; else None."""
    if not sp.issparse(matrix):
        own: Callable[[IntArray], Callable[[FloatArray], FloatArray]] | None
        own = getattr(matrix, "inverse_on", None)
        return own
    strong = strong_pairs(matrix)
    return lambda face: approximate_inverse(strong, diagonal, face)


def _certify(
    v: FloatArray, Kv: FloatArray, b: FloatArray, offset: float, tol: float, n_iter: int, floor: float
) -> SimplexSolution:
    """Measure value and gap at `v` on the kernel as given."""
    half_gradient = Kv + b
    level = float(v @ half_gradient)
    value = level + float(v @ b) + offset
    gap = max(level - float(half_gradient.min()), 0.0)
    relative = 0.0 if gap == 0.0 else gap / max(abs(value), floor)
    return SimplexSolution(
        weights=v,
        value=value,
        gap=gap,
        relative_gap=float(relative),
        n_iter=n_iter,
        converged=bool(relative <= tol),
    )


def _first_point(matrix: Kernel, m: int) -> FloatArray:
    """Start from the inverse of each row's mean: right to first order for well-separated groups."""
    mean = multiply(matrix, np.full(m, 1.0 / m))
    if not np.isfinite(mean).all() or mean.min() <= 0:
        return np.full(m, 1.0 / m)
    inverse = mean.min() / mean
    return np.asarray(inverse / inverse.sum(), dtype=np.float64)


def _as_kernel(kernel: ArrayLike | Kernel) -> Kernel:
    """Return the kernel as a float64 array, a CSR matrix, or the operator that it is."""
    matrix: Any
    if sp.issparse(kernel):
        matrix = sp.csr_array(kernel).astype(np.float64, copy=False)
        finite = bool(np.isfinite(matrix.data).all())
    elif hasattr(kernel, "diagonal") and hasattr(kernel, "__matmul__") and not isinstance(kernel, np.ndarray):
        matrix, finite = kernel, True
    else:
        matrix = np.asarray(kernel, dtype=np.float64)
        finite = bool(np.isfinite(matrix).all())
    shape = tuple(matrix.shape)
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        raise InputError(f"kernel must be a square matrix with at least one row. Got shape {shape}.")
    if not finite:
        raise InputError("kernel must be finite. Got NaN or infinity: check the embeddings it was made from.")
    return cast("Kernel", matrix)


def _as_vector(name: str, values: ArrayLike, m: int) -> FloatArray:
    """Return `values` as a finite float64 vector of length m."""
    vector = np.asarray(values, dtype=np.float64)
    if vector.shape != (m,) or not np.isfinite(vector).all():
        raise InputError(
            f"{name} must be finite and of shape ({m},), one per row of the kernel. Got shape {vector.shape}."
        )
    return vector
