"""Diversity weights of distinct points: the minimum of w'Kw, with the gap measured on exact rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from cloneproof._core.blas import one_blas_thread
from cloneproof._core.errors import InputError
from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray
from cloneproof.weights.diversity_far import ExactKernel, NearFarKernel, approximate_kernel
from cloneproof.weights.diversity_sampled import draw_columns, measure_on_sample
from cloneproof.weights.diversity_working_set import FIRST_SIZE, WorkingSet, solve_on_working_set
from cloneproof.weights.neighbours import gaussian_kernel, radius_neighbours, sample_distances
from cloneproof.weights.neighbours_ivf import approximate_neighbours
from cloneproof.weights.simplex_qp import solve_simplex_qp

__all__ = ["DiversitySolution", "canonical_order", "solve_dense", "solve_large"]

REACH = 3.0
"""Pairs within this many scales are stored exactly (K there is above .011), as far as memory allows."""

PAIR_BUDGET = 30_000_000
"""Stored pairs aimed at; the radius shrinks where the points are denser."""

EXACT_LIMIT = 300_000
"""Points beyond which neighbours are found approximately and the gap is measured on a sample of rows."""

EXACT_PAIRS = 3e11
"""Pairs of points that all exact products together may look at: some 40 minutes of one core at 384 dimensions."""

SAMPLED_ROWS = 2_000
"""Rows on which the gap is measured beyond `EXACT_LIMIT`: half drawn by weight, half evenly."""

DRAWN_COLUMNS = 40_000
"""Columns of the kernel that stand for the far field in one correction beyond `EXACT_LIMIT`."""

SAMPLED_REFINEMENTS = 3
"""Corrections against estimated products beyond `EXACT_LIMIT`; more of them fit the noise of the draws."""

FIRST_TOL = 1e-3
"""Relative gap of the first solution, on the approximate kernel, where corrections follow."""

SAMPLED_TOL = 1e-4
"""The same where only estimated corrections follow: they are coarser than this."""

HISTORY = 7
"""Earlier candidates, besides the present weights, that a correction may mix in."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DiversitySolution:
    """Weights of distinct points and how far they are from optimal.

    Parameters
    ----------
    weights : ndarray of shape (m,)
    value, gap, relative_gap : float
        ``w'Kw``, ``w'Kw - min_i (Kw)_i`` and their ratio, on the true kernel.
    n_gap_rows : int
        How many rows the gap was measured on; fewer than m makes it an estimate.
    n_iter : int
        Rounds of the solver plus refinements.
    """

    weights: FloatArray
    value: float
    gap: float
    relative_gap: float
    n_gap_rows: int
    n_iter: int


