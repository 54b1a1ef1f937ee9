"""A random part of the comparisons, for work that needs a dozen refits."""

from __future__ import annotations

import numpy as np

from cloneproof._core.typing import IntArray
from cloneproof.preferences import Comparisons

__all__ = ["AUDIT_LIMIT", "audit_sample"]

AUDIT_LIMIT = 3_000
"""Alternatives up to which an audit uses all of the data."""


def audit_sample(comparisons: Comparisons, limit: int, *, random_state: int) -> tuple[IntArray, IntArray]:
    """Choose rows at random until they name `limit` alternatives; whole prompts where there are prompts.

    Parameters
    ----------
    comparisons : Comparisons
    limit : int
        How many alternatives the sample may name. With at most that many, all rows are taken.
    random_state : int

    Returns
    -------
    rows, alternatives : int64 ndarrays
        Positions of the rows taken, and of the alternatives that they name, both ascending.
    """
    n, m = comparisons.n_comparisons, comparisons.n_alternatives
    if m <= limit:
        return np.arange(n), np.arange(m)
    rng = np.random.default_rng([random_state, 2])
    block = np.arange(n)
    if comparisons.prompts is not None:
        codes: dict[str, int] = {}
        prompt = np.fromiter((codes.setdefault(p, len(codes)) for p in comparisons.prompts), np.int64, m)
        block = prompt[comparisons.left]
    order = rng.permutation(int(block.max()) + 1)[block].argsort(kind="stable")
    named = np.column_stack([comparisons.left[order], comparisons.right[order]]).ravel()
    first = np.zeros(len(named), dtype=np.int64)
    first[np.unique(named, return_index=True)[1]] = 1
    n_named = first.cumsum()[1::2]
    rows = np.sort(order[: max(int(np.searchsorted(n_named, limit, side="right")), 1)])
    return rows, np.union1d(comparisons.left[rows], comparisons.right[rows]).astype(np.int64)
