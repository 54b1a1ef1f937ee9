"""Bounds beside the audit: exact copies under a linear reward, designs with gaps, and attempts to break both."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import differential_evolution

from cloneproof import DiversityWeights, FamilyWeights, InputError, ScaleTreeWeights, VoronoiWeights, certify
from cloneproof.audit import AnalysisOptions, analyse, audit_clones, inject_clones, measure_shift
from cloneproof.audit.certificate_analysis import certify_analysis
from cloneproof.audit.certificate_incomplete import bound_incomplete
from cloneproof.audit.certificate_linear import bound_exact_copies
from cloneproof.audit.displacement import find_displacement
from cloneproof.audit.recipe import Recipe
from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry

LINEAR = Recipe(weighting=DiversityWeights(scale=1.0), reward="linear", regularization=0.02, shrinkage=0.05)


def sparse(seed: int, m: int = 16, n: int = 14, d: int = 3, repeats: int = 1):
    """Single judgments of random pairs, as preference data has them, with texts that nobody compared."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((m, d))
    low, high = np.triu_indices(m, 1)
    chosen = np.repeat(rng.choice(len(low), n, replace=False), repeats)
    outcome = rng.integers(2, size=len(chosen)).astype(float)
    return Comparisons.from_arrays(low[chosen], high[chosen], outcome, ids=np.arange(m)), x


def attack(c: Comparisons, x: np.ndarray, counts: np.ndarray) -> tuple[Comparisons, np.ndarray]:
    """Add counts[a] exact copies of each alternative, each compared as its original was."""
    m = len(x)
    parent = np.repeat(np.arange(m), counts)
    left, right, outcome = [c.left], [c.right], [c.outcome]
    for k, a in enumerate(parent):
        for one, other, flip in ((c.left, c.right, False), (c.right, c.left, True)):
            rows = np.flatnonzero(one == a)
            left.append(np.full(len(rows), m + k))
            right.append(other[rows])
            outcome.append(1.0 - c.outcome[rows] if flip else c.outcome[rows])
    grown = Comparisons.from_arrays(
        np.concatenate(left), np.concatenate(right), np.concatenate(outcome), ids=np.arange(m + len(parent))
    )
    return grown, np.concatenate([x, x[parent]])


def centred_shift(recipe: Recipe, c: Comparisons, x: np.ndarray, grown: Comparisons, y: np.ndarray) -> float:
    before, after = recipe.fit(c, x), recipe.fit(grown, y)
    return measure_shift(before.rewards, after.rewards[: len(x)]).max_shift_centred


# ---- linear rewards -------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    "weighting", [DiversityWeights(scale=1.0), ScaleTreeWeights(scale=1.0)], ids=["diversity", "tree"]
)
def test_exact_copies_do_not_break_the_linear_bound(seed: int, weighting) -> None:
    c, x = sparse(seed)
    recipe = Recipe(weighting=weighting, reward="linear", regularization=0.02, shrinkage=0.05)
    fitted = recipe.fit(c, x)
    found = bound_exact_copies(c, x, fitted.comparison_weights, fitted.model)
    rng = np.random.default_rng(seed)
    shifts = []
    for k in range(4):
        counts = rng.integers(0, 6, size=len(x)) if k else np.full(len(x), 7)
        shifts.append(centred_shift(recipe, c, x, *attack(c, x, counts)))
    assert found == 0.0
    assert max(shifts) < 1e-9


def test_without_the_weights_the_same_copies_break_it() -> None:
    c, x = sparse(0)
    fitted = LINEAR.fit(c, x)
    found = bound_exact_copies(c, x, fitted.comparison_weights, fitted.model)
    counts = np.zeros(len(x), dtype=int)
    counts[c.left[0]] = 40
    plain = Recipe(weighting=None, reward="linear", regularization=0.02, shrinkage=0.05)
    assert found == 0.0
    assert centred_shift(plain, c, x, *attack(c, x, counts)) > 0.1


