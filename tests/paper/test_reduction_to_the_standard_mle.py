"""Theorem: with uniform weights the weighted MLE is the standard regularised MLE.

``w = 1 / m`` in the weighted objective with lambda gives, times m^2, the unweighted objective with ridge
``m lambda``; on a uniform grid the Voronoi weights are uniform.
"""

from __future__ import annotations

import choix
import numpy as np
import pytest
from scipy.optimize import minimize

from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry
from cloneproof.weights import Box, UniformWeights, VoronoiWeights
from tests.paper.slow import plain_objective


def counts(seed: int, m: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, 6, size=(m, m)) * (1 - np.eye(m, dtype=int))


@pytest.mark.parametrize("m", [2, 5, 9])
def test_uniform_weights_minimise_the_standard_objective(m: int) -> None:
    won = counts(m, m)
    p = np.where(np.eye(m, dtype=bool), 0.5, won / np.maximum(won + won.T, 1))
    c = Comparisons.from_win_rates(p)
    r = BradleyTerry(regularization=0.02).fit(c, alternative_weight=np.full(m, 1 / m)).rewards_
    slow = minimize(
        lambda x: plain_objective(p, x, m * 0.02), np.zeros(m), method="BFGS", options={"gtol": 1e-10}
    )
    np.testing.assert_allclose(r, slow.x, atol=1e-5)
    plain = BradleyTerry(regularization=0.02).fit(c)
    np.testing.assert_allclose(plain.rewards_, r, atol=1e-9)
    uniform = UniformWeights().fit(np.zeros((m, 1))).weights_
    weighted = BradleyTerry(regularization=0.02).fit(c, alternative_weight=uniform)
    np.testing.assert_allclose(weighted.rewards_, r, atol=1e-9)


def test_it_is_what_choix_computes() -> None:
    """choix minimises alpha |r|^2: alpha = ridge / 2, the ridge of its unweighted form being m lambda."""
    m, regularization = 6, 0.02
    rng = np.random.default_rng(0)
    left = rng.integers(m, size=240)
    right = (left + rng.integers(1, m, size=240)) % m
    wins = list(zip(left.tolist(), right.tolist(), strict=True))
    c = Comparisons.from_arrays(left, right, ids=np.arange(m))
    r = BradleyTerry(regularization=regularization).fit(c).rewards_
    # n rows have total weight (1 - 1/m) / 2 in ours and n in choix
    scale = len(wins) / ((1 - 1 / m) / 2)
    alpha = 0.5 * scale * regularization / m
    np.testing.assert_allclose(r, choix.opt_pairwise(m, wins, alpha=alpha, tol=1e-12), atol=1e-5)


def test_a_uniform_grid_has_uniform_voronoi_weights_and_so_the_standard_rewards() -> None:
    axis = (np.arange(4) + 0.5) / 4
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    w = VoronoiWeights(region=Box([0.0, 0.0], [1.0, 1.0])).fit(grid).weights_
    np.testing.assert_allclose(w, 1 / 16, atol=1e-12)
