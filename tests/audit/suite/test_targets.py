"""Worst cases: first-order effects are the derivatives of refits, and searches only get worse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cloneproof.audit.suite.case import fit_world_rewards
from cloneproof.audit.suite.targets import by_influence, search_targets, target_effects


@pytest.mark.parametrize("kind", ["dense_world", "sparse_world"])
def test_effects_are_derivatives_of_the_refit(kind, request):
    """Count a target's rows a little more, refit, and compare."""
    world = request.getfixturevalue(kind)
    world = replace(world, regularization=1e-3)
    c, step = world.comparisons, 1e-4
    base = fit_world_rewards(world, c, world.embeddings).rewards
    effects = target_effects(world, base)
    for a in (0, 3, 5):
        own = (c.left == a) | (c.right == a)
        heavier = replace(c, count=c.count * (1 + step * own))
        moved = (fit_world_rewards(world, heavier, world.embeddings).rewards - base) / step
        moved -= moved.mean()
        cosine = moved @ effects[a] / np.linalg.norm(moved) / np.linalg.norm(effects[a])
        assert cosine > 0.9999
        ratio = np.linalg.norm(effects[a]) / np.linalg.norm(moved)
        assert ratio == pytest.approx(1.0, abs=0.01)


def test_greedy_influence_adds_effects_up():
    effects = np.array([[1.0, -1.0], [0.9, -0.9], [-2.0, 2.0], [0.1, -0.1]])
    assert by_influence(effects, np.arange(4), 1).tolist() == [2]
    assert by_influence(effects, np.array([0, 1, 3]), 2).tolist() == [0, 1]
    assert by_influence(effects, np.arange(2), 9).tolist() == [0, 1]


def test_search_finds_the_worst_of_few_and_never_less_than_the_start():
    calls = []

    def harm(chosen):
        calls.append(tuple(chosen.tolist()))
        return float(chosen.sum())

    best, worst = search_targets(
        harm, np.array([0, 1]), np.arange(6), budget=60, rng=np.random.default_rng(0)
    )
    assert best.tolist() == [4, 5]
    assert worst == 9.0
    assert len(calls) == 60
    _, at_once = search_targets(harm, np.array([4, 5]), np.arange(6), budget=1, rng=np.random.default_rng(0))
    assert at_once == 9.0
