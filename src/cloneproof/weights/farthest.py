"""A farthest-point net: few points that leave no other far away."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray
from cloneproof.weights.neighbours import BLOCK, centred_single, run_blocks

__all__ = ["farthest_point_net"]

POOL = 512
"""Points looked at together: the farthest so far, among which most of the next choices lie."""


def farthest_point_net(
    points: NDArray[np.floating[Any]], size: int, *, n_jobs: int | None = None
) -> FloatArray:
    """Return a farthest-point net of `size` points, or all if they are fewer.

    Parameters
    ----------
    points : ndarray of shape (m, d)
        Distinct, in canonical order.
    size : int
        How many to choose: first the point farthest from the first row, then always the point farthest
        from those chosen.
    n_jobs : int, optional
        Threads; does not change the result.

    Returns
    -------
    net : float64 ndarray of shape (size, d)
        In the order of `points`.

    Notes
    -----
    ``2 m size d`` operations in float32, most of them in products of matrices: distances only fall while
    points are chosen, so a choice among the 512 farthest is right as long as it is farther than all
    others were. Points nearer to each other than float32 can tell, 3e-4 of the cloud's radius, count as equally
    far. Memory: one float32 copy of the points.
    """
    m = len(points)
    if m <= size:
        return np.asarray(points, dtype=np.float64)
    single, _ = centred_single(points)
    norms = np.einsum("ij,ij->i", single, single)
    nearest = np.full(m, np.inf, dtype=np.float32)

    def bring_near(chosen: NDArray[np.intp]) -> None:
        centres = single[chosen]

        def update(begin: int) -> None:
            rows = slice(begin, begin + BLOCK)
            squared = single[rows] @ (-2.0 * centres.T)
            squared += norms[chosen]
            np.minimum(nearest[rows], squared.min(axis=1) + norms[rows], out=nearest[rows])

        for _ in run_blocks(update, range(0, m, BLOCK), n_jobs):
            pass

    bring_near(np.array([0]))
    chosen = [int(np.argmax(nearest))]
    nearest[:] = np.inf
    latest = np.array(chosen)
    with track("farthest points", total=size) as advance:
        while True:
            bring_near(latest)
            nearest[latest] = -np.inf
            advance(len(latest))
            if len(chosen) == size:
                break
            latest = _choose(single, norms, nearest, size - len(chosen), n_jobs)
            chosen.extend(latest.tolist())
    return np.asarray(points[np.sort(chosen)], dtype=np.float64)


def _choose(
    single: NDArray[np.float32],
    norms: NDArray[np.float32],
    nearest: NDArray[np.float32],
    wanted: int,
    n_jobs: int | None,
) -> NDArray[np.intp]:
    """Return the next choices as far as the pool of the farthest points tells them."""
    if len(nearest) > POOL:
        order = np.argpartition(nearest, len(nearest) - POOL)
        pool = np.sort(order[-POOL:])
        outside = float(nearest[order[:-POOL]].max())
    else:
        pool, outside = np.arange(len(nearest)), -np.inf
    table, own = single[pool], norms[pool]
    squared = next(iter(run_blocks(lambda rows: table @ rows.T, [table], n_jobs)))
    squared = own + own[:, None] - 2.0 * squared
    far = nearest[pool].copy()
    found: list[int] = []
    while len(found) < wanted:
        best = int(np.argmax(far))
        if found and far[best] <= outside:
            break
        found.append(best)
        np.minimum(far, squared[best], out=far)
        far[found] = -np.inf
    return pool[found]
