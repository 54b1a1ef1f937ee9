"""The closed rule of flips, and the harm index: right under one model, sees mixtures, says when it cannot."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from scipy.special import expit

from cloneproof import BradleyTerry, Comparisons, InputError
from cloneproof._core.errors import ParameterError
from cloneproof.audit.harm import clones_flip_winner, harm_index, population_departure
from cloneproof.audit.harm_statistics import Layout, count_triads, measure_misfit
from cloneproof.preferences import (
    average_win_rates,
    paris_population,
    population_win_rates,
    sample_comparisons,
)
from cloneproof.rewards.pairs import collect_pairs

PARIS = [[0.5, 0.21, 0.5], [0.79, 0.5, 0.29], [0.5, 0.71, 0.5]]


def random_win_rates(m: int, seed: int) -> np.ndarray:
    P = np.triu(np.random.default_rng(seed).uniform(0.05, 0.95, (m, m)), 1)
    P += np.tril(1.0 - P.T, -1)
    np.fill_diagonal(P, 0.5)
    return P


def with_copies(P: np.ndarray, cloned: int, copies: int) -> np.ndarray:
    """The win rates with the alternative there `copies` times; the originals keep their positions."""
    kept = [*range(len(P)), *[cloned] * (copies - 1)]
    return P[np.ix_(kept, kept)]


def sampled(P: np.ndarray, n: int, seed: int) -> Comparisons:
    """n judgments of random pairs by the win rates."""
    rng = np.random.default_rng(seed)
    left, right = np.triu_indices(len(P), 1)
    e = rng.integers(len(left), size=n)
    won = rng.random(n) < P[left[e], right[e]]
    return Comparisons.from_arrays(left[e], right[e], won.astype(float), ids=np.arange(len(P)))


def bt_rates(r: np.ndarray) -> np.ndarray:
    return expit(r[:, None] - r[None, :])


@pytest.mark.parametrize("seed", range(40))
def test_three_groups_flip_exactly_where_the_rule_says(seed):
    """The winner moves from R to A iff D < x < c D."""
    P, copies = random_win_rates(3, seed), 1 + seed % 7
    found = clones_flip_winner(P, copies)
    winner, other = sorted((1, 2), key=lambda a: -average_win_rates(P)[a])
    D, x = P[other, 0] - P[winner, 0], 2 * P[winner, other] - 1
    assert found.before == winner
    assert found.flips == (D < x < copies * D)
    if found.challenger is not None:
        assert (found.advantage, found.lead) == pytest.approx((D, x))


@pytest.mark.parametrize("m", [3, 6])
def test_the_rule_decides_for_the_plain_fit_too(m):
    flips = 0
    for seed in range(25):
        P, cloned = random_win_rates(m, 100 + seed), seed % m
        for copies in (2, 5):
            found = clones_flip_winner(P, copies, cloned=cloned)
            rivals = [a for a in range(m) if a != cloned]
            for lam in (1e-6, 0.05):
                c = Comparisons.from_win_rates(with_copies(P, cloned, copies))
                r = BradleyTerry(regularization=lam).fit(c).rewards_
                assert max(rivals, key=lambda a: r[a]) == found.after
            assert found.cloned_wins == (r[cloned] > max(r[a] for a in rivals))
            flips += found.flips
    assert 5 < flips < 45


def test_the_rule_is_seen_in_sampled_judgments():
    """The paper's three tastes: romance before, art with two food texts; 20,000 judgments by simulated annotators."""
    for n_food in (1, 2):
        topics = ["food"] * n_food + ["art", "romance"]
        c = sample_comparisons(paris_population(topics), 20_000, random_state=n_food)
        r = BradleyTerry(regularization=1e-4).fit(c).rewards_
        found = clones_flip_winner(PARIS, n_food)
        assert topics[int(np.argmax(r))] == ["food", "art", "romance"][found.after]


def test_flip_at_is_where_it_flips():
    P = random_win_rates(5, 3)
    for cloned in range(5):
        at = clones_flip_winner(P, 1, cloned=cloned).flip_at
        if np.isfinite(at):
            assert not clones_flip_winner(P, max(at * (1 - 1e-9), 1.0), cloned=cloned).flips
            assert clones_flip_winner(P, at * (1 + 1e-9), cloned=cloned).flips
        else:
            assert not clones_flip_winner(P, 1e9, cloned=cloned).flips


@pytest.mark.parametrize(
    ("P", "copies", "cloned", "message"),
    [
        (PARIS, 0.5, 0, "copies must be a number in"),
        (PARIS, 2, 3, "position from 0 to 2"),
        ([[0.5, 0.2], [0.8, 0.5]], 2, 0, "at least 3 rows"),
        ([[0.5, 0.2, 0.3], [0.9, 0.5, 0.5], [0.7, 0.5, 0.5]], 2, 0, r"first: \(0, 1\)"),
    ],
)
def test_what_the_rule_refuses(P, copies, cloned, message):
    with pytest.raises((InputError, ParameterError), match=message):
        clones_flip_winner(P, copies, cloned=cloned)


