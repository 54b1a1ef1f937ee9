"""From a fit to its uncertainty: the Jacobian of the estimating equations, and what warns about it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloneproof._core.errors import UncertaintyWarning
from cloneproof._core.typing import FloatArray, IntArray, RandomState
from cloneproof._core.validation import generator
from cloneproof.rewards.connectivity import find_components, find_dominant_set
from cloneproof.rewards.engine import solve_accurately
from cloneproof.rewards.objective import logistic, pair_curvature
from cloneproof.rewards.pairs import collect_pairs
from cloneproof.rewards.uncertainty import EXACT_UP_TO, Uncertainty, exact_uncertainty, sampled_uncertainty
from cloneproof.rewards.uncertainty_scores import Scores, as_clusters, pair_scores, row_scores
from cloneproof.rewards.weighting import WeightedDesign

__all__ = ["FEW_COMPARISONS", "FittedSystem", "estimate_uncertainty"]

FEW_COMPARISONS = 40
"""Comparisons of an alternative below which the sandwich formula is known to give too little."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedSystem:
    """The estimating equations of a fit, linearised at the solution.

    Parameters
    ----------
    design : WeightedDesign
    rewards : float64 ndarray of shape (n_alternatives,)
    regularization : float
    curvature : float64 ndarray of shape (n_pairs,)
        Second derivative of the loss of each pair of the design.
    slope : float64 ndarray of shape (n_comparisons,) or None
        Derivative of the loss of each row of weight 1; None: ``s(r_a - r_b) - y``.
    extra_slope : float64 ndarray of shape (n_comparisons, n_extra) or None
        Derivatives in the extra parameters, times the row's weight.
    border : float64 ndarray of shape (n_alternatives, n_extra) or None
    corner : float64 ndarray of shape (n_extra, n_extra) or None
        Second derivatives between rewards and extra parameters, and among these.
    fixed : bool ndarray of shape (n_alternatives,) or None
        Alternatives held at a given reward.
    reference : int or None
        The alternative whose reward is given, where there is one.
    """

    design: WeightedDesign
    rewards: FloatArray
    regularization: float
    curvature: FloatArray
    slope: FloatArray | None = None
    extra_slope: FloatArray | None = None
    border: FloatArray | None = None
    corner: FloatArray | None = None
    fixed: NDArray[np.bool_] | None = None
    reference: int | None = None

    @property
    def n_extra(self) -> int:
        """Number of parameters beside the rewards."""
        return 0 if self.corner is None else len(self.corner)

    @property
    def held(self) -> NDArray[np.bool_]:
        """Alternatives outside the Laplacian block: fixed, or of weight 0 in the limit."""
        return self.design.in_limit if self.fixed is None else self.design.in_limit | self.fixed

    @property
    def singular(self) -> bool:
        """Whether rewards are determined up to a constant only."""
        return self.regularization == 0.0 and self.fixed is None

    def diagonal(self) -> FloatArray:
        """Return the diagonal of the reward block, the limit's own diagonal where it applies."""
        pairs = self.design.pairs
        diagonal = self.regularization * self.design.alternative_weight + pairs.degree(self.curvature)
        if self.design.in_limit.any():
            diagonal = np.where(self.design.in_limit, self.regularization, diagonal)
            if self.design.limit_pairs is not None:
                limit = self.design.limit_pairs
                diagonal = diagonal + np.bincount(limit.alternative, self.limit_curvature(), len(diagonal))
        return np.where(diagonal > 0.0, diagonal, 1.0)

    def limit_curvature(self) -> FloatArray:
        """Return the second derivative of the limit equations per limit pair."""
        limit = self.design.limit_pairs
        if limit is None:
            return np.empty(0)
        d = self.rewards[limit.alternative] - self.rewards[limit.opponent]
        return pair_curvature(d, limit.win, limit.loss)

    def gauge(self, errors: FloatArray) -> FloatArray:
        """Bring columns of errors, shape (n_parameters, k), to the fit's additive constant."""
        m = len(self.rewards)
        errors = errors.copy()
        if self.reference is not None:
            errors[:m] -= errors[self.reference]
        elif self.fixed is None:
            errors[:m] -= self.design.alternative_weight @ errors[:m]
        return errors

    def dense(self) -> FloatArray:
        """Return the Jacobian, shape (n_parameters, n_parameters), regular also without a ridge."""
        pairs, m = self.design.pairs, len(self.rewards)
        n = m + self.n_extra
        jacobian = np.zeros((n, n))
        jacobian[pairs.left, pairs.right] = jacobian[pairs.right, pairs.left] = -self.curvature
        jacobian[np.arange(m), np.arange(m)] = self.diagonal()
        if self.singular:
            free = np.flatnonzero(~self.held)
            jacobian[np.ix_(free, free)] += float(self.diagonal()[free].mean()) / m
        if self.border is not None and self.corner is not None:
            jacobian[:m, m:], jacobian[m:, :m], jacobian[m:, m:] = self.border, self.border.T, self.corner
        limit = self.design.limit_pairs
        if limit is not None:
            jacobian[limit.alternative, limit.opponent] = -self.limit_curvature()
        if self.fixed is not None:
            jacobian[:m][self.fixed] = 0.0
            jacobian[:, :m][:, self.fixed] = 0.0
            jacobian[np.flatnonzero(self.fixed), np.flatnonzero(self.fixed)] = 1.0
        return jacobian

    def scores(self, clusters: IntArray | None) -> Scores:
        """Return the scores of rows, clusters, or (same sum of squares, fewer units) pairs."""
        c = self.design.comparisons
        plain = self.slope is None and self.extra_slope is None and self.fixed is None
        if plain and clusters is None and not self.design.in_limit.any():
            return pair_scores(self.design, self.rewards)
        slope = self.slope
        if slope is None:
            slope = logistic(self.rewards[c.left] - self.rewards[c.right]) - c.outcome
        scores = row_scores(self.design, slope, clusters, self.extra_slope)
        if self.fixed is None:
            return scores
        keep = np.concatenate([~self.fixed, np.ones(self.n_extra, dtype=bool)]).astype(np.float64)
        return Scores(matrix=scores.matrix.multiply(keep[None, :]).tocsr(), n_clusters=scores.n_clusters)

    def solve(self, vectors: FloatArray) -> FloatArray:
        """Return ``J^-1`` times columns, shape (n_parameters, k), without forming J."""
        m, q = len(self.rewards), self.n_extra
        diagonal, held = self.diagonal(), self.held
        free = (~held).astype(np.float64)[:, None]
        inner = np.where(held, 1.0, diagonal)
        # a row or column that is held apart does not take part in the Laplacian block
        crossing = held[self.design.pairs.left] | held[self.design.pairs.right]
        curvature = np.where(crossing, 0.0, self.curvature)

        def block(rhs: FloatArray) -> FloatArray:
            return solve_accurately(
                self.design.pairs, curvature, inner, free * rhs, singular=self.singular, tolerance=1e-4
            )

        x = np.zeros_like(vectors)
        x[:m] = block(vectors[:m])
        if self.border is not None and self.corner is not None and q:
            border = self.border * free
            through = block(border)
            schur = self.corner - border.T @ through
            x[m:] = np.linalg.solve(schur, vectors[m:] - border.T @ x[:m])
            x[:m] -= through @ x[m:]
        if self.singular:
            x[:m] -= (self.design.alternative_weight @ x[:m]) * free
        limit = self.design.limit_pairs
        inside = self.design.in_limit
        x[:m][inside] = vectors[:m][inside] / diagonal[inside, None]
        if limit is not None:
            pull = self.limit_curvature()[:, None] * x[limit.opponent]
            total = np.zeros((m, vectors.shape[1]))
            np.add.at(total, limit.alternative, pull)
            x[:m] += total / diagonal[:, None]
        return x


