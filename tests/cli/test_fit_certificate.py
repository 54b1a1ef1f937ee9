"""``fit`` prints what is proved for any number of copies beside what the audit observed, and keeps it."""

from __future__ import annotations

import json

WORDS = ["--encoder", "surface", "--targets", "2", "--copies", "1", "20", "--no-report"]


def test_the_line_the_json_and_the_manifest_say_the_same(cloneproof, preference_file, tmp_path) -> None:
    out = tmp_path / "run"
    told = cloneproof("fit", preference_file, "--out", out, *WORDS, "--reward", "linear")
    assert told.code == 0, told.err
    line = next(line for line in told.out.splitlines() if line.startswith("proved for any number"))
    assert "exact copies move nothing" in line
    assert "no useful bound for copies within" in line
    found = cloneproof("fit", preference_file, "--out", out, *WORDS, "--reward", "linear", "--json").json
    certificate = found["certificate"]
    assert certificate["case"] == "linear"
    exact, near = certificate["rows"]
    assert exact["bound"] == 0.0
    assert exact["observed"] < 1e-9 < exact["plain_observed"]
    assert near["bound"] is None
    assert near["observed"] > 0
    kept = json.loads((out / "manifest.json").read_text())["summary"]["certificate"]
    assert kept == certificate


def test_where_nothing_is_proved_the_line_says_why(cloneproof, preference_file, tmp_path) -> None:
    told = cloneproof(
        "fit",
        preference_file,
        "--out",
        tmp_path / "run",
        *WORDS,
        "--reward",
        "linear",
        "--weights",
        "uniform",
    )
    assert told.code == 0, told.err
    line = next(line for line in told.out.splitlines() if line.startswith("proved for any number"))
    assert "no bound: under UniformWeights exact copies can draw weight" in line
