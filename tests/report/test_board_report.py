"""The leaderboard's page: what it says, and that names from data stay text."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest

from cloneproof._core.errors import ParameterError
from cloneproof.leaderboard import (
    NOT_FIXED,
    attack_board,
    audit_composition,
    audit_families,
    audit_neighbours,
    check_reference,
    make_board,
)
from cloneproof.preferences import Comparisons
from cloneproof.report import make_board_sections, write_board_report
from cloneproof.report.board_charts import chart_of_ratings, slope_of_ranks

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def arena():
    rng = np.random.default_rng(0)
    left = rng.integers(0, 5, 1500)
    right = (left + rng.integers(1, 5, 1500)) % 5
    rates = rng.uniform(0.2, 0.8, (5, 5))
    ids = np.array([EVIL, "b", "c", "d", "e" * 300], dtype=object)
    return Comparisons.from_arrays(left, right, rng.random(1500) < rates[left, right], ids=ids)


def test_the_whole_page(arena, tmp_path):
    weight = [0.05, 0.05, 0.3, 0.3, 0.3]
    board = make_board(arena, alternative_weight=weight, families=["f", "f", "c", "d", "e"])
    path = write_board_report(
        board,
        tmp_path / "report.html",
        drop_k=audit_neighbours(arena),
        families=audit_families(arena, board),
        composition=audit_composition(arena, weight),
        attack=attack_board(arena, "b", 3, weight, n_repeats=2),
        caveats=["A caveat of this run."],
    )
    html = path.read_text(encoding="utf-8")
    assert EVIL not in html
    assert "&lt;script&gt;alert(1)" in html
    assert NOT_FIXED in html
    assert "A caveat of this run." in html
    for title in ("Ranks, plain and clone-robust", "The table", "Thin leads", "Families as one submitter"):
        assert title in html
    assert "Attack: b submitted 3 more times" in html
    assert "Families that share votes" in html
    assert f"{EVIL}, b".replace("<", "&lt;").replace(">", "&gt;") in html or "b, &lt;script&gt;" in html
    assert "fewer, well chosen" in html


def test_a_plain_board_has_no_slope(arena):
    board = make_board(arena)
    assert [section.id for section in make_board_sections(board)] == ["findings", "ratings", "table"]
    with pytest.raises(ParameterError, match="needs a board with weights"):
        slope_of_ranks(board)


def test_the_slope_draws_the_first_of_either_order(arena):
    board = make_board(arena, alternative_weight=[0.05, 0.05, 0.3, 0.3, 0.3])
    assert str(slope_of_ranks(board)).count("<line") == 5
    few = str(slope_of_ranks(board, up_to=1)).count("<line")
    assert few in (1, 2)


@pytest.mark.parametrize("weight", [None, [0.05, 0.05, 0.3, 0.3, 0.3]])
def test_ratings_stand_inside_their_intervals(arena, weight):
    board = make_board(arena, alternative_weight=weight)
    root = ET.fromstring(str(chart_of_ratings(board)))
    whiskers = [x for x in root.iter("line") if "whisker" in x.get("class")]
    dots = list(root.iter("circle"))
    assert len(whiskers) == len(dots) == (5 if weight is None else 10)
    for whisker, dot in zip(whiskers, dots, strict=True):
        assert float(whisker.get("x1")) < float(dot.get("cx")) < float(whisker.get("x2"))
    plain = [float(x.get("cx")) for x in dots if x.get("class").endswith("s0")]
    assert plain == sorted(plain, reverse=True)  # the best above, ratings grow to the right
    assert str(chart_of_ratings(board, up_to=2)).count("<circle") == (2 if weight is None else 4)


def test_a_published_table_is_told(arena):
    board = make_board(arena)
    reference = {
        name: rating + 7 for name, rating in zip(board.ids, board.plain.rating.tolist(), strict=True)
    }
    sections = make_board_sections(board, reference=check_reference(board, reference))
    assert "after a common shift" in str(sections[0].body)
