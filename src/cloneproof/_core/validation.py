"""Checks of what users pass in: one sentence with what was expected and what came."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.typing import FloatArray, RandomState

__all__ = [
    "as_weights",
    "check_choice",
    "check_integer",
    "check_number",
    "generator",
]


def check_number(
    name: str,
    value: Any,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    low_open: bool = False,
    high_open: bool = True,
) -> float:
    """Return `value` as a float if it lies between `low` and `high`, else raise ParameterError."""
    bracket = f"{'(' if low_open else '['}{low:g}, {high:g}{')' if high_open else ']'}"
    fine = (
        isinstance(value, (int, float, np.integer, np.floating))
        and not isinstance(value, (bool, np.bool_))
        and (low < value or (not low_open and value == low))
        and (value < high or (not high_open and value == high))
    )
    if not fine:
        raise ParameterError(f"{name} must be a number in {bracket}. Got {value!r}.")
    return float(value)


def check_integer(name: str, value: Any, *, low: int, high: int | None = None) -> int:
    """Return `value` as an int if ``low <= value <= high``, else raise ParameterError."""
    fine = isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_)) and value >= low
    if not fine or (high is not None and value > high):
        upper = "" if high is None else f" and at most {high}"
        raise ParameterError(f"{name} must be an integer of at least {low}{upper}. Got {value!r}.")
    return int(value)


def check_choice(name: str, value: Any, choices: Collection[str]) -> str:
    """Return `value` if it is one of `choices`, else raise ParameterError that lists them."""
    if not isinstance(value, str) or value not in choices:
        known = ", ".join(repr(choice) for choice in choices)
        raise ParameterError(f"{name} must be one of {known}. Got {value!r}.")
    return value


def as_weights(weights: ArrayLike, n: int, *, name: str, per: str) -> FloatArray:
    """Return non-negative weights of shape (n,) scaled to sum to 1.

    Parameters
    ----------
    weights : array-like of shape (n,)
    n : int
        How many there must be.
    name, per : str
        What the weights are called in a message, and what each belongs to ("alternative").

    Raises
    ------
    InputError
        If the shape differs, a value is negative or not finite, or all are zero.
    """
    values = np.asarray(weights, dtype=np.float64)
    if values.shape != (n,):
        raise InputError(f"{name} has shape {values.shape}, expected ({n},): one per {per}.")
    bad = ~np.isfinite(values) | (values < 0)
    if bad.any():
        first = int(np.argmax(bad))
        raise InputError(
            f"{name} must be finite and non-negative; {int(bad.sum()):,} of {n:,} are not, "
            f"first: {values[first]} (position {first})."
        )
    total = float(values.sum())
    if total <= 0:
        raise InputError(f"{name} must have a positive sum. Got {n:,} zeros.")
    return values / total


def generator(random_state: RandomState) -> np.random.Generator:
    """Return the random generator that `random_state` stands for.

    Raises
    ------
    ParameterError
        If `random_state` is not None, a non-negative integer or a ``numpy.random.Generator``.
    """
    if isinstance(random_state, np.random.Generator):
        return random_state
    if isinstance(random_state, np.random.RandomState):  # scikit-learn's own checks pass one
        return np.random.default_rng(random_state.randint(2**31 - 1))
    if random_state is None or (isinstance(random_state, (int, np.integer)) and random_state >= 0):
        return np.random.default_rng(None if random_state is None else int(random_state))
    raise ParameterError(
        f"random_state must be None, a non-negative integer or a numpy Generator. Got {random_state!r}."
    )
