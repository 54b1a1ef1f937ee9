"""The six uneven and sparse designs, on a few seeds; benchmarks/designs.py runs them in full."""

from __future__ import annotations

import pytest

from benchmarks.designs import DESIGNS, METHODS, REWARDS, run

TEXT = REWARDS[1]


@pytest.fixture(scope="module")
def errors():
    return run(2)


def test_diversity_stays_near_the_clone_free_rewards_in_every_design(errors):
    labels = {key[0] for key in errors}
    assert len(labels) == len(DESIGNS) + 2  # the pair is copied 1, 10 and 100 times
    for label in labels:
        assert errors[label, TEXT, "diversity"].max() <= 0.03, label


def test_the_other_methods_do_not(errors):
    worst = {
        method: max(e.max() for key, e in errors.items() if key[1:] == (TEXT, method)) for method in METHODS
    }
    assert worst["unweighted"] > 0.3
    assert worst["product"] > 0.1
    assert worst["balanced"] > 0.1  # its assumption, most pairs compared, is broken by two designs
    assert errors["clones 5x", TEXT, "balanced"].max() < 0.03
