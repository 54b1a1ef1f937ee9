"""The certificate: formulas against slow twins, and attempts to break the bound."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.optimize import differential_evolution
from scipy.special import expit

from cloneproof import InputError
from cloneproof._core.errors import ParameterError
from cloneproof.audit.certificate import certify
from cloneproof.audit.difference_bound import bound_difference
from cloneproof.audit.displacement import find_displacement
from cloneproof.audit.moves import BoundedMove, FamilyMove, KernelMove, KnownMove, SumMove, largest_spread
from cloneproof.preferences import Comparisons, Population, Taste, population_win_rates
from cloneproof.rewards import BradleyTerry
from cloneproof.weights import Box, DiversityWeights, FamilyWeights, UniformWeights, VoronoiWeights

LAMBDA = 0.05
DIRECTIONS = np.array([[3.0, -1.0], [-2.0, 2.5], [0.5, -3.0]])
SHARES = np.array([0.4, 0.35, 0.25])
LIPSCHITZ = float((SHARES @ np.linalg.norm(DIRECTIONS, axis=1)) / 4)
SQUARE = Box([-0.25, -0.25], [1.25, 1.25])


def population(x: np.ndarray) -> Population:
    """Three tastes, each linear in the two coordinates: win rates are LIPSCHITZ-continuous."""
    return Population(
        tastes=tuple(
            Taste(share=share, rewards=x @ direction)
            for share, direction in zip(SHARES, DIRECTIONS, strict=True)
        )
    )


def fit_rewards(x: np.ndarray, w: np.ndarray, regularization: float = LAMBDA) -> np.ndarray:
    c = Comparisons.from_win_rates(population_win_rates(population(x)))
    return BradleyTerry(regularization=regularization).fit(c, alternative_weight=w).rewards_


def points(m: int = 5, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((m, 2))


def shift(x: np.ndarray, clones: np.ndarray, parent: np.ndarray, weigh) -> tuple[float, float]:
    """Largest move of a reward and of a difference, over originals and clones (against their parent)."""
    before = fit_rewards(x, weigh(x, np.arange(len(x))))
    everything = np.concatenate([x, clones])
    family = np.concatenate([np.arange(len(x)), parent])
    after = fit_rewards(everything, weigh(everything, family))
    moved = after - before[family]
    return float(np.abs(moved).max()), float(np.ptp(moved))


# ---- the parts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("regularization", [1e-3, 0.05, 2.0])
@pytest.mark.parametrize("span", [0.0, 0.7, 5.0, 40.0])
@pytest.mark.parametrize("spread", [1e-12, 1e-3, 0.3, 3.0])
def test_bound_difference_solves_its_equation(regularization, span, spread) -> None:
    b = bound_difference(spread, span, regularization)
    left = regularization * b + expit(-span) - expit(-span - b)
    assert left == pytest.approx(spread, rel=1e-6, abs=1e-13)
    assert b <= spread / regularization


def test_bound_difference_at_the_edges() -> None:
    assert bound_difference(0.0, 1.0, 0.1) == 0.0
    assert bound_difference(0.6, 0.0, 0.0) == np.inf
    b = bound_difference(0.2, 0.5, 0.0)
    assert expit(0.5 + b) - expit(0.5) == pytest.approx(0.2)
    small = [bound_difference(0.1, span, 0.01) for span in (0.0, 1.0, 3.0)]
    assert small == sorted(small)


def test_moves_are_maximised_by_the_best_of_many_members() -> None:
    """Each set's bound is reached (bounded, family) or not exceeded (kernel) by random members."""
    rng = np.random.default_rng(0)
    w = np.array([0.3, 0.1, 0.25, 0.05, 0.3])
    values = rng.normal(size=(3, 5))
    bounded = BoundedMove(0.05)
    swap = np.zeros((20, 5))
    for k, (i, j) in enumerate((i, j) for i in range(5) for j in range(5) if i != j):
        swap[k, i], swap[k, j] = 0.05, -0.05
    np.testing.assert_allclose(bounded.largest(values), (values @ swap.T).max(axis=1))

    family = FamilyMove(w, np.array([0, 0, 1, 1, 2]))
    corners = np.array(
        [[0.4, 0, 0.3, 0, 0.3], [0.4, 0, 0, 0.3, 0.3], [0, 0.4, 0.3, 0, 0.3], [0, 0.4, 0, 0.3, 0.3]]
    )
    np.testing.assert_allclose(family.largest(values), (values @ (corners - w).T).max(axis=1))
    assert family.total_variation == pytest.approx(0.5 * np.abs(corners - w).sum(axis=1).max())

    x = rng.random((5, 2))
    kernel = np.exp(-((x[:, None] - x[None]) ** 2).sum(-1) / (2 * 0.5**2))
    u = rng.normal(size=(20_000, 5))
    u -= u.mean(axis=1, keepdims=True)
    u *= (0.1 / np.sqrt(np.einsum("ni,ij,nj->n", u, kernel, u)))[:, None]
    u = u[np.abs(u).sum(axis=1) <= 2]
    move = KernelMove(kernel, 0.1)
    reached = (values @ u.T).max(axis=1)
    assert (move.largest(values) >= reached).all()
    assert (move.largest(values) <= 1.3 * reached + 0.05).all()
    assert move.total_variation >= 0.5 * np.abs(u).sum(axis=1).max()

    both = SumMove((bounded, family))
    np.testing.assert_allclose(both.largest(values), bounded.largest(values) + family.largest(values))


