"""Theorem: the standard regularised MLE is not robust to approximate clones.

The smallest counter-example: three alternatives, three tastes, and one exact copy. Shares .29 rank art >
food > romance, .50 romance > art > food, .21 food > romance > art. Without the copy romance has the highest
average win rate (.570 against art's .527), with a copy of food art has (.5925 against .5525). The copy lies
at distance 0 from food, so no bound that vanishes with the distance can hold. With two alternatives a copy
cannot change their difference, so three are needed.

Procaccia, Schiffer & Zhang, "Clone-Robust AI Alignment", ICML 2025, arXiv:2501.09254.
"""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof.preferences import Comparisons, average_win_rates, paris_population, population_win_rates
from cloneproof.rewards import BradleyTerry
from tests.paper.slow import slow_rewards

FOOD, ART, ROMANCE = 0, 1, 2
BEFORE = population_win_rates(paris_population(["food", "art", "romance"]))
AFTER = population_win_rates(paris_population(["food", "art", "romance", "food"]))


def plain(win_rates, regularization=0.01):
    return BradleyTerry(regularization=regularization).fit(Comparisons.from_win_rates(win_rates)).rewards_


def test_the_win_rates_of_the_example() -> None:
    expected = [[0.5, 0.21, 0.5], [0.79, 0.5, 0.29], [0.5, 0.71, 0.5]]
    np.testing.assert_allclose(BEFORE, expected, atol=1e-15)
    assert AFTER[FOOD, 3] == 0.5
    np.testing.assert_array_equal(AFTER[:3, :3], BEFORE)


def test_one_exact_copy_changes_the_winner() -> None:
    before, after = plain(BEFORE), plain(AFTER)
    np.testing.assert_allclose(before, slow_rewards(BEFORE, np.full(3, 1 / 3), 0.01), atol=1e-9)
    np.testing.assert_allclose(after, slow_rewards(AFTER, np.full(4, 1 / 4), 0.01), atol=1e-9)
    np.testing.assert_allclose(before, [-0.382140, 0.105455, 0.276685], atol=5e-7)
    np.testing.assert_allclose(after, [-0.286543, 0.366555, 0.206530, -0.286543], atol=5e-7)
    assert np.argmax(before) == ROMANCE
    assert np.argmax(after) == ART


def test_the_average_win_rates_tell_it_without_any_solver() -> None:
    np.testing.assert_allclose(average_win_rates(BEFORE), [1.21 / 3, 1.58 / 3, 1.71 / 3])
    np.testing.assert_allclose(average_win_rates(AFTER), [0.4275, 0.5925, 0.5525, 0.4275])


@pytest.mark.parametrize("regularization", [1e-6, 1e-3, 0.1, 10.0])
def test_no_regularization_saves_it(regularization: float) -> None:
    """The order is that of the average win rates, whatever lambda."""
    assert np.argmax(plain(BEFORE, regularization)) == ROMANCE
    assert np.argmax(plain(AFTER, regularization)) == ART


def test_more_copies_make_it_worse_without_limit_on_the_difference() -> None:
    gaps = []
    for copies in (0, 1, 3, 10, 100):
        p = population_win_rates(paris_population(["food", "art", "romance"] + ["food"] * copies))
        r = plain(p)
        gaps.append(r[ART] - r[ROMANCE])
    assert gaps == sorted(gaps)
    assert gaps[0] < 0 < gaps[1]
    # with infinitely many copies both are judged against food alone: logit(.79) - logit(.5), up to lambda
    assert gaps[-1] > 1.0


@pytest.mark.parametrize(
    ("share", "winner"), [(1 / 3, ROMANCE), (0.4199, ROMANCE), (0.4201, ART), (0.5, ART)]
)
def test_the_winner_changes_where_food_holds_42_percent_of_the_weight(share: float, winner: int) -> None:
    """.29 phi - .21 (1 - phi) > 0, art and romance sharing the rest: for weights as for copies."""
    w = np.array([share, (1 - share) / 2, (1 - share) / 2])
    score = average_win_rates(BEFORE, w)
    assert score[ART] - score[ROMANCE] == pytest.approx(0.29 * share - 0.21 * (1 - share))
    r = (
        BradleyTerry(regularization=0.01)
        .fit(Comparisons.from_win_rates(BEFORE), alternative_weight=w)
        .rewards_
    )
    assert np.argmax(r) == winner


def test_two_alternatives_are_too_few() -> None:
    p = np.array([[0.5, 0.7], [0.3, 0.5]])
    copied = p[np.ix_([0, 1, 0], [0, 1, 0])]
    before, after = plain(p), plain(copied)
    assert after[0] - after[1] == pytest.approx(before[0] - before[1], abs=1e-9)


def test_weights_that_split_the_copy_change_nothing() -> None:
    c = Comparisons.from_win_rates(AFTER)
    weighted = BradleyTerry(regularization=0.01).fit(c, alternative_weight=[1 / 6, 1 / 3, 1 / 3, 1 / 6])
    np.testing.assert_allclose(weighted.rewards_[:3], plain(BEFORE), atol=1e-9)
    assert weighted.rewards_[3] == pytest.approx(weighted.rewards_[FOOD], abs=1e-9)
