"""The README's Python runs and prints what it says; its commands print what it shows."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from cloneproof.cli.app import run

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def test_the_python_examples_print_what_they_say():
    for block in blocks("python"):
        said = [line.removeprefix("# ") for line in block.splitlines() if line.startswith("# ")]
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block, "README.md", "exec"), {})
        assert printed.getvalue().splitlines() == said


def test_every_linked_page_is_there():
    root = Path(__file__).resolve().parents[2]
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (root / target).exists(), target


@pytest.mark.parametrize("command", [c for c in blocks("console") if "llmfao" in c], ids=["llmfao"])
def test_a_command_prints_what_is_shown(command, shared_data, tmp_path, monkeypatch, capsys):
    """Lines are compared with numbers left out, which may differ in the last digit between machines."""
    pytest.importorskip("sentence_transformers")
    monkeypatch.chdir(shared_data)
    first, *shown = command.splitlines()
    words = shlex.split(first.removeprefix("$ cloneproof "))
    words[words.index("--out") + 1] = str(tmp_path / "run")
    assert run([*words, "--no-report"]) == 0

    def skeleton(line: str) -> str:
        return re.sub(r"[\d.,]+", "#", line)

    printed = [skeleton(line) for line in capsys.readouterr().out.splitlines()]
    assert [line for line in shown if skeleton(line) not in printed] == []
