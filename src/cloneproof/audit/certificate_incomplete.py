"""The certificate where some pairs were never compared: by the ridge alone."""

from __future__ import annotations

import numpy as np

from cloneproof._core.typing import FloatArray
from cloneproof.audit.moves import Move, largest_spread

__all__ = ["bound_incomplete"]


def bound_incomplete(
    win_rates: FloatArray, rewards: FloatArray, weights: FloatArray, move: Move, regularization: float
) -> float:
    """Bound the move of reward differences under balanced weights when not every pair was compared.

    Parameters
    ----------
    win_rates : ndarray of shape (n_alternatives, n_alternatives)
        p(a > b) where a and b were compared, NaN elsewhere.
    rewards : ndarray of shape (n_alternatives,)
        Of :class:`cloneproof.BradleyTerry` with a pair counting ``kappa w_a w_b``.
    weights : ndarray of shape (n_alternatives,)
    move : Move
        How the weights can move when copies are added, those of copies added to their original's.
    regularization : float
        lambda.

    Returns
    -------
    bound : float
        Of every difference of two rewards, hence of every centred reward; infinite without a ridge.

    Notes
    -----
    Copies of a meet every copy of a's rivals, win and lose as a does, and do not meet each other. Put ``T = (1 -
    sum w^2) / 2`` and O the sum of ``w_a w_b`` over the pairs compared, ``kappa = T / O``. The old rewards r,
    given to the copies too, miss the new identity by

        e_a = kappa' sum_b (w'_b - w_b) (p_ab - s(r_a - r_b)) + (kappa' / kappa - 1) lambda r_a ,

    b over the rivals of a, since the old sum is ``lambda r_a / kappa``. The Jacobian is diagonally dominant
    with margin lambda, so differences move by at most ``(max e - min e) / lambda``. With weights that move
    by at most tau in total variation, kappa' lies between ``(T - tau) / (O + tau)`` and ``1 / (2 (O - tau))``.
    With tau = 0 what is left is of the order of the range of the rewards over the effective sample size: copies
    that do not meet each other change how much all comparisons weigh against the ridge.
    """
    compared = ~np.isnan(win_rates)
    np.fill_diagonal(compared, val=False)
    gaps = np.where(compared, win_rates - _logistic(rewards[:, None] - rewards[None, :]), 0.0)
    possible = 0.5 * (1.0 - float(weights @ weights))
    observed = 0.5 * float(weights @ (compared @ weights))
    tau = move.total_variation
    if regularization == 0.0 or observed <= tau:
        return float("inf")
    kappa = possible / observed
    highest = 0.5 / (observed - tau)
    lowest = max(possible - tau, 0.0) / (observed + tau)
    residual = kappa * (gaps @ weights) - regularization * rewards
    change = max(highest / kappa - 1.0, 1.0 - lowest / kappa)
    spread = (
        highest * largest_spread(move, gaps)
        + change * regularization * float(np.ptp(rewards))
        + (1.0 + change) * float(np.ptp(residual))
    )
    return spread / regularization


def _logistic(x: FloatArray) -> FloatArray:
    found: FloatArray = 0.5 * (1.0 + np.tanh(0.5 * x))
    return found
