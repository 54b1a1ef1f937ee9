"""From what the old rewards miss of the new win-rate identity to how far differences of rewards move."""

from __future__ import annotations

from scipy.optimize import brentq
from scipy.special import expit, logit

__all__ = ["bound_difference"]


def bound_difference(spread: float, reward_range: float, regularization: float) -> float:
    """Bound the move of reward differences, given the spread of the residual.

    The old rewards r miss the win-rate identity of the new data by e_a; let E = max e - min e and D =
    max r - min r. Then no difference of rewards moves by more than the root B of

    .. math:: lambda B + s(D + B) - s(D) = E.

    Parameters
    ----------
    spread : float
        E, at least 0, in units of win rate.
    reward_range : float
        D, at least 0.
    regularization : float
        lambda, at least 0; at 0 the bound is infinite once ``E >= 1 - s(D)``.

    Returns
    -------
    bound : float
        B, rounded up by 1e-9 of itself; at most ``E / lambda``.

    Notes
    -----
    Proof. Let d_a = r'_a - r_a be largest at a and least at c, B = d_a - d_c. Subtracting the two
    identities, ``e_a = lambda d_a + sum_b w'_b [s(r_a - r_b + d_a - d_b) - s(r_a - r_b)]``, and each bracket
    is at least ``h(d_a - d_b)`` with ``h(u) = s(D + u) - s(D)``: for ``|x| <= D`` the rise of s over a step u
    is least at x = D. The same holds at c from above, and h is concave with h(0) = 0, so
    ``h(d_a - d_b) + h(d_b - d_c) >= h(B)``: ``E >= e_a - e_c >= lambda B + h(B)``.

    Examples
    --------
    >>> round(bound_difference(0.01, 0.0, 0.0), 4)
    0.04
    """
    if spread <= 0.0:
        return 0.0
    slack = float(expit(-reward_range))  # s(D + B) - s(D) = s(-D) - s(-D - B), without cancellation

    def excess(b: float) -> float:
        return regularization * b + slack - float(expit(-reward_range - b)) - spread

    if regularization == 0.0:
        if spread >= slack:
            return float("inf")
        return float(-logit(slack - spread) - reward_range) * (1.0 + 1e-9)
    most = spread / regularization  # h >= 0
    if excess(most) <= 0.0:  # only by rounding
        return most
    root = brentq(excess, 0.0, most, xtol=1e-15, rtol=1e-13, maxiter=500)
    return min(float(root) * (1.0 + 1e-9) + 1e-14, most)
