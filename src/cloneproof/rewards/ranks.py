"""Intervals of rewards and of ranks, pointwise and simultaneous."""

from __future__ import annotations

import numpy as np

from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.rewards.uncertainty import Uncertainty

__all__ = ["PAIRWISE_UP_TO", "rank_intervals", "reward_intervals"]

PAIRWISE_UP_TO = 1_000
"""Alternatives up to which ranks rest on all differences; beyond, on simultaneous bands (wider)."""


def reward_intervals(
    rewards: FloatArray, uncertainty: Uncertainty, level: float, *, simultaneous: bool
) -> FloatArray:
    """Return the lower and upper end for each alternative, shape (n_alternatives, 2).

    With `simultaneous` all rewards together lie inside with probability `level`.
    """
    m = len(rewards)
    factor = uncertainty.simultaneous_quantile(level, m) if simultaneous else uncertainty.quantile(level)
    half = factor * uncertainty.standard_errors[:m]
    return np.column_stack([rewards - half, rewards + half])


def rank_intervals(rewards: FloatArray, uncertainty: Uncertainty, level: float) -> IntArray:
    """Return the best and worst rank of each alternative, counted from 1, shape (n_alternatives, 2).

    The best rank is 1 plus the number of alternatives that are better beyond doubt, the worst rank is
    m minus the number that are worse beyond doubt. Up to `PAIRWISE_UP_TO` alternatives, "beyond doubt"
    is a simultaneous interval over the differences of one alternative from all others (Mogstad, Romano,
    Shaikh & Wilhelm 2024), from the draws: each alternative's rank interval covers with probability
    `level`. Beyond, the simultaneous bands of the rewards must not overlap, which is wider.
    """
    m = len(rewards)
    if m > PAIRWISE_UP_TO:
        band = reward_intervals(rewards, uncertainty, level, simultaneous=True)
        lower, upper = np.sort(band[:, 0]), np.sort(band[:, 1])
        better = m - np.searchsorted(lower, band[:, 1], side="right")
        worse = np.searchsorted(upper, band[:, 0], side="left")
        return np.column_stack([1 + better, m - worse]).astype(np.int64)
    from scipy.special import ndtri

    draws = uncertainty.draws[:, :m]
    scale = uncertainty.quantile(level) / float(ndtri(0.5 * (1.0 + level)))
    ranks = np.empty((m, 2), dtype=np.int64)
    for a in range(m):
        difference = draws - draws[:, [a]]
        if uncertainty.covariance is None:
            spread = difference.std(axis=0)
        else:
            v = uncertainty.covariance[:m, :m]
            spread = np.sqrt(np.maximum(np.diag(v) + v[a, a] - 2.0 * v[a], 0.0))
        moving = spread > 1e-12 * (spread.max() or 1.0)
        largest = np.abs(difference[:, moving] / spread[moving]).max(axis=1) if moving.any() else np.zeros(1)
        reach = scale * float(np.quantile(largest, level)) * spread
        gap = rewards - rewards[a]
        ranks[a] = 1 + int((gap > reach).sum()), m - int((gap < -reach).sum())
    return ranks
