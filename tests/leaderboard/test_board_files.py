"""Boards as files: back from JSON as they were, safe cells, differences, published tables."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from cloneproof._core.errors import FileAccessError, InputError
from cloneproof.leaderboard import (
    NOT_FIXED,
    board_from_dict,
    board_to_csv,
    board_to_dict,
    board_to_markdown,
    check_reference,
    diff_boards,
    make_board,
    read_board,
    read_reference,
)
from tests.leaderboard.oracles_board import battles

NAMES = ["=1+1", "a|b<script>", "c*d", "e_f\n[x](y)", "plain"]


@pytest.fixture
def board():
    c = battles([0.8, 0.4, 0.0, -0.4, -0.8], 800, 0, names=NAMES)
    return make_board(c, alternative_weight=[1, 1, 2, 3, 1], families=["f", "f", "g", "h", "i"])


def test_json_round_trip(board):
    again = board_from_dict(json.loads(json.dumps(board_to_dict(board))))
    assert board_to_dict(again) == board_to_dict(board)
    assert NOT_FIXED in board_to_dict(board)["statement"]


def test_markdown_is_one_table_and_the_statement(board):
    text = board_to_markdown(board)
    rows = [x for x in text.splitlines() if x.startswith("|")]
    assert len(rows) == 2 + 5
    pipes = {row.replace("\\|", "").count("|") for row in rows}
    assert len(pipes) == 1
    assert "<script>" not in text
    assert NOT_FIXED in text


def test_csv_reads_back_and_runs_nothing(board):
    rows = list(csv.DictReader(io.StringIO(board_to_csv(board))))
    assert {row["model"] for row in rows} >= {"'=1+1", "plain"}
    assert [float(row["rating"]) for row in rows] == sorted(board.plain.rating, reverse=True)
    assert not any(row["model"].startswith("=") for row in rows)


def test_a_lone_carriage_return_in_a_name_ends_no_row():
    names = ["a\r=1+1", "b", "c"]
    board = make_board(battles([0.5, 0.0, -0.5], 300, 0, names=names))
    text = board_to_csv(board)
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {row["model"] for row in rows} == set(names)
    assert '"a\r=1+1"' in text


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        '{"kind": "cloneproof board 1"}',
        '{"kind": "cloneproof board 1", "alternatives": [{}]}',
    ],
)
def test_what_is_no_board(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(InputError):
        read_board(path)
    with pytest.raises(FileAccessError):
        read_board(tmp_path / "none.json")


def test_difference_of_two_boards():
    old = make_board(battles([0.8, 0.4, 0.0], 600, 0))
    new = make_board(battles([0.8, 0.4, 0.0, 1.5], 900, 1), regularization=0.02)
    found = diff_boards(old, new)
    assert found.added == ("m3",)
    assert found.removed == ()
    assert {x.model for x in found.moves} == {"m0", "m1", "m2"}
    assert found.settings["regularization"] == (0.0, 0.02)
    first = next(x for x in found.moves if x.model == "m0")
    assert first.rank_change == first.old_rank - first.new_rank == -1
    assert found.largest_change == pytest.approx(max(abs(x.new_rating - x.old_rating) for x in found.moves))
    assert found.largest_change_shifted <= found.largest_change
    with pytest.raises(InputError, match="no alternative"):
        diff_boards(old, make_board(battles([0.0, 0.1], 50, 0, names=["x", "y"])))


def test_a_published_table(tmp_path, board):
    path = tmp_path / "published.csv"
    lines = [f'"{name}",{float(r) + 7.0!r}' for name, r in zip(board.ids, board.plain.rating, strict=True)]
    path.write_text("Model,Elo\n" + "\n".join(lines) + "\nother,1\n")
    found = check_reference(board, read_reference(path))
    assert found.n_shared == 5
    assert found.largest_difference == pytest.approx(7.0)
    assert found.largest_difference_shifted < 1e-9
    assert found.shift == pytest.approx(-7.0)
    assert found.rank_differences == 0
    assert found.missing == ("other",)


@pytest.mark.parametrize(
    "content", ["model,x\na,1\n", "model,elo\na,\n", "model,elo\na,1\na,2\n", "model,elo\na,high\n"]
)
def test_bad_published_tables(tmp_path, content):
    path = tmp_path / "published.csv"
    path.write_text(content)
    with pytest.raises(InputError):
        read_reference(path)


def test_nothing_shared(board):
    with pytest.raises(InputError, match="none of 1"):
        check_reference(board, {"nobody": 1.0})


def test_ranks_that_differ_are_counted(board):
    swapped = dict(zip(board.ids, board.plain.rating[[1, 0, 2, 3, 4]], strict=True))
    assert check_reference(board, swapped).rank_differences == 2
    assert np.isfinite(check_reference(board, swapped).largest_difference)
