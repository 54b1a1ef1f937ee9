"""Diversity weights without the whole kernel: few exact products, one answer with the dense road."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from cloneproof.weights import diversity_far, diversity_solve
from cloneproof.weights.diversity_far import LEAST_CURVATURE, ExactKernel, NearFarKernel, make_definite
from cloneproof.weights.diversity_solve import canonical_order, solve_dense, solve_large
from cloneproof.weights.neighbours import gaussian_kernel
from cloneproof.weights.simplex_qp import solve_simplex_qp
from cloneproof.weights.simplex_qp_precondition import strong_pairs
from cloneproof.weights.simplex_qp_steps import drop_binding, project_to_simplex

SCALE = 0.3


def sentences(m, d=60, seed=0):
    """Unit vectors in topics, a tenth of them near-copies of others."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(12, d))[rng.integers(0, 12, m)] + 0.7 * rng.normal(size=(m, d))
    points[-m // 10 :] = points[: m // 10] + 0.05 * rng.normal(size=(m // 10, d))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points[canonical_order(points)]


@pytest.fixture(scope="module")
def points():
    return sentences(1_200)


@pytest.mark.parametrize("n_pairs", [3_000, 60_000, 30_000_000], ids=["few pairs", "some", "all"])
def test_large_road_ends_where_the_dense_one_does(points, n_pairs, monkeypatch):
    monkeypatch.setattr(diversity_solve, "PAIR_BUDGET", n_pairs)
    dense = solve_dense(points, SCALE, tol=1e-8)
    n_products = 0
    product = ExactKernel.product

    def counted(self, v):
        nonlocal n_products
        n_products += 1
        return product(self, v)

    monkeypatch.setattr(ExactKernel, "product", counted)
    large = solve_large(points, SCALE, tol=1e-6)
    assert large.relative_gap <= 1e-6
    assert large.n_gap_rows == len(points)
    assert large.value == pytest.approx(dense.value, rel=2e-6)
    assert np.abs(large.weights - dense.weights).sum() < 5e-3
    assert n_products <= 20


def test_beyond_the_limit_the_gap_is_estimated_and_said(points, monkeypatch):
    monkeypatch.setattr(diversity_solve, "EXACT_LIMIT", 1_000)
    monkeypatch.setattr(diversity_solve, "SAMPLED_ROWS", 400)
    monkeypatch.setattr(diversity_solve, "PAIR_BUDGET", 20_000)
    found = solve_large(points, SCALE, tol=1e-6)
    assert found.n_gap_rows == 400
    assert found.weights.min() >= 0
    assert found.weights.sum() == pytest.approx(1.0, abs=1e-12)
    kernel = gaussian_kernel(points, SCALE)
    value = float(found.weights @ kernel @ found.weights)
    gap = (value - float((kernel @ found.weights).min())) / value
    assert found.value == pytest.approx(value, rel=0.1)  # from rows drawn by weight
    assert found.relative_gap == pytest.approx(gap, abs=0.15)
    uniform = float(kernel.mean())
    assert value < uniform


def test_left_out_pairs_make_no_direction_fall():
    rng = np.random.default_rng(3)
    near = sp.random_array((200, 200), density=0.05, rng=rng, data_sampler=lambda size: -rng.random(size))
    near = sp.csr_array(near + near.T + sp.eye_array(200))
    kernel = NearFarKernel(factor=np.zeros((200, 64)), near=near, strong=strong_pairs(near))
    full = near.toarray()
    assert np.linalg.eigvalsh(full)[0] < -0.5  # indefinite to begin with
    shifted = make_definite(kernel)
    least = np.linalg.eigvalsh(full + shifted.shift * np.eye(200))[0]
    assert least >= 0.5 * LEAST_CURVATURE
    v = rng.random(200)
    np.testing.assert_allclose(shifted @ v, full @ v + shifted.shift * v)


def test_strips_and_threads_multiply_as_the_whole(monkeypatch):
    rng = np.random.default_rng(5)
    near = sp.csr_array(sp.random_array((500, 500), density=0.05, rng=rng))
    factor, v = rng.normal(size=(500, 7)), rng.normal(size=500)
    whole = near.toarray() @ v + factor @ (factor.T @ v) + 0.1 * v
    monkeypatch.setattr(diversity_far, "STRIP", 64)
    found = [NearFarKernel(factor=factor, near=near, strong=near, shift=0.1, n_jobs=n) @ v for n in (1, 2, 8)]
    np.testing.assert_allclose(found[0], whole, rtol=1e-12, atol=1e-12)
    assert (found[0] == found[1]).all()
    assert (found[0] == found[2]).all()


def test_projection_leaves_zeros_where_they_are():
    rng = np.random.default_rng(0)
    for _ in range(50):
        point = rng.random(300) * (rng.random(300) < 0.5)
        point /= point.sum()
        assert ((project_to_simplex(point) > 0) == (point > 0)).all()


def test_tiny_weights_pressed_to_zero_do_not_hold_up_the_solver(points):
    kernel = sp.csr_array(gaussian_kernel(points, 2.0 * SCALE))
    best = solve_simplex_qp(kernel.toarray(), tol=1e-9).weights
    assert (best == 0).sum() > 100
    start = np.maximum(best, 1e-30)
    again = solve_simplex_qp(kernel, tol=1e-6, warm_start=start / start.sum())
    assert again.converged
    assert again.n_iter <= 8

    g = kernel @ start
    dropped, at_dropped = drop_binding(kernel, np.zeros(len(g)), np.ones(len(g)), start, g)
    assert dropped @ (kernel @ dropped) <= start @ g
    np.testing.assert_allclose(at_dropped, kernel @ dropped, rtol=1e-9)
    assert (dropped == 0).sum() > 0.9 * (best == 0).sum()
