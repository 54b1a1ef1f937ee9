"""Clones are added as the docstring says: same rows, same outcomes, at the asked distance."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof._core.errors import InputError, ParameterError
from cloneproof.audit.injection import inject_clones, is_complete
from cloneproof.preferences import Comparisons


@pytest.fixture
def sparse() -> Comparisons:
    return Comparisons.from_arrays(
        [0, 2, 1, 0],
        [1, 3, 2, 1],
        outcome=[1, 0.5, 0.25, 0],
        count=[1, 2, 1, 3],
        annotator=["x", "y", "x", "z"],
        ids=["a", "b", "c", "d", "e"],
        texts=list("ABCDE"),
        prompts=["p"] * 5,
    )


def complete(m: int, seed: int = 0) -> Comparisons:
    rng = np.random.default_rng(seed)
    p = np.triu(rng.uniform(size=(m, m)), 1)
    return Comparisons.from_win_rates(p + np.tril(1 - p.T, -1))


def rows_of(c: Comparisons) -> set[tuple]:
    """Rows as (winner's share seen from the smaller id, ...), whatever the orientation."""
    found = set()
    for a, b, y, k in zip(
        c.left.tolist(), c.right.tolist(), c.outcome.tolist(), c.count.tolist(), strict=True
    ):
        found.add((str(c.ids[a]), str(c.ids[b]), y, k) if a < b else (str(c.ids[b]), str(c.ids[a]), 1 - y, k))
    return found


def test_every_row_of_a_target_is_repeated_for_each_clone(sparse):
    X = np.arange(10.0).reshape(5, 2)
    grown = inject_clones(sparse, X, targets=[1], copies=2)
    c = grown.comparisons
    assert c.ids.tolist() == ["a", "b", "c", "d", "e", "b (clone 1)", "b (clone 2)"]
    np.testing.assert_array_equal(grown.parent, [0, 1, 2, 3, 4, 1, 1])
    np.testing.assert_array_equal(grown.embeddings[5:], X[[1, 1]])
    assert c.texts[5:] == ("B", "B")
    assert c.n_comparisons == 4 + 3 * 2
    for k in (1, 2):
        clone = f"b (clone {k})"
        assert {("a", clone, 1.0, 1.0), ("a", clone, 0.0, 3.0), ("c", clone, 0.75, 1.0)} <= rows_of(c)
    assert sorted(c.annotator.tolist()) == sorted(["x", "y", "x", "z"] + 2 * ["x", "x", "z"])
    np.testing.assert_array_equal(c.left[:4], sparse.left)


def test_rows_with_two_targets_are_copied_as_pairs(sparse):
    grown = inject_clones(sparse, np.eye(5), targets=[2, 3], copies=3)
    c = grown.comparisons
    names = {(str(c.ids[a]), str(c.ids[b])) for a, b in zip(c.left, c.right, strict=True)}
    for k in (1, 2, 3):
        assert (f"c (clone {k})", f"d (clone {k})") in names
    assert ("c (clone 1)", "d (clone 2)") not in names
    # 4 rows; c has 2 of them and d 1, the shared row once more for each pair of clones
    assert c.n_comparisons == 4 + 3 * 2 + 3 * 1 + 3


@pytest.mark.parametrize("targets", [[0], [1, 3]])
@pytest.mark.parametrize("copies", [1, 4])
def test_a_complete_design_stays_complete(targets, copies):
    c = complete(5)
    grown = inject_clones(c, np.eye(5), targets=targets, copies=copies).comparisons
    m = 5 + len(targets) * copies
    assert is_complete(grown)
    assert grown.n_comparisons == m * (m - 1) // 2
    p = np.full((5, 5), 0.5)
    p[c.left, c.right] = c.outcome
    p[c.right, c.left] = 1 - c.outcome
    parent = np.concatenate([np.arange(5), np.repeat(targets, copies)])
    np.testing.assert_allclose(grown.outcome, p[parent[grown.left], parent[grown.right]])


def test_noise_is_the_distance_and_the_seed_decides_the_direction(sparse):
    X = np.random.default_rng(0).normal(size=(5, 7))
    grown = inject_clones(sparse, X, targets=[0, 4], copies=50, noise=0.2, random_state=1)
    again = inject_clones(sparse, X, targets=[0, 4], copies=50, noise=0.2, random_state=1)
    np.testing.assert_array_equal(grown.embeddings, again.embeddings)
    np.testing.assert_allclose(np.linalg.norm(grown.embeddings - X[grown.parent], axis=1)[5:], 0.2)
    assert len(np.unique(grown.embeddings, axis=0)) == 105
    assert grown.comparisons.n_comparisons == 4 + 50 * 2  # "e" is in no row


def test_bad_targets_and_options_are_refused(sparse):
    X = np.eye(5)
    for targets in ([5], [-1], [0, 0], []):
        with pytest.raises(InputError, match="targets must be different positions from 0 to 4"):
            inject_clones(sparse, X, targets=targets, copies=1)
    with pytest.raises(ParameterError, match="copies"):
        inject_clones(sparse, X, targets=[0], copies=0)
    with pytest.raises(ParameterError, match="noise"):
        inject_clones(sparse, X, targets=[0], copies=1, noise=-0.1)


def test_completeness():
    assert is_complete(complete(4))
    c = complete(4)
    assert not is_complete(c.select(np.arange(5)))
    assert not is_complete(c.select([0, 0, 1, 2, 3, 4]))
