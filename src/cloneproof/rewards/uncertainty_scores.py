"""Scores of independent units: what each comparison or annotator adds to the estimating equations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array, csr_array

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.rewards.comparison_weights_rows import group_rows
from cloneproof.rewards.objective import logistic
from cloneproof.rewards.pairs import collect_pairs
from cloneproof.rewards.weighting import WeightedDesign

__all__ = ["Scores", "as_clusters", "pair_scores", "row_scores", "side_weights"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """Scores of independent units.

    Parameters
    ----------
    matrix : sparse array of shape (n_units, n_parameters)
        Each unit's contribution to the gradient; units are independent of each other.
    n_clusters : int or None
        Number of clusters, None where every comparison is its own unit.
    """

    matrix: csr_array
    n_clusters: int | None

    @property
    def inflation(self) -> float:
        """Factor ``C / (C - 1)`` on the variance for C clusters, 1 without clusters."""
        c = self.n_clusters
        return 1.0 if c is None else c / max(c - 1.0, 1.0)


def as_clusters(clusters: ArrayLike | str | None, design: WeightedDesign) -> IntArray | None:
    """Return the cluster of each row as an integer code, or None where rows are independent.

    Parameters
    ----------
    clusters : array-like of shape (n_comparisons,), "annotator", "row" or None
        None: the annotators where the comparisons name them, else rows.

    Raises
    ------
    InputError
        For a wrong length, a missing column, or fewer than 2 clusters.
    """
    c = design.comparisons
    if clusters is None:
        clusters = "row" if c.annotator is None else "annotator"
    values: Any
    if isinstance(clusters, str):
        if clusters == "row":
            return None
        if clusters != "annotator":
            raise InputError(f"clusters must be an array, 'annotator' or 'row'. Got {clusters!r}.")
        if c.annotator is None:
            raise InputError("clusters='annotator' needs annotators, and these comparisons name none.")
        values = c.annotator
    else:
        values = np.asarray(clusters)
    if values.shape != (len(c),):
        raise InputError(f"clusters has shape {values.shape}, expected ({len(c)},): one per comparison.")
    code: dict[object, int] = {}
    names = values.tolist()
    coded = np.fromiter((code.setdefault(name, len(code)) for name in names), np.int64, len(names))
    if len(code) < 2:
        raise InputError(f"clusters must hold at least 2 different values. Got {len(code)}.")
    return coded


def side_weights(design: WeightedDesign) -> tuple[FloatArray, FloatArray]:
    """Return the weight with which each row enters the equation of its left and right alternative.

    Both are ``omega_e``, except on rows of an alternative in the limit of weight 0: its own equation
    has ``kappa w_b / n_ab`` for each comparison, the other side's has 0.
    """
    omega = design.row_weights()
    if not design.in_limit.any():
        return omega, omega
    c, w = design.comparisons, design.alternative_weight
    rows = group_rows(c)
    per_comparison = rows.spread(np.full(rows.n_pairs, design.balance))
    left = np.where(design.in_limit[c.left], per_comparison * w[c.right], omega)
    right = np.where(design.in_limit[c.right], per_comparison * w[c.left], omega)
    return left, right


def pair_scores(design: WeightedDesign, rewards: FloatArray) -> Scores:
    """Return one score per pair with the summed variance of its rows; for independent rows.

    A row of count c is c independent comparisons with the same outcome.
    """
    c, m = design.comparisons, design.comparisons.n_alternatives
    miss = design.row_weights() * (logistic(rewards[c.left] - rewards[c.right]) - c.outcome)
    variance = miss * miss / c.count
    pairs = collect_pairs(c.left, c.right, np.broadcast_to(np.float64(1.0), (len(c),)), variance, m)
    spread = np.sqrt(pairs.weight)
    unit = np.arange(len(pairs))
    matrix = coo_array(
        (
            np.concatenate([spread, -spread]),
            (np.concatenate([unit, unit]), np.concatenate([pairs.left, pairs.right])),
        ),
        shape=(len(pairs), m),
    )
    return Scores(matrix=matrix.tocsr(), n_clusters=None)


def row_scores(
    design: WeightedDesign,
    slope: FloatArray,
    clusters: IntArray | None,
    extra: FloatArray | None = None,
) -> Scores:
    """Return the scores of rows or of clusters of rows.

    Parameters
    ----------
    design : WeightedDesign
    slope : float64 ndarray of shape (n_comparisons,)
        Derivative of the loss of a row of weight 1 in ``r_a - r_b``.
    clusters : int64 ndarray of shape (n_comparisons,) or None
        Rows of one cluster are summed first; None: rows are independent.
    extra : float64 ndarray of shape (n_comparisons, n_extra), default=None
        Derivatives in further parameters, times the row's weight; they follow the alternatives.
    """
    c, m, n = design.comparisons, design.comparisons.n_alternatives, len(design.comparisons)
    left, right = side_weights(design)
    unit = np.arange(n) if clusters is None else clusters
    scale = 1.0 / np.sqrt(c.count) if clusters is None else np.ones(n)
    values = [left * slope * scale, -right * slope * scale]
    units, columns = [unit, unit], [np.asarray(c.left), np.asarray(c.right)]
    n_extra = 0 if extra is None else extra.shape[1]
    if extra is not None:
        for k in range(n_extra):
            values.append(extra[:, k] * scale)
            units.append(unit)
            columns.append(np.full(n, m + k, dtype=np.int32))
    n_units = n if clusters is None else int(clusters.max()) + 1
    matrix = coo_array(
        (np.concatenate(values), (np.concatenate(units), np.concatenate(columns))),
        shape=(n_units, m + n_extra),
    )
    return Scores(matrix=matrix.tocsr(), n_clusters=None if clusters is None else n_units)
