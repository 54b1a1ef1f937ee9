"""``fit`` writes a whole run directory, finds finished steps again, and fails without a trace."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

FILES = {"manifest.json", "alternatives.parquet", "comparisons.parquet", "audit.json", "report.html"}
COLUMNS = [
    "id", "prompt", "text", "weight", "weight_se", "family", "reward", "reward_se", "reward_plain",
    "reward_plain_se", "rank", "rank_plain",
]  # fmt: skip


@pytest.fixture
def fitted(cloneproof, preference_file, tmp_path):
    done = cloneproof(
        "fit", preference_file, "--out", tmp_path / "run", "--encoder", "surface", "--targets", "3", "--json"
    )
    assert done.code == 0, done.err
    return done, tmp_path / "run"


def test_the_run_directory_is_what_was_promised(fitted, preference_file):
    _done, out = fitted
    assert {p.name for p in out.iterdir()} == FILES | {"cache"}
    table = pq.read_table(out / "alternatives.parquet")
    assert table.column_names == COLUMNS
    assert table.num_rows == 20
    w, r = table["weight"].to_numpy(), table["reward"].to_numpy()
    assert abs(w.sum() - 1) < 1e-12
    assert abs(w @ r) < 1e-8
    assert sorted(table["rank"].to_pylist()) == list(range(1, 21))
    rows = pq.read_table(out / "comparisons.parquet")
    assert rows.num_rows == 40
    assert abs(np.asarray(rows["weight"]).sum() - 1) < 1e-12
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["files"] == {
        name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in FILES - {"manifest.json"}
    }
    assert manifest["input"]["sha256"] == hashlib.sha256(preference_file.read_bytes()).hexdigest()
    assert {choice["name"] for choice in manifest["choices"]} == {
        "encoder",
        "scale",
        "comparison-weights",
        "reward",
        "shrinkage",
    }


def test_the_json_object_holds_the_headline_figures(fitted):
    found = fitted[0].json
    assert {
        "n_alternatives", "n_comparisons", "effective_sample_size", "n_families", "max_reward_shift_plain",
        "max_reward_shift_weighted", "report",
    } <= set(found)  # fmt: skip
    assert (found["n_alternatives"], found["n_comparisons"]) == (20, 40)
    assert 1 < found["effective_sample_size"] < 20
    assert found["largest_overcount_size"] == 13
    assert found["report"].endswith("report.html")


def test_a_second_run_finds_finished_steps_and_the_same_numbers(
    cloneproof, fitted, preference_file, tmp_path
):
    first = pq.read_table(fitted[1] / "alternatives.parquet")
    words = [
        "fit",
        preference_file,
        "--out",
        tmp_path / "run",
        "--encoder",
        "surface",
        "--targets",
        "3",
        "--json",
    ]
    assert cloneproof(*words).json == fitted[0].json
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert {"weights", "audit"} <= set(manifest["reused"])
    assert pq.read_table(tmp_path / "run" / "alternatives.parquet").equals(first)
    cloneproof(*words, "--scale", "0.7")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert "weights" not in manifest["reused"]


def test_the_cost_of_the_weights_is_told_everywhere(fitted):
    cost = fitted[0].json["weight_cost"]
    assert cost["recommendation"] in {"keep", "weaker", "not needed"}
    assert cost["n_pairs"] >= cost["effective_pairs"] > 1
    page = (fitted[1] / "report.html").read_text(encoding="utf-8")
    assert cost["reason"] in page


def test_a_kernel_reward_and_prompts_apart(cloneproof, preference_file, tmp_path):
    two = tmp_path / "two.jsonl"  # a second prompt with a single pair
    two.write_text(
        preference_file.read_text()
        + json.dumps({"prompt": "And the food?", "chosen": "Cheap.", "rejected": "Salty soup."})
    )
    words = ["fit", two, "--encoder", "surface", "--no-audit", "--no-report", "--json"]
    runs = {}
    for name, more in {
        "linear": [],
        "kernel": ["--reward", "kernel"],
        "separate": ["--comparison-weights", "diversity", "--prompt-weights", "separate"],
        "joint": ["--comparison-weights", "diversity"],
    }.items():
        done = cloneproof(*words, "--out", tmp_path / name, *more)
        assert done.code == 0, done.err
        table = pq.read_table(tmp_path / name / "alternatives.parquet")
        rows = pq.read_table(tmp_path / name / "comparisons.parquet")
        runs[name] = (done.json, np.asarray(table["reward"]), np.asarray(rows["weight"]))
    assert runs["kernel"][0]["reward"] == "kernel"
    assert not np.allclose(runs["kernel"][1], runs["linear"][1])
    assert runs["separate"][2][-1] > 2 * runs["joint"][2][-1]  # a prompt counts by what it asks


def test_a_persons_notes_stay(cloneproof, fitted, preference_file):
    (fitted[1] / "notes.md").write_text("mine")
    done = cloneproof(
        "fit", preference_file, "--out", fitted[1], "--encoder", "surface", "--no-audit", "--no-report"
    )
    assert done.code == 0
    assert (fitted[1] / "notes.md").read_text() == "mine"
    assert {p.name for p in fitted[1].iterdir()} == FILES - {"audit.json", "report.html"} | {
        "notes.md",
        "cache",
    }


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--regularization", "-1"], 2, r"regularization must be a number in \[0, inf\). Got -1.0"),
        (["--scale", "wide"], 2, "--scale takes a number or 'auto'. Got 'wide'"),
        (["--weights", "best"], 2, "diversity"),
        (["--encodr", "x"], 2, "encodr"),
        (["--copies", "0"], 2, "copies must be an integer of at least 1"),
        (["--reward", "tabular", "--regularization", "0"], 4, "never won against the other 19"),
    ],
)
def test_errors_are_one_line_and_leave_nothing(cloneproof, preference_file, tmp_path, words, code, message):
    done = cloneproof("fit", preference_file, "--out", tmp_path / "run", "--encoder", "surface", *words)
    assert done.code == code, done.err
    last = done.err.strip().splitlines()[-1]
    import re

    assert re.search(message, last), last
    assert "Traceback" not in done.err
    assert not (tmp_path / "run" / "manifest.json").exists()


def test_a_bad_file_leaves_nothing_and_an_old_run_as_it_was(cloneproof, fitted, tmp_path):
    before = {p.name: p.read_bytes() for p in fitted[1].iterdir() if p.is_file()}
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"prompt": "a", "chosen": "b", "rejected": "c"}\n{"prompt": "a", "chosen"')
    for out in (fitted[1], tmp_path / "new"):
        done = cloneproof("fit", bad, "--out", out, "--encoder", "surface", "--json")
        assert done.code == 4
        assert "2" in done.json["error"]
    assert {p.name: p.read_bytes() for p in fitted[1].iterdir() if p.is_file()} == before
    assert not (tmp_path / "new").exists()


def test_a_missing_file_and_a_taken_folder(cloneproof, preference_file, tmp_path):
    assert cloneproof("fit", tmp_path / "none.jsonl", "--out", tmp_path / "run").code == 5
    other = tmp_path / "other"
    other.mkdir()
    (other / "manifest.json").write_text('{"name": "an extension"}')
    done = cloneproof("fit", preference_file, "--out", other)
    assert done.code == 5
    assert "no run of cloneproof wrote" in done.err
    assert cloneproof("fit", preference_file, "--out", preference_file).code == 5


def test_an_interrupt_ends_with_130(cloneproof, preference_file, tmp_path, monkeypatch):
    from cloneproof.audit import analysis

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(analysis, "audit_clones", interrupt)
    done = cloneproof("fit", preference_file, "--out", tmp_path / "run", "--encoder", "surface")
    assert done.code == 130
    assert "Interrupted" in done.err
    assert not (tmp_path / "run" / "manifest.json").exists()
