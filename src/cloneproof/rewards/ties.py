"""Models of ties: how likely a comparison is won, lost or tied, with one fitted parameter.

With ``d = r_a - r_b``:

- Rao & Kupper (1967), ``theta = exp(eta) >= 1``: ``P(a wins) = s(d - eta)``, ``P(b wins) = s(-d - eta)``, a
  tie otherwise: a win needs a margin.
- Davidson (1970), ``nu = exp(eta) >= 0``: ``P(a wins) : P(b wins) : P(tie) = exp(d / 2) : exp(-d / 2) : nu``.

Both losses are convex in (d, eta).
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from cloneproof._core.typing import FloatArray
from cloneproof.rewards.objective import logistic, pair_curvature, pair_loss, pair_slope

__all__ = ["Davidson", "HalfWins", "RaoKupper", "Terms", "TieModel"]


class Terms(NamedTuple):
    """Loss of rows and its derivatives in the difference d and the tie parameter eta."""

    loss: FloatArray
    d: FloatArray
    eta: FloatArray
    dd: FloatArray
    d_eta: FloatArray
    eta_eta: FloatArray


class TieModel(Protocol):
    """The loss of rows with weights won, lost and tied."""

    n_parameters: int

    def start(self, tie_share: float) -> float:
        """Return an eta that gives about this share of ties between equals."""

    def terms(self, d: FloatArray, eta: float, win: FloatArray, loss: FloatArray, tie: FloatArray) -> Terms:
        """Return the loss and its derivatives."""

    def outcome_probabilities(self, d: float, eta: float) -> tuple[float, float, float]:
        """Return the probabilities that a wins, that they tie, and that b wins."""


class HalfWins:
    """A tie is half a win for each; no parameter."""

    n_parameters = 0

    def start(self, tie_share: float) -> float:  # noqa: ARG002
        """Return 0."""
        return 0.0

    def terms(self, d: FloatArray, eta: float, win: FloatArray, loss: FloatArray, tie: FloatArray) -> Terms:  # noqa: ARG002
        """Return the loss and its derivatives; those in eta are 0."""
        won, lost = win + 0.5 * tie, loss + 0.5 * tie
        none = np.zeros_like(d)
        return Terms(
            pair_loss(d, won, lost), pair_slope(d, won, lost), none, pair_curvature(d, won, lost), none, none
        )

    def outcome_probabilities(self, d: float, eta: float) -> tuple[float, float, float]:  # noqa: ARG002
        """Return the probabilities of a win of a and of b; ties are not modelled."""
        p = float(logistic(np.array([d]))[0])
        return p, 0.0, 1.0 - p


class RaoKupper:
    """Ties where the margin is too small; ``theta = exp(eta)``, eta > 0."""

    n_parameters = 1

    def start(self, tie_share: float) -> float:
        """Return eta with ``tanh(eta / 2) = tie_share``, the share between equals."""
        return float(2.0 * np.arctanh(min(max(tie_share, 1e-3), 0.95)))

    def terms(self, d: FloatArray, eta: float, win: FloatArray, loss: FloatArray, tie: FloatArray) -> Terms:
        """Return the loss and its derivatives.

        A tie has probability ``(exp(2 eta) - 1) s(d - eta) s(-d - eta)``: it counts as a win of both
        by the margin, and a term in eta alone.
        """
        if eta <= 0.0:
            infinite = np.full_like(d, np.inf)
            return Terms(infinite, infinite, -infinite, infinite, infinite, infinite)
        none = np.zeros_like(d)
        up, down = d - eta, -d - eta
        won, lost = win + tie, loss + tie
        up_slope, down_slope = pair_slope(up, won, none), pair_slope(down, lost, none)
        up_bend, down_bend = pair_curvature(up, won, none), pair_curvature(down, lost, none)
        shrink = -np.expm1(-2.0 * eta)  # 1 - exp(-2 eta)
        return Terms(
            pair_loss(up, won, none) + pair_loss(down, lost, none) - tie * (2.0 * eta + np.log(shrink)),
            up_slope - down_slope,
            -up_slope - down_slope - 2.0 * tie / shrink,
            up_bend + down_bend,
            down_bend - up_bend,
            up_bend + down_bend + 4.0 * tie * np.exp(-2.0 * eta) / shrink**2,
        )

    def outcome_probabilities(self, d: float, eta: float) -> tuple[float, float, float]:
        """Return the probabilities that a wins, that they tie, and that b wins."""
        won, lost = (float(x) for x in logistic(np.array([d - eta, -d - eta])))
        return won, 1.0 - won - lost, lost


class Davidson:
    """A tie is a third outcome with the geometric mean of both strengths; ``nu = exp(eta)``."""

    n_parameters = 1

    def start(self, tie_share: float) -> float:
        """Return eta with ``nu / (2 + nu) = tie_share``, the share between equals."""
        share = min(max(tie_share, 1e-3), 0.95)
        return float(np.log(2.0 * share / (1.0 - share)))

    def terms(self, d: FloatArray, eta: float, win: FloatArray, loss: FloatArray, tie: FloatArray) -> Terms:
        """Return the loss and its derivatives: a multinomial logit with three outcomes."""
        total = win + loss + tie
        won, tied, lost = self._shares(d, eta)
        peak = np.maximum(0.5 * np.abs(d), eta)
        log_sum = peak + np.log(np.exp(0.5 * d - peak) + np.exp(-0.5 * d - peak) + np.exp(eta - peak))
        difference = won - lost
        return Terms(
            total * log_sum - 0.5 * d * (win - loss) - eta * tie,
            0.5 * (total * difference - (win - loss)),
            total * tied - tie,
            0.25 * total * (won + lost - difference**2),
            -0.5 * total * tied * difference,
            total * tied * (1.0 - tied),
        )

    def outcome_probabilities(self, d: float, eta: float) -> tuple[float, float, float]:
        """Return the probabilities that a wins, that they tie, and that b wins."""
        won, tied, lost = self._shares(np.array([d]), eta)
        return float(won[0]), float(tied[0]), float(lost[0])

    @staticmethod
    def _shares(d: FloatArray, eta: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        peak = np.maximum(0.5 * np.abs(d), eta)
        won, lost, tied = np.exp(0.5 * d - peak), np.exp(-0.5 * d - peak), np.exp(eta - peak)
        total = won + lost + tied
        return won / total, tied / total, lost / total