def test_spread_by_rows_is_at_most_twice_the_largest() -> None:
    values = np.random.default_rng(1).normal(size=(6, 6))
    move = BoundedMove(0.1)
    pairs = max(0.1 * np.ptp(values[a] - values[c]) for a in range(6) for c in range(6))
    assert largest_spread(move, values) == pytest.approx(pairs)
    u = np.array([0.1, -0.1, 0, 0, 0.05, -0.05])
    assert largest_spread(KnownMove(u), values) == pytest.approx(np.ptp(values @ u))


# ---- two given weightings ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("regularization", [0.003, 0.1])
def test_the_bound_holds_between_any_two_weightings(seed: int, regularization: float) -> None:
    rng = np.random.default_rng(seed)
    m = int(rng.integers(2, 9))
    x = points(m, seed)
    w, v = rng.dirichlet(np.full(m, 0.5)), rng.dirichlet(np.full(m, 0.5))
    v = w + rng.choice([0.02, 0.3, 1.0]) * (v - w)
    c = Comparisons.from_win_rates(population_win_rates(population(x)))
    r, s = (fit_rewards(x, weights, regularization) for weights in (w, v))
    found = certify(w, moved_to=v, regularization=regularization, comparisons=c)
    blind = certify(w, moved_to=v, regularization=regularization)
    moved = s - r
    assert np.abs(moved).max() <= found.bound + 1e-12
    assert np.ptp(moved) <= found.difference_bound + 1e-12
    assert found.bound <= blind.bound
    assert blind.bound == pytest.approx(np.abs(v - w).sum() / regularization)
    bounded = certify(w, total_variation=found.total_variation, regularization=regularization, comparisons=c)
    assert bounded.difference_bound >= found.difference_bound - 1e-9


def test_the_bound_is_reached_up_to_a_small_factor() -> None:
    """Not vacuous: small moves of weights, bound at most 5 times the move (median below 3)."""
    ratios = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x = points(5, seed)
        w = rng.dirichlet(np.ones(5))
        v = 0.99 * w + 0.01 * rng.dirichlet(np.ones(5))
        c = Comparisons.from_win_rates(population_win_rates(population(x)))
        moved = fit_rewards(x, v) - fit_rewards(x, w)
        ratios.append(
            certify(w, moved_to=v, regularization=LAMBDA, comparisons=c).difference_bound / np.ptp(moved)
        )
    assert np.median(ratios) < 3
    assert max(ratios) < 5
    assert min(ratios) >= 1


def test_weights_of_zero_and_no_move() -> None:
    x = points(4)
    c = Comparisons.from_win_rates(population_win_rates(population(x)))
    w = [0.5, 0.5, 0.0, 0.0]
    same = certify(w, moved_to=w, comparisons=c, regularization=LAMBDA)
    assert same.bound < 1e-6
    moved = fit_rewards(x, np.array([0.4, 0.5, 0.1, 0.0])) - fit_rewards(x, np.array(w))
    found = certify(w, moved_to=[0.4, 0.5, 0.1, 0.0], comparisons=c, regularization=LAMBDA)
    assert np.ptp(moved) <= found.difference_bound + 1e-12
    assert np.abs(moved).max() <= found.bound + 1e-12


