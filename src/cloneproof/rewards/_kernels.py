"""Compiled loops over comparisons and pairs; imported on use, compiled once and cached on disk.

The formulas are those of :mod:`cloneproof.rewards.objective`, compiled for scalars. Every signature
is explicit, so that the first call finds the code in the cache and compiles nothing. Columns may be
constants of stride 0. The cache looks at this file only: touch it after changing a formula there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from cloneproof._core.compiled import compiled
from cloneproof._core.typing import FloatArray, IndexArray, IntArray
from cloneproof.rewards import objective

__all__ = [
    "fill_upper",
    "laplacian_product",
    "laplacian_products",
    "list_pairs",
    "newton_pass",
    "sort_by_pair",
    "sum_by_pair",
    "tabulate",
]

Loop = TypeVar("Loop", bound=Callable[..., Any])

_slope: Any = numba.njit(objective.pair_slope)
_curvature: Any = numba.njit(objective.pair_curvature)

_column = types.Array(types.float64, 1, "A", readonly=True)
_side = types.Array(types.int32, 1, "A", readonly=True)
_floats = types.Array(types.float64, 1, "C", readonly=True)
_ints = types.Array(types.int32, 1, "C", readonly=True)
_table = types.Array(types.float64, 2, "C", readonly=True)
_starts = types.Array(types.int64, 1, "C", readonly=True)
_float_out = types.float64[::1]
_int_out = types.int32[::1]
_start_out = types.int64[::1]


def _compiled(signature: Any) -> Callable[[Loop], Loop]:
    """Compile with numba, cached beside the package or in the user's cache folder."""
    return compiled(signature, nogil=True, error_model="numpy")


@_compiled(types.void(_side, _side, _column, _column, types.float64[:, ::1]))
def tabulate(
    left: IndexArray, right: IndexArray, outcome: FloatArray, weight: FloatArray, table: FloatArray
) -> None:
    """Add the weight won by a against b to ``table[a, b]``, for every row."""
    for row in range(len(left)):
        a, b = left[row], right[row]
        won = weight[row] * outcome[row]
        table[a, b] += won
        table[b, a] += weight[row] - won


@_compiled(types.int64(_table, _start_out, _int_out, _int_out, _float_out, _float_out))
def list_pairs(
    table: FloatArray,
    start: IntArray,
    low: IndexArray,
    high: IndexArray,
    win: FloatArray,
    loss: FloatArray,
) -> int:
    """List the pairs with any weight in a table of what a won against b; returns their number."""
    m = len(table)
    n_pairs = 0
    for a in range(m):
        start[a] = n_pairs
        for b in range(a + 1, m):
            if table[a, b] + table[b, a] > 0.0:
                low[n_pairs] = a
                high[n_pairs] = b
                win[n_pairs] = table[a, b]
                loss[n_pairs] = table[b, a]
                n_pairs += 1
    start[m] = n_pairs
    return n_pairs


@_compiled(types.void(_starts, _ints, _floats, _floats, types.float64, types.float64[:, ::1]))
def fill_upper(
    start: IntArray,
    right: IndexArray,
    curvature: FloatArray,
    diagonal: FloatArray,
    shift: float,
    matrix: FloatArray,
) -> None:
    """Fill the upper triangle of the Hessian plus `shift` everywhere; the lower one is not touched."""
    m = len(start) - 1
    for a in range(m):
        for b in range(a + 1, m):
            matrix[a, b] = shift
        matrix[a, a] = shift + (diagonal[a] if diagonal[a] > 0.0 else 1.0)
        for e in range(start[a], start[a + 1]):
            matrix[a, right[e]] = shift - curvature[e]


@_compiled(types.void(_side, _side, _start_out, _int_out, _int_out))
def sort_by_pair(
    left: IndexArray, right: IndexArray, start: IntArray, high: IndexArray, row_code: IndexArray
) -> None:
    """Sort rows by (lower, higher alternative) in two stable counting sorts.

    On return rows ``start[a]:start[a + 1]`` of `high` and `row_code` have the lower alternative a;
    `high` is the other one, ascending, and `row_code` is ``2 row + 1`` where left is the higher one,
    else ``2 row``.
    """
    n, m = len(left), len(start) - 1
    place = np.zeros(m + 1, np.int64)
    start[:] = 0
    for row in range(n):
        a, b = left[row], right[row]
        if a < b:
            start[a + 1] += 1
            place[b + 1] += 1
        else:
            start[b + 1] += 1
            place[a + 1] += 1
    for a in range(m):
        start[a + 1] += start[a]
        place[a + 1] += place[a]
    bound = place.copy()
    low_of = np.empty(n, np.int32)
    code_of = np.empty(n, np.int32)
    for row in range(n):
        a, b = left[row], right[row]
        if a < b:
            k = place[b]
            place[b] += 1
            low_of[k] = a
            code_of[k] = 2 * row
        else:
            k = place[a]
            place[a] += 1
            low_of[k] = b
            code_of[k] = 2 * row + 1
    place[:] = start
    for b in range(m):
        for k in range(bound[b], bound[b + 1]):
            a = low_of[k]
            to = place[a]
            place[a] += 1
            high[to] = b
            row_code[to] = code_of[k]


