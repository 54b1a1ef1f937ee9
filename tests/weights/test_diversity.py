"""Diversity weights against a conic solver, their optimality conditions, and the laws of copies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from cloneproof import DiversityWeights
from cloneproof._core.errors import CloneProofWarning, InputError, ParameterError
from tests.weights.oracles_diversity import clarabel_simplex, gaussian_kernel, relative_gap
from tests.weights.sklearn_checks import parametrize_checks


@parametrize_checks(DiversityWeights())
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@parametrize_checks(DiversityWeights(scale=0.5, method="sparse"))
def test_scikit_learn_contract_of_the_sparse_road(estimator, check):
    check(estimator)


def draw(kind, m, seed=0):
    rng = np.random.default_rng(seed)
    if kind == "line":
        return rng.normal(size=(m, 1))
    if kind == "plane":
        return rng.normal(size=(m, 2))
    centres = rng.normal(size=(max(2, m // 5), 24))
    X = centres[rng.integers(0, len(centres), m)] + 0.4 * rng.normal(size=(m, 24))
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def optimality(X, weights, scale):
    """Kuhn and Tucker in float64, all copies kept: how far (Kw)_i lies below w'Kw, and w_i (|(Kw)_i - w'Kw|)."""
    kernel = gaussian_kernel(np.asarray(X, dtype=np.float64), scale)
    product = kernel @ weights
    value = float(weights @ product)
    return float((value - product).max()) / value, float((weights * np.abs(product - value)).max()) / value


@pytest.mark.parametrize("scale", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("kind", ["line", "plane", "text"])
def test_the_optimum_of_a_conic_solver_and_its_conditions(kind, scale):
    X = draw(kind, 60)
    found = DiversityWeights(scale=scale, tol=1e-8).fit(X)
    kernel = gaussian_kernel(X, scale)
    slow = clarabel_simplex(kernel)
    value, best = (float(w @ kernel @ w) for w in (found.weights_, slow))
    assert value <= best * (1 + 2e-8)
    below, complementary = optimality(X, found.weights_, scale)
    assert below <= 1.01e-8
    assert complementary <= 1.01e-8
    assert found.relative_gap_ == pytest.approx(relative_gap(kernel, found.weights_), abs=1e-12)
    assert found.gap_ == pytest.approx(found.relative_gap_ * value, rel=1e-6, abs=1e-15)
    assert found.n_effective_ == pytest.approx(1 / value, rel=1e-9)
    assert found.effective_sample_size_ == pytest.approx(1 / (found.weights_**2).sum())
    assert (found.n_points_, found.n_gap_rows_, found.scale_) == (60, 60, scale)


def test_three_points_worked_by_hand():
    """Two points at distance a and one far away: the pair shares 1 / (1 + (1 + k) / 2), k = exp(-a^2 / 2 h^2)."""
    k = np.exp(-0.5 * (0.6 / 0.5) ** 2)
    near = 1 / (2 + (1 + k))  # minimise 2 w^2 (1 + k) + (1 - 2 w)^2
    w = DiversityWeights(scale=0.5, tol=1e-10).fit([[0.0], [0.6], [100.0]]).weights_
    np.testing.assert_allclose(w, [near, near, 1 - 2 * near], atol=1e-8)


@pytest.mark.parametrize("kind", ["plane", "text"])
@pytest.mark.parametrize("scale", [0.15, 0.5])
def test_dense_and_sparse_roads_agree(kind, scale):
    X = draw(kind, 300, seed=1)
    dense = DiversityWeights(scale=scale, method="dense").fit(X)
    sparse = DiversityWeights(scale=scale, method="sparse").fit(X)
    assert max(dense.relative_gap_, sparse.relative_gap_) <= 1e-6
    assert sparse.n_effective_ == pytest.approx(dense.n_effective_, rel=3e-6)
    kernel = gaussian_kernel(X, scale)
    assert relative_gap(kernel, sparse.weights_) <= 2e-6  # measured here in float64, there partly in float32
    if kind == "text":  # in the plane the kernel is nearly singular: equal values, other weights
        np.testing.assert_allclose(sparse.weights_, dense.weights_, atol=2e-4)


@pytest.mark.parametrize("method", ["dense", "sparse"])
@pytest.mark.parametrize("copies", [1, 10, 1_000])
def test_exact_copies_keep_every_total_to_1e_12(method, copies):
    X = draw("text", 40, seed=2)
    scale = 0.5 if method == "sparse" else "auto"
    before = DiversityWeights(scale=scale, method=method).fit(X)
    after = DiversityWeights(scale=scale, method=method).fit(
        np.concatenate([X, np.repeat(X[[7]], copies, axis=0)])
    )
    family = after.weights_[7] + after.weights_[40:].sum()
    others = np.delete(np.arange(40), 7)
    assert abs(family - before.weights_[7]) < 1e-12
    assert np.abs(after.weights_[others] - before.weights_[others]).max() < 1e-15
    assert np.ptp(np.append(after.weights_[40:], after.weights_[7])) == 0.0
    assert (after.scale_, after.n_effective_) == (before.scale_, before.n_effective_)


def test_copies_of_a_third_of_the_data_shuffled_keep_every_total():
    X = draw("text", 60, seed=3)
    rng = np.random.default_rng(0)
    rows = np.concatenate([np.arange(60), rng.choice(18, size=500)])  # 30 % of the rows, unevenly
    order = rng.permutation(len(rows))
    before = DiversityWeights().fit(X)
    after = DiversityWeights().fit(X[rows[order]])
    totals = np.bincount(rows[order], weights=after.weights_)
    assert np.abs(totals - before.weights_).max() < 1e-12
    assert after.scale_ == before.scale_


@pytest.mark.parametrize("n_clones", [1, 20, 200])
@pytest.mark.parametrize("epsilon", [1e-3, 1e-2])
def test_clones_within_epsilon_move_the_total_by_order_epsilon(n_clones, epsilon):
    X = draw("text", 40, seed=4)
    rng = np.random.default_rng(5)
    shift = rng.normal(size=(n_clones, 24))
    shift *= epsilon / np.linalg.norm(shift, axis=1, keepdims=True)
    before = DiversityWeights(scale=0.5).fit(X).weights_
    after = DiversityWeights(scale=0.5).fit(np.concatenate([X, X[3] + shift])).weights_
    assert abs(after[3] + after[40:].sum() - before[3]) < epsilon / 0.5


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 14),
    st.integers(1, 3),
    st.floats(0.05, 4.0),
    st.integers(0, 2**31 - 1),
    st.sampled_from([np.float32, np.float64]),
)
def test_any_table_is_weighed_optimally_and_by_its_rows_alone(m, d, scale, seed, dtype):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(m, d)).astype(dtype)
    X = X[rng.integers(0, m, size=2 * m)]  # copies
    found = DiversityWeights(scale=scale).fit(X)
    assert found.weights_.min() >= 0
    assert found.weights_.sum() == pytest.approx(1.0, abs=1e-12)
    assert optimality(X, found.weights_, scale)[0] <= 1.001e-6
    order = rng.permutation(2 * m)
    assert (DiversityWeights(scale=scale).fit(X[order]).weights_ == found.weights_[order]).all()


@pytest.mark.parametrize("method", ["dense", "sparse"])
def test_threads_do_not_change_a_bit(method):
    X = draw("text", 1_300, seed=6).astype(np.float32)  # two blocks of rows
    found = []
    for n_threads in (1, 2, 8):
        with threadpool_limits(n_threads):
            found.append(
                DiversityWeights(scale=0.4, method=method, tol=1e-4, n_jobs=n_threads).fit(X).weights_
            )
    assert (found[0] == found[1]).all()
    assert (found[0] == found[2]).all()


def test_float32_is_as_good_as_float64():
    X = draw("text", 80, seed=7).astype(np.float32)
    single, double = (DiversityWeights().fit(X.astype(kind)) for kind in (np.float32, np.float64))
    assert single.scale_ == pytest.approx(double.scale_, rel=1e-9)
    np.testing.assert_allclose(single.weights_, double.weights_, atol=1e-6)


def test_far_from_the_origin_and_in_any_unit():
    X = draw("text", 50, seed=8)
    base = DiversityWeights(scale=0.4).fit(X).weights_
    np.testing.assert_allclose(DiversityWeights(scale=0.4).fit(X + 1e6).weights_, base, atol=1e-5)
    np.testing.assert_allclose(DiversityWeights(scale=4e99).fit(1e100 * X).weights_, base, atol=1e-9)
    np.testing.assert_allclose(
        DiversityWeights().fit(1e-100 * X).weights_, DiversityWeights().fit(X).weights_, atol=1e-9
    )


@pytest.mark.parametrize("method", ["auto", "sparse"])
@pytest.mark.parametrize("X", [[[3.0, 4.0]], [[3.0, 4.0]] * 7, [[0.0], [-0.0]]])
def test_a_single_point_shares_equally(method, X):
    found = DiversityWeights(method=method).fit(X)
    np.testing.assert_allclose(found.weights_, 1.0 / len(X), atol=1e-15)
    assert found.n_points_ == 1
    assert found.n_effective_ == pytest.approx(1.0)
    assert found.scale_ == 1.0


def test_a_gap_that_stays_open_is_said():
    X = draw("plane", 120, seed=9)
    with pytest.warns(CloneProofWarning, match=r"stopped at a relative gap of .* above tol=1e-06"):
        found = DiversityWeights(scale=0.5, max_iter=1).fit(X)
    assert found.relative_gap_ > 1e-6
    assert found.weights_.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": 0.0}, r"scale must be a number in \(0, inf\). Got 0.0"),
        ({"scale": "wide"}, "scale must be 'auto'"),
        ({"scale": np.nan}, "scale"),
        ({"tol": 0}, "tol"),
        ({"tol": 1.0}, "tol"),
        ({"method": "fast"}, "method must be one of 'auto'"),
        ({"max_iter": 0}, "max_iter"),
        ({"max_refinements": -1}, "max_refinements"),
        ({"n_jobs": 0}, "n_jobs"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ParameterError, match=message):
        DiversityWeights(**options).fit([[0.0], [1.0]])


@pytest.mark.parametrize("X", [np.empty((0, 2)), [[np.nan]], [[np.inf], [0.0]], [0.0, 1.0], [["a"]]])
def test_bad_tables_are_named(X):
    with pytest.raises(InputError):
        DiversityWeights().fit(X)
