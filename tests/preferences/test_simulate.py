"""Sampled comparisons follow the population that they were sampled from."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof import InputError
from cloneproof._core.errors import ParameterError
from cloneproof.preferences import (
    Population,
    Taste,
    empirical_win_rates,
    paris_population,
    population_win_rates,
    sample_comparisons,
    simulate_judgments,
)

TOPICS = ["food", "art", "romance", "restaurants"]


def two_tastes(noise: float = 1.0) -> Population:
    rewards = np.array([[0.0, 1.0, 3.0, -1.0], [2.0, 0.0, -1.0, 1.0]])
    return Population(
        tastes=(Taste(share=0.7, rewards=rewards[0]), Taste(share=0.3, rewards=rewards[1])), noise=noise
    )


def test_sampled_win_rates_approach_the_population() -> None:
    """Every pair within 4.5 standard errors of the closed form (6 pairs, one seed)."""
    population = two_tastes()
    c = sample_comparisons(population, 60_000, random_state=1)
    p, q = population_win_rates(population), empirical_win_rates(c)
    n_pair = 60_000 / 6
    error = np.abs(p - q) / np.sqrt(p * (1 - p) / n_pair)
    assert error.max() < 4.5


def test_every_pair_and_both_orders_are_equally_likely_by_default() -> None:
    c = sample_comparisons(two_tastes(), 24_000, random_state=2)
    table = np.zeros((4, 4))
    np.add.at(table, (c.left, c.right), 1)
    off = table[~np.eye(4, dtype=bool)]
    assert ((off - 2_000) ** 2 / 2_000).sum() < 31.3  # chi-square, 11 degrees of freedom, p = .001


def test_alternative_probability_is_a_product_over_the_pair() -> None:
    q = np.array([0.6, 0.2, 0.2, 0.0])
    c = sample_comparisons(two_tastes(), 30_000, alternative_probability=q, random_state=3)
    table = np.zeros((4, 4))
    np.add.at(table, (c.left, c.right), 1)
    expected = np.outer(q, q)
    np.fill_diagonal(expected, 0.0)
    expected *= 30_000 / expected.sum()
    assert table[expected == 0].sum() == 0
    chosen = expected > 0
    assert ((table - expected)[chosen] ** 2 / expected[chosen]).sum() < 20.5  # 5 degrees, p = .001


@pytest.mark.parametrize("tiny", [1e-12, 1e-20, 1e-300])
def test_extreme_probabilities_still_give_valid_pairs(tiny: float) -> None:
    c = sample_comparisons(
        two_tastes(), 2_000, alternative_probability=[1.0, tiny, 3 * tiny, 0.0], random_state=4
    )
    assert (c.left != c.right).all()
    assert not ((c.left == 3) | (c.right == 3)).any()
    one = np.where(c.left == 0, c.right, c.left)
    assert (one == 2).mean() == pytest.approx(0.75, abs=0.05)


def test_pairs_restrict_the_design() -> None:
    c = sample_comparisons(two_tastes(), 500, pairs=[[0, 1], [3, 2]], random_state=5)
    assert {tuple(sorted(pair)) for pair in zip(c.left.tolist(), c.right.tolist(), strict=True)} == {
        (0, 1),
        (2, 3),
    }
    assert (c.left == 0).any()
    assert (c.right == 0).any()


def test_without_a_panel_every_row_has_its_own_annotator() -> None:
    c = sample_comparisons(two_tastes(), 50, random_state=6)
    assert c.n_annotators == 50


def test_a_panel_keeps_its_tastes() -> None:
    """Annotator k follows their own ranking in every row when there is no noise."""
    population = paris_population(TOPICS)
    taste = np.array([0, 1, 2, 1])
    c = sample_comparisons(population, 400, annotator_taste=taste, random_state=7)
    assert c.annotator is not None
    assert c.n_annotators == 4
    r = population.rewards[taste[c.annotator]]
    rows = np.arange(400)
    gap = r[rows, c.left] - r[rows, c.right]
    assert (c.outcome[gap > 0] == 1).all()
    assert (c.outcome[gap < 0] == 0).all()
    coin = c.outcome[gap == 0]
    assert 0 < coin.mean() < 1
    assert sample_comparisons(population, 400, n_annotators=7, random_state=7).n_annotators == 7


def test_the_seed_decides_everything() -> None:
    first = sample_comparisons(two_tastes(), 300, random_state=8)
    second = sample_comparisons(two_tastes(), 300, random_state=8)
    other = sample_comparisons(two_tastes(), 300, random_state=9)
    for name in ("left", "right", "outcome", "annotator"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert (first.left != other.left).any()


def test_texts_and_ids_come_along() -> None:
    c = simulate_judgments(
        two_tastes(), [0, 1], [1, 2], ids=list("abcd"), texts=["A", "B", "C", "D"], random_state=0
    )
    assert c.ids.tolist() == list("abcd")
    assert c.texts == ("A", "B", "C", "D")
    assert simulate_judgments(two_tastes(), [], [], random_state=0).n_comparisons == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_comparisons": 0}, "n_comparisons"),
        ({"alternative_probability": [1, 0, 0, 0]}, "at least 2 alternatives"),
        ({"alternative_probability": [1, 1, 1]}, "shape"),
        ({"alternative_probability": [1, 1, np.nan, 1]}, "finite"),
        ({"pairs": [[0, 1, 2]]}, r"\(n_pairs, 2\)"),
        ({"pairs": [[0.0, 1.0]]}, r"\(n_pairs, 2\)"),
        ({"pairs": [[0, 4]]}, "outside"),
        ({"pairs": [[1, 1]]}, "with itself"),
        ({"pairs": [[0, 1]], "alternative_probability": [1, 1, 1, 1]}, "not both"),
        ({"annotator_taste": [0, 2]}, "annotator 1"),
        ({"annotator_taste": [0.5]}, "integers"),
        ({"annotator_taste": [0, 1], "n_annotators": 3}, "n_annotators is 3"),
        ({"n_annotators": 0}, "n_annotators"),
        ({"ids": ["a", "b"]}, "alternatives"),
        ({"random_state": -1}, "random_state"),
    ],
)
def test_bad_options_are_refused(options, message) -> None:
    arguments = {"n_comparisons": 5, "random_state": 0} | options
    with pytest.raises((InputError, ParameterError), match=message):
        sample_comparisons(two_tastes(), **arguments)
