"""Families found three ways against flooding and scipy, counted by hand, weighed equally."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage

from cloneproof import FamilyWeights, find_families
from cloneproof._core.errors import InputError, ParameterError
from cloneproof.weights import choose_scale, count_distinct
from cloneproof.weights import families as module
from tests.weights.oracles_diversity import clarabel_simplex, gaussian_kernel
from tests.weights.oracles_families import components, same_partition
from tests.weights.sklearn_checks import parametrize_checks


@parametrize_checks(FamilyWeights())
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@parametrize_checks(FamilyWeights(radius=1.0, method="average"))
def test_scikit_learn_contract_by_average_linkage(estimator, check):
    check(estimator)


def draw(m=60, d=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(m // 4, d))[rng.integers(0, m // 4, m)] + 0.2 * rng.normal(size=(m, d))


def first_appearance(labels):
    return [list(dict.fromkeys(labels)).index(label) for label in labels]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20), st.integers(1, 3), st.floats(0.0, 2.0), st.integers(0, 2**31 - 1))
def test_single_families_are_flooded_components_in_order_of_appearance(m, d, radius, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(m, d))[rng.integers(0, m, m)]  # copies too
    found = find_families(X, radius=radius)
    assert found.tolist() == components(X, radius).tolist()
    assert found.dtype == np.int64


@pytest.mark.parametrize("method", ["average", "complete"])
@pytest.mark.parametrize("seed", range(4))
def test_hierarchical_families_are_scipys(method, seed):
    X = draw(seed=seed)
    for radius in (0.3, 0.6, 1.0, 3.0):
        found = find_families(X, radius=radius, method=method)
        slow = fcluster(linkage(X, method=method), t=radius, criterion="distance")
        assert same_partition(found, slow)
        assert found.tolist() == first_appearance(found)


@pytest.mark.parametrize("method", ["single", "average", "complete"])
def test_exact_copies_change_no_family(method):
    X = draw(40)
    base = find_families(X, radius=0.6, method=method)
    rows = np.concatenate([np.arange(40), np.random.default_rng(1).integers(0, 40, 500)])
    found = find_families(X[rows], radius=0.6, method=method)
    assert (found == base[rows]).all()


def test_the_methods_bound_what_they_say():
    chain = np.arange(10.0)[:, None]
    assert find_families(chain, radius=1.0).tolist() == [0] * 10
    complete = find_families(chain, radius=1.0, method="complete")
    assert max(np.ptp(np.flatnonzero(complete == family)) for family in complete) == 1
    single, average = (find_families(chain, radius=2.0, method=method) for method in ("single", "average"))
    assert single.max() < average.max() <= complete.max()


def test_the_automatic_radius_is_the_scale():
    X = draw()
    assert (find_families(X) == find_families(X, radius=choose_scale(X))).all()
    assert FamilyWeights().fit(X).radius_ == choose_scale(X)


def test_a_chain_too_long_to_split_is_named(monkeypatch):
    monkeypatch.setattr(module, "HIERARCHY_LIMIT", 5)
    with pytest.raises(
        InputError, match=r"10 alternatives hang together.*method='complete' can split at most 5"
    ):
        find_families(np.arange(10.0)[:, None], radius=1.0, method="complete")
    assert find_families(np.arange(10.0)[:, None], radius=1.0).max() == 0


def test_threads_order_and_dtype_do_not_matter():
    X = draw(80).astype(np.float32)
    base = find_families(X, radius=0.5)
    for n_jobs in (1, 2, 8):
        assert (find_families(X, radius=0.5, n_jobs=n_jobs) == base).all()
    assert (find_families(X.astype(np.float64), radius=0.5) == base).all()
    order = np.random.default_rng(2).permutation(80)
    assert same_partition(find_families(X[order], radius=0.5), base[order])


def test_weights_of_given_families():
    labels = ["x", "y", "x", "x", "z", "y"]
    found = FamilyWeights().fit(np.zeros((6, 2)), families=labels)
    np.testing.assert_allclose(found.weights_, [1 / 9, 1 / 6, 1 / 9, 1 / 9, 1 / 3, 1 / 6], rtol=1e-15)
    assert found.families_.tolist() == [0, 1, 0, 0, 2, 1]
    assert (found.n_families_, found.radius_) == (3, None)


@pytest.mark.parametrize("copies", [1, 10, 1_000])
def test_copies_with_their_familys_label_keep_every_familys_total_to_1e_12(copies):
    X, labels = draw(30), np.arange(30) % 7
    before = FamilyWeights().fit(X, families=labels)
    grown = np.concatenate([labels, np.full(copies, 4)])
    after = FamilyWeights().fit(np.concatenate([X, np.repeat(X[[4]], copies, axis=0)]), families=grown)
    totals = [np.bincount(found.families_, weights=found.weights_) for found in (before, after)]
    assert np.abs(totals[0] - totals[1]).max() < 1e-12


def test_the_jump_of_the_docstring():
    """Of three alternatives at 0, 1 and x the first has 1/4 just below x = 1 + radius, 1/3 just above."""
    weigh = FamilyWeights(radius=0.5)
    assert weigh.fit([[0.0], [1.0], [1.5]]).weights_[0] == pytest.approx(1 / 2)
    assert weigh.fit([[0.0], [1.0], [1.5 + 1e-9]]).weights_[0] == pytest.approx(1 / 3)


def test_distinct_alternatives_are_counted_by_the_conic_solver_too():
    X, labels = draw(40, seed=3), np.arange(40) % 6
    counts = count_distinct(X, labels, scale=0.7)
    for family in range(6):
        kernel = gaussian_kernel(X[labels == family], 0.7)
        w = clarabel_simplex(kernel)
        assert counts.n_distinct[family] == pytest.approx(1 / float(w @ kernel @ w), rel=2e-6)
    assert counts.size.tolist() == np.bincount(labels).tolist()
    np.testing.assert_allclose(counts.overcount, counts.size / counts.n_distinct)
    assert count_distinct(X, labels).scale == choose_scale(X)


def test_copies_add_to_the_overcount_and_not_to_the_distinct():
    X = [[0.0]] * 50 + [[9.0], [9.5], [20.0]]
    counts = count_distinct(X, ["a"] * 50 + ["b", "b", "c"], scale=0.1)
    np.testing.assert_allclose(counts.n_distinct, [1.0, 2.0, 1.0], rtol=1e-4)
    np.testing.assert_allclose(counts.overcount, [50.0, 1.0, 1.0], rtol=1e-4)


@pytest.mark.parametrize(
    "labels", [["a", None], ["a", ""], ["a", np.nan], [1.0, np.nan], np.array([1.0, np.nan])]
)
def test_a_missing_label_is_named(labels):
    with pytest.raises(InputError, match=r"1 of 2 have none, first: position 1"):
        FamilyWeights().fit([[0.0], [1.0]], families=labels)


@pytest.mark.parametrize("labels", [["a"], ["a", "b", "c"], [["a"], ["b"]], "ab"])
def test_labels_must_fit(labels):
    with pytest.raises(InputError, match="one label per alternative"):
        FamilyWeights().fit([[0.0], [1.0]], families=labels)


def test_labels_of_different_kinds_stay_apart():
    assert FamilyWeights().fit(np.zeros((4, 1)), families=[1, "1", 1.0, True]).families_.tolist() == [
        0,
        1,
        0,
        0,
    ]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: find_families([[0.0]], radius=-1.0), ParameterError, "radius"),
        (lambda: find_families([[0.0]], radius="big"), ParameterError, "radius must be 'auto'"),
        (lambda: find_families([[0.0]], method="ward"), ParameterError, "method must be one of 'single'"),
        (lambda: FamilyWeights(method="ward").fit([[0.0]]), ParameterError, "method"),
        (lambda: FamilyWeights(radius=np.nan).fit([[0.0]]), ParameterError, "radius"),
        (lambda: find_families([[np.inf]]), InputError, "finite"),
        (lambda: find_families(np.empty((0, 1))), InputError, "at least one row"),
        (lambda: count_distinct([[0.0]], ["a", "b"]), InputError, "one label"),
        (lambda: count_distinct([[0.0]], ["a"], scale=0.0), ParameterError, "scale"),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
