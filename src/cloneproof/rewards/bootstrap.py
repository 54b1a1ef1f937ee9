"""Refits on resampled comparisons: the slow check of the standard errors."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import NoMaximumLikelihoodError, UncertaintyWarning
from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray, IntArray, RandomState
from cloneproof._core.validation import check_integer, check_number, generator
from cloneproof.preferences import Comparisons
from cloneproof.rewards.bradley_terry import fit_design
from cloneproof.rewards.pairs import collect_pairs
from cloneproof.rewards.uncertainty_scores import as_clusters, side_weights
from cloneproof.rewards.weighting import LimitPairs, WeightedDesign, weigh

__all__ = ["bootstrap_rewards"]


def bootstrap_rewards(
    comparisons: Comparisons,
    alternative_weight: ArrayLike | None = None,
    comparison_weight: ArrayLike | None = None,
    *,
    regularization: float = 0.01,
    clusters: ArrayLike | str | None = None,
    n_replicates: int = 200,
    random_state: RandomState = None,
) -> FloatArray:
    """Refit the rewards on comparisons drawn with replacement.

    Parameters
    ----------
    comparisons, alternative_weight, comparison_weight
        As in :meth:`BradleyTerry.fit`. Weights stay with their rows; they are not learned anew.
    regularization : float, default=0.01
    clusters : array-like of shape (n_comparisons,), "annotator" or "row", default=None
        What is drawn: whole clusters; None: annotators where the comparisons name them, else rows (a
        row of count c as c rows).
    n_replicates : int, default=200
        A standard error from 200 replicates is itself good to 5 %.
    random_state : int, Generator or None, default=None

    Returns
    -------
    rewards : float64 ndarray of shape (n_replicates, n_alternatives)

    Warns
    -----
    UncertaintyWarning
        Without a ridge, if some resamples had no finite maximum and were drawn again.
    """
    strength = check_number("regularization", regularization, low=0.0)
    n_replicates = check_integer("n_replicates", n_replicates, low=1)
    rng = generator(random_state)
    design = weigh(comparisons, alternative_weight, comparison_weight)
    coded = as_clusters(clusters, design)
    left, right = side_weights(design)
    start = fit_design(design, strength, tol=1e-9)[0]
    rewards = np.empty((n_replicates, comparisons.n_alternatives))
    done, failed = 0, 0
    with track("bootstrap", total=n_replicates) as advance:
        while done < n_replicates:
            factor = _resampled(comparisons.count, coded, rng)
            try:
                again = _reweighted(design, left * factor, right * factor)
                rewards[done] = fit_design(again, strength, tol=1e-9, start=start)[0]
            except NoMaximumLikelihoodError:
                failed += 1
                if failed > 10 * n_replicates:
                    raise
                continue
            done += 1
            advance(1)
    if failed:
        warnings.warn(
            f"{failed:,} of {failed + n_replicates:,} resamples had no finite maximum and were drawn again: "
            f"the spread of the others is too small. Use regularization > 0.",
            UncertaintyWarning,
            stacklevel=2,
        )
    return rewards


def _resampled(count: FloatArray, clusters: IntArray | None, rng: np.random.Generator) -> FloatArray:
    """Return how often each row is drawn, divided by its count."""
    if clusters is None:
        total = float(count.sum())
        return np.asarray(rng.multinomial(round(total), count / total) / count, dtype=np.float64)
    n = int(clusters.max()) + 1
    drawn = np.bincount(rng.integers(0, n, n), minlength=n)
    return np.asarray(drawn[clusters], dtype=np.float64)


def _reweighted(design: WeightedDesign, left: FloatArray, right: FloatArray) -> WeightedDesign:
    """Return the design with new weights of the rows in the equations of their two sides."""
    c, m = design.comparisons, design.comparisons.n_alternatives
    inside = design.in_limit
    common = np.where(inside[c.left] | inside[c.right], 0.0, left)
    limit = design.limit_pairs
    if limit is not None:
        parts = []
        for here, there, weight, won in (
            (c.left, c.right, left, c.outcome),
            (c.right, c.left, right, 1.0 - c.outcome),
        ):
            kept = inside[here] & (weight > 0.0)
            parts.append(
                (here[kept], there[kept], weight[kept] * won[kept], weight[kept] * (1.0 - won[kept]))
            )
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
        limit = LimitPairs(alternative=columns[0], opponent=columns[1], win=columns[2], loss=columns[3])
    return replace(
        design,
        rule="given",
        comparison_weight=common,
        pairs=collect_pairs(c.left, c.right, c.outcome, common, m),
        limit_pairs=limit,
    )
