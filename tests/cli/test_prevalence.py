"""``prevalence`` tells each file's duplicates and harm, and writes them where asked."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from tests.cli.conftest import SENTENCES


def test_two_files_make_one_object(cloneproof, preference_file, tmp_path):
    clean = tmp_path / "clean.jsonl"
    pairs = [(a, b) for i, a in enumerate(SENTENCES) for b in SENTENCES[i + 1 :]]
    clean.write_text(
        "".join(json.dumps({"prompt": "What?", "chosen": a, "rejected": b}) + "\n" for a, b in pairs),
        encoding="utf-8",
    )
    done = cloneproof("prevalence", preference_file, clean, "--encoder", "surface", "--json")
    assert done.code == 0, done.err
    copied, other = done.json["files"]
    assert [x["unit"] for x in copied["units"]] == ["prompts", "answers", "pairs"]
    largest = {x["unit"]: x["largest_family"] for x in copied["scales"] if x["scale"] == copied["scale"]}
    assert largest["answers"] == 13
    assert all(x["near_duplicates"] == 0 for x in other["scales"])
    assert other["harm"]["degrees_of_freedom"] == len(pairs) - len(SENTENCES) + 1
    assert "judged once" in other["harm"]["reason"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clean.jsonl", "prefs.jsonl"]  # nothing written


def test_the_table_says_what_cannot_be_told(cloneproof, preference_file):
    done = cloneproof("prevalence", preference_file, "--encoder", "surface", "--scales", "0.2", "--no-harm")
    assert "over-count" in done.out
    assert "harm" not in done.out
    assert sum(line.startswith("answers ") for line in done.out.splitlines()) == 2  # the count, and one scale
    done = cloneproof("prevalence", preference_file, "--encoder", "surface", "--scales", "0.2")
    assert "cycles" in done.out


def test_the_harm_index_is_told_where_pairs_repeat(cloneproof, tmp_path):
    names = ["art", "food", "romance"]
    orders = [(0, 1, 2)] * 3 + [(2, 0, 1)] * 5 + [(1, 2, 0)] * 2
    rows = []
    for k, order in enumerate(orders * 8):
        for i, a in enumerate(order):
            for b in order[i + 1 :]:
                rows.append({"model_a": names[a], "model_b": names[b], "winner": "a", "judge": f"j{k}"})
    file = tmp_path / "battles.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    points = tmp_path / "points.npy"
    np.save(points, np.eye(3))
    done = cloneproof("prevalence", file, "--encoder", points, "--scales", "0.1")
    assert done.code == 0, done.err
    assert "harm index" in done.out
    assert "one Bradley-Terry model: p = 0.005, p = " in done.out
    assert "over annotators" in done.out


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_numbers_are_written_by_the_ending(cloneproof, preference_file, tmp_path, ending):
    out = tmp_path / "new" / f"numbers.{ending}"
    done = cloneproof(
        "prevalence", preference_file, "--encoder", "surface", "--no-harm", "--scales", "0.3", "--out", out
    )
    assert done.code == 0, done.err
    if ending == "csv":
        rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
        assert [row["unit"] for row in rows] == ["prompts", "answers", "pairs"]
        assert int(rows[1]["largest_family"]) == 13
    elif ending == "json":
        assert json.loads(out.read_text(encoding="utf-8"))["files"][0]["n_judgments"] == 40
    else:
        assert out.stat().st_size > 500


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 2, "one or more files"),
        (("prefs.jsonl", "--out", "x.xlsx"), 2, "--out must end in .json"),
        (("absent.jsonl",), 5, "absent.jsonl"),
        (("prefs.jsonl", "--scales", "0", "--encoder", "surface"), 2, "scales must be positive"),
    ],
)
def test_errors_end_in_their_code(cloneproof, preference_file, monkeypatch, words, code, message):
    monkeypatch.chdir(preference_file.parent)
    done = cloneproof("prevalence", *words)
    assert done.code == code
    assert message in done.err
