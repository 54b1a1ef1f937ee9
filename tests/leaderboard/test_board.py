"""The table says what the fits say, at every option."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from cloneproof._core.errors import InputError, NoMaximumLikelihoodError, ParameterError
from cloneproof.leaderboard import (
    Board,
    control_columns,
    leave_out,
    make_board,
    merge_alternatives,
    parse_controls,
    tally,
)
from cloneproof.leaderboard.board import rank_of
from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry, to_rating
from tests.leaderboard.oracles_board import battles, conflict

REWARDS = [1.0, 0.4, 0.0, -0.5, -0.9]


def test_the_plain_table_is_the_fit():
    c = battles(REWARDS, 2000, 1, ties=0.1)
    board = make_board(c)
    bt = BradleyTerry(regularization=0).fit(c)
    np.testing.assert_allclose(board.plain.rating, to_rating(bt.rewards_), atol=1e-9)
    np.testing.assert_allclose(board.plain.interval, to_rating(bt.interval()), atol=1e-9)
    np.testing.assert_array_equal(board.plain.rank_interval, bt.rank_interval())
    assert board.plain.rank.tolist() == [1, 2, 3, 4, 5]
    assert board.n_comparisons.sum() == 2 * 2000
    assert board.weighted is None
    assert board.change is None
    assert board.settings["regularization"] == 0.0


def test_it_is_the_maximum_likelihood_of_scipy():
    from scipy.optimize import minimize

    c = battles(REWARDS, 500, 2)

    def loss(r):
        d = r[c.left] - r[c.right]
        return np.sum(np.logaddexp(0, -d) * c.outcome + np.logaddexp(0, d) * (1 - c.outcome)) + r.sum() ** 2

    oracle = minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-9}).x
    board = make_board(c)
    np.testing.assert_allclose(
        board.plain.rating, 1000 + 400 / np.log(10) * (oracle - oracle.mean()), atol=1e-3
    )


def test_where_there_is_no_maximum_a_ridge_is_used_and_told():
    c = Comparisons.from_arrays(["a", "a", "b"], ["b", "c", "c"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        board = make_board(c)
        assert board.settings["regularization"] == 0.01
        assert "no maximum" in board.settings["regularization_reason"]
        assert board.plain.rank.tolist() == [1, 2, 3]
        with pytest.raises(NoMaximumLikelihoodError):
            make_board(c, regularization=0.0)


def test_equal_weights_with_product_rows_are_the_plain_table():
    c = battles(REWARDS, 800, 3)
    board = make_board(c, alternative_weight=np.ones(5), rows="product")
    np.testing.assert_allclose(board.weighted.rating, board.plain.rating, atol=1e-6)
    assert (board.change == 0).all()


def test_balancing_alone_is_told():
    # a beats b in the one frequent pair; over pairs counted once, b is ahead
    left = [0] * 60 + [0, 0, 1, 1] * 3 + [2] * 4
    right = [1] * 60 + [2, 2, 2, 2] * 3 + [0, 1, 0, 1]
    outcome = [1.0] * 36 + [0.0] * 24 + [0, 0, 1, 1] * 3 + [0.0] * 4
    c = Comparisons.from_arrays(left, right, outcome, ids=np.array(["a", "b", "c"], dtype=object))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        board = make_board(c, alternative_weight=np.ones(3), regularization=0.01)
        plain = BradleyTerry(regularization=0.01).fit(c).rewards_
        equal = BradleyTerry(regularization=0.01).fit(c, np.ones(3)).rewards_
    told = int((rank_of(plain) != rank_of(equal)).sum())
    assert board.settings["rank_changes_by_balancing"] == told
    assert told > 0


def test_ranks_of_equals_and_anchors():
    assert rank_of(np.array([1.0, 3.0, 3.0, 0.0])).tolist() == [3, 1, 1, 4]
    c = battles(REWARDS, 2000, 4)
    free, held = make_board(c), make_board(c, anchors={"m2": 1200.0}, alternative_weight=[1, 1, 1, 1, 2])
    assert held.plain.rating[2] == pytest.approx(1200.0)
    assert held.weighted.rating[2] == pytest.approx(1200.0)
    np.testing.assert_allclose(np.diff(held.plain.rating), np.diff(free.plain.rating), atol=1e-6)


def test_a_covariate_takes_what_belongs_to_it():
    rng = np.random.default_rng(0)
    n = 6000
    left = rng.integers(0, 4, n)
    right = (left + rng.integers(1, 4, n)) % 4
    r, length = np.array([0.6, 0.2, -0.2, -0.6]), np.array([0.0, 0.0, 0.0, 1.5])
    x = length[left] - length[right] + rng.normal(0, 1, n)
    y = (rng.random(n) < 1 / (1 + np.exp(-(r[left] - r[right] + 0.8 * x)))).astype(float)
    c = Comparisons.from_arrays(left, right, y, ids=np.arange(4))
    board = make_board(c, covariates=x[:, None], covariate_names=["length"])
    effect, error = board.control["length"]
    root = np.sqrt(np.mean(x * x))
    assert abs(effect / root - 0.8) < 4 * error / root
    assert make_board(c).plain.rating[3] - board.plain.rating[3] > 50


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"regularization": "none"}, ParameterError),
        ({"level": 1.0}, ParameterError),
        ({"rows": "pairs"}, ParameterError),
        ({"alternative_weight": [1, 2]}, InputError),
        ({"families": ["x"]}, InputError),
        ({"covariates": np.arange(100.0)[:, None]}, ParameterError),
        ({"anchors": {"nobody": 1000.0}}, InputError),
    ],
)
def test_bad_options(options, error):
    with pytest.raises(error):
        make_board(battles(REWARDS, 100, 0), **options)


def test_tally_leaves_the_fit_as_it_was():
    c = battles(REWARDS, 900, 6, ties=0.2)
    t = tally(c)
    assert t.count.sum() == 900
    assert len(t) <= 30
    for ties in ("half", "davidson"):
        a, b = (BradleyTerry(regularization=0, ties=ties, tol=1e-12).fit(x).rewards_ for x in (c, t))
        np.testing.assert_allclose(a, b, atol=1e-9)


def test_pooling_and_leaving_out():
    c = conflict()
    pooled = merge_alternatives(c, np.array([0, 0, 1, 2]), np.array(["ab", "c", "d"], dtype=object))
    inside = ((c.left == 0) & (c.right == 1)) | ((c.left == 1) & (c.right == 0))
    assert len(pooled) == len(c) - inside.sum()
    rest, rows = leave_out(c, ["b"])
    assert rest.ids.tolist() == ["a", "c", "d"]
    np.testing.assert_array_equal(rest.outcome, c.outcome[rows])
    with pytest.raises(InputError, match="'z'"):
        leave_out(c, ["z"])
    with pytest.raises(InputError, match="no comparison"):
        leave_out(c, ["a", "b", "c"])


def test_controls_are_read_and_made():
    texts = ("response_a", "response_b")
    made = parse_controls(["length", "md=x,y", "lean"], texts=texts)
    table = control_columns(
        made,
        {
            "response_a": np.array(["abc", ""], dtype=object),
            "response_b": np.array(["a", ""], dtype=object),
            "x": np.array([3.0, 1.0]),
            "y": np.array([1.0, 1.0]),
            "lean": np.array([-1.0, 2.0]),
        },
    )
    np.testing.assert_allclose(table, [[0.5, 2.0, -1.0], [0.0, 0.0, 2.0]])
    for words in (["a=b,c,d"], ["=x"], ["x="], ["x=a,"], ["x=a", "x=b"], ["length"]):
        with pytest.raises(ParameterError):
            parse_controls(words)
    with pytest.raises(InputError, match="number in every row"):
        control_columns(parse_controls(["lean"]), {"lean": np.array([1.0, np.nan])})


def test_a_board_is_frozen():
    board = make_board(battles(REWARDS, 400, 0))
    assert isinstance(board, Board)
    with pytest.raises(AttributeError):
        board.ids = ()
