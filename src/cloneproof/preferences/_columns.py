"""Check and code the columns of comparisons."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, IndexArray, LabelArray

__all__ = ["as_column", "as_labels", "as_positions", "check_outcome", "constant"]


class Positions(NamedTuple):
    """Coded alternatives: names, and the positions of both sides of each row."""

    ids: LabelArray
    left: IndexArray
    right: IndexArray


def constant(value: float, n: int) -> FloatArray:
    """Return n times `value` in 8 bytes of memory (read-only)."""
    return np.broadcast_to(np.float64(value), (n,))


def as_labels(name: str, values: ArrayLike, n: int | None = None) -> LabelArray:
    """Return labels as a one-dimensional array of integers or of Python objects, none missing."""
    labels = np.asarray(values)
    if labels.dtype.kind not in "iuO":
        labels = labels.astype(object)
    if labels.ndim != 1:
        raise InputError(f"{name} must be one-dimensional. Got shape {labels.shape}.")
    if n is not None and len(labels) != n:
        raise InputError(f"{name} has {len(labels):,} values, expected {n:,}.")
    if labels.dtype == object:
        missing = np.fromiter((x is None or x != x for x in labels), dtype=bool, count=len(labels))
        if missing.any():
            first = int(np.argmax(missing))
            raise InputError(
                f"{name} has {int(missing.sum()):,} missing of {len(labels):,} values, "
                f"first: {labels[first]!r} (row {first}). Drop those rows or name them."
            )
    return labels


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
    fine = (column > low if low_open else column >= low) & (column <= high) & np.isfinite(column)
    if not fine.all():
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
        return _code_labels(as_labels("left", left), as_labels("right", right))
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
        outside = (positions < 0) | (positions >= len(names))
        if outside.any():
            first = int(np.argmax(outside))
            raise InputError(
                f"{side} must hold positions from 0 to {len(names) - 1}; {int(outside.sum()):,} of "
                f"{len(positions):,} rows are outside, first: {positions[first]} (row {first})."
            )
        sides.append(positions.astype(np.int32, copy=False))
    return _checked(Positions(names, sides[0], sides[1]))


def _code_labels(left: LabelArray, right: LabelArray) -> Positions:
    """Code labels in the order of first appearance, row by row, left before right."""
    if len(left) != len(right):
        raise InputError(f"right has {len(right):,} rows but left has {len(left):,}. Give one value a row.")
    if left.dtype == object or right.dtype == object:
        codes: dict[object, int] = {}
        both = np.empty(2 * len(left), dtype=np.int32)
        for k, label in enumerate(x for row in zip(left.tolist(), right.tolist(), strict=True) for x in row):
            both[k] = codes.setdefault(label, len(codes))
        names = np.empty(len(codes), dtype=object)
        names[:] = list(codes)
        return _checked(Positions(names, both[0::2].copy(), both[1::2].copy()))
    both_labels = np.column_stack([left, right]).ravel()
    sorted_names, first, inverse = np.unique(both_labels, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    coded = rank[inverse]
    return _checked(Positions(sorted_names[order], coded[0::2].copy(), coded[1::2].copy()))


def _checked(positions: Positions) -> Positions:
    """Refuse sides of unequal length and rows that compare an alternative with itself."""
    ids, left, right = positions
    if len(left) != len(right):
        raise InputError(f"right has {len(right):,} rows but left has {len(left):,}. Give one value a row.")
    same = left == right
    if same.any():
        first = int(np.argmax(same))
        raise InputError(
            f"{int(same.sum()):,} of {len(left):,} rows compare an alternative with itself, "
            f"first: {ids[left[first]]!r} (row {first}). Drop them."
        )
    return positions