def merged_moves(weighting, x: np.ndarray, epsilon: float, n_attacks: int):
    """Yield w' - w over the originals for random attacks: one alternative or all, few clones or many."""
    before = weighting.fit(x).weights_
    rng = np.random.default_rng(7)
    for k in range(n_attacks):
        n = int(rng.choice([1, 8, 60]))
        parent = rng.integers(len(x), size=n) if k % 2 else np.full(n, rng.integers(len(x)))
        step = rng.normal(size=(n, 2))
        step *= epsilon / np.linalg.norm(step, axis=1, keepdims=True)
        family = np.concatenate([np.arange(len(x)), parent])
        after = weighting.fit(np.concatenate([x, x[parent] + step])).weights_
        yield np.bincount(family, after, len(x)) - before


@pytest.mark.parametrize("epsilon", [1e-3, 0.01, 0.1])
def test_voronoi_weights_move_within_the_set_that_is_claimed(epsilon: float) -> None:
    """And by more than a seventh of it: the set is not far too large."""
    x = points(5, 3)
    weighting = VoronoiWeights(region=SQUARE)
    claimed = find_displacement(weighting.fit(x), x, epsilon, random_state=0).move.total_variation
    moved = [0.5 * float(np.abs(u).sum()) for u in merged_moves(weighting, x, epsilon, 40)]
    assert claimed / 7 < max(moved) <= claimed


@pytest.mark.parametrize("epsilon", [1e-3, 0.01, 0.1])
@pytest.mark.parametrize("margin", [0.0, 0.2])
def test_voronoi_weights_over_a_box_that_clones_extend_move_within_the_set(
    epsilon: float, margin: float
) -> None:
    x = points(5, 3)
    weighting = VoronoiWeights(region="box", margin=margin)
    fitted = weighting.fit(x)
    inside = VoronoiWeights(region=fitted.region_).fit(x)
    claimed, fixed = (
        find_displacement(one, x, epsilon, random_state=0).move.total_variation for one in (fitted, inside)
    )
    moved = [0.5 * float(np.abs(u).sum()) for u in merged_moves(weighting, x, epsilon, 40)]
    assert max(moved) <= claimed
    assert fixed < claimed


@pytest.mark.parametrize("epsilon", [1e-3, 0.01, 0.1])
def test_diversity_weights_move_within_the_set_that_is_claimed(epsilon: float) -> None:
    x = points(5, 3)
    weighting = DiversityWeights(scale=0.4)
    move = find_displacement(weighting.fit(x), x, epsilon).move
    assert isinstance(move, KernelMove)
    norms, spans = [], []
    for u in merged_moves(weighting, x, epsilon, 40):
        norms.append(float(np.sqrt(u @ move.kernel @ u)))
        spans.append(0.5 * float(np.abs(u).sum()))
    assert 0.02 * move.radius < max(norms) <= move.radius
    assert max(spans) <= move.total_variation


@pytest.mark.filterwarnings("ignore::cloneproof._core.errors.EmptyCellWarning")
def test_a_reference_sample_is_inspected_as_a_whole() -> None:
    x, sample = points(5, 3), np.random.default_rng(1).random((500, 2))
    weighting = VoronoiWeights(region=sample)
    found = find_displacement(weighting.fit(x), x, 0.05)
    near = np.sort(np.linalg.norm(sample[:, None] - x[None], axis=-1), axis=1)
    assert found.confidence == 1.0
    assert found.move.total_variation == pytest.approx(float((near[:, 1] - near[:, 0] <= 0.05).mean()))
    moved = [0.5 * float(np.abs(u).sum()) for u in merged_moves(weighting, x, 0.05, 40)]
    assert max(moved) <= found.move.total_variation


def test_principal_components_contract_distances_and_so_the_set() -> None:
    x = np.random.default_rng(0).normal(size=(12, 6))
    fitted = VoronoiWeights(n_components=2, random_state=0).fit(x)
    small, large = (find_displacement(fitted, x, e, random_state=0).move.total_variation for e in (0.01, 0.3))
    assert 0 < small < large <= 1


# ---- adversaries: clones within epsilon, any number, anywhere -----------------------------------------


def voronoi(x: np.ndarray, family: np.ndarray) -> np.ndarray:
    return VoronoiWeights(region=SQUARE).fit(x).weights_


def box(x: np.ndarray, family: np.ndarray) -> np.ndarray:
    return VoronoiWeights(region="box").fit(x).weights_


SAMPLE = np.random.default_rng(8).uniform(-0.25, 1.25, size=(1000, 2))


