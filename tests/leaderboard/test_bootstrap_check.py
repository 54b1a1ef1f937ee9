"""The bootstrap beside the sandwich: equal where the formula holds, by whatever is independent."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof._core.errors import InputError, UncertaintyWarning
from cloneproof.leaderboard import bootstrap_board, make_board
from cloneproof.preferences import Comparisons
from tests.leaderboard.oracles_board import battles


def repeated(times=9, n=240):
    one = battles([0.5, 0.2, -0.1, -0.6], n, 0)
    return Comparisons.from_arrays(
        np.repeat(one.left, times),
        np.repeat(one.right, times),
        np.repeat(one.outcome, times),
        annotator=np.repeat(np.arange(n), times),
        ids=one.ids,
    )


def test_rows_and_annotators():
    c = repeated()
    board = make_board(c)
    check = bootstrap_board(c, board, n_replicates=300)
    assert check.smallest > 0.85
    assert check.largest < 1.2
    assert check.median == pytest.approx(np.median(list(check.ratio.values())))
    by_row = bootstrap_board(c, board, clusters="row", n_replicates=300)
    assert by_row.median == pytest.approx(check.median / 3, rel=0.1)  # 9 equal rows, each taken as new
    rows = bootstrap_board(c, make_board(c, clusters="row"), clusters="row", n_replicates=300)
    assert 0.85 < rows.smallest <= rows.largest < 1.2
    by_column = bootstrap_board(c, board, clusters=c.annotator, n_replicates=300)
    assert by_column == check


def test_resamples_without_a_maximum_are_told():
    c = Comparisons.from_arrays(["a"] * 8 + ["b"] * 2 + ["c"] * 2, ["b"] * 7 + ["c", "a", "c", "a", "b"])
    with pytest.warns(UncertaintyWarning, match="fewer than 40"):
        board = make_board(c, clusters="row")
    check = bootstrap_board(c, board, n_replicates=30)
    assert "no finite maximum" in check.notes[0]


def test_what_it_does_not_refit_is_refused():
    c = repeated(1)
    with pytest.raises(InputError, match="ties as half wins"):
        bootstrap_board(c, make_board(c, anchors={"m0": 1000.0}))
