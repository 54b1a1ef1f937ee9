"""Voronoi weights: the paper's definition, copies, regions, options."""

import numpy as np
import pytest
from sklearn.base import clone

from cloneproof import InputError
from cloneproof._core.errors import EmptyCellWarning, ParameterError, UncertaintyWarning
from cloneproof._core.progress import report_progress_to
from cloneproof.weights import Box, Sphere, VoronoiWeights
from cloneproof.weights.region import Ball
from tests.weights.oracles_voronoi import nearest_by_loop
from tests.weights.sklearn_checks import parametrize_checks

quiet = pytest.mark.filterwarnings("ignore::cloneproof._core.errors.EmptyCellWarning")


@quiet
@parametrize_checks(VoronoiWeights(n_samples=1024))
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def points(m, d, seed=0):
    return np.random.default_rng(seed).uniform(size=(m, d))


def test_a_line_worked_by_hand():
    fitted = VoronoiWeights().fit([[0.0], [4.0], [1.0], [4.0]])
    assert fitted.exact_
    assert fitted.weights_ == pytest.approx([0.125, 0.1875, 0.5, 0.1875])
    assert (fitted.standard_errors_ == 0).all()
    assert fitted.n_samples_ == fitted.budget_ == 0
    assert (fitted.interval() == fitted.weights_[:, None]).all()


@pytest.mark.parametrize("region", ["box", "cube", "hull"])
def test_sampled_cells_agree_with_exact_ones(region):
    X = points(30, 2)
    exact = VoronoiWeights(region, cells="exact").fit(X)
    drawn = VoronoiWeights(region, cells="sampled", random_state=1).fit(X)
    assert exact.exact_
    assert not drawn.exact_
    assert (np.abs(drawn.weights_ - exact.weights_) / drawn.standard_errors_).max() < 6
    assert np.abs(drawn.weights_ - exact.weights_).max() < 2e-3


@quiet
@pytest.mark.parametrize(
    "region", ["box", "cube", "sphere", "ball", "hull", "reference", Ball(np.zeros(3), 2.0)]
)
def test_weights_are_the_shares_of_the_samples_nearest_by_a_loop(region):
    X = points(12, 3)
    region = (
        np.random.default_rng(1).normal(size=(500, 3))
        if isinstance(region, str) and region == "reference"
        else region
    )
    fitted = VoronoiWeights(region, n_samples=512, random_state=5).fit(X)
    samples = np.vstack(list(fitted._state.source.blocks()))
    assert fitted.n_samples_ == len(samples)
    shares = np.bincount(nearest_by_loop(samples, X)[0], minlength=12) / len(samples)
    np.testing.assert_allclose(fitted.weights_, shares, atol=1e-15)
    assert fitted.weights_.sum() == pytest.approx(1.0, abs=1e-12)


@quiet
@pytest.mark.parametrize(
    "options", [{}, {"n_components": 2}, {"region": "ball"}, {"region": "sphere"}, {"region": "hull"}]
)
@pytest.mark.parametrize("copies", [1, 10, 1000])
def test_copies_share_one_cell_and_move_no_other(options, copies):
    X = points(20, 4)
    before = VoronoiWeights(random_state=0, n_samples=4096, **options).fit(X)
    after = VoronoiWeights(random_state=0, n_samples=4096, **options).fit(
        np.vstack([X, np.repeat(X[3:4], copies, axis=0)])
    )
    others = np.arange(20) != 3
    assert (after.weights_[:20][others] == before.weights_[others]).all()
    family = np.r_[3, np.arange(20, 20 + copies)]
    assert after.weights_[family].sum() == pytest.approx(before.weights_[3], abs=1e-12)
    assert np.ptp(after.weights_[family]) == 0.0
    assert after.standard_errors_[family].sum() == pytest.approx(before.standard_errors_[3])


def test_points_that_only_the_projection_makes_equal_share_like_copies():
    X = np.array([[0.0, 0.0], [8.0, 0.0], [2.0, 1e-9], [2.0, -1e-9], [2.0, 1e-9]])
    fitted = VoronoiWeights(n_components=1).fit(X)
    assert fitted.exact_
    assert fitted.weights_[2:].sum() == pytest.approx(1 - fitted.weights_[:2].sum())
    flat = VoronoiWeights(n_components=1).fit(np.repeat(np.eye(3)[:1], 4, axis=0))
    assert flat.weights_.tolist() == [0.25] * 4


