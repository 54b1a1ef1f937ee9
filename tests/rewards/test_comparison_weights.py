"""Comparison weights: what copies cannot change, exactness on complete designs, warnings, errors."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from cloneproof._core.errors import InputError, ParameterError, SparseComparisonsWarning
from cloneproof.preferences import Comparisons
from cloneproof.rewards.comparison_weights import comparison_weights
from cloneproof.weights.diversity_solve import solve_dense
from cloneproof.weights.duplicates import group_duplicates


def diversity_of_points(X, scale):
    groups = group_duplicates(np.asarray(X, dtype=float))
    return groups.share(solve_dense(np.asarray(X, dtype=float)[groups.first], scale, tol=1e-12).weights)


def sparse_design(seed, m=30, n=60, d=3):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, d))
    left = rng.integers(m, size=n)
    right = (left + rng.integers(1, m, size=n)) % m
    return rng, X, left, right


def total_by_point_pair(c, X, weights):
    """Weight of each unordered pair of points, as a dictionary."""
    point = group_duplicates(X).inverse
    totals = {}
    for a, b, weight in zip(point[c.left].tolist(), point[c.right].tolist(), weights, strict=True):
        key = (min(a, b), max(a, b))
        totals[key] = totals.get(key, 0.0) + weight
    return totals


# --- product and balanced


def test_product_and_balanced_follow_their_formulas():
    c = Comparisons.from_arrays([0, 0, 1, 2], [1, 1, 0, 1], count=[1, 2, 1, 3], ids=[0, 1, 2])
    w = np.array([0.5, 0.2, 0.3])
    product = np.array([0.1, 0.2, 0.1, 0.18])
    balanced = np.array([0.1 / 4, 0.1 * 2 / 4, 0.1 / 4, 0.06])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SparseComparisonsWarning)
        np.testing.assert_allclose(comparison_weights(c, w, method="product"), product / product.sum())
    np.testing.assert_allclose(comparison_weights(c, w, method="balanced"), balanced / balanced.sum())


@pytest.mark.parametrize("method", ["product", "balanced", "diversity"])
def test_one_annotator_who_repeats_a_judgment_counts_once(method):
    X = np.array([[0.0], [3.0], [7.0]])
    left, right = [0, 0, 1, 0], [1, 1, 2, 2]
    who = ["ann", "bob", "ann", "ann"]
    once = Comparisons.from_arrays(left, right, annotator=who, ids=[0, 1, 2])
    flood = Comparisons.from_arrays(
        left + [1] * 50, right + [0] * 50, annotator=who + ["ann"] * 50, ids=[0, 1, 2]
    )
    base = comparison_weights(once, embeddings=X, scale=1.0, method=method, by="annotator")
    many = comparison_weights(flood, embeddings=X, scale=1.0, method=method, by="annotator")
    np.testing.assert_allclose(many[[1, 2, 3]], base[[1, 2, 3]], atol=1e-9)
    assert many[0] + many[4:].sum() == pytest.approx(base[0], abs=1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SparseComparisonsWarning)
        outvoted = comparison_weights(flood, embeddings=X, scale=1.0, method=method)
    assert outvoted[1] < 0.1 * many[1]


def test_an_annotator_who_votes_again_on_copies_of_the_texts_counts_once_too():
    X = np.array([[0.0], [3.0], [7.0]])
    left, right, who = [0, 0, 1], [1, 1, 2], ["ann", "bob", "ann"]
    once = Comparisons.from_arrays(left, right, annotator=who, ids=np.arange(3))
    base = comparison_weights(once, embeddings=X, scale=1.0, by="annotator")
    grown = np.vstack([X, np.repeat(X[:2], 20, axis=0)])
    many = Comparisons.from_arrays(
        np.r_[left, 3 + np.arange(20)],
        np.r_[right, 23 + np.arange(20)],
        annotator=who + ["ann"] * 20,
        ids=np.arange(43),
    )
    after = comparison_weights(many, embeddings=grown, scale=1.0, by="annotator")
    np.testing.assert_allclose(after[1:3], base[1:3], rtol=1e-9)
    assert after[0] + after[3:].sum() == pytest.approx(base[0])
    np.testing.assert_allclose(after[3:], after[0])


def test_warnings_name_the_broken_assumption_in_numbers():
    m = 20
    sparse = Comparisons.from_arrays(np.arange(0, m, 2), np.arange(1, m, 2), ids=np.arange(m))
    w = np.full(m, 1 / m)
    for method in ("product", "balanced"):
        with pytest.warns(SparseComparisonsWarning, match=r"only 5.3 % of the pairs"):
            comparison_weights(sparse, w, method=method)
    a, b = np.triu_indices(4, 1)
    uneven = Comparisons.from_arrays(a, b, count=[30, 1, 1, 1, 1, 1], ids=np.arange(4))
    with pytest.warns(SparseComparisonsWarning, match=r"from 1 to 30 times \(median 1\)"):
        comparison_weights(uneven, np.full(4, 0.25), method="product")
    comparison_weights(uneven, np.full(4, 0.25), method="balanced")  # no warning: they are errors here
    even = Comparisons.from_arrays(a, b, ids=np.arange(4))
    comparison_weights(even, np.full(4, 0.25), method="product")


# --- diversity


@pytest.mark.parametrize(("m", "d", "scale"), [(12, 2, 0.5), (40, 3, 0.7), (90, 3, 0.6)])
def test_a_complete_design_has_twice_the_product_of_the_diversity_weights(m, d, scale):
    rng = np.random.default_rng(m)
    X = rng.standard_normal((m, d))
    X = np.vstack([X, X[:4], X[:2]])  # exact copies too
    c = Comparisons.from_win_rates(np.full((len(X),) * 2, 0.5))
    w = diversity_of_points(X, scale)
    record = comparison_weights(c, embeddings=X, scale=scale, tol=1e-8, return_record=True)
    np.testing.assert_allclose(
        record.weights * record.observed_share, 2 * w[c.left] * w[c.right], rtol=0, atol=1e-6
    )
    assert record.observed_share == pytest.approx(1 - w @ w, abs=1e-6)
    assert 0 <= record.relative_gap <= 1e-8


def test_a_complete_design_needs_no_help_from_its_known_solution(monkeypatch):
    import cloneproof.rewards.comparison_weights_diversity as module

    rng = np.random.default_rng(0)
    X = rng.standard_normal((14, 2))
    c = Comparisons.from_win_rates(np.full((14, 14), 0.5))
    w = diversity_of_points(X, 0.6)
    monkeypatch.setattr(module, "_product_start", lambda *args, **options: None)
    record = comparison_weights(c, embeddings=X, scale=0.6, tol=1e-12, return_record=True)
    np.testing.assert_allclose(
        record.weights * record.observed_share, 2 * w[c.left] * w[c.right], rtol=0, atol=1e-6
    )


def test_copies_of_rows_sides_and_pairs_share_a_constant_total():
    rng, X, left, right = sparse_design(1)
    c = Comparisons.from_arrays(left, right, ids=np.arange(30))
    base = total_by_point_pair(c, X, comparison_weights(c, embeddings=X, scale=1.0))
    # copies of alternative 0 (and of whole rows), compared as often as chance wants
    copies = np.r_[np.zeros(40, dtype=int), np.full(7, 3)]
    grown = np.vstack([X, X[copies]])
    rows = [i for i in range(60) if 0 in (left[i], right[i]) or 3 in (left[i], right[i])]
    more_left, more_right = [], []
    for _ in range(300):
        i = rows[rng.integers(len(rows))]
        ends = [left[i], right[i]]
        for k, a in enumerate(ends):
            same = 30 + np.flatnonzero(copies == a)
            if len(same) and rng.random() < 0.8:
                ends[k] = rng.choice(same)
        if rng.random() < 0.5:
            ends.reverse()
        more_left.append(ends[0])
        more_right.append(ends[1])
    many = Comparisons.from_arrays(
        np.r_[left, more_left], np.r_[right, more_right], ids=np.arange(len(grown))
    )
    after = total_by_point_pair(many, grown, comparison_weights(many, embeddings=grown, scale=1.0))
    assert set(after) == set(base)
    for key, weight in base.items():
        assert after[key] == pytest.approx(weight, rel=1e-9, abs=1e-12)


def test_comparing_a_copy_with_its_original_takes_weight_from_nobody_else():
    _, X, left, right = sparse_design(2)
    c = Comparisons.from_arrays(left, right, ids=np.arange(30))
    record = comparison_weights(c, embeddings=X, scale=1.0, return_record=True)
    before = record.weights * record.observed_share
    grown = np.vstack([X, np.repeat(X[1:2], 5, axis=0)])  # 1: its diagonal pair has weight (that of 0 is 0)
    more = Comparisons.from_arrays(np.r_[left, [1] * 5], np.r_[right, np.arange(30, 35)], ids=np.arange(35))
    record = comparison_weights(more, embeddings=grown, scale=1.0, return_record=True)
    after = record.weights * record.observed_share
    np.testing.assert_allclose(after[:60], before, rtol=1e-9)
    assert after[60:].sum() > 0


def test_sides_order_and_counts():
    rng, X, left, right = sparse_design(3)
    c = Comparisons.from_arrays(left, right, ids=np.arange(30))
    weights = comparison_weights(c, embeddings=X, scale=0.8, tol=1e-9)
    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0).all()
    swap = rng.random(60) < 0.5
    swapped = Comparisons.from_arrays(
        np.where(swap, right, left), np.where(swap, left, right), ids=np.arange(30)
    )
    np.testing.assert_allclose(
        comparison_weights(swapped, embeddings=X, scale=0.8, tol=1e-9), weights, atol=1e-9
    )
    order = rng.permutation(60)
    np.testing.assert_allclose(
        comparison_weights(c.select(order), embeddings=X, scale=0.8, tol=1e-9), weights[order], atol=2e-5
    )
    counted = Comparisons.from_arrays(left, right, count=np.arange(1, 61), ids=np.arange(30))
    by_count = comparison_weights(counted, embeddings=X, scale=0.8, tol=1e-9)
    low, high = np.minimum(left, right), np.maximum(left, right)
    for pair in np.unique(low * 30 + high):
        rows = np.flatnonzero(low * 30 + high == pair)
        assert by_count[rows].sum() == pytest.approx(weights[rows].sum(), rel=1e-9)
        share = by_count[rows].sum() * (rows + 1) / (rows + 1).sum()
        np.testing.assert_allclose(by_count[rows], share, atol=1e-15)


def test_noisy_copies_of_a_pair_share_nearly_all():
    rng, X, left, right = sparse_design(4, d=8)
    c = Comparisons.from_arrays(left, right, ids=np.arange(30))
    base = comparison_weights(c, embeddings=X, scale=1.0)
    noise = rng.standard_normal((200, 8))
    noise *= 0.01 / np.linalg.norm(noise, axis=1, keepdims=True)
    grown = np.vstack([X, X[left[0]] + noise[:100], X[right[0]] + noise[100:]])
    many = Comparisons.from_arrays(
        np.r_[left, np.arange(30, 130)], np.r_[right, np.arange(130, 230)], ids=np.arange(230)
    )
    after = comparison_weights(many, embeddings=grown, scale=1.0)
    assert after[0] + after[60:].sum() < 1.3 * base[0] + 0.005
    assert np.abs(after[1:60] - base[1:]).max() < 0.1 * base.max()


def test_float32_embeddings_and_auto_scale():
    _, X, left, right = sparse_design(5)
    c = Comparisons.from_arrays(left, right, ids=np.arange(30))
    record = comparison_weights(c, embeddings=X.astype(np.float32), return_record=True)
    copied = np.vstack([X, X[:1].repeat(500, axis=0)])
    wide = Comparisons.from_arrays(left, right, ids=np.arange(530))
    again = comparison_weights(wide, embeddings=copied.astype(np.float32), return_record=True)
    assert again.scale == record.scale > 0
    assert record.seconds > 0
    assert record.n_pairs <= 60
    assert record.n_points == record.n_pairs + 30
    assert 1 <= record.effective_sample_size <= 60


# --- prompts


def test_separate_prompts_share_by_prompt_then_by_pair():
    prompts = ["p"] * 3 + ["q"] * 4 + ["q "] * 2
    answers = np.array([0.0, 5.0, 10.0, 0.0, 5.0, 5.0, 10.0, 0.0, 5.0])[:, None]
    asked = np.array([0.0] * 3 + [50.0] * 6)[:, None]  # q twice: near-duplicate prompts
    c = Comparisons.from_arrays(
        [0, 1, 3, 3, 5, 7], [1, 2, 4, 5, 6, 8], ids=np.arange(9), prompts=prompts, texts=["t"] * 9
    )
    options = {"embeddings": answers, "scale": 1.0, "prompts": "separate", "prompt_embeddings": asked}
    record = comparison_weights(c, return_record=True, **options)
    weights = record.weights
    assert weights[:2].sum() == pytest.approx(0.5, abs=1e-6)
    assert weights[2:5].sum() == pytest.approx(0.25, abs=1e-6)
    assert weights[5] == pytest.approx(0.25, abs=1e-6)
    assert weights[0] == pytest.approx(weights[1], abs=1e-5)
    assert weights[2] == pytest.approx(weights[3], abs=1e-9)  # two copies of one answer
    assert weights[2] + weights[3] == pytest.approx(weights[4], abs=1e-5)
    assert record.relative_gap <= 1e-6
    # without prompt embeddings the mean of the answers stands for the prompt
    means = comparison_weights(c, embeddings=answers, scale=1.0, prompts="separate")
    assert means.sum() == pytest.approx(1.0)


def test_separate_prompts_refuse_what_they_cannot_weigh():
    X = np.arange(4.0)[:, None]
    c = Comparisons.from_arrays([0, 1], [2, 3], ids=np.arange(4), prompts=["p", "q", "p", "p"])
    with pytest.raises(InputError, match=r"1 of 2 pairs do not, first: 1 and 3"):
        comparison_weights(c, embeddings=X, scale=1.0, prompts="separate")
    bare = Comparisons.from_arrays([0], [1], ids=[0, 1])
    with pytest.raises(InputError, match="name no prompts"):
        comparison_weights(bare, embeddings=X[:2], scale=1.0, prompts="separate")
    fine = Comparisons.from_arrays([0], [1], ids=[0, 1], prompts=["p", "p"])
    with pytest.raises(InputError, match="same for all answers"):
        comparison_weights(
            fine, embeddings=X[:2], scale=1.0, prompts="separate", prompt_embeddings=[[0.0], [1.0]]
        )


# --- what cannot be weighed


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"method": "best"}, ParameterError, "'best'"),
        ({"by": "prompt"}, ParameterError, "'prompt'"),
        ({"by": "annotator"}, InputError, "name no annotators"),
        ({"prompts": "apart"}, ParameterError, "'apart'"),
        ({"embeddings": None}, ParameterError, "needs embeddings"),
        ({"method": "product", "embeddings": None}, ParameterError, "needs alternative_weight"),
        ({"method": "balanced", "prompts": "separate"}, ParameterError, "belongs to"),
        ({"prompt_embeddings": [[0.0], [1.0]]}, ParameterError, "prompts='separate' only"),
        ({"embeddings": [[0.0]]}, InputError, r"shape \(1, 1\) but the comparisons name 2"),
        ({"embeddings": [[0.0], [np.inf]]}, InputError, "inf"),
        ({"scale": 0.0}, ParameterError, "scale must be"),
        ({"scale": "big"}, ParameterError, "'big'"),
        ({"tol": 0.0}, ParameterError, "tol must be"),
        ({"alternative_weight": [1.0]}, InputError, r"expected \(2,\)"),
        ({"alternative_weight": [1.0, 0.0], "method": "product"}, InputError, "weight 0"),
    ],
)
@pytest.mark.filterwarnings("ignore::cloneproof._core.errors.SparseComparisonsWarning")
def test_bad_input_is_named(options, error, message):
    c = Comparisons.from_arrays([0], [1], ids=[0, 1])
    with pytest.raises(error, match=message):
        comparison_weights(c, **{"embeddings": [[0.0], [1.0]], "scale": 1.0, **options})


def test_no_rows_and_one_row():
    empty = Comparisons.from_arrays([], [], ids=[0, 1])
    with pytest.raises(InputError, match="at least 1 row"):
        comparison_weights(empty, embeddings=[[0.0], [1.0]], scale=1.0)
    one = Comparisons.from_arrays([1], [0], ids=[0, 1])
    assert comparison_weights(one, embeddings=[[0.0], [1.0]], scale=1.0).tolist() == [1.0]
    same = comparison_weights(one, embeddings=[[2.0], [2.0]], scale=1.0)  # a copy against its original
    assert same.tolist() == [1.0]
