"""Near pairs of a million alternatives: search only the nearest cells of a coarse partition."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError
from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof._core.validation import check_integer, check_number
from cloneproof.weights.neighbours import MAX_PAIRS, as_table, centred_single, pair_distances, run_blocks

__all__ = ["approximate_neighbours"]


def approximate_neighbours(
    X: ArrayLike,
    radius: float,
    *,
    n_probes: int = 16,
    max_pairs: int = MAX_PAIRS,
    n_jobs: int | None = None,
) -> sp.csr_array:
    """Find most pairs within `radius`: each point is compared with its nearest cells only.

    Parameters
    ----------
    X : array-like of shape (m, d)
    radius : float
    n_probes : int, default=16
        Cells searched for each point. More finds more of the pairs; pairs found have exact distances.
    max_pairs, n_jobs
        As in :func:`cloneproof.weights.neighbours.radius_neighbours`.

    Returns
    -------
    neighbours : scipy.sparse.csr_array of shape (m, m)
        Symmetric, with the diagonal stored; a subset of the exact answer.

    Raises
    ------
    InputError
        If more than `max_pairs` pairs are found.

    Notes
    -----
    About ``4 sqrt(m)`` cells around evenly strided points: ``8 m^1.5 d`` operations for the cells and
    ``n_probes m^1.5 d / 2`` for the pairs. Where points are spread evenly in many dimensions some pairs
    across cells are missed; whoever uses this must measure what that costs.
    """
    check_number("radius", radius, low=0.0)
    check_integer("n_probes", n_probes, low=1)
    check_integer("max_pairs", max_pairs, low=1)
    table = as_table(X, "X")
    m, d = table.shape
    single, reach = centred_single(table)
    n_cells = int(min(m, max(1, 4 * np.sqrt(m))))
    n_probes = min(n_probes, n_cells)
    centres = single[np.linspace(0, m - 1, n_cells).astype(np.int64)]
    halves = 0.5 * np.einsum("ij,ij->i", centres, centres)
    limit = np.float32(min((radius / reach) ** 2, 8.0) + 4.0 * (d + 8) * 2.0**-24)
    step = 2_048

    def probe(begin: int) -> IntArray:
        closeness = single[begin : begin + step] @ centres.T - halves
        order = np.argpartition(-closeness, n_probes - 1, axis=1)[:, :n_probes]
        first = np.argmax(np.take_along_axis(closeness, order, axis=1), axis=1)
        rows = np.arange(len(order))
        order[rows, 0], order[rows, first] = order[rows, first], order[rows, 0].copy()
        return order.astype(np.int32)

    probes = np.concatenate(list(run_blocks(probe, range(0, m, step), n_jobs)))
    home = np.argsort(probes[:, 0], kind="stable")
    starts = np.searchsorted(probes[home, 0], np.arange(n_cells + 1))
    visitors = np.argsort(probes.ravel(), kind="stable")
    arrivals = np.searchsorted(probes.ravel()[visitors], np.arange(n_cells + 1))

    def search(cell: int) -> tuple[IntArray, IntArray, FloatArray]:
        members = home[starts[cell] : starts[cell + 1]]
        guests = visitors[arrivals[cell] : arrivals[cell + 1]] // n_probes
        found = []
        for low in range(0, len(guests), step):
            block = guests[low : low + step]
            squared = single[block] @ single[members].T
            squared *= np.float32(-2.0)
            squared += np.einsum("ij,ij->i", single[block], single[block])[:, None]
            squared += np.einsum("ij,ij->i", single[members], single[members])
            a, b = np.nonzero(squared <= limit)
            i, j = block[a], members[b]
            keep = i != j
            found.append((np.minimum(i, j)[keep], np.maximum(i, j)[keep]))
        if not found:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
        i, j = (np.concatenate([part[k] for part in found]) for k in range(2))
        i, j = np.divmod(np.unique(i.astype(np.int64) * m + j), m)
        distance = pair_distances(table, i, j)
        near = distance <= radius
        return i[near], j[near], distance[near]

    codes, lengths, n_found = [], [], m
    with track("finding neighbours", total=n_cells) as advance:
        for i, j, distance in run_blocks(search, range(n_cells), n_jobs):
            codes.append(i.astype(np.int64) * m + j)
            lengths.append(distance)
            n_found += len(i)
            if n_found > max_pairs:
                raise InputError(
                    f"more than {max_pairs:,} pairs of {m:,} alternatives lie within radius {radius:g}. "
                    "Give a smaller radius (a smaller scale)."
                )
            advance(1)
    pairs, distance = np.concatenate(codes), np.concatenate(lengths)
    del codes, lengths
    single = single[:0]  # lets go of the table
    order = np.argsort(pairs)  # a pair found from both sides has one distance
    pairs = pairs[order]
    kept = np.r_[True, pairs[1:] != pairs[:-1]] if len(pairs) else np.empty(0, dtype=bool)
    pairs, distance = pairs[kept], distance[order[kept]]
    del order, kept
    i, j = (part.astype(np.int32) for part in np.divmod(pairs, m))
    del pairs
    diagonal = np.arange(m, dtype=np.int32)
    found = sp.csr_array(
        (
            np.concatenate([distance, distance, np.zeros(m)]),
            (np.concatenate([i, j, diagonal]), np.concatenate([j, i, diagonal])),
        ),
        shape=(m, m),
    )
    found.sort_indices()
    return found
