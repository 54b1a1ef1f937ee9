"""Damped inexact Newton for the Bradley-Terry objective on pairs."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np

from cloneproof._core.errors import ConvergenceError
from cloneproof._core.typing import FloatArray
from cloneproof.rewards.pairs import Pairs
from cloneproof.rewards.solvers import (
    BandedCholesky,
    ConjugateGradient,
    DenseCholesky,
    SlowSolveError,
    Solver,
    one_blas_thread,
)

__all__ = ["Solution", "minimise"]

MAX_ITERATIONS = 200
"""Newton steps before giving up; a well-posed fit takes 4 to 10, a nearly separable one about 40."""

DENSE_UP_TO = 400
"""Alternatives up to which a dense Cholesky factor is cheaper than conjugate gradients."""

DENSE_FALLBACK_UP_TO = 3_000
"""Alternatives up to which a dense factor takes over where conjugate gradients are slow."""

BAND_BYTES = 400_000_000
"""Largest banded factor tried where conjugate gradients are slow."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """Where the objective is smallest.

    Parameters
    ----------
    rewards : float64 ndarray of shape (n_alternatives,)
    gradient_norm : float
        2-norm of the gradient divided by the total comparison weight.
    n_iterations : int
        Newton steps taken.
    curvature : float64 ndarray of shape (n_pairs,)
        ``omega_e s(d_e) s(-d_e)`` at the solution.
    diagonal : float64 ndarray of shape (n_alternatives,)
        Diagonal of the Hessian at the solution.
    """

    rewards: FloatArray
    gradient_norm: float
    n_iterations: int
    curvature: FloatArray
    diagonal: FloatArray


class _Point:
    """The rewards with everything one pass over the pairs gives there."""

    def __init__(self, pairs: Pairs, ridge: FloatArray, rewards: FloatArray, *, into: FloatArray) -> None:
        from cloneproof.rewards._kernels import newton_pass

        self.rewards = rewards
        self.curvature = into
        self.gradient, self.diagonal = np.empty_like(rewards), np.empty_like(rewards)
        newton_pass(
            pairs.start,
            pairs.right,
            pairs.win,
            pairs.loss,
            ridge,
            rewards,
            self.gradient,
            self.curvature,
            self.diagonal,
        )


def minimise(pairs: Pairs, ridge: FloatArray, *, tol: float, start: FloatArray | None = None) -> Solution:
    """Minimise the objective over the rewards.

    Parameters
    ----------
    pairs : Pairs
        Weighted wins of each pair (for weights of any scale).
    ridge : float64 ndarray of shape (n_alternatives,)
        ``lambda w_a``. Where all are 0 the rewards are determined up to a constant.
    tol : float
        Gradient norm to reach, relative to the total weight.
    start : float64 ndarray of shape (n_alternatives,), default=None
        Rewards to start from; None: the log odds of each alternative's win rate.

    Returns
    -------
    solution : Solution

    Raises
    ------
    ConvergenceError
        If `tol` is not reached.

    Notes
    -----
    Each iteration is one fused pass over the pairs and one linear solve, inexact at first and tighter
    as the gradient falls, so that convergence is superlinear. Steps are shortened until the slope
    along them has fallen, which for a convex objective needs no objective value. Iterations go on
    beyond `tol` until the rewards themselves have settled (about 1e-12 for well-connected data),
    because a small weight hides a large error of its reward.
    """
    m = pairs.n_alternatives
    won, lost = pairs.won_and_lost()
    total = float(won.sum())
    size = np.maximum(ridge + won + lost, np.finfo(float).tiny)
    singular = not bool((ridge > 0.0).any())
    solver: Solver = (
        DenseCholesky(pairs, singular=singular)
        if m <= DENSE_UP_TO
        else ConjugateGradient(pairs, max_iterations=250)
    )
    rewards = _first_guess(won, lost, ridge) if start is None else np.array(start, dtype=np.float64)
    point = _Point(pairs, ridge, rewards, into=np.empty(len(pairs)))
    if total <= 0.0:
        return Solution(
            rewards=np.zeros(m),
            gradient_norm=0.0,
            n_iterations=0,
            curvature=point.curvature,
            diagonal=point.diagonal,
        )
    with one_blas_thread() if m <= DENSE_UP_TO else nullcontext():
        return _iterate(pairs, ridge, solver, point, size=size, total=total, singular=singular, tol=tol)


def _first_guess(won: FloatArray, lost: FloatArray, ridge: FloatArray) -> FloatArray:
    """Return the log odds of each alternative's own win rate, tempered by the ridge."""
    temper = 0.02 * (won + lost) + ridge
    temper[temper == 0.0] = 1.0
    return np.asarray(np.log((won + temper) / (lost + temper)), dtype=np.float64)


