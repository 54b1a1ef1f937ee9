"""Kernels too large to store: near pairs exactly, a far field by landmarks, exact products on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import scipy.linalg
import scipy.sparse as sp
import scipy.sparse.linalg
from numpy.typing import NDArray

from cloneproof._core.blas import one_blas_thread
from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.weights.neighbours import BLOCK, centred_single, gaussian_kernel, run_blocks
from cloneproof.weights.simplex_qp_precondition import ApproximateInverse, approximate_inverse, strong_pairs

__all__ = ["ExactKernel", "NearFarKernel", "approximate_kernel"]

LANDMARK_ENTRIES = 30_000_000
"""Most entries of the landmark factor (a quarter of a gigabyte)."""

MAX_LANDMARKS = 256
"""More of them cost time in every product and hardly bring the approximation nearer to the kernel."""

MIN_LANDMARKS = 24
"""At a million points, where each costs eight megabytes and the far field is corrected anyway."""

STRIP = 8_192
"""Rows that one thread multiplies at a time."""

LEAST_CURVATURE = 1e-3
"""The approximation curves at least this much in every direction, against 1 on the diagonal."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NearFarKernel:
    """``K ~ L L' + S``: a low-rank far field plus what near pairs and the diagonal lack of it.

    Parameters
    ----------
    factor : float64 ndarray of shape (m, k)
        L, from k landmarks (Nyström): ``L L'`` is K's part in the span of the landmarks' features.
    near : scipy.sparse.csr_array of shape (m, m)
        S: the exact kernel minus ``L L'`` on the stored pairs, the diagonal included.
    strong : scipy.sparse.csr_array of shape (m, m)
        K itself on the nearest of the stored pairs, for the preconditioner.
    shift : float, default=0.0
        Added to the diagonal, so that leaving out far pairs makes no direction fall for ever.
    n_jobs : int, optional
        Threads of a product; does not change the result.
    """

    factor: FloatArray
    near: sp.csr_array
    strong: sp.csr_array
    shift: float = 0.0
    n_jobs: int | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Return (m, m)."""
        return (self.factor.shape[0], self.factor.shape[0])

    def diagonal(self) -> FloatArray:
        """Return the diagonal: the kernel's ones and the shift."""
        return np.full(self.factor.shape[0], 1.0 + self.shift)

    def inverse_on(self, face: IntArray) -> ApproximateInverse:
        """Return an approximate inverse on some of the points, for conjugate gradients."""
        return approximate_inverse(self.strong, self.diagonal(), face)

    def __matmul__(self, v: FloatArray) -> FloatArray:
        """Multiply by a vector: strips of rows in threads, always the same strips."""
        m = self.shape[0]
        strips = [slice(begin, min(begin + STRIP, m)) for begin in range(0, m, STRIP)]

        def project(rows: slice) -> FloatArray:
            return np.asarray(self.factor[rows].T @ v[rows])

        def multiply(rows: slice) -> FloatArray:
            first, last = int(self.near.indptr[rows.start]), int(self.near.indptr[rows.stop])
            near = sp.csr_array((rows.stop - rows.start, m))
            near.indptr = self.near.indptr[rows.start : rows.stop + 1] - self.near.indptr[rows.start]
            near.indices = self.near.indices[first:last]  # views: the constructor would copy them
            near.data = self.near.data[first:last]
            return np.asarray(near @ v + self.factor[rows] @ far + self.shift * v[rows])

        far = np.zeros(self.factor.shape[1])
        for part in run_blocks(project, strips, self.n_jobs):
            far += part
        return np.concatenate(list(run_blocks(multiply, strips, self.n_jobs)))


def similar_pairs(neighbours: sp.csr_array, scale: float) -> sp.csr_array:
    """Return the Gaussian kernel on stored pairs; which pairs they are is shared with `neighbours`, not copied."""
    similarity = np.square(neighbours.data / scale)
    similarity *= -0.5
    near = sp.csr_array(neighbours.shape)
    near.indptr, near.indices, near.data = (
        neighbours.indptr,
        neighbours.indices,
        np.exp(similarity, out=similarity),
    )
    return near


