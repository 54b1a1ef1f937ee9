"""The kernel reward: the optimum it claims, its tabular limit, landmarks, scale, predictions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from cloneproof._core.errors import InputError, ParameterError
from cloneproof.preferences import Comparisons
from cloneproof.rewards.bradley_terry import BradleyTerry
from cloneproof.rewards.kernel import KernelReward, pivoted_cholesky
from cloneproof.weights import gaussian_kernel


def simulate(seed, m=40, n=300):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, size=(m, 2))
    truth = 2 * np.cos(2 * X[:, 0]) + X[:, 1] ** 2
    left = rng.integers(m, size=n)
    right = (left + rng.integers(1, m, size=n)) % m
    outcome = (rng.random(n) < 1 / (1 + np.exp(truth[right] - truth[left]))).astype(float)
    return Comparisons.from_arrays(left, right, outcome, ids=np.arange(m)), X, truth


def test_it_is_the_optimum_over_all_functions_of_the_kernel_space():
    """By the representer theorem f is a sum of kernels at the texts: minimise over their coefficients."""
    c, X, _ = simulate(0, m=9, n=50)
    rng = np.random.default_rng(1)
    w, omega = rng.dirichlet(np.ones(9)), rng.dirichlet(np.ones(50))
    model = KernelReward(scale=1.0, regularization=0.05, shrinkage=0.3).fit(c, X, w, omega)
    K = gaussian_kernel(X, 1.0)
    omega = omega * (1 - w @ w) / 2
    center = np.eye(9) - np.outer(np.ones(9), w)
    spectrum = np.linalg.eigvalsh(np.sqrt(np.outer(w, w)) * (center @ K @ center.T))
    unit = (spectrum**2).sum() / spectrum.sum()

    def slow(alpha):
        f = K @ alpha
        r = f - w @ f
        value = 0.0
        for e in range(len(c)):
            d = r[c.left[e]] - r[c.right[e]]
            value += omega[e] * (
                c.outcome[e] * np.log1p(np.exp(-d)) + (1 - c.outcome[e]) * np.log1p(np.exp(d))
            )
        return value + 0.5 * 0.05 * w @ r**2 + 0.5 * 0.3 * unit * alpha @ K @ alpha

    found = minimize(slow, np.zeros(9), tol=1e-13, options={"maxiter": 5000})
    f = K @ found.x
    np.testing.assert_allclose(model.rewards_, f - w @ f, atol=2e-4)
    ours = slow(np.linalg.solve(K, model.rewards_ + (model._center @ model._fit.theta)))
    assert ours <= found.fun + 1e-10
    assert model.gradient_norm_ <= 1e-10
    assert abs(w @ model.rewards_) < 1e-12


def test_without_shrinkage_and_with_every_landmark_it_is_tabular():
    rng = np.random.default_rng(2)
    P = rng.random((10, 10))
    c, X = Comparisons.from_win_rates(P / (P + P.T)), rng.standard_normal((10, 3))
    free = KernelReward(scale=1.0, shrinkage=0.0).fit(c, X)
    np.testing.assert_allclose(free.rewards_, BradleyTerry().fit(c).rewards_, atol=1e-7)
    assert free.residual_ == 0.0


def test_it_learns_what_a_linear_reward_cannot():
    c, X, truth = simulate(3, m=400, n=3000)
    model = KernelReward(scale=0.7).fit(c, X)
    assert np.corrcoef(model.rewards_, truth)[0, 1] > 0.95
    new = np.random.default_rng(4).uniform(-2, 2, size=(200, 2))
    expected = 2 * np.cos(2 * new[:, 0]) + new[:, 1] ** 2
    assert np.corrcoef(model.predict(new), expected)[0, 1] > 0.9


def test_predictions_and_intervals_at_the_texts_are_those_of_the_fit():
    c, X, _ = simulate(5)
    for n_landmarks in (500, 15):
        model = KernelReward(shrinkage=0.1, n_landmarks=n_landmarks).fit(c, X)
        assert len(model.landmarks_) <= min(n_landmarks, 40)
        np.testing.assert_allclose(model.predict(X), model.rewards_, atol=1e-6)
        np.testing.assert_allclose(model.interval(0.9), model.interval(0.9, X), atol=1e-6)
        assert (model.standard_errors_ > 0).all()


def test_landmarks_span_the_kernel_and_copies_are_never_chosen_twice():
    rng = np.random.default_rng(6)
    X = rng.standard_normal((60, 2))
    X = np.vstack([X, X[:30], X[:30]])
    K = gaussian_kernel(X, 0.6)
    table, landmarks, residual = pivoted_cholesky(X, 0.6, 1_000)
    assert len(landmarks) <= 60
    np.testing.assert_allclose(table @ table.T, K, atol=1e-9)
    assert residual < 1e-9
    few, chosen, left_over = pivoted_cholesky(X, 0.6, 8)
    assert len(np.unique(X[chosen], axis=0)) == 8
    assert left_over == pytest.approx(np.diag(K - few @ few.T).max(), abs=1e-12)
    inverse = np.linalg.inv(K[np.ix_(chosen, chosen)])
    np.testing.assert_allclose(few @ few.T, K[:, chosen] @ inverse @ K[chosen], atol=1e-9)


def test_copies_with_their_weight_split_move_nothing():
    c, X, _ = simulate(7, m=12, n=66)
    w = np.full(12, 1 / 12)
    omega = np.full(66, 1 / 66)
    base = KernelReward(shrinkage=0.1).fit(c, X, w, omega)
    first = np.flatnonzero((c.left == 0) | (c.right == 0))
    more = Comparisons.from_arrays(
        np.r_[c.left, np.where(c.left[first] == 0, 12, c.left[first])],
        np.r_[c.right, np.where(c.right[first] == 0, 12, c.right[first])],
        np.r_[c.outcome, c.outcome[first]],
        ids=np.arange(13),
    )
    split = np.r_[w[0] / 2, w[1:], w[0] / 2]
    rows = np.r_[omega, omega[first]]
    rows[first] /= 2
    rows[66:] /= 2
    grown = KernelReward(shrinkage=0.1).fit(more, np.vstack([X, X[:1]]), split, rows)
    np.testing.assert_allclose(grown.rewards_[:12], base.rewards_, atol=1e-9)
    assert grown.rewards_[12] == pytest.approx(base.rewards_[0], abs=1e-9)


def test_auto_scale_is_the_weighted_spread():
    c, X, _ = simulate(8)
    model = KernelReward(shrinkage=0.1).fit(c, X)
    distance2 = ((X[:, None] - X[None]) ** 2).sum(axis=2)
    assert model.scale_ == pytest.approx(np.sqrt(distance2.mean()))
    point = KernelReward(shrinkage=0.1).fit(c, np.zeros((40, 2)))
    np.testing.assert_allclose(point.rewards_, 0.0, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": -1.0}, "scale must be"),
        ({"scale": "wide"}, "'wide'"),
        ({"n_landmarks": 0}, "n_landmarks must be"),
        ({"shrinkage": -1.0}, "shrinkage must be"),
        ({"regularization": np.nan}, "regularization must be"),
        ({"tol": 0.0}, "tol must be"),
    ],
)
def test_bad_options_are_named(options, message):
    c, X, _ = simulate(9)
    with pytest.raises(ParameterError, match=message):
        KernelReward(**options).fit(c, X)


def test_embeddings_must_fit():
    c, X, _ = simulate(10)
    with pytest.raises(InputError, match="name 40 alternatives"):
        KernelReward().fit(c, X[:5])
    with pytest.raises(InputError, match="fitted on 2 dimensions"):
        KernelReward(shrinkage=0.1).fit(c, X).predict([[1.0]])
