"""The exact nearest search by blocked float32 matrix products, near ties decided in float64."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from cloneproof._core.typing import FloatArray, IndexArray
from cloneproof.weights.nearest import Points

__all__ = ["BlockIndex", "score_error"]

SAMPLES_PER_BLOCK = 1024
ALTERNATIVES_PER_TILE = 512
CAPACITY = 32  # candidates kept per sample before a second pass over the alternatives is needed
FARTHEST = 2.0**40  # samples farther from the alternatives than this many of their radii go another way
UNIT = 2.0**-24  # unit roundoff of float32


def score_error(norms: FloatArray, n_dims: int, unit: float = UNIT) -> FloatArray:
    r"""Bound the error of a float32 score ``|y|^2 / 2 - s.y`` for alternatives of norm at most 1.

    .. math:: |\hat g - g| \le 1.01 (d + 6) u (|s| + 1/2) + 10^{-30} (1 + |s|)

    The first term covers the rounding of both inputs and of a sum of d products in any order, the second
    numbers that underflow.

    Parameters
    ----------
    norms : ndarray of shape (n_samples,)
        Norms of the samples.
    n_dims : int
    unit : float
        Unit roundoff of the products' inputs and sums.

    Returns
    -------
    bound : ndarray of shape (n_samples,)
    """
    return 1.01 * (n_dims + 6) * unit * (norms + 0.5) + 1e-30 * (1.0 + norms)


class BlockIndex:
    """Alternatives centred, scaled to the unit ball and kept in float32, ready for `query`.

    The score ``|y|^2 / 2 - s.y`` orders the alternatives by distance from s. It is computed in float32 by
    matrix products; whatever is within twice its error bound of the two smallest is compared again by
    float64 distances of the numbers as given, so that the answer is that of a float64 double loop.

    Parameters
    ----------
    alternatives : ndarray of shape (n_alternatives, n_dims)
    n_threads : int
        Threads over blocks of samples. Each block is worked through by one thread and BLAS is held to one,
        so the answer does not depend on the number.
    """

    def __init__(self, alternatives: Points, *, n_threads: int) -> None:
        self.alternatives = alternatives
        self.n_threads = n_threads
        self.centre, self.exponent = centre_and_exponent(alternatives)
        self.points: NDArray[np.float32] = np.empty(alternatives.shape, dtype=np.float32)
        self.half_norms = np.empty(alternatives.shape[0], dtype=np.float32)
        for begin in range(0, alternatives.shape[0], 4096):
            rows = slice(begin, begin + 4096)
            exact = np.ldexp(alternatives[rows].astype(np.float64) - self.centre, -self.exponent)
            self.points[rows] = exact
            self.half_norms[rows] = np.einsum("ij,ij->i", exact, exact) / 2.0

    def query(self, samples: Points) -> tuple[IndexArray, FloatArray]:
        """Return positions and squared distances of the two nearest, each of shape (n_samples, 2)."""
        n_samples = samples.shape[0]
        indices = np.full((n_samples, 2), -1, dtype=np.int32)
        distances = np.full((n_samples, 2), np.inf)
        samples = np.ascontiguousarray(samples)
        blocks = range(0, n_samples, SAMPLES_PER_BLOCK)

        def work(begin: int) -> None:
            rows = slice(begin, begin + SAMPLES_PER_BLOCK)
            self._query_block(samples[rows], indices[rows], distances[rows])

        with threadpool_limits(limits=1, user_api="blas"):
            if self.n_threads == 1 or len(blocks) <= 1:
                for begin in blocks:
                    work(begin)
            else:
                with ThreadPoolExecutor(min(self.n_threads, len(blocks))) as pool:
                    list(pool.map(work, blocks))
        return indices, distances

    def _query_block(self, samples: Points, indices: IndexArray, distances: FloatArray) -> None:
        """Fill in the two nearest of one block of samples."""
        from cloneproof.weights import nearest_kernels as kernels

        moved = np.ldexp(samples.astype(np.float64) - self.centre, -self.exponent)
        with np.errstate(over="ignore"):
            norms = np.sqrt(np.einsum("ij,ij->i", moved, moved))
        near = norms <= FARTHEST
        if not near.all():
            names = np.arange(self.alternatives.shape[0], dtype=np.int32)
            far_indices, far_distances = indices[~near], distances[~near]
            kernels.merge_rows(samples[~near], self.alternatives, names, far_indices, far_distances)
            indices[~near], distances[~near] = far_indices, far_distances
            if not near.any():
                return
        moved = np.where(near[:, None], moved, 0.0).astype(np.float32)
        norms = np.where(near, norms, 0.0)
        tolerance = (2.0 * score_error(norms, samples.shape[1])).astype(np.float32)
        kept_size = min(2, self.alternatives.shape[0])
        kept = np.full((len(samples), kept_size), np.inf, dtype=np.float32)
        candidates = np.empty((len(samples), CAPACITY), dtype=np.int32)
        scores = np.empty((len(samples), CAPACITY), dtype=np.float32)
        n_candidates = np.zeros(len(samples), dtype=np.int32)
        for offset, products in self._tiles(moved):
            half_norms = self.half_norms[offset : offset + products.shape[1]]
            kernels.scan_tile(products, half_norms, offset, tolerance, kept, candidates, scores, n_candidates)
        limits = np.nextafter(kept[:, -1] + tolerance, np.float32(np.inf))
        n_candidates[~near] = 0
        kernels.rank_candidates(
            samples, self.alternatives, limits, candidates, scores, n_candidates, indices, distances
        )
        crowded = np.flatnonzero(n_candidates < 0)
        if crowded.size:
            self._query_crowded(samples, moved, limits, crowded, indices, distances)

    def _query_crowded(
        self,
        samples: Points,
        moved: NDArray[np.float32],
        limits: NDArray[np.float32],
        crowded: NDArray[np.intp],
        indices: IndexArray,
        distances: FloatArray,
    ) -> None:
        """Fill in samples with more near ties than a list holds, by a second pass over the alternatives."""
        from cloneproof.weights import nearest_kernels as kernels

        sub_samples, sub_limits = samples[crowded], limits[crowded]
        sub_indices, sub_distances = indices[crowded], distances[crowded]
        for offset, products in self._tiles(moved[crowded]):
            half_norms = self.half_norms[offset : offset + products.shape[1]]
            kernels.collect_candidates(
                products,
                half_norms,
                offset,
                sub_limits,
                sub_samples,
                self.alternatives,
                sub_indices,
                sub_distances,
            )
        indices[crowded], distances[crowded] = sub_indices, sub_distances

    def _tiles(self, moved: NDArray[np.float32]) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield the products of the samples with one tile of alternatives after the other."""
        buffer = np.empty((moved.shape[0], ALTERNATIVES_PER_TILE), dtype=np.float32)
        for offset in range(0, self.points.shape[0], ALTERNATIVES_PER_TILE):
            tile = self.points[offset : offset + ALTERNATIVES_PER_TILE]
            if tile.shape[0] < ALTERNATIVES_PER_TILE:
                buffer = np.empty((moved.shape[0], tile.shape[0]), dtype=np.float32)
            yield offset, np.matmul(moved, tile.T, out=buffer)


def centre_and_exponent(alternatives: Points) -> tuple[FloatArray, int]:
    """Return the mean of the alternatives and the power of two that scales them into the unit ball."""
    centre = alternatives.mean(axis=0, dtype=np.float64)
    largest = 0.0
    for begin in range(0, alternatives.shape[0], 4096):
        moved = alternatives[begin : begin + 4096].astype(np.float64) - centre
        size = float(np.abs(moved).max())
        if size > 0.0:
            unit = moved / size
            largest = max(largest, size * float(np.sqrt(np.einsum("ij,ij->i", unit, unit).max())))
    return centre, int(np.frexp(largest)[1])