def canonical_order(points: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    """Return an order of distinct rows that does not depend on how they came.

    Solved in this order, a permutation of the alternatives permutes the weights to the last bit.
    """
    keys = _first_bytes(points)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    same = keys[1:] == keys[:-1]
    tied = np.flatnonzero(np.r_[same, False] | np.r_[False, same])
    if tied.size:  # all bytes decide; rows of different keys do not mix, since the key is their beginning
        plain = np.ascontiguousarray(points[order[tied]] + points.dtype.type(0))  # -0.0 is 0.0
        rows = plain.view(np.dtype((np.void, plain.dtype.itemsize * plain.shape[1]))).ravel()
        order[tied] = order[tied][np.argsort(rows, kind="stable")]
    return order


def _first_bytes(points: NDArray[np.floating[Any]]) -> NDArray[np.uint64]:
    """Return the first eight bytes of each row as one number that orders rows as their bytes do."""
    n_columns = 8 // points.dtype.itemsize
    first = np.zeros((len(points), n_columns), dtype=points.dtype)
    first[:, : points.shape[1]] = points[:, :n_columns]
    first += points.dtype.type(0)
    return first.view(">u8").ravel().astype(np.uint64)


def solve_dense(
    points: NDArray[np.floating[Any]],
    scale: float,
    *,
    tol: float,
    max_iter: int = 500,
    warm_start: FloatArray | None = None,
    n_jobs: int | None = None,
) -> DiversitySolution:
    """Build the whole kernel and solve: 8 m^2 bytes (16 m^2 where the interior-point method is needed)."""
    kernel = gaussian_kernel(points, scale, n_jobs=n_jobs)
    found = solve_simplex_qp(kernel, tol=tol, max_iter=max_iter, warm_start=warm_start)
    return DiversitySolution(
        weights=found.weights,
        value=found.value,
        gap=found.gap,
        relative_gap=found.relative_gap,
        n_gap_rows=len(points),
        n_iter=found.n_iter,
    )


@one_blas_thread()
def solve_large(
    points: NDArray[np.floating[Any]],
    scale: float,
    *,
    tol: float,
    max_iter: int = 500,
    max_refinements: int | None = None,
    n_jobs: int | None = None,
) -> DiversitySolution:
    """Solve on a working set; where that grows too large, on near pairs and a far field, and correct.

    Each refinement minimises ``w'Aw + 2 (Kv - Av)'w`` (A the approximation, v the best weights so far)
    and then the exact objective over the hull of all candidates so far, from their exact products; so
    the value falls every time, however coarse A is. One refinement costs one exact product, m^2 d.

    Parameters
    ----------
    points : ndarray of shape (m, d)
        Distinct, in canonical order.
    scale, tol, max_iter, n_jobs
        As in :class:`cloneproof.weights.DiversityWeights`.
    max_refinements : int, optional
        Budget of exact corrections. By default 3 10^11 pairs of points altogether, at most 60; beyond
        300,000 points none but a few with estimated products.
    """
    m = len(points)
    working: WorkingSet | None = None
    if m > 4 * FIRST_SIZE:
        working = solve_on_working_set(points, scale, tol=tol, max_iter=max_iter, n_jobs=n_jobs)
        if working is not None and working.relative_gap <= tol:
            return _certify_exact(working.weights, working.products, working.n_iter)
    neighbours = _near_pairs(points, scale, n_jobs)
    approximate = approximate_kernel(points, scale, neighbours, n_jobs=n_jobs)
    exact = ExactKernel(points, scale, neighbours, n_jobs=n_jobs)
    del neighbours  # half a gigabyte
    sampled = m > EXACT_LIMIT and max_refinements is None
    product = _estimator(exact) if sampled else exact.product
    if working is None:
        first = solve_simplex_qp(approximate, tol=FIRST_TOL, max_iter=max_iter)
        v, Kv, n_iter = first.weights, product(first.weights), first.n_iter
    else:
        v, Kv, n_iter = working.weights, working.products, working.n_iter
    if sampled:
        budget, tol = SAMPLED_REFINEMENTS, SAMPLED_TOL
    else:
        budget = min(60, int(EXACT_PAIRS / m**2)) if max_refinements is None else max_refinements
    found = _corrections(product, approximate, (v, Kv, n_iter), tol=tol, max_iter=max_iter, budget=budget)
    if not sampled:
        return min(found, key=lambda one: one.relative_gap)
    *_, last = found
    value, gap = measure_on_sample(exact, last.weights, SAMPLED_ROWS)
    return replace(last, value=value, gap=gap, relative_gap=gap / value, n_gap_rows=SAMPLED_ROWS)


def _estimator(exact: ExactKernel) -> Callable[[FloatArray], FloatArray]:
    """Return a product with the kernel that is estimated on other columns every time."""
    turns = itertools.count()

    def estimate(v: FloatArray) -> FloatArray:
        return exact.estimate(v, draw_columns(v, DRAWN_COLUMNS, next(turns)))

    return estimate


def _corrections(
    product: Callable[[FloatArray], FloatArray],
    approximate: NearFarKernel,
    start: tuple[FloatArray, FloatArray, int],
    *,
    tol: float,
    max_iter: int,
    budget: int,
) -> Iterator[DiversitySolution]:
    """Correct weights, given with their product and the rounds so far; yield them, each step and each mixture.

    Ends after `budget` corrections, or when a gap is at most `tol`.
    """
    v, Kv, n_iter = start
    candidates, products = [v], [Kv]
    best = _certify_exact(v, Kv, n_iter)
    yield best
    with track("corrections, at most", total=budget) as advance:
        for _ in range(budget):
            if best.relative_gap <= tol:
                return
            step = solve_simplex_qp(
                approximate,
                linear=Kv - approximate @ v,
                tol=min(1.0, max(0.3 * tol, 0.03 * best.relative_gap)),
                max_iter=max_iter,
                warm_start=v,
            )
            n_iter += step.n_iter + 1
            candidates.append(step.weights)
            products.append(product(step.weights))
            mix = _best_mixture(np.stack(candidates), np.stack(products))
            v, Kv = mix @ np.stack(candidates), mix @ np.stack(products)
            v = np.maximum(v, 0.0)
            for found in (_certify_exact(step.weights, products[-1], n_iter), _certify_exact(v, Kv, n_iter)):
                if found.relative_gap < best.relative_gap:
                    best = found
                yield found
            advance(1)
            candidates, products = [*candidates[-HISTORY:], v], [*products[-HISTORY:], Kv]


def _certify_exact(v: FloatArray, Kv: FloatArray, n_iter: int) -> DiversitySolution:
    """Measure value and gap from an exact product."""
    value = float(v @ Kv)
    gap = max(value - float(Kv.min()), 0.0)
    return DiversitySolution(
        weights=v,
        value=value,
        gap=gap,
        relative_gap=gap / value,
        n_gap_rows=len(v),
        n_iter=n_iter,
    )


def _best_mixture(candidates: FloatArray, products: FloatArray) -> FloatArray:
    """Return coefficients, summing to 1, of the best mixture of the candidates that stays on the simplex.

    Everything is measured from the latest candidate: near the optimum the objective itself no longer
    tells the candidates apart in float64, its differences do. The best convex mixture is moved towards the
    best affine one as far as all weights stay non-negative.
    """
    offset = candidates[:-1] - candidates[-1]
    change = products[:-1] - products[-1]
    curvature = offset @ change.T
    curvature = 0.5 * (curvature + curvature.T)
    slope = offset @ (products[-1] - products[-1].min())
    size = np.sqrt(np.maximum(np.diagonal(curvature), np.finfo(float).tiny))
    affine = -np.linalg.lstsq(curvature / np.outer(size, size), slope / size, rcond=1e-12)[0] / size
    convex = _best_convex(curvature, slope)
    now, move = candidates[-1] + convex @ offset, (affine - convex) @ offset
    falling = move < 0
    reach = min(1.0, float(np.min(now[falling] / -move[falling]))) if falling.any() else 0.0
    steps = convex + max(reach, 0.0) * (affine - convex)
    return np.append(steps, 1.0 - steps.sum())


def _best_convex(curvature: FloatArray, slope: FloatArray) -> FloatArray:
    """Minimise ``t'Ct + 2 s't`` over ``t >= 0, sum t <= 1`` (a handful of numbers)."""
    largest = max(float(np.abs(curvature).max()), float(np.abs(slope).max()), np.finfo(float).tiny)
    padded = np.zeros((len(slope) + 1, len(slope) + 1))
    padded[:-1, :-1] = curvature / largest
    start = np.zeros(len(slope) + 1)
    start[-1] = 1.0
    found = solve_simplex_qp(padded, linear=np.append(slope / largest, 0.0), tol=1e-6, warm_start=start)
    return found.weights[:-1]


def _near_pairs(points: NDArray[np.floating[Any]], scale: float, n_jobs: int | None) -> sp.csr_array:
    """Find the pairs within three scales, or as many of the nearest as the budget allows."""
    m = len(points)
    n_rows = 256 if m <= EXACT_LIMIT else 64
    sample = np.sort(sample_distances(points, n_rows, n_jobs=n_jobs), axis=None)
    wanted = int(PAIR_BUDGET / m * n_rows)
    radius = REACH * scale if wanted >= len(sample) else min(REACH * scale, float(sample[wanted]))
    del sample
    search, most = (approximate_neighbours, 2) if m > EXACT_LIMIT else (radius_neighbours, 5)
    for _ in range(20):
        try:
            return search(points, radius, max_pairs=most * PAIR_BUDGET, n_jobs=n_jobs)
        except InputError:
            radius *= 0.7
    return sp.csr_array((np.zeros(m), (np.arange(m), np.arange(m))), shape=(m, m))