def approximate_kernel(
    points: NDArray[np.floating[Any]], scale: float, neighbours: sp.csr_array, *, n_jobs: int | None = None
) -> NearFarKernel:
    """Build ``L L' + S``, positive definite, from evenly strided landmarks and the given near pairs.

    Parameters
    ----------
    points : ndarray of shape (m, d)
        Distinct, in canonical order, so that a stride is as good as a random sample.
    scale : float
    neighbours : scipy.sparse.csr_array of shape (m, m)
        Distances of near pairs, from :func:`cloneproof.weights.neighbours.radius_neighbours`.
    """
    m = len(points)
    k = int(min(m, max(MIN_LANDMARKS, min(MAX_LANDMARKS, LANDMARK_ENTRIES // m))))
    landmarks = points[np.linspace(0, m - 1, k).astype(np.int64)]
    inner = gaussian_kernel(landmarks, scale, n_jobs=n_jobs)
    np.fill_diagonal(inner, 1.0 + 1e-6)
    triangle = scipy.linalg.cholesky(inner, lower=True, check_finite=False)
    factor = np.empty((m, k))
    for begin in range(0, m, 16 * BLOCK):
        rows = slice(begin, begin + 16 * BLOCK)
        outer = gaussian_kernel(points[rows], scale, landmarks, n_jobs=n_jobs)
        factor[rows] = scipy.linalg.solve_triangular(triangle, outer.T, lower=True, check_finite=False).T
    near = similar_pairs(neighbours, scale)
    strong = strong_pairs(near)

    def subtract(begin: int) -> None:
        end = min(begin + BLOCK, m)
        first, last = int(near.indptr[begin]), int(near.indptr[end])
        rows = np.repeat(np.arange(begin, end), np.diff(near.indptr[begin : end + 1]))
        step = max(1, 2**20 // k)
        for low in range(first, last, step):
            high = min(low + step, last)
            left, right = factor[rows[low - first : high - first]], factor[near.indices[low:high]]
            near.data[low:high] -= np.einsum("ij,ij->i", left, right)

    with track("far field", total=m) as advance:
        for _ in run_blocks(subtract, range(0, m, BLOCK), n_jobs):
            advance(BLOCK)
    return make_definite(NearFarKernel(factor=factor, near=near, strong=strong, n_jobs=n_jobs))


def make_definite(kernel: NearFarKernel) -> NearFarKernel:
    """Shift the diagonal until no direction curves less than `LEAST_CURVATURE`.

    Leaving out far pairs of a positive definite kernel can make it indefinite; minimising it then leads
    to corners of the simplex that mean nothing. The least eigenvalue comes from a few dozen Lanczos steps,
    whose estimate lies above it, hence the factor.
    """
    m = kernel.shape[0]
    if m < 64:
        return kernel
    operator = sp.linalg.LinearOperator((m, m), matvec=kernel.__matmul__, dtype=np.float64)
    start = np.cos(np.arange(m, dtype=np.float64))
    with one_blas_thread():
        try:
            least = sp.linalg.eigsh(
                operator, k=1, which="SA", tol=0.05, v0=start, ncv=20, maxiter=10, return_eigenvectors=False
            )[0]
        except sp.linalg.ArpackNoConvergence as error:
            least = error.eigenvalues[0] if len(error.eigenvalues) else 0.0
    return replace(kernel, shift=LEAST_CURVATURE + 1.5 * max(0.0, -float(least)))


class ExactKernel:
    """Products with the whole Gaussian kernel, computed on the fly: m^2 d operations, no m x m memory.

    Parameters
    ----------
    points : ndarray of shape (m, d)
    scale : float
    neighbours : scipy.sparse.csr_array of shape (m, m)
        Distances of near pairs in float64; all others are computed in float32 (float64 where the points
        spread over more than seven scales, since float32 distances would then be too coarse).
    """

    def __init__(
        self,
        points: NDArray[np.floating[Any]],
        scale: float,
        neighbours: sp.csr_array,
        *,
        n_jobs: int | None = None,
    ) -> None:
        table, reach = centred_single(points)
        self._table: NDArray[np.floating[Any]] = table
        if (reach / scale) ** 2 > 50.0:
            self._table = (points - points.mean(axis=0, dtype=np.float64)) / reach
        self._norms = np.einsum("ij,ij->i", self._table, self._table)
        self._factor = self._table.dtype.type(-0.5 * (reach / scale) ** 2)
        self._near = similar_pairs(neighbours, scale)
        self._n_jobs = n_jobs

    def product(self, v: FloatArray) -> FloatArray:
        """Return ``K @ v``; each unordered pair of blocks is computed once."""
        m = len(v)
        short = v.astype(self._table.dtype)
        out = self._near @ v

        def strip(begin: int) -> tuple[int, FloatArray]:
            total = np.zeros(m - begin)
            here = slice(begin, min(begin + BLOCK, m))
            size = here.stop - begin
            blank = self._near_positions(begin, here.stop)
            for start in range(begin, m, BLOCK):
                there = slice(start, min(start + BLOCK, m))
                block = self._block(here, there)
                block[blank(start)] = 0.0
                total[:size] += block @ short[there]
                if start > begin:
                    total[start - begin : there.stop - begin] += short[here] @ block
            return begin, total

        with track("exact kernel product", total=m) as advance:
            for begin, total in run_blocks(strip, range(0, m, BLOCK), self._n_jobs):
                out[begin:] += total
                advance(BLOCK)
        return np.asarray(out, dtype=np.float64)

    def estimate(self, v: FloatArray, drawn: IntArray) -> FloatArray:
        """Return an unbiased estimate of ``K @ v``: stored pairs exactly, the others on drawn columns.

        Parameters
        ----------
        v : ndarray of shape (m,)
            Sums to 1.
        drawn : int ndarray of shape (n,)
            Columns drawn in proportion to `v`; a column may come more than once. ``m n d`` operations.
        """
        m = len(v)
        columns, times = np.unique(drawn, return_counts=True)
        share = (times / len(drawn)).astype(self._table.dtype)
        place = np.full(m, -1, dtype=np.int32)
        place[columns] = np.arange(len(columns), dtype=np.int32)
        out = np.asarray(self._near @ v, dtype=np.float64)

        def strip(begin: int) -> None:
            here = slice(begin, min(begin + BLOCK, m))
            first, last = int(self._near.indptr[begin]), int(self._near.indptr[here.stop])
            stored = place[self._near.indices[first:last]]
            rows = np.repeat(np.arange(here.stop - begin), np.diff(self._near.indptr[begin : here.stop + 1]))
            rows, stored = rows[stored >= 0], stored[stored >= 0]
            chunk = np.argsort(stored // BLOCK, kind="stable")
            rows, stored = rows[chunk], stored[chunk]
            for start in range(0, len(columns), BLOCK):
                there = slice(start, start + BLOCK)
                block = self._block(here, columns[there])
                low, high = np.searchsorted(stored // BLOCK, [start // BLOCK, start // BLOCK + 1])
                block[rows[low:high], stored[low:high] - start] = 0.0
                out[here] += block @ share[there]

        with track("kernel on drawn columns", total=m) as advance:
            for _ in run_blocks(strip, range(0, m, BLOCK), self._n_jobs):
                advance(BLOCK)
        return out

    def rows(self, v: FloatArray, positions: IntArray) -> FloatArray:
        """Return ``(K @ v)`` at some positions only: ``len(positions) m d`` operations in float64."""
        m = len(v)
        unit = self._table[positions].astype(np.float64)
        out = np.zeros(len(positions))
        for start in range(0, m, 4 * BLOCK):
            there = slice(start, start + 4 * BLOCK)
            other = self._table[there].astype(np.float64)
            squared = np.einsum("ij,ij->i", unit, unit)[:, None] - 2.0 * (unit @ other.T)
            squared += np.einsum("ij,ij->i", other, other)
            np.maximum(squared, 0.0, out=squared)
            out += np.exp(float(self._factor) * squared) @ v[there]
        return out

    def _block(self, here: slice, there: slice | IntArray) -> NDArray[np.floating[Any]]:
        """Return one block of the kernel."""
        squared = self._table[here] @ self._table[there].T
        squared *= -2
        squared += self._norms[here, None]
        squared += self._norms[there]
        np.maximum(squared, 0, out=squared)
        squared *= self._factor
        return cast("NDArray[np.floating[Any]]", np.exp(squared, out=squared))

    def _near_positions(self, begin: int, end: int) -> Callable[[int], tuple[Any, Any]]:
        """Return a function that gives the stored pairs of these rows inside a block of columns."""
        first, last = int(self._near.indptr[begin]), int(self._near.indptr[end])
        columns = self._near.indices[first:last]
        rows = np.repeat(np.arange(end - begin), np.diff(self._near.indptr[begin : end + 1]))
        order = np.argsort(columns, kind="stable")
        columns, rows = columns[order], rows[order]

        def inside(start: int) -> tuple[Any, Any]:
            low, high = np.searchsorted(columns, [start, start + BLOCK])
            return rows[low:high], columns[low:high] - start

        return inside
