"""One weight per comparison row, so that copies of answers and of pairs of answers do not vote twice."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError, ParameterError, SparseComparisonsWarning
from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import as_weights, check_choice
from cloneproof.preferences import Comparisons
from cloneproof.rewards.comparison_weights_rows import PairRows, group_rows
from cloneproof.rewards.objective import total_comparison_weight

__all__ = ["ComparisonWeighting", "comparison_weights"]

COVERED_FROM = 0.5
"""Share of the weighted pairs that must be observed before `product` and `balanced` go unwarned."""

EVEN_FROM = 0.8
"""Evenness ``(sum n_ab)^2 / (n_pairs sum n_ab^2)`` from which `product` goes unwarned."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ComparisonWeighting:
    """Comparison weights and how they were made.

    Parameters
    ----------
    weights : ndarray of shape (n_comparisons,)
        Non-negative, sum to 1.
    method : {"product", "balanced", "diversity"}
        How they were made.
    by : {None, "annotator"}
        Whether an annotator's rows on a pair counted once.
    prompts : {"joint", "separate"}
        Whether prompts and answers were weighed together.
    n_pairs : int
        Distinct unordered pairs observed.
    n_points : int
        Points of the quadratic program after exact copies were grouped, diagonal pairs included; 0
        where none was solved.
    scale : float or None
        The distance h of the kernel; None where no kernel was used.
    gap, relative_gap : float or None
        The certificate ``p'Kp - min_i (Kp)_i >= 0`` of the program, and as a share of ``p'Kp``.
    observed_share : float
        `diversity`: the weight on observed pairs before it was scaled to 1, the rest being on the
        diagonal. `product`, `balanced`: the share of the weighted pairs that was observed.
    effective_sample_size : float
        ``1 / sum omega^2``, in rows.
    seconds : float
        Wall time.
    """

    weights: FloatArray
    method: str
    by: str | None
    prompts: str
    n_pairs: int
    n_points: int
    scale: float | None
    gap: float | None
    relative_gap: float | None
    observed_share: float
    effective_sample_size: float
    seconds: float


def comparison_weights(
    comparisons: Comparisons,
    alternative_weight: ArrayLike | None = None,
    *,
    method: str = "balanced",
    by: str | None = None,
) -> FloatArray:
    """Weigh the rows of a set of comparisons.

    Returns
    -------
    weights : ndarray of shape (n_comparisons,)
        Non-negative, sum to 1.
    """
    check_choice("method", method, ("product", "balanced"))
    if by is not None:
        check_choice("by", by, ("annotator",))
    rows = group_rows(comparisons, by=by)
    if alternative_weight is None:
        raise ParameterError(f"method={method!r} needs alternative_weight, one per alternative.")
    w = as_weights(
        alternative_weight, comparisons.n_alternatives, name="alternative_weight", per="alternative"
    )
    _warn_where_assumptions_break(rows, w, method)
    return _scaled(_from_alternatives(rows, w, method))


def _from_alternatives(rows: PairRows, w: FloatArray, method: str) -> FloatArray:
    """Return ``w_a w_b`` per row (`product`) or divided among the rows of the pair (`balanced`)."""
    per_pair = w[rows.low] * w[rows.high]
    if method == "product":
        return np.asarray(per_pair[rows.pair] * rows.count, dtype=np.float64)
    return rows.spread(per_pair)


def _scaled(weights: FloatArray) -> FloatArray:
    """Return the weights scaled to sum to 1."""
    total = float(weights.sum())
    if total <= 0:
        raise InputError(
            f"all {len(weights):,} comparisons would have weight 0: every compared pair has an alternative "
            f"of weight 0. Pass other alternative weights, or use method='diversity'."
        )
    return np.asarray(weights / total, dtype=np.float64)


def _observed_share(rows: PairRows, w: FloatArray) -> float:
    """Return the share of ``sum_{a<b} w_a w_b`` that lies on observed pairs."""
    possible = total_comparison_weight(w)
    return float((w[rows.low] * w[rows.high]).sum()) / possible if possible > 0 else 0.0


def _warn_where_assumptions_break(rows: PairRows, w: FloatArray, method: str) -> None:
    """Say in numbers where `product` or `balanced` is applied to data it does not assume."""
    covered = _observed_share(rows, w)
    evenness = float(rows.total.sum() ** 2 / (rows.n_pairs * (rows.total @ rows.total)))
    broken = []
    if covered < COVERED_FROM:
        broken.append(
            f"only {100 * covered:.2g} % of the pairs (by weight) are compared: copies of a whole pair of "
            f"alternatives are not recognised"
        )
    if method == "product" and evenness < EVEN_FROM:
        broken.append(
            f"pairs are compared unevenly, from {rows.total.min():g} to {rows.total.max():g} times (median "
            f"{np.median(rows.total):g}): a pair counts as often as it is compared"
        )
    if broken:
        assumed = "every pair compared equally often" if method == "product" else "every pair compared"
        warnings.warn(
            f"{method} weights assume {assumed}, but {'; '.join(broken)}. Use method='diversity'.",
            SparseComparisonsWarning,
            stacklevel=3,
        )
