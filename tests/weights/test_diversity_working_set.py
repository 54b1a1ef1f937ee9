"""Column generation: the dense answer from few points, and when it stands back."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof.weights import diversity_solve, diversity_working_set
from cloneproof.weights.diversity_far import ExactKernel
from cloneproof.weights.diversity_sampled import draw_columns
from cloneproof.weights.diversity_solve import canonical_order, solve_dense, solve_large
from cloneproof.weights.diversity_working_set import solve_on_working_set
from cloneproof.weights.neighbours import gaussian_kernel, radius_neighbours


def crowded(m: int = 1_600, n_own: int = 120, seed: int = 0) -> np.ndarray:
    """Few texts and very many noisy copies of them."""
    rng = np.random.default_rng(seed)
    own = rng.normal(size=(n_own, 24))
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    points = own[rng.integers(0, n_own, m)] + 0.08 * rng.normal(size=(m, 24)) / np.sqrt(24)
    return points[canonical_order(points)]


def spread(m: int = 1_600, seed: int = 0) -> np.ndarray:
    points = np.random.default_rng(seed).normal(size=(m, 24))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points[canonical_order(points)]


@pytest.fixture
def small_sets(monkeypatch):
    monkeypatch.setattr(diversity_working_set, "FIRST_SIZE", 100)
    monkeypatch.setattr(diversity_solve, "FIRST_SIZE", 100)


def true_gap(points, v, scale=0.4):
    Kv = gaussian_kernel(points, scale) @ v
    return float((v @ Kv - Kv.min()) / (v @ Kv))


@pytest.mark.parametrize("tol", [1e-3, 1e-7])
def test_few_points_carry_the_weight_and_the_gap_is_that_of_all(small_sets, tol):
    points = crowded()
    found = solve_on_working_set(points, 0.4, tol=tol, max_iter=500, n_jobs=1)
    assert found.relative_gap <= tol
    assert found.relative_gap == pytest.approx(true_gap(points, found.weights), abs=1e-12)
    assert found.value == pytest.approx(solve_dense(points, 0.4, tol=1e-9).value, rel=2 * tol)
    assert len(found.members) < len(points)


def test_it_stands_back_where_most_points_have_weight(small_sets):
    assert solve_on_working_set(spread(), 0.2, tol=1e-6, max_iter=500, n_jobs=1) is None


def test_large_road_takes_it_and_threads_change_nothing(small_sets, monkeypatch):
    points = crowded()

    def never(*_args, **_kwargs):
        raise AssertionError("no near pairs are needed")

    monkeypatch.setattr(diversity_solve, "_near_pairs", never)
    found = [solve_large(points, 0.4, tol=1e-6, n_jobs=n) for n in (1, 2, 8)]
    assert found[0].relative_gap <= 1e-6
    assert found[0].n_gap_rows == len(points)
    assert (found[0].weights == found[1].weights).all()
    assert (found[0].weights == found[2].weights).all()


def test_a_set_that_outgrows_its_limit_is_where_the_corrections_start(small_sets, monkeypatch):
    points = crowded()
    monkeypatch.setattr(diversity_working_set, "LARGEST_SIZE", 800)
    stopped = solve_on_working_set(points, 0.4, tol=1e-6, max_iter=500, n_jobs=1)
    assert 1e-6 < stopped.relative_gap < 0.5
    found = solve_large(points, 0.4, tol=1e-6, n_jobs=1, max_refinements=0)
    assert (found.weights == stopped.weights).all()
    found = solve_large(points, 0.4, tol=1e-6, n_jobs=1)
    assert found.relative_gap <= 1e-6
    assert found.relative_gap == pytest.approx(true_gap(points, found.weights), abs=1e-7)


def test_drawn_columns_estimate_the_product_without_bias():
    points = spread(700)
    kernel = gaussian_kernel(points, 0.4)
    rng = np.random.default_rng(2)
    v = rng.random(700) ** 3
    v /= v.sum()
    exact = ExactKernel(points, 0.4, radius_neighbours(points, 0.5), n_jobs=2)
    np.testing.assert_allclose(exact.estimate(v, draw_columns(v, 200_000, 0)), kernel @ v, rtol=1e-3)
    errors = [np.abs(exact.estimate(v, draw_columns(v, n, 1)) - kernel @ v).max() for n in (30, 3_000)]
    assert errors[1] < 0.2 * errors[0]
    turns = [exact.estimate(v, draw_columns(v, 50, turn)) for turn in range(300)]
    np.testing.assert_allclose(np.mean(turns, axis=0), kernel @ v, rtol=0.02)


def test_columns_are_drawn_in_proportion_to_weight():
    v = np.array([0.0, 0.5, 0.0, 0.3, 0.2, 0.0])
    counts = np.bincount(draw_columns(v, 1_000, 3), minlength=6)
    assert np.abs(counts - 1_000 * v).max() <= 1
    assert (counts[v == 0] == 0).all()
    even = np.full(1_000, 1e-3)
    assert not np.array_equal(draw_columns(even, 70, 0), draw_columns(even, 70, 1))


def test_estimated_corrections_bring_the_gap_down(monkeypatch):
    points = spread(1_500)
    monkeypatch.setattr(diversity_solve, "EXACT_LIMIT", 1_000)
    monkeypatch.setattr(diversity_solve, "SAMPLED_ROWS", 600)
    monkeypatch.setattr(diversity_solve, "PAIR_BUDGET", 6_000)
    gaps = []
    for n in (0, 3):
        monkeypatch.setattr(diversity_solve, "SAMPLED_REFINEMENTS", n)
        found = solve_large(points, 0.4, tol=1e-6, n_jobs=1)
        assert found.n_gap_rows == 600
        gaps.append(true_gap(points, found.weights))
        assert found.relative_gap == pytest.approx(gaps[-1], abs=0.1)
    assert gaps[1] < 0.3 * gaps[0]


def test_a_number_of_refinements_asks_for_exact_ones_at_any_size(monkeypatch):
    points = spread(1_500)
    monkeypatch.setattr(diversity_solve, "EXACT_LIMIT", 1_000)
    monkeypatch.setattr(diversity_solve, "PAIR_BUDGET", 6_000)
    found = solve_large(points, 0.4, tol=1e-6, n_jobs=1, max_refinements=40)
    assert found.n_gap_rows == len(points)
    assert found.relative_gap <= 1e-6
    assert true_gap(points, found.weights) <= 1.2e-6
