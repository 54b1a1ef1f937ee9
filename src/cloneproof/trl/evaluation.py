"""How well rewards predict held-out comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np

from cloneproof._core.typing import FloatArray
from cloneproof.preferences import Comparisons

__all__ = ["held_out_metrics"]


def held_out_metrics(comparisons: Comparisons, rewards: FloatArray, families: Any) -> dict[str, Any]:
    """Return accuracy and log loss of rewards on comparisons.

    Parameters
    ----------
    comparisons : Comparisons
        Rows count as often as they were observed.
    rewards : ndarray of shape (n_alternatives,)
        Natural-log odds.
    families : array-like of int of shape (n_alternatives,)

    Returns
    -------
    metrics : dict
        n; accuracy over rows that one side won (equal rewards are half right) and its standard error;
        accuracy_by_family, in which every pair of families has one vote; log_loss, with ties and
        soft outcomes; all None without rows.
    """
    c = comparisons
    names = ("accuracy", "accuracy_se", "accuracy_by_family", "log_loss")
    if c.n_comparisons == 0:
        return {"n": 0, **dict.fromkeys(names)}
    gap = rewards[c.left] - rewards[c.right]
    count = np.asarray(c.count)
    loss = np.logaddexp(0.0, -gap) * c.outcome + np.logaddexp(0.0, gap) * (1.0 - c.outcome)
    found: dict[str, Any] = {"n": c.n_comparisons, **dict.fromkeys(names)}
    found["log_loss"] = float(np.average(loss, weights=count))
    won = np.flatnonzero(c.outcome != 0.5)
    if len(won) == 0:
        return found
    right = np.where(gap == 0, 0.5, (gap > 0) == (c.outcome > 0.5))[won]
    accuracy = float(np.average(right, weights=count[won]))
    found["accuracy"] = accuracy
    found["accuracy_se"] = float(np.sqrt(accuracy * (1 - accuracy) / len(won)))
    labels = np.asarray(families)
    a, b = labels[c.left[won]], labels[c.right[won]]
    pairs = np.stack([np.minimum(a, b), np.maximum(a, b)])
    _, pair, size = np.unique(pairs, axis=1, return_inverse=True, return_counts=True)
    found["accuracy_by_family"] = float(np.average(right, weights=1.0 / size[pair.ravel()]))
    return found
