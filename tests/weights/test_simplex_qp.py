"""The point of least norm on the simplex, against a conic solver and by its own certificate."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from cloneproof._core.errors import InputError, ParameterError
from cloneproof.weights.simplex_qp import solve_simplex_qp
from tests.weights.oracles_diversity import (
    clarabel_simplex,
    gaussian_kernel,
    multiplicative_update,
    relative_gap,
)


def points(kind: str, m: int, rng: np.random.Generator) -> np.ndarray:
    if kind == "plane":
        return rng.normal(size=(m, 2))
    directions = rng.normal(size=(m, 40))
    if kind == "clusters":
        directions = rng.normal(size=(5, 40))[rng.integers(0, 5, m)] + 0.1 * directions
    if kind == "near copies":
        directions = rng.normal(size=(5, 40))[rng.integers(0, 5, m)] + 1e-6 * directions
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


KINDS = ["plane", "sphere", "clusters", "near copies"]


@pytest.mark.parametrize("scale", [0.1, 0.4, 2.0])
@pytest.mark.parametrize("kind", KINDS)
def test_reaches_the_certified_gap_and_the_value_of_a_conic_solver(kind, scale):
    kernel = gaussian_kernel(points(kind, 90, np.random.default_rng(7)), scale)
    found = solve_simplex_qp(kernel, tol=1e-8)
    assert found.converged
    assert found.weights.min() >= 0
    assert found.weights.sum() == pytest.approx(1.0, abs=1e-14)
    assert relative_gap(kernel, found.weights) <= 1.0001e-8
    assert found.relative_gap == pytest.approx(relative_gap(kernel, found.weights), abs=1e-15)
    slow = clarabel_simplex(kernel)
    assert found.value <= float(slow @ kernel @ slow) * (1 + 2e-8)


def test_weights_agree_with_a_conic_solver_where_the_minimum_is_sharp():
    kernel = gaussian_kernel(points("sphere", 60, np.random.default_rng(3)), 0.5)
    np.testing.assert_allclose(
        solve_simplex_qp(kernel, tol=1e-10).weights, clarabel_simplex(kernel), atol=1e-8
    )


def test_a_linear_term_agrees_with_a_conic_solver():
    rng = np.random.default_rng(5)
    kernel = gaussian_kernel(points("sphere", 50, rng), 0.5)
    linear = 0.05 * rng.normal(size=50)
    found = solve_simplex_qp(kernel, linear=linear, tol=1e-10)
    np.testing.assert_allclose(found.weights, clarabel_simplex(kernel, linear), atol=1e-7)
    v = found.weights
    assert found.value == pytest.approx(float(v @ kernel @ v + 2 * linear @ v))


def test_the_multiplicative_update_crawls_where_this_solver_does_not():
    kernel = gaussian_kernel(points("clusters", 120, np.random.default_rng(1)), 0.4)
    crawled = relative_gap(kernel, multiplicative_update(kernel, 2_000))
    assert crawled > 1e-5
    assert solve_simplex_qp(kernel).relative_gap <= 1e-6


@pytest.mark.parametrize("m", [1, 2, 50])
def test_a_constant_kernel_gives_equal_weights(m):
    found = solve_simplex_qp(np.ones((m, m)))
    np.testing.assert_allclose(found.weights, 1.0 / m, atol=1e-15)
    assert found.gap == pytest.approx(0.0, abs=1e-15)


def test_identical_rows_get_identical_weights():
    kernel = gaussian_kernel(np.array([[0.0], [0.0], [0.0], [1.0], [4.0]]), 1.0)
    weights = solve_simplex_qp(kernel, tol=1e-8).weights
    assert np.ptp(weights[:3]) < 1e-9


def test_a_point_inside_the_hull_gets_no_weight():
    kernel = np.array([[1.0, 0.0], [0.0, 1.0]])
    kernel = np.block([[kernel, np.full((2, 1), 0.8)], [np.full((1, 2), 0.8), np.ones((1, 1))]])
    np.testing.assert_allclose(solve_simplex_qp(kernel).weights, [0.5, 0.5, 0.0], atol=1e-6)


@pytest.mark.parametrize("cut", [0.02, 0.3, 0.6])
def test_sparse_and_dense_agree_also_when_truncated(cut):
    kernel = gaussian_kernel(points("clusters", 150, np.random.default_rng(2)), 0.3)
    truncated = np.where(kernel > cut, kernel, 0.0)
    sparse = solve_simplex_qp(sp.csr_array(truncated))
    dense = solve_simplex_qp(truncated)
    assert sparse.converged
    assert dense.converged
    assert relative_gap(truncated, sparse.weights) <= 1.0001e-6
    if np.linalg.eigvalsh(truncated).min() > 0:
        assert sparse.value == pytest.approx(dense.value, rel=3e-6)


def test_a_truncated_plane_that_is_far_from_semidefinite_still_ends_at_a_stationary_point():
    kernel = gaussian_kernel(points("plane", 200, np.random.default_rng(4)), 0.5)
    truncated = np.where(kernel > 0.3, kernel, 0.0)
    assert np.linalg.eigvalsh(truncated).min() < -0.1
    found = solve_simplex_qp(sp.csr_array(truncated))
    assert found.converged
    assert relative_gap(truncated, found.weights) <= 1.0001e-6


def test_an_offset_moves_the_value_and_not_the_weights():
    kernel = gaussian_kernel(points("sphere", 40, np.random.default_rng(9)), 0.6)
    plain = solve_simplex_qp(kernel, tol=1e-9)
    shifted = solve_simplex_qp(kernel, offset=0.25, tol=1e-9)
    written_out = solve_simplex_qp(kernel + 0.25, tol=1e-9)
    assert shifted.value == pytest.approx(plain.value + 0.25, abs=1e-12)
    np.testing.assert_allclose(shifted.weights, written_out.weights, atol=1e-6)
    assert shifted.relative_gap == pytest.approx(shifted.gap / shifted.value)


def test_a_warm_start_at_the_solution_takes_no_round():
    kernel = gaussian_kernel(points("sphere", 80, np.random.default_rng(0)), 0.5)
    first = solve_simplex_qp(kernel)
    again = solve_simplex_qp(kernel, warm_start=first.weights)
    assert first.n_iter > 0
    assert again.n_iter == 0


def test_a_budget_that_is_too_small_is_said():
    kernel = gaussian_kernel(points("plane", 80, np.random.default_rng(0)), 0.6)
    found = solve_simplex_qp(kernel, max_iter=1)
    assert not found.converged
    assert found.relative_gap > 1e-6
    assert found.relative_gap == pytest.approx(relative_gap(kernel, found.weights))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 25), st.integers(1, 4), st.floats(0.01, 5.0), st.integers(0, 2**31 - 1), st.booleans())
def test_any_gaussian_kernel_is_certified(m, d, scale, seed, copies):
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(m, d))
    if copies:
        drawn[m // 2 :] = drawn[0] + 1e-9 * drawn[m // 2 :]
    kernel = gaussian_kernel(drawn, scale)
    found = solve_simplex_qp(kernel)
    assert found.converged
    assert relative_gap(kernel, found.weights) <= 1.0001e-6


@pytest.mark.parametrize(
    ("kernel", "options", "message"),
    [
        (np.ones((2, 3)), {}, r"square.*\(2, 3\)"),
        (np.ones((0, 0)), {}, "at least one row"),
        ([[1.0, np.nan], [np.nan, 1.0]], {}, "finite"),
        (sp.csr_array([[np.inf]]), {}, "finite"),
        (np.eye(3), {"warm_start": [1.0, 2.0]}, r"warm_start.*\(3,\)"),
        (np.eye(3), {"linear": [1.0, np.nan, 0.0]}, "linear"),
    ],
)
def test_bad_input_is_named(kernel, options, message):
    with pytest.raises(InputError, match=message):
        solve_simplex_qp(kernel, **options)


@pytest.mark.parametrize("options", [{"tol": 0.0}, {"tol": "a"}, {"max_iter": 0}, {"offset": np.nan}])
def test_bad_options_are_named(options):
    with pytest.raises(ParameterError, match=next(iter(options))):
        solve_simplex_qp(np.eye(3), **options)