def test_triads_are_counted_as_by_hand():
    rng = np.random.default_rng(0)
    for m, density in ((12, 1.0), (80, 0.05)):  # dense and sparse ways
        left, right = np.triu_indices(m, 1)
        kept = rng.random(len(left)) < density
        left, right = left[kept].astype(np.int32), right[kept].astype(np.int32)
        win, loss = rng.integers(0, 3, len(left)).astype(float), rng.integers(0, 3, len(left)).astype(float)
        beats = {(a, b) for a, b, x, y in zip(left, right, win, loss, strict=True) if x > y}
        beats |= {(b, a) for a, b, x, y in zip(left, right, win, loss, strict=True) if y > x}
        met = beats | {(b, a) for a, b in beats}
        cyclic = closed = 0
        for a, b, c in itertools.combinations(range(m), 3):
            closed += {(a, b), (b, c), (a, c)} <= met
            cyclic += {(a, b), (b, c), (c, a)} <= beats or {(b, a), (c, b), (a, c)} <= beats
        assert count_triads(left, right, win, loss, m) == (cyclic, closed)
        assert closed > 0


def test_the_layout_leaves_out_what_says_nothing_and_fits_as_the_model_does():
    r = np.array([0.5, -0.5, 0.2, 1.0, -0.3, 0.0, 0.7])
    left, right = [0, 0, 1, 3, 5, 5], [1, 2, 2, 4, 6, 6]  # a triangle, and two trees
    rng = np.random.default_rng(0)
    e = rng.integers(6, size=4000)
    a, b = np.array(left)[e], np.array(right)[e]
    y = (rng.random(4000) < expit(r[a] - r[b])).astype(float)
    c = Comparisons.from_arrays(a, b, y, ids=np.arange(7))
    layout = Layout(collect_pairs(c.left, c.right, c.outcome, c.count, 7))
    assert layout.degrees_of_freedom == 1
    assert sorted(zip(layout.left.tolist(), layout.right.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 2)]
    triangle = c.select(np.isin(c.left, [0, 1, 2])).restrict(np.arange(np.isin(a, [0, 1, 2]).sum()), range(7))
    model = BradleyTerry(regularization=1e-6).fit(
        Comparisons.from_arrays(triangle.left, triangle.right, triangle.outcome, ids=[0, 1, 2])
    )
    np.testing.assert_allclose(layout.fit((layout.win, layout.loss), 1e-6)[:3], model.rewards_, atol=1e-8)
    counts = layout.count(c.left, c.right, c.outcome, c.count)
    np.testing.assert_array_equal(counts[0], layout.win)
    np.testing.assert_array_equal(counts[1], layout.loss)


def test_the_excess_has_the_mean_that_the_docstring_gives():
    """Mean (n - 1) delta^2 a pair, whatever the noise; also for pairs judged once or twice."""
    rng = np.random.default_rng(0)
    left, right = np.triu_indices(6, 1)
    p, delta = rng.uniform(0.3, 0.7, 15), rng.uniform(-0.25, 0.25, 15)
    n = rng.integers(1, 6, 15)
    totals = []
    layout = None
    for _ in range(4000):
        win = rng.binomial(n, p + delta).astype(float)
        e = np.repeat(np.arange(15), n)
        if layout is None:
            layout = Layout(
                collect_pairs(
                    left[e].astype(np.int32), right[e].astype(np.int32), np.ones(len(e)), np.ones(len(e)), 6
                )
            )
        totals.append(measure_misfit(layout, (win, n - win), p, triads=False).excess)
    error = np.std(totals) / np.sqrt(len(totals))
    assert np.mean(totals) == pytest.approx(((n - 1) * delta**2).sum(), abs=4 * error)
    assert error < 0.1 * ((n - 1) * delta**2).sum()


def test_one_model_is_rejected_as_rarely_as_it_should():
    """Sparse data, where a plain bootstrap rejects 40 to 90 % by likelihood ratio: 4 standard errors above 10 %."""
    p_values = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        c = sampled(bt_rates(rng.normal(0, 1.5, 40)), 350, seed)
        found = harm_index(c, n_bootstrap=39, random_state=seed)
        p_values.append((found.p_value, found.likelihood_ratio_p_value, found.cyclic_p_value))
    rejected = (np.array(p_values) <= 0.1).mean(axis=0)
    assert (rejected <= 0.1 + 4 * np.sqrt(0.1 * 0.9 / 40)).all(), rejected
    assert np.mean(p_values, axis=0)[0] == pytest.approx(0.5, abs=4 / np.sqrt(12 * 40))


