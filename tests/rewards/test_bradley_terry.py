"""Bradley-Terry rewards: two roads to one answer, the laws they obey, and what is refused."""

from __future__ import annotations

import choix
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloneproof._core.errors import ConvergenceError, InputError, NoMaximumLikelihoodError, ParameterError
from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry, weighted_win_rate_residual
from tests.rewards.oracles_bt import (
    comparisons,
    random_battles,
    random_win_rates,
    slow_dense_newton,
    slow_newton,
)


@pytest.mark.parametrize("m", [2, 3, 12, 60])
def test_complete_design_equals_a_slow_newton(m):
    rng = np.random.default_rng(m)
    P = random_win_rates(m, rng)
    c = Comparisons.from_win_rates(P)
    for w in (np.full(m, 1 / m), rng.dirichlet(np.ones(m)), np.arange(m) / np.arange(m).sum()):
        bt = BradleyTerry().fit(c, w)
        np.testing.assert_allclose(bt.rewards_, slow_dense_newton(P, w), rtol=0, atol=1e-11)
        assert bt.gradient_norm_ < 1e-10
        assert abs(w @ bt.rewards_) < 1e-12
        assert weighted_win_rate_residual(bt, c, w) < 1e-12


def test_plain_equals_uniform_weights_on_a_complete_design():
    c = Comparisons.from_win_rates(random_win_rates(9, np.random.default_rng(0)))
    np.testing.assert_allclose(
        BradleyTerry().fit(c).rewards_, BradleyTerry().fit(c, np.ones(9)).rewards_, atol=1e-12
    )


@given(c=comparisons(), strength=st.sampled_from([1e-3, 0.01, 1.0]))
@settings(max_examples=60, deadline=None)
def test_any_comparisons_equal_the_double_loop(c, strength):
    rng = np.random.default_rng(len(c))
    w, omega = rng.dirichlet(np.ones(c.n_alternatives)), rng.uniform(0.1, 1, len(c))
    for weights in ({}, {"alternative_weight": w}, {"comparison_weight": omega}):
        found = BradleyTerry(regularization=strength).fit(c, **weights).rewards_
        slow = slow_newton(c, weights.get("alternative_weight"), weights.get("comparison_weight"), strength)
        np.testing.assert_allclose(found, slow, atol=1e-9)


def test_choix_agrees_with_half_the_ridge():
    rng = np.random.default_rng(3)
    c, _ = random_battles(10, 400, rng, ties=0)
    winner = np.where(c.outcome == 1, c.left, c.right)
    loser = np.where(c.outcome == 1, c.right, c.left)
    scale = (1 - 1 / 10) / 2 / 400  # the weight of one comparison
    ridge = 0.01 / 10 / scale  # lambda w_a, where comparisons count 1
    there = choix.opt_pairwise(10, list(zip(winner, loser, strict=True)), alpha=ridge / 2, tol=1e-12)
    np.testing.assert_allclose(BradleyTerry().fit(c).rewards_, there - there.mean(), atol=1e-6)


@pytest.mark.parametrize("copies", [1, 10, 100, 1000])
def test_exact_copies_move_nothing_when_weights_are_grouped(copies):
    rng = np.random.default_rng(5)
    P, w = random_win_rates(8, rng), rng.dirichlet(0.3 * np.ones(8))
    before = BradleyTerry().fit(Comparisons.from_win_rates(P), w)
    of = np.r_[np.arange(8), np.full(copies, 3)]
    Q = P[np.ix_(of, of)]
    Q[of[:, None] == of[None, :]] = 0.5
    shared = w[of] / np.where(of == 3, copies + 1, 1)
    after = BradleyTerry().fit(Comparisons.from_win_rates(Q), shared)
    assert np.abs(after.rewards_ - before.rewards_[of]).max() < 1e-9
    assert after.gradient_norm_ < 1e-10


def test_copies_move_the_plain_fit():
    P = random_win_rates(8, np.random.default_rng(5))
    of = np.r_[np.arange(8), np.full(20, 3)]
    Q = P[np.ix_(of, of)]
    Q[of[:, None] == of[None, :]] = 0.5
    before = BradleyTerry().fit(Comparisons.from_win_rates(P)).rewards_
    assert np.abs(BradleyTerry().fit(Comparisons.from_win_rates(Q)).rewards_[:8] - before).max() > 0.05


# -- laws ---------------------------------------------------------------------------------------------


@given(c=comparisons())
@settings(max_examples=40, deadline=None)
def test_relabelling_moves_the_rewards_along(c):
    rng = np.random.default_rng(len(c))
    m = c.n_alternatives
    to, w = rng.permutation(m), rng.dirichlet(np.ones(m))
    moved = Comparisons.from_arrays(to[c.left], to[c.right], c.outcome, count=c.count, ids=np.arange(m))
    there = np.empty(m)
    there[to] = w
    after = BradleyTerry().fit(moved, there).rewards_
    np.testing.assert_allclose(after[to], BradleyTerry().fit(c, w).rewards_, atol=1e-10)


