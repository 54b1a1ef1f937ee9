"""The kernel between unordered pairs of texts: dense, as an operator, or sparse.

.. math:: K2[(a,b),(c,d)] = k(a,c) k(b,d) + k(a,d) k(b,c)

the inner product of the symmetric features ``(phi_a x phi_b + phi_b x phi_a) / sqrt 2``: it does not
depend on which side is named first, and on a complete set of pairs it is minimised by ``2 w_a w_b``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from cloneproof._core.errors import InputError
from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray, IndexArray
from cloneproof.weights.neighbours import gaussian_kernel, radius_neighbours, run_blocks
from cloneproof.weights.neighbours_ivf import approximate_neighbours

__all__ = ["PairKernel", "PairOperator", "dense_pair_kernel", "make_pair_kernel", "sparse_pair_kernel"]

DENSE_UP_TO = 3_000
"""Pairs (diagonal ones included) up to which the kernel between them is formed in full (8 bytes an entry)."""

OPERATOR_UP_TO = 1_500
"""Distinct points up to which products with the kernel go through the points, exactly."""

FLOOR = 0.01
"""Smallest term kept in the sparse kernel; the entry of a pair with itself is between 1 and 2."""

NEIGHBOUR_BUDGET = 60_000_000
"""Stored neighbours of points aimed at, both orders; the floor is raised where there would be more."""

ENTRY_BUDGET = 200_000_000
"""Entries of the sparse kernel between pairs beyond which the search stops (12 bytes each)."""

EXACT_NEIGHBOURS_UP_TO = 300_000
"""Distinct texts up to which all neighbours are found exactly; beyond, by inverted lists."""

JOIN_BLOCK = 4_096
SAMPLE = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class PairKernel:
    """A kernel between pairs, and which entries were left out.

    Parameters
    ----------
    matrix : ndarray, sparse matrix or PairOperator of shape (n_pairs, n_pairs)
    floor : float
        Terms ``k k`` below this were left out; 0 where the kernel is complete.
    """

    matrix: Any
    floor: float


class PairOperator:
    """The complete kernel as an operator: ``(K2 v)_ab = (K V K)_ab`` with V the symmetric table of v.

    Parameters
    ----------
    kernel : ndarray of shape (n_points, n_points)
        k between the points.
    first, second : ndarray of shape (n_pairs,)
        The points of each pair.

    Notes
    -----
    A product costs O(n_points^3) or O(n_pairs n_points), whichever is smaller, and 16 n_points^2 bytes;
    the n_pairs^2 entries are never formed.
    """

    def __init__(self, kernel: FloatArray, first: IndexArray, second: IndexArray) -> None:
        self.kernel = kernel
        self.first = first
        self.second = second
        self.shape = (len(first), len(first))

    def diagonal(self) -> FloatArray:
        """Return ``k(a,a) k(b,b) + k(a,b)^2`` of each pair."""
        here = np.diagonal(self.kernel)
        return np.asarray(
            here[self.first] * here[self.second] + self.kernel[self.first, self.second] ** 2, dtype=np.float64
        )

    def __matmul__(self, v: FloatArray) -> FloatArray:
        """Return the product with a vector of shape (n_pairs,)."""
        g = len(self.kernel)
        table = sp.coo_array((v, (self.first, self.second)), shape=(g, g)).tocsr()
        table = table + table.T
        half = cast("FloatArray", table @ self.kernel)  # V K
        if 4 * len(self.first) < g * g:
            return np.asarray(np.einsum("ij,ij->i", self.kernel[self.first], half.T[self.second]))
        return np.asarray((self.kernel @ half)[self.first, self.second], dtype=np.float64)


def dense_pair_kernel(kernel: FloatArray, first: IndexArray, second: IndexArray) -> FloatArray:
    """Return the complete kernel between pairs, shape (n_pairs, n_pairs)."""
    n = len(first)
    table = np.empty((n, n))
    for begin in range(0, n, 512):
        rows = slice(begin, begin + 512)
        near_first, near_second = kernel[first[rows]], kernel[second[rows]]
        np.multiply(near_first[:, first], near_second[:, second], out=table[rows])
        table[rows] += near_first[:, second] * near_second[:, first]
    return table


def make_pair_kernel(
    points: NDArray[np.floating[Any]], first: IndexArray, second: IndexArray, scale: float
) -> PairKernel:
    """Build the kernel between pairs of distinct points in the form that fits its size.

    Complete up to `DENSE_UP_TO` pairs or `OPERATOR_UP_TO` points; beyond, terms below `FLOOR` are left
    out (or below a higher floor, where texts are so many or so near each other that the neighbours
    would not fit).
    """
    if len(first) <= DENSE_UP_TO:
        return PairKernel(matrix=dense_pair_kernel(gaussian_kernel(points, scale), first, second), floor=0.0)
    if len(points) <= OPERATOR_UP_TO:
        return PairKernel(matrix=PairOperator(gaussian_kernel(points, scale), first, second), floor=0.0)
    floor = _affordable_floor(points, scale)
    search = approximate_neighbours if len(points) > EXACT_NEIGHBOURS_UP_TO else radius_neighbours
    near = search(points, scale * float(np.sqrt(-2.0 * np.log(floor))))
    near.data = np.exp(-0.5 * np.square(near.data / scale))
    return PairKernel(matrix=sparse_pair_kernel(near, first, second, floor=floor), floor=floor)


def _affordable_floor(points: NDArray[np.floating[Any]], scale: float) -> float:
    """Return the smallest floor, at least `FLOOR`, that keeps about `NEIGHBOUR_BUDGET` neighbours."""
    m = len(points)
    if m * m <= NEIGHBOUR_BUDGET:
        return FLOOR
    sample = points[np.linspace(0, m - 1, SAMPLE).astype(np.int64)]
    allowed = NEIGHBOUR_BUDGET // m * SAMPLE  # in the sample's rows
    entries = np.concatenate(
        [gaussian_kernel(sample, scale, points[i : i + 2**16]).ravel() for i in range(0, m, 2**16)]
    )
    entries = entries[entries >= FLOOR]
    if len(entries) <= allowed:
        return FLOOR
    floor = float(np.partition(entries, len(entries) - allowed)[len(entries) - allowed])
    if floor > 0.5:
        raise InputError(
            f"at scale {scale:g} each of {m:,} texts is nearer than the scale to more than "
            f"{NEIGHBOUR_BUDGET // m} others: too many to store. Give a smaller scale."
        )
    return floor


def sparse_pair_kernel(
    near: sp.csr_array, first: IndexArray, second: IndexArray, *, floor: float
) -> sp.csr_array:
    """Join neighbour lists into the kernel between pairs, with the terms of at least `floor`.

    Parameters
    ----------
    near : sparse array of shape (n_points, n_points)
        k between near points, everything of at least `floor`, the diagonal included.
    first, second : ndarray of shape (n_pairs,)
    floor : float
        Of the two terms of an entry, those below it are left out.

    Notes
    -----
    For each pair (a, b) the pairs that have an end near a (or near b, whichever are fewer) are looked
    up: O(sum of their numbers) time, 12 bytes an entry found.
    """
    from cloneproof.rewards.pair_kernel_join import join_rows

    n, n_points = len(first), near.shape[0]
    first, second = (np.ascontiguousarray(side, dtype=np.int32) for side in (first, second))
    proper = np.flatnonzero(first != second)
    ends = np.concatenate([first, second[proper]])
    which = np.concatenate([np.arange(n), proper]).astype(np.int32)
    incident = which[np.argsort(ends, kind="stable")]
    incident_start = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=n_points))]).astype(np.int64)
    table = (
        first,
        second,
        incident_start,
        incident,
        near.indptr.astype(np.int64),
        near.indices.astype(np.int32),
        near.data,
        floor,
    )

    def join(begin: int) -> tuple[IndexArray, IndexArray, FloatArray]:
        end = min(begin + JOIN_BLOCK, n)
        counts = np.empty(end - begin, dtype=np.int32)
        room = 32 * (end - begin)
        while True:
            columns, values = np.empty(room, dtype=np.int32), np.empty(room)
            found = join_rows(begin, end, *table, counts, columns, values)
            if found <= room:
                return counts, columns[:found].copy(), values[:found].copy()
            room = found

    parts: list[tuple[IndexArray, IndexArray, FloatArray]] = []
    n_entries = 0
    with track("joining pairs", total=n) as advance:
        for part in run_blocks(join, range(0, n, JOIN_BLOCK)):
            parts.append(part)
            n_entries += len(part[1])
            if n_entries > ENTRY_BUDGET:
                raise InputError(
                    f"more than {ENTRY_BUDGET:,} pairs of comparisons are near each other. "
                    f"Give a smaller scale."
                )
            advance(len(part[0]))
    counts, columns, values = (np.concatenate([part[k] for part in parts]) for k in range(3))
    del parts
    start = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    return sp.csr_array((values, columns, start), shape=(n, n))
