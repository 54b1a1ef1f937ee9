"""Compiled join of neighbour lists: which pairs of texts are near which, on both sides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import types

from cloneproof._core.compiled import compiled
from cloneproof._core.typing import FloatArray, IndexArray, IntArray

__all__ = ["join_rows"]

Loop = TypeVar("Loop", bound=Callable[..., Any])

_ints = types.Array(types.int32, 1, "C", readonly=True)
_longs = types.Array(types.int64, 1, "C", readonly=True)
_floats = types.Array(types.float64, 1, "C", readonly=True)
_table = (_ints, _ints, _longs, _ints, _longs, _ints, _floats)
_out_ints = types.int32[::1]
_out_floats = types.float64[::1]


def _compiled(signature: Any) -> Callable[[Loop], Loop]:
    """Compile with numba, cached beside the package or in the user's cache folder."""
    return compiled(signature, nogil=True, error_model="numpy")


@_compiled(types.int64(types.int64, *_table, types.float64, _out_floats, _out_floats, _out_ints, _out_floats))
def _near_row(
    e: int,
    first: IndexArray,
    second: IndexArray,
    incident_start: IntArray,
    incident: IndexArray,
    start: IntArray,
    neighbour: IndexArray,
    kernel: FloatArray,
    floor: float,
    near_a: FloatArray,
    near_b: FloatArray,
    columns: IndexArray,
    values: FloatArray,
) -> int:
    """Find the terms of ``K2[e, f]`` of at least `floor`; write them out where `columns` has room.

    `near_a` and `near_b` are zeros of length n_points on entry and on return.
    """
    a, b = first[e], second[e]
    work_a, work_b = 0, 0
    for i in range(start[a], start[a + 1]):
        near_a[neighbour[i]] = kernel[i]
        work_a += incident_start[neighbour[i] + 1] - incident_start[neighbour[i]]
    for i in range(start[b], start[b + 1]):
        near_b[neighbour[i]] = kernel[i]
        work_b += incident_start[neighbour[i] + 1] - incident_start[neighbour[i]]
    # every f that is near has one end near a and the other near b: walk the shorter side
    side, mark = (a, near_a) if work_a <= work_b else (b, near_b)
    n_found = 0
    for i in range(start[side], start[side + 1]):
        c = neighbour[i]
        for j in range(incident_start[c], incident_start[c + 1]):
            f = incident[j]
            if first[f] != c and mark[first[f]] > 0.0:
                continue  # met from its first end
            direct = near_a[first[f]] * near_b[second[f]]
            crossed = near_a[second[f]] * near_b[first[f]]
            value = (direct if direct >= floor else 0.0) + (crossed if crossed >= floor else 0.0)
            if value > 0.0:
                if n_found < len(columns):
                    columns[n_found] = f
                    values[n_found] = value
                n_found += 1
    for i in range(start[a], start[a + 1]):
        near_a[neighbour[i]] = 0.0
    for i in range(start[b], start[b + 1]):
        near_b[neighbour[i]] = 0.0
    return n_found


@_compiled(types.int64(types.int64, types.int64, *_table, types.float64, _out_ints, _out_ints, _out_floats))
def join_rows(
    begin: int,
    end: int,
    first: IndexArray,
    second: IndexArray,
    incident_start: IntArray,
    incident: IndexArray,
    start: IntArray,
    neighbour: IndexArray,
    kernel: FloatArray,
    floor: float,
    counts: IndexArray,
    columns: IndexArray,
    values: FloatArray,
) -> int:
    """Find the near pairs of the pairs ``begin:end``, one after the other, and return how many.

    Parameters
    ----------
    first, second : ndarray of shape (n_pairs,)
        The points of each pair.
    incident_start, incident : ndarray of shape (n_points + 1,), (n_incidences,)
        The pairs that each point is in; a diagonal pair once.
    start, neighbour, kernel : CSR arrays
        The kernel between points, the diagonal included.
    floor : float
        Smallest term kept.
    counts : ndarray of shape (end - begin,)
        Written: entries of each row.
    columns, values : ndarray
        Written as far as they have room; call again with more where the count is larger.
    """
    n_points = len(start) - 1
    near_a, near_b = np.zeros(n_points), np.zeros(n_points)
    total = 0
    for e in range(begin, end):
        room = min(total, len(columns))
        found = _near_row(
            e,
            first,
            second,
            incident_start,
            incident,
            start,
            neighbour,
            kernel,
            floor,
            near_a,
            near_b,
            columns[room:],
            values[room:],
        )
        counts[e - begin] = found
        total += found
    return total
