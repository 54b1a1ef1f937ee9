"""Exact Voronoi cells: lengths on a line, areas of clipped polygons in a plane."""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial import ConvexHull, cKDTree

from cloneproof._core.typing import FloatArray
from cloneproof.weights.nearest import Points

__all__ = ["cell_areas", "cell_lengths", "polygon_of_box", "polygon_of_hull"]


def cell_lengths(points: FloatArray, low: float, high: float) -> FloatArray:
    """Return each point's share of the interval [low, high], shape (n_points,).

    Parameters
    ----------
    points : ndarray of shape (n_points,)
        Distinct, in any order, inside or outside of the interval.
    low, high : float
        ``low < high``.
    """
    order = np.argsort(points)
    ordered = points[order]
    middles = ordered[:-1] + (ordered[1:] - ordered[:-1]) / 2.0
    borders = np.clip(np.r_[low, middles, high], low, high)
    lengths = np.empty(points.size)
    lengths[order] = np.diff(borders)
    return lengths / math.fsum(lengths)


def cell_areas(points: Points, polygon: FloatArray) -> FloatArray:
    """Return each point's share of the area of a convex polygon, shape (n_points,).

    Parameters
    ----------
    points : ndarray of shape (n_points, 2)
        Distinct, inside or outside of the polygon, collinear or not.
    polygon : ndarray of shape (n_corners, 2)
        Counter-clockwise corners of a convex polygon of positive area.

    Notes
    -----
    Each cell starts as the polygon and is cut by the bisectors of its neighbours in order of distance, in
    coordinates relative to the point, so that points 1e-9 apart lose no digits. A neighbour farther than
    twice the farthest corner of what is left cannot cut it, which ends the search. No triangulation is
    needed, so no arrangement is degenerate. About O(n log n) for spread-out points; cells that reach far
    outside of a dense cloud look at every point, O(n) each.
    """
    from cloneproof.weights.voronoi_kernels import clip_cells

    exact = points.astype(np.float64)
    size = float(max(np.abs(exact).max(), np.abs(polygon).max()))
    exponent = -int(np.frexp(size)[1])
    exact, corners = np.ldexp(exact, exponent), np.ldexp(polygon, exponent)
    n_points = exact.shape[0]
    tree = cKDTree(exact)
    areas = np.zeros(n_points)
    left = np.arange(n_points)
    n_neighbours = 24
    while left.size:
        asked = min(n_neighbours, n_points)
        undone = []
        for begin in range(0, left.size, max(1, 2**22 // asked)):
            rows = left[begin : begin + max(1, 2**22 // asked)]
            found = np.atleast_2d(tree.query(exact[rows], k=range(1, asked + 1))[1]).astype(np.int64)
            done = clip_cells(exact, rows, found, corners, asked == n_points, areas)
            undone.append(rows[~done])
        left = np.concatenate(undone)
        n_neighbours *= 8
    return areas / math.fsum(areas)


def polygon_of_box(low: FloatArray, high: FloatArray) -> FloatArray:
    """Return the four corners of a box in the plane, counter-clockwise."""
    return np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]])


def polygon_of_hull(points: Points) -> FloatArray:
    """Return the corners of the convex hull of points in the plane, counter-clockwise."""
    exact = points.astype(np.float64)
    return np.asarray(exact[ConvexHull(exact).vertices], dtype=np.float64)
