"""Each method against what it promises: who is not moved by exact copies, and rivals that are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cloneproof._core.errors import InputError, ParameterError
from cloneproof.audit.suite import ATTACKS, METHODS, Case, register_method
from cloneproof.audit.suite.clusterings import BallCoverWeights, HDBSCANWeights, cover_by_balls
from cloneproof.audit.suite.densities import InverseDensityWeights, NeighbourDensityWeights
from cloneproof.audit.suite.fixed_axes import FixedAxesWeights
from cloneproof.weights import VoronoiWeights


def clean(world) -> Case:
    m = world.n_alternatives
    return Case(comparisons=world.comparisons, embeddings=world.embeddings, parent=np.arange(m), world=world)


def attacked(world, name: str, copies: int = 20, targets=(0, 4)) -> Case:
    grown = ATTACKS[name].apply(world, np.array(targets), copies, np.random.default_rng(0))
    return Case(comparisons=grown.comparisons, embeddings=grown.embeddings, parent=grown.parent, world=world)


def shift(world, method: str, attack: str) -> float:
    m = world.n_alternatives
    before = METHODS[method].fit(clean(world)).rewards[:m]
    after = METHODS[method].fit(attacked(world, attack)).rewards[:m]
    return float(np.abs((after - after.mean()) - (before - before.mean())).max())


PROOF = [
    "family-told",
    "family-radius",
    "radius-clusters",
    "hierarchical",
    "diversity",
    "scale-tree",
    "voronoi-box",
]


@pytest.mark.parametrize("method", PROOF)
def test_exact_copies_move_nothing_on_a_complete_design(method, dense_world):
    assert shift(dense_world, method, "exact-copies") < 1e-6
    assert shift(dense_world, "plain", "exact-copies") > 0.1


@pytest.mark.parametrize("method", ["neighbour-density", "hdbscan"])
def test_rivals_are_moved_by_exact_copies(method, dense_world):
    assert shift(dense_world, method, "exact-copies") > 0.01


def test_pairs_of_copies_move_nothing_under_pair_diversity(sparse_world):
    exact = replace(sparse_world, scale=sparse_world.scale)
    assert shift(exact, "pair-diversity", "exact-copies") < 1e-4
    assert shift(exact, "plain", "exact-copies") > 0.05


def test_dropping_duplicates_gives_back_the_clean_rewards(dense_world):
    """Exact copies are all dropped, and a dropped alternative has the reward of what it copies."""
    before = METHODS["drop-duplicates"].fit(clean(dense_world))
    after = METHODS["drop-duplicates"].fit(attacked(dense_world, "exact-copies"))
    m = dense_world.n_alternatives
    plain = METHODS["plain"].fit(clean(dense_world))  # no two clean texts are within h: nothing is dropped
    np.testing.assert_allclose(before.rewards, plain.rewards, atol=1e-8)
    np.testing.assert_allclose(after.rewards[:m], before.rewards, atol=1e-8)
    np.testing.assert_allclose(after.rewards[m : m + 20], after.rewards[0], atol=1e-12)


def test_dropping_everything_is_an_error_that_says_so(sparse_world):
    world = replace(sparse_world, scale=100.0)
    with pytest.raises(InputError, match="leaves none"):
        METHODS["drop-duplicates"].fit(clean(world))


@pytest.mark.filterwarnings("ignore::cloneproof._core.errors.CloneProofWarning")
@pytest.mark.parametrize("name", list(METHODS))
@pytest.mark.parametrize("kind", ["dense_world", "sparse_world"])
def test_every_method_gives_finite_rewards(name, kind, request):
    world = request.getfixturevalue(kind)
    method = METHODS[name]
    if getattr(method, "reason_against", lambda _: None)(world) is not None:
        pytest.skip("not meant for this world")
    scored = method.fit(attacked(world, "noisy-copies", copies=3))
    assert np.isfinite(scored.rewards).all()
    assert (scored.predict is None) == (world.reward == "tabular")
    if scored.alternative_weight is not None:
        np.testing.assert_allclose(scored.alternative_weight.sum(), 1.0)
    again = method.fit(attacked(world, "noisy-copies", copies=3))
    np.testing.assert_array_equal(scored.rewards, again.rewards)


def test_weights_of_densities_by_hand():
    X = np.array([[0.0], [0.0], [3.0]])
    h, k = 1.0, np.exp(-4.5)
    density = np.array([2 + k, 2 + k, 1 + 2 * k])
    np.testing.assert_allclose(
        InverseDensityWeights(scale=h).fit(X).weights_, (1 / density) / (1 / density).sum(), rtol=1e-12
    )
    reach = np.array([3.0, 3.0, 3.0])  # the second neighbour of each
    np.testing.assert_allclose(NeighbourDensityWeights(n_neighbors=2).fit(X).weights_, reach / reach.sum())
    np.testing.assert_allclose(
        NeighbourDensityWeights(n_neighbors=1, floor=0.1).fit(X).weights_, np.array([0.1, 0.1, 1.0]) / 1.2
    )


def test_axes_of_a_trusted_sample_do_not_turn():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(40, 12)) * np.linspace(2.0, 1.0, 12)
    clones = X[3] + 0.3 * rng.normal(size=(300, 12))
    family = np.r_[3, 40:340]

    def moved(estimator):
        before = estimator.fit(X).weights_
        after = estimator.fit(np.vstack([X, clones])).weights_
        merged = np.append(np.delete(after[:40], 3), after[family].sum())
        return np.abs(merged - np.append(np.delete(before, 3), before[3])).sum()

    told = moved(FixedAxesWeights(VoronoiWeights(random_state=0), X, n_components=2))
    own = moved(VoronoiWeights(random_state=0, n_components=2))
    assert told < 0.5 * own
    with pytest.raises(InputError, match="12 columns"):
        FixedAxesWeights(VoronoiWeights(), X[:, :5]).fit(X)


def test_balls_and_clusters():
    X = np.array([[0.0], [0.1], [5.0], [5.1], [9.0]])
    assert len(set(cover_by_balls(X, 0.2).tolist())) == 3
    np.testing.assert_allclose(
        BallCoverWeights(radius=0.2).fit(X).weights_, [1 / 6, 1 / 6, 1 / 6, 1 / 6, 1 / 3]
    )
    shuffled = np.array([3, 0, 4, 2, 1])
    np.testing.assert_allclose(
        BallCoverWeights(radius=0.2).fit(X[shuffled]).weights_,
        BallCoverWeights(radius=0.2).fit(X).weights_[shuffled],
    )
    found = HDBSCANWeights().fit(np.array([[0.0], [0.01], [5.0], [5.01], [20.0], [40.0]]))
    np.testing.assert_allclose(found.weights_.sum(), 1.0)
    assert found.families_[0] == found.families_[1] != found.families_[2]


def test_the_registry_refuses_what_is_no_method():
    with pytest.raises(ParameterError, match="needs a name"):
        register_method(type(METHODS["plain"]))
    with pytest.raises(ParameterError, match="needs a name"):
        register_method("plain")
