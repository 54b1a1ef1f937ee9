"""Which weight every comparison gets: the scaling rule, written once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, IndexArray, IntArray
from cloneproof._core.validation import as_weights
from cloneproof.preferences import Comparisons
from cloneproof.rewards.comparison_weights_rows import group_rows
from cloneproof.rewards.objective import total_comparison_weight
from cloneproof.rewards.pairs import Pairs, collect_pairs

__all__ = ["LimitPairs", "WeightedDesign", "weigh"]


@dataclass(frozen=True, kw_only=True, eq=False)
class LimitPairs:
    """The comparisons of alternatives of weight 0, each divided by that weight.

    The stationarity condition divided by ``w_a`` has a limit as ``w_a`` goes to 0:
    ``sum_b kappa w_b (p_ab - s(r_a - r_b)) = lambda r_a``, with p the share of `a` among the rows of
    the pair. Rows with another alternative of weight 0 drop out.

    Parameters
    ----------
    alternative, opponent : int32 ndarray of shape (n_limit_pairs,)
        `a` (weight 0) and `b` (positive weight).
    win, loss : float64 ndarray of shape (n_limit_pairs,)
        ``kappa w_b p_ab`` and ``kappa w_b (1 - p_ab)``.
    """

    alternative: IndexArray
    opponent: IndexArray
    win: FloatArray
    loss: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class WeightedDesign:
    """Comparisons with the weights that a fit uses.

    Parameters
    ----------
    comparisons : Comparisons
    alternative_weight : float64 ndarray of shape (n_alternatives,)
        `w`, sums to 1.
    rule : {"plain", "balanced", "given"}
        Where the comparison weights come from.
    comparison_weight : float64 ndarray of shape (n_comparisons,) or None
        `omega`, where given, scaled as :func:`weigh` says.
    pairs : Pairs
        The rows summed with their weights.
    balance : float
        ``kappa``: the factor on ``w_a w_b`` that gives balanced pairs their sum.
    in_limit : bool ndarray of shape (n_alternatives,)
        Alternatives of weight 0 whose rows all have weight 0: their reward is a limit.
    limit_pairs : LimitPairs or None
    """

    comparisons: Comparisons
    alternative_weight: FloatArray
    rule: Literal["plain", "balanced", "given"]
    comparison_weight: FloatArray | None
    pairs: Pairs
    balance: float
    in_limit: NDArray[np.bool_]
    limit_pairs: LimitPairs | None

    @property
    def total_weight(self) -> float:
        """``(1 - sum w^2) / 2``, w that of the alternatives as they are named."""
        return total_comparison_weight(self.alternative_weight)

    def row_weights(self) -> FloatArray:
        """Return `omega` of every row, shape (n_comparisons,)."""
        if self.comparison_weight is not None:
            return self.comparison_weight
        c, w = self.comparisons, self.alternative_weight
        if self.rule == "plain":
            return _times(c.count, self.total_weight / _sum(c.count))
        rows = group_rows(c)
        return rows.spread(self.balance * w[rows.low] * w[rows.high])


def weigh(
    comparisons: Comparisons,
    alternative_weight: ArrayLike | None,
    comparison_weight: ArrayLike | None,
    *,
    points: NDArray[np.floating[Any]] | None = None,
) -> WeightedDesign:
    """Give every comparison its weight and sum the rows into pairs.

    Parameters
    ----------
    comparisons : Comparisons
    alternative_weight : array-like of shape (n_alternatives,) or None
        `w`, scaled to sum 1; None: 1 / m.
    comparison_weight : array-like of shape (n_comparisons,) or None
        Weight of each whole row, its count included; scaled to sum ``(1 - sum w^2) / 2``. None: with
        alternative weights every observed pair gets ``w_a w_b``, shared by its rows in proportion to
        their counts ("balanced"); without, every comparison counts once ("plain").
    points : ndarray of shape (n_alternatives, n_dims), default=None
        Embeddings, for rewards that are a function of them: the scale of the rows is then that of the
        distinct points. See the notes.

    Raises
    ------
    InputError
        For weights of the wrong shape, negative, not finite or all zero, or without comparisons.

    Notes
    -----
    With `points` and alternative weights, exact copies count as one alternative in the scale: the rows
    between different points are scaled to sum ``(1 - sum_g W_g^2) / 2``, W_g the summed weight of the
    copies of a point. Rows between copies of one text say nothing of a reward that is a function of it.
    On a complete design this is the rule above (the pairs between copies hold the difference); on
    sparse rows the rule above would let copies change ``sum w^2``, and with it the ratio of likelihood
    and ridge. Plain fits stay as they are: there every copy counts, which is what plain means.
    """
    c, m = comparisons, comparisons.n_alternatives
    if not len(c):
        raise InputError("there are no comparisons to fit: expected at least 1 row, got 0.")
    w = (
        np.full(m, 1.0 / m)
        if alternative_weight is None
        else as_weights(alternative_weight, m, name="alternative_weight", per="alternative")
    )
    group = None
    if points is not None and alternative_weight is not None:
        group = _copies(points)
    total = total_comparison_weight(w if group is None else np.bincount(group, weights=w))
    omega, counted = None, None
    if comparison_weight is not None:
        rule: Literal["plain", "balanced", "given"] = "given"
        omega = as_weights(comparison_weight, len(c), name="comparison_weight", per="comparison")
        omega = omega * (total / _between(omega, c.left, c.right, group))
        pairs = collect_pairs(c.left, c.right, c.outcome, omega, m)
    elif alternative_weight is None:
        rule = "plain"
        pairs = collect_pairs(c.left, c.right, c.outcome, _times(c.count, total / _sum(c.count)), m)
    else:
        rule = "balanced"
        pairs = counted = collect_pairs(c.left, c.right, c.outcome, c.count, m)
    balance = 1.0
    if rule == "balanced" or (w == 0.0).any():
        counted = counted or collect_pairs(c.left, c.right, c.outcome, c.count, m)
        product = w[counted.left] * w[counted.right]
        observed = _between(product, counted.left, counted.right, group)
        balance = total / observed if observed > 0.0 else 1.0
        if rule == "balanced":
            pairs = counted.scaled(balance * product / counted.weight)
    in_limit = w == 0.0
    if in_limit.any():
        in_limit &= pairs.degree(pairs.weight) == 0.0
    return WeightedDesign(
        comparisons=c,
        alternative_weight=w,
        rule=rule,
        comparison_weight=omega,
        pairs=pairs,
        balance=balance,
        in_limit=in_limit,
        limit_pairs=_limit_pairs(counted, w, balance, in_limit) if in_limit.any() and counted else None,
    )


def _copies(points: NDArray[np.floating[Any]]) -> IntArray | None:
    """Return which distinct point each alternative is, or None where all differ."""
    from cloneproof.weights.duplicates import group_duplicates  # its room brings scikit-learn

    groups = group_duplicates(points)
    return None if groups.n_points == len(points) else np.asarray(groups.inverse, dtype=np.int64)


def _between(weight: FloatArray, left: IndexArray, right: IndexArray, group: IntArray | None) -> float:
    """Sum the weight of the rows between different points; of all rows where no row is between two."""
    total = float(weight.sum())
    if group is None:
        return total
    apart = float(weight[group[left] != group[right]].sum())
    return apart if apart > 0.0 else total


def _limit_pairs(counted: Pairs, w: FloatArray, balance: float, in_limit: NDArray[np.bool_]) -> LimitPairs:
    """Collect the pairs between alternatives in the limit and alternatives of positive weight."""
    share = counted.win / counted.weight
    parts = []
    for one, other, won in ((counted.left, counted.right, share), (counted.right, counted.left, 1.0 - share)):
        kept = in_limit[one] & (w[other] > 0.0)
        weight = balance * w[other[kept]]
        parts.append((one[kept], other[kept], weight * won[kept], weight * (1.0 - won[kept])))
    alternative, opponent, win, loss = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return LimitPairs(alternative=alternative, opponent=opponent, win=win, loss=loss)


def _times(column: FloatArray, factor: float) -> FloatArray:
    """Multiply a column; a constant of stride 0 stays one."""
    if column.strides == (0,) and len(column):
        return np.broadcast_to(np.float64(column[0] * factor), column.shape)
    return column * factor


def _sum(column: FloatArray) -> float:
    """Sum a column, at once where it is a constant of stride 0."""
    if column.strides == (0,) and len(column):
        return float(column[0]) * len(column)
    return float(column.sum())
