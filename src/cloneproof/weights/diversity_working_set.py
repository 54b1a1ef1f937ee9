"""Diversity weights by column generation: solve exactly on few points, price all the others, add what is missing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.weights.neighbours import BLOCK, gaussian_kernel, run_blocks
from cloneproof.weights.simplex_qp import SimplexSolution, solve_simplex_qp

__all__ = ["FIRST_SIZE", "WorkingSet", "solve_on_working_set"]

FIRST_SIZE = 1_500
"""Points of the first working set."""

LARGEST_SIZE = 12_000
"""Points that a working set may grow to; its kernel is stored (1.2 GB)."""

HOPELESS = 0.5
"""A relative gap above this after the second round: most points have weight, and the set would have to hold them."""


class WorkingSet:
    """Weights on a subset of the points, with their exact product on all.

    Parameters
    ----------
    points : ndarray of shape (m, d)
    scale : float
    members : int ndarray of shape (n,)
        Ascending.
    n_jobs : int, optional
    """

    def __init__(
        self, points: NDArray[np.floating[Any]], scale: float, members: IntArray, n_jobs: int | None
    ) -> None:
        self.points, self.scale, self.members, self.n_jobs = points, scale, members, n_jobs
        self.weights: FloatArray = np.zeros(len(points))
        self.products: FloatArray = np.zeros(len(points))
        self.value, self.gap, self.n_iter = 1.0, 1.0, 0

    @property
    def relative_gap(self) -> float:
        """The gap over all points, not only the members, by the value."""
        return self.gap / self.value

    def solve(self, tol: float, max_iter: int) -> None:
        """Solve on the members and price all points: ``m n d`` operations in float64."""
        kernel = gaussian_kernel(self.points[self.members], self.scale, n_jobs=self.n_jobs)
        start = self.weights[self.members] if self.n_iter else None
        found: SimplexSolution = solve_simplex_qp(kernel, tol=tol, max_iter=max_iter, warm_start=start)
        del kernel
        self.weights = np.zeros(len(self.points))
        self.weights[self.members] = found.weights
        self.n_iter += found.n_iter + 1
        support = np.flatnonzero(self.weights)
        heavy, shares = self.points[support], self.weights[support]

        def price(begin: int) -> None:
            rows = slice(begin, begin + BLOCK)
            block = gaussian_kernel(self.points[rows], self.scale, heavy, n_jobs=1)
            self.products[rows] = block @ shares

        with track("pricing", total=len(self.points)) as advance:
            for _ in run_blocks(price, range(0, len(self.points), BLOCK), self.n_jobs):
                advance(BLOCK)
        self.value = float(shares @ self.products[support])
        self.gap = max(self.value - float(self.products.min()), 0.0)

    def grow(self, tol: float) -> None:
        """Drop members without weight and add points that would lower the value, about half as many again.

        The worst and an even sample of the others: the worst alone are often near-copies of one another.
        """
        support = np.flatnonzero(self.weights)
        missing = np.flatnonzero(self.products < self.value * (1.0 - tol))
        room = len(support) // 2 + 500
        if len(missing) > room:
            order = missing[np.argsort(self.products[missing], kind="stable")]
            half = room // 2
            even = np.linspace(0, len(order) - half - 1, half).astype(np.int64)
            missing = np.concatenate([order[:half], order[half:][even]])
        self.members = np.union1d(support, missing)


def solve_on_working_set(
    points: NDArray[np.floating[Any]], scale: float, *, tol: float, max_iter: int, n_jobs: int | None
) -> WorkingSet | None:
    """Solve where few points have weight: dense data, many near-copies.

    Parameters
    ----------
    points : ndarray of shape (m, d)
        Distinct, in canonical order.
    scale, tol, max_iter, n_jobs
        As in :class:`cloneproof.weights.DiversityWeights`.

    Returns
    -------
    found : WorkingSet or None
        Its gap is on all points. Above `tol` where the set outgrew its limit; None where most points turned out
        to have weight, which two rounds tell.

    Notes
    -----
    A round costs ``n^3 / 3`` for the solve and ``m n d`` for the prices, n the size of the set; the value falls every
    round. Five rounds are usual.
    """
    m = len(points)
    first = np.unique(np.linspace(0, m - 1, FIRST_SIZE).astype(np.int64))
    working = WorkingSet(points, scale, first, n_jobs)
    n_rounds = 0
    while True:
        working.solve(0.3 * min(tol, 1e-6), max_iter)  # a loose tolerance spreads weight over more points
        n_rounds += 1
        if working.relative_gap <= tol:
            return working
        if n_rounds == 2 and working.relative_gap > HOPELESS:
            return None
        working.grow(0.3 * tol)
        if len(working.members) > LARGEST_SIZE:
            return working
