"""What goes to trainers: the mean loss over rows is the weighted objective, in files that datasets loads."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from cloneproof._core.errors import FileAccessError, InputError, ParameterError
from cloneproof.export import (
    resampled_table,
    training_table,
    write_resampled,
    write_table,
    write_training,
)
from cloneproof.preferences import Comparisons, read_comparisons
from tests.strategies import comparisons


def small() -> Comparisons:
    return Comparisons.from_arrays(
        [0, 0, 1, 3], [1, 2, 2, 1], outcome=[1, 0.25, 0, 0.5], count=[1, 2, 1, 4],
        ids=["a", "b", "c", "d"], texts=["A", "B", "C", "D"], prompts=["p"] * 4,
    )  # fmt: skip


def test_soft_outcomes_are_two_rows_that_share_the_weight() -> None:
    table = training_table(small()).to_pydict()
    assert list(zip(table["chosen"], table["rejected"], table["row"], strict=True)) == [
        ("A", "B", 0), ("A", "C", 1), ("C", "A", 1), ("C", "B", 2), ("D", "B", 3), ("B", "D", 3)
    ]  # fmt: skip
    assert table["weight"] == pytest.approx(np.array([1, 0.5, 1.5, 1, 2, 2]) * 6 / 8)
    assert np.mean(table["weight"]) == pytest.approx(1.0)
    assert set(table["prompt"]) == {"p"}


@settings(max_examples=60, deadline=None)
@given(comparisons(with_texts=True))
def test_the_mean_loss_is_the_weighted_objective(c: Comparisons) -> None:
    """Double loop over comparisons and alternatives against the mean over written rows."""
    same = Comparisons.from_arrays(
        c.left,
        c.right,
        c.outcome,
        c.count,
        ids=c.ids,
        texts=[str(x) for x in c.ids],
        prompts=["p"] * c.n_alternatives,
    )
    rng = np.random.default_rng(len(c))
    omega, w = rng.random(len(c)) + 0.1, rng.random(c.n_alternatives)
    omega, w = omega / omega.sum(), w / w.sum()
    ridge = 0.3
    reward = dict(zip(same.texts or (), rng.normal(size=c.n_alternatives), strict=True))
    rows = training_table(
        same, comparison_weight=omega, alternative_weight=w, regularization=ridge
    ).to_pylist()

    def loss(won: str, lost: str) -> float:
        return float(np.log1p(np.exp(reward[lost] - reward[won])))

    mean = np.mean(
        [
            r["weight"] * loss(r["chosen"], r["rejected"])
            + r["l2_chosen"] * reward[r["chosen"]] ** 2
            + r["l2_rejected"] * reward[r["rejected"]] ** 2
            for r in rows
        ]
    )
    expected, named = 0.0, {x for r in rows for x in (r["chosen"], r["rejected"])}
    for k in range(len(c)):
        a, b = str(c.ids[c.left[k]]), str(c.ids[c.right[k]])
        expected += omega[k] * (c.outcome[k] * loss(a, b) + (1 - c.outcome[k]) * loss(b, a))
    for k, x in enumerate(c.ids):
        expected += ridge / 2 * w[k] * reward[x] ** 2 if x in named else 0.0
    assert mean == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("conversational", [False, True])
@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_datasets_loads_the_files_and_they_read_back(
    ending: str, conversational: bool, tmp_path: Path
) -> None:
    import datasets

    c = small()
    path = write_training(c, tmp_path / f"train.{ending}", regularization=0.1, conversational=conversational)
    load = datasets.Dataset.from_parquet if ending == "parquet" else datasets.Dataset.from_json
    loaded = load(str(path), cache_dir=str(tmp_path / "cache"))
    assert loaded.column_names == [
        "prompt",
        "chosen",
        "rejected",
        "weight",
        "l2_chosen",
        "l2_rejected",
        "row",
    ]
    assert len(loaded) == 6
    if conversational:
        assert loaded[0]["prompt"] == [{"role": "user", "content": "p"}]
        assert loaded[0]["chosen"] == [{"role": "assistant", "content": "A"}]
    for source in (path, loaded):
        back = read_comparisons(source, columns={"count": "weight"})
        assert back.texts == ("A", "B", "C", "D")
        assert back.prompts == ("p",) * 4
        for a in range(4):
            for b in range(4):
                assert won(back, a, b) == pytest.approx(won(c, a, b) * 6 / 8)


def won(c: Comparisons, a: int, b: int) -> float:
    """Weight of the judgments of a against b that a won."""
    forth, back = (c.left == a) & (c.right == b), (c.left == b) & (c.right == a)
    return float((c.count * c.outcome)[forth].sum() + (c.count * (1 - c.outcome))[back].sum())


def test_resampled_rows_repeat_by_weight() -> None:
    c = small()
    exact = training_table(c)
    expected = dict(
        zip(zip(exact["chosen"].to_pylist(), exact["rejected"].to_pylist(), strict=True),
            np.asarray(exact["weight"]) * 10 / 6, strict=True)
    )  # fmt: skip
    totals: Counter[tuple[str, str]] = Counter()
    for seed in range(300):
        rows = resampled_table(c, n_rows=10, random_state=seed).to_pylist()
        drawn = Counter((r["chosen"], r["rejected"]) for r in rows)
        assert len(rows) == 10
        assert set(rows[0]) == {"prompt", "chosen", "rejected"}
        for pair, e in expected.items():
            assert np.floor(e) <= drawn[pair] <= np.ceil(e)
        totals += drawn
    for pair, e in expected.items():  # fraction f of a count: standard error below 0.5 / sqrt(300)
        assert totals[pair] / 300 == pytest.approx(e, abs=4 * 0.5 / np.sqrt(300))
    assert resampled_table(c, random_state=1).equals(resampled_table(c, random_state=1))
    assert resampled_table(c, random_state=1).num_rows == c.n_comparisons
    big = [resampled_table(c, n_rows=50, random_state=k)["chosen"].to_pylist() for k in (1, 2)]
    assert big[0] != big[1]


def test_rows_of_no_weight_are_left_out() -> None:
    table = training_table(small(), comparison_weight=[1, 0, 0, 0])
    assert table["row"].to_pylist() == [0]
    assert table["weight"].to_pylist() == [1.0]
    rows = resampled_table(small(), comparison_weight=[1, 0, 0, 0], random_state=0)
    assert set(rows["chosen"].to_pylist()) == {"A"}


def test_dialogues_become_turns() -> None:
    said = "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:"
    c = read_comparisons([{"prompt": said, "chosen": "x", "rejected": "y"}])
    row = training_table(c, conversational=True).to_pylist()[0]
    assert [(m["role"], m["content"]) for m in row["prompt"]] == [
        ("user", "a"),
        ("assistant", "b"),
        ("user", "c"),
    ]
    plain = read_comparisons([{"prompt": "Explain\n\nHuman: factors", "chosen": "x", "rejected": "y"}])
    row = training_table(plain, conversational=True).to_pylist()[0]
    assert row["prompt"] == [{"role": "user", "content": "Explain\n\nHuman: factors"}]


def test_what_cannot_be_exported(tmp_path: Path) -> None:
    bare = Comparisons.from_arrays(["a"], ["b"])
    with pytest.raises(InputError, match="no texts"):
        training_table(bare)
    apart = Comparisons.from_arrays([0], [1], ids=["a", "b"], texts=["a", "b"], prompts=["p", "q"])
    with pytest.raises(InputError, match=r"1 of 1 rows .* different prompts"):
        training_table(apart)
    silent = Comparisons.from_arrays([0], [1], ids=["a", "b"], texts=["a", "b"])
    assert training_table(silent).column_names == ["chosen", "rejected", "weight", "row"]
    with pytest.raises(InputError, match="needs prompts"):
        training_table(silent, conversational=True)
    with pytest.raises(InputError, match=r"comparison_weight has shape \(2,\)"):
        training_table(silent, comparison_weight=[1, 2])
    with pytest.raises(ParameterError, match="needs regularization"):
        training_table(silent, alternative_weight=[1, 1])
    with pytest.raises(ParameterError, match="regularization must be"):
        training_table(silent, regularization=-1.0)
    with pytest.raises(ParameterError, match="n_rows must be"):
        write_resampled(silent, tmp_path / "x.csv", n_rows=0)
    with pytest.raises(ParameterError, match=r"must end in \.parquet"):
        write_training(silent, tmp_path / "x.xlsx")
    with pytest.raises(ParameterError, match="holds messages"):
        write_training(small(), tmp_path / "x.csv", conversational=True)
    (tmp_path / "folder").write_text("a file")
    with pytest.raises(FileAccessError, match="Cannot write"):
        write_training(silent, tmp_path / "folder" / "x.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_training(small(), tmp_path / "x.jsonl")
    before = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cloneproof.export.table_files._write_jsonl", full)
    with pytest.raises(FileAccessError, match="No space left"):
        write_table(training_table(small()), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["x.jsonl"]
