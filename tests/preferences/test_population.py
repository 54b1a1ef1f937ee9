"""Populations of annotators: their win rates in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from cloneproof import InputError
from cloneproof._core.errors import ParameterError
from cloneproof.preferences import (
    Population,
    Taste,
    average_win_rates,
    empirical_win_rates,
    make_linear_population,
    paris_population,
    population_win_rates,
)
from cloneproof.preferences.comparisons import Comparisons

TOPICS = ["food", "art", "romance", "restaurants"]


def test_win_rates_of_the_paris_case_are_sums_of_shares() -> None:
    """Who ranks a before b, added up by hand from the three rankings."""
    p = population_win_rates(paris_population(TOPICS))
    food, art, romance, restaurants = range(4)
    assert p[art, food] == pytest.approx(0.29 + 0.50)
    assert p[food, romance] == pytest.approx(0.29 + 0.21)
    assert p[romance, art] == pytest.approx(0.50 + 0.21)
    assert p[food, restaurants] == 0.5
    np.testing.assert_allclose(p[restaurants, [art, romance]], p[food, [art, romance]])


def test_average_win_rates_of_the_paris_case_change_winner_when_restaurants_are_added() -> None:
    """Romance .570, art .527, food .403; with the near-clone art .5925, romance .5525: art wins."""
    p = population_win_rates(paris_population(TOPICS))
    before = average_win_rates(p[:3, :3])
    np.testing.assert_allclose(
        before, [(0.5 + 0.21 + 0.50) / 3, (0.79 + 0.5 + 0.29) / 3, (0.5 + 0.71 + 0.5) / 3]
    )
    after = average_win_rates(p)
    np.testing.assert_allclose(after, [0.4275, 0.5925, 0.5525, 0.4275])
    assert np.argmax(before) == 2
    assert np.argmax(after) == 1


def test_win_rates_are_the_mean_of_logistic_choices() -> None:
    rng = np.random.default_rng(0)
    rewards = rng.normal(size=(3, 5))
    shares = [0.2, 0.5, 0.3]
    population = Population(
        tastes=tuple(Taste(share=s, rewards=r) for s, r in zip(shares, rewards, strict=True)), noise=0.7
    )
    p = population_win_rates(population)
    for a in range(5):
        for b in range(5):
            slow = sum(s * expit((r[a] - r[b]) / 0.7) for s, r in zip(shares, rewards, strict=True))
            assert p[a, b] == pytest.approx(slow, abs=1e-15)
    assert (p + p.T == 1.0).all()


def test_one_taste_is_bradley_terry() -> None:
    population = Population(tastes=(Taste(share=1.0, rewards=[0.0, 2.0]),))
    assert population_win_rates(population)[1, 0] == pytest.approx(expit(2.0))
    np.testing.assert_array_equal(population.average_rewards(), [0.0, 2.0])


def test_ranking_with_equals_and_its_errors() -> None:
    taste = Taste.from_ranking(0.5, ["a", "b=c", "d"], ["d", "c", "b", "a"], step=2.0)
    np.testing.assert_array_equal(taste.rewards, [0.0, 2.0, 2.0, 4.0])
    assert taste.name == "a > b=c > d"
    with pytest.raises(InputError, match=r"1 of 2 alternatives.*'x'"):
        Taste.from_ranking(0.5, ["a", "b"], ["a", "x"])
    with pytest.raises(InputError, match="'a' twice"):
        Taste.from_ranking(0.5, ["a", "a"], ["a", "a"])


def test_reward_functions_of_embeddings() -> None:
    x = np.arange(6.0).reshape(3, 2)
    taste = Taste.from_function(1.0, lambda e: e @ [1.0, -1.0], x)
    np.testing.assert_array_equal(taste.rewards, [-1.0, -1.0, -1.0])
    with pytest.raises(InputError, match="one reward per alternative"):
        Taste.from_function(1.0, lambda e: e, x)


def test_linear_population_has_the_spread_asked_for_and_repeats() -> None:
    x = np.random.default_rng(1).normal(size=(40, 6))
    population = make_linear_population(x, n_tastes=25, spread=1.5, random_state=3)
    np.testing.assert_allclose(population.rewards.std(axis=1), 1.5)
    np.testing.assert_allclose(population.rewards.mean(axis=1), 0.0, atol=1e-12)
    again = make_linear_population(x, n_tastes=25, spread=1.5, random_state=3)
    np.testing.assert_array_equal(population.rewards, again.rewards)
    residual = np.linalg.lstsq(x - x.mean(0), population.rewards.T, rcond=None)[1]
    assert residual.max() < 1e-18
    with pytest.raises(InputError, match="equal"):
        make_linear_population(np.ones((4, 2)), n_tastes=2)
    with pytest.raises(InputError, match="not finite"):
        make_linear_population([[0.0], [np.nan]], n_tastes=2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Taste(share=0.0, rewards=[0, 1]), "share"),
        (lambda: Taste(share=1.1, rewards=[0, 1]), "share"),
        (lambda: Taste(share=float("nan"), rewards=[0, 1]), "share"),
        (lambda: Taste(share=1.0, rewards=[0]), "at least 2"),
        (lambda: Taste(share=1.0, rewards=[[0, 1]]), "one-dimensional"),
        (lambda: Taste(share=1.0, rewards=[0, np.inf]), "position 1"),
        (lambda: Population(tastes=()), "at least one taste"),
        (lambda: Population(tastes=(Taste(share=0.5, rewards=[0, 1]),)), "sum to 1. Got 0.5"),
        (
            lambda: Population(
                tastes=(Taste(share=0.5, rewards=[0, 1]), Taste(share=0.5, rewards=[0, 1, 2]))
            ),
            "same alternatives",
        ),
        (lambda: Population(tastes=(Taste(share=1.0, rewards=[0, 1]),), noise=-1.0), "noise"),
        (lambda: average_win_rates([[0.5, 0.2]]), "square"),
        (lambda: average_win_rates([[0.5, 1.2], [-0.2, 0.5]]), r"\[0, 1\]"),
        (lambda: average_win_rates([[0.5, 0.5], [0.5, 0.5]], [1.0]), "shape"),
    ],
)
def test_what_makes_no_population_is_refused(make, message) -> None:
    with pytest.raises((InputError, ParameterError), match=message):
        make()


def test_rewards_cannot_be_changed_afterwards() -> None:
    given = np.array([0.0, 1.0])
    taste = Taste(share=1.0, rewards=given)
    given[0] = 9.0
    assert taste.rewards[0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        taste.rewards[0] = 1.0


def test_restrict_keeps_the_annotators() -> None:
    population = paris_population(TOPICS)
    fewer = population.restrict([2, 0])
    np.testing.assert_array_equal(
        population_win_rates(fewer), population_win_rates(population)[[2, 0]][:, [2, 0]]
    )


def test_empirical_win_rates_by_a_double_loop() -> None:
    rng = np.random.default_rng(5)
    m, n = 6, 40
    left = rng.integers(m, size=n)
    right = (left + rng.integers(1, m, size=n)) % m
    outcome, count = rng.choice([0.0, 0.5, 1.0, 0.3], size=n), rng.integers(1, 4, size=n)
    c = Comparisons.from_arrays(left, right, outcome, count, ids=np.arange(m))
    p = empirical_win_rates(c)
    for a in range(m):
        for b in range(m):
            forward, backward = (left == a) & (right == b), (left == b) & (right == a)
            total = count[forward].sum() + count[backward].sum()
            won = (count * outcome)[forward].sum() + (count * (1 - outcome))[backward].sum()
            if a == b:
                assert p[a, b] == 0.5
            elif total == 0:
                assert np.isnan(p[a, b])
            else:
                assert p[a, b] == pytest.approx(won / total, abs=1e-14)


def test_average_win_rates_use_the_known_opponents_and_the_weights() -> None:
    p = np.array([[0.5, 0.9, np.nan], [0.1, 0.5, 0.4], [np.nan, 0.6, 0.5]])
    np.testing.assert_allclose(average_win_rates(p), [0.7, 1 / 3, 0.55])
    np.testing.assert_allclose(average_win_rates(p, [0.0, 3.0, 1.0]), [0.9, 0.475, 0.575])
    assert np.isnan(average_win_rates(p, [0.0, 0.0, 1.0])[0])