@given(c=comparisons())
@settings(max_examples=40, deadline=None)
def test_swapping_sides_and_summing_repeats_change_nothing(c):
    ids = np.arange(c.n_alternatives)
    rewards = BradleyTerry().fit(c).rewards_
    swapped = Comparisons.from_arrays(c.right, c.left, 1 - c.outcome, count=c.count, ids=ids)
    np.testing.assert_allclose(BradleyTerry().fit(swapped).rewards_, rewards, atol=1e-10)
    twice = [np.concatenate([x, x]) for x in (c.left, c.right, c.outcome, c.count)]
    repeated = Comparisons.from_arrays(*twice, ids=ids)
    doubled = Comparisons.from_arrays(c.left, c.right, c.outcome, count=2 * c.count, ids=ids)
    np.testing.assert_allclose(
        BradleyTerry().fit(repeated).rewards_, BradleyTerry().fit(doubled).rewards_, atol=1e-10
    )


def test_weights_on_any_scale_are_the_same_weights():
    c, _ = random_battles(6, 80, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    w, omega = rng.uniform(size=6), rng.uniform(size=80)
    one = BradleyTerry().fit(c, w, omega).rewards_
    np.testing.assert_allclose(BradleyTerry().fit(c, 1e6 * w, 1e-6 * omega).rewards_, one, atol=1e-11)


def test_the_counts_are_inside_given_comparison_weights():
    c, _ = random_battles(6, 80, np.random.default_rng(0))
    counted = Comparisons.from_arrays(c.left, c.right, c.outcome, count=np.arange(1, 81), ids=np.arange(6))
    np.testing.assert_allclose(
        BradleyTerry().fit(c, comparison_weight=np.arange(1, 81)).rewards_,
        BradleyTerry().fit(counted).rewards_,
        atol=1e-11,
    )


# -- weight 0 -----------------------------------------------------------------------------------------


def test_the_reward_of_weight_zero_is_the_limit():
    rng = np.random.default_rng(2)
    P = random_win_rates(7, rng)
    c, w = Comparisons.from_win_rates(P), rng.dirichlet(np.ones(7))
    w[[1, 4]] = 0
    limit = BradleyTerry().fit(c, w).rewards_
    np.testing.assert_allclose(limit, slow_dense_newton(P, w / w.sum()), atol=1e-11)
    for tiny in (1e-6, 1e-9):
        near = BradleyTerry().fit(c, np.where(w == 0, tiny, w)).rewards_
        assert np.abs(near - limit).max() < 100 * tiny


def test_the_limit_on_sparse_data():
    # 3 has weight 0 and met 0 only; 4 and 5 have weight 0 and met each other only; 6 met nobody
    c = Comparisons.from_arrays(
        [0, 0, 1, 3, 3, 3, 4], [1, 2, 2, 0, 0, 0, 5], [1, 0, 1, 1, 1, 0, 1], ids=np.arange(7)
    )
    w = np.array([1.0, 1, 1, 0, 0, 0, 0]) / 3
    bt = BradleyTerry().fit(c, w)
    assert np.isfinite(bt.rewards_).all()
    assert bt.rewards_[4:].tolist() == [0, 0, 0]
    near = BradleyTerry().fit(c, np.r_[1.0, 1, 1, 1e-8, 1e-8, 1e-8, 1e-8]).rewards_
    np.testing.assert_allclose(bt.rewards_, near, atol=1e-6)
    assert weighted_win_rate_residual(bt, c, w) < 1e-12


def test_all_weight_on_one_alternative():
    P = random_win_rates(4, np.random.default_rng(0))
    bt = BradleyTerry().fit(Comparisons.from_win_rates(P), [0, 1, 0, 0])
    np.testing.assert_allclose(bt.rewards_, slow_dense_newton(P, np.array([0, 1.0, 0, 0])), atol=1e-11)


def test_weight_zero_with_weighted_rows_is_a_fit_without_ridge():
    c = Comparisons.from_arrays([0, 0, 2, 2], [1, 1, 0, 0], [1, 0, 1, 0], ids=np.arange(3))
    bt = BradleyTerry().fit(c, [1, 1, 0], np.ones(4))
    assert np.isfinite(bt.rewards_).all()
    lopsided = Comparisons.from_arrays([0, 0, 2, 2], [1, 1, 0, 0], [1, 0, 1, 1], ids=["a", "b", "c"])
    with pytest.raises(NoMaximumLikelihoodError, match="'c'.*never lost to"):
        BradleyTerry().fit(lopsided, [1, 1, 0], np.ones(4))


# -- without a ridge ----------------------------------------------------------------------------------


def test_no_ridge_is_the_plain_maximum_likelihood():
    c, _ = random_battles(12, 2000, np.random.default_rng(1), ties=0)
    bt = BradleyTerry(regularization=0).fit(c)
    winner, loser = np.where(c.outcome == 1, c.left, c.right), np.where(c.outcome == 1, c.right, c.left)
    there = choix.ilsr_pairwise(12, list(zip(winner, loser, strict=True)), tol=1e-12)
    np.testing.assert_allclose(bt.rewards_, there - there.mean(), atol=1e-8)
    weighted = BradleyTerry(regularization=0).fit(c, np.arange(1, 13))
    assert abs(np.arange(1, 13) @ weighted.rewards_) < 1e-10


@pytest.mark.parametrize(
    ("left", "right", "outcome", "message"),
    [
        (["a", "b", "a"], ["b", "c", "c"], [1, 0.5, 1], "{'a'} never lost to the other 2"),
        (["a", "b", "a", "d"], ["b", "c", "c", "a"], [1, 0.5, 0, 0], "{'d'} never won against the other 3"),
        (["a", "a", "c", "c"], ["b", "b", "d", "d"], [1, 0, 1, 0], "never compared with the other 2"),
        (["a", "c", "a", "c", "a"], ["b", "d", "b", "d", "c"], [1, 1, 0, 0, 1], "never"),
    ],
)
def test_no_finite_maximum_is_refused_with_a_witness(left, right, outcome, message):
    c = Comparisons.from_arrays(left, right, outcome)
    with pytest.raises(NoMaximumLikelihoodError, match=message) as caught:
        BradleyTerry(regularization=0).fit(c)
    assert "regularization > 0" in str(caught.value)
    assert np.isfinite(BradleyTerry(regularization=1e-6).fit(c).rewards_).all()


@given(c=comparisons(max_alternatives=5, max_rows=12))
@settings(max_examples=80, deadline=None)
def test_refusal_is_exactly_where_some_set_never_lost(c):
    m, won = c.n_alternatives, np.zeros((c.n_alternatives,) * 2, dtype=bool)
    for a, b, y in zip(c.left, c.right, c.outcome, strict=True):
        won[a, b] |= y > 0
        won[b, a] |= y < 1
    exists = all(
        won[np.ix_(~inside, inside)].any()
        for mask in range(1, 2**m - 1)
        for inside in [np.array([(mask >> k) & 1 for k in range(m)], dtype=bool)]
    )
    if exists:
        assert np.isfinite(BradleyTerry(regularization=0).fit(c).rewards_).all()
    else:
        with pytest.raises(NoMaximumLikelihoodError):
            BradleyTerry(regularization=0).fit(c)


# -- bad input ----------------------------------------------------------------------------------------


def test_bad_input_is_named():
    c, _ = random_battles(4, 30, np.random.default_rng(0))
    for bad in (-1, np.nan, np.inf, "1", True, None):
        with pytest.raises(ParameterError, match="regularization"):
            BradleyTerry(regularization=bad).fit(c)
    with pytest.raises(ParameterError, match="tol"):
        BradleyTerry(tol=0).fit(c)
    with pytest.raises(InputError, match=r"alternative_weight has shape \(3,\), expected \(4,\)"):
        BradleyTerry().fit(c, np.ones(3))
    with pytest.raises(InputError, match="comparison_weight must be finite"):
        BradleyTerry().fit(c, comparison_weight=-np.ones(30))
    with pytest.raises(InputError, match="at least 1 row"):
        BradleyTerry().fit(Comparisons.from_arrays([], [], ids=["a", "b"]))
    with pytest.raises(ParameterError, match="start"):
        BradleyTerry().fit(c, start=np.ones(3))
    with pytest.raises(ConvergenceError, match="expected 1e-30"):
        BradleyTerry(tol=1e-30).fit(Comparisons.from_win_rates(random_win_rates(9, np.random.default_rng(0))))
    bt = BradleyTerry().fit(c)
    with pytest.raises(ParameterError, match="position"):
        bt.win_rate(0, 4)
    with pytest.raises(ParameterError, match="level"):
        bt.interval(1.0)


def test_warm_start_gives_the_same_in_fewer_steps():
    c, _ = random_battles(30, 3000, np.random.default_rng(0))
    cold = BradleyTerry().fit(c)
    warm = BradleyTerry().fit(c, start=cold.rewards_)
    np.testing.assert_allclose(warm.rewards_, cold.rewards_, atol=1e-12)
    assert warm.n_iter_ < cold.n_iter_


def test_log_likelihood_and_win_rate():
    c, _ = random_battles(5, 200, np.random.default_rng(0))
    bt = BradleyTerry().fit(c)
    d = bt.rewards_[c.left] - bt.rewards_[c.right]
    loss = c.outcome * np.logaddexp(0, -d) + (1 - c.outcome) * np.logaddexp(0, d)
    assert bt.log_likelihood == pytest.approx(-(1 - 1 / 5) / 2 * loss.mean(), rel=1e-12)
    assert bt.win_rate(0, 1) == pytest.approx(1 / (1 + np.exp(bt.rewards_[1] - bt.rewards_[0])))
