"""Newton's method for rewards and a few parameters beside them: ties, covariates, several anchors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloneproof._core.errors import ConvergenceError, InputError
from cloneproof._core.typing import FloatArray, IndexArray
from cloneproof.rewards.engine import solve_accurately
from cloneproof.rewards.pairs import Pairs
from cloneproof.rewards.ties import Terms, TieModel
from cloneproof.rewards.weighting import WeightedDesign

__all__ = ["BorderedFit", "fit_bordered"]

MAX_ITERATIONS = 200


@dataclass(frozen=True, kw_only=True, eq=False)
class BorderedFit:
    """Rewards and extra parameters (tie parameter, coefficients, centre of the ridge, in this order).

    `slope` is the derivative of each row's loss at weight 1 in ``r_a - r_b``, `extra_slope` that in the
    extra parameters times the row's weight; `border` and `corner` are the second derivatives.
    """

    rewards: FloatArray
    extra: FloatArray
    gradient_norm: float
    n_iterations: int
    curvature: FloatArray
    slope: FloatArray
    extra_slope: FloatArray
    border: FloatArray
    corner: FloatArray


class _Problem:
    """The objective over ``(r, eta, beta, c)`` with ``d_e = r_a - r_b + z_e . beta``.

    The ridge is ``(lambda / 2) sum_a w_a (r_a - c)^2``; c is free where several rewards are fixed (the
    anchors then set the zero), else 0.
    """

    def __init__(
        self,
        design: WeightedDesign,
        ridge: FloatArray,
        ties: TieModel,
        covariates: FloatArray,
        fixed: NDArray[np.bool_] | None,
    ) -> None:
        c, m = design.comparisons, design.comparisons.n_alternatives
        self.design, self.ridge, self.ties, self.fixed, self.m = design, ridge, ties, fixed, m
        self.omega = design.row_weights()
        outcome = np.asarray(c.outcome)
        if ties.n_parameters:
            kinds = [outcome == 1.0, outcome == 0.0, outcome == 0.5]
            other = ~(kinds[0] | kinds[1] | kinds[2])
            if other.any():
                first = int(np.argmax(other))
                raise InputError(
                    f"models of ties need outcomes 0, 0.5 or 1; {int(other.sum()):,} of {len(c):,} rows "
                    f"differ, first: {outcome[first]:g} (row {first}). Use ties='half' for soft outcomes."
                )
            self.kinds = tuple(kind.astype(np.float64) for kind in kinds)
        else:
            self.kinds = (outcome, 1.0 - outcome, np.zeros(len(c)))
        self.row_pair, self.row_known = _pair_of_rows(design.pairs, c.left, c.right)
        self.z = covariates
        self.n_eta, self.n_beta = ties.n_parameters, covariates.shape[1]
        self.n_centre = int(fixed is not None and bool((ridge > 0.0).any()))
        self.n_extra = self.n_eta + self.n_beta + self.n_centre
        self.left: IndexArray
        self.right: IndexArray
        if self.n_beta:  # rows differ within a pair
            self.left, self.right, self.edge_pair = c.left, c.right, self.row_pair
            self.known = self.row_known
            self.weights = tuple(self.omega * kind for kind in self.kinds)
        else:
            pairs = design.pairs
            self.left, self.right, self.edge_pair = pairs.left, pairs.right, np.arange(len(pairs))
            self.known = np.ones(len(pairs), dtype=bool)
            straight = c.left < c.right
            self.weights = tuple(
                np.bincount(self.row_pair, self.omega * self.row_known * kind, len(pairs)).astype(np.float64)
                for kind in (
                    np.where(straight, self.kinds[0], self.kinds[1]),
                    np.where(straight, self.kinds[1], self.kinds[0]),
                    self.kinds[2],
                )
            )
            self.z = np.empty((len(pairs), 0))

    def split(self, parameters: FloatArray) -> tuple[FloatArray, float, FloatArray, float]:
        """Return r, eta, beta and c."""
        m, eta_end = self.m, self.m + self.n_eta
        eta = float(parameters[m]) if self.n_eta else 0.0
        beta = parameters[eta_end : eta_end + self.n_beta]
        return parameters[:m], eta, beta, float(parameters[-1]) if self.n_centre else 0.0

    def evaluate(self, parameters: FloatArray) -> tuple[float, Terms]:
        """Return the objective and the derivatives of the rows' losses."""
        r, eta, beta, centre = self.split(parameters)
        terms = self.ties.terms(r[self.left] - r[self.right] + self.z @ beta, eta, *self.weights)
        return float(terms.loss.sum()) + 0.5 * float(self.ridge @ (r - centre) ** 2), terms

    def gradient(self, parameters: FloatArray, terms: Terms) -> FloatArray:
        """Return the gradient; 0 at rewards that are fixed."""
        r, _, _, centre = self.split(parameters)
        m = self.m
        pull = self.ridge * (r - centre)
        rewards = np.bincount(self.left, terms.d, m) - np.bincount(self.right, terms.d, m) + pull
        if self.fixed is not None:
            rewards = np.where(self.fixed, 0.0, rewards)
        extra = [terms.eta.sum()] * self.n_eta + [*(self.z.T @ terms.d)] + [-pull.sum()] * self.n_centre
        return np.concatenate([rewards, np.array(extra, dtype=np.float64)])

    def second(self, terms: Terms) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return curvature per pair, diagonal, border and corner of the Hessian."""
        m, pairs = self.m, self.design.pairs
        curvature = np.bincount(self.edge_pair[self.known], terms.dd[self.known], len(pairs)).astype(
            np.float64
        )
        diagonal = self.ridge + pairs.degree(curvature)
        border, corner = np.zeros((m, self.n_extra)), np.zeros((self.n_extra, self.n_extra))
        columns = [terms.d_eta] * self.n_eta + [terms.dd * self.z[:, k] for k in range(self.n_beta)]
        for k, column in enumerate(columns):
            border[:, k] = np.bincount(self.left, column, m) - np.bincount(self.right, column, m)
        n = self.n_eta + self.n_beta
        if self.n_eta:
            corner[0, 0] = terms.eta_eta.sum()
            corner[0, 1:n] = corner[1:n, 0] = self.z.T @ terms.d_eta
        if self.n_beta:
            corner[self.n_eta : n, self.n_eta : n] = self.z.T @ (terms.dd[:, None] * self.z)
        if self.n_centre:
            border[:, -1] = -self.ridge
            corner[-1, -1] = self.ridge.sum()
        if self.fixed is not None:
            border[self.fixed] = 0.0
        return curvature, diagonal, border, corner

    def newton_step(self, gradient: FloatArray, terms: Terms) -> FloatArray:
        """Return the Newton step."""
        curvature, diagonal, border, corner = self.second(terms)
        pairs, m, q = self.design.pairs, self.m, self.n_extra
        if self.fixed is not None:
            crossing = self.fixed[pairs.left] | self.fixed[pairs.right]
            curvature = np.where(crossing, 0.0, curvature)
            diagonal = np.where(self.fixed, 1.0, diagonal)
        singular = self.fixed is None and not bool((self.ridge > 0.0).any())
        rhs = np.column_stack([gradient[:m], border])
        solved = solve_accurately(pairs, curvature, diagonal, rhs, singular=singular, tolerance=1e-10)
        if singular:
            solved = solved - solved.mean(axis=0)
        step = np.empty(m + q)
        through = solved[:, 1:]
        schur = corner - border.T @ through
        scale = np.sqrt(np.abs(np.diag(corner)))
        if q and np.linalg.eigvalsh(schur / np.outer(scale, scale))[0] < 1e-10:
            raise InputError(
                "a covariate is determined by the alternatives or by the other covariates, so that its "
                "coefficient cannot be told from the rewards. Drop it."
            )
        step[m:] = np.linalg.solve(schur, gradient[m:] - border.T @ solved[:, 0]) if q else 0.0
        step[:m] = solved[:, 0] - through @ step[m:]
        return -step


def fit_bordered(
    design: WeightedDesign,
    ridge: FloatArray,
    ties: TieModel,
    covariates: FloatArray,
    *,
    fixed: NDArray[np.bool_] | None,
    start: FloatArray,
    tol: float,
) -> BorderedFit:
    """Minimise the objective over rewards, tie parameter and coefficients.

    Parameters
    ----------
    design : WeightedDesign
    ridge : float64 ndarray of shape (n_alternatives,)
        ``lambda w_a``.
    ties : TieModel
    covariates : float64 ndarray of shape (n_comparisons, n_covariates)
    fixed : bool ndarray of shape (n_alternatives,) or None
        Alternatives that keep the reward in `start`.
    start : float64 ndarray of shape (n_alternatives,)
    tol : float
        Gradient norm to reach, relative to the total weight.

    Raises
    ------
    ConvergenceError
        If `tol` is not reached.
    InputError
        For soft outcomes under a model of ties, or covariates that the alternatives determine.
    """
    problem = _Problem(design, ridge, ties, covariates, fixed)
    total = float(problem.omega.sum())
    share = float(problem.omega @ problem.kinds[2]) / total
    parameters = np.concatenate([start, np.zeros(problem.n_extra)])
    if problem.n_eta:
        parameters[problem.m] = ties.start(share)
    value, terms = problem.evaluate(parameters)
    moved = np.inf
    norm = np.inf
    for iteration in range(MAX_ITERATIONS + 1):
        gradient = problem.gradient(parameters, terms)
        norm = float(np.linalg.norm(gradient)) / total
        if norm <= tol and moved <= 1e-6:
            break
        if iteration == MAX_ITERATIONS or not np.isfinite(norm):
            raise ConvergenceError(
                f"The fit reached a gradient of {norm:.2g} of the total weight, expected {tol:.2g}. Some "
                f"parameter may have no finite optimum: raise `regularization`, or drop covariates that "
                f"separate wins from losses."
            )
        step = problem.newton_step(gradient, terms)
        slope, length = float(gradient @ step), 1.0
        while True:
            trial = parameters + length * step
            after, terms_after = problem.evaluate(trial)
            if after <= value + 1e-4 * length * slope + 1e-14 * abs(value) or length < 1e-12:
                break
            length *= 0.5
        parameters, value, terms = trial, after, terms_after
        moved = float(np.abs(length * step).max())
    return _finished(problem, parameters, terms, norm, iteration)


def _finished(
    problem: _Problem, parameters: FloatArray, terms: Terms, norm: float, iteration: int
) -> BorderedFit:
    """Collect what the fit and its uncertainty need."""
    r, eta, beta, _ = problem.split(parameters)
    curvature, _, border, corner = problem.second(terms)
    c = problem.design.comparisons
    z = problem.z if problem.n_beta else np.empty((len(c), 0))
    rows = problem.ties.terms(r[c.left] - r[c.right] + z @ beta, eta, *problem.kinds)
    parts = [rows.eta] * problem.n_eta + [rows.d * z[:, k] for k in range(problem.n_beta)]
    parts += [np.zeros(len(c))] * problem.n_centre
    extra_slope = np.column_stack(parts) * problem.omega[:, None] if parts else np.empty((len(c), 0))
    return BorderedFit(
        rewards=r,
        extra=parameters[problem.m :],
        gradient_norm=norm,
        n_iterations=iteration,
        curvature=curvature,
        slope=np.asarray(rows.d),
        extra_slope=extra_slope,
        border=border,
        corner=corner,
    )


def _pair_of_rows(
    pairs: Pairs, left: IndexArray, right: IndexArray
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the pair of each row, and whether it is there at all (pairs of weight 0 are not)."""
    m = pairs.n_alternatives
    keys = pairs.left.astype(np.int64) * m + pairs.right
    wanted = np.minimum(left, right).astype(np.int64) * m + np.maximum(left, right)
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    return place.astype(np.int64), keys[place] == wanted
