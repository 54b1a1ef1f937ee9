"""Rows that a repeat holds out to know when to stop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.typing import FloatArray
from cloneproof.neural.repeats import RepeatDesigns
from cloneproof.rewards.weighting import WeightedDesign, weigh
from cloneproof.weights import group_duplicates

__all__ = ["HeldOut", "hold_out"]


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldOut:
    """The comparisons of a repeat, divided; both parts are scaled as a whole data set is."""

    train: WeightedDesign
    test: WeightedDesign


def hold_out(
    designs: RepeatDesigns,
    repeat: int,
    points: FloatArray,
    *,
    share: float,
    rows: ArrayLike | None,
    random_state: np.random.Generator,
) -> HeldOut:
    """Divide the rows of a repeat; rows on the same two points stay together.

    Raises
    ------
    InputError
        If one of the parts would be empty, or without weight.
    """
    comparisons = designs.designs[repeat].comparisons
    n = comparisons.n_comparisons
    if rows is None:
        point = group_duplicates(points).inverse.astype(np.int64)
        a, b = point[comparisons.left], point[comparisons.right]
        code = np.minimum(a, b) * (int(point.max()) + 1) + np.maximum(a, b)
        distinct, group = np.unique(code, return_inverse=True)
        n_test = max(1, round(share * len(distinct)))
        test = random_state.permutation(len(distinct))[group] < n_test
    else:
        test = _as_mask(rows, n)
    if test.all() or not test.any():
        raise InputError(
            f"early stopping needs rows to train on and rows to hold out; of {n:,} rows, {int(test.sum()):,} "
            f"were held out. Give more distinct pairs, or leave patience out."
        )
    w, omega = designs.given[repeat]
    omega = None if omega is None else np.asarray(omega, dtype=np.float64)
    parts = []
    for mask in (~test, test):
        weight = None if omega is None else omega[mask]
        if weight is not None and not weight.sum() > 0:
            raise InputError("all rows on one side of the split for early stopping have weight 0.")
        parts.append(weigh(comparisons.select(mask), w, weight))
    return HeldOut(train=parts[0], test=parts[1])


def _as_mask(rows: ArrayLike, n: int) -> NDArray[np.bool_]:
    chosen = np.asarray(rows)
    mask = np.zeros(n, dtype=bool)
    try:
        mask[chosen] = True
    except (IndexError, ValueError):
        raise ParameterError(
            f"validation_rows must be positions of rows from 0 to {n - 1:,}, or a mask of shape ({n},)."
        ) from None
    if chosen.dtype.kind == "b":
        mask = chosen.copy()
    return mask
