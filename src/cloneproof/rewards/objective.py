"""The weighted, regularised Bradley-Terry likelihood: its value, gradient and Hessian, written once.

.. math:: min_r  - sum_e omega_e [ y_e log s(r_a - r_b) + (1 - y_e) log s(r_b - r_a) ]
                 + (lambda / 2) sum_a w_a r_a^2

with `s` the logistic function, ``e = (a, b, y_e)`` a comparison of which `a` won the share `y_e`,
``omega_e`` its comparison weight and `w` the alternative weights (sum 1). On a complete design with
``omega_ab = w_a w_b`` this is the objective of the paper.

The elementwise functions take numpy arrays as they are, and scalars when numba compiles them: the
compiled engine and this module share the same three formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array, csr_array

from cloneproof._core.typing import FloatArray, IndexArray

__all__ = ["Objective", "logistic", "pair_curvature", "pair_loss", "pair_slope", "total_comparison_weight"]


def logistic(d: FloatArray) -> FloatArray:
    """Return ``s(d) = 1 / (1 + exp(-d))`` without overflow, to full relative accuracy in both tails."""
    z = np.exp(-np.abs(d))
    up = 1.0 * (d >= 0.0)
    value: FloatArray = (up + (1.0 - up) * z) / (1.0 + z)
    return value


def pair_loss(d: FloatArray, win: FloatArray, loss: FloatArray) -> FloatArray:
    """Return ``- win log s(d) - loss log s(-d)`` for a difference ``d = r_a - r_b``."""
    even = np.log1p(np.exp(-np.abs(d)))
    value: FloatArray = (win + loss) * even - win * np.minimum(d, 0.0) + loss * np.maximum(d, 0.0)
    return value


def pair_slope(d: FloatArray, win: FloatArray, loss: FloatArray) -> FloatArray:
    """Return the derivative of `pair_loss` in d: ``loss s(d) - win s(-d)``."""
    z = np.exp(-np.abs(d))
    up = 1.0 * (d >= 0.0)
    above, below = up + (1.0 - up) * z, 1.0 - up + up * z  # s(d) and s(-d), times 1 + z
    value: FloatArray = (loss * above - win * below) / (1.0 + z)
    return value


def pair_curvature(d: FloatArray, win: FloatArray, loss: FloatArray) -> FloatArray:
    """Return the second derivative of `pair_loss` in d: ``(win + loss) s(d) s(-d)``."""
    z = np.exp(-np.abs(d))
    value: FloatArray = (win + loss) * z / ((1.0 + z) * (1.0 + z))
    return value


def total_comparison_weight(alternative_weight: ArrayLike) -> float:
    """Return ``(1 - sum_a w_a^2) / 2``, the sum that comparison weights are scaled to.

    It is the sum of ``w_a w_b`` over all unordered pairs, so that a balanced complete design gives
    the objective of the paper, and plain comparisons (``w = 1 / m``) the same scale of `lambda`.

    Examples
    --------
    >>> total_comparison_weight([0.5, 0.25, 0.25])
    0.3125
    """
    w = np.asarray(alternative_weight, dtype=np.float64)
    # written as a sum of products so that nothing is lost when one weight is nearly 1
    return float(0.5 * (w * (w.sum() - w)).sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class Objective:
    """The objective above on given rows or pairs, as a function of the rewards.

    Parameters
    ----------
    left, right : int32 ndarray of shape (n_rows,)
        Positions of the alternatives a and b of each row (or of each pair, rows summed).
    win, loss : float64 ndarray of shape (n_rows,)
        ``omega_e y_e`` and ``omega_e (1 - y_e)``: weight won by `left` and by `right`.
    ridge : float64 ndarray of shape (n_alternatives,)
        ``lambda w_a``.

    Notes
    -----
    A reward that is a function of features, ``r = X theta``, has the gradient ``X' g`` and the
    Hessian ``X' H X`` with g and H from here. Everything is O(n_rows).
    """

    left: IndexArray
    right: IndexArray
    win: FloatArray
    loss: FloatArray
    ridge: FloatArray

    @property
    def n_alternatives(self) -> int:
        """Number of alternatives."""
        return len(self.ridge)

    @property
    def total_weight(self) -> float:
        """Sum of all comparison weights, the scale that gradients are compared with."""
        return float(self.win.sum() + self.loss.sum())

    @property
    def degree(self) -> FloatArray:
        """Comparison weight that each alternative takes part in, shape (n_alternatives,)."""
        return self._on_both_sides(self.win + self.loss)

    def differences(self, rewards: FloatArray) -> FloatArray:
        """Return ``r_a - r_b`` of every row."""
        return np.asarray(rewards[self.left] - rewards[self.right], dtype=np.float64)

    def log_likelihood(self, rewards: FloatArray) -> float:
        """Return ``sum_e omega_e [y_e log s(d_e) + (1 - y_e) log s(-d_e)]``, without the ridge."""
        return -float(pair_loss(self.differences(rewards), self.win, self.loss).sum())

    def value(self, rewards: FloatArray) -> float:
        """Return the objective at `rewards`."""
        return 0.5 * float(self.ridge @ (rewards * rewards)) - self.log_likelihood(rewards)

    def gradient(self, rewards: FloatArray) -> FloatArray:
        """Return the gradient, shape (n_alternatives,)."""
        slope = pair_slope(self.differences(rewards), self.win, self.loss)
        return self._difference(slope) + self.ridge * rewards

    def curvature(self, rewards: FloatArray) -> FloatArray:
        """Return ``omega_e s(d_e) s(-d_e)`` of every row: the Hessian is their weighted Laplacian."""
        return pair_curvature(self.differences(rewards), self.win, self.loss)

    def hessian(self, rewards: FloatArray) -> csr_array:
        """Return the Hessian, ``sum_e h_e (e_a - e_b)(e_a - e_b)' + diag(ridge)``, as a sparse matrix."""
        curvature = self.curvature(rewards)
        m = self.n_alternatives
        here = np.arange(m, dtype=self.left.dtype)
        rows = np.concatenate([self.left, self.right, here])
        columns = np.concatenate([self.right, self.left, here])
        diagonal = self.ridge + self._on_both_sides(curvature)
        values = np.concatenate([-curvature, -curvature, diagonal])
        return coo_array((values, (rows, columns)), shape=(m, m)).tocsr()

    def hessian_product(self, rewards: FloatArray, vector: FloatArray) -> FloatArray:
        """Return the Hessian at `rewards` times `vector`, without forming it."""
        return self._difference(self.curvature(rewards) * self.differences(vector)) + self.ridge * vector

    def _difference(self, values: FloatArray) -> FloatArray:
        """Return ``sum_e values_e (e_a - e_b)``."""
        m = self.n_alternatives
        return np.asarray(
            np.bincount(self.left, values, m) - np.bincount(self.right, values, m), dtype=np.float64
        )

    def _on_both_sides(self, values: FloatArray) -> FloatArray:
        """Return ``sum_e values_e (e_a + e_b)``."""
        m = self.n_alternatives
        return np.asarray(
            np.bincount(self.left, values, m) + np.bincount(self.right, values, m), dtype=np.float64
        )
