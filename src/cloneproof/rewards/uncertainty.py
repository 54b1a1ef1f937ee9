"""Standard errors, intervals and draws of fitted rewards, by the sandwich formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cloneproof._core.typing import FloatArray
from cloneproof.rewards.uncertainty_scores import Scores

__all__ = ["EXACT_UP_TO", "Uncertainty", "exact_uncertainty", "sampled_uncertainty"]

EXACT_UP_TO = 1_000
"""Alternatives up to which the covariance is formed exactly; beyond, it is sampled."""

BLOCK = 32
"""Probes solved side by side."""

NORMALS_AT_ONCE = 20_000_000
"""Random numbers held at once, 8 bytes each."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Uncertainty:
    """How far fitted parameters may be off: ``V = J^-1 (sum_u s_u s_u') J^-T``.

    Parameters
    ----------
    standard_errors : float64 ndarray of shape (n_parameters,)
    draws : float64 ndarray of shape (n_draws, n_parameters)
        Draws of the estimation error, normal with covariance V.
    covariance : float64 ndarray of shape (n_parameters, n_parameters) or None
        V, where it is formed exactly.
    n_clusters : int or None
        Clusters of comparisons; quantiles are then those of t with ``n_clusters - 1`` degrees.
    """

    standard_errors: FloatArray
    draws: FloatArray
    covariance: FloatArray | None
    n_clusters: int | None

    def quantile(self, level: float) -> float:
        """Return the half-width of a two-sided interval of probability `level`, in standard errors."""
        tail = 0.5 * (1.0 + level)
        from scipy.special import ndtri, stdtrit

        return float(ndtri(tail) if self.n_clusters is None else stdtrit(max(self.n_clusters - 1, 1), tail))

    def simultaneous_quantile(self, level: float, n: int) -> float:
        """Return the half-width, in standard errors, at which the first `n` are covered together."""
        moving = self.standard_errors[:n] > 0.0
        if not moving.any():
            return self.quantile(level)
        largest = np.abs(self.draws[:, :n][:, moving] / self.standard_errors[:n][moving]).max(axis=1)
        from scipy.special import ndtri

        return float(np.quantile(largest, level)) * self.quantile(level) / float(ndtri(0.5 * (1.0 + level)))


def exact_uncertainty(
    inverse: FloatArray,
    scores: Scores,
    *,
    gauge: Callable[[FloatArray], FloatArray],
    n_draws: int,
    rng: np.random.Generator,
) -> Uncertainty:
    """Form the covariance from the dense inverse of the Jacobian: O(n_parameters^3).

    Parameters
    ----------
    inverse : float64 ndarray of shape (n_parameters, n_parameters)
        ``J^-1``, up to the gauge.
    scores : Scores
    gauge : callable
        Maps columns of parameter errors, shape (n_parameters, k), to those under the fit's convention
        for the additive constant.
    n_draws : int
    rng : numpy.random.Generator
    """
    meat = (scores.matrix.T @ scores.matrix).toarray() * scores.inflation
    left = gauge(inverse)
    covariance = left @ meat @ left.T
    covariance = 0.5 * (covariance + covariance.T)
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    draws = rng.standard_normal((n_draws, len(values))) @ root.T
    return Uncertainty(
        standard_errors=np.sqrt(np.maximum(np.diag(covariance), 0.0)),
        draws=draws,
        covariance=covariance,
        n_clusters=scores.n_clusters,
    )


def sampled_uncertainty(
    solve: Callable[[FloatArray], FloatArray],
    diagonal: FloatArray,
    scores: Scores,
    *,
    gauge: Callable[[FloatArray], FloatArray],
    n_draws: int,
    rng: np.random.Generator,
) -> Uncertainty:
    """Estimate the variances from random probes with a control variate.

    A probe gives each unit a standard normal factor z and solves ``J x = S'z``: x is a draw of the
    estimation error. Its diagonal approximation ``y = S'z / diag(J)`` is known to have the variance
    ``sum_u s_ua^2 / J_aa^2``; with the regression ``x = b y + e`` the variance of x is
    ``b^2 Var(y) + Var(e)``, and only the small part ``Var(e)`` is left to chance.

    Parameters
    ----------
    solve : callable
        Returns ``J^-1 u`` for columns u, shape (n_parameters, k).
    diagonal : float64 ndarray of shape (n_parameters,)
        Positive.
    """
    meat_diagonal = np.asarray(scores.matrix.multiply(scores.matrix).sum(axis=0)).ravel() * scores.inflation
    transposed = scores.matrix.T.tocsr()
    n_units, p = scores.matrix.shape
    draws = np.empty((n_draws, p))
    root = np.sqrt(scores.inflation)
    nearly = np.empty_like(draws)
    width = max(1, min(BLOCK, NORMALS_AT_ONCE // n_units))
    for first in range(0, n_draws, width):
        k = min(width, n_draws - first)
        u = transposed @ (root * rng.standard_normal((n_units, k)))
        draws[first : first + k] = gauge(solve(u)).T
        nearly[first : first + k] = (u / diagonal[:, None]).T
    xy = np.einsum("ij,ij->j", draws, nearly)
    yy = np.einsum("ij,ij->j", nearly, nearly)
    slope = np.divide(xy, yy, out=np.zeros(p), where=yy > 0.0)
    rest = ((draws - slope * nearly) ** 2).sum(axis=0) / max(n_draws - 1, 1)
    variance = slope * slope * meat_diagonal / (diagonal * diagonal) + rest
    return Uncertainty(
        standard_errors=np.sqrt(variance), draws=draws, covariance=None, n_clusters=scores.n_clusters
    )
