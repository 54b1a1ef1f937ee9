"""Regions: the right set, uniformly filled."""

import numpy as np
import pytest

from cloneproof import InputError
from cloneproof._core.errors import ParameterError
from cloneproof.weights import Ball, Box, Region, Sphere
from cloneproof.weights.region import enclosing_ball, enclosing_box
from cloneproof.weights.region_hull import enclosing_hull
from cloneproof.weights.voronoi_samples import SobolSource


def draw(region, n=2**13):
    return np.vstack(list(SobolSource(region, n_replicates=2, per_replicate=n // 2, seed=1).blocks()))


def test_box_is_filled_uniformly():
    points = draw(Box([-1.0, 2.0], [1.0, 2.5]))
    assert (points >= [-1.0, 2.0]).all()
    assert (points <= [1.0, 2.5]).all()
    np.testing.assert_allclose(points.mean(axis=0), [0.0, 2.25], atol=1e-3)
    np.testing.assert_allclose(points.var(axis=0), [4 / 12, 0.25 / 12], rtol=1e-2)


@pytest.mark.parametrize("d", [1, 2, 5, 50])
def test_sphere_is_filled_uniformly(d):
    points = draw(Sphere(d))
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(points.mean(axis=0), 0.0, atol=0.02)
    np.testing.assert_allclose(points.T @ points / len(points), np.eye(d) / d, atol=0.02)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_ball_is_filled_uniformly(d):
    points = draw(Ball(np.full(d, 3.0), 2.0)) - 3.0
    radii = np.linalg.norm(points, axis=1) / 2.0
    assert radii.max() <= 1.0
    for share in (0.1, 0.5, 0.9):  # the share of the volume within share^(1/d) of the radius
        assert (radii <= share ** (1 / d)).mean() == pytest.approx(share, abs=2e-3)
    np.testing.assert_allclose(points.mean(axis=0), 0.0, atol=0.02)


@pytest.mark.parametrize("d", [2, 3, 5])
def test_hull_of_a_cube_is_filled_like_the_cube(d):
    corners = np.stack(np.meshgrid(*[[0.0, 2.0]] * d), axis=-1).reshape(-1, d)
    inside = np.random.default_rng(0).uniform(0.2, 1.8, size=(20, d))
    region = enclosing_hull(np.vstack([inside, corners]))
    points = draw(region)
    assert points.min() >= 0.0
    assert points.max() <= 2.0
    np.testing.assert_allclose(points.mean(axis=0), 1.0, atol=0.02)
    np.testing.assert_allclose(np.cov(points.T), np.eye(d) * 4 / 12, atol=0.02)
    assert (points < 1.0).all(axis=1).mean() == pytest.approx(0.5**d, abs=0.01)


def test_every_region_is_a_region():
    simplex = np.vstack([np.zeros(2), np.eye(2)])
    for region in (Box([0.0], [1.0]), Sphere(2), Ball([0.0], 1.0), enclosing_hull(simplex)):
        assert isinstance(region, Region)
        assert region.same_as(region)
        assert not region.same_as(Box([0.0], [2.0]))
        assert region.place(np.full((3, region.n_uniforms), 0.5)).shape == (3, region.n_dims)


def test_what_encloses_the_points():
    points = np.array([[0.0, 0.0], [2.0, 0.0], [1.0, 4.0]])
    box = enclosing_box(points, margin=0.25)
    assert (box.low.tolist(), box.high.tolist()) == ([-0.5, -1.0], [2.5, 5.0])
    ball = enclosing_ball(points, margin=0.5)
    assert ball.centre.tolist() == [1.0, 2.0]
    assert ball.radius == pytest.approx(1.5 * np.sqrt(5.0))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Box([0.0, 1.0], [1.0, 0.0]), ParameterError, r"first: \[1\.0, 0\.0\] \(dimension 1\)"),
        (lambda: Box([0.0], [np.inf]), ParameterError, "finite"),
        (lambda: Box([0.0], [1.0, 2.0]), ParameterError, r"\(1,\) and \(2,\)"),
        (lambda: Ball([0.0], 0.0), ParameterError, r"radius of Ball must be a number in \(0, inf\)"),
        (lambda: Ball([np.nan], 1.0), ParameterError, "centre"),
        (lambda: enclosing_hull(np.eye(7)), ParameterError, "at most 6 dimensions. Got 7"),
        (lambda: enclosing_hull(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])), InputError, "fewer dimen"),
        (lambda: enclosing_hull(np.zeros((1, 3))), InputError, "fewer dimensions"),
        (lambda: enclosing_ball(np.ones((2, 2))), InputError, "radius 0"),
    ],
)
def test_bad_regions_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