def test_duplicates_judged_differently_have_a_bound_that_copies_of_one_do_not_break() -> None:
    """Texts 0 and 1 are one point with opposite judgments: copies of text 0 outvote text 1."""
    c, x = sparse(3, m=10, n=12)
    x = x.copy()
    x[1] = x[0]
    rows = (
        np.concatenate([c.left, [0, 1]]),
        np.concatenate([c.right, [5, 5]]),
        np.concatenate([c.outcome, [1, 0]]),
    )
    keep = ~((rows[0] == 0) & (rows[1] == 1))
    c = Comparisons.from_arrays(*(column[keep] for column in rows), ids=np.arange(10))
    fitted = LINEAR.fit(c, x)
    found = bound_exact_copies(c, x, fitted.comparison_weights, fitted.model)
    counts = np.zeros(10, dtype=int)
    counts[0] = 60
    shift = centred_shift(LINEAR, c, x, *attack(c, x, counts))
    assert 0.01 < shift <= found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::cloneproof._core.errors.SparseComparisonsWarning")
@pytest.mark.parametrize("rows", ["diversity", "balanced"])
def test_a_search_for_the_worst_copies_does_not_break_the_linear_bound(rows: str) -> None:
    """Gradient-free, over how often each alternative is copied; balanced rows: copies of one side only."""
    c, x = sparse(5, m=9, n=10)
    recipe = Recipe(
        weighting=DiversityWeights(scale=1.0),
        comparison_weights=rows,
        reward="linear",
        regularization=0.02,
        shrinkage=0.05,
    )
    fitted = recipe.fit(c, x)
    bound = bound_exact_copies(c, x, fitted.comparison_weights, fitted.model)

    def harm(genes: np.ndarray) -> float:
        counts = np.floor(9**genes).astype(int) - 1
        if rows == "balanced":  # copies of rivals would have to meet each other: clone no two rivals
            free: list[int] = []
            for a in np.argsort(-genes):
                rivals = set(c.right[c.left == a]) | set(c.left[c.right == a])
                if rivals.isdisjoint(free):
                    free.append(int(a))
            counts[np.setdiff1d(np.arange(9), free)] = 0
        return -centred_shift(recipe, c, x, *attack(c, x, counts))

    search = differential_evolution(
        harm, [(0.0, 1.0)] * 9, maxiter=5, popsize=1, seed=1, polish=False, tol=0.0
    )
    assert bound == 0.0
    assert -search.fun < 1e-9


def test_directions_that_no_ridge_holds_have_no_bound_where_duplicates_disagree() -> None:
    c, x = sparse(0)
    recipe = Recipe(
        weighting=DiversityWeights(scale=1.0), reward="linear", regularization=0.0, shrinkage=0.05
    )
    fitted = recipe.fit(c, x)
    assert bound_exact_copies(c, x, fitted.comparison_weights, fitted.model) == 0.0
    x = x.copy()
    x[c.left[0]] = x[c.left[1]]
    right, outcome = c.right.copy(), np.asarray(c.outcome).copy()
    right[0], outcome[0] = right[1], 1.0 - outcome[1]
    c = Comparisons.from_arrays(c.left, right, outcome, ids=np.arange(len(x)))
    fitted = recipe.fit(c, x)
    assert bound_exact_copies(c, x, fitted.comparison_weights, fitted.model) > 0.0
    fitted.model.shrinkage_ = 0.0
    assert bound_exact_copies(c, x, fitted.comparison_weights, fitted.model) is None


def test_copies_compared_with_each_other_move_nothing_either() -> None:
    c, x = sparse(1)
    recipe = Recipe(weighting=DiversityWeights(scale=1.0), reward="linear", shrinkage=0.05)
    grown, y = attack(c, x, np.full(len(x), 3))
    m = len(x)
    more = Comparisons.from_arrays(
        np.r_[grown.left, np.repeat(0, 30)],
        np.r_[grown.right, np.repeat(m, 30)],
        np.r_[grown.outcome, np.ones(30)],
        ids=np.arange(len(y)),
    )
    assert np.array_equal(y[0], y[m])
    assert centred_shift(recipe, c, x, more, y) < 1e-9


# ---- a reward per alternative, pairs left out -----------------------------------------------------------


def gappy(seed: int, m: int = 7):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((m, 2))
    low, high = np.triu_indices(m, 1)
    kept = rng.random(len(low)) < 0.6
    kept[[0, -1]] = True
    low, high = low[kept], high[kept]
    return Comparisons.from_arrays(low, high, rng.uniform(0.2, 0.8, size=len(low)), ids=np.arange(m)), x


