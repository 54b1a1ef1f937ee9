"""The suite for weightings: ours pass what they claim, known bad ones fail where they must, with witnesses."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import cloneproof as cp
from benchmarks.axioms import PAGE, WEIGHTINGS, properties, sentences
from benchmarks.docs_tables import ROOT, find_tables
from cloneproof._core.errors import CheckFailedError, InputError, ParameterError
from cloneproof.audit.axioms import AXIOMS
from cloneproof.weights import Ball, Box, Sphere
from tests.audit import bad_weightings as bad

NAMES = [axiom.name for axiom in AXIOMS]
CHEAP = {"n_samples": 2**9}

OURS = {
    **WEIGHTINGS,  # those of the table in docs/weights.md
    "scale tree at a fixed scale": cp.ScaleTreeWeights(scale=0.3),
    "families at a fixed radius": cp.FamilyWeights(radius=0.4),
    "Voronoi, cube": cp.VoronoiWeights("cube", **CHEAP),
    "Voronoi, ball": cp.VoronoiWeights("ball", **CHEAP),
    "Voronoi, hull": cp.VoronoiWeights("hull", **CHEAP),
}


@cache
def check_ours(name):
    return cp.check_weighting(OURS[name])


@pytest.mark.parametrize("name", OURS)
def test_ours_fail_exactly_what_they_declare(name):
    check = check_ours(name)
    assert check.passed, str(check)
    declared = [result.name for result in check.results if result.reason]
    if OURS[name].get_params().get("n_components"):
        declared.remove("continuity")  # its witness needs other alternatives, see the docstring
    failing = [result.name for result in check.results if result.holds is False]
    assert failing == declared, str(check)
    assert [result.name for result in check.results] == NAMES


def test_the_tables_in_docs_are_what_the_suite_finds_now():
    checks = {name: check_ours(name) for name in WEIGHTINGS}
    tables = find_tables((ROOT / PAGE).read_text(encoding="utf-8"), PAGE)
    assert tables["weighting-axioms"] == properties(checks), "run python -m benchmarks.axioms"
    assert tables["weighting-witnesses"] == "\n".join(sentences(checks)), "run python -m benchmarks.axioms"


@pytest.mark.parametrize(
    "estimator",
    [
        cp.VoronoiWeights(Box([-1.0, -1.0], [6.0, 6.0])),
        cp.VoronoiWeights(Ball([1.0, 3.0], 5.0), **CHEAP),
        cp.VoronoiWeights(Ball([0.0, 0.0], 5.0), **CHEAP),
        cp.VoronoiWeights(Sphere(2), **CHEAP),
        cp.VoronoiWeights(np.random.default_rng(1).normal(3.0, 2.0, size=(500, 2))),
    ],
    ids=["box", "ball", "centred ball", "sphere", "reference"],
)
def test_fixed_regions_fail_exactly_what_they_declare(estimator):
    X = np.random.default_rng(2).normal(3.0, 1.0, size=(9, 2))
    check = cp.check_weighting(estimator, X)
    failing = [result.name for result in check.results if result.holds is False]
    assert sorted(failing) == sorted(estimator.fails_by_nature()), str(check)


@pytest.mark.parametrize(
    ("estimator", "failing"),
    [
        (bad.InverseDensity(), {"collateral", "duplicates", "clones", "scaling"}),
        (bad.NearestDistance(), {"collateral", "duplicates", "clones"}),
        (bad.KMeansShares(), {"collateral", "duplicates", "clones", "continuity", "distant"}),
        (bad.AveragedClusters(), {"collateral", "duplicates", "clones", "continuity", "distant"}),
        (bad.FirstOfCopies(), {"equal_copies", "clones", "collateral"}),
        (bad.DistinctShares(), {"clones", "collateral"}),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "fit") else "",
)
def test_known_bad_weightings_fail_where_they_must_and_the_witness_shows_it(estimator, failing):
    check = cp.check_weighting(estimator, axioms=failing)
    found = {result.name for result in check.failed}
    assert failing == found, str(check)
    assert not check.passed
    for result in check.failed:
        assert result.value > result.tolerance
        reproduce(estimator, result)


def reproduce(estimator, result):
    """Fit on the witness's two tables and find the totals that the result reports."""
    witness = result.witness
    before = estimator.fit(witness.before).weights_[witness.rows_before].sum()
    after_weights = estimator.fit(witness.after).weights_
    after = after_weights[witness.rows_after].sum()
    if result.name == "distant":
        after /= after_weights[: len(witness.before)].sum()
    assert before == pytest.approx(witness.total_before, abs=1e-12)
    assert after == pytest.approx(witness.total_after, abs=1e-12)
    relative = max(before, after, 0.1 / len(witness.before)) if result.name == "collateral" else 1.0
    assert abs(after - before) / relative == pytest.approx(result.value, rel=1e-9)