def test_a_mixture_is_seen_and_its_size_estimated():
    topics = ["food", "art", "romance", "food", "art", "romance", "food"]
    population = paris_population(topics)
    c = sample_comparisons(population, 3000, n_annotators=500, random_state=1)
    truth = population_departure(population_win_rates(population))
    found = harm_index(c, n_bootstrap=60)
    assert max(found.p_value, found.likelihood_ratio_p_value) < 0.02
    assert found.departure == pytest.approx(truth, abs=0.03)
    assert found.low < truth < found.high
    assert found.annotator_p_value < 0.01


def test_cycles_are_seen_where_each_pair_is_judged_once():
    """A tournament without a best one: everybody beats the next half of the circle."""
    m = 15
    left, right = np.triu_indices(m, 1)
    won = ((right - left) % m <= m // 2).astype(float)
    found = harm_index(Comparisons.from_arrays(left, right, won, ids=np.arange(m)), n_bootstrap=60)
    assert np.isnan(found.departure)
    assert "judged once" in found.reason
    assert found.cyclic_p_value < 0.02
    assert found.cyclic_share > 0.25


@pytest.mark.parametrize(
    ("c", "reason"),
    [
        (Comparisons.from_arrays([0, 2, 4], [1, 3, 5], ids=range(6)), "form no cycle"),
        (Comparisons.from_arrays([0, 0, 1], [1, 1, 2], ids=range(3)), "form no cycle"),
        (Comparisons.from_arrays([0, 1], [1, 2], [0.5, 0.5], ids=range(3)), "every judgment is a tie"),
        (Comparisons.from_win_rates(PARIS), "3 outcomes are graded, first: 0.21|2 of 2 outcomes are graded"),
        (Comparisons.from_arrays([0, 1, 2, 3], [1, 2, 3, 0], ids=range(4)), "no three alternatives all met"),
    ],
    ids=["pairs", "path", "ties", "graded", "square"],
)
def test_it_says_when_the_data_cannot_tell(c, reason):
    found = harm_index(c)
    assert not found.is_identifiable
    assert any(part in found.reason for part in reason.split("|")), found.reason
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["departure"] is None


def test_counts_and_sides_change_nothing():
    c = sampled(random_win_rates(5, 0), 600, 0)
    again = Comparisons.from_arrays(c.right, c.left, 1 - c.outcome, ids=c.ids)
    pairs = collect_pairs(c.left, c.right, c.outcome, c.count, 5)
    summed = Comparisons.from_arrays(
        pairs.left, pairs.right, pairs.win / pairs.weight, pairs.weight, ids=c.ids
    )
    found = [harm_index(x, n_bootstrap=40) for x in (c, again, summed)]
    assert found[0].to_dict() == found[1].to_dict() == found[2].to_dict()
    assert found[0].departure > 0.1


def test_a_count_that_is_no_whole_number_is_an_error():
    c = Comparisons.from_arrays([0, 1], [1, 2], [1, 0], [1.0, 2.5], ids=range(3))
    with pytest.raises(InputError, match=r"1 of 2 counts are not whole numbers, first: 2.5 \(row 1"):
        harm_index(c)


def test_the_departure_of_win_rates():
    assert population_departure(bt_rates(np.array([1.0, 0.0, -2.0]))) == 0.0
    P = random_win_rates(5, 1)
    w = np.array([0.4, 0.3, 0.2, 0.1, 1e-9])
    rest = P[:4, :4]
    assert population_departure(P, w) == pytest.approx(population_departure(rest, w[:4]), rel=1e-3)
    assert population_departure(P, w) != pytest.approx(population_departure(P), rel=1e-2)


def votes_on_single_things(m: int, n: int, seed: int, *, mixed: bool) -> Comparisons:
    """Scores of single alternatives turned into comparisons: one voter's comparisons hang together."""
    rng = np.random.default_rng(seed)
    worth = rng.normal(0, 2.5 if mixed else 1.0, (2, m))
    taste = rng.integers(2, size=n) if mixed else np.zeros(n, dtype=int)
    score = worth[taste] + rng.gumbel(size=(n, m))  # Bradley-Terry win rates within a taste
    low, high = np.triu_indices(m, 1)
    outcome = (score[:, low] > score[:, high]).astype(float).ravel()
    return Comparisons.from_arrays(
        np.tile(low, n),
        np.tile(high, n),
        outcome,
        annotator=np.repeat(np.arange(n), len(low)),
        ids=np.arange(m),
    )


def test_dependent_judgments_are_judged_by_annotators():
    """The bootstrap of independent judgments says nothing here; halves of the voters do."""
    one = [harm_index(votes_on_single_things(10, 150, k, mixed=False), n_bootstrap=20) for k in range(12)]
    two = [harm_index(votes_on_single_things(10, 300, k, mixed=True), n_bootstrap=20) for k in range(3)]
    assert sum(x.annotator_p_value <= 0.05 for x in one) <= 3
    assert max(x.annotator_p_value for x in two) < 0.01
    assert all(x.low <= x.departure <= x.high for x in one + two)
    assert min(x.departure for x in two) > 2 * np.mean([x.departure for x in one])
