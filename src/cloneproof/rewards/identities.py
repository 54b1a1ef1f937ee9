"""The weighted win-rate identity that the rewards of a fit satisfy."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import as_weights, check_number
from cloneproof.preferences import Comparisons
from cloneproof.rewards.bradley_terry import BradleyTerry
from cloneproof.rewards.objective import pair_slope
from cloneproof.rewards.pairs import collect_pairs

__all__ = ["weighted_win_rate_residual", "win_rate_gaps"]


def win_rate_gaps(
    rewards: ArrayLike, comparisons: Comparisons, alternative_weight: ArrayLike, *, regularization: float
) -> FloatArray:
    """Return by how much each alternative misses the weighted win-rate identity.

    .. math:: gap_a = sum_b w_b (p_ab - s(r_a - r_b)) - lambda r_a

    Parameters
    ----------
    rewards : array-like of shape (n_alternatives,)
    comparisons : Comparisons
        ``p_ab`` is the share of the pair's comparisons that a won; pairs never compared drop out, and
        the weights of the others are scaled by ``kappa = sum_{a<b} w_a w_b`` over all pairs, divided by
        the same sum over the observed ones (1 on a complete design).
    alternative_weight : array-like of shape (n_alternatives,)
        `w`, scaled to sum 1.
    regularization : float
        ``lambda``.

    Returns
    -------
    gaps : float64 ndarray of shape (n_alternatives,)
        0 at the minimum of the balanced objective, also for alternatives of weight 0.
    """
    m = comparisons.n_alternatives
    r = np.asarray(rewards, dtype=np.float64)
    if r.shape != (m,):
        raise InputError(f"rewards has shape {r.shape}, expected ({m},): one per alternative.")
    w = as_weights(alternative_weight, m, name="alternative_weight", per="alternative")
    strength = check_number("regularization", regularization, low=0.0)
    c = comparisons
    pairs = collect_pairs(c.left, c.right, c.outcome, c.count, m)
    share, product = pairs.win / pairs.weight, w[pairs.left] * w[pairs.right]
    observed = float(product.sum())
    kappa = 0.5 * float((w * (1.0 - w)).sum()) / observed if observed > 0.0 else 1.0
    missing = -kappa * pair_slope(r[pairs.left] - r[pairs.right], share, 1.0 - share)
    met = np.bincount(pairs.left, w[pairs.right] * missing, m)
    met = met - np.bincount(pairs.right, w[pairs.left] * missing, m)
    return np.asarray(met - strength * r, dtype=np.float64)


def weighted_win_rate_residual(
    bt: BradleyTerry, comparisons: Comparisons, alternative_weight: ArrayLike
) -> float:
    """Return the largest miss of the weighted win-rate identity, over all alternatives.

    ``max_a |sum_b w_b (p_ab - s(r_a - r_b)) - lambda r_a|``: about 1e-12 for a fit with these weights
    (balanced rows), of the size of the differences in win rates otherwise. See :func:`win_rate_gaps`.

    Examples
    --------
    >>> c = Comparisons.from_win_rates([[0.5, 0.9, 0.4], [0.1, 0.5, 0.7], [0.6, 0.3, 0.5]])
    >>> w = [0.5, 0.5, 0.0]
    >>> weighted_win_rate_residual(BradleyTerry().fit(c, w), c, w) < 1e-9
    True
    """
    gaps = win_rate_gaps(
        bt.rewards_, comparisons, alternative_weight, regularization=float(bt.regularization)
    )
    return float(np.abs(gaps).max())
