"""Weigh prompts by what they ask, and the pairs within each prompt by what they compare."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.preferences import Comparisons
from cloneproof.rewards.comparison_weights_diversity import PairWeights, weigh_pairs
from cloneproof.rewards.comparison_weights_rows import PairRows
from cloneproof.weights.diversity import DiversityWeights
from cloneproof.weights.duplicates import group_duplicates

__all__ = ["weigh_prompts_and_pairs"]


def weigh_prompts_and_pairs(
    comparisons: Comparisons,
    embeddings: NDArray[np.floating[Any]],
    prompt_embeddings: NDArray[np.floating[Any]] | None,
    rows: PairRows,
    *,
    scale: float,
    tol: float,
) -> PairWeights:
    """Return ``(weight of the prompt) x (weight of the pair within its prompt)`` for each observed pair.

    The weights of prompts are diversity weights of the prompts that have comparisons; those of the
    pairs of one prompt are the solution of :func:`weigh_pairs` on that prompt alone, scaled to 1. A
    prompt with a single pair gives it everything. The certificate is the worst of all programs.

    Raises
    ------
    InputError
        If the comparisons name no prompts, or compare answers to different prompts.
    """
    prompt = _prompt_codes(comparisons)
    of_pair = prompt[rows.low]
    crossing = of_pair != prompt[rows.high]
    if crossing.any():
        first = int(np.argmax(crossing))
        a, b = comparisons.ids[[rows.low[first], rows.high[first]]].tolist()
        raise InputError(
            f"prompts='separate' needs both sides of a comparison to answer one prompt; "
            f"{int(crossing.sum()):,} of {rows.n_pairs:,} pairs do not, first: {a!r} and {b!r}. "
            f"Use prompts='joint'."
        )
    present, of_pair = np.unique(of_pair, return_inverse=True)
    table = _one_row_a_prompt(prompt, embeddings, prompt_embeddings)[present]
    by_prompt = DiversityWeights(scale=scale, tol=tol).fit(table)
    weights, point = np.zeros(rows.n_pairs), np.zeros(rows.n_pairs, dtype=np.int64)
    n_points, worst, relative, floor = len(present), float(by_prompt.gap_), 0.0, 0.0
    order = np.argsort(of_pair, kind="stable")
    bounds = np.searchsorted(of_pair[order], np.arange(len(present) + 1))
    for k, share in enumerate(by_prompt.weights_):
        here = order[bounds[k] : bounds[k + 1]]
        if len(here) == 1:
            weights[here], point[here] = share, n_points
            n_points += 1
            continue
        used, local = np.unique(np.concatenate([rows.low[here], rows.high[here]]), return_inverse=True)
        inside = weigh_pairs(embeddings[used], local[: len(here)], local[len(here) :], scale=scale, tol=tol)
        total = float(inside.weights.sum())
        weights[here] = share * (inside.weights / total if total > 0 else 1.0 / len(here))
        point[here] = n_points + inside.point
        n_points += inside.n_points
        worst, relative = max(worst, inside.gap), max(relative, inside.relative_gap)
        floor = max(floor, inside.floor)
    return PairWeights(
        weights=weights, point=point, n_points=n_points, gap=worst, relative_gap=relative, floor=floor
    )


def _prompt_codes(comparisons: Comparisons) -> IntArray:
    """Return the prompt of each alternative as an integer."""
    if comparisons.prompts is None:
        raise InputError(
            "prompts='separate' needs to know what each alternative answers, but these comparisons name no "
            "prompts. Give them as `prompts`, or use prompts='joint'."
        )
    code: dict[str, int] = {}
    prompts = comparisons.prompts
    return np.fromiter((code.setdefault(text, len(code)) for text in prompts), np.int64, len(prompts))


def _one_row_a_prompt(
    prompt: IntArray,
    embeddings: NDArray[np.floating[Any]],
    prompt_embeddings: NDArray[np.floating[Any]] | None,
) -> FloatArray:
    """Return the embedding of each prompt: as given, or the mean of its distinct answers' embeddings."""
    n_prompts = int(prompt.max()) + 1
    if prompt_embeddings is not None:
        _, first = np.unique(prompt, return_index=True)
        differs = (prompt_embeddings != prompt_embeddings[first][prompt]).any(axis=1)
        if differs.any():
            raise InputError(
                f"prompt_embeddings must be the same for all answers to a prompt; {int(differs.sum()):,} "
                f"rows differ from the first of their prompt, first: row {int(np.argmax(differs))}."
            )
        return np.asarray(prompt_embeddings[first], dtype=np.float64)
    groups = group_duplicates(embeddings)
    _, distinct = np.unique(prompt * groups.n_points + groups.inverse, return_index=True)
    total = np.zeros((n_prompts, embeddings.shape[1]))
    np.add.at(total, prompt[distinct], embeddings[distinct])
    return total / np.bincount(prompt[distinct], minlength=n_prompts)[:, None]
