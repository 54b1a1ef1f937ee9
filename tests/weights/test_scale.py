"""The automatic scale and the curve to choose one by: laws of copies, the fixed point, and the definition."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from cloneproof import DiversityWeights
from cloneproof._core.errors import InputError, ParameterError
from cloneproof.weights import choose_scale, effective_sample_size, scale_curve
from cloneproof.weights import scale as module
from tests.weights.oracles_diversity import clarabel_simplex, gaussian_kernel


def draw(m=80, d=16, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(max(2, m // 5), d))
    X = centres[rng.integers(0, len(centres), m)] + 0.4 * rng.normal(size=(m, d))
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def spread(X, w):
    """The weighted root-mean-square distance, pair by pair."""
    return np.sqrt(
        sum(w[i] * w[j] * ((X[i] - X[j]) ** 2).sum() for i in range(len(X)) for j in range(len(X)))
    )


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_fixed_point_of_its_definition(seed):
    X = draw(40, seed=seed)
    h = choose_scale(X)
    assert h == pytest.approx(0.22 * spread(X, clarabel_simplex(gaussian_kernel(X, h))), rel=2e-4)
    for larger in h * np.array([1.05, 1.3, 2.0]):  # no fixed point above it
        assert 0.22 * spread(X, clarabel_simplex(gaussian_kernel(X, larger))) < larger


@pytest.mark.parametrize("copies", [1, 10, 100, 1_000])
def test_copies_of_one_alternative_do_not_move_a_bit(copies):
    X = draw()
    assert choose_scale(np.concatenate([X, np.repeat(X[[5]], copies, axis=0)])) == choose_scale(X)


@pytest.mark.parametrize("times", [1, 10, 100])
def test_copies_of_a_third_of_the_data_do_not_move_a_bit(times):
    X = draw()
    rows = np.random.default_rng(1).permutation(
        np.concatenate([np.arange(80), np.tile(np.arange(24), times)])
    )
    assert choose_scale(X[rows]) == choose_scale(X)


def test_exact_copies_do_not_move_the_net_of_a_large_table_either(monkeypatch):
    monkeypatch.setattr(module, "NET_SIZE", 50)
    X = draw(300)
    assert choose_scale(np.concatenate([X, np.repeat(X[[5, 6]], 200, axis=0)])) == choose_scale(X)


@pytest.mark.parametrize("noise", [1e-3, 1e-2])
def test_noisy_copies_move_it_by_little(noise):
    X = draw()
    shift = np.random.default_rng(2).normal(size=(300, 16))
    clones = X[5] + noise * shift / np.linalg.norm(shift, axis=1, keepdims=True)
    assert choose_scale(np.concatenate([X, clones])) == pytest.approx(choose_scale(X), rel=noise)


def test_it_follows_a_moving_point_smoothly():
    """The bracket alone ends .2 % wide: interpolated, steps of a slide differ by far less than that."""
    X = draw(30)
    direction = np.random.default_rng(3).normal(size=16)
    found = [choose_scale(np.concatenate([X, X[:1] + t * direction])) for t in np.linspace(0.3, 0.31, 12)]
    steps = np.diff(np.log(found))
    assert np.abs(np.diff(steps)).max() < 2e-5


def test_unit_place_order_threads_and_dtype():
    X = draw(60)
    h = choose_scale(X)
    assert choose_scale(1e6 * X) == pytest.approx(1e6 * h, rel=1e-6)
    assert choose_scale(X + 100.0) == pytest.approx(h, rel=1e-6)
    assert choose_scale(X.astype(np.float32)) == pytest.approx(h, rel=1e-5)
    assert choose_scale(X[::-1]) == h
    for n_threads in (1, 2, 8):
        with threadpool_limits(n_threads):
            assert choose_scale(X, n_jobs=n_threads) == h


def test_small_cases_worked_by_hand():
    assert choose_scale([[3.0]]) == 1.0
    assert choose_scale([[3.0]] * 5) == 1.0
    assert choose_scale([[0.0], [2.0]]) == pytest.approx(0.22 * np.sqrt(0.5 * 4.0), rel=1e-3)  # w = 1/2 each
    assert choose_scale([[0.0], [2.0]], fraction=0.44) == pytest.approx(0.44 * np.sqrt(2.0), rel=1e-3)


def test_unit_vectors_of_text_size_land_near_three_tenths():
    X = np.random.default_rng(4).normal(size=(200, 384))
    assert 0.28 < choose_scale(X / np.linalg.norm(X, axis=1, keepdims=True)) < 0.34


def test_the_curve_is_what_it_says():
    X = draw(40)
    curve = scale_curve(X, [0.2, 0.4], noise=0.05, n_copies=7, n_targets=3, random_state=1)
    for k, h in enumerate([0.2, 0.4]):
        fitted = DiversityWeights(scale=h).fit(X)
        assert curve.n_effective[k] == pytest.approx(fitted.n_effective_, rel=1e-6)
        assert curve.effective_sample_size[k] == pytest.approx(fitted.effective_sample_size_, rel=1e-3)
        assert curve.variance_cost[k] == pytest.approx(np.sqrt(40 / curve.effective_sample_size[k]))
    assert curve.auto == choose_scale(X)
    assert (curve.noise, curve.n_copies, curve.n_targets, curve.n_points) == (0.05, 7, 3, 40)
    assert (curve.relative_gap <= 1e-6).all()


def test_the_curve_shows_the_bargain():
    """Small scales count every copy; large ones cost, and are fragile too. The automatic one lies near the bottom."""
    curve = scale_curve(draw(60), n_copies=10, noise=0.2, n_targets=4)
    assert curve.scales[4] == pytest.approx(curve.auto)
    best = int(np.argmin(curve.inflation))
    assert best in {3, 4, 5}
    assert curve.inflation[[0, -1]].min() > 3 * curve.inflation[best]
    assert (np.diff(curve.variance_cost) > 0).all()
    assert (np.diff(curve.n_effective) < 0).all()
    tiny = scale_curve(draw(60), [1e-4], n_copies=10, noise=0.05, n_targets=2)
    assert tiny.inflation[0] == pytest.approx(11 * 60 / 70, rel=1e-6)  # uniform weights


def test_a_target_without_weight_does_not_grow_by_infinity():
    surrounded = np.concatenate([np.random.default_rng(0).normal(size=(40, 2)), np.zeros((1, 2))])
    curve = scale_curve(surrounded, [3.0], n_copies=3, noise=0.01, n_targets=41)
    assert np.isfinite(curve.inflation).all()
    fitted = DiversityWeights(scale=3.0).fit(surrounded).weights_
    assert (fitted < 1e-6).sum() > 5, "some targets must have no weight for this test to mean anything"
    assert curve.inflation[0] < 5.0


def test_exact_copies_do_not_move_the_curve():
    X = draw(30)
    first, second = (scale_curve(Y, [0.3], n_targets=2) for Y in (X, np.repeat(X, 20, axis=0)))
    assert (first.n_effective == second.n_effective).all()
    assert (first.inflation == second.inflation).all()
    assert first.effective_sample_size[0] == pytest.approx(
        effective_sample_size(DiversityWeights(scale=0.3).fit(X).weights_)
    )


def test_the_curve_of_a_single_point_and_of_more_targets_than_points():
    curve = scale_curve([[1.0, 2.0]] * 3, [0.5], n_targets=9)
    assert (curve.n_points, curve.n_targets) == (1, 1)
    assert curve.n_effective.tolist() == [1.0]
    assert curve.inflation[0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: choose_scale([[0.0]], fraction=0.0), ParameterError, "fraction"),
        (lambda: choose_scale([[np.nan]]), InputError, "finite"),
        (lambda: choose_scale(np.empty((0, 2))), InputError, "at least one row"),
        (lambda: scale_curve([[0.0], [1.0]], [0.0]), ParameterError, "scales"),
        (lambda: scale_curve([[0.0], [1.0]], []), ParameterError, "scales"),
        (lambda: scale_curve([[0.0], [1.0]], ["a"]), InputError, "scales"),
        (lambda: scale_curve([[0.0], [1.0]], noise=-1.0), ParameterError, "noise"),
        (lambda: scale_curve([[0.0], [1.0]], n_copies=0), ParameterError, "n_copies"),
        (lambda: scale_curve([[0.0], [1.0]], n_targets=0), ParameterError, "n_targets"),
        (lambda: scale_curve([[0.0], [1.0]], random_state=-1), ParameterError, "random_state"),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
