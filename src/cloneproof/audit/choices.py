"""Choose how to weigh and fit from the shape of the comparisons, and say why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cloneproof._core.validation import check_choice
from cloneproof.audit.options import COMPARISON_WEIGHTS, REWARDS
from cloneproof.audit.records import Choice
from cloneproof.preferences import Comparisons

__all__ = ["DENSE_FROM", "Coverage", "choose_comparison_weights", "choose_reward", "measure_coverage"]

DENSE_FROM = 10
"""Median comparisons per alternative from which each alternative can have a reward of its own."""


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How densely alternatives are compared.

    Parameters
    ----------
    median_comparisons : float
        Median number of comparisons (with counts) that an alternative takes part in.
    n_pairs : int
        Distinct unordered pairs compared.
    n_components : int
        Connected components of the comparison graph, uncompared alternatives included.
    repeated_rows : int
        Rows beyond the first that repeat the same pair, outcome and annotator.
    largest_repeat : int
        The largest number of such identical rows.
    """

    median_comparisons: float
    n_pairs: int
    n_components: int
    repeated_rows: int
    largest_repeat: int

    @property
    def is_dense(self) -> bool:
        """Whether alternatives are compared often enough for one reward each."""
        return self.median_comparisons >= DENSE_FROM


def measure_coverage(comparisons: Comparisons) -> Coverage:
    """Count comparisons per alternative, pairs, components and repeated rows; O(n log n)."""
    m, n = comparisons.n_alternatives, comparisons.n_comparisons
    sides = np.bincount(comparisons.left, weights=comparisons.count, minlength=m)
    sides += np.bincount(comparisons.right, weights=comparisons.count, minlength=m)
    low = np.minimum(comparisons.left, comparisons.right).astype(np.int64)
    high = np.maximum(comparisons.left, comparisons.right).astype(np.int64)
    won = np.where(comparisons.left == low, comparisons.outcome, 1.0 - comparisons.outcome)
    who = np.zeros(n, dtype=np.int64)
    if comparisons.annotator is not None:
        codes: dict[object, int] = {}
        who = np.fromiter(
            (codes.setdefault(a, len(codes)) for a in comparisons.annotator.tolist()), np.int64, n
        )
    order = np.lexsort((who, won, high, low))
    same = np.ones(max(n - 1, 0), dtype=bool)
    for column in (low, high, won, who):
        same &= column[order][1:] == column[order][:-1]
    starts = np.flatnonzero(np.concatenate([[True], ~same])) if n else np.zeros(0, dtype=np.int64)
    graph = coo_array((np.ones(n, dtype=np.int8), (low, high)), shape=(m, m))
    return Coverage(
        median_comparisons=float(np.median(sides)) if m else 0.0,
        n_pairs=len(np.unique(low * m + high)),
        n_components=int(connected_components(graph, directed=False)[0]),
        repeated_rows=int(same.sum()),
        largest_repeat=int(np.diff(np.append(starts, n)).max()) if n else 0,
    )


def choose_reward(coverage: Coverage, asked: str) -> Choice:
    """Choose one reward per alternative, or a function of the embedding."""
    if check_choice("reward", asked, ("auto", *REWARDS)) != "auto":
        return Choice(name="reward", value=asked, reason="asked for", automatic=False)
    number = f"an alternative appears in {coverage.median_comparisons:g} comparisons (median)"
    if coverage.is_dense:
        reason = f"{number}, {DENSE_FROM} or more: enough for one reward per alternative"
        return Choice(name="reward", value="tabular", reason=reason, automatic=True)
    reason = f"{number}, fewer than {DENSE_FROM}: rewards must share strength through the embedding"
    return Choice(name="reward", value="linear", reason=reason, automatic=True)


def choose_comparison_weights(coverage: Coverage, asked: str) -> Choice:
    """Choose how alternative weights reach the rows."""
    if check_choice("comparison_weights", asked, ("auto", *COMPARISON_WEIGHTS)) != "auto":
        return Choice(name="comparison-weights", value=asked, reason="asked for", automatic=False)
    number = f"an alternative appears in {coverage.median_comparisons:g} comparisons (median)"
    if coverage.is_dense:
        reason = f"{number}: dense data, rows on one pair share the pair's weight"
        return Choice(name="comparison-weights", value="balanced", reason=reason, automatic=True)
    reason = f"{number}: sparse data, near-copies of whole pairs must share too"
    return Choice(name="comparison-weights", value="diversity", reason=reason, automatic=True)
