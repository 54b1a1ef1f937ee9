"""What is measured: shifts in standard deviations, policies, winners per prompt, accuracy."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from cloneproof.audit.suite import Scored, best_of_n_change
from cloneproof.audit.suite.measures import held_out_accuracy, measure
from cloneproof.preferences import Comparisons


def policy_by_counting(rewards, n):
    """All m^n draws; ties share."""
    m, share = len(rewards), np.zeros(len(rewards))
    for drawn in itertools.product(range(m), repeat=n):
        values = np.array([rewards[i] for i in drawn])
        best = [i for i in drawn if rewards[i] == values.max()]
        for i in best:
            share[i] += 1 / len(best) / m**n
    return share


@pytest.mark.parametrize("n", [1, 2, 3])
def test_best_of_n_is_the_share_of_all_draws(n):
    before, after = [0.0, 2.0, 1.0, 1.0], [0.5, 0.1, 3.0, 0.2]
    wanted = 0.5 * np.abs(policy_by_counting(before, n) - policy_by_counting(after, n)).sum()
    assert best_of_n_change(before, after, n=n) == pytest.approx(wanted, abs=1e-12)


def test_best_of_n_is_averaged_over_prompts():
    groups = np.array([0, 0, 1, 1])
    assert best_of_n_change([0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0], n=2, groups=groups) == 0.25


def test_shifts_in_standard_deviations_do_not_depend_on_the_scale_of_rewards(dense_world):
    before = np.arange(10.0)
    after = before + np.array([3.0] + [0.0] * 9)
    one = measure(dense_world, before, Scored(rewards=after), best_of=2)
    other = measure(dense_world, 7 * before, Scored(rewards=7 * after + 5), best_of=2)
    assert one.max_shift_sd == pytest.approx(other.max_shift_sd)
    assert one.max_shift_sd == pytest.approx(2.7 / before.std())
    assert other.max_shift_centred == pytest.approx(7 * 2.7)
    assert one.ess_alternatives == 1.0


def test_a_winner_flips_per_prompt(dense_world):
    c = dense_world.comparisons
    asked = replace(dense_world, comparisons=replace(c, prompts=("a",) * 5 + ("b",) * 5))
    before, after = np.arange(10.0), np.arange(10.0)
    after[0] = 50.0
    assert measure(dense_world, before, Scored(rewards=after), best_of=2).top1_flip == 1.0
    assert measure(asked, before, Scored(rewards=after), best_of=2).top1_flip == 0.5


def test_accuracy_counts_ties_half_and_leaves_out_undecided(dense_world):
    test = Comparisons.from_arrays(
        [0, 0, 1, 2], [1, 2, 2, 3], [1.0, 0.0, 0.5, 1.0], count=[1.0, 2.0, 9.0, 1.0], ids=np.arange(10)
    )
    world = replace(dense_world, test=test)
    rewards = np.zeros(10)
    rewards[0] = 1.0  # right, wrong twice, -, tie
    assert held_out_accuracy(world, Scored(rewards=rewards)) == pytest.approx((1.0 + 0.0 + 0.5) / 4)
    assert np.isnan(held_out_accuracy(dense_world, Scored(rewards=rewards)))
