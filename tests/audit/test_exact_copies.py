"""Exact copies of any alternative, 1 to 1000 times, move no reward under any weighting: embedding to reward."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry, LinearReward, comparison_weights
from cloneproof.weights import (
    DiversityWeights,
    FamilyWeights,
    ScaleTreeWeights,
    UniformWeights,
    VoronoiWeights,
)
from tests.rewards.oracles_bt import random_win_rates, slow_dense_newton

M = 8

WEIGHTINGS = {
    "voronoi, exact cells": (2, VoronoiWeights()),
    "voronoi, sampled": (5, VoronoiWeights(n_samples=2**12, random_state=0)),
    "voronoi, components": (40, VoronoiWeights(n_components=4, n_samples=2**12, random_state=0)),
    "voronoi, cube": (3, VoronoiWeights(region="cube", n_samples=2**12, random_state=0)),
    "diversity, auto": (40, DiversityWeights()),
    "diversity, wide": (40, DiversityWeights(scale=5.0)),
    "scale tree": (40, ScaleTreeWeights()),
    "family, radius": (40, FamilyWeights()),
}


def _design(P, X, target, copies):
    """Return the data with `copies` exact copies of one alternative, every pair compared."""
    of = np.r_[np.arange(M), np.full(copies, target)]
    Q = P[np.ix_(of, of)]
    Q[of[:, None] == of[None, :]] = 0.5
    return Comparisons.from_win_rates(Q), X[of], of


def _data(n_dims):
    rng = np.random.default_rng(n_dims)
    return random_win_rates(M, rng), rng.uniform(size=(M, n_dims))


@pytest.mark.parametrize("copies", [1, 10, 100, 1000])
@pytest.mark.parametrize("name", WEIGHTINGS)
@pytest.mark.filterwarnings("ignore::cloneproof._core.errors.EmptyCellWarning")
def test_copies_move_no_reward_on_a_complete_design(name, copies):
    n_dims, weighting = WEIGHTINGS[name]
    P, X = _data(n_dims)
    w = weighting.fit(X).weights_
    before = BradleyTerry().fit(Comparisons.from_win_rates(P), w).rewards_
    np.testing.assert_allclose(before, slow_dense_newton(P, w), rtol=0, atol=1e-9)
    target = int(np.random.default_rng(copies).integers(M))
    c, Y, of = _design(P, X, target, copies)
    v = weighting.fit(Y).weights_
    assert abs(v[of == target].sum() - w[target]) < 1e-12  # the family's total
    np.testing.assert_allclose(BradleyTerry().fit(c, v).rewards_, before[of], rtol=0, atol=1e-9)


def test_uniform_weights_do_move():
    P, X = _data(40)
    before = BradleyTerry().fit(Comparisons.from_win_rates(P), UniformWeights().fit(X).weights_).rewards_
    c, Y, of = _design(P, X, 3, 100)
    after = BradleyTerry().fit(c, UniformWeights().fit(Y).weights_).rewards_
    assert np.abs(after - before[of]).max() > 0.05


@pytest.mark.parametrize("copies", [1, 10, 1000])
@pytest.mark.parametrize("sides", ["both", "left"])
def test_copies_of_sparse_rows_move_no_linear_reward(copies, sides):
    """Each answer compared once; a whole row is copied, or its left text only."""
    rng = np.random.default_rng(copies)
    n = 30
    X = rng.normal(size=(2 * n, 6))
    left, right = np.arange(n), np.arange(n, 2 * n)
    won = (rng.random(n) < 0.6).astype(float)
    clean = Comparisons.from_arrays(left, right, won, ids=np.arange(2 * n))

    new_left = 2 * n + np.arange(copies)
    new_right = new_left + copies if sides == "both" else np.full(copies, right[4])
    Y = np.vstack([X, *([X[4]] * copies), *([X[right[4]]] * copies if sides == "both" else [])])
    cloned = Comparisons.from_arrays(
        np.r_[left, new_left],
        np.r_[right, new_right],
        np.r_[won, np.full(copies, won[4])],
        ids=np.arange(len(Y)),
    )
    rewards = []
    for c, points in ((clean, X), (cloned, Y)):
        w = DiversityWeights(scale=1.0).fit(points).weights_
        omega = comparison_weights(c, w, points, method="diversity", scale=1.0)
        rewards.append(LinearReward(shrinkage=0.1).fit(c, points, w, omega).rewards_)
    np.testing.assert_allclose(rewards[1][: 2 * n], rewards[0], rtol=0, atol=1e-9)
