"""The one-pass scan of plain tables: what Arrow reads, or nothing."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloneproof._core.errors import InputError
from cloneproof.preferences import read_comparisons, read_with_report
from cloneproof.preferences.readers import decode, plain_csv
from cloneproof.preferences.readers.battles import read_battles
from cloneproof.preferences.readers.options import ReaderOptions
from cloneproof.preferences.readers.plain_csv import read_plain_csv
from cloneproof.preferences.readers.records import table_source

fields = st.one_of(
    st.sampled_from(["", "a", "model-000001", "12345678", "1234567", "123456789", "é", "日本語", "x" * 30]),
    st.text(st.characters(exclude_characters='"\r\n,\t', codec="utf-8"), max_size=20),
)
tables = st.integers(2, 4).flatmap(
    lambda n: st.lists(st.lists(fields, min_size=n, max_size=n), min_size=1, max_size=30)
)


def as_csv(rows, delimiter=","):
    header = [f"column {k}" for k in range(len(rows[0]))]
    return "".join(delimiter.join(row) + "\n" for row in [header, *rows])


@given(rows=tables, delimiter=st.sampled_from([",", "\t"]), ended=st.booleans())
@settings(max_examples=150, deadline=None)
def test_every_field_comes_back(rows, delimiter, ended):
    text = as_csv(rows, delimiter)
    if not ended and rows[-1][-1] != "":
        text = text[:-1]
    found = read_plain_csv(text.encode(), delimiter)
    for k, name in enumerate(found.column_names):
        column = found[name].combine_chunks()
        want = [row[k] or None for row in rows]
        assert column.to_pylist() == want
        kept = [x for x in want if x is not None]
        assert column.dictionary.to_pylist() == list(dict.fromkeys(kept))


def test_empty_lines_are_no_rows():
    found = read_plain_csv(b"a,b\n\n1,2\n\n\n3,4\n\n", ",")
    assert found.to_pydict() == {"a": ["1", "3"], "b": ["2", "4"]}


@pytest.mark.parametrize(
    "text",
    [
        b'a,b\n"1",2\n',
        b"a,b\r\n1,2\r\n",
        b"a,b\n1,2,3\n",
        b"a,b\n1\n",
        b"a,b\n1,2\n3",
        b"a\n1\n",
        b"a,a\n1,2\n",
        b"a,\n1,2\n",
        b"\na,b\n1,2\n",
        b"a,b",
    ],
)
def test_what_is_not_plain_is_left_alone(text):
    assert read_plain_csv(text, ",") is None


def test_a_header_alone_has_no_rows():
    assert read_plain_csv(b"a,b\n", ",").num_rows == 0


def test_too_many_distinct_values_are_left_alone(monkeypatch):
    text = "a,b\n" + "".join(f"{k},x\n" for k in range(1000))
    assert read_plain_csv(text.encode(), ",").num_rows == 1000
    monkeypatch.setattr(plain_csv, "MOST_DISTINCT", 512)
    assert read_plain_csv(text.encode(), ",") is None
    monkeypatch.undo()
    monkeypatch.setattr(plain_csv, "_POOL", 100)
    assert read_plain_csv(text.encode(), ",") is None


def test_equal_hashes_are_told_apart(monkeypatch):
    """Two slots for everything: every probe meets other values first."""
    monkeypatch.setattr(plain_csv, "MOST_DISTINCT", 16)
    rows = [[f"value {k % 15}", "y"] for k in range(200)]
    found = read_plain_csv(as_csv(rows).encode(), ",")
    assert found["column 0"].to_pylist() == [row[0] for row in rows]


def battles(n, rng):
    names = [f"model {k}" for k in range(9)]
    rows = []
    for _ in range(n):
        a, b = rng.choice(9, 2, replace=False)
        rows.append([names[a], names[b], rng.choice(["model_a", "model_b", "tie", "both_bad"])])
    return rows


def test_both_roads_give_the_same_comparisons(monkeypatch, tmp_path):
    rows = battles(400, np.random.default_rng(0))
    path = tmp_path / "battles.csv"
    path.write_text("model_a,model_b,winner\n" + "".join(",".join(row) + "\n" for row in rows))
    slow = read_with_report(path)
    monkeypatch.setattr(decode, "WORTH_FROM", 1)
    fast = read_with_report(path)
    assert fast.report == slow.report
    for name in ("left", "right", "outcome", "ids"):
        np.testing.assert_array_equal(getattr(fast.comparisons, name), getattr(slow.comparisons, name))
    assert fast.comparisons.ids.tolist()[:2] == rows[0][:2]
    np.testing.assert_array_equal(read_comparisons(path).left, slow.comparisons.left)


def test_the_short_road_is_taken_for_battles_only(tmp_path):
    columns = {"model_a": ["x", "y"], "model_b": ["z", "x"], "winner": ["tie", "model_a"]}
    options = ReaderOptions()

    def battles_of(more=None, options=options):
        table = pa.table(columns | (more or {}))
        coded = pa.table({k: table[k].dictionary_encode() for k in table.column_names})
        return read_battles(table_source(coded, "t", "Arrow table"), options)

    found = battles_of()
    assert found.labels == {"tie": 1, "model_a": 1}
    assert found.comparisons.ids.tolist() == ["x", "z", "y"]
    assert battles_of({"some_column": ["1", "2"]}) is not None
    assert battles_of({"annotator": ["ann", "bob"]}) is None
    assert battles_of({"winner": ["tie", "sad"]}) is None
    assert battles_of({"winner": ["tie", None]}) is None
    assert battles_of({"winner": ["1", "0"]}) is None
    assert battles_of({"model_b": ["x", "x"]}) is None  # a model with itself: dropped with a warning
    assert battles_of(options=ReaderOptions(outcomes={"tie": 0.25})).comparisons.outcome.tolist() == [
        0.25,
        1.0,
    ]


def test_numbers_annotators_and_errors_on_the_fast_road(monkeypatch, tmp_path):
    path = tmp_path / "battles.csv"
    lines = [f"x{k % 3},x{k % 3 + 1},{k % 2},judge {k % 5}" for k in range(60)]
    path.write_text("left,right,outcome,annotator\n" + "\n".join(lines) + "\n")
    slow = read_comparisons(path)
    monkeypatch.setattr(decode, "WORTH_FROM", 1)
    fast = read_comparisons(path)
    np.testing.assert_array_equal(fast.outcome, slow.outcome)
    np.testing.assert_array_equal(fast.annotator, slow.annotator)
    path.write_text("model_a,model_b,winner\nx,y,model_a\nx,y,both sad\n")
    with pytest.raises(InputError, match="both sad.*row 1"):
        read_comparisons(path)
    path.write_text("model_a,model_b,winner\nx,,model_a\nx,y,tie\n")
    with pytest.raises(InputError, match="no model name; first: row 0"):
        read_comparisons(path)
    path.write_text("model_a,model_b,winner\nx,y,model_a\nx,y\n")
    with pytest.raises(InputError, match="another number of fields"):
        read_comparisons(path)


def test_dictionary_columns_keep_their_values():
    table = pa.table({"model_a": ["x", "y"], "model_b": ["z", "x"], "winner": ["tie", "model_a"]})
    coded = pa.table({name: table[name].dictionary_encode() for name in table.column_names})
    for name in ("left", "right", "outcome", "ids"):
        np.testing.assert_array_equal(
            getattr(read_comparisons(coded), name), getattr(read_comparisons(table), name)
        )
