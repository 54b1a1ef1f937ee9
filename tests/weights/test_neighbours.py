"""Radius search and kernels against loops over all pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloneproof._core.errors import InputError, ParameterError
from cloneproof.weights import gaussian_kernel, radius_neighbours
from cloneproof.weights import neighbours as module
from cloneproof.weights.neighbours_ivf import approximate_neighbours
from tests.weights import oracles_diversity
from tests.weights.oracles_families import distances, pairs_within


def as_pairs(found):
    table = found.tocoo()
    return dict(
        zip(zip(table.row.tolist(), table.col.tolist(), strict=True), table.data.tolist(), strict=True)
    )


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 25),
    st.integers(1, 5),
    st.floats(0.0, 3.0),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from([0.0, 1e3]),
    st.integers(0, 2**31 - 1),
)
def test_exactly_the_pairs_within_the_radius(m, d, radius, dtype, offset, seed):
    rng = np.random.default_rng(seed)
    X = (offset + rng.normal(size=(m, d))).astype(dtype)
    X[m // 2 :] = X[: m - m // 2] + np.where(rng.random((m - m // 2, 1)) < 0.5, 0.0, 1e-3).astype(dtype)
    found = as_pairs(radius_neighbours(X, radius))
    slow = pairs_within(X, radius)
    assert set(found) == set(slow)
    for pair, distance in slow.items():
        assert found[pair] == pytest.approx(distance, rel=1e-12, abs=1e-300)


def test_pairs_at_exactly_the_radius_are_kept_and_just_beyond_are_not():
    X = np.array([[0.0], [3.0], [np.nextafter(6.0, 7.0)]])
    assert set(as_pairs(radius_neighbours(X, 3.0))) == {(0, 0), (1, 1), (2, 2), (0, 1), (1, 0)}


def test_blocks_threads_and_dtypes_do_not_matter(monkeypatch):
    X = np.random.default_rng(0).normal(size=(200, 6)).astype(np.float32)
    base = radius_neighbours(X, 2.0)
    assert (base != base.T).nnz == 0
    assert base.has_sorted_indices
    monkeypatch.setattr(module, "BLOCK", 17)
    for n_jobs in (1, 2, 8):
        other = radius_neighbours(X, 2.0, n_jobs=n_jobs)
        assert (other.indptr == base.indptr).all()
        assert (other.indices == base.indices).all()
        assert (other.data == base.data).all()


def test_near_copies_far_from_the_origin_are_told_apart():
    """The trap of float32 products: on un-centred data they see distances of 1e-3 as 0 or 1."""
    rng = np.random.default_rng(1)
    X = 1e4 + np.concatenate([rng.normal(size=(1, 50)), np.zeros((1, 50))]) + np.zeros((2, 50))
    X = np.concatenate([X, X[:1] + 1e-3 / np.sqrt(50)])
    found = as_pairs(radius_neighbours(X, 2e-3))
    assert found[(0, 2)] == pytest.approx(1e-3, rel=1e-6)
    assert set(found) == {(0, 0), (1, 1), (2, 2), (0, 2), (2, 0)}


def test_too_many_pairs_are_refused_with_advice():
    with pytest.raises(
        InputError, match=r"more than 50 pairs of 20 alternatives lie within radius 1.*smaller radius"
    ):
        radius_neighbours(np.zeros((20, 2)), 1.0, max_pairs=50)
    assert radius_neighbours(np.zeros((20, 2)), 1.0, max_pairs=400).nnz == 400


def test_the_approximate_search_finds_a_subset_with_exact_distances_and_all_if_it_probes_all():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(30, 8))[rng.integers(0, 30, 500)] + 0.1 * rng.normal(size=(500, 8))
    exact = as_pairs(radius_neighbours(X, 0.6))
    found = as_pairs(approximate_neighbours(X, 0.6, n_probes=16))
    assert set(found) <= set(exact)
    assert len(found) > 0.97 * len(exact)
    assert all(found[pair] == exact[pair] for pair in found)
    assert as_pairs(approximate_neighbours(X, 0.6, n_probes=10_000)) == exact
    for n_jobs in (1, 2, 8):
        assert as_pairs(approximate_neighbours(X, 0.6, n_jobs=n_jobs)) == found


def test_the_approximate_search_refuses_too_many_pairs():
    with pytest.raises(InputError, match="more than 50 pairs of 20"):
        approximate_neighbours(np.zeros((20, 2)), 1.0, max_pairs=50)


@pytest.mark.parametrize("d", [2, 12])
@pytest.mark.parametrize("offset", [0.0, 1e5])
@pytest.mark.parametrize("scale", [1e-4, 0.5, 50.0])
def test_kernels_equal_the_formula_entry_by_entry(d, offset, scale):
    rng = np.random.default_rng(3)
    X = offset + rng.normal(size=(30, d))
    X[20:] = X[:10] + 1e-4 * rng.normal(size=(10, d))
    K = gaussian_kernel(X, scale)
    np.testing.assert_allclose(K, oracles_diversity.gaussian_kernel(X, scale), rtol=1e-9, atol=1e-11)
    assert (K == K.T).all()
    assert (np.diagonal(K) == 1.0).all()
    Y = X[::3]
    slow = np.exp(-np.array([[((a - b) ** 2).sum() for b in Y] for a in X]) / (2 * scale**2))
    np.testing.assert_allclose(gaussian_kernel(X, scale, Y), slow, rtol=1e-9, atol=1e-11)


def test_kernels_do_not_depend_on_threads(monkeypatch):
    X = np.random.default_rng(4).normal(size=(150, 9))
    base = gaussian_kernel(X, 0.7)
    monkeypatch.setattr(module, "BLOCK", 32)
    blocks = [gaussian_kernel(X, 0.7, n_jobs=n_jobs) for n_jobs in (1, 2, 8)]
    assert (blocks[0] == blocks[1]).all()
    assert (blocks[0] == blocks[2]).all()
    np.testing.assert_allclose(blocks[0], base, atol=1e-14)


def test_a_sample_of_distances_is_one():
    X = np.random.default_rng(5).normal(size=(40, 3)) + 100.0
    found = module.sample_distances(X, 7)
    rows = np.unique(np.linspace(0, 39, 7).astype(int))
    np.testing.assert_allclose(found, distances(X)[rows], atol=5e-3)
    assert module.sample_distances(X, 1_000).shape == (40, 40)


def test_huge_and_tiny_coordinates_do_not_overflow():
    X = np.array([[0.0], [1.0], [3.0]])
    for unit in (1e140, 1e-140):
        found = as_pairs(radius_neighbours(unit * X, 1.5 * unit))
        assert set(found) == {(0, 0), (1, 1), (2, 2), (0, 1), (1, 0)}
        assert found[(0, 1)] == pytest.approx(unit, rel=1e-12)
        np.testing.assert_allclose(gaussian_kernel(unit * X, unit), gaussian_kernel(X, 1.0), rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: radius_neighbours([[0.0]], -1.0), ParameterError, "radius"),
        (lambda: radius_neighbours([[0.0]], 1.0, max_pairs=0), ParameterError, "max_pairs"),
        (lambda: radius_neighbours([[0.0], [1.0]], 1.0, n_jobs=-3), ParameterError, "n_jobs"),
        (lambda: radius_neighbours([[np.nan]], 1.0), InputError, "finite"),
        (lambda: radius_neighbours(np.empty((0, 3)), 1.0), InputError, "at least one row"),
        (lambda: radius_neighbours([1.0], 1.0), InputError, r"\(1,\)"),
        (lambda: gaussian_kernel([[0.0]], 0.0), ParameterError, "scale"),
        (lambda: gaussian_kernel([[0.0]], 1.0, [[0.0, 1.0]]), InputError, "1 columns, Y 2"),
        (lambda: approximate_neighbours([[0.0]], 1.0, n_probes=0), ParameterError, "n_probes"),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
