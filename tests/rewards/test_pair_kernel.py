"""The kernel between pairs: three forms, one answer."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof._core.errors import InputError
from cloneproof.rewards import pair_kernel
from cloneproof.rewards.pair_kernel import (
    PairOperator,
    dense_pair_kernel,
    make_pair_kernel,
    sparse_pair_kernel,
)
from cloneproof.weights.neighbours import gaussian_kernel, radius_neighbours


def some_pairs(seed, n_points, n_pairs):
    rng = np.random.default_rng(seed)
    ends = np.sort(rng.integers(n_points, size=(n_pairs, 2)), axis=1)
    diagonal = np.repeat(np.arange(n_points)[:, None], 2, axis=1)
    pairs = np.unique(np.vstack([ends, diagonal]), axis=0)
    return rng.standard_normal((n_points, 2)), pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int32)


def slow_kernel(K, first, second):
    """The double loop of the formula."""
    n = len(first)
    table = np.empty((n, n))
    for e in range(n):
        for f in range(n):
            a, b, c, d = first[e], second[e], first[f], second[f]
            table[e, f] = K[a, c] * K[b, d] + K[a, d] * K[b, c]
    return table


def test_dense_is_the_double_loop():
    X, first, second = some_pairs(0, 12, 30)
    K = gaussian_kernel(X, 0.5)
    np.testing.assert_allclose(dense_pair_kernel(K, first, second), slow_kernel(K, first, second), rtol=1e-14)


@pytest.mark.parametrize(("n_points", "n_pairs"), [(20, 150), (60, 80)])
def test_the_operator_multiplies_as_the_table(n_points, n_pairs):
    X, first, second = some_pairs(1, n_points, n_pairs)
    K = gaussian_kernel(X, 0.5)
    table, operator = dense_pair_kernel(K, first, second), PairOperator(K, first, second)
    v = np.random.default_rng(2).standard_normal(len(first))
    np.testing.assert_allclose(operator @ v, table @ v, atol=1e-12)
    np.testing.assert_allclose(operator.diagonal(), np.diag(table), rtol=1e-14)


def test_the_join_finds_every_term_above_the_floor_and_no_other(monkeypatch):
    monkeypatch.setattr(pair_kernel, "JOIN_BLOCK", 64)
    X, first, second = some_pairs(3, 70, 300)
    floor, scale = 0.02, 0.4
    near = radius_neighbours(X, scale * np.sqrt(-2 * np.log(floor)))
    near.data = np.exp(-0.5 * (near.data / scale) ** 2)
    K = gaussian_kernel(X, scale)
    direct = K[np.ix_(first, first)] * K[np.ix_(second, second)]
    crossed = K[np.ix_(first, second)] * K[np.ix_(second, first)]
    expected = np.where(direct >= floor, direct, 0) + np.where(crossed >= floor, crossed, 0)
    found = sparse_pair_kernel(near, first, second, floor=floor)
    np.testing.assert_allclose(found.toarray(), expected, atol=1e-14)
    assert found.nnz == np.count_nonzero(expected)


def test_a_hub_in_every_pair_is_joined_from_the_other_side():
    X = np.random.default_rng(4).standard_normal((3_000, 3))
    first, second = np.zeros(2_999, dtype=np.int32), np.arange(1, 3_000, dtype=np.int32)
    near = radius_neighbours(X, 0.2)
    near.data = np.exp(-0.5 * (near.data / 0.1) ** 2)
    found = sparse_pair_kernel(near, first, second, floor=0.14)
    assert found.shape == (2_999, 2_999)
    assert (found != found.T).nnz == 0
    assert found.diagonal().min() >= 1.0


def test_the_form_follows_the_size(monkeypatch):
    X, first, second = some_pairs(5, 40, 100)
    assert isinstance(make_pair_kernel(X, first, second, 0.5).matrix, np.ndarray)
    monkeypatch.setattr(pair_kernel, "DENSE_UP_TO", 10)
    exact = make_pair_kernel(X, first, second, 0.5)
    assert isinstance(exact.matrix, PairOperator)
    assert exact.floor == 0.0
    monkeypatch.setattr(pair_kernel, "OPERATOR_UP_TO", 10)
    sparse = make_pair_kernel(X, first, second, 0.5)
    assert sparse.floor == pair_kernel.FLOOR
    assert np.abs(sparse.matrix.toarray() - slow_kernel(gaussian_kernel(X, 0.5), first, second)).max() < 0.02


def test_the_floor_rises_where_neighbours_would_not_fit(monkeypatch):
    monkeypatch.setattr(pair_kernel, "DENSE_UP_TO", 10)
    monkeypatch.setattr(pair_kernel, "OPERATOR_UP_TO", 10)
    monkeypatch.setattr(pair_kernel, "NEIGHBOUR_BUDGET", 12_000)
    rng = np.random.default_rng(6)
    X = rng.standard_normal((400, 2))
    first = second = np.arange(400, dtype=np.int32)
    kernel = make_pair_kernel(X, first, second, 0.2)
    assert pair_kernel.FLOOR < kernel.floor <= 0.99
    with pytest.raises(InputError, match="Give a smaller scale"):
        make_pair_kernel(X, first, second, 50.0)
    monkeypatch.setattr(pair_kernel, "ENTRY_BUDGET", 100)
    with pytest.raises(InputError, match="near each other"):
        make_pair_kernel(X, first, second, 0.2)


def test_approximate_neighbours_give_a_symmetric_kernel_with_its_diagonal(monkeypatch):
    for name in ("DENSE_UP_TO", "OPERATOR_UP_TO", "EXACT_NEIGHBOURS_UP_TO"):
        monkeypatch.setattr(pair_kernel, name, 10)
    X, first, second = some_pairs(7, 300, 500)
    kernel = make_pair_kernel(X, first, second, 0.1)
    full = slow_kernel(gaussian_kernel(X, 0.1), first, second)
    table = kernel.matrix.toarray()
    np.testing.assert_array_equal(table, table.T)
    np.testing.assert_allclose(np.diag(table), np.diag(full), atol=0.01)
    assert (np.abs(table - full) < 0.02).mean() > 0.99
