"""The demo: the flip in words first, intervals beside every reward, and the caveat."""

from __future__ import annotations

import json
import re

import pytest

from cloneproof.audit import run_paris_case
from cloneproof.cli.app import run


@pytest.fixture(scope="module")
def case():
    return run_paris_case(n_repeats=4, n_comparisons=300, random_state=0)


def test_headline_names_the_winners_of_the_rows(case):
    plain = case["plain"]
    assert plain.winner_before in case.headline
    for row in case.rows[1:]:
        place = "stays under" if row.winner_before == row.winner_after else "changes under"
        sentence = next(s for s in case.headline.split(". ") if place in s)
        assert row.weighting in sentence


def test_terminal_shows_intervals_and_the_caveat(capsys):
    assert run(["demo", "--repeats", "3", "--comparisons", "200"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Near-copies of food")
    line = next(line for line in said.splitlines() if line.startswith("plain"))
    numbers = re.findall(r"([+-]\d\.\d\d) ± (\d\.\d\d)", line)
    case = run_paris_case(n_repeats=3, n_comparisons=200, random_state=0)
    before = case["plain"].rewards_before
    assert [float(mean) for mean, _ in numbers] == [round(i.mean, 2) for i in before.values()]
    assert [float(half) for _, half in numbers] == [round((i.high - i.low) / 2, 2) for i in before.values()]
    assert "chosen so that near-copies of food change the winner" in said


def test_json_holds_the_rows_and_writes_nothing(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["demo", "--repeats", "3", "--comparisons", "200", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {row["weighting"] for row in told["rows"]} >= {"plain", "diversity"}
    assert told["report"] is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [["--repeats", "0"], ["--comparisons", "0"], ["--repeats", "x"]])
def test_bad_options_end_with_2(words, capsys):
    assert run(["demo", *words]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
