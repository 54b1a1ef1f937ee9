"""Code labels as positions in the order of their first appearance, fast for columns of any library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloneproof._core.errors import InputError
from cloneproof._core.typing import IndexArray, IntArray, LabelArray

__all__ = ["Coded", "as_labels", "code_strings", "number_by_appearance", "number_integers", "number_objects"]

WIDE = 4
"""Integer labels are coded by a table if their range is at most this many times the rows."""


class Coded(NamedTuple):
    """A column of strings: ``names[codes]``; names may repeat or stand in no row."""

    codes: NDArray[np.integer[Any]]
    names: list[str]


def as_labels(name: str, values: ArrayLike, n: int | None = None) -> LabelArray:
    """Return labels as a one-dimensional array of integers or of Python objects, none missing."""
    coded = code_strings(name, values)
    if coded is not None:
        lookup = np.empty(len(coded.names), dtype=object)
        lookup[:] = coded.names
        labels: LabelArray = lookup[coded.codes]
    else:
        labels = _as_array(values)
        if labels.dtype.kind not in "iuO":
            labels = labels.astype(object)
    if labels.ndim != 1:
        raise InputError(f"{name} must be one-dimensional. Got shape {labels.shape}.")
    if n is not None and len(labels) != n:
        raise InputError(f"{name} has {len(labels):,} values, expected {n:,}.")
    if coded is None and labels.dtype == object:
        missing = np.fromiter((_is_missing(x) for x in labels), dtype=bool, count=len(labels))
        if missing.any():
            first = int(np.argmax(missing))
            raise _missing_error(name, int(missing.sum()), len(labels), first, labels[first])
    return labels


def code_strings(name: str, values: Any) -> Coded | None:
    """Return a column of strings as codes, or None where it holds anything else.

    Arrow arrays, dictionaries included, and columns of pandas and polars (3.0, 1.0 and newer) are
    read through Arrow; numpy arrays of strings are handed to it. A dictionary is taken as it is.

    Raises
    ------
    InputError
        If labels are missing; with the count and the first row.
    """
    import pyarrow as pa

    try:
        if isinstance(values, (pa.Array, pa.ChunkedArray)):
            column = values
        elif hasattr(values, "__arrow_c_stream__"):
            column = pa.chunked_array(values)
        else:
            array = _as_array(values)
            if array.ndim != 1 or array.dtype.kind not in "OUT" or not len(array):
                return None
            if array.dtype == object and not isinstance(array[0], str):
                return None
            column = pa.array(array, pa.large_string())
    except (pa.ArrowException, UnicodeEncodeError, TypeError, ValueError):
        return None  # mixed types, or text that is not valid Unicode: coded as Python objects
    kind = column.type
    if not _is_text(kind.value_type if pa.types.is_dictionary(kind) else kind):
        return None
    if column.null_count:
        first = int(np.argmax(np.asarray(column.is_null())))
        raise _missing_error(name, column.null_count, len(column), first, None)
    if not pa.types.is_dictionary(kind):
        column = column.dictionary_encode()
    if isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries().combine_chunks()
        if isinstance(column, pa.ChunkedArray):  # no chunk at all
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], kind)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    names = column.dictionary.to_pylist()
    codes = np.asarray(column.indices)
    if None in names:
        absent = np.isin(codes, [k for k, label in enumerate(names) if label is None])
        if absent.any():
            raise _missing_error(name, int(absent.sum()), len(codes), int(np.argmax(absent)), None)
    return Coded(codes, names)


def number_by_appearance(
    left: NDArray[np.integer[Any]],
    right: NDArray[np.integer[Any]],
    n_codes: int,
    present: NDArray[np.bool_] | None = None,
) -> tuple[IntArray, IndexArray, IndexArray]:
    """Renumber codes in the order of first appearance, row by row, left before right.

    Parameters
    ----------
    left, right : integer ndarray of shape (n,)
        Codes from 0 to ``n_codes - 1``.
    present : bool ndarray of shape (n_codes,), default=None
        Which codes stand in any row; None: not known, all rows are searched for those not yet seen.

    Returns
    -------
    order : int64 ndarray of shape (n_used,)
        The old code of each new one.
    left, right : int32 ndarray of shape (n,)
    """
    n = len(left)
    first = np.full(n_codes, 2 * n, dtype=np.int64)
    if present is not None:
        first[~present] = 2 * n + 1
    start, size = 0, 1 << 12
    while start < n and (first == 2 * n).any():  # most labels appear early; later blocks are larger
        stop = min(start + size, n)
        place = np.arange(2 * start, 2 * stop, dtype=np.int64)
        for codes, side in ((left, 0), (right, 1)):
            block = codes[start:stop]
            fresh = first[block] >= 2 * start
            np.minimum.at(first, block[fresh], place[side::2][fresh])
        start, size = stop, 2 * size
    order = np.argsort(first, kind="stable")[: int((first < 2 * n).sum())]
    rank = np.zeros(n_codes, dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return order, rank[left], rank[right]


def number_integers(left: LabelArray, right: LabelArray) -> tuple[LabelArray, IndexArray, IndexArray]:
    """Code integer labels in the order of first appearance."""
    n = len(left)
    if not n:
        return np.concatenate([left, right]), np.empty(0, np.int32), np.empty(0, np.int32)
    low = min(int(left.min()), int(right.min()))
    high = max(int(left.max()), int(right.max()))
    if high - low < max(WIDE * n, 1 << 16):
        shift_left, shift_right = (
            side - np.asarray(low, side.dtype) if low else side for side in (left, right)
        )
        present = np.zeros(high - low + 1, dtype=bool)
        present[shift_left] = True
        present[shift_right] = True
        order, new_left, new_right = number_by_appearance(shift_left, shift_right, len(present), present)
        kind = np.result_type(left, right)
        return order.astype(kind) + np.asarray(low, kind), new_left, new_right
    values, inverse = np.unique(np.concatenate([left, right]), return_inverse=True)
    order, new_left, new_right = number_by_appearance(inverse[:n], inverse[n:], len(values))
    return values[order], new_left, new_right


def number_objects(left: Sequence[Any], right: Sequence[Any]) -> tuple[LabelArray, IndexArray, IndexArray]:
    """Code any hashable labels in the order of first appearance, by a Python dictionary."""
    codes: dict[Any, int] = {}
    both = np.empty(2 * len(left), dtype=np.int32)
    for k, label in enumerate(x for row in zip(left, right, strict=True) for x in row):
        both[k] = codes.setdefault(label, len(codes))
    names = np.empty(len(codes), dtype=object)
    names[:] = list(codes)
    return names, both[0::2].copy(), both[1::2].copy()


def _as_array(values: Any) -> LabelArray:
    """Return values as an array; a Python sequence with strings keeps its objects as they are."""
    if isinstance(values, (list, tuple)):
        if not (values and isinstance(values[0], str)):
            array: LabelArray = np.asarray(values)
            if array.dtype.kind not in "US" or array.ndim != 1:
                return array
        kept = np.empty(len(values), dtype=object)
        kept[:] = values
        return kept
    return np.asarray(values)


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_missing(value: Any) -> bool:
    return value is None or bool(value != value)


def _missing_error(name: str, n_missing: int, n: int, first: int, value: Any) -> InputError:
    return InputError(
        f"{name} has {n_missing:,} missing of {n:,} values, first: {value!r} (row {first}). "
        f"Drop those rows or name them."
    )