def sample(x: np.ndarray, family: np.ndarray) -> np.ndarray:
    return VoronoiWeights(region=SAMPLE).fit(x).weights_


def diversity(x: np.ndarray, family: np.ndarray) -> np.ndarray:
    return DiversityWeights(scale=0.4).fit(x).weights_


def families(x: np.ndarray, family: np.ndarray) -> np.ndarray:
    labels = np.array([0, 0, 1, 1, 2])[family]
    return FamilyWeights().fit(x, families=labels).weights_


def uniform(x: np.ndarray, family: np.ndarray) -> np.ndarray:
    return np.full(len(x), 1.0 / len(x))


def certified(name: str, x: np.ndarray, epsilon: float):
    if name == "voronoi":
        fitted = VoronoiWeights(region=SQUARE).fit(x)
    elif name == "box":
        fitted = VoronoiWeights(region="box").fit(x)
    elif name == "sample":
        fitted = VoronoiWeights(region=SAMPLE).fit(x)
    elif name == "diversity":
        fitted = DiversityWeights(scale=0.4).fit(x)
    elif name == "family":
        fitted = FamilyWeights().fit(x, families=[0, 0, 1, 1, 2])
    else:
        fitted = UniformWeights().fit(x)
    c = Comparisons.from_win_rates(population_win_rates(population(x)))
    return certify(
        fitted,
        embeddings=x,
        epsilon=epsilon,
        lipschitz=LIPSCHITZ,
        comparisons=c,
        regularization=LAMBDA,
        random_state=0,
    )


WEIGHINGS = {
    "voronoi": voronoi,
    "box": box,
    "sample": sample,
    "diversity": diversity,
    "family": families,
    "uniform": uniform,
}


@pytest.mark.filterwarnings("ignore::cloneproof._core.errors.EmptyCellWarning")
@pytest.mark.parametrize("name", list(WEIGHINGS))
@pytest.mark.parametrize("epsilon", [0.0, 1e-4, 0.01, 0.1])
def test_random_clones_do_not_break_the_bound(name: str, epsilon: float) -> None:
    for seed in range(6):
        rng = np.random.default_rng([seed, int(1e5 * epsilon)])
        x = points(5, seed)
        found = certified(name, x, epsilon)
        n = int(rng.choice([1, 5, 40]))
        parent = rng.integers(5, size=n) if seed % 2 else np.full(n, rng.integers(5))
        step = rng.normal(size=(n, 2))
        step *= epsilon / np.linalg.norm(step, axis=1, keepdims=True)
        largest, spread = shift(x, x[parent] + step, parent, WEIGHINGS[name])
        assert largest <= found.bound + 1e-9
        assert spread <= found.difference_bound + 1e-9


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::cloneproof._core.errors.EmptyCellWarning")
@pytest.mark.parametrize("name", list(WEIGHINGS))
def test_an_adversary_who_searches_does_not_break_the_bound(name: str) -> None:
    """Differential evolution over which alternatives to clone, how often, and where within epsilon."""
    epsilon, x = 0.05, points(5, 3)
    found = certified(name, x, epsilon)

    def harm(genes: np.ndarray) -> float:
        parents = np.minimum((genes[0::4] * 5).astype(int), 4)
        copies = np.round(12 ** genes[1::4]).astype(int)
        angle, radius = 2 * np.pi * genes[2::4], epsilon * np.minimum(1.0, 1.3 * genes[3::4])
        step = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        # many copies of a clone at one point are exact duplicates of each other
        parent = np.repeat(parents, copies)
        clones = np.repeat(x[parents] + step, copies, axis=0)
        return -shift(x, clones, parent, WEIGHINGS[name])[1]

    search = differential_evolution(
        harm, [(0.0, 1.0)] * 12, maxiter=10, popsize=3, seed=1, polish=False, tol=0.0
    )
    assert -search.fun > 0
    assert -search.fun <= found.difference_bound


def test_exact_copies_cannot_move_voronoi_or_diversity_rewards() -> None:
    x = points(5)
    for name in ("voronoi", "diversity"):
        assert certified(name, x, 0.0).bound < 1e-7
    assert certified("uniform", x, 0.0).bound > 0.1
    assert certified("family", x, 0.0).bound > 0.01


def test_more_distant_clones_are_allowed_to_do_more() -> None:
    for name in ("voronoi", "diversity", "family"):
        bounds = [certified(name, points(5), epsilon).difference_bound for epsilon in (0.0, 0.001, 0.01, 0.1)]
        assert bounds == sorted(bounds)
        assert bounds[0] < bounds[-1]


