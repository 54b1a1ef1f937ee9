"""Add clones of alternatives to comparisons and embeddings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, IndexArray, IntArray, RandomState
from cloneproof._core.validation import check_integer, check_number, generator
from cloneproof.preferences import Comparisons

__all__ = ["Injected", "inject_clones", "is_complete"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Injected:
    """Comparisons with clones added; the originals keep their positions 0 .. m-1.

    Parameters
    ----------
    comparisons : Comparisons
    embeddings : ndarray of shape (n_alternatives + n_clones, n_dims)
    parent : int64 ndarray of shape (n_alternatives + n_clones,)
        The original that each alternative stands for; originals stand for themselves.
    """

    comparisons: Comparisons
    embeddings: FloatArray
    parent: IntArray


def is_complete(comparisons: Comparisons) -> bool:
    """Tell whether every unordered pair of alternatives is compared at least once."""
    m = comparisons.n_alternatives
    if comparisons.n_comparisons < m * (m - 1) // 2:
        return False
    low = np.minimum(comparisons.left, comparisons.right).astype(np.int64)
    high = np.maximum(comparisons.left, comparisons.right)
    return len(np.unique(low * m + high)) == m * (m - 1) // 2


def inject_clones(
    comparisons: Comparisons,
    embeddings: ArrayLike,
    *,
    targets: ArrayLike,
    copies: int,
    noise: float = 0.0,
    random_state: RandomState = None,
) -> Injected:
    """Add `copies` clones of each target, compared as their originals were.

    Every row that names a target is repeated for each of its clones, with the same outcome, count
    and annotator. Where the comparisons are a complete design (every pair compared), clones of one
    target also tie with it and with each other, so that the design stays complete.

    Parameters
    ----------
    comparisons : Comparisons
    embeddings : array-like of shape (n_alternatives, n_dims)
    targets : array-like of int of shape (n_targets,)
        Positions of the alternatives to clone, each once.
    copies : int
        Clones of each target.
    noise : float, default=0.0
        Distance of each clone from its original, in units of the embedding, in a random direction.
        0: exact copies.
    random_state : int, Generator or None, default=None

    Returns
    -------
    injected : Injected

    Raises
    ------
    InputError
        If a target is no position of an alternative or named twice.
    """
    k = check_integer("copies", copies, low=1)
    distance = check_number("noise", noise, low=0.0)
    points = np.asarray(embeddings, dtype=np.float64)
    m = comparisons.n_alternatives
    chosen = np.asarray(targets, dtype=np.int64).ravel()
    if len(chosen) == 0 or chosen.min() < 0 or chosen.max() >= m or len(np.unique(chosen)) != len(chosen):
        raise InputError(
            f"targets must be different positions from 0 to {m - 1}. Got {chosen.tolist()[:10]}."
        )
    parent = np.repeat(chosen, k)
    direction = generator(random_state).standard_normal((len(parent), points.shape[1]))
    direction *= distance / np.linalg.norm(direction, axis=1, keepdims=True)
    first_clone = np.full(m, -1, dtype=np.int64)
    first_clone[chosen] = m + k * np.arange(len(chosen))
    sides = [
        _rows_of_clones(comparisons.left, comparisons.right, first_clone, k),
        _rows_of_clones(comparisons.right, comparisons.left, first_clone, k),
    ]
    both = _rows_between_clones(comparisons, first_clone, k)
    rows = np.concatenate([sides[0][0], sides[1][0], both[0]])
    left = np.concatenate([sides[0][1], sides[1][2], both[1]])
    right = np.concatenate([sides[0][2], sides[1][1], both[2]])
    outcome, count = comparisons.outcome[rows], comparisons.count[rows]
    annotator = None if comparisons.annotator is None else comparisons.annotator[rows]
    if is_complete(comparisons):
        tie_left, tie_right = _ties_within_families(chosen, first_clone, k)
        left, right = np.concatenate([left, tie_left]), np.concatenate([right, tie_right])
        outcome = np.concatenate([outcome, np.full(len(tie_left), 0.5)])
        count = np.concatenate([count, np.ones(len(tie_left))])
        if annotator is not None:
            annotator = np.concatenate([annotator, np.resize(annotator[:1], len(tie_left))])
    everything = np.concatenate([np.arange(m), parent])
    names = np.empty(len(everything), dtype=object)
    names[:m] = comparisons.ids
    names[m:] = [f"{comparisons.ids[x]} (clone {i % k + 1})" for i, x in enumerate(parent.tolist())]
    grown = Comparisons(
        ids=names,
        left=np.concatenate([comparisons.left, left.astype(np.int32)]),
        right=np.concatenate([comparisons.right, right.astype(np.int32)]),
        outcome=np.concatenate([comparisons.outcome, outcome]),
        count=np.concatenate([comparisons.count, count]),
        annotator=None if annotator is None else np.concatenate([comparisons.annotator, annotator]),
        texts=None if comparisons.texts is None else tuple(comparisons.texts[i] for i in everything),
        prompts=None if comparisons.prompts is None else tuple(comparisons.prompts[i] for i in everything),
        source=comparisons.source,
    )
    return Injected(
        comparisons=grown, embeddings=np.concatenate([points, points[parent] + direction]), parent=everything
    )


def _rows_of_clones(
    side: IndexArray, other: IndexArray, first_clone: IntArray, k: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Return (row, clone, opponent) for each clone of the alternative at `side` against `other`."""
    rows = np.flatnonzero(first_clone[side] >= 0)
    clones = (first_clone[side[rows]][:, None] + np.arange(k)).ravel()
    return np.repeat(rows, k), clones, np.repeat(other[rows].astype(np.int64), k)


def _rows_between_clones(
    comparisons: Comparisons, first_clone: IntArray, k: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Return (row, left clone, right clone) where both sides of a row were cloned.

    In a complete design every clone of one meets every clone of the other; elsewhere the i-th clone
    of one meets the i-th of the other, as a copied row would.
    """
    left, right = comparisons.left, comparisons.right
    rows = np.flatnonzero((first_clone[left] >= 0) & (first_clone[right] >= 0))
    if is_complete(comparisons):
        i, j = (grid.ravel() for grid in np.meshgrid(np.arange(k), np.arange(k), indexing="ij"))
    else:
        i = j = np.arange(k)
    return (
        np.repeat(rows, len(i)),
        (first_clone[left[rows]][:, None] + i).ravel(),
        (first_clone[right[rows]][:, None] + j).ravel(),
    )


def _ties_within_families(targets: IntArray, first_clone: IntArray, k: int) -> tuple[IntArray, IntArray]:
    """Return the pairs of a target with its clones, and of its clones with each other."""
    i, j = np.triu_indices(k + 1, k=1)
    members = np.column_stack([targets, first_clone[targets][:, None] + np.arange(k)])
    return members[:, i].ravel(), members[:, j].ravel()
