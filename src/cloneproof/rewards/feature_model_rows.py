"""The checked input of a reward on features: embeddings, and the objective of a weighted design."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray
from cloneproof.rewards.objective import Objective
from cloneproof.rewards.weighting import WeightedDesign
from cloneproof.weights.base import check_finite

__all__ = ["as_embeddings", "objective_of"]


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
    check_finite(points, name="embeddings")
    return points