@_compiled(types.int64(_column, _column, _start_out, _int_out, _ints, _int_out, _float_out, _float_out))
def sum_by_pair(
    outcome: FloatArray,
    weight: FloatArray,
    start: IntArray,
    high: IndexArray,
    row_code: IndexArray,
    low: IndexArray,
    win: FloatArray,
    loss: FloatArray,
) -> int:
    """Sum the sorted rows of each pair in place; returns the number of pairs.

    `start` and `high` are overwritten with those of the pairs, `low` filled; `win` is the weight won
    by the lower alternative, `loss` by the higher one.
    """
    m = len(start) - 1
    n_pairs = 0
    first = start[0]
    for a in range(m):
        last = start[a + 1]
        start[a] = n_pairs
        previous = -1
        for k in range(first, last):
            row = row_code[k] >> 1
            won = weight[row] * outcome[row]
            lost = weight[row] - won
            if row_code[k] & 1:
                won, lost = lost, won
            if high[k] == previous:
                win[n_pairs - 1] += won
                loss[n_pairs - 1] += lost
            else:
                previous = high[k]
                low[n_pairs] = a
                high[n_pairs] = previous
                win[n_pairs] = won
                loss[n_pairs] = lost
                n_pairs += 1
        first = last
    start[m] = n_pairs
    return n_pairs


@_compiled(types.void(_starts, _ints, _floats, _floats, _floats, _floats, _float_out, _float_out, _float_out))
def newton_pass(
    start: IntArray,
    right: IndexArray,
    win: FloatArray,
    loss: FloatArray,
    ridge: FloatArray,
    rewards: FloatArray,
    gradient: FloatArray,
    curvature: FloatArray,
    diagonal: FloatArray,
) -> None:
    """Fill gradient, Hessian weights of the pairs and Hessian diagonal in one pass over the pairs."""
    m = len(start) - 1
    for a in range(m):
        gradient[a] = ridge[a] * rewards[a]
        diagonal[a] = ridge[a]
    for a in range(m):
        g, h = 0.0, 0.0
        reward = rewards[a]
        for e in range(start[a], start[a + 1]):
            b = right[e]
            d = reward - rewards[b]
            slope = _slope(d, win[e], loss[e])
            bend = _curvature(d, win[e], loss[e])
            curvature[e] = bend
            g += slope
            h += bend
            gradient[b] -= slope
            diagonal[b] += bend
        gradient[a] += g
        diagonal[a] += h


@_compiled(types.void(_starts, _ints, _floats, _floats, _floats, _float_out))
def laplacian_product(
    start: IntArray,
    right: IndexArray,
    curvature: FloatArray,
    diagonal: FloatArray,
    vector: FloatArray,
    product: FloatArray,
) -> None:
    """Fill `product` with the Hessian times `vector`."""
    m = len(start) - 1
    for a in range(m):
        product[a] = diagonal[a] * vector[a]
    for a in range(m):
        here = vector[a]
        total = 0.0
        for e in range(start[a], start[a + 1]):
            b = right[e]
            total += curvature[e] * vector[b]
            product[b] -= curvature[e] * here
        product[a] -= total


@_compiled(types.void(_starts, _ints, _floats, _floats, _table, types.float64[:, ::1]))
def laplacian_products(
    start: IntArray,
    right: IndexArray,
    curvature: FloatArray,
    diagonal: FloatArray,
    vectors: FloatArray,
    products: FloatArray,
) -> None:
    """Fill `products` with the Hessian times each column of `vectors`, all in one pass."""
    m, k = vectors.shape
    for a in range(m):
        for j in range(k):
            products[a, j] = diagonal[a] * vectors[a, j]
    for a in range(m):
        for e in range(start[a], start[a + 1]):
            b = right[e]
            h = curvature[e]
            for j in range(k):
                products[a, j] -= h * vectors[b, j]
                products[b, j] -= h * vectors[a, j]


@_compiled(types.void(_starts, _ints, _floats, _floats, _float_out, _float_out))
def sum_won_and_lost(
    start: IntArray, right: IndexArray, win: FloatArray, loss: FloatArray, won: FloatArray, lost: FloatArray
) -> None:
    """Fill the weight that each alternative won and lost over its pairs."""
    m = len(start) - 1
    won[:] = 0.0
    lost[:] = 0.0
    for a in range(m):
        up, down = 0.0, 0.0
        for e in range(start[a], start[a + 1]):
            b = right[e]
            up += win[e]
            down += loss[e]
            won[b] += loss[e]
            lost[b] += win[e]
        won[a] += up
        lost[a] += down


@_compiled(types.int64(_starts, _ints, _floats, _floats, types.boolean[::1]))
def spread_reach(
    start: IntArray, right: IndexArray, win: FloatArray, loss: FloatArray, reached: NDArray[np.bool_]
) -> int:
    """Mark whom the reached ones beat, once down and once up the list; returns how many are new."""
    m = len(start) - 1
    fresh = 0
    for k in range(2 * m):
        a = k if k < m else 2 * m - 1 - k
        for e in range(start[a], start[a + 1]):
            b = right[e]
            if reached[a] and not reached[b] and win[e] > 0.0:
                reached[b] = True
                fresh += 1
            elif reached[b] and not reached[a] and loss[e] > 0.0:
                reached[a] = True
                fresh += 1
    return fresh
