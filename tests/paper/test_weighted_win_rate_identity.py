"""Theorem: weighted rewards satisfy the weighted average win-rate identity.

``sum_b w_b p(a > b) - sum_b w_b s(r_a - r_b) = lambda r_a`` for every alternative: the weighted average win
rate of the data equals that of the model, up to the ridge. Hence ``sum_a w_a r_a = 0``, and with lambda -> 0
the model reproduces every weighted average win rate.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from cloneproof.preferences import Comparisons, average_win_rates
from cloneproof.rewards import BradleyTerry, weighted_win_rate_residual
from tests.paper.slow import slow_rewards


def random_design(seed: int, m: int):
    rng = np.random.default_rng(seed)
    p = np.triu(rng.uniform(0.02, 0.98, size=(m, m)), 1)
    p = p + np.tril(1 - p.T, -1)
    np.fill_diagonal(p, 0.5)
    w = rng.dirichlet(np.full(m, 0.7))
    return p, w


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("regularization", [1e-4, 0.01, 1.0])
def test_the_identity_holds_by_a_double_loop(seed: int, regularization: float) -> None:
    m = 3 + seed
    p, w = random_design(seed, m)
    c = Comparisons.from_win_rates(p)
    fitted = BradleyTerry(regularization=regularization).fit(c, alternative_weight=w)
    r = fitted.rewards_
    for a in range(m):
        data = sum(w[b] * p[a, b] for b in range(m))
        model = sum(w[b] * expit(r[a] - r[b]) for b in range(m))
        assert data - model == pytest.approx(regularization * r[a], abs=1e-9)
    assert weighted_win_rate_residual(fitted, c, w) < 1e-9
    assert float(w @ r) == pytest.approx(0.0, abs=1e-8)
    np.testing.assert_allclose(
        r, slow_rewards(p, w, regularization), atol=1e-8 / min(1.0, 100 * regularization)
    )


def test_without_ridge_model_and_data_have_the_same_average_win_rates() -> None:
    p, w = random_design(3, 6)
    r = BradleyTerry(regularization=0.0).fit(Comparisons.from_win_rates(p), alternative_weight=w).rewards_
    model = expit(r[:, None] - r[None, :])
    np.testing.assert_allclose(average_win_rates(model, w), average_win_rates(p, w), atol=1e-9)


def test_an_alternative_of_weight_zero_satisfies_it_too() -> None:
    p, w = random_design(4, 5)
    w[2] = 0.0
    w /= w.sum()
    c = Comparisons.from_win_rates(p)
    fitted = BradleyTerry(regularization=0.01).fit(c, alternative_weight=w)
    assert weighted_win_rate_residual(fitted, c, w) < 1e-9
    near = w.copy()
    near[2] = 1e-9
    close = BradleyTerry(regularization=0.01).fit(c, alternative_weight=near).rewards_
    np.testing.assert_allclose(fitted.rewards_, close, atol=1e-6)


def test_other_rewards_do_not_satisfy_it() -> None:
    """The identity pins the rewards: it fails for the plain fit under other weights."""
    p, w = random_design(5, 5)
    c = Comparisons.from_win_rates(p)
    assert weighted_win_rate_residual(BradleyTerry(regularization=0.01).fit(c), c, w) > 1e-3
