"""What is chosen follows from the shape of the data and says so in numbers."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof._core.errors import CloneProofWarning, ParameterError
from cloneproof.audit import AnalysisOptions, analyse
from cloneproof.audit.choices import choose_comparison_weights, choose_reward, measure_coverage
from cloneproof.audit.sampling import audit_sample
from cloneproof.audit.weightings import make_weighting
from cloneproof.preferences import Comparisons
from cloneproof.weights import VoronoiWeights


def chain(n: int, **columns) -> Comparisons:
    return Comparisons.from_arrays(np.arange(n), np.arange(n) + 1, ids=np.arange(n + 1), **columns)


def test_sparse_data_gets_a_function_of_the_embedding():
    coverage = measure_coverage(chain(5))
    assert coverage.median_comparisons == 2
    reward, rows = choose_reward(coverage, "auto"), choose_comparison_weights(coverage, "auto")
    assert (reward.value, rows.value) == ("linear", "diversity")
    assert "2 comparisons (median)" in reward.reason
    assert reward.automatic


def test_dense_data_gets_a_reward_each_and_counts_count():
    coverage = measure_coverage(chain(5, count=[10] * 5))
    assert (choose_reward(coverage, "auto").value, choose_comparison_weights(coverage, "auto").value) == (
        "tabular",
        "balanced",
    )


def test_what_was_asked_for_is_taken():
    coverage = measure_coverage(chain(5))
    assert choose_reward(coverage, "tabular").value == "tabular"
    assert not choose_reward(coverage, "tabular").automatic
    with pytest.raises(ParameterError, match="reward must be one of 'auto', 'tabular', 'linear'"):
        choose_reward(coverage, "neural")
    with pytest.raises(ParameterError, match="comparison_weights must be one of"):
        choose_comparison_weights(coverage, "none")


def test_repeated_rows_are_the_same_pair_outcome_and_annotator():
    c = Comparisons.from_arrays(
        [0, 1, 0, 0, 2],
        [1, 0, 1, 1, 3],
        outcome=[1, 0, 1, 0, 1],
        annotator=["x", "x", "y", "x", "x"],
        ids=range(5),
    )
    coverage = measure_coverage(c)
    assert (coverage.repeated_rows, coverage.largest_repeat) == (
        1,
        2,
    )  # rows 0 and 1, seen from the other side
    assert (coverage.n_pairs, coverage.n_components) == (2, 3)
    anonymous = Comparisons.from_arrays(c.left, c.right, c.outcome, ids=range(5))
    assert (measure_coverage(anonymous).repeated_rows, measure_coverage(anonymous).largest_repeat) == (2, 3)


def test_a_small_data_set_is_audited_whole_and_a_large_one_in_part():
    c = chain(99)
    rows, alternatives = audit_sample(c, 100, random_state=0)
    assert (len(rows), len(alternatives)) == (99, 100)
    rows, alternatives = audit_sample(c, 40, random_state=0)
    assert 30 <= len(alternatives) <= 40
    part = c.restrict(rows, alternatives)
    assert part.n_comparisons == len(rows)
    np.testing.assert_array_equal(part.ids[part.left], c.ids[c.left[rows]])


def test_prompts_are_sampled_whole():
    left, right = np.array([(3 * p + i, 3 * p + j) for p in range(30) for i, j in [(0, 1), (1, 2)]]).T
    c = Comparisons.from_arrays(
        left, right, ids=range(90), texts=["t"] * 90, prompts=[str(i // 3) for i in range(90)]
    )
    rows, alternatives = audit_sample(c, 30, random_state=3)
    assert len(alternatives) == 30
    assert len(rows) == 20
    assert len({c.prompts[a] for a in alternatives}) == 10


def test_rewards_held_by_the_ridge_are_named_and_have_no_standard_error():
    """0 meets only 2, which two copies surround and which so weighs nothing: the ridge decides."""
    X = np.array([[9.0], [0.0], [0.1], [0.2], [-9.0]])
    left, right = [0] * 12 + [1] * 12 + [1] * 12, [2] * 12 + [3] * 12 + [4] * 12
    won = [1, 1, 0, 1, 1, 1] * 6
    c = Comparisons.from_arrays(left, right, won, ids=["lonely", "a", "between", "b", "far"])
    options = AnalysisOptions(
        encoder=X, scale=1.0, reward="tabular", comparison_weights="balanced", audit=False
    )
    with pytest.warns(CloneProofWarning):
        found = analyse(c, options)
    assert np.isnan(found.weighted.standard_errors).tolist() == [True, False, False, False, False]
    assert abs(found.weighted.rewards[0]) < 1e-3
    assert np.isfinite(found.plain.standard_errors).all()
    assert any("1 of 5 weighted rewards rest on the ridge" in n and "'lonely'" in n for n in found.notes)


@pytest.mark.filterwarnings("ignore::cloneproof._core.errors.EmptyCellWarning")
def test_voronoi_by_name_has_axes_that_clones_do_not_turn():
    """Measured on the weighting that the command line makes: 100 near-copies of one of 40 texts."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 12)) * np.linspace(2.0, 0.5, 12)
    clones = X[3] + 1e-4 * rng.normal(size=(100, 12)) / np.sqrt(12)
    safe = make_weighting("voronoi", n_dims=12)
    plain = VoronoiWeights(n_components=4, random_state=0)

    def moved(weighting):
        before = weighting.fit(X).weights_.copy()
        after = weighting.fit(np.vstack([X, clones])).weights_
        totals = after[:40].copy()
        totals[3] += after[40:].sum()
        return np.abs(totals - before).sum()

    assert moved(safe) < 0.02 < moved(plain)