def test_the_witness_of_ours_can_be_reproduced_too():
    check = check_ours("families by radius")
    for result in check.results:
        if result.status == "fails as declared":
            reproduce(cp.FamilyWeights(), result)


def test_inverse_density_strips_a_neighbour_of_most_of_its_weight():
    found = cp.check_weighting(bad.InverseDensity(), axioms=["collateral"])["collateral"]
    assert found.witness.total_after < 0.05 * found.witness.total_before
    assert found.sentence.startswith("1,000 exact copies")


def test_a_jump_is_narrowed_down_and_a_slope_is_not_called_one():
    jump = cp.check_weighting(cp.FamilyWeights(radius=0.4), axioms=["continuity"])["continuity"]
    assert jump.details["step"] < 1e-4
    assert jump.value > 0.05
    moved = np.abs(jump.witness.before - jump.witness.after).max()
    assert moved <= jump.details["step"]
    smooth = cp.check_weighting(cp.DiversityWeights(scale=0.4), axioms=["continuity"])["continuity"]
    assert smooth.details["total_range"] > 0.05, "the cloud's total must have moved on the way"
    assert smooth.value < 1e-4


@pytest.mark.parametrize(
    ("how", "axiom", "sentence"),
    [
        ("short", "simplex", "weights_ must be 10 finite numbers"),
        ("silent", "permutation", "fit set no weights_"),
        ("nan", "simplex", "NaN"),
        ("raises", "duplicates", "ZeroDivisionError: half of nothing"),
        ("float32", "dtype", "float32, not a float64 array"),
        ("list", "dtype", "list, not a float64 array"),
        ("sum", "simplex", "sum to 2"),
        ("negative", "simplex", "the least is -0.4"),
        ("order", "permutation", "another order"),
        ("chance", "repeatable", "same random_state"),
        ("memory", "repeatable", "an earlier fit on another table"),
        ("other", "input_unchanged", "returns something else"),
        ("writes", "input_unchanged", "20 of 20 numbers"),
    ],
)
def test_a_broken_estimator_is_told_what_is_broken(how, axiom, sentence):
    found = cp.check_weighting(bad.Broken(how), axioms=[axiom])[axiom]
    assert found.status == "fails"
    assert sentence.lower() in found.sentence.lower()
    assert found.witness is not None


def test_threads_and_parameters_are_looked_at():
    assert not cp.check_weighting(bad.ManyThreads(), axioms=["threads"]).passed
    found = cp.check_weighting(bad.ChangesItsParameters(), axioms=["parameters"])["parameters"]
    assert found.status == "fails"
    assert "changes the parameters scale" in found.sentence


def test_threads_that_do_not_matter_pass_and_are_really_set():
    used = []

    class Recorder(bad.ManyThreads):
        def fit(self, X, y=None):
            used.append(self.n_jobs)
            self.weights_ = np.full(len(X), 1.0 / len(X))
            return self

    assert cp.check_weighting(Recorder(), axioms=["threads"]).passed
    assert used == [1, 2, 8]


def test_sampled_weights_get_their_noise_and_no_more():
    class Noisy(cp.UniformWeights):
        def fit(self, X, y=None):
            super().fit(X)
            first = np.asarray(X)[:, 0]
            self.weights_ = self.weights_ + 0.01 * np.sign(first - np.median(first))  # follows the axes
            self.weights_ = self.weights_ / self.weights_.sum()
            self.standard_errors_ = np.full(len(X), error)
            return self

    error = 0.01
    assert cp.check_weighting(Noisy(), axioms=["rotation"]).passed
    error = 0.001
    assert not cp.check_weighting(Noisy(), axioms=["rotation"]).passed


def test_a_plain_object_needs_no_scikit_learn():
    check = cp.check_weighting(bad.DistinctShares())
    assert check["parameters"].status == "skipped"
    assert check["parameters"].holds is None
    assert check["duplicates"].status == "holds"
    assert {result.name for result in check.failed} == {"clones", "collateral"}