def estimate_uncertainty(
    system: FittedSystem,
    *,
    clusters: ArrayLike | str | None = None,
    n_draws: int | None = None,
    random_state: RandomState = 0,
) -> Uncertainty:
    """Estimate the uncertainty of a fit, exactly up to `EXACT_UP_TO` alternatives, else by sampling.

    Warns
    -----
    UncertaintyWarning
        Where the formula is known to give too little: alternatives with few comparisons, few
        clusters, a single comparison that carries much of a difference, or a graph in pieces.
    """
    coded = as_clusters(clusters, system.design)
    scores = system.scores(coded)
    rng = generator(random_state)
    m = len(system.rewards)
    if m <= EXACT_UP_TO:
        inverse = np.asarray(np.linalg.inv(system.dense()), dtype=np.float64)
        found = exact_uncertainty(inverse, scores, gauge=system.gauge, n_draws=n_draws or 2_000, rng=rng)
    else:
        diagonal = np.concatenate([system.diagonal(), np.ones(system.n_extra)])
        found = sampled_uncertainty(
            system.solve, diagonal, scores, gauge=system.gauge, n_draws=n_draws or 200, rng=rng
        )
    reasons = [*_few(system, scores), *_graph(system), *_bridges(system, found)]
    if reasons:
        warnings.warn(
            "Intervals may be too narrow: " + "; ".join(reasons) + ".", UncertaintyWarning, stacklevel=4
        )
    return found


