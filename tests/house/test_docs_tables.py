"""Tables in docs stand between markers that pair up, and each has a program that measures it."""

from __future__ import annotations

import re

import pytest

from benchmarks.docs_tables import ROOT, find_tables, markdown_table, pages, replace_table
from cloneproof import InputError

PAGE = "words\n\n<!-- table: one -->\n\nold\n\n<!-- end -->\n\nmore\n<!-- table: two -->\n<!-- end -->\n"


def test_only_the_named_block_is_replaced() -> None:
    changed = replace_table(PAGE, "one", "| a |\n|---|\n| \\1 |")
    assert find_tables(changed) == {"one": "| a |\n|---|\n| \\1 |", "two": ""}
    assert changed.startswith("words\n\n<!-- table: one -->\n")
    assert changed.endswith("more\n<!-- table: two -->\n<!-- end -->\n")
    assert replace_table(changed, "one", "| a |\n|---|\n| \\1 |") == changed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- end -->\n", "line 1"),
        ("x\n<!-- table: a -->\n<!-- table: b -->\n<!-- end -->\n", "line 3"),
        ("<!-- table: a -->\n<!-- end -->\n<!-- table: a -->\n<!-- end -->\n", "line 3"),
        ("<!-- table: a -->\n", "'a' has no"),
    ],
)
def test_markers_that_do_not_pair_up_are_errors(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        find_tables(text)


def test_an_unknown_table_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no table 'three'. Known: one, two"):
        replace_table(PAGE, "three", "")


def test_a_table_is_aligned_and_its_bars_escaped() -> None:
    assert markdown_table(["a", "b"], [["x|y", 1]], "lr") == "| a | b |\n|---|---:|\n| x\\|y | 1 |"
    with pytest.raises(InputError, match="row 0 has 1 cells for 2"):
        markdown_table(["a", "b"], [["x"]])


def names_written() -> list[re.Pattern[str]]:
    """Strings of the programs in benchmarks, those with fields as patterns."""
    programs = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "benchmarks").glob("*.py"))
    strings = set(re.findall(r'"([a-z0-9-]+(?:\{[^{}"]+\}[a-z0-9-]*)*)"', programs))
    return [re.compile(re.sub(r"\{[^{}]+\}", "[a-z0-9-]+", string)) for string in strings]


def test_every_table_in_docs_is_full_and_names_a_program() -> None:
    written = names_written()
    for page in pages():
        for name, body in find_tables(page.read_text(encoding="utf-8"), page.name).items():
            assert body, f"{page.name}: {name} is empty"
            assert any(pattern.fullmatch(name) for pattern in written), (
                f"{page.name}: no program in benchmarks writes {name}"
            )
