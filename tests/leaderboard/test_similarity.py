"""Similarity of models by answers, votes and given families."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof._core.errors import InputError, ParameterError
from cloneproof.leaderboard import (
    answer_vectors,
    read_answers,
    vote_profiles,
    weigh_by_families,
    weigh_by_vectors,
)
from cloneproof.preferences import Comparisons
from tests.leaderboard.oracles_board import battles


def answers(m=4, prompts=6, seed=0):
    rng = np.random.default_rng(seed)
    names = np.repeat([f"m{k}" for k in range(m)], prompts)
    asked = np.tile(np.arange(prompts), m)
    return names, asked, rng.normal(size=(m * prompts, 3))


def test_distance_is_the_mean_per_prompt():
    names, asked, x = answers()
    vectors, how = answer_vectors(["m0", "m1", "m2", "m3"], names, asked, x)
    a, b = x[names == "m1"], x[names == "m3"]
    assert np.sum((vectors[1] - vectors[3]) ** 2) == pytest.approx(np.mean(np.sum((a - b) ** 2, axis=1)))
    assert "6 prompts that all share" in how


def test_order_of_rows_does_not_matter_and_unknown_names_are_ignored():
    names, asked, x = answers()
    first, _ = answer_vectors(["m0", "m1", "m2"], names, asked, x)
    turn = np.random.default_rng(1).permutation(len(names))
    second, _ = answer_vectors(["m0", "m1", "m2"], names[turn], asked[turn], x[turn])
    np.testing.assert_allclose(first, second)


def test_too_few_shared_prompts_fall_back_to_centred_means():
    names, asked, x = answers(prompts=6)
    keep = ~((names == "m0") & (asked > 1))
    vectors, how = answer_vectors(["m0", "m1", "m2", "m3"], names[keep], asked[keep], x[keep])
    assert "less each prompt's mean" in how
    centre = np.stack([x[keep][asked[keep] == q].mean(axis=0) for q in range(6)])
    expected = (x[names == "m2"] - centre).mean(axis=0)
    np.testing.assert_allclose(vectors[2], expected)


def test_exact_copies_share_a_vote():
    names, asked, x = answers(m=3, prompts=8)
    who = np.concatenate([names, np.full(8, "copy")])
    vectors, how = answer_vectors(
        ["m0", "m1", "m2", "copy"], who, np.append(asked, np.arange(8)), np.vstack([x, x[names == "m0"]])
    )
    found = weigh_by_vectors(["m0", "m1", "m2", "copy"], vectors, how, scale=0.5)
    np.testing.assert_allclose(found.weight, [1 / 6, 1 / 3, 1 / 3, 1 / 6], atol=1e-3)
    assert found.families == ("m0", "m1", "m2", "m0")


def test_missing_answers_are_named():
    names, asked, x = answers()
    with pytest.raises(InputError, match="'zed'"):
        answer_vectors(["m0", "zed"], names, asked, x)
    with pytest.raises(InputError, match="name, a prompt"):
        answer_vectors(["m0"], names[:-1], asked, x)


def test_profiles_of_votes():
    c = battles([0.8, 0.0, -0.8], 900, 0)
    profiles = vote_profiles(c)
    assert profiles.shape == (3, 3)
    np.testing.assert_allclose(np.diag(profiles), 0.5 / np.sqrt(3))
    won = (
        c.outcome[(c.left == 0) & (c.right == 1)].sum()
        + (1 - c.outcome[(c.left == 1) & (c.right == 0)]).sum()
    )
    n = (((c.left == 0) & (c.right == 1)) | ((c.left == 1) & (c.right == 0))).sum()
    assert profiles[0, 1] * np.sqrt(3) == pytest.approx(won / n)
    unmet = Comparisons.from_arrays(["a", "b"], ["b", "c"], outcome=[0.7, 0.7])
    assert np.isfinite(vote_profiles(unmet)).all()


def test_families_as_given():
    found = weigh_by_families(["a", "b", "c"], ["x", "x", "y"], "file.csv")
    np.testing.assert_allclose(found.weight, [0.25, 0.25, 0.5])
    assert found.families == ("x", "x", "y")


def test_answers_from_both_kinds_of_table():
    rows = [
        {
            "model_a": "x",
            "model_b": "y",
            "response_a": "1",
            "response_b": "2",
            "prompt": "p",
            "winner": "tie",
        },
        {
            "model_a": "y",
            "model_b": "x",
            "response_a": "2",
            "response_b": "1",
            "prompt": "p",
            "winner": "tie",
        },
    ]
    both = read_answers(rows)
    assert sorted(zip(both.name, both.prompt, both.text, strict=True)) == [("x", "p", "1"), ("y", "p", "2")]
    one = read_answers(
        [{"model": "x", "prompt": "p", "output": "1"}, {"model": "y", "prompt": "p", "output": None}]
    )
    assert one.text == ("1",)
    named = read_answers([{"who": "x", "said": "1"}], {"name": "who", "text": "said"})
    assert named.prompt.tolist() == [""]
    with pytest.raises(InputError, match="holds no answers"):
        read_answers([{"model_a": "x", "model_b": "y", "winner": "tie"}])
    with pytest.raises(ParameterError, match="standard input"):
        read_answers("-")
