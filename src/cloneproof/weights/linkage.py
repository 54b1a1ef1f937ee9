"""Single linkage at scale: the shortest edges that hold the alternatives together."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial.distance import pdist, squareform

from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.weights.neighbours import BLOCK, centred_single, pair_distances, run_blocks

__all__ = ["components_at", "spanning_edges"]

DIRECT_LIMIT = 3_000
"""Points up to which all distances are held at once."""


def spanning_edges(
    points: NDArray[np.floating[Any]], longest: float, *, n_jobs: int | None = None
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the edges of a minimum spanning forest that are no longer than `longest`.

    Parameters
    ----------
    points : ndarray of shape (m, d)
        Distinct.
    longest : float
        Longer edges are not looked for.
    n_jobs : int, optional
        Threads; does not change the result.

    Returns
    -------
    i, j : ndarray of shape (n_edges,)
    length : ndarray of shape (n_edges,)
        Float64, from differences.

    Notes
    -----
    Up to 3,000 points exactly. Beyond, Borůvka's rounds: each part finds its nearest point outside, from
    blocked products, so that parts at least halve; ``m^2 d`` operations a round, about 5 rounds on text. Which
    of two edges of nearly the same length (within float32 rounding of the product, 1e-6 of the cloud's
    radius) is taken is not certain there, so a part may form at a radius wrong by that much.
    """
    m = len(points)
    if m <= DIRECT_LIMIT:
        distance = pdist(np.asarray(points, dtype=np.float64))
        distance = np.maximum(distance, np.finfo(np.float64).tiny)  # 0 would mean that there is no edge
        tree = minimum_spanning_tree(sp.csr_array(np.triu(squareform(distance)))).tocoo()
        i, j = tree.row.astype(np.int64), tree.col.astype(np.int64)
    else:
        i, j = _without_cycles(*_boruvka(points, longest, n_jobs), points)
    length = pair_distances(points, i, j)
    kept = length <= longest
    return i[kept], j[kept], length[kept]


def components_at(m: int, edges: tuple[IntArray, IntArray, FloatArray], radius: float) -> IntArray:
    """Return the component of each of m points when edges up to `radius` hold."""
    i, j, length = edges
    kept = length <= radius
    graph = sp.csr_array((np.ones(int(kept.sum()), dtype=np.int8), (i[kept], j[kept])), shape=(m, m))
    _, labels = connected_components(graph, directed=False)
    return np.asarray(labels, dtype=np.int64)


def _without_cycles(i: IntArray, j: IntArray, points: NDArray[np.floating[Any]]) -> tuple[IntArray, IntArray]:
    """Drop the longest edge of each cycle: parts that choose among equal lengths can close one."""
    m = len(points)
    length = np.maximum(pair_distances(points, i, j), np.finfo(np.float64).tiny)
    tree = minimum_spanning_tree(sp.csr_array((length, (i, j)), shape=(m, m))).tocoo()
    return tree.row.astype(np.int64), tree.col.astype(np.int64)


def _boruvka(
    points: NDArray[np.floating[Any]], longest: float, n_jobs: int | None
) -> tuple[IntArray, IntArray]:
    """Join each part with its nearest outside point until no edge up to `longest` is left."""
    m, d = points.shape
    single, reach = centred_single(points)
    norms = np.einsum("ij,ij->i", single, single)
    limit = np.float32((longest / reach) ** 2 + 4.0 * (d + 8) * 2.0**-24)
    part = np.arange(m)
    edges_i: list[IntArray] = []
    edges_j: list[IntArray] = []
    active = np.ones(m, dtype=bool)  # points that may still have an outside neighbour near enough
    while True:
        rows = np.flatnonzero(active)
        if len(rows) == 0:
            break

        def nearest_outside(begin: int, rows: IntArray = rows, part: IntArray = part) -> tuple[Any, Any]:
            mine = rows[begin : begin + BLOCK]
            best = np.full(len(mine), np.inf, dtype=np.float32)
            where = np.full(len(mine), -1, dtype=np.int64)
            for start in range(0, m, 4 * BLOCK):
                there = slice(start, min(start + 4 * BLOCK, m))
                squared = norms[there] - 2.0 * (single[mine] @ single[there].T)
                squared[part[mine][:, None] == part[there]] = np.inf
                column = np.argmin(squared, axis=1)
                value = squared[np.arange(len(mine)), column]
                better = value < best
                best[better], where[better] = value[better], column[better] + start
            return best + norms[mine], where

        found = []
        with track("single linkage", total=len(rows)) as advance:
            for result in run_blocks(nearest_outside, range(0, len(rows), BLOCK), n_jobs):
                found.append(result)
                advance(BLOCK)
        best, where = (np.concatenate([result[k] for result in found]) for k in range(2))
        near = best <= limit
        active[rows[~near]] = False
        if not near.any():
            break
        sources, targets, lengths = rows[near], where[near], best[near]
        low, high = np.minimum(sources, targets), np.maximum(sources, targets)
        order = np.lexsort((high, low, lengths, part[sources]))  # ties by position: no cycles
        first = np.unique(part[sources][order], return_index=True)[1]
        chosen = np.unique(low[order][first] * m + high[order][first])
        i, j = np.divmod(chosen, m)
        edges_i.append(i)
        edges_j.append(j)
        graph = sp.csr_array(
            (
                np.ones(sum(map(len, edges_i)), dtype=np.int8),
                (np.concatenate(edges_i), np.concatenate(edges_j)),
            ),
            shape=(m, m),
        )
        part = np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)
        if part.max() == 0:
            break
    if not edges_i:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    return np.concatenate(edges_i), np.concatenate(edges_j)
