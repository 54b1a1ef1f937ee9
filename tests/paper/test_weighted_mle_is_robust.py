"""Theorem: the weighted MLE is robust to approximate clones.

Definition: a rule is robust if adding an alternative within eps of an existing one moves no reward by more
than some delta(eps), with delta(eps) -> 0, and the clone's own reward is within delta(eps) of its original's.
For the weighted MLE with Voronoi weights delta is of the order of eps: the slope of log shift against log eps
is 1, in any dimension.
"""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry
from cloneproof.weights import VoronoiWeights


def rewards(points, tastes, weights=None):
    c = Comparisons.from_win_rates(tastes.win_rates(points))
    return BradleyTerry(regularization=0.05).fit(c, alternative_weight=weights).rewards_


def clone_shift(points, clone, parent, tastes, weigh):
    """Largest move of an original's reward, and of the clone's from its original's."""
    before = rewards(points, tastes, weigh(points))
    grown = np.vstack([points, clone])
    after = rewards(grown, tastes, weigh(grown))
    return max(float(np.abs(after[:-1] - before).max()), float(abs(after[-1] - before[parent])))


def near_points(x, epsilon, rng):
    """Return x moved by epsilon, inside the unit cube."""
    while True:
        step = rng.normal(size=x.shape)
        moved = x + epsilon * step / np.linalg.norm(step)
        if ((moved >= 0) & (moved <= 1)).all():
            return moved


@pytest.mark.slow
@pytest.mark.parametrize("n_dims", [1, 2, 4, 8])
def test_the_shift_is_proportional_to_the_distance(n_dims: int, smooth_tastes) -> None:
    """Slope 1.00 +- .06 of the mean log shift over 16 clones.

    Eps from .00001 to .001 where cells are exact. Beyond two dimensions S is a fixed sample of 60,000 points
    (the theorem with S finite, no noise of its own) and eps from .0005 to .01, so that faces cross points.
    """
    epsilons = np.geomspace(1e-5, 1e-3, 4) if n_dims <= 2 else np.geomspace(5e-4, 1e-2, 4)
    rng = np.random.default_rng(n_dims)
    tastes = smooth_tastes(n_dims, seed=1)
    region = "cube" if n_dims <= 2 else rng.random((60_000, n_dims))

    def weigh(points):
        return VoronoiWeights(region=region).fit(points).weights_

    logs = np.zeros((16, len(epsilons)))
    for k in range(len(logs)):
        points = rng.random((5, n_dims))
        parent = int(rng.integers(5))
        direction_seed = int(rng.integers(2**31))
        for j, epsilon in enumerate(epsilons):
            clone = near_points(points[parent], epsilon, np.random.default_rng(direction_seed))
            logs[k, j] = np.log(clone_shift(points, clone, parent, tastes, weigh))
    slope = np.polyfit(np.log(epsilons), logs.mean(axis=0), 1)[0]
    assert slope == pytest.approx(1.0, abs=0.06)


def test_exact_copies_any_number_of_times_move_nothing(smooth_tastes) -> None:
    rng = np.random.default_rng(0)
    tastes, points = smooth_tastes(2), rng.random((6, 2))
    before = rewards(points, tastes, VoronoiWeights(region="cube").fit(points).weights_)
    for copies in (1, 10, 200):
        grown = np.vstack([points, np.repeat(points[[2]], copies, axis=0)])
        after = rewards(grown, tastes, VoronoiWeights(region="cube").fit(grown).weights_)
        np.testing.assert_allclose(after[:6], before, atol=1e-9)
        np.testing.assert_allclose(after[6:], before[2], atol=1e-9)


def test_the_standard_mle_keeps_a_shift_that_does_not_vanish(smooth_tastes) -> None:
    """The definition fails for it on the same data: as eps goes to 0 the shift tends to a positive number."""
    rng = np.random.default_rng(0)
    tastes, points = smooth_tastes(2), rng.random((5, 2))

    def uniform(x):
        return np.full(len(x), 1.0 / len(x))

    shifts = [
        clone_shift(points, near_points(points[0], epsilon, np.random.default_rng(3)), 0, tastes, uniform)
        for epsilon in (1e-2, 1e-4, 1e-6)
    ]
    assert min(shifts) > 0.02
    assert shifts[2] == pytest.approx(shifts[1], rel=0.02)