@pytest.mark.parametrize("region", ["box", "cube", "sphere", "ball", "hull"])
@pytest.mark.parametrize("m", [1, 3])
def test_one_point_has_all_the_weight(region, m):
    fitted = VoronoiWeights(region).fit(np.full((m, 3), 0.5))
    assert fitted.weights_ == pytest.approx([1 / m] * m)
    assert fitted.effective_sample_size_ == pytest.approx(m)


def test_order_of_the_alternatives_does_not_matter():
    X = points(40, 3)
    order = np.random.default_rng(1).permutation(40)
    fitted = VoronoiWeights(random_state=0).fit(X)
    assert (VoronoiWeights(random_state=0).fit(X[order]).weights_ == fitted.weights_[order]).all()


def test_threads_roads_and_dtypes_change_nothing():
    X = points(60, 9).astype(np.float32)
    runs = [VoronoiWeights(random_state=0, n_samples=4096, n_jobs=n).fit(X).weights_ for n in (1, 2, 8)]
    runs += [
        VoronoiWeights(random_state=0, n_samples=4096, method=m).fit(X).weights_
        for m in ("tree", "blocks", "torch")
    ]
    runs.append(VoronoiWeights(random_state=0, n_samples=4096).fit(X.astype(np.float64)).weights_)
    assert all((run == runs[0]).all() for run in runs)


def test_a_seed_fixes_the_weights_and_chance_moves_them():
    X = points(10, 3)
    assert (
        VoronoiWeights(random_state=1).fit(X).weights_ == VoronoiWeights(random_state=1).fit(X).weights_
    ).all()
    assert (
        VoronoiWeights(random_state=1).fit(X).weights_ != VoronoiWeights(random_state=2).fit(X).weights_
    ).any()


def test_coordinates_that_all_alternatives_share_leave_exact_cells():
    X = np.column_stack([np.full(20, 7.0), points(20, 2), np.zeros(20)])
    fitted = VoronoiWeights().fit(X)
    assert fitted.exact_
    np.testing.assert_allclose(fitted.weights_, VoronoiWeights().fit(X[:, 1:3]).weights_, atol=1e-15)
    assert not VoronoiWeights("cube", random_state=0).fit(X[:, :3]).exact_


def test_the_cube_is_the_literal_one_and_empty_cells_are_bounded():
    X = np.vstack([points(5, 3) / 4, [[50.0, 50.0, 50.0]]])
    with pytest.warns(
        EmptyCellWarning, match=r"1 of 6 alternatives drew none of 65,536 samples; .*< 4\.6e-05"
    ):
        fitted = VoronoiWeights("cube", random_state=0).fit(X)
    assert fitted.weights_[5] == 0.0
    assert fitted.upper_bounds_[5] == pytest.approx(3.0 / 65536, rel=0.01)
    assert fitted.standard_errors_[5] == 1 / 65536
    assert fitted.format_weights()[5] == "< 4.6e-05"
    assert fitted.interval(0.5)[5, 1] < fitted.upper_bounds_[5]


def test_an_empty_exact_cell_is_exactly_zero():
    fitted = VoronoiWeights("cube").fit([[0.5], [9.0]])
    assert fitted.weights_.tolist() == [1.0, 0.0]
    assert fitted.format_weights() == ["1", "0"]


def test_margin_gives_more_to_the_outside():
    X = np.array([[0.0], [1.0], [2.0]])
    assert VoronoiWeights(margin=1.0).fit(X).weights_ == pytest.approx([2.5 / 6, 1 / 6, 2.5 / 6])
    assert VoronoiWeights("ball", margin=1.0, random_state=0).fit(
        points(9, 3)
    ).region_.radius == pytest.approx(
        2 * VoronoiWeights("ball", random_state=0).fit(points(9, 3)).region_.radius
    )


