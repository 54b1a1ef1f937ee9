"""How much of a reward rests on the ridge."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof._core.errors import InputError
from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry
from cloneproof.rewards.ridge_share import ridge_share
from tests.rewards.oracles_bt import slow_objective


def _fitted(w, strength=0.05):
    rng = np.random.default_rng(0)
    left, right = np.array([0, 0, 1, 1, 2, 3]), np.array([1, 2, 2, 3, 3, 0])
    c = Comparisons.from_arrays(left, right, rng.random(6), ids=np.arange(4))
    omega = rng.uniform(0.5, 1, 6)
    return c, omega, BradleyTerry(regularization=strength).fit(c, w, omega).rewards_


def test_it_is_a_share_of_the_second_derivative():
    w = np.array([0.4, 0.3, 0.2, 0.1])
    c, omega, r = _fitted(w)
    share = ridge_share(c, r, w, omega, regularization=0.05)
    scaled = omega / omega.sum() * (1 - w @ w) / 2
    rows = list(zip(c.left.tolist(), c.right.tolist(), c.outcome.tolist(), strict=True))
    for a in range(4):

        def along(step, a=a, strength=0.05):
            moved = r.copy()
            moved[a] += step
            return slow_objective(moved, rows, scaled, w, strength)

        def second(f, h=1e-3):
            return (f(h) - 2 * f(0) + f(-h)) / h**2

        with_ridge, without = second(along), second(lambda s: along(s, strength=0.0))
        assert share[a] == pytest.approx((with_ridge - without) / with_ridge, abs=1e-6)


def test_rivals_of_no_weight_leave_a_reward_to_the_ridge():
    """0 and 1 meet only each other, and 1 hardly counts: what 0 won says nothing."""
    c = Comparisons.from_arrays([0, 2, 3], [1, 3, 4], [1, 1, 1], ids=np.arange(5))
    w = np.array([0.3, 1e-9, 0.3, 0.2, 0.2])
    omega = np.array([w[0] * w[1], w[2] * w[3], w[3] * w[4]])
    bt = BradleyTerry().fit(c, w, omega)
    share = ridge_share(c, bt.rewards_, w, omega, regularization=0.01)
    assert share[0] > 0.99
    assert share[2:].max() < 0.5


def test_shapes_are_checked():
    c, omega, r = _fitted(np.full(4, 0.25))
    with pytest.raises(InputError, match="rewards has shape"):
        ridge_share(c, r[:3], np.ones(4), omega, regularization=0.01)
