"""Kinds of files and frames, packed and plain, and what is said of damaged ones."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from pyarrow import feather

from cloneproof._core.errors import FileAccessError, InputError
from cloneproof.preferences import read_comparisons, read_with_report

ROWS = [
    {"prompt": 'p, "quoted"', "chosen": "line\nbreak", "rejected": "é 😀"},
    {"prompt": "q", "chosen": "2020-01-01", "rejected": "null"},
    {"prompt": "q", "chosen": "NA", "rejected": "007"},
]


def as_bytes(kind: str) -> bytes:
    table, buffer = pa.Table.from_pylist(ROWS), io.BytesIO()
    if kind == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()
    if kind == "json":
        return json.dumps(ROWS).encode()
    if kind in {"csv", "tsv"}:
        return pd.DataFrame(ROWS).to_csv(index=False, sep="," if kind == "csv" else "\t").encode()
    if kind == "parquet":
        pq.write_table(table, buffer)
    else:
        feather.write_feather(table, buffer, compression="uncompressed")
    return buffer.getvalue()


def packed(content: bytes, packing: str) -> bytes:
    return {"": lambda x: x, ".gz": gzip.compress, ".zst": zstandard.compress}[packing](content)


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "tsv", "parquet", "arrow"])
def test_every_kind_reads_alike(
    kind: str, packing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = packed(as_bytes(kind), packing)
    path = tmp_path / f"prefs.{kind}{packing}"
    path.write_bytes(content)
    unnamed = tmp_path / "prefs"
    unnamed.write_bytes(content)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    expected = read_comparisons(ROWS)
    assert expected.texts == ("line\nbreak", "é 😀", "2020-01-01", "null", "NA", "007")
    for source in (path, str(unnamed), "-"):
        reading = read_with_report(source)
        assert reading.comparisons.texts == expected.texts
        assert reading.comparisons.prompts == expected.prompts
        assert reading.comparisons.ids.tolist() == expected.ids.tolist()
    assert reading.report.sha256 is not None
    assert reading.report.source == "<stdin>"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_byte_order_marks_and_line_ends(kind: str, newline: str, tmp_path: Path) -> None:
    path = tmp_path / f"prefs.{kind}"
    lines = ["chosen,rejected", "a,b"] if kind == "csv" else ['{"chosen": "a", "rejected": "b"}', ""]
    path.write_bytes(b"\xef\xbb\xbf" + newline.join(lines).encode() + newline.encode())
    assert read_comparisons(path).texts == ("a", "b")


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.Table.from_pylist])
def test_frames(make: Any) -> None:
    assert read_comparisons(make(ROWS)).texts == read_comparisons(ROWS).texts


def test_frames_with_categories_missing_values_and_messages() -> None:
    frame = pd.DataFrame(
        {
            "model_a": pd.Categorical(["x", "y"], categories=["z", "y", "x"]),
            "model_b": ["y", "z"],
            "winner": ["tie", "model_a"],
            "turns": [1.0, np.nan],
        }
    )
    reading = read_with_report(frame, keep=["turns"])
    assert reading.comparisons.ids.tolist() == ["x", "y", "z"]
    assert np.isnan(reading.columns["turns"][1])
    chat = pd.DataFrame({"chosen": [[{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}]],
                         "rejected": [[{"role": "user", "content": "u"}, {"role": "assistant", "content": "b"}]]})  # fmt: skip
    for source in (chat, pl.from_pandas(chat), pa.Table.from_pandas(chat)):
        c = read_comparisons(source)
        assert (c.texts, c.prompts) == (("a", "b"), ("u", "u"))


def test_datasets_and_iterables() -> None:
    import datasets

    dataset = datasets.Dataset.from_list(ROWS)
    expected = read_comparisons(ROWS).texts
    assert read_comparisons(dataset).texts == expected
    assert read_comparisons(dataset.select([2, 0])).texts == (*expected[4:], *expected[:2])
    assert read_comparisons(dataset.to_iterable_dataset()).texts == expected
    assert read_comparisons(dict(row) for row in ROWS).texts == expected
    assert read_comparisons({k: [row[k] for row in ROWS] for k in ROWS[0]}).texts == expected
    with pytest.raises(InputError, match=r"Choose one split of 'train'"):
        read_comparisons(datasets.DatasetDict({"train": dataset}))


def test_dictionary_columns_of_several_chunks_share_their_codes() -> None:
    chunks = [pa.array(names).dictionary_encode() for names in (["x", "y"], ["y", None], ["z", "x"])]
    table = pa.table({"model_a": pa.chunked_array(chunks), "model_b": ["b"] * 6, "winner": ["tie"] * 6})
    with pytest.raises(InputError, match=r"1 of 6 comparisons .* no model name; first: row 3"):
        read_comparisons(table)
    c = read_comparisons(table.filter(pa.array([True, True, True, False, True, True])))
    assert [c.ids[k] for k in c.left] == ["x", "y", "y", "z", "x"]


GOOD = '{"chosen": "a", "rejected": "b"}\n'
BAD: dict[str, tuple[str, bytes, str]] = {
    "empty": ("p.jsonl", b"", "is empty"),
    "blank": ("p.csv", b" \n\n", "is empty"),
    "only a mark": ("p.csv", b"\xef\xbb\xbf", "is empty"),
    "header only": ("p.csv", b"chosen,rejected\n", "has no rows"),
    "no records": ("p.json", b"[]", "has no rows"),
    "json line": ("p.jsonl", (GOOD + '{"chosen": "a"\n').encode(), "line 2, is not JSON"),
    "json line after a blank": ("p.jsonl", (GOOD + "\n{oops}\n").encode(), "line 3, is not JSON"),
    "json list on a line": ("p.jsonl", (GOOD + "[1]\n").encode(), "line 2, must be a JSON object.*list"),
    "json number": ("p.json", b"17", "must hold a list of objects"),
    "json deep": ("p.jsonl", b'{"chosen":' + b"[" * 100_000, "line 1, is (nested too deeply|not JSON)"),
    "mixed types": (
        "p.jsonl",
        (GOOD + '{"chosen": 3, "rejected": "b"}\n').encode(),
        "'chosen' .* mixes types: row 0 holds text, row 1 holds a number",
    ),
    "half a character": ("p.jsonl", b'{"chosen": "\\ud800", "rejected": "b"}\n', "not valid Unicode"),
    "utf-8": ("p.csv", b"chosen,rejected\na,b\nc,\xff\n", "line 3 holds the byte 0xff"),
    "utf-16": ("p.csv", "chosen,rejected\na,b\n".encode("utf-16"), "looks like UTF-16"),
    "ragged": (
        "p.csv",
        b'chosen,rejected\n"a\nx",b\nc\nd,e,f\n',
        r"2 of 3 rows .* first: line 4 with 1 instead of 2",
    ),
    "duplicate header": ("p.csv", b"chosen,rejected,chosen\na,b,c\n", "names 'chosen' 2 times"),
    "semicolons": ("p.csv", b"chosen;rejected\na;b\n", "separated by ';'"),
    "missing value": ("p.csv", b"chosen,rejected\na,\n", "no answer text; first: row 0"),
    "columns": ("p.csv", b"chosen,b\n1,2\n", "shape of p.csv is not known.*'chosen', 'b'"),
    "gz cut": ("p.jsonl.gz", gzip.compress(GOOD.encode() * 999)[:-9], "cut off or damaged"),
    "gz damaged": ("p.jsonl.gz", gzip.compress(GOOD.encode())[:-8] + b"12345678", "cut off or damaged"),
    "zst cut": ("p.jsonl.zst", zstandard.compress(GOOD.encode() * 999)[:-9], "cut off or damaged"),
    "not gz": ("p.jsonl.gz", GOOD.encode(), "named like a compressed file"),
    "parquet cut": ("p.parquet", as_bytes("parquet")[:-40], "cannot be read as Parquet"),
    "parquet start": ("p.parquet", as_bytes("parquet")[:20], "cannot be read as Parquet"),
    "arrow cut": ("p.arrow", as_bytes("arrow")[:-40], "cannot be read as Arrow"),
    "named parquet": ("p.parquet", b"chosen,rejected\na,b\n", "cannot be read as Parquet"),
}


@pytest.mark.parametrize("case", BAD)
def test_damaged_files_are_explained_in_one_line(case: str, tmp_path: Path) -> None:
    name, content, match = BAD[case]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=match) as caught:
        read_comparisons(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(FileAccessError, match="Cannot read"):
            read_comparisons(path)


def test_frames_that_mix_types_or_nest_names() -> None:
    with pytest.raises(InputError, match="mixes types"):
        read_comparisons(pd.DataFrame({"chosen": ["a", 3], "rejected": ["b", "c"]}))
    with pytest.raises(InputError, match="one length"):
        read_comparisons({"chosen": ["a"], "rejected": []})
    with pytest.raises(InputError, match="'winner' must hold one value a row"):
        read_comparisons([{"model_a": "x", "model_b": "y", "winner": ["a"]}])
    with pytest.raises(InputError, match="row 1 is a int"):
        read_comparisons([ROWS[0], 3])
    with pytest.raises(InputError, match="must hold text or chat messages"):
        read_comparisons([{"chosen": {"a": 1}, "rejected": "b"}])
    twice = pd.DataFrame([["a", "b", "c"]], columns=["chosen", "rejected", "chosen"])
    with pytest.raises(InputError, match="chosen"):
        read_comparisons(twice)


def test_quoted_empty_fields_of_csv_are_empty_answers(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text('chosen,rejected\na,""\n', encoding="utf-8")
    assert read_comparisons(tmp_path / "p.csv").texts == ("a", "")
