"""Single linkage against scipy and against flooding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage

from cloneproof.weights import linkage as module
from cloneproof.weights.linkage import components_at, spanning_edges
from tests.weights.oracles_families import components, same_partition


def draw(m, d, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(max(1, m // 4), d))[rng.integers(0, max(1, m // 4), m)] + 0.3 * rng.normal(
        size=(m, d)
    )


@pytest.fixture(params=["direct", "rounds"])
def road(request, monkeypatch):
    """Both roads to the spanning forest: all distances at once, and Boruvka's rounds in blocks."""
    if request.param == "rounds":
        monkeypatch.setattr(module, "DIRECT_LIMIT", 1)
        monkeypatch.setattr(module, "BLOCK", 19)
    return request.param


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("d", [1, 2, 20])
def test_components_at_every_radius_equal_scipys(road, d, seed):
    X = draw(120, d, seed)
    tree = linkage(X, method="single")
    edges = spanning_edges(X, np.inf if road == "direct" else 2 * tree[-1, 2])
    assert len(edges[0]) == 119
    np.testing.assert_allclose(np.sort(edges[2]), tree[:, 2], rtol=1e-12)
    for radius in np.quantile(tree[:, 2], [0.0, 0.1, 0.5, 0.9, 1.0]) * (1 + 1e-9):
        found = components_at(120, edges, float(radius))
        assert same_partition(found, fcluster(tree, t=radius, criterion="distance"))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 20), st.integers(1, 3), st.floats(0.01, 3.0), st.integers(0, 2**31 - 1))
def test_a_forest_up_to_a_length_floods_alike(m, d, radius, seed):
    X = draw(m, d, seed)
    edges = spanning_edges(X, radius)
    assert (edges[2] <= radius).all()
    assert same_partition(components_at(m, edges, radius), components(X, radius))


def test_ties_make_no_cycles_and_no_gaps(road):
    grid = np.stack(np.meshgrid(np.arange(9.0), np.arange(9.0)), axis=-1).reshape(-1, 2)
    edges = spanning_edges(grid, 1.0)
    assert len(edges[0]) == 80
    assert (edges[2] == 1.0).all()
    assert components_at(81, edges, 1.0).max() == 0
    assert components_at(81, edges, 0.999).max() == 80


def test_threads_do_not_matter(road):
    X = draw(90, 5, 7)
    first = spanning_edges(X, 1.0, n_jobs=1)
    for n_jobs in (2, 8):
        for a, b in zip(first, spanning_edges(X, 1.0, n_jobs=n_jobs), strict=True):
            assert (a == b).all()


def test_one_point_and_nothing_near(road):
    assert [len(part) for part in spanning_edges(np.zeros((1, 2)), 1.0)] == [0, 0, 0]
    edges = spanning_edges(np.array([[0.0], [5.0]]), 1.0)
    assert components_at(2, edges, 1.0).tolist() == [0, 1]


def test_points_whose_squared_distance_underflows_are_joined():
    X = np.array([[0.0], [1e-200], [1.0]])
    assert components_at(3, spanning_edges(X, 0.5), 0.5).tolist() == [0, 0, 1]
