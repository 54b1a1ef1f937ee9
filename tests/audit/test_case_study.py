"""The Paris case: what must hold whatever the weights, and what the demo tells."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from cloneproof._core.errors import ParameterError
from cloneproof.audit.case_study import run_paris_case
from cloneproof.data import load_paris
from cloneproof.preferences import (
    Population,
    Taste,
    average_win_rates,
    paris_population,
    population_win_rates,
)
from cloneproof.weights import UniformWeights


@pytest.fixture(scope="module")
def case():
    return run_paris_case(n_repeats=20, random_state=0)


@pytest.mark.parametrize("n_components", [2, 4, 8, 16])
def test_plain_flips_from_romance_to_art(n_components: int) -> None:
    """As the paper tells it: sampled and in the limit, whatever the number of components."""
    row = run_paris_case(weightings={"plain": None}, n_components=n_components, n_repeats=10)["plain"]
    assert (row.winner_before, row.winner_after) == ("romance", "art")
    assert (row.limit_winner_before, row.limit_winner_after) == ("romance", "art")
    assert row.wins_before["romance"] >= 8
    assert row.wins_after["art"] >= 7
    assert row.n_flips >= 6
    # the intervals exclude 0 for the difference, so they do not overlap
    assert row.rewards_before["romance"].low > row.rewards_before["art"].high
    assert row.rewards_after["art"].low > row.rewards_after["romance"].high


def test_who_knows_that_restaurants_are_food_sees_no_flip(case) -> None:
    """And romance first in 16 of 20 repeats: what is left is sampling, which no weighting removes."""
    row = case["family, told"]
    assert (row.winner_before, row.winner_after) == ("romance", "romance")
    assert not row.flips_in_the_limit
    assert row.food_share_before == pytest.approx(1 / 3)
    assert row.food_share_after == pytest.approx(1 / 3)
    assert row.wins_after["romance"] >= 14
    assert row.limit_max_shift_centred < 0.35 * case["plain"].limit_max_shift_centred


def test_the_weightings_of_the_demo_keep_the_winner_in_the_limit(case) -> None:
    """And move the rewards less than half as far as plain; the unit cube is degenerate and exempt."""
    plain = case["plain"]
    assert plain.flips_in_the_limit
    for row in case.rows[1:]:
        if row.weighting == "voronoi, cube":
            assert row.effective_sample_size_after < 20
            continue
        assert not row.flips_in_the_limit, row.weighting
        assert row.limit_max_shift_centred < 0.5 * plain.limit_max_shift_centred
        assert row.food_share_after < 0.45


def test_diversity_weights_keep_the_winner_in_most_repeats(case) -> None:
    """17 of 20 repeats after (20 before) with seed 0; plain 3 of 20."""
    row = case["diversity"]
    assert (row.winner_before, row.winner_after) == ("romance", "romance")
    assert row.wins_after["romance"] >= 14
    assert case["plain"].wins_after["romance"] <= 6
    assert row.n_flips < case["plain"].n_flips / 2


def test_few_random_populations_flip() -> None:
    """What the caveat says: one in twenty, by average win rates with food's weight doubled."""
    rng = np.random.default_rng(0)
    rankings = list(itertools.permutations(["food", "art", "romance"]))
    flips = 0
    for _ in range(2000):
        tastes = tuple(
            Taste.from_ranking(share, ranking, ["food", "art", "romance"])
            for share, ranking in zip(rng.dirichlet(np.ones(6)), rankings, strict=True)
        )
        p = population_win_rates(Population(tastes=tastes, noise=0.0))
        flips += int(np.argmax(average_win_rates(p)) != np.argmax(average_win_rates(p, [2, 1, 1])))
    assert 0.03 < flips / 2000 < 0.07


def test_uniform_weights_are_plain_where_every_pair_is_judged() -> None:
    found = run_paris_case(weightings={"plain": None, "uniform": UniformWeights()}, n_repeats=2)
    for topic, reward in found["plain"].limit_after.items():
        assert found["uniform"].limit_after[topic] == pytest.approx(reward, abs=1e-8)


def test_the_limit_orders_topics_as_their_average_win_rates() -> None:
    """The plain rewards of the limit follow the closed-form average win rates of the population."""
    paris = load_paris()
    rates = average_win_rates(population_win_rates(paris_population(paris.topics)))
    expected = {topic: rates[paris.topics == topic].mean() for topic in ("food", "art", "romance")}
    found = run_paris_case(weightings={"plain": None}, n_repeats=2)["plain"].limit_after
    assert sorted(expected, key=expected.__getitem__) == sorted(expected, key=found.__getitem__)


def test_counts_intervals_and_centring_are_consistent(case) -> None:
    for row in case.rows:
        assert sum(row.wins_before.values()) == sum(row.wins_after.values()) == 20
        assert 0 <= row.n_flips <= 20
        for rewards in (row.rewards_before, row.rewards_after):
            for interval in rewards.values():
                assert interval.low <= interval.mean <= interval.high
            assert sum(rewards[t].mean for t in ("food", "art", "romance")) == pytest.approx(0.0, abs=1e-9)
        assert set(row.rewards_after) - set(row.rewards_before) == {"restaurants"}
    assert case["plain"].effective_sample_size_after == pytest.approx(256)
    assert case["plain"].food_share_after == pytest.approx(0.5)


def test_more_comparisons_give_narrower_intervals() -> None:
    few = run_paris_case(weightings={"plain": None}, n_repeats=10, n_comparisons=200)["plain"]
    many = run_paris_case(weightings={"plain": None}, n_repeats=10, n_comparisons=5000)["plain"]
    assert many.noise_shift_centred.mean < 0.5 * few.noise_shift_centred.mean
    width = [r.rewards_after["art"].high - r.rewards_after["art"].low for r in (few, many)]
    assert width[1] < 0.5 * width[0]


def test_the_seed_decides_everything_and_the_record_is_json() -> None:
    options = {"weightings": {"plain": None}, "n_repeats": 3, "n_comparisons": 300}
    first, second, other = (run_paris_case(random_state=k, **options).to_dict() for k in (1, 1, 2))
    assert first == second
    assert first["rows"][0]["rewards_after"] != other["rows"][0]["rewards_after"]
    assert json.loads(json.dumps(first)) == first


def test_the_words_name_winners_and_say_that_the_tastes_were_chosen(case) -> None:
    sentences = case.sentences()
    assert len(sentences) == len(case.rows) + 1
    assert "from romance to art" in sentences[0]
    assert "chosen so that" in sentences[-1]
    assert case.caveat == sentences[-1]
    with pytest.raises(KeyError, match="plain"):
        case["nothing"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_repeats": 1}, "n_repeats"),
        ({"n_comparisons": 9}, "n_comparisons"),
        ({"random_state": -1}, "random_state"),
        ({"n_components": 1}, "n_components"),
        ({"n_components": 33}, "n_components"),
        ({"regularization": -0.1}, "regularization"),
        ({"weightings": {}}, "at least one"),
    ],
)
def test_bad_options_are_refused(options, message) -> None:
    with pytest.raises(ParameterError, match=message):
        run_paris_case(**options)
