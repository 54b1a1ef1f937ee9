"""The farthest-point net is that of the plain double loop, for any pool and number of threads."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof.weights import farthest
from cloneproof.weights.farthest import farthest_point_net


def plain_net(points, size):
    """Choose one by one, from float64 differences."""
    distance = lambda k: ((points - points[k]) ** 2).sum(axis=1)  # noqa: E731
    chosen = [int(np.argmax(distance(0)))]
    nearest = distance(chosen[0])
    while len(chosen) < size:
        chosen.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, distance(chosen[-1]))
    return points[np.sort(chosen)]


@pytest.mark.parametrize("pool", [1, 7, 64, 10_000])
@pytest.mark.parametrize("d", [1, 2, 30])
def test_net_of_a_plain_loop(d, pool, monkeypatch):
    monkeypatch.setattr(farthest, "POOL", pool)
    rng = np.random.default_rng(d)
    points = np.concatenate([rng.normal(size=(300, d)), 5 + 0.1 * rng.normal(size=(200, d))])
    np.testing.assert_array_equal(farthest_point_net(points, 40), plain_net(points, 40))


def test_threads_and_float32_change_nothing():
    points = np.random.default_rng(0).normal(size=(3_000, 20)).astype(np.float32)
    one = farthest_point_net(points, 100, n_jobs=1)
    assert one.dtype == np.float64
    np.testing.assert_array_equal(one, farthest_point_net(points, 100, n_jobs=8))


def test_few_points_are_all_taken():
    points = np.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(farthest_point_net(points, 3), points)


def test_a_narrow_cloud_adds_at_most_one_point_while_others_are_farther():
    rng = np.random.default_rng(1)
    apart = 100.0 * np.eye(30)
    cloud = apart[0] + 1e-3 * rng.normal(size=(500, 30))
    net = farthest_point_net(np.concatenate([apart[1:], cloud]), 30)
    assert (np.abs(net - apart[0]).max(axis=1) < 1).sum() == 1
