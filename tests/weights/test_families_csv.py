"""Families as a CSV: whatever the texts hold, what was written is read back, and no cell is a formula."""

from __future__ import annotations

import csv
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloneproof import FamilyWeights
from cloneproof._core.errors import FileAccessError, InputError
from cloneproof.weights import find_families, read_families, write_families
from tests.strategies import texts

HOSTILE = [
    '=HYPERLINK("http://evil.example","x")',
    "+1+1",
    "-2",
    "@SUM(A1:A9)",
    "\t=1",
    "\r=1",
    "'=1",
    "''",
    "＝1",
    'a "quoted", comma',
    "line\nbreak",
    "crlf\r\nbreak",
    "日本語 😀 é\u2028",
    "<script>alert(1)</script>",
    " padded ",
    "\ufeffbom",
    ";semi|pipe",
    "null\x00byte",
]


def test_hostile_texts_survive_the_round_trip(tmp_path):
    path = tmp_path / "families.csv"
    ids = [f"id {text}" for text in HOSTILE]
    write_families(path, ids, HOSTILE, texts=HOSTILE)
    found = read_families(path)
    assert found.ids == tuple(ids)
    assert found.families == tuple(HOSTILE)
    assert found.texts == tuple(HOSTILE)


def test_no_cell_that_a_spreadsheet_would_run_begins_like_a_formula(tmp_path):
    path = tmp_path / "families.csv"
    write_families(path, HOSTILE, HOSTILE, texts=HOSTILE)
    with path.open(encoding="utf-8", newline="") as file:
        for row in list(csv.reader(file))[1:]:
            assert not any(
                cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")) for cell in row
            )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=8), st.booleans())
def test_any_text_survives(tmp_path, rows, with_texts):
    path = tmp_path / "families.csv"
    ids = [f"{k}" for k in range(len(rows))]
    families = [f"f{family}" for family, _ in rows]
    words = [text for _, text in rows] if with_texts else None
    write_families(path, ids, families, texts=words)
    found = read_families(path)
    assert found.ids == tuple(ids)
    assert found.families == tuple(families)
    assert found.texts == (tuple(words) if with_texts else None)


def test_an_edited_file_becomes_weights(tmp_path):
    path = tmp_path / "families.csv"
    X, ids = np.array([[0.0], [0.1], [5.0], [9.0]]), ["a", "b", "c", "d"]
    write_families(path, ids, find_families(X, radius=0.5), texts=["one", "one again", "two", "three"])
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines == ["id,family,text", "a,0,one", "b,0,one again", "c,1,two", "d,2,three"]
    edited = [lines[0], *reversed([line.replace("d,2", "d,1") for line in lines[1:]])]
    path.write_text("\ufeff" + "\r\n".join(edited) + "\r\n", encoding="utf-8")  # as a spreadsheet saves it
    labels = read_families(path).labels(ids)
    np.testing.assert_allclose(FamilyWeights().fit(X, families=labels).weights_, 0.25)
    assert FamilyWeights().fit(X, families=labels).n_families_ == 2


def test_columns_may_come_in_any_order_and_case_with_others_between(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("Note,Family , ID\nx,f1,a\n\ny,f2,b\n", encoding="utf-8")
    found = read_families(path)
    assert (found.ids, found.families, found.texts) == (("a", "b"), ("f1", "f2"), None)


def test_long_texts_are_cut_and_numbers_written_as_text(tmp_path):
    path = tmp_path / "f.csv"
    write_families(path, [1, 2], [0, 1], texts=["x" * 5_000, "y"])
    found = read_families(path)
    assert len(found.texts[0]) == 2_000
    assert found.labels([2, 1]).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (b"id;family\na;b\n", r"must have columns 'id' and 'family', separated by commas"),
        (b"id,family\na,b,c\n", "row 2 has 3 cells, the header 2"),
        (b"id,family\na,\n", "row 2 has no family"),
        (b"id,family\n ,b\n", "row 2 has no id"),
        (b"id,family\na,x\nb,x\na,y\n", "id 'a' appears in rows 2 and 4"),
        (b"id,family\n\xff,x\n", r"not UTF-8 \(byte 10\)"),
        (b'id,family\n"a,x\n', "not a readable CSV"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_why(tmp_path, content, message):
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_families(path)


def test_missing_files_and_alternatives_are_named(tmp_path):
    with pytest.raises(FileAccessError, match="Cannot read .*nothing.csv"):
        read_families(tmp_path / "nothing.csv")
    write_families(tmp_path / "f.csv", ["a"], ["x"])
    with pytest.raises(InputError, match=r"2 of 3 alternatives are not in the family file, first: 'b'"):
        read_families(tmp_path / "f.csv").labels(["a", "b", "c"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a"], ["x", "y"]), "one entry per alternative. Got 1, 2 and none"),
        ((["a", "a"], ["x", "y"]), "id 'a' appears in rows 2 and 3"),
        ((["a"], [""]), "row 2 has no family"),
        ((["a\ud800"], ["x"]), "lone surrogates"),
    ],
)
def test_what_cannot_be_written_leaves_the_old_file(tmp_path, arguments, message):
    path = tmp_path / "f.csv"
    write_families(path, ["old"], ["x"])
    with pytest.raises(InputError, match=message):
        write_families(path, *arguments)
    assert read_families(path).ids == ("old",)


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(FileAccessError):
        write_families(tmp_path / "f.csv", ["a"], ["x"])


def test_a_path_through_a_file_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileAccessError):
        write_families(tmp_path / "file" / "f.csv", ["a"], ["x"])
