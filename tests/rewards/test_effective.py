"""What weights cost, in effective numbers, and the recommendation."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof._core.errors import InputError
from cloneproof.preferences import Comparisons
from cloneproof.rewards.effective import measure_weight_cost
from cloneproof.rewards.linear import LinearReward


def apart(n):
    return Comparisons.from_arrays(np.arange(n), n + np.arange(n), ids=np.arange(2 * n))


def test_effective_numbers_follow_their_definitions():
    c = Comparisons.from_arrays([0, 0, 1, 3], [1, 1, 2, 1], count=[2, 1, 1, 4], ids=np.arange(4))
    omega, w = np.array([0.3, 0.1, 0.2, 0.4]), np.array([0.4, 0.3, 0.2, 0.1])
    cost = measure_weight_cost(c, 5 * omega, w)
    assert cost.effective_alternatives == pytest.approx(1 / 0.30)
    effective = 1 / (0.09 / 2 + 0.01 + 0.04 + 0.16 / 4)
    assert cost.effective_comparisons == pytest.approx(effective)
    assert cost.effective_pairs == pytest.approx(1 / (0.16 + 0.04 + 0.16))
    assert cost.variance_inflation == pytest.approx(8 / effective)
    assert cost.standard_error_inflation == pytest.approx(np.sqrt(8 / effective))
    assert cost.pair_inflation == pytest.approx(3 / cost.effective_pairs)
    assert (cost.n_alternatives, cost.n_comparisons, cost.n_pairs) == (4, 4, 3)


def test_counting_once_is_free_and_a_count_is_a_repetition():
    rng = np.random.default_rng(0)
    count = rng.integers(1, 6, size=20)
    c = Comparisons.from_arrays(np.arange(20), 20 + np.arange(20), count=count, ids=np.arange(40))
    plain = measure_weight_cost(c, count)
    assert plain.effective_comparisons == pytest.approx(count.sum())
    assert plain.variance_inflation == pytest.approx(1.0)
    rows = np.repeat(np.arange(20), count)
    repeated = apart(20).select(rows)
    assert measure_weight_cost(repeated, np.ones(len(rows))).effective_pairs == pytest.approx(
        plain.effective_pairs
    )


def test_inflation_is_what_standard_errors_do():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((4_000, 2))
    d = (X[:2_000] - X[2_000:]) @ [0.3, 0.3]
    c = Comparisons.from_arrays(
        np.arange(2_000),
        np.arange(2_000, 4_000),
        (rng.random(2_000) < 1 / (1 + np.exp(-d))).astype(float),
        ids=np.arange(4_000),
    )
    omega = rng.exponential(size=2_000) ** 2
    plain = LinearReward(regularization=0.0).fit(c, X).standard_errors_
    weighted = LinearReward(regularization=0.0).fit(c, X, comparison_weight=omega).standard_errors_
    cost = measure_weight_cost(c, omega)
    assert (weighted / plain).mean() == pytest.approx(cost.standard_error_inflation, rel=0.1)


@pytest.mark.parametrize(
    ("weights", "measured", "expected", "words"),
    [
        (np.ones(100), {}, "not needed", "100 of 100"),
        (np.r_[np.ones(60), np.full(40, 0.3)], {}, "keep", "at most a factor of 1.1"),
        (np.r_[np.ones(10), np.full(90, 0.02)], {}, "weaker", "if they are all independent"),
        (np.r_[np.ones(10), np.full(90, 0.02)], {"reward_shift": 0.5, "standard_error": 0.2}, "keep", "0.5"),
        (
            np.r_[np.ones(10), np.full(90, 0.02)],
            {"reward_shift": 0.01, "standard_error": 0.2},
            "weaker",
            "smaller scale",
        ),
    ],
)
def test_the_recommendation_says_why_in_numbers(weights, measured, expected, words):
    cost = measure_weight_cost(apart(100), weights, **measured)
    assert cost.recommendation == expected
    assert words in cost.reason


def test_bad_input_is_named():
    with pytest.raises(InputError, match=r"expected \(3,\)"):
        measure_weight_cost(apart(3), [1.0])
    with pytest.raises(InputError, match="together"):
        measure_weight_cost(apart(3), np.ones(3), reward_shift=1.0)
    with pytest.raises(InputError, match="one per alternative"):
        measure_weight_cost(apart(3), np.ones(3), [1.0])