def test_the_estimator_itself_is_left_alone():
    estimator = cp.VoronoiWeights(n_samples=64)
    cp.check_weighting(estimator, axioms=["simplex", "parameters", "threads"])
    assert not hasattr(estimator, "weights_")
    assert estimator.random_state is None
    assert estimator.n_jobs is None


def test_failures_can_be_expected_skipped_tolerated_and_raised():
    estimator = bad.DistinctShares()
    with pytest.raises(
        CheckFailedError, match=r"fails 2 of 15 axioms(.|\n)*clones: (.|\n)*collateral: "
    ) as caught:
        cp.check_weighting(estimator, on_failure="raise")
    assert caught.value.exit_code == 3
    check = cp.check_weighting(
        estimator,
        expected_failures={"clones": "only exact copies are meant", "scaling": "no idea"},
        skip=["collateral"],
    )
    assert check.passed
    assert check["clones"].status == "fails as declared"
    assert check["clones"].reason == "only exact copies are meant"
    assert check["scaling"].status == "holds though declared to fail"
    assert check["collateral"].status == "skipped"
    assert "only exact copies are meant" in str(check)
    loose = cp.check_weighting(estimator, axioms=["clones"], tolerances={"clones": 1.0})
    assert loose.passed
    assert cp.check_weighting(
        estimator, expected_failures=["clones", "collateral"], on_failure="raise"
    ).passed


def test_what_an_estimator_says_of_itself_is_believed():
    class Honest(bad.DistinctShares):
        fails_by_nature = {"clones": "by design", "collateral": "by design"}  # noqa: RUF012

    assert cp.check_weighting(Honest()).passed


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_the_frame_has_one_row_per_axiom(backend):
    frame = check_ours("uniform").to_frame(backend)
    columns = frame.column_names if backend == "pyarrow" else list(frame.columns)
    assert columns == ["name", "status", "holds", "value", "tolerance", "sentence", "reason"]
    assert len(frame) == len(AXIOMS)


def test_it_reads_like_a_table():
    text = str(cp.check_weighting(cp.UniformWeights(), axioms=["simplex", "duplicates"]))
    assert text.splitlines()[0] == "UniformWeights(): 1 axioms hold, 0 fail, 1 fail as declared"
    assert "declared duplicates" in text
    assert "k copies among m alternatives" in text


def test_the_same_seed_gives_the_same_check_and_another_seed_other_tables():
    first, second, third = (
        cp.check_weighting(cp.DiversityWeights(scale=0.3), axioms=["clones"], random_state=seed)
        for seed in (1, 1, 2)
    )
    assert first["clones"].value == second["clones"].value
    assert (first["clones"].witness.before != third["clones"].witness.before).any()
    assert first.random_state == 1


def test_it_works_on_a_table_of_the_caller():
    X = np.random.default_rng(0).normal(size=(400, 7))
    check = cp.check_weighting(
        cp.DiversityWeights(scale=2.0), X.astype(np.float32), axioms=["simplex", "threads", "distant"]
    )
    assert check["simplex"].witness.before.shape[1] == 7
    assert len(check["distant"].witness.before) == 16
    assert len(check["threads"].witness.before) == 400
    rows = {tuple(row) for row in X.astype(np.float32).astype(np.float64)}
    assert all(tuple(row) in rows for row in check["distant"].witness.before)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"estimator": cp.UniformWeights}, InputError, "Make an instance"),
        ({"estimator": 3}, InputError, r"fit\(X\).*Got 3"),
        ({"axioms": ["duplicate"]}, ParameterError, "each of axioms must be one of 'simplex'"),
        ({"skip": "nothing"}, ParameterError, "each of skip"),
        ({"expected_failures": {"x": "y"}}, ParameterError, "each of expected_failures"),
        ({"tolerances": {"clones": -1.0}}, ParameterError, "tolerances"),
        ({"on_failure": "print"}, ParameterError, "on_failure"),
        ({"random_state": -1}, ParameterError, "random_state"),
        ({"X": [[1.0], [1.0], [2.0]]}, ParameterError, "at least 3 distinct rows"),
        ({"X": [[1.0], [np.nan], [2.0]]}, InputError, "finite"),
    ],
)
def test_bad_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        cp.check_weighting(**{"estimator": cp.UniformWeights(), **arguments})


def test_an_unknown_name_is_told_the_known_ones():
    with pytest.raises(InputError, match="no axiom 'x'.*'simplex'"):
        cp.check_weighting(cp.UniformWeights(), axioms=["simplex"])["x"]
