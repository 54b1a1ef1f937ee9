"""The curve by which a person chooses the scale: what robustness costs at each h."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray, RandomState
from cloneproof._core.validation import check_integer, check_number, generator
from cloneproof.weights.base import effective_sample_size
from cloneproof.weights.diversity_solve import solve_dense
from cloneproof.weights.farthest import farthest_point_net
from cloneproof.weights.neighbours import as_table
from cloneproof.weights.scale import choose_scale, distinct_points, rms_distance

__all__ = ["ScaleCurve", "scale_curve"]

NET_SIZE = 1_500
"""Distinct points beyond which the curve is drawn on a farthest-point net of this many."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ScaleCurve:
    """Cost and robustness of diversity weights at each scale; every array has one entry per scale.

    Parameters
    ----------
    scales : ndarray of shape (n_scales,)
        h, increasing.
    effective_sample_size : ndarray of shape (n_scales,)
        ``1 / sum w^2`` over the distinct points.
    n_effective : ndarray of shape (n_scales,)
        ``1 / w'Kw``. Exact copies do not move it.
    variance_cost : ndarray of shape (n_scales,)
        ``sqrt(n_points / effective_sample_size)``: how much wider intervals get.
    inflation : ndarray of shape (n_scales,)
        The factor by which the targets' total grows when each is copied `n_copies` times with noise: 1 is
        perfectly robust, about ``1 + n_copies`` is what uniform weights give. Where the targets together weigh
        less than as many average alternatives, growth is measured in shares of the latter: a target of
        weight 0 cannot grow by a factor.
    relative_gap : ndarray of shape (n_scales,)
        Optimality of the weights.
    auto : float
        What ``scale="auto"`` chooses.
    noise, n_copies, n_targets : float, int, int
        The attack behind `inflation`; noise in the unit of ``X``.
    n_points : int
        Points that the curve was drawn on.
    """

    scales: FloatArray
    effective_sample_size: FloatArray
    n_effective: FloatArray
    variance_cost: FloatArray
    inflation: FloatArray
    relative_gap: FloatArray
    auto: float
    noise: float
    n_copies: int
    n_targets: int
    n_points: int


def scale_curve(
    X: ArrayLike,
    scales: ArrayLike | None = None,
    *,
    noise: float | None = None,
    n_copies: int = 20,
    n_targets: int = 5,
    random_state: RandomState = 0,
    n_jobs: int | None = None,
) -> ScaleCurve:
    """Measure at several scales what diversity weights cost and how robust they are.

    Parameters
    ----------
    X : array-like of shape (n_alternatives, n_dims)
    scales : array-like of shape (n_scales,), optional
        By default nine from a quarter of the automatic scale to four times that.
    noise : float, optional
        Length of the random shift of each copy; a tenth of the weighted spread by default.
    n_copies, n_targets : int
        Copies of each target, and how many alternatives are tried.
    random_state : int, Generator or None, default=0
        Steers the targets and the shifts.
    n_jobs : int, optional
        Threads; all processors by default.

    Returns
    -------
    curve : ScaleCurve

    Raises
    ------
    InputError, ParameterError
        If `X` is not a table of finite numbers, or an option is out of range.

    Notes
    -----
    Robustness is not monotone in h. Below the distance of the copies each of them counts; far above the
    spread of the data the kernel is nearly flat, weights sit on few outlying points, and copies that stick
    out shift them. The inflation falls, has its bottom near the automatic scale, and rises again, while the
    cost only rises.

    One dense solve per scale and target. Beyond 1,500 distinct points a farthest-point net stands for all.

    Examples
    --------
    >>> curve = scale_curve([[0.0], [1.0], [5.0]], [0.1, 1.0], n_copies=3, n_targets=2)
    >>> curve.n_effective.round(2)
    array([3.  , 2.24])
    """
    check_integer("n_copies", n_copies, low=1)
    check_integer("n_targets", n_targets, low=1)
    points = farthest_point_net(distinct_points(as_table(X, "X")), NET_SIZE, n_jobs=n_jobs)
    m = len(points)
    auto = choose_scale(points, n_jobs=n_jobs)
    grid = auto * np.geomspace(0.25, 4.0, 9) if scales is None else _as_scales(scales)
    spread = rms_distance(points, np.full(m, 1.0 / m))
    shift = 0.1 * spread if noise is None else check_number("noise", noise, low=0.0)
    rng = generator(random_state)
    targets = rng.permutation(m)[:n_targets]
    attacks = []
    for target in targets:
        direction = rng.normal(size=(n_copies, points.shape[1]))
        direction *= shift / np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-300)
        attacks.append(np.concatenate([points, points[target] + direction]))
    rows = []
    with track("scale curve", total=len(grid) * (1 + len(targets))) as advance:
        for h in grid:
            clean = solve_dense(points, float(h), tol=1e-6, n_jobs=n_jobs)
            advance(1)
            before, after = 0.0, 0.0
            for target, attacked in zip(targets, attacks, strict=True):
                found = solve_dense(attacked, float(h), tol=1e-6, n_jobs=n_jobs)
                before += float(clean.weights[target])
                after += float(found.weights[target] + found.weights[m:].sum())
                advance(1)
            size = effective_sample_size(clean.weights)
            inflation = 1.0 + (after - before) / max(before, len(targets) / m)
            rows.append((size, 1.0 / clean.value, np.sqrt(m / size), inflation, clean.relative_gap))
    size, n_effective, cost, inflation_, gap = np.array(rows).T
    return ScaleCurve(
        scales=grid,
        effective_sample_size=size,
        n_effective=n_effective,
        variance_cost=cost,
        inflation=inflation_,
        relative_gap=gap,
        auto=auto,
        noise=float(shift),
        n_copies=n_copies,
        n_targets=len(targets),
        n_points=m,
    )


def _as_scales(scales: ArrayLike) -> FloatArray:
    """Return the scales increasing and checked."""
    try:
        grid = np.unique(np.asarray(scales, dtype=np.float64).ravel())
    except (TypeError, ValueError) as error:
        raise InputError(f"scales must be positive numbers. Got {scales!r}.") from error
    if grid.size == 0 or not np.isfinite(grid).all() or grid[0] <= 0:
        raise ParameterError(f"scales must be positive numbers, at least one. Got {scales!r}.")
    return grid
