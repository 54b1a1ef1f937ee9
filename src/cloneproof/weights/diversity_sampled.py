"""Diversity weights where no exact product is affordable: corrections and gap from drawn columns and rows."""

from __future__ import annotations

import numpy as np

from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.weights.diversity_far import ExactKernel

__all__ = ["draw_columns", "measure_on_sample"]


def draw_columns(v: FloatArray, n: int, turn: int) -> IntArray:
    """Draw `n` columns in proportion to `v`, at even steps of the summed weights; each turn draws others.

    Parameters
    ----------
    v : ndarray of shape (m,)
    n : int
    turn : int
        Which draw: its offset within a step runs through the golden-ratio sequence.
    """
    offset = (0.5 + turn * 0.6180339887498949) % 1.0
    total = np.cumsum(v)
    found: IntArray = np.searchsorted(total, (np.arange(n) + offset) / n * total[-1]).astype(np.int64)
    return np.minimum(found, len(v) - 1)


def measure_on_sample(exact: ExactKernel, v: FloatArray, n_rows: int) -> tuple[float, float]:
    """Estimate value and gap from exact rows: half drawn by weight (for the value), half evenly."""
    half = n_rows // 2
    by_weight = draw_columns(v, half, 0)
    evenly = np.linspace(0, len(v) - 1, half).astype(np.int64)
    value = float(exact.rows(v, by_weight).mean())
    lowest = float(exact.rows(v, np.union1d(by_weight, evenly)).min())
    return value, max(value - lowest, 0.0)
