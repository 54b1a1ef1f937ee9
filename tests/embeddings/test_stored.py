"""Embeddings made elsewhere: every kind of file, and everything that does not fit."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file

from cloneproof._core.errors import FileAccessError, InputError, ParameterError
from cloneproof.embeddings import (
    check_embeddings,
    embed,
    embed_with_encoder,
    read_embeddings,
    resolve_encoder,
)
from tests.embeddings.records import Record

X = np.arange(12, dtype=np.float32).reshape(4, 3)
RECORD = Record(None, ids=["a", "b", "c", "d"])


def lists(values, kind=None):
    return pa.array([row.tolist() for row in np.asarray(values)], type=kind)


def test_an_array_comes_back_as_it_is():
    np.testing.assert_array_equal(embed(RECORD, X), X)
    done = embed_with_encoder(RECORD, X.astype(np.float64).tolist())
    np.testing.assert_array_equal(done.embeddings, X)
    assert (done.name, done.scale, done.surface, done.fingerprint) == ("array", None, False, None)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int8, np.uint32, ">f4"])
def test_number_types_are_read(dtype, tmp_path):
    np.save(tmp_path / "x.npy", X.astype(dtype))
    found = embed(RECORD, tmp_path / "x.npy")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, X)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (X[:3], r"shape \(3, 3\) but there are 4 alternatives"),
        (X[0], r"shape \(3,\), expected \(4, n_dims\)"),
        (X[:, :0], r"at least one dimension"),
        (X[None], r"shape \(1, 4, 3\)"),
        (X.astype(complex), "dtype complex128"),
        (X > 2, "dtype bool"),
        (X.astype(str), "dtype <U"),
        ([[1.0], [2.0, 3.0]], "table of numbers"),
        (np.where(np.eye(4, 3) > 0, np.nan, X), r"3 of 4 rows are not, first: row 0 with nan"),
        (X * np.float64(1e38), r"finite in float32; .* first: row 1"),
    ],
)
def test_arrays_that_do_not_fit(bad, message):
    with pytest.raises(InputError, match=message):
        embed(RECORD, bad)


def test_pickled_arrays_are_never_opened(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    np.save(tmp_path / "x.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"cannot be read as \.npy"):
        read_embeddings(tmp_path / "x.npy")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("suffix", [".npy", ".safetensors", ".parquet"])
@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01\x00v", b"not such a file at all, but long enough"])
def test_broken_files(tmp_path, suffix, content):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"cannot be read as \."):
        read_embeddings(path)


@pytest.mark.parametrize("suffix", [".npy", ".safetensors", ".parquet"])
def test_absent_files(tmp_path, suffix):
    with pytest.raises(FileAccessError, match="no such file"):
        read_embeddings(tmp_path / f"x{suffix}")


def test_safetensors(tmp_path):
    path = tmp_path / "x.safetensors"
    save_file({"one": X}, path)
    np.testing.assert_array_equal(embed(RECORD, path), X)
    save_file({"one": X, "two": 2 * X}, path)
    np.testing.assert_array_equal(embed(RECORD, f"{path}:two"), 2 * X)
    with pytest.raises(InputError, match="2 tensors: 'one', 'two'"):
        embed(RECORD, path)


@pytest.mark.parametrize("kind", [None, pa.list_(pa.float32(), 3), pa.large_list(pa.float16())])
def test_parquet_columns_of_lists(tmp_path, kind):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"name": ["a", "b", "c", "d"], "v": lists(X, kind)}), path, row_group_size=2)
    np.testing.assert_array_equal(embed(RECORD, path), X)
    np.testing.assert_array_equal(embed(RECORD, f"{path}:v"), X)


def test_parquet_rows_keyed_by_id(tmp_path):
    path = tmp_path / "x.parquet"
    order = [2, 0, 3, 1]
    names = [RECORD.ids[i] for i in order]
    pq.write_table(pa.table({"name": [*names, "else"], "v": lists(np.vstack([X[order], X[:1]]))}), path)
    np.testing.assert_array_equal(embed(RECORD, f"{path}:v:name"), X)
    with pytest.raises(InputError, match=r"5, 3\) but there are 4"):
        embed(RECORD, f"{path}:v")
    with pytest.raises(InputError, match="no embedding for 1 of 5 alternatives, first: 'z'"):
        embed(Record(None, ids=["a", "b", "z", "c", "d"]), f"{path}::name")
    pq.write_table(pa.table({"name": ["a", "a"], "v": lists(X[:2])}), path)
    with pytest.raises(InputError, match="names id 'a' twice: rows 0 and 1"):
        embed(RECORD, f"{path}:v:name")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1.0, 2.0], [1.0]], r"1 of 2 differ from the first \(2\), first: 1 \(row 1\)"),
        ([[1.0, 2.0], None], r"1 of 2 rows empty, first: row 1"),
        ([[1.0, 2.0], [None, 1.0]], "1 missing numbers, first: row 1"),
        ([[], []], "at least one dimension"),
        ([["a"], ["b"]], "dtype"),
    ],
)
def test_parquet_columns_that_hold_no_table(tmp_path, rows, message):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"embedding": rows}), path)
    with pytest.raises(InputError, match=message):
        read_embeddings(path)


def test_parquet_columns_are_named(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": lists(X), "b": lists(X), "c": [1, 2, 3, 4]}), path)
    with pytest.raises(InputError, match=r"no column 'embedding' of vectors.*'a', 'b'"):
        read_embeddings(path)
    with pytest.raises(InputError, match="type int64, expected lists"):
        read_embeddings(path, column="c")
    with pytest.raises(InputError, match="no column 'id'"):
        read_embeddings(path, column="a", id_column="id", ids=[1])


def test_options_that_do_not_fit_the_file(tmp_path):
    with pytest.raises(ParameterError, match="ends in"):
        read_embeddings(tmp_path / "x.csv")
    with pytest.raises(ParameterError, match="no columns"):
        read_embeddings(tmp_path / "x.npy", column="a")
    with pytest.raises(ParameterError, match="id_column needs"):
        read_embeddings(tmp_path / "x.npy", id_column="a")


def test_the_array_given_is_not_changed():
    given = X.copy()
    given.flags.writeable = False
    np.testing.assert_array_equal(check_embeddings(given, 4), X)
    assert resolve_encoder(given).describe() == "array (embeddings given as an array)"