def test_reference_weights_are_shares_of_the_corpus():
    corpus = np.array(
        [[0.0, 0.0], [0.1, 0.0], [1.0, 1.0], [0.9, 1.0], [1.1, 1.0], [1.0, 0.9], [1.0, 1.2], [1.2, 1.2]]
    )
    fitted = VoronoiWeights(corpus).fit([[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    assert fitted.weights_ == pytest.approx([0.25, 0.375, 0.375])
    assert fitted.n_samples_ == 8
    assert fitted.standard_errors_[0] == pytest.approx(np.sqrt(0.25 * 0.75 / 7))
    low, high = fitted.interval()[0]  # Clopper-Pearson for 2 of 8
    assert (low, high) == (pytest.approx(0.0319, abs=1e-4), pytest.approx(0.6509, abs=1e-4))


def test_reference_intervals_cover_the_population():
    X, rng = points(5, 2), np.random.default_rng(0)
    truth = VoronoiWeights("cube").fit(X).weights_
    inside = [
        (lambda i: (i[:, 0] <= truth) & (truth <= i[:, 1]))(
            VoronoiWeights(rng.uniform(size=(80, 2))).fit(X).interval()
        )
        for _ in range(200)
    ]
    assert np.mean(inside) > 0.94


def test_smoothing_sees_between_the_corpus_and_follows_the_noise():
    corpus, X = np.array([[0.0], [1.0]]), np.array([[0.0], [0.55], [2.0]])
    with pytest.warns(EmptyCellWarning):
        plain = VoronoiWeights(corpus).fit(X)
    smooth = VoronoiWeights(corpus, smoothing=0.5, random_state=0, n_samples=2**16).fit(X)
    assert plain.weights_.tolist() == [0.5, 0.5, 0.0]
    from scipy.stats import norm

    cdf = [np.mean(norm.cdf((border - corpus) / 0.5)) for border in (0.275, 1.275)]
    assert smooth.weights_ == pytest.approx(np.diff([0.0, *cdf, 1.0]), abs=0.01)
    assert smooth.standard_errors_[0] > 0.2  # two rows of corpus say little, however often they are copied


def test_projection_is_the_principal_one():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 5)) * [5.0, 3.0, 0.1, 0.1, 0.1] + 100.0
    fitted = VoronoiWeights(n_components=2).fit(X)
    centred = X - X.mean(axis=0)
    expected = np.linalg.svd(centred, full_matrices=False)[2][:2]
    np.testing.assert_allclose(np.abs(fitted.projection_.components @ expected.T), np.eye(2), atol=1e-9)
    assert fitted.projection_.explained_variance_ratio.sum() > 0.99
    assert fitted.exact_
    by_hand = VoronoiWeights().fit(centred @ expected.T)
    np.testing.assert_allclose(fitted.weights_, by_hand.weights_, atol=1e-9)
    with pytest.warns(EmptyCellWarning, match="150 of 200 alternatives are nearest to none of 50 rows"):
        reference = VoronoiWeights(X[:50], n_components=2).fit(X)
    assert reference.region_.shape == (50, 2)


def test_auto_stops_at_rtol_and_announces_its_budget():
    said = []

    class Reporter:
        def start(self, description, total):
            said.append((description, total))
            return lambda n: None

        def finish(self):
            pass

    X = points(25, 3)
    with report_progress_to(Reporter()):
        fitted = VoronoiWeights(n_samples="auto", rtol=0.02, max_samples=2**20, random_state=0).fit(X)
    assert said == [("Voronoi weights: at most 1,048,576 samples", 2**20)]
    assert fitted.budget_ == 2**20
    assert fitted.n_samples_ < fitted.budget_
    matters = fitted.weights_ >= 0.5 / 25
    assert (fitted.standard_errors_ <= 0.02 * fitted.weights_)[matters].all()
    half = VoronoiWeights(n_samples=fitted.n_samples_ // 2, random_state=0).fit(X)
    assert (half.standard_errors_ > 0.02 * half.weights_)[half.weights_ >= 0.5 / 25].any()
    same = VoronoiWeights(n_samples=fitted.n_samples_, random_state=0).fit(X)
    assert (same.weights_ == fitted.weights_).all()


def test_auto_says_when_the_budget_does_not_suffice():
    with pytest.warns(UncertaintyWarning, match=r"the budget of 1,024 samples is spent .* Raise max_samples"):
        fitted = VoronoiWeights(n_samples="auto", rtol=0.001, max_samples=1500, random_state=0).fit(
            points(9, 3)
        )
    assert fitted.n_samples_ == fitted.budget_ == 1024


def test_samples_are_rounded_up_to_whole_powers():
    assert VoronoiWeights(n_samples=1000, random_state=0).fit(points(3, 3)).n_samples_ == 1024
    assert (
        VoronoiWeights(n_samples=1, n_replicates=3, random_state=0).fit([[0.0] * 3, [1.0] * 3]).n_samples_
        == 3
    )


def test_progress_is_reported():
    steps = []

    class Reporter:
        def start(self, description, total):
            steps.append([description, total, 0])
            return lambda n: steps[-1].__setitem__(2, steps[-1][2] + n)

        def finish(self):
            pass

    with report_progress_to(Reporter()):
        VoronoiWeights(random_state=0).fit(points(9, 4))
    assert steps == [["Voronoi weights: nearest alternatives", 65536, 65536]]


def test_raw_high_dimensional_cubes_are_degenerate_as_documented():
    X = np.random.default_rng(0).normal(size=(60, 200))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    with pytest.warns(EmptyCellWarning):
        fitted = VoronoiWeights("cube", n_samples=2048, random_state=0).fit(X)
    assert (fitted.weights_ == 0).mean() > 0.6


def test_parameters_are_kept_untouched():
    corpus = [[0.0], [1.0]]
    estimator = VoronoiWeights(corpus, smoothing=0.1, random_state=3)
    estimator.fit([[0.0], [2.0]])
    assert estimator.get_params()["region"] is corpus
    assert clone(estimator).get_params()["smoothing"] == 0.1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"region": "square"}, "region must be one of 'box'"),
        ({"region": 3}, "region must be one of .* Got int"),
        ({"region": Sphere(5)}, "region lies in 5 dimensions, the alternatives .* in 2"),
        ({"margin": -1}, "margin must be a number"),
        ({"region": "cube", "margin": 0.1}, "margin widens"),
        ({"region": Box([0, 0], [1, 1]), "margin": 0.1}, "margin widens"),
        ({"smoothing": 0.1}, "smoothing needs a reference sample"),
        ({"region": np.zeros((3, 2)), "margin": 0.1}, "takes neither margin"),
        ({"region": np.zeros((3, 2)), "n_samples": "auto"}, "takes neither margin"),
        ({"region": np.zeros((3, 2)), "cells": "exact"}, "needs a region with a volume"),
        ({"region": "sphere", "cells": "exact"}, 'cells="exact" needs region'),
        ({"n_components": 3}, "n_components must be an integer of at least 1 and at most 2"),
        ({"n_samples": 0}, "n_samples must be an integer"),
        ({"n_samples": "many"}, "n_samples must be an integer"),
        ({"n_replicates": 1}, "n_replicates must be an integer of at least 2"),
        ({"rtol": 0.0}, "rtol must be a number"),
        ({"threshold": 2.0}, "threshold must be a number"),
        ({"max_samples": 0}, "max_samples must be an integer"),
        ({"cells": "some"}, "cells must be one of"),
        ({"method": "guess"}, "method must be one of"),
        ({"n_jobs": 0}, "n_jobs must be"),
        ({"random_state": -1}, "random_state must be"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ParameterError, match=message):
        VoronoiWeights(**options).fit(points(4, 2))


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        (np.zeros((0, 2)), r"has shape \(0, 2\)"),
        (np.zeros((3, 5)), r"has shape \(3, 5\), expected \(n_reference, 2\)"),
        (np.full((3, 2), np.nan), "the reference sample must hold finite"),
    ],
)
def test_bad_references_are_named(corpus, message):
    with pytest.raises(InputError, match=message):
        VoronoiWeights(corpus).fit(points(4, 2))


def test_a_hull_without_volume_is_named():
    with pytest.raises(InputError, match="fewer dimensions"):
        VoronoiWeights("hull").fit([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])


def test_bad_confidence_is_named():
    with pytest.raises(ParameterError, match="confidence must be a number"):
        VoronoiWeights().fit([[0.0], [1.0]]).interval(1.0)
