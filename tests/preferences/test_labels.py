"""Labels of any library's columns are coded in the order of first appearance, left before right."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloneproof._core.errors import InputError
from cloneproof.preferences import Comparisons

FORMS = {
    "list": list,
    "tuple": tuple,
    "numpy objects": lambda x: np.array(x, dtype=object),
    "numpy strings": np.array,
    "pandas strings": lambda x: pd.Series(x, dtype="str"),
    "pandas objects": lambda x: pd.Series(x, dtype=object),
    "pandas categories": lambda x: pd.Series(pd.Categorical(x, categories=sorted({*x, "never used"}))),
    "pandas, other index": lambda x: pd.Series(x, index=np.arange(len(x))[::-1]),
    "polars": pl.Series,
    "polars categories": lambda x: pl.Series(x, dtype=pl.Categorical),
    "arrow": pa.array,
    "arrow chunks": lambda x: pa.chunked_array([x[:2], x[2:]], type=pa.string()),
    "arrow large": lambda x: pa.array(x, pa.large_string()),
    "arrow view": lambda x: pa.array(x, pa.string_view()),
    "arrow dictionary": lambda x: pa.array(x).dictionary_encode(),
    "arrow dictionary chunks": lambda x: pa.chunked_array(
        [pa.array(x[:1]).dictionary_encode(), pa.array(x[1:]).dictionary_encode()]
    ),
}


def slow(left, right):
    """First appearance by a Python dictionary, row by row."""
    codes = {}
    rows = [
        (codes.setdefault(a, len(codes)), codes.setdefault(b, len(codes)))
        for a, b in zip(left, right, strict=True)
    ]
    return list(codes), [a for a, _ in rows], [b for _, b in rows]


@pytest.mark.parametrize("one", FORMS)
@pytest.mark.parametrize("other", ["list", "pandas strings", "arrow dictionary"])
def test_every_kind_of_string_column(one, other):
    rng = np.random.default_rng(0)
    left = [f"é{k}" for k in rng.integers(0, 9, 40)]
    right = [f"ö{k}" if k % 3 else left[0] + "!" for k in rng.integers(0, 9, 40)]
    c = Comparisons.from_arrays(FORMS[one](left), FORMS[other](right), ids=None)
    ids, lefts, rights = slow(left, right)
    assert c.ids.tolist() == ids
    assert all(type(x) is str for x in c.ids)
    assert (c.left.tolist(), c.right.tolist()) == (lefts, rights)
    assert c.left.dtype == np.int32


@given(
    left=st.lists(st.integers(-(2**62), 2**62) | st.integers(-3, 20), min_size=1, max_size=60),
    shift=st.integers(1, 9),
)
def test_integers_in_narrow_and_wide_ranges(left, shift):
    right = [x + shift for x in left[::-1]]
    kept = [(a, b) for a, b in zip(left, right, strict=True) if a != b]
    if not kept:
        return
    left, right = zip(*kept, strict=True)
    c = Comparisons.from_arrays(np.array(left), np.array(right))
    assert (c.ids.tolist(), c.left.tolist(), c.right.tolist()) == slow(left, right)
    assert c.ids.dtype == np.int64


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint32, np.uint64])
def test_small_and_unsigned_integers(kind):
    left = np.array([100, 3, 120, 3], dtype=kind)
    right = np.array([3, 120, 100, 1], dtype=kind)
    c = Comparisons.from_arrays(left, right)
    assert c.ids.tolist() == [100, 3, 120, 1]
    assert (c.left.tolist(), c.right.tolist()) == ([0, 1, 2, 1], [1, 2, 0, 3])
    negative = Comparisons.from_arrays(np.array([-128, 127], np.int8), np.array([127, 5], np.int8))
    assert negative.ids.tolist() == [-128, 127, 5]


def test_many_rows_with_late_first_appearances():
    n = 50_000
    left = np.zeros(n, dtype=int)
    right = np.ones(n, dtype=int)
    left[30_000], right[45_000], right[n - 1] = 7, 5, 6
    c = Comparisons.from_arrays(left, right)
    assert c.ids.tolist() == [0, 1, 7, 5, 6]
    assert Comparisons.from_arrays(left.astype(str), right.astype(str)).ids.tolist() == [
        "0",
        "1",
        "7",
        "5",
        "6",
    ]


def test_mixed_types_and_odd_text_stay_as_they_are():
    assert Comparisons.from_arrays(["a", 1], [1, "b"]).ids.tolist() == ["a", 1, "b"]
    assert Comparisons.from_arrays(["\ud800"], ["a"]).ids.tolist() == ["\ud800", "a"]
    assert Comparisons.from_arrays([], []).n_alternatives == 0
    assert Comparisons.from_arrays([""], ["a"]).ids.tolist() == ["", "a"]


@pytest.mark.parametrize(
    "column",
    [
        ["a", None, "b"],
        ["a", float("nan"), "b"],
        pd.Series(["a", None, "b"]),
        pd.Series(pd.Categorical(["a", None, "b"])),
        pl.Series(["a", None, "b"]),
        pa.array(["a", None, "b"]),
        pa.array(["a", None, "b"]).dictionary_encode(),
        pa.DictionaryArray.from_arrays(pa.array([0, 1, 2]), pa.array(["a", None, "b"])),
        np.array([1.0, np.nan, 2.0]),
    ],
    ids=lambda x: type(x).__name__,
)
def test_missing_labels_are_named(column):
    with pytest.raises(InputError, match=r"left has 1 missing of 3 values, first: \S+ \(row 1\)"):
        Comparisons.from_arrays(column, ["x", "y", "z"])
    with pytest.raises(InputError, match="right has 1 missing"):
        Comparisons.from_arrays(["x", "y", "z"], column)


def test_lengths_and_self_comparisons():
    with pytest.raises(InputError, match="right has 2 rows but left has 1"):
        Comparisons.from_arrays(["a"], ["b", "c"])
    with pytest.raises(InputError, match="right has 2 rows but left has 1"):
        Comparisons.from_arrays([1], [2, 3])
    with pytest.raises(InputError, match=r"with itself, first: 'b' \(row 1\)"):
        Comparisons.from_arrays(["a", "b"], ["b", "b"])
    with pytest.raises(InputError, match=r"first: 9 \(row 1\)"):
        Comparisons.from_arrays([0, 9], [1, 0], ids=["a", "b"])
    with pytest.raises(
        InputError, match=r"outcome must be in \[0, 1\]; 1 of 2 rows are not, first: nan \(row 1\)"
    ):
        Comparisons.from_arrays([0, 1], [1, 0], [1, np.nan], ids=["a", "b"])
    for bad in (1.5, -0.1, np.inf):
        with pytest.raises(InputError, match=r"\(row 0\)"):
            Comparisons.from_arrays([0, 1], [1, 0], [bad, 1], ids=["a", "b"])
    with pytest.raises(InputError, match="count"):
        Comparisons.from_arrays([0, 1], [1, 0], count=[1, 0], ids=["a", "b"])


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.int64, np.uint16])
@pytest.mark.parametrize("bad", [-1, 3, 100])
def test_positions_outside_the_ids_are_refused(kind, bad):
    if bad < 0 and kind is np.uint16:
        return
    right = np.array([1, 2, bad], dtype=kind)
    with pytest.raises(InputError, match=rf"1 of 3 rows are outside, first: {bad} \(row 2\)"):
        Comparisons.from_arrays(np.array([0, 1, 0], dtype=kind), right, ids=["a", "b", "c"])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, -1e-300, 1.0 + 2**-52, 2.0])
def test_outcomes_outside_0_and_1_are_refused(bad):
    with pytest.raises(InputError, match=r"outcome must be in \[0, 1\]; 1 of 3 rows are not.*\(row 1\)"):
        Comparisons.from_arrays([0, 1, 0], [1, 0, 1], [0.5, bad, 1.0], ids=["a", "b"])


def test_every_number_from_0_to_1_is_an_outcome():
    fine = [0.0, -0.0, 1.0, 5e-324, 0.5, 1.0 - 2**-53]
    c = Comparisons.from_arrays([0] * 6, [1] * 6, fine, ids=["a", "b"])
    assert c.outcome.tolist() == fine
    every_second = np.repeat(fine, 2)[::2]
    assert Comparisons.from_arrays([0] * 6, [1] * 6, every_second, ids=["a", "b"]).outcome.tolist() == fine
