"""Rewards of alternatives of weight 0: the limit of the stationarity condition."""

from __future__ import annotations

import numpy as np

from cloneproof._core.errors import NoMaximumLikelihoodError
from cloneproof._core.typing import FloatArray
from cloneproof.rewards.objective import pair_curvature, pair_slope
from cloneproof.rewards.weighting import WeightedDesign

__all__ = ["set_limit_rewards"]


def set_limit_rewards(design: WeightedDesign, rewards: FloatArray, regularization: float) -> FloatArray:
    """Return `rewards` with those of the alternatives in the limit filled in.

    Each solves ``sum_b kappa w_b (p_ab - s(r_a - r_b)) = lambda r_a`` given the other rewards, by
    Newton's method kept inside a shrinking bracket. An alternative that met none of positive weight
    has reward 0.

    Raises
    ------
    NoMaximumLikelihoodError
        If `regularization` is 0 and an alternative in the limit only won or only lost.
    """
    if not design.in_limit.any():
        return rewards
    m, pairs = len(rewards), design.limit_pairs
    if pairs is None:
        return np.where(design.in_limit, 0.0, rewards)
    won = np.bincount(pairs.alternative, pairs.win, m)
    lost = np.bincount(pairs.alternative, pairs.loss, m)
    if regularization == 0.0:
        unbounded = design.in_limit & ((won == 0.0) | (lost == 0.0))
        if unbounded.any():
            first = int(np.argmax(unbounded))
            raise NoMaximumLikelihoodError(
                f"{int(unbounded.sum()):,} alternatives of weight 0 only won, only lost, or met no "
                f"alternative of positive weight, first: {design.comparisons.ids.item(first)!r}; their reward "
                f"has no finite limit. Use regularization > 0 or give them a positive weight."
            )
    opponent = rewards[pairs.opponent]
    # The left side falls in r_a; it is positive where every s(r_a - r_b) is below won / (won + lost).
    reach = np.full(m, 1.0)
    np.maximum.at(reach, pairs.alternative, np.abs(opponent))
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.abs(np.log(won / lost))
        by_ridge = (won + lost) / regularization if regularization > 0.0 else np.full(m, np.inf)
    bound = np.minimum(by_ridge, reach + np.where(np.isfinite(odds), odds, np.inf)) + 1.0
    low, high = -bound, bound
    r = np.clip(
        np.where(np.isfinite(odds), np.log(np.maximum(won, 1e-300) / np.maximum(lost, 1e-300)), 0.0),
        low,
        high,
    )
    for _ in range(200):
        d = r[pairs.alternative] - opponent
        slope = np.bincount(pairs.alternative, pair_slope(d, pairs.win, pairs.loss), m) + regularization * r
        bend = np.bincount(pairs.alternative, pair_curvature(d, pairs.win, pairs.loss), m) + regularization
        high = np.where(slope > 0.0, r, high)
        low = np.where(slope <= 0.0, r, low)
        with np.errstate(divide="ignore", invalid="ignore"):
            following = r - slope / bend
        inside = (following >= low) & (following <= high)
        following = np.where(inside, following, 0.5 * (low + high))
        moved = np.abs(following - r)[design.in_limit]
        r = np.where(design.in_limit, following, 0.0)
        if (moved <= 1e-14 * (1.0 + np.abs(r[design.in_limit]))).all():
            break
    return np.where(design.in_limit, r, rewards)
