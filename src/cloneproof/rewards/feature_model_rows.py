"""The checked input of a reward on features: embeddings, and the objective of a weighted design."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.preferences import Comparisons
from cloneproof.rewards.comparison_weights_rows import group_rows
from cloneproof.rewards.objective import Objective
from cloneproof.rewards.weighting import WeightedDesign

__all__ = ["as_clusters", "as_embeddings", "objective_of"]


def objective_of(design: WeightedDesign, regularization: float) -> Objective:
    """Return the objective of a design as a function of the rewards; its rows are the pairs."""
    pairs = design.pairs
    return Objective(
        left=pairs.left,
        right=pairs.right,
        win=pairs.win,
        loss=pairs.loss,
        ridge=regularization * design.alternative_weight,
    )


def as_embeddings(X: ArrayLike, n_alternatives: int | None = None, n_dims: int | None = None) -> FloatArray:
    """Return X as finite float64 of shape (n_alternatives, n_dims), or say what is wrong with it."""
    points = np.asarray(X, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] == 0:
        raise InputError(
            f"embeddings must be a table of shape (n_alternatives, n_dims). Got shape {points.shape}."
        )
    if n_alternatives is not None and len(points) != n_alternatives:
        raise InputError(
            f"embeddings has shape {points.shape} but the comparisons name {n_alternatives:,} alternatives. "
            f"Give one row per alternative, in the order of `comparisons.ids`."
        )
    if n_dims is not None and points.shape[1] != n_dims:
        raise InputError(
            f"embeddings has shape {points.shape} but the reward was fitted on {n_dims} dimensions. "
            f"Embed with the same encoder."
        )
    bad = ~np.isfinite(points)
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        raise InputError(
            f"embeddings must be finite; {int(bad.sum()):,} of {points.size:,} values are not, first: "
            f"{points[row, column]} (row {row}, column {column})."
        )
    return points


def as_clusters(clusters: ArrayLike | str | None, comparisons: Comparisons) -> IntArray | None:
    """Return the cluster of each row as integers from 0, or None where every row stands alone.

    Parameters
    ----------
    clusters : {"annotator", "pair"}, array-like of shape (n_comparisons,), or None
    """
    if clusters is None:
        return None
    if isinstance(clusters, str):
        if clusters == "pair":
            return np.asarray(group_rows(comparisons).pair, dtype=np.int64)
        if clusters != "annotator":
            raise InputError(
                f"clusters must be 'annotator', 'pair', one label per comparison, or None. Got {clusters!r}."
            )
        if comparisons.annotator is None:
            raise InputError("clusters='annotator' needs comparisons that name their annotators.")
        labels = comparisons.annotator.tolist()
    else:
        labels = np.asarray(clusters).tolist()
        if len(labels) != comparisons.n_comparisons:
            raise InputError(
                f"clusters has {len(labels):,} labels, expected {comparisons.n_comparisons:,}: "
                "one per comparison."
            )
    code: dict[object, int] = {}
    return np.fromiter((code.setdefault(label, len(code)) for label in labels), np.int64, len(labels))
