"""Worlds: what is held out, what is sampled, and simulated tastes."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof._core.errors import FileAccessError, InputError
from cloneproof.audit.suite import make_world, read_paraphrases, simulated_world
from cloneproof.preferences import Comparisons


def pairs(n: int, rows_a_pair: int = 1):
    left = np.repeat(np.arange(n), rows_a_pair)
    c = Comparisons.from_arrays(left, n + left, ids=np.arange(2 * n))
    return c, np.random.default_rng(0).normal(size=(2 * n, 3))


def test_all_rows_of_a_pair_are_held_out_together():
    c, X = pairs(50, rows_a_pair=3)
    world = make_world("x", c, X, shrinkage=0.1, hold_out=0.2)
    assert world.test.n_comparisons == 30
    assert world.comparisons.n_comparisons == 120
    train = {
        tuple(x)
        for x in world.comparisons.ids[np.column_stack([world.comparisons.left, world.comparisons.right])]
    }
    test = {tuple(x) for x in world.test.ids[np.column_stack([world.test.left, world.test.right])]}
    assert not train & test
    place = {int(x): i for i, x in enumerate(c.ids)}
    np.testing.assert_array_equal(world.embeddings, X[[place[int(x)] for x in world.comparisons.ids]])
    np.testing.assert_array_equal(world.test_embeddings, X[[place[int(x)] for x in world.test.ids]])


def test_the_limit_holds_and_few_pairs_hold_out_none():
    c, X = pairs(50)
    world = make_world("x", c, X, limit=40, shrinkage=0.1)
    assert world.n_alternatives == 40
    assert world.test.n_comparisons == 30  # what the limit leaves out
    assert not set(world.comparisons.ids.tolist()) & set(world.test.ids.tolist())
    assert make_world("x", c, X, limit=90, shrinkage=0.1).test.n_comparisons == 9  # too few are left out
    assert make_world("x", c, X, limit=40, shrinkage=0.1, hold_out=0.0).test is None
    assert make_world("x", *pairs(12), shrinkage=0.1).test is None


def test_dense_data_is_tested_on_its_own_alternatives():
    m = 16
    left, right = np.triu_indices(m, 1)
    c = Comparisons.from_arrays(left, right, ids=np.arange(m))
    world = make_world("x", c, np.eye(m), scale=0.5)
    assert world.reward == "tabular"
    assert world.test_embeddings is None
    assert world.test.n_alternatives == world.n_alternatives


def test_two_alternatives_are_too_few():
    c = Comparisons.from_arrays([0], [1], ids=[0, 1])
    with pytest.raises(InputError, match="at least 3"):
        make_world("x", c, np.eye(2), scale=0.5)
    with pytest.raises(InputError, match="shape"):
        make_world("x", c, np.eye(3), scale=0.5)


@pytest.mark.parametrize("name", ["paris", "population"])
def test_simulated_worlds(name):
    world = simulated_world(name, per_topic=6)
    assert world.n_alternatives == 18
    assert world.comparisons.n_comparisons == 18 * 17 // 2
    outcome = world.comparisons.outcome
    assert ((outcome > 0) & (outcome < 1)).all()
    assert len(np.unique(outcome)) > 100  # no two texts tie
    assert sorted(world.paraphrases) == list(range(6))
    again, other = simulated_world(name, per_topic=6), simulated_world(name, per_topic=6, random_state=1)
    assert world.key() == again.key() != other.key()


def test_paraphrases_are_read(tmp_path):
    rows = [("a <b>", "one"), ("a <b>", "two"), ("c", "three, with a comma")]
    csv, jsonl = tmp_path / "p.csv", tmp_path / "p.jsonl"
    csv.write_text("text,paraphrase\n" + "".join(f'"{a}","{b}"\n' for a, b in rows))
    jsonl.write_text("".join(f'{{"text": "{a}", "paraphrase": "{b}"}}\n' for a, b in rows))
    wanted = {"a <b>": ("one", "two"), "c": ("three, with a comma",)}
    assert read_paraphrases(csv) == read_paraphrases(jsonl) == wanted


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("text,other\na,b\n", InputError, "columns text and paraphrase"),
        ("text,paraphrase\na,\n", InputError, "row 0"),
        ("text,paraphrase\n", InputError, "no rows"),
    ],
)
def test_bad_paraphrase_files_say_what_is_wrong(tmp_path, content, error, message):
    path = tmp_path / "p.csv"
    path.write_text(content)
    with pytest.raises(error, match=message):
        read_paraphrases(path)
    with pytest.raises(FileAccessError, match="Cannot read"):
        read_paraphrases(tmp_path / "absent.csv")
    (tmp_path / "x.jsonl").write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        read_paraphrases(tmp_path / "x.jsonl")
