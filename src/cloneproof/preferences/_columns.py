"""Check and code the columns of comparisons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sized
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, IndexArray, LabelArray
from cloneproof.preferences._labels import (
    as_labels,
    code_strings,
    number_by_appearance,
    number_integers,
    number_objects,
)

_ONE = int(np.float64(1.0).view(np.uint64))

__all__ = ["as_column", "as_labels", "as_positions", "check_outcome", "constant"]


class Positions(NamedTuple):
    """Coded alternatives: names, and the positions of both sides of each row."""

    ids: LabelArray
    left: IndexArray
    right: IndexArray


def constant(value: float, n: int) -> FloatArray:
    """Return n times `value` in 8 bytes of memory (read-only)."""
    return np.broadcast_to(np.float64(value), (n,))


def as_column(
    name: str, values: ArrayLike, n: int, *, low: float, high: float = np.inf, low_open: bool = False
) -> FloatArray:
    """Return a float64 column of n finite values between `low` and `high`."""
    try:
        column = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must hold numbers. {error}") from error
    if column.shape != (n,):
        raise InputError(f"{name} has shape {column.shape}, expected ({n},): one value a row.")
    if not n:
        return column
    if low == 0.0 and high == 1.0 and not low_open and int(column.view(np.uint64).max()) <= _ONE:
        return column  # one pass: the bits of 0 to 1 are ordered, all else (NaN, -0.0, negative) lies above
    least, largest = float(column.min()), float(column.max())  # NaN if any value is
    inside = (low < least if low_open else low <= least) and largest <= high and largest < np.inf
    if not inside:
        fine = (column > low if low_open else column >= low) & (column <= high) & np.isfinite(column)
        first = int(np.argmin(fine))
        interval = f"{'(' if low_open else '['}{low:g}, {high:g}{']' if np.isfinite(high) else ')'}"
        raise InputError(
            f"{name} must be in {interval}; {int((~fine).sum()):,} of {n:,} rows are not, "
            f"first: {column[first]} (row {first})."
        )
    return column


def check_outcome(outcome: ArrayLike, n: int) -> FloatArray:
    """Return the share won by `left` as a float64 column in [0, 1]."""
    return as_column("outcome", outcome, n, low=0.0, high=1.0)


def as_positions(left: ArrayLike, right: ArrayLike, ids: ArrayLike | None) -> Positions:
    """Code both sides of each row as positions into the names of the alternatives."""
    if ids is None:
        return _code_labels(left, right)
    names = as_labels("ids", ids)
    counts = Counter(names.tolist())
    if len(counts) != len(names):
        label, times = counts.most_common(1)[0]
        raise InputError(f"ids must name each alternative once; {label!r} stands there {times} times.")
    sides = []
    for side, values in (("left", left), ("right", right)):
        positions = np.asarray(values)
        if positions.ndim != 1 or (positions.dtype.kind not in "iu" and len(positions)):
            raise InputError(
                f"{side} must be a one-dimensional array of integer positions when ids is given. "
                f"Got dtype {positions.dtype}, shape {positions.shape}. Leave ids out to pass labels."
            )
        if len(positions) and _largest(positions) >= len(names):
            outside = (positions < 0) | (positions >= len(names))
            first = int(np.argmax(outside))
            raise InputError(
                f"{side} must hold positions from 0 to {len(names) - 1}; {int(outside.sum()):,} of "
                f"{len(positions):,} rows are outside, first: {positions[first]} (row {first})."
            )
        sides.append(positions.astype(np.int32, copy=False))
    return _checked(Positions(names, sides[0], sides[1]))


def _largest(positions: NDArray[np.integer[Any]]) -> int:
    """Return the largest of some positions, negative ones taken as huge; one pass over the column."""
    if positions.dtype.kind == "i":
        positions = positions.view(f"u{positions.dtype.itemsize}")
    return int(positions.max())


def _code_labels(left: ArrayLike, right: ArrayLike) -> Positions:
    """Code labels in the order of first appearance, row by row, left before right."""
    one, other = code_strings("left", left), code_strings("right", right)
    if one is not None and other is not None:
        _same_length(one.codes, other.codes)
        shared: dict[str, int] = {}
        maps = [
            np.array([shared.setdefault(label, len(shared)) for label in side.names], dtype=np.int32)
            for side in (one, other)
        ]
        order, new_left, new_right = number_by_appearance(
            maps[0][one.codes], maps[1][other.codes], len(shared)
        )
        labels = np.empty(len(shared), dtype=object)
        labels[:] = list(shared)
        return _checked(Positions(labels[order], new_left, new_right))
    lefts, rights = as_labels("left", left), as_labels("right", right)
    _same_length(lefts, rights)
    if lefts.dtype == object or rights.dtype == object:
        return _checked(Positions(*number_objects(lefts.tolist(), rights.tolist())))
    return _checked(Positions(*number_integers(lefts, rights)))


def _same_length(left: Sized, right: Sized) -> None:
    """Refuse sides of unequal length."""
    if len(left) != len(right):
        raise InputError(f"right has {len(right):,} rows but left has {len(left):,}. Give one value a row.")


def _checked(positions: Positions) -> Positions:
    """Refuse sides of unequal length and rows that compare an alternative with itself."""
    ids, left, right = positions
    _same_length(left, right)
    same = left == right
    if same.any():
        first = int(np.argmax(same))
        raise InputError(
            f"{int(same.sum()):,} of {len(left):,} rows compare an alternative with itself, "
            f"first: {ids.item(int(left[first]))!r} (row {first}). Drop them."
        )
    return positions
