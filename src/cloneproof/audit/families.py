"""Families of near-copies, and how often each is over-counted."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.typing import IntArray
from cloneproof._core.validation import as_weights, check_number
from cloneproof.audit.records import FamilyTable
from cloneproof.preferences import Comparisons
from cloneproof.weights import count_distinct, find_families

__all__ = ["family_table"]


def family_table(
    comparisons: Comparisons, embeddings: ArrayLike, weights: ArrayLike, *, radius: float, scale: float
) -> FamilyTable:
    """Group alternatives that lie within `radius` of each other and count what each group holds.

    Parameters
    ----------
    comparisons : Comparisons
    embeddings : array-like of shape (n_alternatives, n_dims)
    weights : array-like of shape (n_alternatives,)
        Clone-robust alternative weights.
    radius : float
        Alternatives joined by steps of at most this distance are one family (single linkage).
    scale : float
        The h of the kernel by which distinct alternatives inside a family are counted.

    Returns
    -------
    table : FamilyTable
        Largest over-count first, then largest family, then first member.
    """
    points = np.asarray(embeddings)
    m = comparisons.n_alternatives
    w = as_weights(weights, m, name="weights", per="alternative")
    labels = find_families(points, radius=check_number("radius", radius, low=0.0))
    counts = count_distinct(points, labels, scale=scale)
    size, distinct = counts.size, counts.n_distinct
    sides = np.bincount(comparisons.left, weights=comparisons.count, minlength=m)
    sides += np.bincount(comparisons.right, weights=comparisons.count, minlength=m)
    heaviest = np.lexsort((np.arange(m), -w, labels))
    starts = np.concatenate([[0], np.cumsum(size)[:-1]])
    order: IntArray = np.lexsort((heaviest[starts], -size, -counts.overcount))
    position = np.empty_like(order)
    position[order] = np.arange(len(order))
    return FamilyTable(
        labels=position[labels],
        size=size[order],
        n_distinct=distinct[order],
        overcount=counts.overcount[order],
        share_plain=(size / m)[order],
        share_weighted=np.asarray(np.bincount(labels, weights=w)[order], dtype=np.float64),
        n_comparisons=np.asarray(np.bincount(labels, weights=sides)[order], dtype=np.float64),
        representative=heaviest[starts][order],
        radius=float(radius),
    )