def _few(system: FittedSystem, scores: Scores) -> list[str]:
    """Describe alternatives with few comparisons, and few clusters."""
    c, m = system.design.comparisons, len(system.rewards)
    n = np.bincount(c.left, c.count, m) + np.bincount(c.right, c.count, m)
    few = n < FEW_COMPARISONS
    reasons = []
    if few.any():
        first = int(np.argmax(few))
        reasons.append(
            f"{int(few.sum()):,} of {m:,} alternatives have fewer than {FEW_COMPARISONS} comparisons, "
            f"first: {c.ids.item(first)!r} with {n[first]:g}"
        )
    if scores.n_clusters is not None and scores.n_clusters < FEW_COMPARISONS:
        reasons.append(f"there are {scores.n_clusters} clusters, fewer than {FEW_COMPARISONS}")
    return reasons


def _graph(system: FittedSystem) -> list[str]:
    """Describe a comparison graph that leaves some differences to the ridge alone."""
    c = system.design.comparisons
    counted = collect_pairs(c.left, c.right, c.outcome, c.count, c.n_alternatives)
    met = np.zeros(c.n_alternatives, dtype=bool)
    met[counted.left] = met[counted.right] = True
    n_components = len(np.unique(find_components(counted)[met]))
    if n_components > 1:
        return [f"the comparisons fall into {n_components:,} parts, held together by the ridge only"]
    dominant = find_dominant_set(counted, ~met)
    if dominant is None:
        return []
    first = int(np.argmax(dominant))
    reason = (
        f"a set of {int(dominant.sum()):,} alternatives (such as {c.ids.item(first)!r}) never won or never lost "
        f"against the rest: the ridge alone bounds their distance"
    )
    return [reason]


def _bridges(system: FittedSystem, found: Uncertainty) -> list[str]:
    """Describe pairs whose difference rests on few comparisons although both sides have many."""
    pairs = system.design.pairs
    if system.design.rule == "given" or system.n_extra or not len(pairs):
        return []
    m = len(system.rewards)
    if found.covariance is not None:
        v = np.diag(found.covariance)[:m]
        spread = v[pairs.left] + v[pairs.right] - 2.0 * found.covariance[pairs.left, pairs.right]
    else:
        spread = np.zeros(len(pairs))
        for draw in found.draws[:50]:
            spread += (draw[pairs.left] - draw[pairs.right]) ** 2
        spread /= min(len(found.draws), 50)
    p = logistic(system.rewards[pairs.left] - system.rewards[pairs.right])
    behind = 1.0 / np.maximum(spread * p * (1.0 - p), 1e-300)
    c = system.design.comparisons
    n = np.bincount(c.left, c.count, m) + np.bincount(c.right, c.count, m)
    thin = (behind < 0.5 * FEW_COMPARISONS) & (np.minimum(n[pairs.left], n[pairs.right]) >= FEW_COMPARISONS)
    if not thin.any():
        return []
    k = int(np.argmin(np.where(thin, behind, np.inf)))
    a, b = c.ids.item(int(pairs.left[k])), c.ids.item(int(pairs.right[k]))
    return [f"the difference of {a!r} and {b!r} rests on about {behind[k]:.0f} comparisons"]
