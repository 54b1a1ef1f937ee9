"""Columns of labels and texts as codes into a list of distinct values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.preferences.readers.dialogue import as_text

__all__ = [
    "Coded",
    "Column",
    "code",
    "concat",
    "first_appearance",
    "from_list",
    "is_key",
    "is_number_like",
    "numbers",
    "objects",
    "pairs",
]

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)

Column: TypeAlias = Any
"""A ``pyarrow.ChunkedArray``, or a list of Python objects for nested values that Arrow cannot type."""


@dataclass(frozen=True)
class Coded:
    """A column of strings: ``values[codes]``; code -1 is missing.

    Parameters
    ----------
    codes : int64 ndarray of shape (n,)
    values : pyarrow large_string array
        Each distinct value once, in the order of first appearance.
    """

    codes: IntArray
    values: Any

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: IntArray) -> Coded:
        """Return the given rows."""
        return Coded(self.codes[rows], self.values)

    @property
    def missing(self) -> Any:
        """Mask of the missing values."""
        return self.codes < 0

    def tolist(self) -> list[Any]:
        """Return the values as Python strings, None where missing."""
        values = [*self.values.to_pylist(), None]
        return [values[k] for k in self.codes.tolist()]


def objects(column: Column) -> list[Any]:
    """Return a column as Python objects."""
    return column if isinstance(column, list) else column.to_pylist()


def code(column: Column, name: str, *, dialogue: bool = False) -> Coded:
    """Code a column of labels or texts.

    Parameters
    ----------
    column : Column
        Strings, integers, whole floats, or (with `dialogue`) lists of chat messages.
    name : str
        What a message calls it.
    dialogue : bool, default=False
        Whether nested values are chat messages to be written out as one text.

    Raises
    ------
    InputError
        If a value is of another type; the message gives the count and the first row.
    """
    if not isinstance(column, list) and _is_scalar(column.type):
        return _code_arrow(column, name)
    values = objects(column)
    if dialogue:
        return from_list([None if x is None else as_text(x, name, row) for row, x in enumerate(values)], name)
    bad = [row for row, x in enumerate(values) if isinstance(x, (list, dict))]
    if bad:
        raise InputError(
            f"Column {name!r} must hold one value a row; {len(bad):,} of {len(values):,} rows hold a "
            f"{type(values[bad[0]]).__name__}, first: row {bad[0]}."
        )
    return from_list([None if x is None else str(x) for x in values], name)


def from_list(values: Sequence[str | None], name: str) -> Coded:
    """Code a list of strings."""
    try:
        column = pa.array(values, pa.large_string())
    except (UnicodeEncodeError, pa.ArrowException) as error:
        raise InputError(f"Column {name!r} holds text that is not valid Unicode: {error}.") from error
    return _code_arrow(pa.chunked_array([column]), name)


def concat(parts: Sequence[Coded]) -> Coded:
    """Stack coded columns over one list of values."""
    if all(part.values is parts[0].values for part in parts):
        return Coded(np.concatenate([part.codes for part in parts]), parts[0].values)
    joined = pa.chunked_array([part.values for part in parts], pa.large_string()).combine_chunks()
    coded = _as_array(joined).dictionary_encode()
    place = np.append(np.asarray(coded.indices, dtype=np.int64), -1)
    codes, offset = [], 0
    if all(not len(part.codes) or int(part.codes.min()) >= 0 for part in parts):
        for part in parts:
            codes.append(place[offset:][part.codes])
            offset += len(part.values)
        return Coded(np.concatenate(codes), coded.dictionary)
    for part in parts:
        codes.append(np.where(part.codes < 0, -1, place[np.where(part.codes < 0, 0, part.codes + offset)]))
        offset += len(part.values)
    return Coded(np.concatenate(codes).astype(np.int64), coded.dictionary)


def pairs(first: Coded, second: Coded | None) -> IntArray:
    """Return one integer per row that is equal where both columns are; -1 where either is missing."""
    if second is None:
        return first.codes
    both = first.codes * max(len(second.values), 1) + second.codes
    return np.where((first.codes < 0) | (second.codes < 0), -1, both).astype(np.int64)


def first_appearance(codes: IntArray) -> tuple[IntArray, IntArray]:
    """Renumber codes in the order of first appearance.

    Returns
    -------
    renumbered : ndarray of shape (n,)
    first : ndarray of shape (n_distinct,)
        Where each new code stands first.
    """
    coded = pa.array(codes).dictionary_encode()
    renumbered = np.asarray(coded.indices, dtype=np.int64)
    first = np.full(len(coded.dictionary), len(codes), dtype=np.int64)
    np.minimum.at(first, renumbered, np.arange(len(codes)))
    return renumbered, first


def numbers(column: Column, name: str) -> FloatArray:
    """Return a column as float64, NaN where missing.

    Raises
    ------
    InputError
        If a value is no number; the message gives the first row.
    """
    if not isinstance(column, list):
        kind = column.type
        if pa.types.is_boolean(kind):
            raise InputError(f"Column {name!r} must hold numbers. It holds true and false.")
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            return _as_numpy(pc.cast(column, pa.float64(), safe=False))
        if pa.types.is_null(kind):
            return np.full(len(column), np.nan)
        if pa.types.is_dictionary(kind) and _is_text_type(kind.value_type):
            coded = code(column, name)
            distinct = coded.values.to_pylist()
            if all(value == "" or _is_float(value) for value in distinct):
                known = [np.nan if value == "" else float(value) for value in distinct]
                return np.array([*known, np.nan], dtype=np.float64)[coded.codes]
    values = objects(column)
    out = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        if value is None or value == "":
            continue
        try:
            if isinstance(value, bool):
                raise TypeError
            out[row] = float(value)
        except (TypeError, ValueError, OverflowError):
            raise InputError(f"Column {name!r} must hold numbers. Row {row} holds {_short(value)}.") from None
    return out


def is_number_like(column: Column) -> bool:
    """Tell whether a column holds numbers, also when written as strings."""
    if not isinstance(column, list):
        kind = column.type
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            return True
        if not _is_scalar(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind):
            return False
        values = code(column, "").values.to_pylist()
    else:
        values = [x for x in column if x is not None]
    return bool(values) and all(_is_float(x) for x in values)


def is_key(source: Any, name: str) -> bool:
    """Tell whether a prompt column names the prompt (an id, or numbers) rather than says it."""
    return name.lower().endswith("_id") or is_number_like(source.column(name))


def _is_float(value: Any) -> bool:
    if isinstance(value, str):
        return _NUMBER.fullmatch(value.strip()) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _is_text_type(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_scalar(kind: Any) -> bool:
    return not pa.types.is_nested(kind)


def _as_array(column: Any) -> Any:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # several chunks that do not fit into one
        raise InputError("A column holds more text than fits into memory as one array.")
    return column


def _as_numpy(column: Any) -> FloatArray:
    filled = pc.fill_null(column, np.nan)
    return np.array(
        filled.to_numpy(zero_copy_only=False)
        if not isinstance(filled, pa.ChunkedArray)
        else filled.to_numpy(),
        dtype=np.float64,
    )


def _code_arrow(column: Any, name: str) -> Coded:
    kind = column.type
    if pa.types.is_dictionary(kind):
        merged = _as_array(column.unify_dictionaries() if isinstance(column, pa.ChunkedArray) else column)
        ready = _in_order(merged)
        if ready is not None:
            return ready
        inner = _code_arrow(pa.chunked_array([merged.dictionary]), name)
        indices = np.asarray(pc.fill_null(pc.cast(merged.indices, pa.int64()), -1))
        codes = np.append(inner.codes, -1)[indices]
        used, first = first_appearance(codes)
        old = codes[first]
        if (old < 0).any():
            gap = int(np.argmax(old < 0))
            keep = np.delete(old, gap)
            shift = np.arange(len(old))
            shift[gap + 1 :] -= 1
            shift[gap] = -1
            return Coded(shift[used], inner.values.take(pa.array(keep)))
        return Coded(used, inner.values.take(pa.array(old)))
    if pa.types.is_boolean(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise InputError(f"Column {name!r} must hold text. It holds values of type {kind}.")
    if pa.types.is_floating(kind):
        column = _whole_numbers(column)
    try:
        text = pc.cast(column, pa.large_string())
        coded = _as_array(text).dictionary_encode()
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise InputError(f"Column {name!r} of type {kind} cannot be read as text: {error}.") from error
    codes = np.asarray(pc.fill_null(pc.cast(coded.indices, pa.int64()), -1), dtype=np.int64)
    return Coded(codes, coded.dictionary)


def _in_order(column: Any) -> Coded | None:
    """Return a dictionary column as it is, where its values are strings in the order of first appearance."""
    names = column.dictionary
    if column.null_count or names.null_count or not len(column) or not pa.types.is_string(names.type):
        return None
    codes = np.asarray(column.indices)
    reached = np.maximum.accumulate(codes)
    if codes[0] != 0 or int(reached[-1]) != len(names) - 1 or (codes[1:] > reached[:-1] + 1).any():
        return None
    if len(names.unique()) < len(names):
        return None
    return Coded(codes.astype(np.int64), names.cast(pa.large_string()))


def _whole_numbers(column: Any) -> Any:
    """Write 8.0 as 8, as tables do that had to make room for missing values; NaN is missing."""
    values = _as_numpy(pc.cast(column, pa.float64()))
    if (
        not np.isinf(values).any()
        and (values[~np.isnan(values)] % 1 == 0).all()
        and np.nanmax(np.abs(values), initial=0.0) < 2**53
    ):
        return pa.chunked_array([pa.array(values, from_pandas=True).cast(pa.int64())])
    return pa.chunked_array([pa.array(values, from_pandas=True)])
