"""The engine's roads: table or sort, dense, conjugate gradients or banded, all one answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from cloneproof._core.errors import ConvergenceError
from cloneproof.preferences import Comparisons
from cloneproof.rewards import engine
from cloneproof.rewards.connectivity import find_components, find_dominant_set
from cloneproof.rewards.engine import minimise
from cloneproof.rewards.objective import Objective
from cloneproof.rewards.pairs import _by_sorting, _by_table, collect_pairs
from cloneproof.rewards.solvers import BandedCholesky, ConjugateGradient, DenseCholesky, SlowSolveError
from tests.rewards.oracles_bt import comparisons, random_battles


def pairs_of(c, weight=None):
    return collect_pairs(c.left, c.right, c.outcome, c.count if weight is None else weight, c.n_alternatives)


@given(c=comparisons())
@settings(max_examples=40, deadline=None)
def test_table_and_sort_give_the_same_pairs(c):
    weight = np.where(np.arange(len(c)) % 4 == 0, 0.0, c.count)  # pairs of weight 0 are dropped
    one = _by_table(c.left, c.right, c.outcome, weight, c.n_alternatives)
    other = _by_sorting(c.left, c.right, c.outcome, weight, c.n_alternatives)
    slow = {}
    for a, b, y, k in zip(c.left.tolist(), c.right.tolist(), c.outcome, weight, strict=True):
        won = slow.setdefault((min(a, b), max(a, b)), [0.0, 0.0])
        won[a > b] += k * y
        won[a < b] += k * (1 - y)
    slow = {pair: won for pair, won in slow.items() if sum(won) > 0}
    for found in (one, other):
        assert [(a, b) for a, b in zip(found.left.tolist(), found.right.tolist(), strict=True)] == sorted(
            slow
        )
        np.testing.assert_allclose(
            np.column_stack([found.win, found.loss]).reshape(-1, 2),
            np.array([slow[p] for p in sorted(slow)]).reshape(-1, 2),
            atol=1e-12,
        )
        np.testing.assert_array_equal(
            np.repeat(np.arange(c.n_alternatives), np.diff(found.start)), found.left
        )


def test_constant_columns_of_stride_zero_are_read_as_they_are():
    c = Comparisons.from_arrays([0, 1, 2, 0], [1, 2, 0, 1], ids=np.arange(3))
    assert c.outcome.strides == (0,)
    for found in (
        _by_table(c.left, c.right, c.outcome, c.count, 3),
        _by_sorting(c.left, c.right, c.outcome, c.count, 3),
    ):
        assert found.win.tolist() == [2, 0, 1]
        assert found.loss.tolist() == [0, 1, 0]


@pytest.mark.parametrize("ridge", [0.0, 1e-3])
def test_solvers_agree(ridge):
    rng = np.random.default_rng(0)
    c, _ = random_battles(40, 600, rng)
    pairs, m = pairs_of(c), 40
    curvature = rng.uniform(0.1, 1, len(pairs))
    diagonal = pairs.degree(curvature) + ridge
    rhs = rng.normal(size=(m, 3))
    rhs -= rhs.mean(axis=0)
    found = []
    for solver in (
        DenseCholesky(pairs, singular=ridge == 0),
        ConjugateGradient(pairs, max_iterations=500),
        BandedCholesky(pairs, singular=ridge == 0),
    ):
        solver.update(curvature, diagonal)
        x = solver.solve(rhs, 1e-13)
        column = solver.solve(rhs[:, 1].copy(), 1e-13)
        np.testing.assert_allclose(column - column.mean(), x[:, 1] - x[:, 1].mean(), atol=1e-10)
        found.append(x - x.mean(axis=0) if ridge == 0 else x)
    np.testing.assert_allclose(found[1], found[0], atol=1e-10)
    np.testing.assert_allclose(found[2], found[0], atol=1e-10)


def ladder(m, n, rng):
    left = rng.integers(0, m - 3, n)
    right = left + rng.integers(1, 4, n)
    p = 1 / (1 + np.exp(-0.1 * (left - right)))
    return Comparisons.from_arrays(left, right, (rng.random(n) < p).astype(float), ids=np.arange(m))


@pytest.mark.parametrize(("shape", "fallback"), [("random", 3_000), ("ladder", 3_000), ("ladder", 0)])
def test_large_boards_reach_the_dense_answer(monkeypatch, shape, fallback):
    rng = np.random.default_rng(4)
    c = ladder(1500, 60_000, rng) if shape == "ladder" else random_battles(1500, 60_000, rng)[0]
    pairs, ridge = pairs_of(c, np.full(len(c), 1 / len(c))), np.full(1500, 1e-7)
    monkeypatch.setattr(engine, "DENSE_FALLBACK_UP_TO", fallback)
    found = minimise(pairs, ridge, tol=1e-10)
    monkeypatch.setattr(engine, "DENSE_UP_TO", 3_000)
    exact = minimise(pairs, ridge, tol=1e-10)
    assert np.abs(found.rewards - exact.rewards).max() < 1e-9
    assert found.gradient_norm < 1e-10


def test_conjugate_gradients_give_up_on_a_chain():
    pairs = pairs_of(Comparisons.from_arrays(np.arange(999), np.arange(1, 1000), ids=np.arange(1000)))
    solver = ConjugateGradient(pairs, max_iterations=50)
    solver.update(np.ones(999), pairs.degree(np.ones(999)) + 1e-9)
    with pytest.raises(SlowSolveError):
        solver.solve(np.sin(np.arange(1000.0)), 1e-8)
    with pytest.raises(SlowSolveError):
        solver.solve(np.sin(np.arange(2000.0)).reshape(1000, 2), 1e-8)


def test_nearly_separable_data_converge():
    c = Comparisons.from_arrays(["a"] * 1000, ["b"] * 1000)
    pairs = pairs_of(c, np.full(1000, 1e-3))
    for strength in (1e-3, 1e-9):
        found = minimise(pairs, np.full(2, strength), tol=1e-10)
        r = found.rewards[0]
        assert 1 / (1 + np.exp(2 * r)) == pytest.approx(strength * r, rel=1e-6)


def test_extreme_starts_and_weights_converge():
    c, _ = random_battles(30, 500, np.random.default_rng(0))
    weight = 10.0 ** np.random.default_rng(1).uniform(-9, 0, 500)
    pairs, ridge = pairs_of(c, weight), np.full(30, 1e-6)
    ends = [
        minimise(pairs, ridge, tol=1e-10, start=start).rewards
        for start in (None, np.linspace(-300, 300, 30), np.full(30, 1e4))
    ]
    np.testing.assert_allclose(ends[1], ends[0], atol=1e-6)
    np.testing.assert_allclose(ends[2], ends[0], atol=1e-6)
    objective = Objective(left=pairs.left, right=pairs.right, win=pairs.win, loss=pairs.loss, ridge=ridge)
    assert np.linalg.norm(objective.gradient(ends[0])) < 1e-10 * objective.total_weight


def test_an_unreachable_tolerance_is_an_error(monkeypatch):
    c, _ = random_battles(30, 500, np.random.default_rng(0))
    monkeypatch.setattr(engine, "MAX_ITERATIONS", 1)
    with pytest.raises(ConvergenceError, match="gradient"):
        minimise(pairs_of(c), np.full(30, 1e-6), tol=1e-10, start=np.linspace(-9, 9, 30))


def test_components_and_witnesses():
    c = Comparisons.from_arrays(["a", "b", "c", "d"], ["b", "a", "d", "c"])
    pairs = pairs_of(c)
    assert find_components(pairs).tolist() == [0, 0, 1, 1]
    assert find_dominant_set(pairs).sum() == 2
    joined = pairs_of(Comparisons.from_arrays(list("abcdac"), list("badcca")))
    assert find_dominant_set(joined) is None
    one_way = pairs_of(Comparisons.from_arrays(list("abcda"), list("badcc")))
    assert find_dominant_set(one_way) is not None
    held = np.array([True, False, True, False])
    assert find_dominant_set(one_way, held) is None
