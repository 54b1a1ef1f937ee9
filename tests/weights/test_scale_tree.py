"""Scale-tree weights against their formula, term by term, and the laws of copies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloneproof import DiversityWeights, ScaleTreeWeights
from cloneproof._core.errors import InputError, ParameterError
from cloneproof.weights import linkage
from tests.weights.oracles_diversity import clarabel_simplex, gaussian_kernel
from tests.weights.oracles_families import components, tree_weights
from tests.weights.sklearn_checks import parametrize_checks


@parametrize_checks(ScaleTreeWeights())
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def draw(m=60, d=8, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(m // 4, d))
    X = centres[rng.integers(0, len(centres), m)] + 0.25 * rng.normal(size=(m, d))
    return X / np.linalg.norm(X, axis=1, keepdims=True)


@pytest.mark.parametrize("seed", range(3))
def test_the_formula_by_flooding_and_a_conic_solver(seed):
    X, radii, h = draw(40, seed=seed), [0.2, 0.35, 0.5, 0.8], 0.4
    found = ScaleTreeWeights(radii=radii, scale=h).fit(X)
    slow = tree_weights(X, radii, lambda points: clarabel_simplex(gaussian_kernel(points, h)))
    np.testing.assert_allclose(found.weights_, slow, atol=2e-6)
    assert found.n_components_.tolist() == [len(set(components(X, radius))) for radius in radii]
    assert found.radii_.tolist() == radii


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 18), st.integers(1, 3), st.integers(0, 2**31 - 1))
def test_any_table_follows_the_formula(m, d, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(m, d))
    radii = np.sort(rng.uniform(0.1, 2.0, size=3))
    found = ScaleTreeWeights(radii=radii, scale=0.5).fit(X).weights_
    slow = tree_weights(X, radii, lambda points: DiversityWeights(scale=0.5).fit(points).weights_)
    np.testing.assert_allclose(found, slow, atol=1e-9)


def test_large_tables_take_another_road_to_the_same_weights(monkeypatch):
    X = draw(150, seed=4)
    direct = ScaleTreeWeights(scale=0.4).fit(X)
    monkeypatch.setattr(linkage, "DIRECT_LIMIT", 10)
    monkeypatch.setattr(linkage, "BLOCK", 32)
    rounds = ScaleTreeWeights(scale=0.4).fit(X)
    np.testing.assert_allclose(rounds.weights_, direct.weights_, atol=1e-12)
    assert (rounds.n_components_ == direct.n_components_).all()


def test_the_automatic_band_is_half_to_twice_the_scale():
    found = ScaleTreeWeights().fit(draw())
    assert found.scale_ == DiversityWeights().fit(draw()).scale_
    np.testing.assert_allclose(found.radii_[[0, -1]], [found.scale_ / 2, 2 * found.scale_])
    assert len(found.radii_) == 17
    assert (np.diff(found.n_components_) <= 0).all()


@pytest.mark.parametrize("copies", [1, 10, 1_000])
def test_exact_copies_keep_every_total_to_1e_12(copies):
    X = draw(40, seed=5)
    before = ScaleTreeWeights().fit(X)
    after = ScaleTreeWeights().fit(np.concatenate([X, np.repeat(X[[3]], copies, axis=0)]))
    totals = after.weights_[:40].copy()
    totals[3] += after.weights_[40:].sum()
    assert np.abs(totals - before.weights_).max() < 1e-12
    assert (after.n_components_ == before.n_components_).all()


def test_a_chain_of_paraphrases_counts_once_however_long():
    chain = np.arange(30.0)[:, None] * 0.4
    far = np.array([[100.0], [200.0]])
    w = ScaleTreeWeights(radii=[0.5], scale=0.5).fit(np.concatenate([chain, far])).weights_
    assert w[:30].sum() == pytest.approx(1 / 3, abs=1e-12)
    assert DiversityWeights(scale=0.5).fit(np.concatenate([chain, far])).weights_[:30].sum() > 0.7


def test_the_bridge_of_the_docstring():
    apart = np.array([[0.0], [1.0], [10.0], [11.0]])
    bridge = np.arange(2.0, 10.0)[:, None]
    tree = ScaleTreeWeights(radii=[1.0], scale=1.0)
    assert tree.fit(apart).n_components_.tolist() == [2]
    np.testing.assert_allclose(tree.weights_, 0.25)
    tree.fit(np.concatenate([apart, bridge]))
    assert tree.n_components_.tolist() == [1]


def test_order_threads_and_dtype():
    X = draw(80, seed=6).astype(np.float32)
    base = ScaleTreeWeights().fit(X).weights_
    order = np.random.default_rng(0).permutation(80)
    assert (ScaleTreeWeights().fit(X[order]).weights_ == base[order]).all()
    for n_jobs in (1, 2, 8):
        assert (ScaleTreeWeights(n_jobs=n_jobs).fit(X).weights_ == base).all()
    np.testing.assert_allclose(ScaleTreeWeights().fit(X.astype(np.float64)).weights_, base, atol=1e-6)


@pytest.mark.parametrize("X", [[[2.0, 1.0]], [[2.0, 1.0]] * 5])
def test_a_single_point(X):
    found = ScaleTreeWeights().fit(X)
    np.testing.assert_allclose(found.weights_, 1 / len(X))
    assert set(found.n_components_) == {1}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"radii": "wide"}, "radii must be 'auto'"),
        ({"radii": []}, "radii"),
        ({"radii": [0.0, 1.0]}, "radii"),
        ({"radii": [np.nan]}, "radii"),
        ({"radii": [1.0, np.inf]}, "radii"),
        ({"radii": ["a"]}, "radii"),
        ({"radii": None}, "radii"),
        ({"scale": -1.0}, "scale"),
        ({"n_jobs": 0}, "n_jobs"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ParameterError, match=message):
        ScaleTreeWeights(**options).fit([[0.0], [1.0]])


@pytest.mark.parametrize("X", [np.empty((0, 2)), [[np.nan]], [1.0]])
def test_bad_tables_are_named(X):
    with pytest.raises(InputError):
        ScaleTreeWeights().fit(X)
