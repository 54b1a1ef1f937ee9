"""Text from data: nothing invisible, cut at whole signs, as wide as a terminal draws it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloneproof.report.text import cut, display_width, fit_columns, one_line, reveal

FAMILY = "👩\u200d👩\u200d👧\u200d👦"
SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("a\u202eb", "a‹U+202E›b"),
        ("a\u200bb", "a‹U+200B›b"),
        ("\x1b[31mred", "‹U+001B›[31mred"),
        ("a\x00b\x7fc\x9bd", "a‹U+0000›b‹U+007F›c‹U+009B›d"),
        ("\ud800", "‹U+D800›"),
        ("\ufeffstart", "‹U+FEFF›start"),
        ("soft\u00adhyphen", "soft‹U+00AD›hyphen"),
        ("line\u2028sep\u2029", "line‹U+2028›sep‹U+2029›"),
        ("tags\U000e0041\U000e0042", "tags‹U+E0041›‹U+E0042›"),
        ("a\ufe01", "a‹U+FE01›"),
        ("a\u200db", "a‹U+200D›b"),
        ("one\r\ntwo\rthree\tfour", "one\ntwo\nthree\tfour"),
        (FAMILY, FAMILY),
        (SCOTLAND, SCOTLAND),
        ("❤\ufe0f 1\ufe0f\u20e3", "❤\ufe0f 1\ufe0f\u20e3"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("مرحبا", "مرحبا"),
    ],
)
def test_reveal(raw, shown):
    assert reveal(raw) == shown


def test_stacks_of_marks_are_cut():
    assert reveal("Z" + "\u0301" * 50 + "a") == "Z" + "\u0301" * 8 + "‹42 more marks›a"
    assert reveal("e\u0301") == "e\u0301"


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_revealed_text_can_be_written_and_is_stable(text):
    shown = reveal(text)
    shown.encode("utf-8")
    assert not set(shown) & set("\r\x00\x1b\u202e\u2066\u200b\u2028")
    assert reveal(shown) == shown


@given(st.text(), st.integers(1, 40))
def test_cut_is_no_longer_than_asked(text, n):
    assert len(cut(text, n)) <= max(n, 1)
    if len(text) <= n:
        assert cut(text, n) == text


def test_cut_keeps_signs_whole():
    assert cut("ab" + FAMILY + "cdefgh", 6) == "ab…"
    assert cut("abe\u0301xyz", 4) == "ab…"
    assert cut("👍🏽👍🏽👍🏽", 4) == "👍🏽…"


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("abc", 3),
        ("漢字", 4),
        ("e\u0301", 1),
        (FAMILY, 2),
        ("👍🏽", 2),
        ("🇫🇷🇩🇪", 4),
        ("❤\ufe0f", 2),
        ("ｱ", 1),
        ("한", 2),
        ("", 0),
    ],
)
def test_display_width(text, width):
    assert display_width(text) == width


def test_fit_columns_counts_wide_signs():
    assert fit_columns("漢字漢字", 5) == "漢字…"
    assert display_width(fit_columns("漢字漢字", 4)) <= 4
    assert fit_columns("short", 10) == "short"


def test_one_line_joins_lines():
    assert one_line("  a\n\n b\t c ", 20) == "a b c"
    assert one_line("x" * 10_000, 10) == "x" * 9 + "…"
