"""What each attack adds: copies of what it says, at the distance it says, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cloneproof._core.errors import ParameterError
from cloneproof.audit.suite import ATTACKS, CloneAttack, register_attack
from cloneproof.audit.suite.edits import edit_text


def apply(name, world, targets, copies=3):
    return ATTACKS[name].apply(world, np.array(targets), copies, np.random.default_rng(0))


ALL = [name for name in ATTACKS if name != "paraphrases"]


@pytest.mark.parametrize("kind", ["dense_world", "sparse_world"])
@pytest.mark.parametrize("name", ALL)
def test_originals_keep_their_rows_and_embeddings(name, kind, request):
    world = request.getfixturevalue(kind)
    grown = apply(name, world, [0, 3])
    c, m, n = grown.comparisons, world.n_alternatives, world.comparisons.n_comparisons
    np.testing.assert_array_equal(grown.embeddings[:m], world.embeddings)
    for column in ("left", "right", "outcome", "count"):
        np.testing.assert_array_equal(getattr(c, column)[:n], getattr(world.comparisons, column))
    assert c.n_alternatives == len(grown.embeddings) == len(grown.parent) > m
    new = np.concatenate([c.left[n:], c.right[n:]])
    assert set(range(m, c.n_alternatives)) <= set(new.tolist())  # every clone is compared
    assert (grown.parent[:m] == np.arange(m)).all()


@pytest.mark.parametrize(
    ("name", "distance"),
    [
        ("exact-copies", 0.0),
        ("noisy-copies", 0.5),
        ("duplicated-pairs", 0.5),
        ("one-sided", 0.5),
        ("over-sampled", 0.5),
    ],
)
def test_clones_lie_at_the_stated_distance(name, distance, sparse_world):
    grown = apply(name, sparse_world, [1, 5])
    m = sparse_world.n_alternatives
    moved = np.linalg.norm(grown.embeddings[m:] - grown.embeddings[grown.parent[m:]], axis=1)
    np.testing.assert_allclose(moved, distance * sparse_world.scale, atol=1e-12)


def test_copied_pairs_meet_nobody_else(dense_world):
    grown = apply("duplicated-pairs", dense_world, [2], copies=4)
    c, m, n = grown.comparisons, dense_world.n_alternatives, dense_world.comparisons.n_comparisons
    left, right = c.left[n:], c.right[n:]
    assert (left >= m).all()
    assert (right >= m).all()
    assert len(c) == n + 4
    parents = np.sort(np.column_stack([grown.parent[left], grown.parent[right]]), axis=1)
    assert len(np.unique(parents, axis=0)) == 1
    assert 2 in parents[0]


def test_one_sided_copies_meet_one_opponent(dense_world):
    grown = apply("one-sided", dense_world, [2], copies=4)
    c, m, n = grown.comparisons, dense_world.n_alternatives, dense_world.comparisons.n_comparisons
    ends = np.column_stack([c.left[n:], c.right[n:]])
    assert ((ends >= m).sum(axis=1) == 1).all()
    assert len(set(ends[ends < m].tolist())) == 1
    np.testing.assert_array_equal(np.sort(ends[ends >= m]), m + np.arange(4))


def test_outcomes_are_copied_with_their_sides(dense_world):
    """A clone's win rate against an opponent is its original's."""
    grown = apply("one-sided", dense_world, [7], copies=2)
    c, n = grown.comparisons, dense_world.comparisons.n_comparisons
    own = dense_world.comparisons
    for row in range(n, len(c)):
        a, b = grown.parent[c.left[row]], grown.parent[c.right[row]]
        (same,) = np.flatnonzero((own.left == a) & (own.right == b))
        assert c.outcome[row] == own.outcome[same]


def test_over_sampled_clones_count_five_times(sparse_world):
    n = sparse_world.comparisons.n_comparisons
    grown = apply("over-sampled", sparse_world, [0])
    assert (grown.comparisons.count[n:] == 5.0).all()
    assert (grown.comparisons.count[:n] == 1.0).all()


def test_edits_change_the_text_and_stay_near(sparse_world):
    grown = apply("copy-edits", sparse_world, [0, 4], copies=30)
    texts, m = grown.comparisons.texts, sparse_world.n_alternatives
    edited = texts[m : m + 30]
    assert edited[:10] == edited[20:30]  # twenty edits a text, repeated
    assert len(set(edited)) > 10
    np.testing.assert_allclose(grown.embeddings[m:], sparse_world.encode(texts[m:], ["?"] * 60), atol=1e-12)
    moved = np.linalg.norm(grown.embeddings[m:] - grown.embeddings[grown.parent[m:]], axis=1)
    others = np.linalg.norm(sparse_world.embeddings[1:] - sparse_world.embeddings[0], axis=1)
    assert np.median(moved) < 0.7 * np.median(others)


def test_an_edit_is_the_same_for_the_same_seed():
    text = "The bakery opens at six and sells good bread."
    one, other = (edit_text(text, np.random.default_rng(5)) for _ in range(2))
    assert one == other
    assert len({edit_text(text, np.random.default_rng(k)) for k in range(30)}) > 20
    for empty in ("", "a", "  "):  # nothing to edit is no error
        assert len(edit_text(empty, np.random.default_rng(0))) < 30


def test_paraphrases_are_used_in_turn(sparse_world):
    world = replace(sparse_world, paraphrases={3: ("loaf and brie", "stream"), 8: ("lantern",)})
    attack = ATTACKS["paraphrases"]
    assert attack.candidates(world).tolist() == [3, 8]
    grown = attack.apply(world, np.array([3]), 4, np.random.default_rng(0))
    clones = grown.embeddings[world.n_alternatives :]
    wanted = world.encode(["loaf and brie", "stream"], ["?", "?"])
    assert {tuple(x.round(9)) for x in clones} == {tuple(x.round(9)) for x in wanted}
    np.testing.assert_allclose(clones[:2], clones[2:])


def test_attacks_say_why_they_cannot_be_tried(dense_world):
    silent = replace(dense_world, encode=None)
    assert "encoded" in ATTACKS["copy-edits"].reason_against(silent)
    assert "--paraphrases" in ATTACKS["paraphrases"].reason_against(silent)
    assert ATTACKS["exact-copies"].reason_against(silent) is None


def test_the_registry_refuses_what_is_no_attack():
    class Nameless(CloneAttack):
        pass

    class Double(CloneAttack):
        name = "exact-copies"

        def apply(self, world, targets, copies, rng):
            raise NotImplementedError

    with pytest.raises(ParameterError, match="needs name"):
        register_attack(Nameless())
    with pytest.raises(ParameterError, match="already"):
        register_attack(Double())
    assert type(ATTACKS["exact-copies"]).__name__ == "NoisyCopies"
