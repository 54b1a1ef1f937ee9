"""Theorem: representative comparisons do not determine the average reward of diverse annotators.

Not even with two alternatives. An annotator with reward difference d prefers a with probability s(d). Let
everybody have difference 0: p = 1/2, average difference 0. Or let a share q have difference D and the rest -1
with ``q s(D) + (1 - q) s(-1) = 1/2``: again p = 1/2, while the average difference ``q D - (1 - q)`` grows without
bound in D. Comparisons, one per random annotator, are coin tosses of the same coin in both populations, so
whatever is computed from them, however many there are, errs by half that difference in one of the two.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from cloneproof.preferences import (
    Comparisons,
    Population,
    Taste,
    population_win_rates,
    sample_comparisons,
)
from cloneproof.rewards import BradleyTerry


def indifferent() -> Population:
    return Population(tastes=(Taste(share=1.0, rewards=[0.0, 0.0]),))


def passionate(strength: float) -> Population:
    share = (0.5 - expit(-1.0)) / (expit(strength) - expit(-1.0))
    return Population(
        tastes=(Taste(share=share, rewards=[strength, 0.0]), Taste(share=1.0 - share, rewards=[0.0, 1.0]))
    )


@pytest.mark.parametrize("strength", [2.0, 20.0, 1e3, 1e6])
def test_win_rates_agree_while_average_rewards_do_not(strength: float) -> None:
    one, other = indifferent(), passionate(strength)
    np.testing.assert_allclose(population_win_rates(one), population_win_rates(other), atol=1e-12)
    gap = [float(np.subtract(*population.average_rewards())) for population in (one, other)]
    assert gap[0] == 0.0
    share = other.tastes[0].share
    assert gap[1] == pytest.approx(share * strength - (1 - share))
    assert gap[1] > 0.3 * strength - 1


@pytest.mark.parametrize("error", [1.0, 100.0, 1e5])
def test_any_method_errs_by_as_much_as_you_like(error: float) -> None:
    """What the MLE says about both is the same; one of the two truths is at least `error` away."""
    other = passionate(10 * error + 10)
    said = []
    for population in (indifferent(), other):
        c = Comparisons.from_win_rates(population_win_rates(population))
        r = BradleyTerry(regularization=0.01).fit(c).rewards_
        said.append(float(r[0] - r[1]))
    assert said[0] == pytest.approx(said[1], abs=1e-9)
    truth = [0.0, float(np.subtract(*other.average_rewards()))]
    assert max(abs(s - t) for s, t in zip(said, truth, strict=True)) >= error


def test_samples_of_both_are_tosses_of_the_same_coin() -> None:
    """A two-sample z statistic of 40,000 comparisons each: no evidence, as there can be none."""
    wins = []
    for k, population in enumerate((indifferent(), passionate(1e4))):
        c = sample_comparisons(population, 40_000, random_state=k)
        wins.append(float(np.where(c.left == 0, c.outcome, 1 - c.outcome).mean()))
    assert abs(wins[0] - wins[1]) < 3.5 * np.sqrt(0.5 / 40_000)


def test_repeated_judgments_of_the_same_annotator_would_tell() -> None:
    """The theorem is about representative comparisons: a panel that is asked again shows who agrees with itself."""
    population = passionate(20.0)
    c = sample_comparisons(population, 4_000, n_annotators=100, random_state=0)
    first = np.where(c.left == 0, c.outcome, 1 - c.outcome)
    means = np.array([first[c.annotator == k].mean() for k in range(100)])
    assert means.var() > 3 * 0.25 / 40  # a fair coin for everybody would have .25 / 40
