"""Evaluation of rewards: against double loops, and the laws that make it clone-robust."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from sklearn.metrics import brier_score_loss, log_loss

from cloneproof import BradleyTerry, Comparisons, InputError, read_comparisons
from cloneproof.audit import compare_accuracy, evaluate_rewards


@st.composite
def cases(draw):
    m = draw(st.integers(2, 8))
    n = draw(st.integers(1, 15))
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    left = rng.integers(0, m, n)
    right = (left + rng.integers(1, m, n)) % m
    c = Comparisons.from_arrays(
        left,
        right,
        rng.choice([0.0, 0.2, 0.5, 1.0], n),
        rng.integers(1, 4, n),
        annotator=rng.choice(["x", "y"], n),
        ids=np.arange(m),
    )
    return c, rng.choice([-1.0, 0.0, 0.0, 0.7, 2.5], m), rng.integers(0, max(m // 2, 1), m)


def slow(c, rewards, families):
    """Accuracy, balanced accuracy, log loss, Brier: row by row."""
    hits, ties, losses, squares, total = {}, 0, 0.0, 0.0, 0.0
    plain_top = plain_bottom = 0.0
    for a, b, y, k in zip(c.left, c.right, c.outcome, c.count, strict=True):
        d = rewards[a] - rewards[b]
        p = 1 / (1 + math.exp(-d))
        losses -= k * (y * math.log(p) + (1 - y) * math.log(1 - p))
        squares += k * (p - y) ** 2
        total += k
        if y == 0.5:
            ties += 1
            continue
        right = 0.5 if d == 0 else float((d > 0) == (y > 0.5))
        plain_top, plain_bottom = plain_top + k * right, plain_bottom + k
        for side in (a, b):
            top, bottom = hits.get(families[side], (0.0, 0.0))
            hits[families[side]] = (top + k * right, bottom + k)
    balanced = np.mean([top / bottom for top, bottom in hits.values()]) if hits else math.nan
    return (
        plain_top / plain_bottom if plain_bottom else math.nan,
        balanced,
        losses / total,
        squares / total,
        ties,
    )


@settings(max_examples=120, deadline=None)
@given(cases())
def test_agrees_with_a_double_loop(case):
    c, rewards, families = case
    found = evaluate_rewards(c, rewards, families=families)
    accuracy, balanced, loss, brier, ties = slow(c, rewards, families)
    assert found.accuracy.value == pytest.approx(accuracy, nan_ok=True)
    assert found.accuracy_by_family.value == pytest.approx(balanced, nan_ok=True)
    assert found.log_loss == pytest.approx(loss)
    assert found.brier == pytest.approx(brier)
    assert found.n_ties == ties
    for share in (found.accuracy, found.accuracy_by_family):
        assert math.isnan(share.value) or 0 <= share.low <= share.value <= share.high <= 1
    assert sum(b.n for b in found.bins) == pytest.approx(c.count.sum())
    error = sum(b.n * abs(b.predicted - b.observed) for b in found.bins) / c.count.sum()
    assert found.calibration_error == pytest.approx(error)
    assert sum(a.n for a in found.by_annotator) == c.n_comparisons - ties
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["n_ties"] == ties


@settings(max_examples=40, deadline=None)
@given(cases())
def test_which_side_is_called_left_does_not_matter(case):
    c, rewards, families = case
    swapped = Comparisons.from_arrays(
        c.right, c.left, 1 - c.outcome, c.count, annotator=c.annotator, ids=c.ids
    )
    one, other = (evaluate_rewards(x, rewards, families=families).to_dict() for x in (c, swapped))
    for name in ("log_loss", "brier", "calibration_error"):
        assert one[name] == pytest.approx(other[name])
    for name in ("accuracy", "accuracy_by_family"):
        assert one[name] == pytest.approx(other[name])


def test_the_numbers_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    c = Comparisons.from_arrays(
        range(0, 100, 2), range(1, 100, 2), rng.integers(0, 2, 50), ids=np.arange(100)
    )
    rewards = rng.standard_normal(100)
    p = 1 / (1 + np.exp(rewards[1::2] - rewards[::2]))
    found = evaluate_rewards(c, rewards)
    assert found.log_loss == pytest.approx(log_loss(c.outcome, p))
    assert found.brier == pytest.approx(brier_score_loss(c.outcome, p))
    d = rewards[::2] - rewards[1::2]
    best = minimize_scalar(lambda a: np.logaddexp(0, a * np.where(c.outcome == 1, -d, d)).sum())
    assert found.best_scale == pytest.approx(best.x, abs=1e-4)


def test_copies_of_a_pair_count_once_and_do_not_narrow_the_interval():
    """Ten pairs, of which one, that the reward gets wrong, was copied a hundred times."""
    left, right = np.arange(0, 20, 2), np.arange(1, 20, 2)
    rewards = np.where(np.arange(20) % 2 == 0, 1.0, 0.0)
    rewards[0] = -1.0
    clean = Comparisons.from_arrays(left, right, ids=np.arange(20))
    families = np.arange(20)
    copies = np.arange(20, 220)
    cloned = Comparisons.from_arrays(
        np.concatenate([left, copies[::2]]), np.concatenate([right, copies[1::2]]), ids=np.arange(220)
    )
    all_rewards = np.concatenate([rewards, np.tile(rewards[:2], 100)])
    all_families = np.concatenate([families, np.tile([0, 1], 100)])
    before = evaluate_rewards(clean, rewards, families=families)
    after = evaluate_rewards(cloned, all_rewards, families=all_families)
    assert before.accuracy.value == before.accuracy_by_family.value == 0.9
    assert after.accuracy.value == pytest.approx(9 / 110)
    assert after.accuracy_by_family.value == pytest.approx(0.9)
    assert after.accuracy_by_family.low == pytest.approx(before.accuracy_by_family.low)
    assert after.accuracy.n_units == 10
    assert after.accuracy.high > 0.3  # 110 independent rows would give 0.15
    untold = evaluate_rewards(cloned, all_rewards)
    assert untold.accuracy.high < 0.16


def test_intervals_cover():
    """2,000 samples of 60 independent rows: the 95 % interval covers within 4 standard errors of .95."""
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(2000):
        won = rng.random(60) < 0.7
        c = Comparisons.from_arrays(range(0, 120, 2), range(1, 120, 2), won.astype(float), ids=np.arange(120))
        share = evaluate_rewards(c, np.tile([1.0, 0.0], 60)).accuracy
        covered += share.low <= 0.7 <= share.high
    assert abs(covered / 2000 - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 2000)


def test_calibrated_rewards_have_no_error_and_a_scale_of_one():
    rng = np.random.default_rng(2)
    n = 40_000
    rewards = rng.standard_normal(2 * n)
    p = 1 / (1 + np.exp(rewards[1::2] - rewards[::2]))
    c = Comparisons.from_arrays(
        range(0, 2 * n, 2), range(1, 2 * n, 2), (rng.random(n) < p).astype(float), ids=np.arange(2 * n)
    )
    honest, sure = evaluate_rewards(c, rewards), evaluate_rewards(c, 3 * rewards)
    assert honest.calibration_error < 0.01
    assert honest.best_scale == pytest.approx(1.0, abs=0.05)
    assert sure.calibration_error > 0.1
    assert sure.best_scale == pytest.approx(1 / 3, abs=0.02)
    assert evaluate_rewards(c, np.zeros(2 * n)).log_loss == pytest.approx(math.log(2))


def test_only_ties_and_perfect_rewards():
    tied = evaluate_rewards(Comparisons.from_arrays([0], [1], [0.5], ids=["a", "b"]), [1.0, 0.0])
    assert tied.to_dict()["accuracy"] == {"value": None, "low": None, "high": None, "n_units": 0}
    assert tied.best_scale == pytest.approx(0.0, abs=1e-6)
    perfect = evaluate_rewards(
        Comparisons.from_arrays([0, 2], [1, 3], ids=list("abcd")), [1.0, 0.0, 1.0, 0.0]
    )
    assert perfect.accuracy.value == perfect.accuracy.high == 1.0
    assert 0.2 < perfect.accuracy.low < 0.5
    assert perfect.best_scale is None


def test_two_models_are_compared_on_the_same_rows():
    rng = np.random.default_rng(3)
    c = Comparisons.from_arrays(range(0, 400, 2), range(1, 400, 2), ids=np.arange(400))
    good = np.where(np.arange(400) % 2 == 0, 1.0, 0.0)
    bad = good.copy()
    wrong = rng.choice(200, 20, replace=False)
    bad[2 * wrong] = -1.0
    found = compare_accuracy(c, bad, good)
    assert found["difference"] == pytest.approx(0.1)
    assert found["disagree"] == pytest.approx(0.1)
    assert found["low"] == pytest.approx(0.1 - 1.96 * math.sqrt(0.1 * 0.9 / 199), abs=1e-3)
    same = compare_accuracy(c, good, good)
    assert same["difference"] == same["low"] == same["high"] == same["disagree"] == 0


def test_bad_input_is_told():
    c = Comparisons.from_arrays([0], [1], ids=["a", "b"])
    with pytest.raises(InputError, match=r"rewards has shape \(3,\), expected \(2,\)"):
        evaluate_rewards(c, [0.0, 1.0, 2.0])
    with pytest.raises(InputError, match="1 of 2 are not, first: nan"):
        evaluate_rewards(c, [0.0, np.nan])
    with pytest.raises(InputError, match="families has shape"):
        evaluate_rewards(c, [0.0, 1.0], families=[0])
    with pytest.raises(InputError, match="got 0"):
        evaluate_rewards(Comparisons.from_arrays([], [], ids=["a", "b"]), [0.0, 1.0])


def test_a_real_crowd_agrees_with_its_own_table_more_than_a_coin(shared_data):
    """LLMFAO: 8,931 votes of 124 workers, ties among them, on one reward per model."""
    c = read_comparisons(shared_data / "llmfao_crowd_comparisons.csv.gz", unit="model")
    found = evaluate_rewards(c, BradleyTerry().fit(c).rewards_)
    assert found.n_comparisons == 8931
    assert found.n_ties == int((c.outcome == 0.5).sum()) > 1000
    assert 0.6 < found.accuracy.low < found.accuracy.value < found.accuracy.high < 0.8
    assert found.log_loss < math.log(2)
    assert len(found.by_annotator) == c.n_annotators
    assert sum(a.n for a in found.by_annotator) == found.n_comparisons - found.n_ties
    pooled = sum(a.n * a.accuracy.value for a in found.by_annotator if a.n) / (8931 - found.n_ties)
    assert pooled == pytest.approx(found.accuracy.value)
