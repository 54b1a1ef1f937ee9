"""Exact duplicates: grouped whatever their number, order and sign of zero."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloneproof.weights import duplicates as module
from cloneproof.weights import group_duplicates
from tests.weights.oracles_voronoi import duplicates_by_loop


@given(
    st.integers(1, 4).flatmap(
        lambda d: st.lists(
            st.lists(st.sampled_from([0.0, -0.0, 1.0, 1.5]), min_size=d, max_size=d), min_size=1
        )
    ),
    st.sampled_from([np.float32, np.float64]),
)
@settings(max_examples=60, deadline=None)
def test_groups_equal_a_loop_over_tuples(rows, dtype):
    X = np.array(rows, dtype=dtype)
    first, inverse = duplicates_by_loop(X)
    found = group_duplicates(X)
    assert (found.first == first).all()
    assert (found.inverse == inverse).all()
    assert (found.counts == np.bincount(inverse)).all()


def test_colliding_hashes_do_not_merge_points(monkeypatch):
    monkeypatch.setattr(module, "_hash_rows", lambda X: np.zeros(len(X), dtype=np.uint64))
    X = np.array([[1.0], [2.0], [-0.0], [1.0], [0.0], [2.0], [3.0]])
    found = group_duplicates(X)
    assert found.inverse.tolist() == [0, 1, 2, 0, 2, 1, 3]
    assert found.first.tolist() == [0, 1, 2, 6]


def test_neighbouring_floats_stay_apart():
    x = np.nextafter(1.0, 2.0)
    assert group_duplicates(np.array([[1.0, 0.0], [x, 0.0], [1.0, 0.0]])).inverse.tolist() == [0, 1, 0]


def test_a_share_is_split_equally():
    found = group_duplicates(np.array([[1.0], [2.0], [1.0], [1.0]]))
    assert found.share(np.array([0.6, 0.4])) == pytest.approx([0.2, 0.4, 0.2, 0.2])
