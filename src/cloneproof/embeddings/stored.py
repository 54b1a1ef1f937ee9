"""Embeddings made elsewhere: arrays and files, checked against the alternatives."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from cloneproof._core.errors import FileAccessError, InputError, ParameterError
from cloneproof._core.extras import require
from cloneproof.embeddings.encoder import EmbeddingArray

__all__ = ["FILE_SUFFIXES", "check_embeddings", "read_embeddings"]

FILE_SUFFIXES = (".npy", ".safetensors", ".parquet")


def check_embeddings(values: Any, n: int | None = None, *, name: str = "embeddings") -> EmbeddingArray:
    """Return an array of embeddings as finite float32 of shape (n, n_dims).

    Parameters
    ----------
    values : array-like of shape (n_alternatives, n_dims)
        Numbers; used as they are, neither centred nor scaled to unit length.
    n : int, default=None
        How many rows there must be. None: any number.
    name : str
        What the message calls the array.

    Raises
    ------
    InputError
        If it is not a table of numbers, has another number of rows or no columns, or holds values
        that are not finite in float32 (count and first row).
    """
    try:
        array = np.asarray(values)
    except (ValueError, TypeError) as error:
        raise InputError(f"{name} must be a table of numbers, one row per alternative: {error}.") from error
    if array.dtype.kind not in "fiu":
        raise InputError(
            f"{name} has dtype {array.dtype}, expected numbers (float16, float32, float64 or integers), "
            f"one row per alternative."
        )
    if array.ndim != 2 or array.shape[1] == 0:
        expected = "n_alternatives" if n is None else f"{n:,}"
        raise InputError(
            f"{name} has shape {array.shape}, expected ({expected}, n_dims) with at least one dimension."
        )
    if n is not None and len(array) != n:
        raise InputError(
            f"{name} has shape {array.shape} but there are {n:,} alternatives. Give one row per "
            f"alternative, in the order of ids."
        )
    with np.errstate(over="ignore"):
        single = np.ascontiguousarray(array, dtype=np.float32)
    bad = ~np.isfinite(single).all(axis=1)
    if bad.any():
        first = int(np.argmax(bad))
        value = array[first][~np.isfinite(single[first])][0]
        raise InputError(
            f"{name} must be finite in float32; {int(bad.sum()):,} of {len(array):,} rows are not, "
            f"first: row {first} with {value}."
        )
    return single


def read_embeddings(
    path: str | os.PathLike[str],
    *,
    column: str | None = None,
    id_column: str | None = None,
    ids: Sequence[Any] | None = None,
    n: int | None = None,
) -> EmbeddingArray:
    """Read embeddings from a .npy, .safetensors or .parquet file; nothing is ever unpickled.

    Parameters
    ----------
    path : path-like
        The file.
    column : str, default=None
        Parquet: the column of lists (default ``embedding``, or the only column of lists).
        Safetensors: the tensor (default: the only one).
    id_column : str, default=None
        Parquet: the column that names each row; rows are then put in the order of `ids`, and rows of
        other ids are left out. None: the file has one row per alternative, in the order of `ids`.
    ids : sequence of length n_alternatives, default=None
        Names of the alternatives; compared as text.
    n : int, default=None
        How many alternatives there are.

    Returns
    -------
    embeddings : float32 ndarray of shape (n_alternatives, n_dims)
        As they are in the file: neither centred nor scaled.

    Raises
    ------
    FileAccessError
        If the file cannot be opened.
    InputError
        If it cannot be read as such a file, or does not fit the alternatives.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in FILE_SUFFIXES:
        raise ParameterError(f"A file of embeddings ends in {', '.join(FILE_SUFFIXES)}. Got {str(path)!r}.")
    if column is not None and suffix == ".npy":
        raise ParameterError(f"A .npy file has no columns. Got column {column!r} for {path}.")
    if id_column is not None and suffix != ".parquet":
        raise ParameterError(f"id_column needs a .parquet file. Got {path}.")
    if not path.is_file():
        raise FileAccessError(f"Cannot read {path}: there is no such file.")
    try:
        if suffix == ".npy":
            values = np.load(path, allow_pickle=False)
        elif suffix == ".safetensors":
            values = _read_safetensors(path, column)
        else:
            values = _read_parquet(path, column, id_column, ids)
    except (InputError, ParameterError):
        raise
    except OSError as error:
        if error.errno is None:  # the format's own complaint: pyarrow derives it from OSError
            raise InputError(f"{path} cannot be read as {suffix}: {error}.") from error
        raise FileAccessError(f"Cannot read {path}: {error.strerror or error}.") from error
    except (ValueError, EOFError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read as {suffix}: {error}") from error
    return check_embeddings(values, n, name=str(path))


def _read_safetensors(path: Path, column: str | None) -> Any:
    numpy_door = require("safetensors", extra="embed", purpose=f"Reading {path.name}")
    try:
        with numpy_door.safe_open(str(path), framework="np") as file:
            names = sorted(file.keys())
            if column is None and len(names) == 1:
                column = names[0]
            if column is None or column not in names:
                shown = ", ".join(map(repr, names))
                raise InputError(f"{path} holds {len(names)} tensors: {shown}. Name one, as in FILE:TENSOR.")
            return file.get_tensor(column)
    except numpy_door.SafetensorError as error:
        raise InputError(f"{path} cannot be read as .safetensors: {error}.") from error
    except TypeError as error:  # bfloat16 has no NumPy type
        raise InputError(f"{path}: tensor {column!r} has a type that NumPy lacks: {error}.") from error


def _read_parquet(path: Path, column: str | None, id_column: str | None, ids: Sequence[Any] | None) -> Any:
    schema = pq.read_schema(path)
    lists = [f.name for f in schema if _is_list(f.type)]
    if column is None:
        column = "embedding" if "embedding" in lists else lists[0] if len(lists) == 1 else None
    if column is None or column not in schema.names:
        raise InputError(
            f"{path} has no column {column or 'embedding'!r} of vectors. Lists: {lists or 'none'}; "
            f"all: {schema.names}. Name one, as in FILE:COLUMN."
        )
    if not _is_list(schema.field(column).type):
        raise InputError(f"{path}: column {column!r} has type {schema.field(column).type}, expected lists.")
    if id_column is not None and id_column not in schema.names:
        raise InputError(f"{path} has no column {id_column!r}; its columns: {schema.names}.")
    table = pq.read_table(path, columns=[column] if id_column is None else [column, id_column])
    values = _as_matrix(table.column(column), f"{path}: column {column!r}")
    if id_column is None:
        return values
    if ids is None:
        raise InputError(f"id_column={id_column!r} needs comparisons with ids to match. Got plain texts.")
    return values[_positions(table.column(id_column).to_pylist(), ids, path)]


def _is_list(kind: Any) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _as_matrix(column: Any, name: str) -> NDArray[Any]:
    """Return a column of equally long lists as a matrix."""
    rows = column.combine_chunks() if hasattr(column, "combine_chunks") else column
    if isinstance(rows, pa.ChunkedArray):
        rows = pa.concat_arrays(rows.chunks) if rows.num_chunks else pa.array([], column.type)
    if rows.null_count:
        first = rows.is_null().index(True).as_py()
        raise InputError(f"{name} has {rows.null_count:,} of {len(rows):,} rows empty, first: row {first}.")
    if pa.types.is_fixed_size_list(rows.type):
        lengths = np.full(len(rows), rows.type.list_size)
    else:
        lengths = np.diff(rows.offsets.to_numpy(zero_copy_only=False))
    if len(lengths) == 0:
        return np.empty((0, 1), dtype=np.float32)
    odd = lengths != lengths[0]
    if odd.any():
        first = int(np.argmax(odd))
        raise InputError(
            f"{name} must hold vectors of one length; {int(odd.sum()):,} of {len(rows):,} differ from the "
            f"first ({lengths[0]}), first: {lengths[first]} (row {first})."
        )
    if lengths[0] == 0:
        raise InputError(f"{name} holds vectors without any number; expected at least one dimension.")
    flat = rows.flatten()
    if flat.null_count:
        first = flat.is_null().index(True).as_py() // int(lengths[0])
        raise InputError(f"{name} has {flat.null_count:,} missing numbers, first: row {first}.")
    return np.asarray(flat.to_numpy(zero_copy_only=False)).reshape(len(rows), int(lengths[0]))


def _positions(found: Sequence[Any], ids: Sequence[Any], path: Path) -> NDArray[np.intp]:
    """Return for each id the row of the file that carries it."""
    place: dict[str, int] = {}
    for row, name in enumerate(map(str, found)):
        if name in place:
            raise InputError(f"{path} names id {name!r} twice: rows {place[name]} and {row}.")
        place[name] = row
    missing = [str(name) for name in ids if str(name) not in place]
    if missing:
        raise InputError(
            f"{path} has no embedding for {len(missing):,} of {len(ids):,} alternatives, "
            f"first: {missing[0]!r}."
        )
    return np.array([place[str(name)] for name in ids], dtype=np.intp)
