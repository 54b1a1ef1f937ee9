"""Exact cells agree with rational arithmetic to 1e-12, whatever the arrangement."""

import numpy as np
import pytest

from cloneproof.weights.voronoi_cells import cell_areas, cell_lengths, polygon_of_box, polygon_of_hull
from tests.weights.oracles_voronoi import areas_by_fractions, lengths_by_fractions

UNIT = polygon_of_box(np.zeros(2), np.ones(2))


def arrangements():
    rng = np.random.default_rng(11)
    yield "uniform", rng.uniform(size=(40, 2))
    yield "two", np.array([[0.25, 0.5], [0.75, 0.5]])
    yield "collinear", np.column_stack([np.linspace(0, 1, 12), np.linspace(0, 1, 12)])
    yield "collinear-flat", np.column_stack([rng.uniform(size=15), np.full(15, 0.5)])
    yield "corners", np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    yield "boundary", np.array([[0.0, 0.3], [1.0, 0.7], [0.5, 0.0], [0.5, 1.0], [0.2, 0.0]])
    yield "grid", np.stack(np.meshgrid(np.arange(5) / 4, np.arange(5) / 4), axis=-1).reshape(-1, 2)
    angles = np.arange(12) * np.pi / 6
    yield "cocircular", 0.5 + 0.4 * np.column_stack([np.cos(angles), np.sin(angles)])
    yield "outside", rng.uniform(-3, 4, size=(25, 2))
    yield "one-side", rng.uniform(2, 3, size=(10, 2))
    pair = rng.uniform(size=(12, 2))
    yield "clones-1e-7", np.vstack([pair, pair + 1e-7 * rng.normal(size=pair.shape)])
    yield "clones-1e-14", np.vstack([pair, np.nextafter(pair, 2.0)])
    yield "crowd", np.vstack([0.5 + 1e-3 * rng.normal(size=(45, 2)), [[0.01, 0.02]]])


@pytest.mark.parametrize("points", [a[1] for a in arrangements()], ids=[a[0] for a in arrangements()])
def test_areas_equal_rational_arithmetic(points):
    np.testing.assert_allclose(cell_areas(points, UNIT), areas_by_fractions(points, UNIT), rtol=0, atol=1e-12)


def test_areas_in_a_large_shifted_box_and_in_a_hull():
    rng = np.random.default_rng(2)
    points = rng.normal(size=(30, 2)) * [1e3, 1e-2] + [1e5, 7.0]
    box = polygon_of_box(points.min(axis=0), points.max(axis=0))
    np.testing.assert_allclose(cell_areas(points, box), areas_by_fractions(points, box), rtol=0, atol=1e-12)
    spread = rng.normal(size=(30, 2))
    hull = polygon_of_hull(spread)
    np.testing.assert_allclose(cell_areas(spread, hull), areas_by_fractions(spread, hull), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "points",
    [
        np.random.default_rng(0).uniform(size=30),
        np.array([0.0, 1.0]),
        np.array([0.5]),
        np.array([1.0, 0.0, 1e-15, 0.5]),
        np.array([-2.0, -1.0, 0.25, 3.0]),
        np.array([5.0, 6.0]),
    ],
    ids=["uniform", "ends", "one", "clones", "outside", "beyond"],
)
def test_lengths_equal_rational_arithmetic(points):
    expected = lengths_by_fractions(points, 0.0, 1.0)
    np.testing.assert_allclose(cell_lengths(points, 0.0, 1.0), expected, rtol=0, atol=1e-14)


def test_a_symmetric_grid_has_known_areas():
    grid = np.stack(np.meshgrid(np.arange(3) / 2, np.arange(3) / 2), axis=-1).reshape(-1, 2)
    edge = np.array([1, 2, 1]) / 4
    np.testing.assert_allclose(cell_areas(grid, UNIT), np.outer(edge, edge).ravel(), atol=1e-15)


def test_many_points_agree_with_scipy():
    """An independent route for sizes that fractions cannot reach: mirror the points, let Qhull do it."""
    from scipy.spatial import ConvexHull, Voronoi

    points = np.random.default_rng(4).uniform(size=(2000, 2))
    mirrored = [points]
    for axis in (0, 1):
        for wall in (0.0, 1.0):
            copy = points.copy()
            copy[:, axis] = 2 * wall - copy[:, axis]
            mirrored.append(copy)
    cells = Voronoi(np.vstack(mirrored))
    expected = [ConvexHull(cells.vertices[cells.regions[cells.point_region[i]]]).volume for i in range(2000)]
    np.testing.assert_allclose(cell_areas(points, UNIT), expected, rtol=0, atol=1e-12)