def test_voronoi_certificate_is_proportional_to_epsilon() -> None:
    small, large = (certified("voronoi", points(5), eps).difference_bound for eps in (0.001, 0.01))
    assert 5 < large / small < 20


def test_duplicates_among_the_alternatives_can_pull_each_others_weight() -> None:
    """Two alternatives at one point with different win rates: exact copies of one move the other's votes."""
    x = np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    rates = np.array([[0.5, 0.6, 0.9], [0.4, 0.5, 0.2], [0.1, 0.8, 0.5]])
    fitted = VoronoiWeights(region=SQUARE).fit(x)
    c = Comparisons.from_win_rates(rates)
    found = certify(fitted, embeddings=x, comparisons=c, regularization=LAMBDA)
    copies = np.r_[[0, 1, 2], np.zeros(50, dtype=int)]
    w = VoronoiWeights(region=SQUARE).fit(x[copies]).weights_
    grown = rates[np.ix_(copies, copies)]
    after = BradleyTerry(regularization=LAMBDA).fit(Comparisons.from_win_rates(grown), alternative_weight=w)
    before = BradleyTerry(regularization=LAMBDA).fit(c, alternative_weight=fitted.weights_)
    moved = after.rewards_ - before.rewards_[copies]
    assert np.ptp(moved) > 0.01
    assert np.ptp(moved) <= found.difference_bound + 1e-12
    assert np.abs(moved).max() <= found.bound + 1e-12


# ---- what is said and refused ------------------------------------------------------------------------


def test_the_record_says_what_it_assumes_and_is_json() -> None:
    found = certified("voronoi", points(5), 0.01)
    assert any("region" in sentence for sentence in found.assumptions)
    assert found.confidence == 0.99
    record = json.loads(json.dumps(found.to_dict()))
    assert record["difference_bound"] == found.difference_bound
    assert record["is_informative"] is True
    hopeless = certify([0.5, 0.5], total_variation=0.3, regularization=0.0)
    assert hopeless.bound == np.inf
    assert hopeless.to_dict()["bound"] is None
    assert not hopeless.is_informative


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, ParameterError, "weights alone"),
        ({"moved_to": [0.5, 0.5], "total_variation": 0.1}, ParameterError, "moved_to and total_variation"),
        ({"total_variation": 1.5}, ParameterError, "total_variation"),
        ({"moved_to": [0.5, 0.5, 0.0]}, InputError, "moved_to has shape"),
        ({"moved_to": [0.5, np.nan]}, InputError, "moved_to must be finite"),
        ({"total_variation": 0.1, "regularization": -1.0}, ParameterError, "regularization"),
        ({"total_variation": 0.1, "epsilon": 0.1}, ParameterError, "lipschitz"),
        ({"total_variation": 0.1, "epsilon": float("nan"), "lipschitz": 1.0}, ParameterError, "epsilon"),
    ],
)
def test_bad_options_are_refused(options, error, message) -> None:
    with pytest.raises(error, match=message):
        certify([0.5, 0.5], **options)


def test_incomplete_designs_and_unknown_weightings_are_refused() -> None:
    c = Comparisons.from_arrays([0, 1], [1, 2], ids=np.arange(3))
    with pytest.raises(InputError, match="1 of 3 are not, first: 0 and 2"):
        certify([0.3, 0.3, 0.4], total_variation=0.1, comparisons=c)
    with pytest.raises(InputError, match="2 weights but the comparisons name 3"):
        certify([0.5, 0.5], total_variation=0.1, comparisons=Comparisons.from_win_rates(np.full((3, 3), 0.5)))
    with pytest.raises(ParameterError, match="must be fitted"):
        certify(VoronoiWeights(), embeddings=[[0.0], [1.0]])
    with pytest.raises(ParameterError, match="embeddings"):
        certify(UniformWeights().fit([[0.0], [1.0]]))
    with pytest.raises(InputError, match="fitted on 2"):
        certify(UniformWeights().fit([[0.0], [1.0]]), embeddings=[[0.0]])

    class Unknown:
        weights_ = np.array([0.5, 0.5])

        def fit(self, X):
            return self

    with pytest.raises(InputError, match="no bound is known on how far Unknown"):
        certify(Unknown(), embeddings=[[0.0], [1.0]])