def _iterate(
    pairs: Pairs,
    ridge: FloatArray,
    solver: Solver,
    point: _Point,
    *,
    size: FloatArray,
    total: float,
    singular: bool,
    tol: float,
) -> Solution:
    """Take damped Newton steps from `point` until the gradient and the rewards have settled."""
    step_length, relative_before = np.inf, np.inf
    norm = float(np.linalg.norm(point.gradient)) / total
    for iteration in range(MAX_ITERATIONS + 1):
        norm = float(np.linalg.norm(point.gradient)) / total
        relative = float((np.abs(point.gradient) / size).max())
        settled = relative <= 1e-12
        if solver.exact:  # Newton's error is the square of its last step, up to a factor
            settled = step_length <= 1e-7 or (step_length <= 1e-5 and relative <= 1e-13)
        stuck = relative > 0.5 * relative_before and step_length <= 1e-7
        if norm <= tol and (settled or stuck or relative == 0.0):
            return Solution(
                rewards=point.rewards,
                gradient_norm=norm,
                n_iterations=iteration,
                curvature=point.curvature,
                diagonal=point.diagonal,
            )
        if stuck or iteration == MAX_ITERATIONS:
            break
        relative_before = relative
        forcing = max(min(0.1, relative), 1e-13 / max(relative, 1e-13))  # no tighter than rewards need
        try:
            solver.update(point.curvature, point.diagonal)
            step = -solver.solve(point.gradient, forcing)
        except SlowSolveError:
            solver = _exact_solver(pairs, singular=singular) or ConjugateGradient(
                pairs, max_iterations=20 * pairs.n_alternatives
            )
            solver.update(point.curvature, point.diagonal)
            step = -solver.solve(point.gradient, forcing)
        if singular:
            step -= step.mean()
        point = _damped(pairs, ridge, point, step)
        step_length = float(np.abs(step).max())
    raise ConvergenceError(
        f"The Bradley-Terry fit reached a gradient of {norm:.2g} of the total weight, expected {tol:.2g}. "
        f"Raise `tol`, or `regularization`: the data may hardly bound some rewards."
    )


def _exact_solver(pairs: Pairs, *, singular: bool) -> Solver | None:
    """Return an exact solver for a graph on which conjugate gradients are slow, if one is affordable."""
    if pairs.n_alternatives <= DENSE_FALLBACK_UP_TO:
        return DenseCholesky(pairs, singular=singular)
    banded = BandedCholesky(pairs, singular=singular)
    return banded if banded.n_bytes <= BAND_BYTES else None


def _damped(pairs: Pairs, ridge: FloatArray, point: _Point, step: FloatArray) -> _Point:
    """Move along `step`, shortened while the slope at its end is steep uphill."""
    slope = float(point.gradient @ step)
    buffer = point.curvature
    length = 1.0
    for _ in range(60):
        after = _Point(pairs, ridge, point.rewards + length * step, into=buffer)
        slope_after = float(after.gradient @ step)
        if slope_after <= 0.5 * abs(slope):
            return after
        # the slope rises along the step: go where a straight line through both ends crosses zero
        length *= min(max(slope / (slope - slope_after), 0.1), 0.9)
    return after


def solve_accurately(
    pairs: Pairs,
    curvature: FloatArray,
    diagonal: FloatArray,
    rhs: FloatArray,
    *,
    singular: bool,
    tolerance: float,
) -> FloatArray:
    """Return ``H^-1 rhs`` for columns `rhs`, by conjugate gradients where they are quick.

    Parameters
    ----------
    pairs : Pairs
    curvature : float64 ndarray of shape (n_pairs,)
    diagonal : float64 ndarray of shape (n_alternatives,)
        Diagonal of H.
    rhs : float64 ndarray of shape (n_alternatives, k)
    singular : bool
        True if H has the null vector 1.
    tolerance : float
        Relative residual of the iterative solver.
    """
    solver: Solver = (
        DenseCholesky(pairs, singular=singular)
        if pairs.n_alternatives <= DENSE_UP_TO
        else ConjugateGradient(pairs, max_iterations=250)
    )
    solver.update(curvature, diagonal)
    try:
        return solver.solve(rhs, tolerance)
    except SlowSolveError:
        solver = _exact_solver(pairs, singular=singular) or ConjugateGradient(
            pairs, max_iterations=20 * pairs.n_alternatives
        )
        solver.update(curvature, diagonal)
        return solver.solve(rhs, tolerance)
