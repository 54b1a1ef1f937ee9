"""Drop-k against refits of all subsets and leave-one-out refits."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof._core.errors import InputError, ParameterError
from cloneproof.leaderboard import audit_neighbours, difference_influence, fewest_dropped
from cloneproof.leaderboard.influence import _fit
from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry
from tests.leaderboard.oracles_board import battles, brute_force_fewest, difference_without

LAMBDA = 0.05


@pytest.mark.parametrize("seed", range(8))
def test_the_fewest_of_all_subsets(seed):
    c = battles([0.5, 0.2, 0.0, -0.2], 18, seed)
    r = BradleyTerry(regularization=LAMBDA, tol=1e-12).fit(c).rewards_
    order = np.argsort(-r)
    i, j = int(order[0]), int(order[1])
    if r[i] == r[j]:
        pytest.skip("level from the start")
    found = fewest_dropped(c, i, j, regularization=LAMBDA)
    truth = brute_force_fewest(c, i, j, LAMBDA, most=3)
    if truth is None:
        assert found.confirmed is None or found.confirmed > 3
    else:
        assert found.confirmed == truth


def test_the_influence_is_what_leaving_one_out_does():
    c = battles([0.8, 0.3, 0.0, -0.3, -0.8], 400, 3, ties=0.1)
    bt = BradleyTerry(regularization=LAMBDA, tol=1e-12).fit(c)
    state = _fit(c, LAMBDA)
    d = difference_influence(c, bt.rewards_, state.inverse, 0, 1)
    gap = bt.rewards_[0] - bt.rewards_[1]
    for t in range(0, 400, 13):
        exact = difference_without(c, [t], 0, 1, LAMBDA) - gap
        assert d[t] == pytest.approx(exact, rel=0.03, abs=2e-6)


def test_what_is_named_does_swap_them():
    c = battles([0.3, 0.25, 0.0, -0.3], 600, 5)
    (first, *_) = audit_neighbours(c, top=2)
    ids = c.ids.tolist()
    gone = []
    for winner, loser, outcome, n in first.dropped:
        a, b = ids.index(winner), ids.index(loser)
        same = (c.left == a) & (c.right == b) & (c.outcome == outcome)
        turned = (c.left == b) & (c.right == a) & (c.outcome == 1 - outcome)
        gone += np.flatnonzero(same | turned)[:n].tolist()
    assert len(gone) == first.confirmed
    i, j = ids.index(first.above), ids.index(first.below)
    assert difference_without(c, gone, i, j, 0.0) <= 0.0
    assert difference_without(c, gone[:-1], i, j, 0.0) > 0.0
    assert first.share == pytest.approx(first.confirmed / 600)
    assert abs(first.predicted - first.confirmed) <= 2


def test_counts_are_that_many_comparisons():
    c = battles([0.4, 0.0, -0.4], 120, 7)
    t = Comparisons.from_arrays(c.left[:60], c.right[:60], c.outcome[:60], count=np.full(60, 5.0), ids=c.ids)
    repeated = Comparisons.from_arrays(
        np.repeat(c.left[:60], 5), np.repeat(c.right[:60], 5), np.repeat(c.outcome[:60], 5), ids=c.ids
    )
    assert [x.confirmed for x in audit_neighbours(t)] == [x.confirmed for x in audit_neighbours(repeated)]


def test_what_cannot_be_swapped_and_limits():
    c = Comparisons.from_arrays(["a"] * 5, ["b"] * 5, outcome=[1, 1, 1, 1, 0])
    found = fewest_dropped(c, 1, 0, regularization=0.01)
    assert (found.above, found.below) == ("a", "b")
    assert found.confirmed == 3  # 1 : 1 is level
    assert fewest_dropped(c, 0, 1, regularization=0.01, max_dropped=2).confirmed is None
    with pytest.raises(InputError):
        fewest_dropped(c, 1, 1)
    with pytest.raises(ParameterError):
        fewest_dropped(c, 0, 2)


def test_level_alternatives_need_none():
    c = Comparisons.from_arrays(["a", "b"], ["b", "a"])
    found = fewest_dropped(c, 0, 1, regularization=0.01)
    assert (found.predicted, found.confirmed) == (0, 0)


@pytest.mark.parametrize("regularization", [1e-4, 0.01, 1.0])
def test_a_level_score_is_level_whatever_the_rounding_of_the_refit(regularization):
    for wins in range(2, 12):
        for losses in range(1, wins):
            outcome = np.r_[np.ones(wins), np.zeros(losses)]
            c = Comparisons.from_arrays(["a"] * len(outcome), ["b"] * len(outcome), outcome)
            found = fewest_dropped(c, 0, 1, regularization=regularization)
            assert found.confirmed == wins - losses
