"""Each shape that preference data comes in, read to the comparisons it says."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof._core.errors import DroppedRowsWarning, InputError, ParameterError
from cloneproof.preferences import Comparisons, read_comparisons, read_with_report


def judged(c: Comparisons) -> list[tuple[str, str, float]]:
    """The rows as (left text or name, right, share won by left)."""
    names = list(c.ids if c.texts is None else c.texts)
    return [
        (names[a], names[b], float(o))
        for a, b, o in zip(c.left.tolist(), c.right.tolist(), c.outcome, strict=True)
    ]


def test_pairs_merge_equal_answers_under_one_prompt_only() -> None:
    rows = [
        {"prompt": "p", "chosen": "yes", "rejected": "no"},
        {"prompt": "p", "chosen": "no", "rejected": "maybe"},
        {"prompt": "q", "chosen": "yes", "rejected": "no"},
    ]
    c = read_comparisons(rows)
    assert judged(c) == [("yes", "no", 1.0), ("no", "maybe", 1.0), ("yes", "no", 1.0)]
    assert c.n_alternatives == 5
    assert c.prompts == ("p", "p", "p", "q", "q")
    assert c.left.tolist() == [0, 1, 3]


def test_ids_are_the_same_in_every_order_and_file() -> None:
    rows = [{"prompt": "p", "chosen": f"a{k}", "rejected": f"b{k}"} for k in range(5)]
    first, second = read_comparisons(rows), read_comparisons(rows[::-1])
    assert sorted(first.ids) == sorted(second.ids)
    assert dict(zip(first.ids, first.texts or (), strict=True)) == dict(
        zip(second.ids, second.texts or (), strict=True)
    )
    assert first.ids[0].startswith("a0 #")


def message(role: str, content: object) -> dict[str, object]:
    return {"role": role, "content": content}


def test_conversational_pairs_with_and_without_a_prompt_agree() -> None:
    user, good, bad = message("user", "sky?"), message("assistant", "blue"), message("assistant", "green")
    explicit = read_comparisons([{"prompt": [user], "chosen": [good], "rejected": [bad]}])
    implicit = read_comparisons([{"chosen": [user, good], "rejected": [user, bad]}])
    for c in (explicit, implicit):
        assert c.prompts == ("sky?", "sky?")
        assert c.texts == ("blue", "green")
    assert explicit.ids.tolist() == implicit.ids.tolist()


def test_several_turns_are_written_as_a_dialogue() -> None:
    turns = [
        message("user", "hi"),
        message("assistant", "ho"),
        message("user", [{"type": "text", "text": "why"}]),
    ]
    c = read_comparisons([{"prompt": turns, "chosen": "x", "rejected": "y"}])
    assert c.prompts is not None
    assert c.prompts[0] == "\n\nHuman: hi\n\nAssistant: ho\n\nHuman: why"


def test_dialogue_texts_split_before_the_last_common_answer() -> None:
    shared = "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:"
    c = read_comparisons([{"chosen": f"{shared} good", "rejected": f"{shared} bad"}])
    assert c.prompts == (shared, shared)
    assert c.texts == ("good", "bad")
    early = {
        "chosen": "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: d",
        "rejected": "\n\nHuman: a\n\nAssistant: x",
    }
    c = read_comparisons([early])
    assert c.prompts == ("\n\nHuman: a\n\nAssistant:",) * 2
    assert c.texts == ("b\n\nHuman: c\n\nAssistant: d", "x")


def test_plain_pairs_without_prompt_have_none() -> None:
    c = read_comparisons([{"chosen": "The sky is blue.", "rejected": "The sky is green."}])
    assert c.prompts is None
    assert c.texts == ("The sky is blue.", "The sky is green.")


def test_margin_is_used_only_when_asked() -> None:
    rows = [{"chosen": "a", "rejected": "b", "margin": m} for m in (0.0, 2.0)]
    assert read_comparisons(rows).outcome.tolist() == [1.0, 1.0]
    graded = read_comparisons(rows, graded=True).outcome
    assert graded == pytest.approx([0.5, 1 / (1 + np.exp(-2.0))])
    reading = read_with_report(rows, keep=["margin"])
    assert reading.columns["margin"].tolist() == [0.0, 2.0]


def test_battles_without_answers_compare_models() -> None:
    labels = ["model_a", "model_b", "tie", "tie (bothbad)", "both_bad", "Model_A"]
    rows = [{"model_a": "x", "model_b": "y", "winner": w, "judge": f"j{k % 2}"} for k, w in enumerate(labels)]
    reading = read_with_report(rows)
    assert reading.report.unit == "model"
    assert reading.comparisons.ids.tolist() == ["x", "y"]
    assert reading.comparisons.outcome.tolist() == [1.0, 0.0, 0.5, 0.5, 0.5, 1.0]
    assert reading.comparisons.n_annotators == 2
    assert reading.report.labels["tie"] == 1


def test_battles_with_conversations() -> None:
    def said(answer: str) -> list[dict[str, object]]:
        return [message("user", "q"), message("assistant", answer)]

    rows = [
        {
            "model_a": "x",
            "model_b": "y",
            "winner": "model_b",
            "conversation_a": said("A"),
            "conversation_b": said("B"),
        }
    ]
    c = read_comparisons(rows)
    assert c.texts == ("A", "B")
    assert c.prompts == ("q", "q")
    assert c.outcome.tolist() == [0.0]
    models = read_comparisons(rows, unit="model")
    assert models.ids.tolist() == ["x", "y"]
    assert models.texts == ("A", "B")


def test_unit_model_keeps_no_text_that_varies() -> None:
    rows = [
        {
            "prompt": p,
            "model_a": "x",
            "model_b": "y",
            "response_a": f"{p}x",
            "response_b": f"{p}y",
            "winner": "tie",
        }
        for p in ("one", "two")
    ]
    models = read_comparisons(rows, unit="model")
    assert (models.ids.tolist(), models.texts) == (["x", "y"], None)
    answers = read_comparisons(rows)
    assert answers.n_alternatives == 4
    assert answers.texts == ("onex", "oney", "twox", "twoy")


def test_the_winner_may_be_the_name_of_a_side() -> None:
    rows = [{"left": "x", "right": "y", "winner": w} for w in ("x", "y", "tie")]
    assert read_comparisons(rows).outcome.tolist() == [1.0, 0.0, 0.5]


def test_one_hot_winners() -> None:
    rows = [
        {"model_a": "x", "model_b": "y", "winner_model_a": a, "winner_model_b": b, "winner_tie": t}
        for a, b, t in ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    ]
    assert read_comparisons(rows).outcome.tolist() == [1.0, 0.0, 0.5]
    rows[1]["winner_model_a"] = 1
    with pytest.raises(InputError, match=r"Exactly one.*1 of 3 rows differ, first: row 1"):
        read_comparisons(rows)


def test_unknown_labels_are_never_ties() -> None:
    rows = [{"model_a": "x", "model_b": "y", "winner": w} for w in ("model_a", "both bad", "tie", "both bad")]
    with pytest.raises(
        InputError, match=r"2 of 4 rows have an unknown outcome.*'both bad' \(row 1\).*outcomes="
    ):
        read_comparisons(rows)
    assert read_comparisons(rows, outcomes={"both bad": 0.25}).outcome.tolist() == [1.0, 0.25, 0.5, 0.25]


def test_numbers_as_winner_must_be_explained() -> None:
    rows = [{"model_a": "x", "model_b": "y", "winner": w} for w in (0, 1)]
    with pytest.raises(InputError, match=r"2 of 2 rows have an unknown outcome"):
        read_comparisons(rows)
    assert read_comparisons(rows, outcomes={0: 1.0, 1: 0.0}).outcome.tolist() == [1.0, 0.0]


def test_shp() -> None:
    rows = [
        {
            "post_id": "p",
            "history": "h",
            "human_ref_A": "a",
            "human_ref_B": "b",
            "labels": k,
            "score_A": 9,
            "score_B": 1,
        }
        for k in (1, 0)
    ]
    assert judged(read_comparisons(rows)) == [("a", "b", 1.0), ("a", "b", 0.0)]


def test_helpsteer() -> None:
    def row(**fields: object) -> dict[str, object]:
        return {"context": [message("user", "q")], "response1": "a", "response2": "b", **fields}

    overall = [row(overall_preference=s) for s in (-3, -1, 0, 2)]
    assert read_comparisons(overall).outcome.tolist() == [1.0, 1.0, 0.5, 0.0]
    assert read_comparisons(overall, graded=True).outcome == pytest.approx([1.0, 4 / 6, 0.5, 1 / 6])
    several = [row(overall_preference=-1, individual_preference=[{"score": -2}, {"score": 0}, {"score": 1}])]
    reading = read_with_report(several)
    assert reading.comparisons.outcome.tolist() == [1.0, 0.5, 0.0]
    assert reading.rows.tolist() == [0, 0, 0]
    with pytest.raises(InputError, match=r"first: 4 \(row 0\).*from -3 to 3"):
        read_comparisons([row(overall_preference=4)])


def test_alpacaeval_annotations() -> None:
    rows = [
        {
            "instruction": "i",
            "output_1": "a",
            "output_2": "b",
            "generator_1": "x",
            "generator_2": "y",
            "preference": p,
        }
        for p in (1.0, 2.0, 1.25)
    ]
    assert read_comparisons(rows).outcome.tolist() == [1.0, 0.0, 0.75]
    with pytest.raises(InputError, match=r"first: 0 \(row 1\).*from 1 to 2"):
        read_comparisons([rows[0], {**rows[1], "preference": 0}])


def test_ranked_answers_give_all_pairs() -> None:
    listed = [{"answer": "c", "model": "z", "rank": 3.0}, {"answer": "a", "model": "x", "rank": 1.0},
              {"answer": "b", "model": "y", "rank": 1.0}]  # fmt: skip
    c = read_comparisons([{"prompt": "p", "answers": listed}])
    assert judged(c) == [("c", "a", 0.0), ("c", "b", 0.0), ("a", "b", 0.5)]
    assert c.ids.tolist() == ["z", "x", "y"]
    beside = {"prompt": "p", "responses": ["c", "a", "b"], "scores": [0.1, 0.9, 0.5]}
    assert judged(read_comparisons([beside])) == [("c", "a", 0.0), ("c", "b", 0.0), ("a", "b", 1.0)]
    with pytest.raises(InputError, match="needs a rank or score"):
        read_comparisons([{"prompt": "p", "answers": [{"answer": "a"}, {"answer": "b"}]}])
    with pytest.raises(InputError, match="one value for each of the 3"):
        read_comparisons([{**beside, "scores": [1.0]}])


def test_scored_rows_pair_within_prompt_and_annotator() -> None:
    rows = [
        {
            "user_id": u,
            "interaction_id": i,
            "user_prompt": p,
            "model_name": m,
            "model_response": r,
            "score": s,
        }
        for u, i, p, m, r, s in (
            ("u", "1", "p", "x", "rx", 80),
            ("u", "1", "p", "y", "ry", 78),
            ("u", "2", "p", "x", "rx", 10),
            ("u", "2", "p", "z", "rz", 50),
            ("v", "2", "p", "y", "ry", 99),
        )
    ]
    c = read_comparisons(rows)
    assert judged(c) == [("rx", "ry", 1.0), ("rx", "rz", 0.0)]
    assert read_comparisons(rows, tie_band=2).outcome.tolist() == [0.5, 0.0]
    assert c.annotator is not None
    assert c.annotator.tolist() == ["u", "u"]


def test_scored_rows_against_a_reference() -> None:
    rows = [
        {"instruction_id": i, "model": m, "output": f"{m}{i}", "pref_vs_reference": p}
        for i, m, p in (
            (0, "x", 0.9),
            (0, "ref", 0.5),
            (0, "y", 0.2),
            (1, "x", 0.4),
            (1, "ref", 0.5),
            (2, "x", 0.1),
        )
    ]
    c = read_comparisons(rows, pairs="reference", reference="ref")
    assert judged(c) == [("x0", "ref0", 0.9), ("y0", "ref0", 0.2), ("x1", "ref1", 0.4)]
    everyone = read_comparisons(rows)
    assert judged(everyone) == [
        ("x0", "ref0", 1.0),
        ("x0", "y0", 1.0),
        ("ref0", "y0", 1.0),
        ("x1", "ref1", 0.0),
    ]
    assert everyone.ids.tolist() == ["0/x", "0/ref", "0/y", "1/x", "1/ref"]
    with pytest.raises(InputError, match="No row is named 'nobody'"):
        read_comparisons(rows, pairs="reference", reference="nobody")
    with pytest.raises(ParameterError, match="go together"):
        read_comparisons(rows, pairs="reference")


def test_rank_column_means_lower_is_better() -> None:
    rows = [{"prompt": "p", "text": t, "rank": r} for t, r in (("a", 2), ("b", 1))]
    assert judged(read_comparisons(rows, format="scored")) == [("a", "b", 0.0)]


def test_trees_compare_ranked_siblings() -> None:
    flat = [
        {"message_id": i, "parent_id": p, "text": t, "role": r, "rank": k}
        for i, p, t, r, k in (
            ("1", None, "root", "prompter", None),
            ("2", "1", "good", "assistant", 0),
            ("3", "1", "bad", "assistant", 1),
            ("4", "2", "and?", "prompter", 0),
            ("5", "4", "deep", "assistant", 1),
            ("6", "4", "deeper", "assistant", 0),
            ("7", "1", "unranked", "assistant", None),
        )
    ]
    c = read_comparisons(flat)
    assert judged(c) == [("good", "bad", 1.0), ("deep", "deeper", 0.0)]
    assert c.prompts is not None
    thread = "\n\nHuman: root\n\nAssistant: good\n\nHuman: and?"
    assert c.prompts == ("root", "root", thread, thread)
    nodes = {m["message_id"]: {**m, "replies": []} for m in flat}
    for m in flat[1:]:
        nodes[m["parent_id"]]["replies"].append(nodes[m["message_id"]])
    nested = read_comparisons([{"message_tree_id": "1", "prompt": nodes["1"]}])
    assert sorted(judged(nested)) == sorted(judged(c))
    assert set(nested.ids) == set(c.ids)
    with pytest.raises(InputError, match="above itself"):
        read_comparisons([{**flat[0], "parent_id": "4"}, *flat[1:]])
    with pytest.raises(InputError, match="not among the messages"):
        read_comparisons(flat[1:])


def test_an_answer_against_itself_is_dropped_and_counted() -> None:
    rows = [{"prompt": "p", "chosen": "a", "rejected": b} for b in ("b", "a", "c", "a")]
    with pytest.warns(DroppedRowsWarning, match=r"2 of 4 comparisons .* itself .*First: row 1"):
        reading = read_with_report(rows)
    assert reading.rows.tolist() == [0, 2]
    assert sum(reading.report.dropped.values()) == 2
    with pytest.raises(InputError, match="no comparison of two"), pytest.warns(DroppedRowsWarning):
        read_comparisons(rows[1:2])


def test_empty_answers_are_answers_and_missing_ones_are_not() -> None:
    rows = [{"prompt": "p", "chosen": "a", "rejected": r} for r in ("", "b", None, " ")]
    with pytest.raises(InputError, match=r"1 of 4 comparisons .* no answer text; first: row 2"):
        read_comparisons(rows)
    with pytest.warns(DroppedRowsWarning, match="1 of 4"):
        reading = read_with_report(rows, missing="drop")
    assert reading.comparisons.texts == ("a", "", "b", " ")
    assert reading.report.empty_texts == 2


def test_counts_and_soft_outcomes_are_kept() -> None:
    rows = [
        {"left_text": "a", "right_text": "b", "outcome": o, "count": k, "annotator": w}
        for o, k, w in ((0.25, 3, "x"), (1, 1, "y"))
    ]
    c = read_comparisons(rows)
    assert c.outcome.tolist() == [0.25, 1.0]
    assert c.count.tolist() == [3.0, 1.0]
    with pytest.raises(InputError, match=r"counts must be positive; 1 of 2.*-1 \(row 1\)"):
        read_comparisons([rows[0], {**rows[1], "count": -1}])


def test_columns_can_be_named() -> None:
    rows = [{"q": "p", "one": "a", "two": "b", "vote": "A"}]
    named = {"prompt": "q", "left_text": "one", "right_text": "two", "outcome": "vote"}
    assert judged(read_comparisons(rows, columns=named)) == [("a", "b", 1.0)]
    with pytest.raises(ParameterError, match="'left_txt'.*Did you mean 'left_text'"):
        read_comparisons(rows, format="labelled", columns={"left_txt": "one"})
    with pytest.raises(InputError, match="no such column.*Did you mean 'vote'"):
        read_comparisons(rows, format="labelled", columns={**named, "outcome": "votes"})


@pytest.mark.parametrize(
    ("rows", "options", "match"),
    [
        (
            [{"chosen": "a", "rejected": "b"}],
            {"tie_band": 1.0},
            "tie_band has no meaning for the shape 'pair'",
        ),
        ([{"chosen": "a", "rejected": "b"}], {"outcomes": {"x": 1.0}}, "outcomes has no meaning"),
        ([{"chosen": "a", "rejected": "b"}], {"unit": "both"}, "unit must be one of"),
        ([{"chosen": "a", "rejected": "b"}], {"format": "pairs"}, "format must be one of"),
        (
            [{"model_a": "a", "model_b": "b", "winner": "a"}],
            {"outcomes": {"x": 2}},
            r"outcomes\['x'\] must be",
        ),
        ([{"chosen": "a", "rejected": "b"}], {"answer_columns": {}}, "not given"),
        (3, {}, "must be a path"),
    ],
)
def test_options_that_mean_nothing_are_refused(rows: object, options: dict[str, object], match: str) -> None:
    with pytest.raises(ParameterError, match=match):
        read_comparisons(rows, **options)  # type: ignore[arg-type]


def test_an_unknown_shape_says_what_it_saw() -> None:
    with pytest.raises(InputError) as caught:
        read_comparisons([{"chosen": "a", "rejcted": "b"}])
    text = str(caught.value)
    assert "'chosen', 'rejcted'" in text
    assert "Did you mean 'rejected' by 'rejcted'?" in text
    assert "pair: chosen and rejected" in text
    assert "\n" not in text
    with pytest.raises(InputError, match="no column for 'rejected'"):
        read_comparisons([{"chosen": "a", "rejcted": "b"}], format="pair")


def test_messages_that_repeat_the_prompt_column_are_stripped() -> None:
    """As in binarized UltraFeedback: a prompt column, and whole conversations as chosen and rejected."""
    both = {k: [message("user", "q"), message("assistant", k)] for k in ("chosen", "rejected")}
    c = read_comparisons([{"prompt": "q", **both}])
    assert (c.texts, c.prompts) == (("chosen", "rejected"), ("q", "q"))
    c = read_comparisons([{"prompt": "else", **both}])
    assert c.texts is not None
    assert c.texts[0] == "\n\nHuman: q\n\nAssistant: chosen"


def test_ids_are_keys_and_conversations_say_the_prompt() -> None:
    """As in the arena's conversations: question_id beside two conversations."""
    said = {f"conversation_{k}": [message("user", "q"), message("assistant", k)] for k in "ab"}
    c = read_comparisons([{"question_id": "58210e", "model_a": "x", "model_b": "y", "winner": "tie", **said}])
    assert (c.texts, c.prompts) == (("a", "b"), ("q", "q"))
    rows = [{"prompt_id": p, "response_a": "a", "response_b": "b", "winner": "a"} for p in ("u7", "u8")]
    c = read_comparisons(rows)
    assert (c.n_alternatives, c.prompts) == (4, None)
