"""The theorem of docs/theory_comparison_weights.md, checked with clones that are placed to do harm."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from cloneproof.rewards.comparison_weights_diversity import weigh_pairs
from cloneproof.rewards.pair_kernel import dense_pair_kernel
from cloneproof.weights import gaussian_kernel
from cloneproof.weights.simplex_qp import solve_simplex_qp

SCALE = 1.0
TOL = 1e-9


def base(seed, m=10, n_pairs=14, d=3):
    rng = np.random.default_rng(seed)
    low, high = np.triu_indices(m, 1)
    chosen = rng.choice(len(low), n_pairs, replace=False)
    return rng, rng.standard_normal((m, d)), low[chosen], high[chosen]


def with_diagonal(n_points, low, high):
    return np.r_[np.arange(n_points), low], np.r_[np.arange(n_points), high]


def delta(eps):
    return 2 * np.sqrt(2) * np.sqrt(2 - 2 * np.exp(-(eps**2) / (2 * SCALE**2)))


def place_clones(placement, eps, copies, rng, X, low, high, z_pull):
    """Return points and pairs with `copies` clones of one pair added (or of all, or of a diagonal)."""
    d, m = X.shape[1], len(X)
    target = int(np.argmax(z_pull)) if placement == "against z" else int(rng.integers(len(low)))
    a, b = X[low[target]], X[high[target]]
    if placement == "against z":  # the one move that lowers |z| most, repeated: away from everybody
        away = np.array([a - X.mean(axis=0), b - X.mean(axis=0)])
        moves = np.tile(away / np.linalg.norm(away, axis=1, keepdims=True), (copies, 1, 1))
    else:
        moves = rng.standard_normal((copies, 2, d))
        moves /= np.linalg.norm(moves, axis=2, keepdims=True)
    if placement == "own original":
        grown = np.vstack([X, a + eps * moves[:, 0]])
        new = m + np.arange(copies)
        return grown, np.r_[low, np.full(copies, low[target])], np.r_[high, new]
    if placement == "one side, everywhere":
        ends = rng.integers(len(low), size=copies)
        grown = np.vstack([X, X[low[ends]] + eps * moves[:, 0]])
        return grown, np.r_[low, m + np.arange(copies)], np.r_[high, high[ends]]
    grown = np.vstack([X, a + eps * moves[:, 0], b + eps * moves[:, 1]])
    return grown, np.r_[low, m + np.arange(copies)], np.r_[high, m + copies + np.arange(copies)]


def solve(X, low, high):
    first, second = with_diagonal(len(X), low, high)
    table = dense_pair_kernel(gaussian_kernel(X, SCALE), first, second)
    return table, solve_simplex_qp(table, tol=TOL)


@pytest.mark.parametrize("placement", ["random", "against z", "own original", "one side, everywhere"])
@pytest.mark.parametrize("eps", [0.003, 0.03, 0.3])
@pytest.mark.parametrize("copies", [1, 150])
def test_the_mean_feature_moves_no_further_than_the_bound(placement, eps, copies):
    for seed in range(2):
        rng, X, low, high = base(seed)
        _, before = solve(X, low, high)
        grown, l2, h2 = place_clones(placement, eps, copies, rng, X, low, high, before.weights[len(X) :])
        table, after = solve(grown, l2, h2)
        old = np.zeros(len(table))  # the old solution as weights on the new pairs
        old[: len(X)] = before.weights[: len(X)]
        old[len(grown) : len(grown) + len(low)] = before.weights[len(X) :]
        moved = np.sqrt(max((after.weights - old) @ table @ (after.weights - old), 0.0))
        allowed = np.sqrt(delta(eps) * np.sqrt(before.value))
        solver = np.sqrt(max(before.gap, 0)) + np.sqrt(max(after.gap, 0))  # |z - exact z|^2 <= gap
        assert moved <= allowed + solver + 1e-9
        # averages of a function of the space move no further than its norm allows
        c = rng.standard_normal(len(table))
        F = table @ c
        assert abs(F @ (after.weights - old)) <= np.sqrt(c @ F) * moved + 1e-9


def test_unweighted_rows_break_the_bound():
    rng, X, low, high = base(0)
    eps, copies = 0.003, 300
    grown, l2, h2 = place_clones("random", eps, copies, rng, X, low, high, None)
    first, second = with_diagonal(len(grown), l2, h2)
    table = dense_pair_kernel(gaussian_kernel(grown, SCALE), first, second)
    rows = np.zeros(len(table))
    rows[len(grown) :] = 1 / len(l2)
    old = np.zeros(len(table))
    old[len(grown) : len(grown) + len(low)] = 1 / len(low)
    moved = np.sqrt((rows - old) @ table @ (rows - old))
    assert moved > 3 * np.sqrt(delta(eps) * np.sqrt(old @ table @ old))


def test_exact_copies_conserve_the_weight_of_every_pair():
    rng, X, low, high = base(1)
    before = weigh_pairs(X, low, high, scale=SCALE, tol=TOL).weights
    grown, l2, h2 = place_clones("random", 0.0, 500, rng, X, low, high, None)
    after = weigh_pairs(grown, l2, h2, scale=SCALE, tol=TOL).weights
    copied = after[: len(low)] < before - 1e-12
    assert copied.sum() == 1
    np.testing.assert_allclose(after[: len(low)][~copied], before[~copied], rtol=1e-12)
    assert after[: len(low)][copied][0] + after[len(low) :].sum() == pytest.approx(before[copied][0])


@pytest.mark.parametrize("placement", ["random", "against z", "one side, everywhere"])
def test_rewards_move_no_further_than_the_bound(placement):
    """Part 4 with linear rewards f = theta . x, |f| = |theta|, and smooth tastes."""
    mu, eps, copies = 0.1, 0.1, 25
    for seed in range(3):
        rng, X, low, high = base(seed, m=8, n_pairs=12, d=2)
        tastes = rng.standard_normal((3, 2))

        def win_rate(a, b, tastes=tastes):
            return (1 / (1 + np.exp(-(a - b) @ tastes.T))).mean(axis=1)

        def fit(points, first, second, p):
            D, q = points[first] - points[second], win_rate(points[first], points[second])

            def objective(t):
                d = D @ t
                loss = q * np.logaddexp(0, -d) + (1 - q) * np.logaddexp(0, d)
                slope = 1 / (1 + np.exp(-d)) - q
                return p @ loss + 0.5 * mu * t @ t, D.T @ (p * slope) + mu * t

            found = minimize(objective, np.zeros(2), jac=True, tol=1e-14)
            slope = 1 / (1 + np.exp(-D @ found.x)) - q
            return found.x, slope[:, None] * D  # theta, and F_g for g = each unit vector

        _, before = solve(X, low, high)
        theta, _ = fit(X, *with_diagonal(len(X), low, high), before.weights)
        grown, l2, h2 = place_clones(placement, eps, copies, rng, X, low, high, before.weights[len(X) :])
        first, second = with_diagonal(len(grown), l2, h2)
        table, after = solve(grown, l2, h2)
        moved_theta, _ = fit(grown, first, second, after.weights)
        D, q = grown[first] - grown[second], win_rate(grown[first], grown[second])
        F = (1 / (1 + np.exp(-D @ theta)) - q)[:, None] * D
        # least norm of a function with these values on all pairs: F' K2^-1 F
        norms = F.T @ np.linalg.solve(table + 1e-10 * np.eye(len(table)), F)
        B = np.sqrt(np.linalg.eigvalsh(0.5 * (norms + norms.T))[-1])
        allowed = B / mu * np.sqrt(delta(eps) * np.sqrt(before.value))
        shift = np.linalg.norm(moved_theta - theta)
        assert 0 < shift <= allowed
