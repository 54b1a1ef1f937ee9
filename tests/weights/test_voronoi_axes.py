"""Principal components that clones cannot draw to themselves."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof import DiversityWeights, VoronoiWeights
from cloneproof._core.errors import ParameterError
from cloneproof.weights.projection import principal_components


def draw(m=20, d=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(m, d)) * np.linspace(2.0, 0.5, d) + 3.0


def clone(X, target, n_clones, epsilon, seed=1):
    shift = np.random.default_rng(seed).normal(size=(n_clones, X.shape[1]))
    return np.concatenate([X, X[target] + epsilon * shift / np.linalg.norm(shift, axis=1, keepdims=True)])


def moved(axes, X, Y, target):
    before, after = (VoronoiWeights(n_components=2, axes=axes).fit(table).weights_ for table in (X, Y))
    return abs(after[target] + after[len(X) :].sum() - before[target])


def test_weighted_components_are_those_of_the_weighted_covariance():
    X = draw()
    w = np.random.default_rng(2).dirichlet(np.ones(20))
    found = principal_components(X, 3, w)
    mean = sum(w[i] * X[i] for i in range(20))
    covariance = sum(w[i] * np.outer(X[i] - mean, X[i] - mean) for i in range(20))
    values, vectors = np.linalg.eigh(covariance)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-12)
    np.testing.assert_allclose(np.abs(found.components @ vectors[:, ::-1][:, :3]), np.eye(3), atol=1e-9)
    np.testing.assert_allclose(found.explained_variance_ratio, values[::-1][:3] / values.sum(), rtol=1e-9)


def test_equal_weights_are_the_plain_components():
    X = draw().astype(np.float32)
    plain, equal = principal_components(X, 2), principal_components(X, 2, np.full(20, 1 / 20))
    np.testing.assert_allclose(plain.components, equal.components, atol=1e-6)
    np.testing.assert_allclose(plain.mean, equal.mean, atol=1e-6)


def test_clones_turn_the_axes_by_epsilon_and_not_by_their_number():
    X, targets = draw(), [0, 7, 13]
    assert max(moved("distinct", X, clone(X, target, 100, 1e-4), target) for target in targets) > 0.008
    for epsilon in (1e-4, 1e-3):
        for target in targets:
            assert moved("diversity", X, clone(X, target, 100, epsilon), target) < 3 * epsilon


def test_exact_copies_change_nothing_and_partial_fit_is_fit():
    X = draw()
    base = VoronoiWeights(n_components=2, axes="diversity").fit(X).weights_
    copied = VoronoiWeights(n_components=2, axes="diversity").fit(
        np.concatenate([X, np.repeat(X[[4]], 500, axis=0)])
    )
    totals = copied.weights_[:20].copy()
    totals[4] += copied.weights_[20:].sum()
    assert np.abs(totals - base).max() < 1e-12
    grown = VoronoiWeights(n_components=2, axes="diversity").fit(X[:12]).partial_fit(X[12:])
    assert (grown.weights_ == base).all()


def test_the_weights_behind_the_axes_are_diversity_weights():
    X = draw()
    fitted = VoronoiWeights(n_components=2, axes="diversity").fit(X)
    by_hand = principal_components(X, 2, DiversityWeights(tol=1e-4).fit(X).weights_)
    assert (fitted.projection_.components == by_hand.components).all()


def test_unknown_axes_are_named():
    with pytest.raises(ParameterError, match="axes must be one of 'distinct', 'diversity'"):
        VoronoiWeights(n_components=1, axes="plain").fit([[0.0, 1.0], [1.0, 0.0]])
