"""Open whatever holds preference data: a file, standard input, a frame, a dataset, records."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
from narwhals.exceptions import NarwhalsError

from cloneproof._core.errors import FileAccessError, InputError, ParameterError
from cloneproof.preferences.readers.decode import decode
from cloneproof.preferences.readers.records import Source, rows_to_columns, table_source

__all__ = ["open_source"]

_ARROW_ERRORS = (pa.ArrowException, NarwhalsError, TypeError, ValueError, OverflowError, KeyError)


def open_source(source: Any, *, what: str = "source", hashed: bool = True) -> Source:
    """Return a table from a path, ``"-"``, a frame, a dataset, columns or records.

    A file's hash is taken where `hashed`; it costs about as much as splitting a plain table.

    Raises
    ------
    FileAccessError
        If a file cannot be read.
    InputError
        If it holds no table.
    ParameterError
        If `source` is of a type that holds none.
    """
    if isinstance(source, (str, os.PathLike)):
        return _open_file(os.fspath(source), hashed=hashed)
    if isinstance(source, Source):
        return source
    if isinstance(source, (pa.Table, pa.RecordBatch)):
        table = pa.table(source) if isinstance(source, pa.RecordBatch) else source
        return table_source(table, "the table", "Arrow table")
    if isinstance(source, Mapping):
        return _open_mapping(source, what)
    if hasattr(source, "with_format") and hasattr(source, "column_names"):
        return _open_dataset(source)
    try:
        frame = nw.from_native(source, pass_through=True)
        if isinstance(frame, nw.LazyFrame):
            frame = frame.collect()
    except NarwhalsError as error:
        raise InputError(
            f"The {type(source).__name__} cannot be read: {' '.join(str(error).split())}"
        ) from error
    if isinstance(frame, nw.DataFrame):
        return _open_frame(frame)
    if isinstance(source, Iterable) and not isinstance(source, (bytes, bytearray)):
        rows = list(source)
        for k, row in enumerate(rows):
            if not isinstance(row, Mapping):
                raise InputError(f"{what} must yield one mapping a row; row {k} is a {type(row).__name__}.")
        return rows_to_columns(rows, "the records", "records", None)
    raise ParameterError(
        f"{what} must be a path, '-', a DataFrame, a dataset or an iterable of mappings. "
        f"Got {type(source).__name__}."
    )


def _open_file(name: str | bytes, *, hashed: bool) -> Source:
    path = Path(os.fsdecode(name))
    try:
        if str(path) == "-":
            content, shown = sys.stdin.buffer.read(), "<stdin>"
        else:
            content, shown = path.read_bytes(), path.name
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileAccessError(f"Cannot read {path}: {reason}.") from error
    found = decode(content, shown)
    return replace(found, sha256=hashlib.sha256(content).hexdigest()) if hashed else found


def _open_mapping(source: Mapping[Any, Any], what: str) -> Source:
    if source and all(hasattr(v, "with_format") for v in source.values()):
        splits = ", ".join(repr(str(k)) for k in source)
        raise InputError(f"{what} is a dictionary of datasets. Choose one split of {splits}.")
    columns = {str(k): v.tolist() if hasattr(v, "tolist") else v for k, v in source.items()}
    for name, values in columns.items():
        if not isinstance(values, (list, tuple)):
            raise InputError(f"{what} must map names to columns; {name!r} is a {type(values).__name__}.")
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name!r} {n:,}" for name, n in lengths.items())
        raise InputError(f"The columns of {what} must have one length. They have {shown} rows.")
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return rows_to_columns(rows, "the columns", "columns", None)


def _open_dataset(source: Any) -> Source:
    if not hasattr(source, "__len__"):  # streamed: it can only be walked through
        return rows_to_columns(list(source), "the dataset", "dataset", None)
    return table_source(source.with_format("arrow")[:], "the dataset", "dataset")


def _open_frame(frame: Any) -> Source:
    kind = f"{frame.implementation} DataFrame"
    try:
        columns = {str(name): _arrow_column(frame, name) for name in frame.columns}
    except _ARROW_ERRORS as error:
        raise InputError(f"The {kind} cannot be read: {' '.join(str(error).split())[:200]}") from error
    return Source(name=f"the {kind}", kind=kind, columns=columns, n_rows=len(frame))


def _arrow_column(frame: Any, name: Any) -> Any:
    series = frame[name]
    try:
        column = series.to_arrow()
        return pa.chunked_array([column]) if isinstance(column, pa.Array) else column
    except _ARROW_ERRORS:
        rows = [{name: _plain(x)} for x in series.to_list()]
        return rows_to_columns(rows, "the DataFrame", "DataFrame", None).columns[str(name)]


def _plain(value: Any) -> Any:
    """Return NumPy arrays as lists and NaN as None."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return None if isinstance(value, float) and value != value else value
