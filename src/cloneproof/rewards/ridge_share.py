"""How much of a reward rests on the ridge instead of on comparisons."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import as_weights, check_number
from cloneproof.preferences import Comparisons
from cloneproof.rewards.objective import logistic, total_comparison_weight

__all__ = ["ridge_share"]


def ridge_share(
    comparisons: Comparisons,
    rewards: ArrayLike,
    alternative_weight: ArrayLike,
    comparison_weight: ArrayLike,
    *,
    regularization: float,
) -> FloatArray:
    r"""Return the share of each reward's curvature that the ridge supplies.

    .. math:: \frac{\lambda w_a}{\lambda w_a + \sum_{e \ni a} \omega_e s(d_e) (1 - s(d_e))}

    With all other rewards held, it is the share of the second derivative in ``r_a`` that does not come from
    comparisons. Near 1, the reward is 0 whatever the judgments said: the alternative was compared with
    alternatives of almost no weight only, which on data with left-out pairs near-copies of each other can be.
    Its standard error is then near 0 too, and means nothing.

    Parameters
    ----------
    comparisons : Comparisons
    rewards : array-like of shape (n_alternatives,)
        Fitted by :class:`BradleyTerry` with these weights.
    alternative_weight : array-like of shape (n_alternatives,)
        `w`.
    comparison_weight : array-like of shape (n_comparisons,)
        `omega`, of whole rows, on any scale.
    regularization : float
        The lambda.

    Returns
    -------
    share : ndarray of shape (n_alternatives,)
        In [0, 1]; NaN for alternatives of weight 0 in no weighted row.

    Raises
    ------
    InputError
        If an array does not fit the comparisons.

    Notes
    -----
    O(n_comparisons).

    Examples
    --------
    >>> c = Comparisons.from_arrays([0, 0, 0, 1], [1, 1, 1, 0], ids=[0, 1])
    >>> ridge_share(c, [0.0, 0.0], [1, 1], [1, 1, 1, 1], regularization=0.0625).tolist()
    [0.3333333333333333, 0.3333333333333333]
    """
    m = comparisons.n_alternatives
    r = np.asarray(rewards, dtype=np.float64)
    if r.shape != (m,):
        raise InputError(f"rewards has shape {r.shape} but the comparisons name {m:,} alternatives.")
    strength = check_number("regularization", regularization, low=0.0)
    w = as_weights(alternative_weight, m, name="alternative_weight", per="alternative")
    omega = total_comparison_weight(w) * as_weights(
        comparison_weight, comparisons.n_comparisons, name="comparison_weight", per="comparison"
    )
    p = logistic(r[comparisons.left] - r[comparisons.right])
    curvature = omega * p * (1.0 - p)
    data = np.bincount(comparisons.left, curvature, m) + np.bincount(comparisons.right, curvature, m)
    held = strength * w
    with np.errstate(invalid="ignore"):
        return np.asarray(held / (held + data), dtype=np.float64)
