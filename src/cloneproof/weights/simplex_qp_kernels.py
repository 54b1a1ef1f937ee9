"""Compiled loop of the preconditioner (imported on first use: numba is heavy)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cloneproof._core.compiled import compiled
from cloneproof._core.typing import FloatArray

__all__ = ["factor_rows"]


@compiled(nogil=True)
def factor_rows(
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    values: FloatArray,
    diagonal: FloatArray,
    most: int,
    least_pivot: float,
    out_counts: NDArray[np.int64],
    out_columns: NDArray[np.int32],
    out_values: FloatArray,
) -> None:
    """Write the rows of G, ``G K G' ~ 1``: row i is supported on i and its nearest earlier neighbours.

    Parameters
    ----------
    starts, columns, values
        Symmetric CSR of the strong pairs, without the diagonal, columns sorted.
    diagonal : ndarray of shape (n,)
    most : int
        Neighbours a row may use.
    least_pivot : float
        A neighbour whose pivot falls below this share of its diagonal says nothing that the others do not,
        and is left out.
    out_counts, out_columns, out_values
        Filled: entries of row i are at ``i * (most + 1)`` and on, columns ascending, i itself last.
    """
    picked = np.empty(most, dtype=np.int64)
    strength = np.empty(most)
    local = np.empty((most + 1, most + 1))
    solution = np.empty(most + 1)
    for i in range(starts.shape[0] - 1):
        n = 0
        for p in range(starts[i], starts[i + 1]):
            j = columns[p]
            if j >= i:
                break
            size = abs(values[p]) / np.sqrt(diagonal[j])
            if n == most and size <= strength[n - 1]:
                continue
            at = n if n < most else most - 1  # keep the strongest, in descending order
            while at > 0 and strength[at - 1] < size:
                picked[at], strength[at] = picked[at - 1], strength[at - 1]
                at -= 1
            picked[at], strength[at] = j, size
            n = min(n + 1, most)
        # Cholesky of K on the neighbours, strongest first, and then on i itself
        kept = 0
        for q in range(n + 1):
            own = i if q == n else picked[q]
            for c in range(kept):
                other = picked[c]
                low, high = starts[own], starts[own + 1]
                while low < high:
                    middle = (low + high) // 2
                    if columns[middle] < other:
                        low = middle + 1
                    else:
                        high = middle
                entry = values[low] if low < starts[own + 1] and columns[low] == other else 0.0
                for k in range(c):
                    entry -= local[kept, k] * local[c, k]
                local[kept, c] = entry / local[c, c]
            pivot = diagonal[own]
            for k in range(kept):
                pivot -= local[kept, k] ** 2
            if pivot < least_pivot * diagonal[own]:
                if q < n:
                    continue
                pivot = least_pivot * diagonal[own]
            local[kept, kept] = np.sqrt(pivot)
            if q < n:
                picked[kept] = own
                kept += 1
        # the last row of the inverse factor
        solution[kept] = 1.0 / local[kept, kept]
        for c in range(kept - 1, -1, -1):
            total = 0.0
            for k in range(c + 1, kept + 1):
                total -= local[k, c] * solution[k]
            solution[c] = total / local[c, c]
        base = i * (most + 1)
        order = np.argsort(picked[:kept])
        for c in range(kept):
            out_columns[base + c] = picked[order[c]]
            out_values[base + c] = solution[order[c]]
        out_columns[base + kept] = i
        out_values[base + kept] = solution[kept]
        out_counts[i] = kept + 1
