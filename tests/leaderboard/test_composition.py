"""Copies of a model: the plain table bends, the weighted one does not; luck is left untouched."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_array

from cloneproof._core.errors import InputError, ParameterError
from cloneproof.leaderboard import (
    add_copies,
    add_variants,
    attack_board,
    audit_composition,
    make_board,
    split_weight,
    weigh_by_families,
)
from cloneproof.leaderboard.tally import tally_with_places
from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry
from tests.leaderboard.oracles_board import battles, conflict


@pytest.mark.parametrize("rows", ["balanced", "product"])
@pytest.mark.parametrize("copies", [1, 10])
def test_copies_move_the_plain_table_only(rows, copies):
    moves = audit_composition(conflict(), [0.1, 0.2, 0.3, 0.4], copies=copies, rows=rows)
    plain = [x for x in moves if x.rule == "plain"]
    weighted = [x for x in moves if x.rule == "weighted"]
    assert len(plain) == len(weighted) == 4
    assert max(x.largest_move for x in plain) > 10
    assert max(x.largest_move for x in weighted) < 1e-6
    assert sum(x.flips for x in weighted) == 0


def test_one_refit_by_hand():
    c = conflict()
    (first, *_) = audit_composition(c, copies=3)
    rows = (c.left == 0) | (c.right == 0)
    parts = [(c.left, c.right, c.outcome)] + [
        (
            np.where(c.left == 0, 4 + k, c.left)[rows],
            np.where(c.right == 0, 4 + k, c.right)[rows],
            c.outcome[rows],
        )
        for k in range(3)
    ]
    left, right, outcome = (np.concatenate(x) for x in zip(*parts, strict=True))
    grown = Comparisons.from_arrays(left, right, outcome, ids=np.arange(7))
    change = (
        BradleyTerry(regularization=0, tol=1e-12).fit(grown).rewards_[:4]
        - BradleyTerry(regularization=0, tol=1e-12).fit(c).rewards_
    )
    change -= change.mean()
    assert first.largest_move == pytest.approx(400 / np.log(10) * np.abs(change).max(), abs=1e-6)
    assert first.moved == ["a", "b", "c", "d"][int(np.argmax(np.abs(change)))]


def test_flips_are_found():
    (moves) = audit_composition(conflict(), copies=20)
    assert sum(x.flips for x in moves) > 0
    flipped = next(x for x in moves if x.flips)
    above, below = flipped.flipped[0]
    board = make_board(conflict())
    assert board.plain.rank[board.ids.index(above)] < board.plain.rank[board.ids.index(below)]


def test_with_one_model_of_taste_copies_do_not_matter():
    """What the statement under every board says: a consistent table stays where it was."""
    r = np.array([0.9, 0.3, 0.0, -0.4, -0.8])
    c = Comparisons.from_win_rates(1 / (1 + np.exp(r[None, :] - r[:, None])))
    assert max(x.largest_move for x in audit_composition(c, copies=10)) < 1e-6


def test_copies_and_shares():
    c = conflict()
    grown = add_copies(c, 1, 2)
    assert grown.ids.tolist() == ["a", "b", "c", "d", "b (copy 1)", "b (copy 2)"]
    of_b = int(((c.left == 1) | (c.right == 1)).sum())
    assert len(grown) == len(c) + 2 * of_b
    w = split_weight([1, 2, 1, 1], 1, 3)
    np.testing.assert_allclose(w, [0.2, 0.1, 0.2, 0.2, 0.1, 0.1, 0.1])
    with pytest.raises(InputError, match="already holds"):
        add_copies(grown, 1, 1)
    with pytest.raises(ParameterError):
        add_copies(c, 1, 0)
    varied = add_variants(c, 1, 2, random_state=0)
    for k in (4, 5):
        rows = (varied.left == k) | (varied.right == k)
        assert varied.count[rows].sum() == of_b


def test_the_attack_tells_what_weights_do_not_fix():
    c = battles([0.8, 0.5, 0.0, -0.4, -0.9], 4000, 2)
    w = weigh_by_families(c.ids.tolist(), c.ids.tolist(), "themselves").weight
    found = attack_board(c, "m1", 27, w, n_repeats=30, random_state=0)
    assert {x.rule for x in found.moves} == {"plain", "weighted"}
    for rule in ("plain", "weighted"):
        assert found.best_gain[rule] == pytest.approx(found.expected_gain, rel=0.25)
    assert found.best_gain["weighted"] > 0.75 * found.best_gain["plain"]
    again = attack_board(c, "m1", 27, w, n_repeats=30, random_state=0)
    assert again == found
    with pytest.raises(InputError, match="Did you mean"):
        attack_board(c, "m11")


def test_whole_annotators_are_drawn_for_variants():
    """Annotators who always repeat themselves: luck is that of the few annotators, not of the many rows."""
    rng = np.random.default_rng(0)
    one = battles([0.4, 0.0, -0.4], 150, 3)
    times = 16
    repeated = Comparisons.from_arrays(
        np.repeat(one.left, times),
        np.repeat(one.right, times),
        np.repeat(one.outcome, times),
        annotator=np.repeat(np.arange(150), times),
        ids=one.ids,
    )
    plain = attack_board(one, "m0", 9, n_repeats=40, random_state=0)
    by_annotator = attack_board(repeated, "m0", 9, n_repeats=40, random_state=0)
    by_row = attack_board(repeated, "m0", 9, clusters="row", n_repeats=40, random_state=0)
    by_column = attack_board(repeated, "m0", 9, clusters=repeated.annotator, n_repeats=40, random_state=0)
    assert by_column == by_annotator
    assert by_annotator.expected_gain == pytest.approx(plain.expected_gain, rel=0.02)
    assert by_annotator.best_gain["plain"] == pytest.approx(plain.best_gain["plain"], rel=0.25)
    assert by_row.best_gain["plain"] == pytest.approx(plain.best_gain["plain"] / 4, rel=0.25)
    assert by_row.expected_gain == pytest.approx(plain.expected_gain / 4, rel=0.02)
    rows = (repeated.left == 0) | (repeated.right == 0)
    summed, place = tally_with_places(repeated)
    units = coo_array((np.ones(len(place)), (repeated.annotator, place)), shape=(150, len(summed))).tocsr()
    varied = add_variants(summed, 0, 1, units=units, random_state=rng)
    new = varied.count[(varied.left == 3) | (varied.right == 3)]
    assert new.sum() == rows.sum()
    assert (new % times == 0).all()
