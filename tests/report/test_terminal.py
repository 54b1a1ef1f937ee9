"""Tables for a terminal."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cloneproof import CloneProofError
from cloneproof.report import format_table
from cloneproof.report.text import display_width


def test_columns_line_up_with_wide_signs():
    table = format_table(["name", "n"], [["漢字", 1], ["e\u0301", 22], ["👩\u200d👧", 333]], "lr")
    assert {display_width(line) for line in table.splitlines()} == {9}


def test_alignment_and_missing_cells():
    assert format_table(["a", "b", "c"], [["x", None, "y"], ["xxx", "yyy", "zzzzz"]], "rcl").splitlines() == [
        "  a   b   c",
        "---  ---  -----",
        "  x       y",
        "xxx  yyy  zzzzz",
    ]


def test_escapes_of_the_data_do_not_reach_the_terminal():
    table = format_table(["id"], [["\x1b]0;owned\x07\x1b[2Jx\ny\u202e"]])
    assert "\x1b" not in table
    assert "\x07" not in table
    assert "\u202e" not in table
    assert len(table.splitlines()) == 3


def test_width_limit_cuts_the_widest_column():
    table = format_table(["text", "n"], [["word " * 40, 12345678901234]], "lr", max_width=40)
    assert max(map(display_width, table.splitlines())) == 40
    assert "12345678901234" in table
    assert "…" in table


def test_no_rows_and_no_columns():
    assert format_table(["a", "b"], []) == "a  b\n-  -"
    assert format_table([], []) == "\n"


@pytest.mark.parametrize("align", ["l", "lll", "lx"])
def test_wrong_alignment_is_refused(align):
    with pytest.raises(CloneProofError, match="align must have one of l, r, c for each of 2 columns"):
        format_table(["a", "b"], [], align)


def test_ragged_row_is_refused():
    with pytest.raises(CloneProofError, match="Row 1 has 1 cells but there are 2 headers"):
        format_table(["a", "b"], [[1, 2], [1]])


def test_tables_load_no_bokeh():
    code = "import sys; from cloneproof.report import format_table; sys.exit('bokeh' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
