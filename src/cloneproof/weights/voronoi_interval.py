"""Intervals for cell shares, and numbers that never show an unseen cell as 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import beta, t

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray
from cloneproof.weights.voronoi_samples import CellShares

__all__ = ["FEW_HITS", "format_weights", "share_interval"]

FEW_HITS = 50
"""Cells with fewer hits than this also get the interval of a binomial count."""


def share_interval(cells: CellShares, confidence: float) -> FloatArray:
    """Return an interval for each cell's share.

    Parameters
    ----------
    cells : CellShares
    confidence : float
        Between 0 and 1.

    Returns
    -------
    interval : ndarray of shape (n_points, 2)
        Exact shares get an interval of length 0. Cells without a hit get [0, u], where a share of u would
        have been missed with probability ``1 - confidence``. Binomial counts get the interval of Clopper
        and Pearson. All others get a t interval; with fewer than 50 hits, where few replicates can agree
        by chance, it is widened to cover the interval of Clopper and Pearson too.
    """
    if cells.n_samples == 0:
        return np.column_stack([cells.shares, cells.shares])
    hits, n, tail = cells.hits, cells.n_samples, (1.0 - confidence) / 2.0
    with np.errstate(invalid="ignore"):
        low = np.where(hits > 0, beta.ppf(tail, hits, n - hits + 1), 0.0)
        high = np.where(hits < n, beta.ppf(1.0 - tail, hits + 1, n - hits), 1.0)
    if not cells.binomial:
        half = float(t.ppf(1.0 - tail, cells.dof)) * cells.standard_errors
        few = (hits < FEW_HITS) | (n - hits < FEW_HITS)
        low = np.where(few, np.fmin(low, cells.shares - half), cells.shares - half)
        high = np.where(few, np.fmax(high, cells.shares + half), cells.shares + half)
    empty = hits == 0
    low[empty], high[empty] = 0.0, -np.expm1(np.log1p(-confidence) / n)
    return np.clip(np.column_stack([low, high]), 0.0, 1.0)


def format_weights(
    weights: ArrayLike, upper_bounds: ArrayLike | None = None, *, digits: int = 3
) -> list[str]:
    """Write weights to `digits` significant digits; one known only to be below a bound reads "< bound".

    Parameters
    ----------
    weights : array-like of shape (n_alternatives,)
    upper_bounds : array-like of shape (n_alternatives,), optional
        What a weight that was estimated as 0 may be at most, as `VoronoiWeights.upper_bounds_` holds it.
        Bounds are rounded up. A weight of 0 with a bound of 0 is exact and reads "0".
    digits : int, default=3
        Significant digits.

    Examples
    --------
    >>> format_weights([0.25, 0.0, 0.0], [0.3, 4.57e-05, 0.0])
    ['0.25', '< 4.6e-05', '0']
    """
    values = np.asarray(weights, dtype=np.float64)
    bounds = np.zeros_like(values) if upper_bounds is None else np.asarray(upper_bounds, dtype=np.float64)
    if values.ndim != 1 or bounds.shape != values.shape:
        raise InputError(
            f"weights and upper_bounds must have the same shape (n_alternatives,). "
            f"Got {values.shape} and {bounds.shape}."
        )
    return [_format(float(w), float(b), digits) for w, b in zip(values, bounds, strict=True)]


def _format(weight: float, bound: float, digits: int) -> str:
    """Write one weight."""
    if weight > 0.0 or bound <= 0.0:
        return f"{weight:.{digits}g}"
    return f"< {_round_up(bound)}"


def _round_up(bound: float) -> str:
    """Write a bound to two significant digits, never below itself."""
    text = f"{bound:.1e}"
    if float(text) < bound:
        step = 10.0 ** (int(np.floor(np.log10(bound))) - 1)
        text = f"{bound + step:.1e}"
    return f"{float(text):.2g}"
