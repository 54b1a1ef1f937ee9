"""The real data sets, counted independently with the csv module and plain dictionaries."""

from __future__ import annotations

import csv
import gzip
import hashlib
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from cloneproof._core.errors import DroppedRowsWarning
from cloneproof.preferences import read_comparisons, read_with_report


def test_hh(shared_data: Path) -> None:
    path = shared_data / "hh_harmless_test.parquet"
    reading = read_with_report(path)
    rows = pq.read_table(path).to_pylist()
    c = reading.comparisons
    assert c.texts is not None
    assert c.prompts is not None
    assert c.n_comparisons == len(rows) == 2312
    assert [(c.prompts[a], c.texts[a], c.texts[b]) for a, b in zip(c.left, c.right, strict=True)] == [
        (r["prompt"], r["chosen"], r["rejected"]) for r in rows
    ]
    assert c.n_alternatives == len({(r["prompt"], r[k]) for r in rows for k in ("chosen", "rejected")})
    assert (c.outcome == 1).all()
    assert reading.report.shape == "pair"
    assert reading.report.empty_texts == 4
    assert reading.report.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_hh_as_whole_dialogues(shared_data: Path) -> None:
    rows = pq.read_table(shared_data / "hh_harmless_test.parquet").to_pylist()
    whole = [{k: f"{r['prompt']} {r[k]}" for k in ("chosen", "rejected")} for r in rows]
    given, split = read_comparisons(rows), read_comparisons(whole)
    assert given.texts is not None
    assert split.texts is not None
    assert [split.texts[k] for k in split.left] == [given.texts[k].strip() for k in given.left]


def test_llmfao(shared_data: Path) -> None:
    path = shared_data / "llmfao_crowd_comparisons.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        votes = list(csv.DictReader(file))
    texts = {
        (str(r["prompt"]), r["name"]): r["result"]
        for r in pq.read_table(shared_data / "llmfao_responses.parquet").to_pylist()
    }
    c = read_comparisons(
        path, answers=shared_data / "llmfao_responses.parquet", prompts=shared_data / "llmfao_prompts.parquet"
    )
    assert c.n_comparisons == len(votes) == 8931
    assert c.n_annotators == 124
    assert c.texts is not None
    assert [c.texts[k] for k in c.left] == [texts[v["prompt"], v["left"]] for v in votes]
    assert [c.texts[k] for k in c.right] == [texts[v["prompt"], v["right"]] for v in votes]
    assert c.outcome.tolist() == [{"left": 1.0, "right": 0.0, "tie": 0.5}[v["winner"]] for v in votes]
    assert c.n_alternatives == len(
        {(v["prompt"], texts[v["prompt"], v[s]]) for v in votes for s in ("left", "right")}
    )
    models = read_comparisons(path)
    assert [models.ids[k] for k in models.left] == [v["left"] for v in votes]
    assert models.n_alternatives == 59


@pytest.mark.slow
def test_alpacaeval(shared_data: Path) -> None:
    path = shared_data / "alpacaeval2_outputs.parquet"
    rows = pq.read_table(path).to_pylist()
    with pytest.warns(DroppedRowsWarning):
        reading = read_with_report(path, unit="answer")
    by_prompt: dict[int, list[dict[str, object]]] = {}
    for r in rows:
        by_prompt.setdefault(r["instruction_id"], []).append(r)
    n = sum(a["output"] != b["output"] for g in by_prompt.values() for a, b in combinations(g, 2))
    assert reading.comparisons.n_comparisons == n
    assert reading.comparisons.n_alternatives == len({(r["instruction_id"], r["output"]) for r in rows})
    c = reading.comparisons
    pref = {(r["instruction_id"], r["output"]): r["pref_vs_reference"] for r in rows}
    assert c.texts is not None
    for k in np.random.default_rng(0).integers(n, size=200):
        first = rows[reading.rows[k]]
        a, b = c.texts[c.left[k]], c.texts[c.right[k]]
        assert a == first["output"]
        key = first["instruction_id"]
        rivals = [r for r in by_prompt[key] if r["output"] == b]
        assert rivals
        if len(rivals) == 1 and sum(r["output"] == a for r in by_prompt[key]) == 1:
            assert c.outcome[k] == 0.5 + 0.5 * np.sign(pref[key, a] - pref[key, b])


def test_alpacaeval_against_the_reference(shared_data: Path) -> None:
    name = "gpt4_1106_preview"
    with pytest.warns(DroppedRowsWarning):
        reading = read_with_report(
            shared_data / "alpacaeval2_outputs.parquet",
            prompts=shared_data / "alpacaeval2_instructions.parquet",
            pairs="reference",
            reference=name,
        )
    rows = pq.read_table(shared_data / "alpacaeval2_outputs.parquet").to_pylist()
    reference = {r["instruction_id"]: r["output"] for r in rows if r["model"] == name}
    kept = [
        k for k, r in enumerate(rows) if r["model"] != name and r["output"] != reference[r["instruction_id"]]
    ]
    assert reading.rows.tolist() == kept
    assert reading.comparisons.outcome.tolist() == [rows[k]["pref_vs_reference"] for k in kept]
    assert reading.report.dropped == {
        "compares an answer with itself (same prompt and text)": 46680 - 805 - len(kept)
    }
