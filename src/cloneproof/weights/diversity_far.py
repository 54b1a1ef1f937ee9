"""Kernels too large to store: near pairs exactly, a far field by landmarks, exact products on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import NDArray

from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.weights.neighbours import BLOCK, centred_single, gaussian_kernel, run_blocks

__all__ = ["ExactKernel", "NearFarKernel", "approximate_kernel"]

LANDMARK_ENTRIES = 60_000_000
"""Most entries of the landmark factor (half a gigabyte)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NearFarKernel:
    """``K ~ L L' + S``: a low-rank far field plus what near pairs and the diagonal lack of it.

    Parameters
    ----------
    factor : float64 ndarray of shape (m, k)
        L, from k landmarks (Nyström): ``L L'`` is K's part in the span of the landmarks' features.
    near : scipy.sparse.csr_array of shape (m, m)
        S: the exact kernel minus ``L L'`` on the stored pairs, the diagonal included.
    """

    factor: FloatArray
    near: sp.csr_array

    @property
    def shape(self) -> tuple[int, int]:
        """Return (m, m)."""
        return (self.factor.shape[0], self.factor.shape[0])

    def diagonal(self) -> FloatArray:
        """Return the diagonal, which is exact: ones."""
        return np.ones(self.factor.shape[0])

    def __matmul__(self, v: FloatArray) -> FloatArray:
        """Multiply by a vector."""
        return cast("FloatArray", self.near @ v + self.factor @ (self.factor.T @ v))


def approximate_kernel(
    points: NDArray[np.floating[Any]], scale: float, neighbours: sp.csr_array, *, n_jobs: int | None = None
) -> NearFarKernel:
    """Build ``L L' + S`` from evenly strided landmarks and the given near pairs.

    Parameters
    ----------
    points : ndarray of shape (m, d)
        Distinct, in canonical order, so that a stride is as good as a random sample.
    scale : float
    neighbours : scipy.sparse.csr_array of shape (m, m)
        Distances of near pairs, from :func:`cloneproof.weights.neighbours.radius_neighbours`.
    """
    m = len(points)
    k = int(min(m, max(64, min(1_000, LANDMARK_ENTRIES // m))))
    landmarks = points[np.linspace(0, m - 1, k).astype(np.int64)]
    inner = gaussian_kernel(landmarks, scale, n_jobs=n_jobs)
    np.fill_diagonal(inner, 1.0 + 1e-6)
    triangle = scipy.linalg.cholesky(inner, lower=True, check_finite=False)
    factor = np.empty((m, k))
    for begin in range(0, m, 16 * BLOCK):
        rows = slice(begin, begin + 16 * BLOCK)
        outer = gaussian_kernel(points[rows], scale, landmarks, n_jobs=n_jobs)
        factor[rows] = scipy.linalg.solve_triangular(triangle, outer.T, lower=True, check_finite=False).T
    near = neighbours.copy()
    near.data = np.exp(-0.5 * (neighbours.data / scale) ** 2)

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
    return NearFarKernel(factor=factor, near=near)


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
        self._pattern = neighbours
        self._near = neighbours.copy()
        self._near.data = np.exp(-0.5 * (neighbours.data / scale) ** 2)
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

    def _block(self, here: slice, there: slice) -> NDArray[np.floating[Any]]:
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
        first, last = int(self._pattern.indptr[begin]), int(self._pattern.indptr[end])
        columns = self._pattern.indices[first:last]
        rows = np.repeat(np.arange(end - begin), np.diff(self._pattern.indptr[begin : end + 1]))
        order = np.argsort(columns, kind="stable")
        columns, rows = columns[order], rows[order]

        def inside(start: int) -> tuple[Any, Any]:
            low, high = np.searchsorted(columns, [start, start + BLOCK])
            return rows[low:high], columns[low:high] - start

        return inside
