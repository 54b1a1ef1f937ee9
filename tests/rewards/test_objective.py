"""The objective: value, gradient and Hessian agree with double loops and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from cloneproof.rewards.objective import (
    Objective,
    logistic,
    pair_curvature,
    pair_loss,
    pair_slope,
    total_comparison_weight,
)
from tests.rewards.oracles_bt import comparisons, random_battles, sigmoid, slow_objective


def make(c, rng, strength=0.3):
    omega = rng.uniform(0.1, 2, len(c))
    w = rng.dirichlet(np.ones(c.n_alternatives))
    objective = Objective(
        left=c.left, right=c.right, win=omega * c.outcome, loss=omega * (1 - c.outcome), ridge=strength * w
    )
    return objective, omega, w


@given(c=comparisons())
@settings(max_examples=30, deadline=None)
def test_value_is_the_double_loop(c):
    rng = np.random.default_rng(len(c))
    objective, omega, w = make(c, rng)
    r = rng.normal(size=c.n_alternatives)
    rows = list(zip(c.left, c.right, c.outcome, strict=True))
    assert objective.value(r) == pytest.approx(slow_objective(r, rows, omega, w, 0.3), rel=1e-12)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 20.0])
def test_gradient_and_hessian_by_differences(scale):
    rng = np.random.default_rng(0)
    c, _ = random_battles(6, 60, rng)
    objective, _, _ = make(c, rng)
    r, v = scale * rng.normal(size=6), rng.normal(size=6)
    h = 1e-5
    slope = (objective.value(r + h * v) - objective.value(r - h * v)) / (2 * h)
    assert objective.gradient(r) @ v == pytest.approx(slope, rel=1e-6, abs=1e-8)
    bend = (objective.gradient(r + h * v) - objective.gradient(r - h * v)) / (2 * h)
    np.testing.assert_allclose(objective.hessian(r) @ v, bend, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(objective.hessian_product(r, v), objective.hessian(r) @ v, atol=1e-13)


def test_tails_keep_full_relative_accuracy_and_never_overflow():
    d = np.array([-800.0, -40.0, 0.0, 40.0, 800.0])
    np.testing.assert_allclose(logistic(d)[1:4], [sigmoid(-40), 0.5, 1.0], rtol=1e-15)
    assert logistic(d)[0] == 0.0
    with np.errstate(over="raise", invalid="raise"):
        np.testing.assert_allclose(pair_loss(d, 1.0, 0.0), [800, 40, np.log(2), np.exp(-40), 0], rtol=1e-12)
        np.testing.assert_allclose(pair_slope(d, 2.0, 0.0)[[0, 3]], [-2, -2 * np.exp(-40)], rtol=1e-12)
        np.testing.assert_allclose(pair_curvature(d, 1.0, 2.0)[[1, 3]], 3 * np.exp(-40), rtol=1e-12)


def test_total_weight_is_that_of_all_pairs():
    w = np.random.default_rng(1).dirichlet(np.ones(9))
    slow = sum(w[a] * w[b] for a in range(9) for b in range(a + 1, 9))
    assert total_comparison_weight(w) == pytest.approx(slow, rel=1e-14)
    assert total_comparison_weight([1.0, 0.0]) == 0.0
