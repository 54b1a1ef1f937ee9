"""``audit`` clones, refits, tells, gates; with ``--suite`` it is CloneBench."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

SMALL = ("--encoder", "surface", "--targets", 2, "--copies", 10)
SUITE = ("--suite", "--quick", "--encoder", "surface", "--attack", "exact-copies", "--attack", "copy-edits")


def test_plain_moves_and_weighted_does_not(cloneproof, preference_file, tmp_path):
    done = cloneproof("audit", preference_file, *SMALL, "--noise", 0, "--json")
    assert done.code == 0, done.err
    found = done.json
    assert found["weighted"]["max_shift_centred"] < 0.01
    assert found["plain"]["max_shift_centred"] > 0.1
    assert [row["copies"] for row in found["rows"]] == [10, 10]
    assert len(found["targets"]) == 2
    assert [p.name for p in tmp_path.iterdir()] == ["prefs.jsonl"]  # nothing written


def test_files_table_and_page(cloneproof, preference_file, tmp_path):
    out = tmp_path / "audit"
    done = cloneproof("audit", preference_file, *SMALL, "--out", out)
    assert done.code == 0, done.err
    assert "new winner" in done.out
    assert str(out / "report.html") in done.out
    table = pq.read_table(out / "audit.parquet").to_pylist()
    kept = json.loads((out / "audit.json").read_text())
    assert [row["max_shift"] for row in table] == [row["max_shift"] for row in kept["rows"]]
    assert len(table) == 4  # two weightings x one number of copies x two noises
    assert "What added copies do" in (out / "report.html").read_text()
    again = cloneproof("audit", preference_file, *SMALL, "--out", out)
    assert again.out == done.out


@pytest.mark.parametrize(("limit", "code"), [("shift=0.01", 0), ("raw-shift=0.01", 0), ("flips=0", 0)])
def test_the_gate_passes_what_is_robust(cloneproof, preference_file, limit, code):
    done = cloneproof("audit", preference_file, *SMALL, "--noise", 0, "--fail-over", limit)
    assert done.code == code, done.err


def test_the_gate_fails_what_is_not(cloneproof, preference_file):
    words = (
        "audit",
        preference_file,
        *SMALL,
        "--noise",
        0,
        "--weights",
        "uniform",
        "--comparison-weights",
        "product",
    )
    done = cloneproof(*words, "--fail-over", "shift=0.05", "--fail-over", "disorder=0.9")
    assert done.code == 3
    assert "shift is" in done.err
    assert "disorder" not in done.err
    assert "new winner" in done.out  # the table is there all the same


def test_the_suite_writes_what_it_prints(cloneproof, preference_file, tmp_path):
    out = tmp_path / "bench"
    words = ("audit", preference_file, *SUITE, "--method", "drop-duplicates", "--method", "pair-diversity")
    done = cloneproof(*words, "--out", out)
    assert done.code == 0, done.err
    assert "drop-duplicates" in done.out
    rows = pq.read_table(out / "suite.parquet").to_pylist()
    assert {row["method"] for row in rows} == {"plain", "drop-duplicates", "pair-diversity"}
    assert {row["attack"] for row in rows} == {"exact-copies", "copy-edits"}
    kept = json.loads((out / "suite.json").read_text())
    assert len(kept["rows"]) == len(rows) == 2 * 2 * 3
    assert (out / "suite.md").read_text().startswith("| method |")
    assert "CloneBench" in (out / "report.html").read_text()
    cells = {p.name: p.stat().st_mtime_ns for p in (out / "cache" / "cells").iterdir()}
    again = cloneproof(*words, "--out", out)
    assert again.out == done.out  # the figures, and no cell was made again
    assert cells == {p.name: p.stat().st_mtime_ns for p in (out / "cache" / "cells").iterdir()}


def test_an_estimator_of_the_users(cloneproof, preference_file, tmp_path, monkeypatch):
    (tmp_path / "weights_of_mine.py").write_text(
        "import numpy as np\n"
        "from sklearn.base import BaseEstimator\n"
        "class Mine(BaseEstimator):\n"
        "    def fit(self, X, y=None):\n"
        "        self.weights_ = np.full(len(X), 1 / len(X))\n"
        "        return self\n"
    )
    monkeypatch.chdir(tmp_path)
    words = (
        "audit",
        preference_file,
        *SUITE,
        "--estimator",
        "weights_of_mine:Mine",
        "--method",
        "family-told",
    )
    done = cloneproof(*words, "--json")
    assert done.code == 0, done.err
    assert {row["method"] for row in done.json["clean"]} == {"plain", "family-told", "weights_of_mine:Mine"}
    assert "weights_of_mine:Mine: fails" in done.err  # uniform weights meet few demands
    assert "duplicates" in done.err
    gated = cloneproof(*words, "--fail-over", "shift=0.0001")
    assert gated.code == 3
    assert "weights_of_mine:Mine" in gated.err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 2, "needs a FILE"),
        (("--suite",), 2, "--simulated paris"),
        (("FILE", "--quick"), 2, "--quick needs --suite"),
        (("FILE", "--suite", "--noise", 0.1), 2, "--noise belongs"),
        (("FILE", "--suite", "--simulated", "paris"), 2, "not both"),
        (("FILE", "--suite", "--method", "diversty"), 2, "'diversity'"),
        (("FILE", "--suite", "--attack", "exact"), 2, "'exact-copies'"),
        (("FILE", "--suite", "--fail-over", "shift=1"), 2, "--method NAME"),
        (("FILE", "--fail-over", "shft=1"), 2, "'shift'"),
        (("FILE", "--suite", "--limit", 2), 2, "--limit"),
        (("FILE", "--suite", "--estimator", "nothing_here:X"), 2, "no module"),
        (("FILE", "--suite", "--estimator", "json:nothing"), 2, "has no 'nothing'"),
        (("FILE", "--suite", "--estimator", "json:JSONDecoder"), 2, "expected an estimator"),
        (("FILE", "--suite", "--estimator", "json"), 2, "MODULE:CLASS"),
        (("FILE", "--suite", "--paraphrases", "absent.csv"), 5, "absent.csv"),
        (("absent.jsonl",), 5, "absent.jsonl"),
        (("FILE", "--copies", 0), 2, "copies"),
    ],
)
def test_wrong_words_end_in_one_line(cloneproof, preference_file, words, code, message):
    given = [preference_file if word == "FILE" else word for word in words]
    done = cloneproof("audit", *given)
    assert done.code == code, done.err
    assert message in done.err
    assert "Traceback" not in done.err


def test_paraphrases_of_other_texts_are_an_error(cloneproof, preference_file, tmp_path):
    (tmp_path / "p.csv").write_text("text,paraphrase\nsomething else,other words\n")
    done = cloneproof("audit", preference_file, *SUITE, "--paraphrases", tmp_path / "p.csv")
    assert done.code == 4
    assert "letter by letter" in done.err.replace("\n", " ")