def rates_of(c: Comparisons) -> np.ndarray:
    rates = np.full((c.n_alternatives,) * 2, np.nan)
    rates[c.left, c.right], rates[c.right, c.left] = c.outcome, 1.0 - c.outcome
    return rates


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_copies_do_not_break_the_bound_of_incomplete_designs(seed: int, noise: float) -> None:
    c, x = gappy(seed)
    weighting, regularization = DiversityWeights(scale=0.7, tol=1e-8), 0.05
    fitted = weighting.fit(x)
    before = BradleyTerry(regularization=regularization).fit(c, alternative_weight=fitted.weights_).rewards_
    move = find_displacement(fitted, x, noise).move
    bound = bound_incomplete(rates_of(c), before, fitted.weights_, move, regularization)
    shifts = []
    for target in range(len(x)):
        for copies in (1, 30):
            grown = inject_clones(c, x, targets=[target], copies=copies, noise=noise, random_state=target)
            w = DiversityWeights(scale=0.7, tol=1e-8).fit(grown.embeddings).weights_
            after = BradleyTerry(regularization=regularization).fit(grown.comparisons, alternative_weight=w)
            shifts.append(measure_shift(before, after.rewards_[: len(x)]).max_shift_centred)
    assert 0 < max(shifts) <= bound
    if noise == 0.0:
        assert bound < 0.6 * np.ptp(before)


@pytest.mark.filterwarnings("ignore::cloneproof._core.errors.SparseComparisonsWarning")
def test_duplicates_with_rewards_of_their_own_are_named_where_they_spoil_the_bound() -> None:
    c, x = gappy(1)
    recipe = Recipe(
        weighting=DiversityWeights(scale=0.7),
        comparison_weights="balanced",
        reward="tabular",
        regularization=0.05,
    )
    assert certify_analysis(c, x, recipe, recipe.fit(c, x)).notes == ()
    x = x.copy()
    x[3] = x[0]
    found = certify_analysis(c, x, recipe, recipe.fit(c, x))
    assert not found.is_informative(found.exact_copies)
    assert "1 texts are exact duplicates" in found.notes[0]
    alone = replace(found, rows=(replace(found.exact_copies, bound=None),))
    assert alone.sentence().startswith("no bound: 1 texts are exact duplicates")


def test_without_a_ridge_an_incomplete_design_has_no_bound() -> None:
    c, x = gappy(0)
    w = np.full(7, 1 / 7)
    move = find_displacement(DiversityWeights(scale=0.7).fit(x), x, 0.0).move
    assert bound_incomplete(rates_of(c), np.zeros(7), w, move, 0.0) == np.inf


def test_scale_tree_weights_are_certified_for_exact_copies_only() -> None:
    _, x = sparse(0)
    fitted = ScaleTreeWeights(scale=1.0).fit(x)
    assert certify(fitted, embeddings=x).bound == 0.0
    with pytest.raises(InputError, match="jump with the radius"):
        certify(fitted, embeddings=x, epsilon=0.1, lipschitz=0.0)
    grown = ScaleTreeWeights(scale=1.0).fit(np.concatenate([x, np.repeat(x[[4]], 30, axis=0)])).weights_
    np.testing.assert_allclose(np.append(grown[:4], grown[5:16]), np.delete(fitted.weights_, 4), rtol=1e-12)


# ---- which certificate an analysis has -----------------------------------------------------------------


def complete(seed: int = 0, m: int = 8):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((m, 3))
    rates = np.triu(rng.uniform(0.2, 0.8, size=(m, m)), 1)
    rates = rates + np.tril(1 - rates.T, -1)
    np.fill_diagonal(rates, 0.5)
    return Comparisons.from_win_rates(rates), x


