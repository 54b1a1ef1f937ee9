"""Adding and removing alternatives ends where a rebuild ends, to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloneproof import InputError
from cloneproof.weights import Box, VoronoiWeights
from cloneproof.weights.incremental import NearestState

pytestmark = pytest.mark.filterwarnings("ignore::cloneproof._core.errors.EmptyCellWarning")

CORNERS = np.stack(np.meshgrid(*[[0.0, 1.0]] * 3), axis=-1).reshape(-1, 3)


def draw(m, seed=0):
    return np.random.default_rng(seed).uniform(size=(m, 3))


def assert_same(updated, rebuilt):
    assert (updated.weights_ == rebuilt.weights_).all()
    assert (updated.standard_errors_ == rebuilt.standard_errors_).all()
    assert (updated.interval() == rebuilt.interval()).all()
    if rebuilt._state is not None:
        assert (updated._state.indices[:, 0] == rebuilt._state.indices[:, 0]).all()
        assert (updated._state.distances[:, 0] == rebuilt._state.distances[:, 0]).all()
        known = updated._state.indices[:, 1] >= 0
        assert (updated._state.indices[known] == rebuilt._state.indices[known]).all()
        assert (updated._state.distances[known] == rebuilt._state.distances[known]).all()


OPTIONS = {
    "box": {},
    "cube": {"region": "cube"},
    "fixed": {"region": Box([-1.0] * 3, [2.0] * 3)},
    "sphere": {"region": "sphere"},
    "ball": {"region": "ball"},
    "hull": {"region": "hull"},
    "reference": {"region": np.random.default_rng(9).normal(size=(700, 3))},
    "smoothed": {"region": np.random.default_rng(9).normal(size=(70, 3)), "smoothing": 0.3},
    "projected": {"n_components": 2},
    "projected-sampled": {"n_components": 2, "cells": "sampled"},
    "auto": {"n_samples": "auto", "rtol": 0.2},
    "blocks": {"method": "blocks"},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_every_region_updates_like_a_rebuild(options):
    options = {"n_samples": 2048, "random_state": 7, **options}
    X, new = np.vstack([CORNERS, draw(30)]), np.vstack([draw(6, 1), draw(1, 0), [[2.0, 0.5, 0.5]]])
    updated = VoronoiWeights(**options).fit(X).partial_fit(new[:7]).partial_fit(new[7:])
    table = np.vstack([X, new])
    assert_same(updated, VoronoiWeights(**options).fit(table))
    gone = [3, 12, 20, 38, 45]
    assert_same(updated.remove(gone), VoronoiWeights(**options).fit(np.delete(table, gone, axis=0)))


@st.composite
def histories(draw_from):
    """Starting points on a coarse lattice (ties and copies abound) and a series of steps."""
    lattice = st.tuples(*[st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])] * 3)
    start = draw_from(st.lists(lattice, min_size=2, max_size=8))
    steps = draw_from(
        st.lists(st.one_of(st.lists(lattice, min_size=1, max_size=4), st.integers(1, 5)), max_size=6)
    )
    return start, steps, draw_from(st.integers(0, 2**16))


class Lattice:
    """Samples that sit exactly between lattice points, so that equal distances are the rule."""

    def __init__(self):
        steps = np.arange(5) / 4
        self.samples = np.stack(np.meshgrid(steps, steps, steps + 0.125), axis=-1).reshape(-1, 3)
        self.n_samples = len(self.samples)

    def blocks(self):
        yield self.samples[:50]
        yield self.samples[50:]


@given(histories())
@settings(max_examples=100, deadline=None)
def test_any_history_ends_like_a_rebuild_even_at_equal_distances(history):
    start, steps, seed = history
    rng = np.random.default_rng(seed)
    estimator = VoronoiWeights("cube", random_state=0, n_samples=16, cells="sampled").fit(np.array(start))
    table = np.array(start)
    lattice = NearestState(Lattice(), method="tree", n_jobs=1)
    lattice.build(estimator._points)
    estimator._state = lattice
    estimator._state.source.estimate = lambda index, n: estimator._cells_of(index, n)
    estimator._cells_of = lambda index, n: _cells(index, n)
    for step in steps:
        if isinstance(step, int):
            gone = rng.choice(len(table), size=min(step, len(table) - 1), replace=False)
            estimator.remove(gone)
            table = np.delete(table, gone, axis=0)
        else:
            estimator.partial_fit(np.array(step))
            table = np.vstack([table, step])
        if estimator._state is not lattice:  # a single point was left: computed anew without samples
            return
        rebuilt = NearestState(Lattice(), method="tree", n_jobs=1)
        rebuilt.build(estimator._points)
        assert (lattice.indices[:, 0] == rebuilt.indices[:, 0]).all()
        known = lattice.indices[:, 1] >= 0
        assert (lattice.distances[known] == rebuilt.distances[known]).all()
        if lattice.order_kept:
            assert (lattice.indices[known] == rebuilt.indices[known]).all()
        assert (np.vstack([estimator._points[i] for i in estimator._copies.inverse]) == table).all()


def _cells(index, n_points):
    from cloneproof.weights.voronoi_samples import SobolSource

    return SobolSource.from_counts(np.array([np.bincount(index, minlength=n_points)] * 2))


def test_adding_looks_at_the_new_alternatives_only(monkeypatch):
    from cloneproof.weights import incremental

    asked = []
    make = incremental.make_index
    monkeypatch.setattr(incremental, "make_index", lambda p, **k: asked.append(len(p)) or make(p, **k))
    fitted = VoronoiWeights("cube", random_state=0, n_samples=1024).fit(draw(50))
    fitted.partial_fit(draw(4, 1))
    assert asked == [50, 4]
    fitted.partial_fit(draw(2, 0))  # copies of what is there
    assert asked == [50, 4]


def test_removing_searches_only_where_both_nearest_are_gone(monkeypatch):
    fitted = VoronoiWeights("cube", random_state=0, n_samples=4096).fit(draw(50))
    searched = []
    search = NearestState._search_again
    monkeypatch.setattr(
        NearestState,
        "_search_again",
        lambda self, needed, p: searched.append(int(needed.sum())) or search(self, needed, p),
    )
    fitted.remove([5])
    assert searched == [0]
    fitted.remove([5, 6, 7])
    assert 0 < searched[1] < 400


def test_partial_fit_on_a_fresh_estimator_is_fit():
    X = draw(9)
    assert (
        VoronoiWeights(random_state=0).partial_fit(X).weights_
        == VoronoiWeights(random_state=0).fit(X).weights_
    ).all()


def test_single_points_grow_and_shrink():
    fitted = VoronoiWeights(random_state=0, n_samples=1024).fit(draw(1))
    assert_same(
        fitted.partial_fit(draw(5, 1)),
        VoronoiWeights(random_state=0, n_samples=1024).fit(np.vstack([draw(1), draw(5, 1)])),
    )
    assert fitted.remove([1, 2, 3, 4, 5]).weights_.tolist() == [1.0]


def test_changing_the_array_afterwards_changes_nothing():
    X = draw(20)
    fitted = VoronoiWeights("cube", random_state=0, n_samples=1024).fit(X)
    kept = X.copy()
    X[:] = 0.0
    assert_same(fitted.remove([0]), VoronoiWeights("cube", random_state=0, n_samples=1024).fit(kept[1:]))


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        ([4], r"indices must lie in 0\.\.3; 1 of 1 do not, first: 4"),
        ([-1], "first: -1"),
        ([1, 1], "once"),
        ([0, 1, 2, 3], "leave at least one"),
        ([0.5], "whole numbers"),
        ([[0]], "whole numbers"),
        ([True], "whole numbers"),
    ],
)
def test_bad_positions_are_named(indices, message):
    with pytest.raises(InputError, match=message):
        VoronoiWeights(random_state=0, n_samples=64).fit(draw(4)).remove(indices)


def test_removing_nothing_changes_nothing():
    fitted = VoronoiWeights(random_state=0, n_samples=64).fit(draw(4))
    weights = fitted.weights_
    assert (fitted.remove([]).weights_ == weights).all()


def test_new_alternatives_must_fit():
    fitted = VoronoiWeights(random_state=0, n_samples=64).fit(draw(4))
    with pytest.raises(InputError, match="features"):
        fitted.partial_fit([[0.0]])


class OneSample:
    n_samples = 1

    def blocks(self):
        yield np.zeros((1, 1))


@pytest.fixture
def tied():
    """A sample at 0 whose nearest point is 0.5; -1 and 1 follow at the same distance."""
    state = NearestState(OneSample(), method="tree", n_jobs=1)
    state.build(np.array([[0.5], [-1.0], [1.0]]))
    assert state.indices.tolist() == [[0, 1]]
    return state


def test_a_new_order_decides_between_equals_that_were_never_compared(tied):
    tied.remove(np.array([-1, 0, 1]), np.array([[-1.0], [1.0]]))
    assert tied.indices.tolist() == [[0, -1]]  # the second is not known any more
    tied.remove(np.array([1, 0]), np.array([[1.0], [-1.0]]))
    assert tied.indices.tolist() == [[0, 1]]


def test_a_second_chosen_under_another_order_is_not_promoted_unseen(tied):
    tied.remove(np.array([0, 2, 1]), np.array([[0.5], [1.0], [-1.0]]))
    tied.remove(np.array([-1, 0, 1]), np.array([[1.0], [-1.0]]))
    assert tied.indices.tolist() == [[0, 1]]
