"""Diversity weights of pairs: copies of rows, of one side or of whole pairs share a constant total."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloneproof._core.typing import FloatArray, IndexArray, IntArray
from cloneproof.rewards.pair_kernel import OPERATOR_UP_TO, make_pair_kernel
from cloneproof.weights.diversity_solve import solve_dense
from cloneproof.weights.duplicates import group_duplicates
from cloneproof.weights.simplex_qp import solve_simplex_qp

__all__ = ["PairWeights", "weigh_pairs"]


@dataclass(frozen=True, kw_only=True, eq=False)
class PairWeights:
    """The solution on pairs.

    Parameters
    ----------
    weights : ndarray of shape (n_pairs,)
        Weight of each observed pair; the rest of 1 is on the diagonal pairs.
    point : ndarray of shape (n_pairs,)
        Which pair of distinct points each observed pair is: copies of a pair have the same number.
    n_points : int
        Distinct pairs of distinct points in the program, diagonal ones included.
    gap, relative_gap : float
        Its certificate.
    floor : float
        Terms of the kernel below this were left out; 0: none.
    """

    weights: FloatArray
    point: IntArray
    n_points: int
    gap: float
    relative_gap: float
    floor: float


def weigh_pairs(
    embeddings: NDArray[np.floating[Any]], low: IntArray, high: IntArray, *, scale: float, tol: float
) -> PairWeights:
    """Minimise ``p'K2 p`` over the observed pairs and the diagonal pairs (a, a).

    Parameters
    ----------
    embeddings : ndarray of shape (n_alternatives, n_dims)
    low, high : ndarray of shape (n_pairs,)
        The observed unordered pairs, each once.
    scale : float
        h of the Gaussian kernel k.
    tol : float
        Relative gap to reach.

    Notes
    -----
    Alternatives that are exactly one point are grouped before solving, and with them the pairs: their
    number cannot reach the solver. The weight of a pair of points is divided equally among the observed
    pairs of alternatives that it stands for. A pair of two copies of one text is the diagonal pair of
    its point; (a, b) with a and b apart stands for both (a, b) and (b, a), so such a pair gets twice
    the share of a pair (a, a). Diagonal pairs say that a comparison of a text with a near-copy
    of itself tells nothing new: without them it would take weight from all others.
    """
    groups = group_duplicates(embeddings)
    point = np.asarray(groups.inverse, dtype=np.int64)
    n = groups.n_points
    a, b = np.minimum(point[low], point[high]), np.maximum(point[low], point[high])
    # diagonal pairs first, then observed pairs in order of first appearance: copies add nothing
    keys, first_seen, inverse = np.unique(
        np.concatenate([np.arange(n) * (n + 1), a * n + b]), return_index=True, return_inverse=True
    )
    order = np.argsort(first_seen, kind="stable")
    keys = keys[order]
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    pair_point = place[inverse[n:]]
    first, second = (keys // n).astype(np.int32), (keys % n).astype(np.int32)
    points = embeddings if n == len(embeddings) else embeddings[groups.first]  # no copy of large tables
    kernel = make_pair_kernel(points, first, second, scale)
    start = _product_start(points, first, second, scale=scale, tol=tol)
    solution = solve_simplex_qp(kernel.matrix, tol=tol, warm_start=start)
    # in units of ordered pairs: (a, a) is one, (a, b) with a != b two
    multiplicity = 2.0 * np.bincount(pair_point, minlength=len(keys))
    multiplicity[:n] += groups.counts
    weights = 2.0 * solution.weights[pair_point] / multiplicity[pair_point]
    return PairWeights(
        weights=np.asarray(weights, dtype=np.float64),
        point=pair_point,
        n_points=len(keys),
        gap=solution.gap,
        relative_gap=solution.relative_gap,
        floor=kernel.floor,
    )


def _product_start(
    points: NDArray[np.floating[Any]], first: IndexArray, second: IndexArray, *, scale: float, tol: float
) -> FloatArray | None:
    """Return ``2 w_a w_b`` (``w_a^2`` on the diagonal) to start from, where most pairs are observed.

    With all pairs it is the solution: K2 is then the symmetric part of ``K x K``, and the gap of
    ``w x w`` is at most about twice that of w. The solver certifies it and stops there.
    """
    m = len(points)
    if m > OPERATOR_UP_TO or 2 * len(first) < m * (m + 1) // 2:
        return None
    w = solve_dense(points, scale, tol=0.1 * tol).weights
    start = np.asarray(np.where(first == second, 1.0, 2.0) * w[first] * w[second], dtype=np.float64)
    total = float(start.sum())
    return start / total if total > 0 else None