@pytest.mark.parametrize(
    "weighting",
    [
        DiversityWeights(scale=1.0),
        VoronoiWeights(n_components=2),
        ScaleTreeWeights(scale=1.0),
        FamilyWeights(radius=0.5),
    ],
    ids=["diversity", "voronoi", "tree", "family"],
)
def test_what_the_audit_observes_is_within_the_bound_on_complete_designs(weighting) -> None:
    c, x = complete()
    recipe = Recipe(weighting=weighting, comparison_weights="balanced", reward="tabular", regularization=0.05)
    audit = audit_clones(
        c, x, weighting=weighting, comparison_weights="balanced", reward="tabular", regularization=0.05,
        copies=(1, 20), noise=(0.0, 0.01), targets=8,
    )  # fmt: skip
    found = certify_analysis(c, x, recipe, recipe.fit(c, x), audit)
    assert found.case == "complete"
    assert [row.noise for row in found.rows] == [0.0, 0.01]
    for row in found.rows:
        assert row.plain_observed <= row.plain_bound + 1e-9 or row.noise > 0
        if row.bound is not None:
            assert row.observed <= row.bound + 1e-9
    exact = found.exact_copies
    if not isinstance(weighting, FamilyWeights):
        assert exact.bound < 1e-6
    jumps = isinstance(weighting, (ScaleTreeWeights, VoronoiWeights))
    assert (found.rows[1].bound is None) == jumps
    assert bool(found.notes) == jumps
    assert json.loads(json.dumps(found.to_dict()))["rows"][0]["is_informative"] is found.is_informative(exact)


def test_the_analysis_carries_the_certificate_of_its_case() -> None:
    c, x = sparse(1, m=20, n=18)
    c = Comparisons.from_arrays(c.left, c.right, 0.2 + 0.6 * c.outcome, ids=c.ids)
    options = AnalysisOptions(encoder=x, scale=1.0, targets=4, copies=(1, 20), noise=(0.0, 0.3))
    linear = analyse(c, options).certificate
    assert linear.case == "linear"
    exact, near = linear.rows
    assert exact.bound == 0.0
    assert exact.observed < 1e-9
    assert near.bound is None
    assert near.observed > 0
    assert "exact copies move nothing" in linear.sentence()
    assert "no useful bound for copies within 0.3" in linear.sentence()
    assert any("audit stands alone" in note for note in linear.notes)
    quiet = analyse(c, AnalysisOptions(encoder=x, scale=1.0, audit=False)).certificate
    assert quiet.exact_copies.bound == pytest.approx(exact.bound)
    assert quiet.exact_copies.observed is None

    tabular = analyse(c, AnalysisOptions(encoder=x, scale=1.0, reward="tabular", audit=False)).certificate
    assert (tabular.case, tabular.exact_copies.bound) == ("none", None)
    assert "not covered" in tabular.sentence()
    gaps = analyse(
        c, AnalysisOptions(encoder=x, scale=1.0, reward="tabular", comparison_weights="balanced", audit=False)
    ).certificate
    assert gaps.case == "incomplete"
    assert gaps.exact_copies.bound < gaps.reward_range
    kernel = analyse(c, AnalysisOptions(encoder=x, scale=1.0, reward="kernel", audit=False)).certificate
    assert kernel.case == "none"
    assert "kernel" in kernel.sentence()
    family = analyse(c, AnalysisOptions(encoder=x, weights="family", radius=0.5, audit=False)).certificate
    assert family.case == "none"
    assert "FamilyWeights" in family.reason


def test_prompts_weighed_apart_have_no_certificate() -> None:
    c, x = sparse(1)
    c = Comparisons.from_arrays(c.left, c.right, c.outcome, ids=c.ids, texts=["a"] * 16, prompts=["p"] * 16)
    apart = replace(LINEAR, prompts="separate")
    assert certify_analysis(c, x, apart, apart.fit(c, x)).case == "none"
    assert certify_analysis(c, x, LINEAR, LINEAR.fit(c, x)).case == "linear"


def test_uneven_product_rows_have_no_certificate() -> None:
    c, x = complete()
    uneven = Comparisons.from_arrays(c.left, c.right, c.outcome, count=np.arange(1.0, 1 + len(c)), ids=c.ids)
    recipe = Recipe(weighting=DiversityWeights(scale=1.0), comparison_weights="product", reward="tabular")
    with pytest.warns(UserWarning, match="unevenly"):
        fitted = recipe.fit(uneven, x)
    assert certify_analysis(uneven, x, recipe, fitted).case == "none"
    assert certify_analysis(c, x, recipe, recipe.fit(c, x)).case == "complete"
