"""Best of many: the formula, its Monte Carlo twin, and families pooled."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof._core.errors import InputError, ParameterError
from cloneproof.leaderboard import audit_families, expected_best_of, make_board
from cloneproof.preferences import Comparisons
from tests.leaderboard.oracles_board import battles, conflict


def test_known_values():
    """David & Nagaraja, Order Statistics: exact means for 2, 3, 4 and 5 normals."""
    assert expected_best_of(1) == 0.0
    assert expected_best_of(2) == pytest.approx(1 / np.sqrt(np.pi), abs=1e-10)
    assert expected_best_of(3) == pytest.approx(1.5 / np.sqrt(np.pi), abs=1e-10)
    assert expected_best_of(4) == pytest.approx(
        3 / np.sqrt(np.pi) * (0.5 + np.arcsin(1 / 3) / np.pi), abs=1e-10
    )
    assert expected_best_of(5) == pytest.approx(
        5 / np.sqrt(np.pi) * (0.25 + 1.5 / np.pi * np.arcsin(1 / 3)), abs=1e-10
    )


@pytest.mark.parametrize("m", [2, 7, 27, 200])
def test_monte_carlo(m):
    draws = np.random.default_rng(0).standard_normal((20_000, m)).max(axis=1)
    assert abs(draws.mean() - expected_best_of(m)) < 5 * draws.std() / np.sqrt(len(draws))


def test_growth_and_bad_values():
    values = [expected_best_of(m) for m in (1, 2, 10, 100, 10_000, 10**7)]
    assert np.all(np.diff(values) > 0)
    assert values[-1] < np.sqrt(2 * np.log(10**7))
    for bad in (0, -1, 2.5, True):
        with pytest.raises(ParameterError):
            expected_best_of(bad)


def test_equal_siblings_have_the_gap_of_luck():
    gaps = []
    for seed in range(30):
        c = battles([0.5, 0.5, 0.5, 0.5, 0.0, -0.5, -1.0], 3000, seed)
        (found,) = audit_families(c, make_board(c), ["f"] * 4 + ["x", "y", "z"])
        gaps.append(found.gap)
    assert found.expected_gap == pytest.approx(expected_best_of(4))
    assert abs(np.mean(gaps) - found.expected_gap) < 0.4


def test_unequal_siblings_stand_out():
    c = battles([1.0, 0.0, -0.5, 0.0, -1.0], 4000, 1)
    (found,) = audit_families(c, make_board(c), ["f", "f", "f", "x", "y"])
    assert found.members == ("m0", "m1", "m2")
    assert found.gap > 5 * found.expected_gap
    assert found.best_rating > found.pooled_rating
    assert found.expected_gain == pytest.approx(found.standard_error * expected_best_of(3))


def test_exact_copies_have_no_gap():
    c = conflict()
    left, right = np.append(c.left, np.where(c.left == 0, 4, c.left)), np.append(c.right, c.right)
    doubled = Comparisons.from_arrays(
        left, right, np.append(c.outcome, c.outcome), ids=np.array(["a", "b", "c", "d", "a2"], dtype=object)
    )
    keep = np.append(np.ones(len(c), bool), c.left == 0)
    doubled = doubled.select(keep)
    (found,) = audit_families(doubled, make_board(doubled), ["a", "b", "c", "d", "a"])
    assert abs(found.gap) < 1e-6


def test_families_are_needed():
    c = conflict()
    with pytest.raises(InputError, match="families are needed"):
        audit_families(c, make_board(c))
    assert audit_families(c, make_board(c), ["f"] * 4) == ()
