"""What docs name exists: every test and benchmark by its path, every function of the theory by its name."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md"])
PATH = re.compile(r"`(?:python )?((?:tests|benchmarks)/[\w/]+(?:\.py|/)?)")


def defined_names() -> set[str]:
    """Names of functions, classes and constants at the top of any module, and methods as Class.method."""
    names = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                names.add(node.name)
            if isinstance(node, ast.ClassDef):
                names |= {f"{node.name}.{x.name}" for x in node.body if isinstance(x, ast.FunctionDef)}
    return names


def theory_rows() -> list[list[str]]:
    """The cells of the map, without its heading."""
    text = (ROOT / "docs" / "theory.md").read_text(encoding="utf-8")
    table = text[text.index("## The map") : text.index("## What clones do")]
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in table.splitlines() if line.startswith("|")]
    return rows[2:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_and_benchmark_that_a_page_names_exists(page: Path) -> None:
    missing = [name for name in PATH.findall(page.read_text(encoding="utf-8")) if not (ROOT / name).exists()]
    assert missing == []


def test_every_statement_of_the_map_has_functions_and_tests_that_exist() -> None:
    known = defined_names()
    rows = theory_rows()
    assert len(rows) >= 15
    for row in rows:
        assert len(row) == 4, row
        functions, tests = (re.findall(r"`([^`]+)`", cell) for cell in row[2:])
        assert functions, row[0]
        assert tests, row[0]
        assert [name for name in functions if name not in known] == [], row[0]
        for name in tests:
            assert (ROOT / name).is_file(), name


def test_every_file_of_theorems_stands_in_the_map() -> None:
    named = " ".join(row[3] for row in theory_rows())
    for path in sorted((ROOT / "tests" / "paper").glob("test_*.py")):
        assert f"`tests/paper/{path.name}`" in named, path.name
