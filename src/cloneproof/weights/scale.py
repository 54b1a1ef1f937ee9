"""The scale h: a rule that copies cannot move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloneproof._core.blas import one_blas_thread
from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import check_number
from cloneproof.weights.diversity_solve import canonical_order, solve_dense
from cloneproof.weights.duplicates import group_duplicates
from cloneproof.weights.farthest import farthest_point_net
from cloneproof.weights.neighbours import as_table

__all__ = ["choose_scale", "distinct_points", "rms_distance"]

FRACTION = 0.22
"""h as a share of the weighted root-mean-square distance: MiniLM text lands near .3 on unit vectors."""

NET_SIZE = 1_500
"""Distinct points beyond which the rule looks at a farthest-point net of this many."""

RULE_TOL = 1e-4
"""Relative gap of the weights inside the rule; the spread hardly depends on them."""

STEP = 2e-3
"""The bracket of h ends when its ends differ by this share."""


@one_blas_thread()
def choose_scale(X: ArrayLike, *, fraction: float = FRACTION, n_jobs: int | None = None) -> float:
    r"""Choose h from the spread of the alternatives, so that copies do not move it.

    .. math:: h = f \cdot \mathrm{rms}(w_h), \quad
              \mathrm{rms}(w)^2 = \sum_{ij} w_i w_j |x_i - x_j|^2

    with w_h the diversity weights at scale h: a fixed point, because weights need a scale and an honest
    spread needs weights.

    Parameters
    ----------
    X : array-like of shape (n_alternatives, n_dims)
        One row per alternative.
    fraction : float, default=0.22
        The share f.
    n_jobs : int, optional
        Threads; all processors by default. Does not change the result.

    Returns
    -------
    scale : float
        In the unit of `X`. 1.0 where all alternatives are one point (any h gives the same weights).

    Notes
    -----
    Exact copies are grouped first: they change nothing, to the last bit. Noisy copies change the weights
    of what they copy by O(noise / h) and h by less. Beyond 1,500 distinct points the rule works on a
    farthest-point net of 1,500 of them (each next point the one farthest from the net so far, so a
    cloud of copies narrower than the net's mesh adds nothing); there h can move by some per cent when the
    net changes. The largest fixed point below f times the diameter bound is bracketed from above and
    bisected in log h to .2 %, then interpolated: at most 40 solves, about 10 in practice. Where the fixed
    point is lost (its curve folds) h jumps to a lower one.

    Examples
    --------
    >>> points = [[0.0], [1.0], [2.0]]
    >>> choose_scale(points) == choose_scale(points + 50 * [[2.0]])
    True
    """
    check_number("fraction", fraction, low=0.0, low_open=True)
    distinct = distinct_points(as_table(X, "X"))
    if len(distinct) == 1:
        return 1.0
    points = farthest_point_net(distinct, NET_SIZE, n_jobs=n_jobs)
    points = points - points.mean(axis=0)
    size = float(np.abs(points).max())
    points /= size
    warm: FloatArray | None = None

    def implied(scale: float) -> float:
        nonlocal warm
        warm = solve_dense(points, scale, tol=RULE_TOL, warm_start=warm, n_jobs=n_jobs).weights
        return fraction * rms_distance(points, warm)

    return size * _largest_fixed_point(implied, 2.0 * fraction * _radius(points))


def rms_distance(points: FloatArray, weights: FloatArray) -> float:
    """Return the root of ``sum_ij w_i w_j |x_i - x_j|^2``, which is twice the weighted variance."""
    offset = points - weights @ points
    return float(np.sqrt(2.0 * (weights @ np.einsum("ij,ij->i", offset, offset))))


def _largest_fixed_point(implied: Callable[[float], float], top: float) -> float:
    """Bracket the largest h with ``implied(h) = h`` from above, bisect it in log h, and interpolate.

    ``implied(top) <= top`` because no weighted spread exceeds the bound behind `top`; stepping down by
    the map itself (h <- implied(h)) keeps the upper end valid as long as it falls, and halves otherwise.
    The last step is linear in log h, so that h follows the data without the steps of the bisection.
    """
    high, at_high = top, implied(top)
    low, at_low = at_high, 0.0
    for _ in range(12):  # walk down while the map still lies below the diagonal
        if low <= 0:
            return high
        at_low = implied(low)
        if at_low >= low or high <= low * (1 + STEP):
            break
        high, at_high, low = low, at_low, min(at_low, 0.97 * low)
    else:
        return low
    for _ in range(28):
        if high <= low * (1 + STEP):
            break
        middle = float(np.sqrt(low * high))
        at_middle = implied(middle)
        if at_middle >= middle:
            low, at_low = middle, at_middle
        else:
            high, at_high = middle, at_middle
    return _interpolate(low, at_low, high, at_high)


def _interpolate(low: float, at_low: float, high: float, at_high: float) -> float:
    """Return where the line through two values of ``log(implied(h) / h)`` over log h is 0."""
    below, above = float(np.log(at_low / low)), float(np.log(at_high / high))
    if below == above:  # also where low and high are the same
        return float(np.sqrt(low * high))
    root = low * (high / low) ** (below / (below - above))
    return float(np.clip(root, low / (1 + STEP), high))


def _radius(points: FloatArray) -> float:
    """Return the largest distance from the origin (rms distances are at most sqrt(2) times that)."""
    return float(np.sqrt(np.einsum("ij,ij->i", points, points).max()))


def distinct_points(table: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Return the distinct rows in canonical order; `table` itself, without a copy, where that is it."""
    first = group_duplicates(table).first
    distinct = table if len(first) == len(table) else table[first]
    order = canonical_order(distinct)
    return distinct if bool((order[1:] > order[:-1]).all()) else distinct[order]
