"""Compiled clipping of Voronoi cells in the plane (imported on first use: numba is heavy)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cloneproof._core.compiled import compiled
from cloneproof._core.typing import FloatArray

__all__ = ["clip_cells"]


@compiled(nogil=True)
def clip_cells(
    points: FloatArray,
    rows: NDArray[np.int64],
    neighbours: NDArray[np.int64],
    polygon: FloatArray,
    complete: bool,
    areas: FloatArray,
) -> NDArray[np.bool_]:
    """Write the area of each row's cell and tell which cells need no further neighbours.

    Parameters
    ----------
    points : ndarray of shape (n_points, 2)
    rows : ndarray of shape (n_rows,)
        Whose cells to cut.
    neighbours : ndarray of shape (n_rows, n_neighbours)
        Nearest points of each, in order of distance; may contain the point itself.
    polygon : ndarray of shape (n_corners, 2)
        The region, counter-clockwise.
    complete : bool
        Whether `neighbours` holds all points.
    areas : ndarray of shape (n_points,)
        Updated where the cell is done.

    Returns
    -------
    done : ndarray of shape (n_rows,)
    """
    n_corners = polygon.shape[0]
    capacity = n_corners + neighbours.shape[1] + 2
    cell = np.empty((capacity, 2))
    cut = np.empty((capacity, 2))
    done = np.zeros(rows.shape[0], dtype=np.bool_)
    for r in range(rows.shape[0]):
        site = rows[r]
        n = n_corners
        reach = 0.0
        for c in range(n):
            cell[c, 0] = polygon[c, 0] - points[site, 0]
            cell[c, 1] = polygon[c, 1] - points[site, 1]
            reach = max(reach, cell[c, 0] ** 2 + cell[c, 1] ** 2)
        finished = complete
        for q in range(neighbours.shape[1]):
            other = neighbours[r, q]
            if other == site:
                continue
            a = points[other, 0] - points[site, 0]
            b = points[other, 1] - points[site, 1]
            far = a * a + b * b
            if far > 4.0 * reach * (1.0 + 1e-12):
                finished = True
                break
            length = np.sqrt(far)
            a, b, half = a / length, b / length, length / 2.0
            kept = 0
            reach_of_cut = 0.0
            for c in range(n):
                x, y = cell[c]
                following = c + 1 if c + 1 < n else 0
                u, v = cell[following]
                here = a * x + b * y - half
                there = a * u + b * v - half
                if here <= 0.0:
                    cut[kept, 0] = x
                    cut[kept, 1] = y
                    kept += 1
                if (here < 0.0 and there > 0.0) or (here > 0.0 and there < 0.0):
                    share = here / (here - there)
                    cut[kept, 0] = x + share * (u - x)
                    cut[kept, 1] = y + share * (v - y)
                    kept += 1
            for c in range(kept):
                reach_of_cut = max(reach_of_cut, cut[c, 0] ** 2 + cut[c, 1] ** 2)
            n, reach = kept, reach_of_cut
            cell, cut = cut, cell
            if n == 0:
                finished = True
                break
        if finished:
            twice = 0.0
            for c in range(1, n - 1):  # a fan from the first corner
                twice += (cell[c, 0] - cell[0, 0]) * (cell[c + 1, 1] - cell[0, 1])
                twice -= (cell[c, 1] - cell[0, 1]) * (cell[c + 1, 0] - cell[0, 0])
            areas[site] = max(0.0, twice / 2.0)
            done[r] = True
    return done
