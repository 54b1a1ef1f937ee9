"""Definition: robustness to approximate clones, as a check that any rule passes or fails with a witness.

A rule maps alternatives (points of S) and their win rates to rewards. It is robust if for every delta there is
an eps such that adding clones within eps moves no reward by more than delta. The check below searches clones
of every alternative, one and many, at shrinking eps, and returns the worst witness at each.
"""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry
from cloneproof.weights import DiversityWeights, UniformWeights, VoronoiWeights


def worst_witness(weighting, points, tastes, epsilon, copies, seed=0):
    """Return (largest shift, which alternative was cloned)."""

    def fit(x):
        c = Comparisons.from_win_rates(tastes.win_rates(x))
        w = weighting.fit(x).weights_
        return BradleyTerry(regularization=0.05).fit(c, alternative_weight=w).rewards_

    rng = np.random.default_rng(seed)
    before = fit(points)
    found = []
    for parent in range(len(points)):
        step = rng.normal(size=(copies, points.shape[1]))
        step *= epsilon / np.linalg.norm(step, axis=1, keepdims=True)
        clones = np.clip(points[parent] + step, 0, 1)
        after = fit(np.vstack([points, clones]))
        found.append(float(np.abs(after[: len(points)] - before).max()))
    return max(found), int(np.argmax(found))


ROBUST = {
    "voronoi": VoronoiWeights(region="cube"),
    "diversity": DiversityWeights(scale=0.4),
}


@pytest.mark.parametrize("name", list(ROBUST))
@pytest.mark.parametrize("copies", [1, 8])
def test_clone_robust_weights_satisfy_the_definition(name: str, copies: int, smooth_tastes) -> None:
    points = np.random.default_rng(5).random((5, 2))
    shifts = [
        worst_witness(ROBUST[name], points, smooth_tastes(2), epsilon, copies)[0]
        for epsilon in (0.1, 0.01, 0.001, 1e-5)
    ]
    assert shifts[0] > shifts[2]
    assert shifts[1] < 0.3 * shifts[0] + 1e-3
    assert shifts[-1] < 2e-3


def test_no_weights_fail_it_with_a_witness(smooth_tastes) -> None:
    points = np.random.default_rng(5).random((5, 2))
    shift, witness = worst_witness(UniformWeights(), points, smooth_tastes(2), 1e-5, copies=8)
    assert shift > 0.1
    assert 0 <= witness < 5


def test_clones_at_a_distance_may_do_harm_to_anybody(smooth_tastes) -> None:
    """The definition is about small eps: an alternative far away is no clone, and moves every rule."""
    points = np.random.default_rng(5).random((5, 2))
    for weighting in ROBUST.values():
        assert worst_witness(weighting, points, smooth_tastes(2), 0.5, copies=8)[0] > 0.02
