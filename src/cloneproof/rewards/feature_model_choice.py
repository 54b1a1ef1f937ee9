"""Choose the shrinkage by the weighted likelihood of held-out pairs."""

from __future__ import annotations

import numpy as np

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, IndexArray, IntArray
from cloneproof.rewards.feature_model import fit_features
from cloneproof.rewards.objective import Objective
from cloneproof.rewards.weighting import WeightedDesign
from cloneproof.weights.duplicates import group_duplicates

__all__ = ["SHRINKAGES", "choose_shrinkage"]

SHRINKAGES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""What "auto" chooses from."""

N_FOLDS = 5
FOLD_SEED = 20250109
ROUGH = 1e-6
"""Gradient at which a fit on part of the pairs is good enough to be compared."""


def choose_shrinkage(
    design: WeightedDesign,
    features: FloatArray,
    unit: float,
    *,
    regularization: float,
    points: FloatArray,
) -> float:
    """Return the shrinkage with the best weighted log-likelihood on pairs that were held out.

    Pairs whose alternatives are the same points are held out together, and the held-out likelihood is
    weighted as the fit is, so that copies neither leak into the test nor dominate it.

    Parameters
    ----------
    features : ndarray of shape (n_alternatives, n_features)
        Centred.
    unit : float
        The penalty on theta for a shrinkage of 1.
    points : ndarray of shape (n_alternatives, n_dims)
        Embeddings, to recognise copies.

    Raises
    ------
    InputError
        If there are fewer than 10 distinct pairs to divide.
    """
    pairs = design.pairs
    fold = _folds(pairs.left, pairs.right, group_duplicates(points).inverse)
    ridge = regularization * design.alternative_weight
    loss = np.zeros(len(SHRINKAGES))
    for k in range(N_FOLDS):
        train, test = (
            Objective(
                left=pairs.left[kept],
                right=pairs.right[kept],
                win=pairs.win[kept],
                loss=pairs.loss[kept],
                ridge=ridge,
            )
            for kept in (fold != k, fold == k)
        )
        if train.total_weight <= 0:
            continue
        for i, shrinkage in enumerate(SHRINKAGES):
            fit = fit_features(train, features, penalty=shrinkage * unit, tol=ROUGH)
            loss[i] -= test.log_likelihood(fit.rewards)
    return SHRINKAGES[int(np.argmin(loss))]


def _folds(left: IndexArray, right: IndexArray, point: IntArray) -> IntArray:
    """Return a fold for each pair, the same for pairs of the same two points."""
    a, b = point[left].astype(np.int64), point[right].astype(np.int64)
    code = np.minimum(a, b) * (int(point.max()) + 1) + np.maximum(a, b)
    distinct, group = np.unique(code, return_inverse=True)
    if len(distinct) < 2 * N_FOLDS:
        raise InputError(
            f"shrinkage='auto' divides distinct pairs into {N_FOLDS} folds and needs at least "
            f"{2 * N_FOLDS} of them; there are {len(distinct)}. Pass a number."
        )
    order = np.random.default_rng(FOLD_SEED).permutation(len(distinct))
    return np.asarray((order % N_FOLDS)[group], dtype=np.int64)
