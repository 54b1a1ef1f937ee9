"""Rewards on the scale that arenas show."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import check_number

__all__ = ["RATING_SCALE", "to_rating"]

RATING_SCALE = 400.0 / math.log(10.0)
"""Rating points per unit of reward: 400 points are odds of 10 to 1."""


def to_rating(rewards: ArrayLike, scale: float = RATING_SCALE, base: float = 1000.0) -> FloatArray:
    """Return ``base + scale * rewards``, for display only.

    Works on rewards and interval ends alike; a standard error or a difference is ``scale`` times its
    value, without `base`.

    Examples
    --------
    >>> to_rating([0.0, math.log(10.0)]).round(6)
    array([1000., 1400.])
    """
    factor = check_number("scale", scale, low=0.0, low_open=True)
    zero = check_number("base", base)
    return zero + factor * np.asarray(rewards, dtype=np.float64)
