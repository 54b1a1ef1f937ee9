"""Gaussian kernels between alternatives: dense blocks, and exact sparse neighbours within a radius."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

from cloneproof._core.blas import one_blas_thread
from cloneproof._core.errors import InputError
from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof._core.validation import check_integer, check_number
from cloneproof.weights.base import check_finite

__all__ = [
    "Neighbours",
    "as_table",
    "centred_single",
    "gaussian_kernel",
    "pair_distances",
    "radius_neighbours",
    "run_blocks",
    "sample_distances",
]

BLOCK = 1_024
"""Rows of one side of a block: 1,024 x 1,024 float32 products stay in the second-level cache."""

MAX_PAIRS = 150_000_000
"""Stored neighbour pairs (both orders) beyond which the search stops: about 4 GB while it is assembled."""

Neighbours = sp.csr_array
"""Symmetric CSR of shape (m, m): distances of the pairs within the radius, the diagonal (0) stored too."""

_T = TypeVar("_T")
_R = TypeVar("_R")


def run_blocks(task: Callable[[_T], _R], jobs: Iterable[_T], n_jobs: int | None = None) -> Iterator[_R]:
    """Run `task` on each job in threads, BLAS held to one thread each; yield the results in order.

    The jobs do not depend on the number of threads, so neither do the results, to the last bit.
    """
    n_threads, listed = _n_threads(n_jobs), list(jobs)
    if n_threads == 1 or len(listed) <= 1:
        with one_blas_thread():
            for job in listed:
                yield task(job)
        return
    with one_blas_thread(), ThreadPoolExecutor(n_threads) as pool:
        waiting = []
        for job in listed:
            waiting.append(pool.submit(task, job))
            if len(waiting) > 2 * n_threads:
                yield waiting.pop(0).result()
        for future in waiting:
            yield future.result()


def gaussian_kernel(
    X: ArrayLike, scale: float, Y: ArrayLike | None = None, *, n_jobs: int | None = None
) -> FloatArray:
    """Return ``exp(-|x - y|^2 / (2 scale^2))`` for all pairs, accurate also for near-copies far from 0.

    Parameters
    ----------
    X : array-like of shape (m, d)
    scale : float
        The distance h at which two alternatives count as saying much the same; same unit as `X`.
    Y : array-like of shape (n, d), optional
        `X` itself by default; then the diagonal is exactly 1 and the result symmetric.
    n_jobs : int, optional
        Threads; all processors by default. Does not change a bit of the result.

    Returns
    -------
    kernel : float64 ndarray of shape (m, n)

    Notes
    -----
    ``2 m n d`` operations in float64 and 8 m n bytes. Distances come from a product of matrices on
    centred data; where its rounding could be seen (points spread over more than some thousand scales) they
    come from differences instead.
    """
    check_number("scale", scale, low=0.0, low_open=True)
    left = as_table(X, "X")
    right = left if Y is None else as_table(Y, "Y")
    if left.shape[1] != right.shape[1]:
        raise InputError(f"X has {left.shape[1]} columns, Y {right.shape[1]}. Give both the same.")
    centre = right.mean(axis=0)
    left, right = (left - centre) / scale, (right - centre) / scale
    norms, others = (np.einsum("ij,ij->i", a, a) for a in (left, right))
    largest = max(float(norms.max(initial=0.0)), float(others.max(initial=0.0)))
    exact = left.shape[1] <= 4 or largest * np.finfo(float).eps > 1e-12
    kernel = np.empty((len(left), len(right)))

    def fill(begin: int) -> None:
        rows = slice(begin, begin + BLOCK)
        if exact:
            squared = cdist(left[rows], right, "sqeuclidean")
        else:
            squared = left[rows] @ right.T
            squared *= -2.0
            squared += norms[rows, None]
            squared += others
            np.maximum(squared, 0.0, out=squared)
        np.exp(np.multiply(squared, -0.5, out=squared), out=kernel[rows])

    for _ in run_blocks(fill, range(0, len(left), BLOCK), n_jobs):
        pass
    if Y is None:
        _mirror(kernel)
        np.fill_diagonal(kernel, 1.0)
    return kernel


def radius_neighbours(
    X: ArrayLike, radius: float, *, max_pairs: int = MAX_PAIRS, n_jobs: int | None = None
) -> Neighbours:
    """Find all pairs of alternatives within `radius`, exactly, in bounded memory.

    Parameters
    ----------
    X : array-like of shape (m, d)
        float32 or float64; taken as it is, without grouping of duplicates.
    radius : float
        Largest distance kept, in the unit of `X`; pairs at exactly this distance are kept.
    max_pairs : int, default=150_000_000
        Most pairs stored, both orders and the diagonal counted.
    n_jobs : int, optional
        Threads; all processors by default. Does not change the result.

    Returns
    -------
    neighbours : scipy.sparse.csr_array of shape (m, m)
        Distances in float64, computed from differences; symmetric, with the diagonal (0.0) stored and
        columns sorted. A Gaussian kernel is ``exp(-neighbours.data**2 / (2 h**2))``.

    Raises
    ------
    InputError
        If more than `max_pairs` pairs lie within the radius, or `X` is not a table of finite numbers.
    ParameterError
        If an option is out of range.

    Notes
    -----
    ``m^2 d`` operations in float32 (each unordered pair once) plus ``d`` in float64 for each pair found.
    A pair is discarded in float32 only where its distance exceeds the radius by more than the worst
    rounding error of the product, so none is missed. Memory: about 28 bytes a stored pair at the peak.
    """
    check_number("radius", radius, low=0.0)
    check_integer("max_pairs", max_pairs, low=1)
    table = as_table(X, "X")
    m, d = table.shape
    single, reach = centred_single(table)
    norms = np.einsum("ij,ij->i", single, single, dtype=np.float64).astype(np.float32)
    limit = np.float32(min((radius / reach) ** 2, 8.0) + 4.0 * (d + 8) * 2.0**-24)

    def search(begin: int) -> tuple[IntArray, IntArray, FloatArray]:
        rows, columns = [], []
        for start in range(begin, m, BLOCK):
            squared = single[begin : begin + BLOCK] @ single[start : start + BLOCK].T
            squared *= np.float32(-2.0)
            squared += norms[begin : begin + BLOCK, None]
            squared += norms[start : start + BLOCK]
            flat = np.flatnonzero(squared <= limit)
            i, j = flat // squared.shape[1] + begin, flat % squared.shape[1] + start
            later = i < j
            rows.append(i[later].astype(np.int32))
            columns.append(j[later].astype(np.int32))
        i, j = np.concatenate(rows), np.concatenate(columns)
        distance = pair_distances(table, i, j)
        near = distance <= radius
        return i[near], j[near], distance[near]

    parts: list[tuple[Any, Any, Any]] = []
    n_pairs = m
    with track("finding neighbours", total=m) as advance:
        for part in run_blocks(search, range(0, m, BLOCK), n_jobs):
            n_pairs += 2 * len(part[0])
            if n_pairs > max_pairs:
                raise InputError(
                    f"more than {max_pairs:,} pairs of {m:,} alternatives lie within radius {radius:g}. "
                    "Give a smaller radius (a smaller scale), or raise max_pairs if memory allows "
                    "(28 bytes a pair)."
                )
            parts.append(part)
            advance(BLOCK)
    i, j, distance = (np.concatenate([part[k] for part in parts]) for k in range(3))
    del parts
    diagonal = np.arange(m, dtype=np.int32)
    rows, columns = np.concatenate([i, j, diagonal]), np.concatenate([j, i, diagonal])
    found = sp.csr_array((np.concatenate([distance, distance, np.zeros(m)]), (rows, columns)), shape=(m, m))
    found.sort_indices()
    return found


def centred_single(table: NDArray[np.floating[Any]]) -> tuple[NDArray[np.float32], float]:
    """Return the rows around their mean in float32, scaled into the unit ball, and the unit."""
    centre = table.mean(axis=0, dtype=np.float64)
    single = np.empty(table.shape, dtype=np.float32)
    chunks = [slice(begin, begin + 4 * BLOCK) for begin in range(0, len(table), 4 * BLOCK)]
    size = max(float(np.abs(table[chunk] - centre).max(initial=0.0)) for chunk in chunks) or 1.0
    largest = 0.0
    for chunk in chunks:
        single[chunk] = scaled = (table[chunk] - centre) / size
        largest = max(largest, float(np.einsum("ij,ij->i", scaled, scaled).max(initial=0.0)))
    reach = float(np.sqrt(largest)) or 1.0
    single /= np.float32(reach)
    return single, size * reach


def sample_distances(
    table: NDArray[np.floating[Any]], n_rows: int, *, n_jobs: int | None = None
) -> NDArray[np.float32]:
    """Return the distances of evenly strided rows to all, float32, shape (n_rows or fewer, m)."""
    single, reach = centred_single(table)
    chosen = single[np.unique(np.linspace(0, len(single) - 1, n_rows).astype(np.int64))]
    out = np.empty((len(chosen), len(single)), dtype=np.float32)
    norms = np.einsum("ij,ij->i", chosen, chosen)[:, None]

    def fill(begin: int) -> None:
        other = single[begin : begin + BLOCK]
        squared = norms - 2.0 * (chosen @ other.T) + np.einsum("ij,ij->i", other, other)
        out[:, begin : begin + BLOCK] = np.sqrt(np.maximum(squared, 0.0)) * np.float32(reach)

    for _ in run_blocks(fill, range(0, len(single), BLOCK), n_jobs):
        pass
    return out


def pair_distances(table: NDArray[np.floating[Any]], i: NDArray[Any], j: NDArray[Any]) -> FloatArray:
    """Return the Euclidean distances of rows ``i`` and ``j``, from differences in float64."""
    out = np.empty(len(i))
    step = max(1, 2**21 // max(1, table.shape[1]))
    for begin in range(0, len(i), step):
        chunk = slice(begin, begin + step)
        difference = table[i[chunk]].astype(np.float64) - table[j[chunk]]
        size = float(np.abs(difference).max(initial=0.0))
        unit = size if size > 1e100 else 1.0  # no overflow of squares
        difference /= unit
        out[chunk] = np.sqrt(np.einsum("ij,ij->i", difference, difference)) * unit
    return out


def _mirror(kernel: FloatArray) -> None:
    """Copy the lower triangle onto the upper one, block by block."""
    m = len(kernel)
    for begin in range(0, m, BLOCK):
        end = min(begin + BLOCK, m)
        kernel[begin:end, end:] = kernel[end:, begin:end].T
        corner = kernel[begin:end, begin:end]
        corner[:] = np.tril(corner) + np.tril(corner, -1).T


def as_table(X: ArrayLike, name: str) -> NDArray[np.floating[Any]]:
    """Return a finite two-dimensional table, float32 kept."""
    table = np.asarray(X)
    if table.dtype != np.float32:
        table = table.astype(np.float64)
    if table.ndim != 2 or table.shape[0] == 0:
        raise InputError(
            f"{name} must have shape (n_alternatives, n_dims) with at least one row. Got shape {table.shape}."
        )
    check_finite(table, name=name)
    return table


def _n_threads(n_jobs: int | None) -> int:
    """Return how many threads `n_jobs` stands for: None or -1 is all processors."""
    if n_jobs is None or n_jobs == -1:
        return max(
            1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        )
    return check_integer("n_jobs", n_jobs, low=1)
