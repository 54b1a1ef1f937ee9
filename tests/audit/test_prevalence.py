"""The prevalence study counts what is there: copies planted by hand are found, at the scale they were planted at."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cloneproof import Comparisons, DiversityWeights, InputError, effective_sample_size
from cloneproof._core.errors import ParameterError
from cloneproof._core.steps import StepCache
from cloneproof.audit.prevalence import measure_prevalence


def planted() -> tuple[Comparisons, np.ndarray]:
    """Ten far texts; text 0 has 4 exact copies elsewhere, text 1 has 5 near-copies at distance .05."""
    rng = np.random.default_rng(0)
    base = 10.0 * np.eye(10)
    near = base[1] + 0.05 * rng.standard_normal((5, 10)) / np.sqrt(10)
    points = np.concatenate([base, np.repeat(base[:1], 4, axis=0), near])
    texts = [f"text number {k}" for k in range(10)] + ["text number 0"] * 4
    texts += ["Text number 1!", "text  number 1", "one more", "another", "yet another"]
    prompts = ["what?"] * 10 + ["what??", "When?", "who?", "why?", *["what?"] * 5]
    left = [0, 1, 2, 3, 0, 0, 10, 14, 15, 16]
    right = [2, 2, 3, 4, 2, 5, 5, 2, 2, 1]
    return Comparisons.from_arrays(left, right, ids=np.arange(19), texts=texts, prompts=prompts), points


def test_planted_copies_are_counted():
    c, points = planted()
    names = list(dict.fromkeys(c.prompts))
    asked = np.array([[0.0], [0.2], [5.0], [9.0], [20.0]])
    study = measure_prevalence(c, points, [0.01, 0.5], prompt_embeddings=asked, harm=False)
    found = {x.unit: x for x in study.units}
    assert found["prompts"].items == len(names) == 5
    assert found["prompts"].normalised_duplicates == 1  # what? and what??
    assert (found["answers"].exact_duplicates, found["answers"].normalised_duplicates) == (4, 6)
    assert found["answers"].uses == 20
    # pairs: (0,2) (1,2) (2,3) (3,4) (0,5) (10,5) (14,2) (15,2) (16,1); (0,2) is judged twice
    assert (found["pairs"].items, found["pairs"].uses) == (9, 10)
    assert found["pairs"].exact_duplicates == 1  # (10,5) says what (0,5) says
    assert found["pairs"].normalised_duplicates == 3  # also (14,2) and (15,2) what (1,2) says
    rows = {(x.unit, x.scale): x for x in study.rows}
    fine, coarse = rows["answers", 0.01], rows["answers", 0.5]
    assert (fine.near_duplicates, fine.largest_family) == (4, 5)
    assert fine.largest_overcount == pytest.approx(5.0)
    assert (coarse.near_duplicates, coarse.largest_family, coarse.families_of_several) == (9, 6, 2)
    assert coarse.overcount == pytest.approx(19 / coarse.n_distinct)
    assert coarse.n_distinct == pytest.approx(10.0, abs=0.05)
    weights = DiversityWeights(scale=0.5).fit(points).weights_
    assert coarse.effective_sample_size == pytest.approx(effective_sample_size(weights))
    pairs = rows["pairs", 0.5]  # families (0,2)(1,2)(2,3)(3,4)(0,5)(1,1)
    assert (pairs.items, pairs.near_duplicates, pairs.families_of_several, pairs.largest_family) == (
        9,
        3,
        2,
        3,
    )
    assert pairs.largest_overcount == pytest.approx(3.0, abs=0.05)
    assert pairs.effective_sample_size < rows["pairs", 0.01].effective_sample_size
    assert (rows["prompts", 0.5].near_duplicates, rows["prompts", 0.01].near_duplicates) == (1, 0)


def test_more_copies_leave_what_is_distinct_as_it_was():
    c, points = planted()
    more = np.concatenate([points, np.repeat(points[:1], 50, axis=0)])
    larger = Comparisons.from_arrays(c.left, c.right, ids=np.arange(len(more)))
    before = measure_prevalence(
        Comparisons.from_arrays(c.left, c.right, ids=np.arange(19)), points, [0.5], harm=False
    ).rows[0]
    assert [x.unit for x in measure_prevalence(larger, more, [0.5], pairs=False, harm=False).rows] == [
        "answers"
    ]
    after = measure_prevalence(larger, more, [0.5], harm=False).rows[0]
    assert after.n_distinct == pytest.approx(before.n_distinct, abs=1e-6)
    assert after.largest_overcount == pytest.approx(55.0)
    assert after.near_duplicates == before.near_duplicates + 50


def test_records_go_to_frames_and_json():
    c, points = planted()
    study = measure_prevalence(c, points, scale=0.3, source="planted")
    assert [x.scale for x in study.rows[:4]] == [0.1, 0.2, 0.3, 0.4]
    assert study.harm is not None
    assert not study.harm.is_identifiable
    frame = study.to_frame("polars")
    assert frame.shape[0] == len(study.rows) == 8
    assert set(frame["source"]) == {"planted"}
    again = json.loads(json.dumps(study.to_dict(), allow_nan=False))
    assert again["scales"][0]["near_rate"] == study.rows[0].near_rate
    assert again["harm"]["reason"] == study.harm.reason


def test_a_study_goes_on_where_it_stopped(tmp_path):
    c, points = planted()
    first = measure_prevalence(c, points, [0.3], harm=False, steps=StepCache(tmp_path))
    steps = StepCache(tmp_path)
    second = measure_prevalence(c, points, [0.3, 0.4], harm=False, steps=steps)
    assert steps.reused == ["prevalence"] * 2
    assert [x for x in second.rows if x.scale == 0.3] == list(first.rows)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"embeddings": np.zeros((3, 2))}, InputError, r"shape \(3, 2\), expected \(19, n_dims\)"),
        ({"scales": [0.1, -1.0]}, ParameterError, "scales must be positive"),
        ({"scale": 0.0}, ParameterError, "scale must be a number"),
        ({"prompt_embeddings": np.zeros((2, 1))}, InputError, "one row per distinct prompt"),
    ],
)
def test_what_it_refuses(change, error, message):
    c, points = planted()
    with pytest.raises(error, match=message):
        measure_prevalence(c, change.pop("embeddings", points), harm=False, **change)


def test_prompts_must_be_there_to_be_embedded():
    bare = Comparisons.from_arrays([0], [1], ids=[0, 1])
    with pytest.raises(InputError, match="no prompts"):
        measure_prevalence(bare, [[0.0], [1.0]], [1.0], prompt_embeddings=[[0.0]])
