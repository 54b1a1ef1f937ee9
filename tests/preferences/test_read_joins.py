"""Texts that stand in other files."""

from __future__ import annotations

import pytest

from cloneproof._core.errors import DroppedRowsWarning, InputError
from cloneproof.preferences import read_comparisons, read_with_report

VOTES = [
    {"prompt": 8, "left": "x", "right": "y", "winner": "left"},
    {"prompt": 9, "left": "y", "right": "x", "winner": "tie"},
]
ANSWERS = [
    {"prompt": p, "model": k, "name": n, "result": f"{n} to {p}"}
    for p in (8, 9)
    for k, n in enumerate(("x", "y"))
]
PROMPTS = [{"id": 8, "text": "eight?"}, {"id": 9, "text": "nine?"}, {"id": 10, "text": "unused"}]


def test_answers_and_prompts_join_by_key_and_name() -> None:
    reading = read_with_report(VOTES, answers=ANSWERS, prompts=PROMPTS)
    c = reading.comparisons
    assert c.texts == ("x to 8", "y to 8", "y to 9", "x to 9")
    assert c.prompts == ("eight?", "eight?", "nine?", "nine?")
    assert c.ids.tolist() == ["8/x", "8/y", "9/y", "9/x"]
    assert reading.report.columns["answers.name"] == "name"


def test_without_prompts_the_key_still_keeps_answers_apart() -> None:
    same = [{**a, "result": "same"} if a["name"] == "x" else a for a in ANSWERS]
    c = read_comparisons(VOTES, answers=same)
    assert c.n_alternatives == 4
    assert c.prompts is None


def test_equal_answers_of_two_models_merge() -> None:
    same = [{**a, "result": "same"} for a in ANSWERS if a["prompt"] == 8] + ANSWERS[2:]
    with pytest.warns(DroppedRowsWarning, match="1 of 2"):
        reading = read_with_report(VOTES, answers=same)
    assert reading.comparisons.n_comparisons == 1
    assert reading.rows.tolist() == [1]


def test_models_keep_no_text_that_differs_by_prompt() -> None:
    c = read_comparisons(VOTES, answers=ANSWERS, unit="model")
    assert c.ids.tolist() == ["x", "y"]
    assert c.texts is None


def test_one_text_per_model_joins_by_name_alone() -> None:
    c = read_comparisons(
        [{"left": "x", "right": "y", "winner": "left"}],
        answers=[{"name": n, "text": f"I am {n}"} for n in "xy"],
    )
    assert c.texts == ("I am x", "I am y")


def test_absent_and_ambiguous_answers() -> None:
    with pytest.raises(InputError, match=r"lacks answers for 1 of 4 sides; first: 'x' to prompt '9'"):
        read_comparisons(VOTES, answers=[a for a in ANSWERS if (a["prompt"], a["name"]) != (9, "x")])
    with pytest.warns(DroppedRowsWarning):
        c = read_comparisons(VOTES, answers=ANSWERS[:2], missing="drop")
    assert c.n_comparisons == 1
    with pytest.raises(
        InputError, match=r"two texts under one 'prompt' and 'name': 1 rows .* row 4 from row 0"
    ):
        read_comparisons(VOTES, answers=[*ANSWERS, {**ANSWERS[0], "result": "else"}])
    assert read_comparisons(VOTES, answers=[*ANSWERS, ANSWERS[0]]).n_alternatives == 4
    with pytest.raises(InputError, match=r"lacks prompts for 2 of 4 sides; first: '9'"):
        read_comparisons(VOTES, answers=ANSWERS, prompts=PROMPTS[:1])


def test_names_that_need_telling() -> None:
    odd = [{"q": a["prompt"], "who": a["name"], "said": a["result"]} for a in ANSWERS]
    with pytest.raises(InputError, match="'text'"):
        read_comparisons(VOTES, answers=odd)
    named = {"prompt": "q", "name": "who", "text": "said"}
    assert read_comparisons(VOTES, answers=odd, answer_columns=named).n_alternatives == 4
    with pytest.raises(InputError, match="needs the names"):
        read_comparisons([{"chosen": "a", "rejected": "b"}], answers=ANSWERS)
