"""``check`` says what is over-counted and gates on it."""

from __future__ import annotations

import subprocess
import sys

import pytest


def test_the_family_of_copies_is_found(cloneproof, preference_file, tmp_path):
    done = cloneproof("check", preference_file, "--encoder", "surface", "--json")
    assert done.code == 0, done.err
    found = done.json
    assert found["n_alternatives"] == 20
    assert found["largest_overcount_size"] == 13
    assert found["largest_overcount"] > 4
    assert found["n_components"] == 1
    assert "pair" in found["schema"]["shape"]
    assert [p.name for p in tmp_path.iterdir()] == ["prefs.jsonl"]  # nothing written


def test_the_table_names_the_family(cloneproof, preference_file):
    done = cloneproof("check", preference_file, "--encoder", "surface")
    assert "over-count" in done.out
    assert "Students argue about films" in done.out
    assert "copy-edits" in done.err + done.out


@pytest.mark.parametrize(
    ("limit", "code"),
    [("overcount=2", 3), ("overcount=200", 0), ("near-duplicates=3", 3), ("components=1", 0)],
)
def test_the_gate(cloneproof, preference_file, limit, code):
    done = cloneproof("check", preference_file, "--encoder", "surface", "--fail-over", limit)
    assert done.code == code
    assert ("The check failed as asked" in done.err) == (code == 3)
    assert "over-count" in done.out


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("overcount", "NAME=VALUE"),
        ("overcont=3", "'overcount'"),
        ("overcount=many", "takes a number"),
        ("overcount=-1", "must be a number"),
    ],
)
def test_a_bad_limit_is_usage(cloneproof, preference_file, limit, message):
    done = cloneproof("check", preference_file, "--fail-over", limit)
    assert done.code == 2
    assert message in done.err


def test_standard_input(preference_file):
    done = subprocess.run(
        [sys.executable, "-m", "cloneproof", "check", "-", "--encoder", "surface", "--json"],
        input=preference_file.read_text(encoding="utf-8"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"n_alternatives": 20' in done.stdout


def test_an_unknown_verb_is_usage(cloneproof):
    done = cloneproof("chek", "x")
    assert done.code == 2
    assert "check" in done.err


def test_help_and_version(cloneproof):
    assert "fit" in cloneproof().out
    assert cloneproof("--help").code == 0
    assert "--fail-over" in cloneproof("check", "--help").out
    assert cloneproof("--version").out.strip() == "0.1.0"


def test_a_bug_is_told_as_one(cloneproof, preference_file, monkeypatch):
    from cloneproof import audit

    def fail(*_, **__):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(audit, "weigh_comparisons", fail, raising=False)
    done = cloneproof("check", preference_file, "--encoder", "surface")
    assert done.code == 1
    assert "A bug in cloneproof: ZeroDivisionError" in done.err
    assert "Traceback" not in done.err
    assert "Traceback" in cloneproof("check", preference_file, "--encoder", "surface", "--debug").err
