"""Clones move a network trained plainly, and hardly one trained on the weights."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof import Comparisons, DiversityWeights
from cloneproof._core.errors import ParameterError
from cloneproof.neural import RewardNetwork, measure_network_shift


@pytest.fixture
def tastes():
    """Two groups who disagree on 24 points of a line, each pair judged: p(a > b) halfway between."""
    x = np.linspace(-1, 1, 24)
    one, other = 3 * x, -4 * np.abs(x)
    p = 0.5 / (1 + np.exp(one[None] - one[:, None])) + 0.5 / (1 + np.exp(other[None] - other[:, None]))
    return Comparisons.from_win_rates(p), np.column_stack([x, x**2])


def test_exact_clones_move_plain_rewards_and_not_weighted_ones(tastes):
    c, X = tastes
    network = RewardNetwork(n_repeats=3, n_steps=250, decay="cosine", device="cpu")
    plain, weighted = measure_network_shift(
        c,
        X,
        network,
        weighting=DiversityWeights(scale=0.3),
        copies=30,
        targets=[20],
        comparison_weights_method="balanced",
    )
    assert plain.n_repeats == weighted.n_repeats == 3
    assert plain.max_shift > 0.15
    assert weighted.max_shift < 0.25 * plain.max_shift
    assert plain.seed_shift is not None
    assert not hasattr(network, "rewards_")


def test_options_are_checked(tastes):
    c, X = tastes
    with pytest.raises(ParameterError, match="weighting must be an estimator"):
        measure_network_shift(c, X, weighting=None)
    with pytest.raises(ParameterError, match="copies"):
        measure_network_shift(c, X, weighting=DiversityWeights(), copies=0)
