"""Small preference files, and a way to run a verb in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloneproof.cli.app import run


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        return json.loads(self.out)


@pytest.fixture
def cloneproof(capsys):
    """Run ``cloneproof WORDS`` and return its exit code and what it printed."""

    def call(*words: object) -> Ran:
        capsys.readouterr()
        code = run([str(word) for word in words])
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return call


SENTENCES = [
    "The bakery on the corner opens at six and sells out of bread by nine.",
    "A quiet garden behind the museum has benches in the shade.",
    "Take the night boat under the bridges when the lamps are lit.",
    "The market hall smells of cheese, herbs and roasted chicken.",
    "Painters still set up their easels on the square near the church.",
    "An old bookshop keeps cats that sleep on the poetry shelf.",
    "The river path is full of runners before the offices open.",
    "Students argue about films in the cafe until it closes.",
]


def preference_rows(copies: int = 12) -> list[dict]:
    """Pairs of sentences; the last answer stands there with `copies` copy-edits of itself."""
    rows = []
    for i, chosen in enumerate(SENTENCES):
        for rejected in SENTENCES[i + 1 :]:
            rows.append({"prompt": "What is the city like?", "chosen": chosen, "rejected": rejected})
    for k in range(copies):
        edited = SENTENCES[-1].replace("the cafe", f"the cafe no. {k}")
        rows.append({"prompt": "What is the city like?", "chosen": edited, "rejected": SENTENCES[k % 7]})
    return rows


@pytest.fixture
def preference_file(tmp_path) -> Path:
    path = tmp_path / "prefs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in preference_rows()), encoding="utf-8")
    return path
