"""The linear reward: stationarity, equivalences, invariances, intervals, errors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from cloneproof._core.errors import InputError, NoMaximumLikelihoodError, ParameterError
from cloneproof.preferences import Comparisons
from cloneproof.rewards.bradley_terry import BradleyTerry
from cloneproof.rewards.comparison_weights import comparison_weights
from cloneproof.rewards.linear import LinearReward


def simulate(seed, m=40, d=4, n=300, *, counts=False):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, d))
    theta = rng.standard_normal(d)
    left = rng.integers(m, size=n)
    right = (left + rng.integers(1, m, size=n)) % m
    p = 1 / (1 + np.exp(-(X[left] - X[right]) @ theta))
    outcome = (rng.random(n) < p).astype(float)
    count = rng.integers(1, 4, size=n) if counts else None
    return Comparisons.from_arrays(left, right, outcome, count=count, ids=np.arange(m)), X, theta


def slow_objective(theta, c, X, w, omega, lam, mu=0.0):
    """The objective as a double loop, from the formula."""
    center = sum(w[a] * X[a] for a in range(len(X)))
    r = [float((X[a] - center) @ theta) for a in range(len(X))]
    value = 0.0
    for e in range(len(c)):
        d = r[c.left[e]] - r[c.right[e]]
        value += omega[e] * (c.outcome[e] * np.log1p(np.exp(-d)) + (1 - c.outcome[e]) * np.log1p(np.exp(d)))
    value += 0.5 * lam * sum(w[a] * r[a] ** 2 for a in range(len(X)))
    S = (X - center).T @ np.diag(w) @ (X - center)
    return value + 0.5 * mu * np.trace(S @ S) / np.trace(S) * float(theta @ theta)


@pytest.mark.parametrize("shrinkage", [0.0, 0.3])
@pytest.mark.parametrize("weighted", ["plain", "balanced", "given"])
def test_it_minimises_the_written_objective(weighted, shrinkage):
    c, X, _ = simulate(0, m=12, d=3, n=60, counts=True)
    rng = np.random.default_rng(1)
    w = np.full(12, 1 / 12) if weighted == "plain" else rng.dirichlet(np.ones(12))
    if weighted == "plain":
        omega, given = c.count / c.count.sum(), {}
    elif weighted == "balanced":
        omega, given = comparison_weights(c, w, method="balanced"), {"alternative_weight": w}
    else:
        omega = rng.dirichlet(np.ones(60))
        given = {"alternative_weight": w, "comparison_weight": 7 * omega}
    omega = omega * (1 - w @ w) / 2
    model = LinearReward(regularization=0.05, shrinkage=shrinkage).fit(c, X, **given)
    best = slow_objective(model.coef_, c, X, w, omega, 0.05, shrinkage)
    found = minimize(slow_objective, np.zeros(3), args=(c, X, w, omega, 0.05, shrinkage), tol=1e-12)
    np.testing.assert_allclose(model.coef_, found.x, atol=1e-4)
    for i in range(3):  # stationarity by central differences
        step = 1e-5 * np.eye(3)[i]
        slope = slow_objective(model.coef_ + step, c, X, w, omega, 0.05, shrinkage)
        slope -= slow_objective(model.coef_ - step, c, X, w, omega, 0.05, shrinkage)
        assert abs(slope / 2e-5) < 1e-9
    assert best <= found.fun + 1e-14
    assert model.gradient_norm_ <= 1e-10
    assert abs(w @ model.rewards_) < 1e-12


@pytest.mark.parametrize("dims", [9, 40])
def test_features_that_span_everything_give_the_tabular_rewards(dims):
    rng = np.random.default_rng(2)
    m = 9
    P = rng.random((m, m))
    P = P / (P + P.T)
    c = Comparisons.from_win_rates(P)
    w = rng.dirichlet(np.ones(m))
    X = rng.standard_normal((m, dims))
    linear = LinearReward(regularization=0.03).fit(c, X, alternative_weight=w)
    tabular = BradleyTerry(regularization=0.03).fit(c, alternative_weight=w)
    np.testing.assert_allclose(linear.rewards_, tabular.rewards_, atol=1e-8)


def test_rewards_ignore_shifts_and_linear_maps_of_the_embeddings():
    c, X, _ = simulate(3)
    A = np.random.default_rng(4).standard_normal((4, 4))
    plain = LinearReward().fit(c, X)
    moved = LinearReward().fit(c, X @ A + 5.0)
    np.testing.assert_allclose(moved.rewards_, plain.rewards_, atol=1e-8)
    np.testing.assert_allclose(moved.standard_errors_, plain.standard_errors_, atol=1e-8)
    rotation = np.linalg.qr(A)[0]
    shrunk = LinearReward(shrinkage=0.5).fit(c, X)
    padded = LinearReward(shrinkage=0.5).fit(c, np.hstack([3.0 * X @ rotation, np.zeros((40, 2))]))
    np.testing.assert_allclose(padded.rewards_, shrunk.rewards_, atol=1e-8)
    np.testing.assert_allclose(padded.coef_[4:], 0.0)


def test_undetermined_directions_get_the_least_norm():
    c = Comparisons.from_win_rates([[0.5, 0.8], [0.2, 0.5]])
    model = LinearReward(regularization=0.1).fit(c, [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert model.coef_[0] == pytest.approx(model.coef_[1])
    assert model.coef_[2] == 0.0
    assert model.predict([[0.5, 0.5, 9.0]])[0] == pytest.approx(0.0, abs=1e-12)


def test_sides_rows_and_counts_do_not_matter():
    c, X, _ = simulate(5, counts=True)
    once = LinearReward().fit(c, X)
    swapped = Comparisons.from_arrays(c.right, c.left, 1 - c.outcome, count=c.count, ids=c.ids)
    np.testing.assert_allclose(LinearReward().fit(swapped, X).rewards_, once.rewards_, atol=1e-9)
    rows = np.repeat(np.arange(len(c)), c.count.astype(int))
    repeated = Comparisons.from_arrays(c.left[rows], c.right[rows], c.outcome[rows], ids=c.ids)
    again = LinearReward().fit(repeated, X)
    np.testing.assert_allclose(again.rewards_, once.rewards_, atol=1e-9)
    np.testing.assert_allclose(again.standard_errors_, once.standard_errors_, rtol=1e-9)


def test_clusters_of_copied_rows_undo_the_copies():
    c, X, _ = simulate(6)
    once = LinearReward().fit(c, X)
    rows = np.repeat(np.arange(len(c)), 4)
    copied = LinearReward().fit(c.select(rows), X, clusters=rows)
    inflation = np.sqrt(len(c) / (len(c) - 1))
    np.testing.assert_allclose(copied.standard_errors_, inflation * once.standard_errors_, rtol=1e-8)
    naive = LinearReward().fit(c.select(rows), X)
    np.testing.assert_allclose(naive.standard_errors_, once.standard_errors_ / 2, rtol=1e-8)


def test_intervals_cover_the_rewards():
    covered = []
    for seed in range(60):
        c, X, theta = simulate(100 + seed, m=60, d=3, n=800)
        model = LinearReward(regularization=0.0).fit(c, X)
        low, high = model.interval(0.9).T
        truth = (X - X.mean(axis=0)) @ theta
        covered.append(np.mean((low <= truth) & (truth <= high)))
    # 60 runs; rewards of a run are dependent, so the mean over runs has this standard error
    assert abs(np.mean(covered) - 0.9) < 3.5 * np.std(covered) / np.sqrt(60)


def test_prediction_and_interval_at_the_alternatives_agree_with_the_fit():
    c, X, _ = simulate(7)
    model = LinearReward(n_components=3).fit(c, X)
    np.testing.assert_allclose(model.predict(X), model.rewards_, atol=1e-12)
    np.testing.assert_allclose(model.interval(0.8), model.interval(0.8, X), atol=1e-12)
    np.testing.assert_allclose((X - model.center_) @ model.coef_, model.rewards_, atol=1e-12)


def test_exact_copies_with_balanced_weights_move_nothing():
    rng = np.random.default_rng(8)
    P = rng.random((6, 6))
    P = P / (P + P.T)
    X = rng.standard_normal((6, 3))
    w = np.full(6, 1 / 6)
    base = LinearReward(shrinkage=0.2).fit(Comparisons.from_win_rates(P), X, alternative_weight=w)
    who = np.r_[np.arange(6), np.zeros(50, dtype=int)]
    copied = P[np.ix_(who, who)]
    copied[np.equal.outer(who, who)] = 0.5
    split = w[who] / np.where(who == 0, 51, 1)
    model = LinearReward(shrinkage=0.2).fit(Comparisons.from_win_rates(copied), X[who], split)
    np.testing.assert_allclose(model.rewards_[:6], base.rewards_, atol=1e-9)


def test_auto_shrinkage_shrinks_noise_more_than_signal():
    rng = np.random.default_rng(9)
    X = rng.standard_normal((300, 60)) * np.r_[np.full(3, 3.0), np.full(57, 0.3)]
    left, right = np.arange(150), np.arange(150, 300)
    d = (X[left] - X[right])[:, :3].sum(axis=1)
    outcome = (rng.random(150) < 1 / (1 + np.exp(-d))).astype(float)
    c = Comparisons.from_arrays(left, right, outcome, ids=np.arange(300))
    auto = LinearReward(shrinkage="auto").fit(c, X)
    assert auto.shrinkage_ > 0
    truth = X[:, :3].sum(axis=1)
    plain = LinearReward().fit(c, X)
    assert np.corrcoef(auto.rewards_, truth)[0, 1] > np.corrcoef(plain.rewards_, truth)[0, 1] + 0.02


def test_separated_comparisons_without_a_ridge_are_refused():
    c = Comparisons.from_arrays([0, 0, 1], [1, 2, 2], ids=[0, 1, 2])
    with pytest.raises(NoMaximumLikelihoodError, match="no finite maximiser"):
        LinearReward(regularization=0.0).fit(c, [[3.0], [2.0], [1.0]])
    assert np.isfinite(LinearReward(regularization=1e-6).fit(c, [[3.0], [2.0], [1.0]]).rewards_).all()


def test_alternatives_that_are_all_the_same_point_have_reward_zero():
    c = Comparisons.from_arrays([0, 0], [1, 1], [1, 1], ids=[0, 1])
    model = LinearReward().fit(c, [[2.0], [2.0]])
    np.testing.assert_array_equal(model.rewards_, 0.0)
    np.testing.assert_array_equal(model.standard_errors_, 0.0)


@pytest.mark.parametrize(
    ("options", "X", "error", "message"),
    [
        ({"regularization": -1.0}, [[1.0], [0.0]], ParameterError, "regularization must be"),
        ({"regularization": float("inf")}, [[1.0], [0.0]], ParameterError, "regularization must be"),
        ({"shrinkage": "best"}, [[1.0], [0.0]], ParameterError, "'best'"),
        ({"shrinkage": "auto"}, [[1.0], [0.0]], InputError, "at least 10 of them; there are 1"),
        ({"n_components": 2}, [[1.0], [0.0]], ParameterError, "n_components"),
        ({}, [[1.0], [0.0], [2.0]], InputError, r"shape \(3, 1\) but the comparisons name 2"),
        ({}, [1.0, 0.0], InputError, "table of shape"),
        ({}, [[np.nan], [0.0]], InputError, r"first: nan \(row 0, column 0\)"),
    ],
)
def test_bad_input_is_named(options, X, error, message):
    c = Comparisons.from_arrays([0], [1], ids=[0, 1])
    with pytest.raises(error, match=message):
        LinearReward(**options).fit(c, X)


def test_new_texts_must_have_the_dimensions_of_the_fit():
    c, X, _ = simulate(10)
    with pytest.raises(InputError, match="fitted on 4 dimensions"):
        LinearReward().fit(c, X).predict(X[:, :3])
    with pytest.raises(InputError, match="name none"):
        LinearReward().fit(c, X, clusters="annotator")
    with pytest.raises(InputError, match="one per comparison"):
        LinearReward().fit(c, X, clusters=[1, 2])


def test_accuracy_counts_predicted_rows():
    c = Comparisons.from_arrays([0, 1, 0, 1], [1, 2, 2, 0], [1, 1, 0.5, 1], ids=[0, 1, 2])
    model = LinearReward().fit(c, [[3.0], [2.0], [1.0]])
    sign = np.sign(model.coef_[0])
    expected = 2 / 3 if sign > 0 else 1 / 3
    assert model.accuracy(c, [[3.0], [2.0], [1.0]]) == pytest.approx(expected)


@pytest.mark.parametrize("size", [1e-100, 1e-6, 1e6, 1e100])
def test_the_unit_of_the_embeddings_does_not_matter(size):
    c, X, _ = simulate(11)
    for shrinkage in (0.0, 0.3):
        base = LinearReward(shrinkage=shrinkage).fit(c, X)
        scaled = LinearReward(shrinkage=shrinkage).fit(c, size * X)
        np.testing.assert_allclose(scaled.rewards_, base.rewards_, atol=1e-8)
        np.testing.assert_allclose(scaled.coef_ * size, base.coef_, atol=1e-8)


def test_all_weight_on_one_alternative_leaves_nothing_to_learn():
    c, X, _ = simulate(12, m=5, n=20)
    model = LinearReward().fit(c, X, [1.0, 0, 0, 0, 0], np.ones(20))
    np.testing.assert_array_equal(model.rewards_, 0.0)


def test_alternatives_of_weight_zero_are_predicted_like_any_other():
    c, X, _ = simulate(13)
    w = np.full(40, 1.0)
    w[:10] = 0.0
    model = LinearReward().fit(c, X, alternative_weight=w)
    np.testing.assert_allclose(model.rewards_, model.predict(X), atol=1e-12)
    kept = c.select((c.left >= 10) & (c.right >= 10))
    np.testing.assert_allclose(LinearReward().fit(kept, X, w).rewards_, model.rewards_, atol=1e-9)
    assert (model.standard_errors_[:10] > 0).all()
