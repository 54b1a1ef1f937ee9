"""Compiled scan of a plain table of text: fields found eight bytes at a time and coded as they pass.

Imported on use, compiled once and cached on disk. The cache looks at this file only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from cloneproof._core.compiled import compiled

__all__ = ["scan"]

Bytes = NDArray[np.uint8]

_bytes = types.Array(types.uint8, 1, "C", readonly=True)
_SIGNATURE = types.int64(
    _bytes, types.int64, types.int64, types.int64, types.int32[:, ::1], types.int64, types.uint64[::1],
    types.int64[::1], types.int64[::1], types.uint64[::1],
)  # fmt: skip


def _load_word(typing_context: Any, text: Any, place: Any) -> Any:
    """Return the 8 bytes from a place on as a little-endian number, wherever it lies."""
    del typing_context

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = builder.gep(array.data, [arguments[1]])
        wide = ir.IntType(64)
        return builder.load(builder.bitcast(pointer, wide.as_pointer()), align=1, typ=wide)

    return types.uint64(text, place), codegen


def _count_zeros(typing_context: Any, bits: Any) -> Any:
    """Return the position of the lowest bit that is set."""
    del typing_context

    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(bits), codegen


_word: Any = intrinsic(_load_word)
_lowest_bit: Any = intrinsic(_count_zeros)


@compiled(_SIGNATURE, nogil=True, error_model="numpy")
def scan(
    text: Bytes,
    begin: int,
    end: int,
    delimiter: int,
    codes: NDArray[np.int32],
    row: int,
    slot_hash: NDArray[np.uint64],
    slot_place: NDArray[np.int64],
    used: NDArray[np.int64],
    pool: NDArray[np.uint64],
) -> int:
    """Code the fields of the lines ``text[begin:end]``, which end in a line break.

    Parameters
    ----------
    text : uint8 ndarray
        With 8 readable bytes beyond `end`.
    begin, end : int
    delimiter : int
    codes : int32 ndarray of shape (n_columns, capacity), filled
        Number of the field's value in its column, by first appearance; -1 where the field is empty.
    row : int
        First row to fill.
    slot_hash, slot_place : uint64 and int64 ndarray, their length a power of 2, changed
        Open hash table; the place in the pool is -1 where a slot is free.
    used : int64 ndarray of shape (2 + n_columns,), changed
        Distinct values, words of the pool in use, and the distinct values of each column.
    pool : uint64 ndarray, changed
        A record for each distinct value: ``column << 32 | length``, its number, its bytes with 1 to 8
        zeros after them.

    Returns
    -------
    row : int
        The row after the last; -1 for a line of another number of fields, -2 for too many distinct values.
    """
    low = np.uint64(0x0101010101010101)
    high = np.uint64(0x8080808080808080)
    factor = np.uint64(0x9E3779B97F4A7C15)
    one = np.uint64(1)
    three = np.uint64(3)
    half = np.uint64(32)
    commas = np.uint64(delimiter) * low
    breaks = np.uint64(10) * low
    n_columns = codes.shape[0]
    most_rows = codes.shape[1]
    n_slots = np.uint64(len(slot_hash) - 1)
    place = begin
    column = 0
    while place < end:
        start = place
        mixed = np.uint64(column + 1) * factor
        while True:
            word = _word(text, place)
            x, y = word ^ commas, word ^ breaks
            hit = (((x - low) & ~x) | ((y - low) & ~y)) & high
            if hit != 0:
                n = _lowest_bit(hit) >> three
                word &= (one << (n << three)) - one
                place += int(n)
                mixed = (mixed ^ word) * factor
                break
            mixed = (mixed ^ word) * factor
            mixed ^= mixed >> half
            place += 8
        mixed ^= mixed >> half
        length = place - start
        last = text[place] == 10
        place += 1
        if last and column == 0 and length == 0:
            continue  # an empty line
        if last != (column == n_columns - 1) or row >= most_rows:
            return -1
        if length == 0:
            codes[column, row] = -1
        else:
            kind = (np.uint64(column) << half) | np.uint64(length)
            whole = length >> 3
            slot = mixed & n_slots
            while True:
                known = slot_place[slot]
                if known < 0:
                    known = used[1]
                    if 2 * used[0] >= len(slot_hash) or known + whole + 3 > len(pool):
                        return -2
                    slot_hash[slot] = mixed
                    slot_place[slot] = known
                    pool[known] = kind
                    pool[known + 1] = np.uint64(used[2 + column])
                    for k in range(whole):
                        pool[known + 2 + k] = _word(text, start + 8 * k)
                    pool[known + 2 + whole] = word
                    used[0] += 1
                    used[1] = known + whole + 3
                    used[2 + column] += 1
                    break
                if slot_hash[slot] == mixed and pool[known] == kind and pool[known + 2 + whole] == word:
                    k = 0
                    while k < whole and _word(text, start + 8 * k) == pool[known + 2 + k]:
                        k += 1
                    if k == whole:
                        break
                slot = (slot + one) & n_slots
            codes[column, row] = np.int32(pool[known + 1])
        if last:
            column = 0
            row += 1
        else:
            column += 1
    return row
