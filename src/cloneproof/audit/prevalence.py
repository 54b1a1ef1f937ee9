"""How often near-copies appear in preference data: prompts, answers and pairs, at several scales."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.progress import track
from cloneproof._core.steps import StepCache, array_digest
from cloneproof._core.typing import FloatArray, IntArray, RandomState
from cloneproof._core.validation import check_number
from cloneproof.audit.harm import harm_index
from cloneproof.audit.prevalence_records import Prevalence, ScalePrevalence, Unit, UnitPrevalence
from cloneproof.preferences import Comparisons
from cloneproof.rewards import comparison_weights, measure_weight_cost
from cloneproof.weights import DiversityWeights, choose_scale, count_distinct, find_families, group_duplicates

__all__ = [
    "SCALE_STEPS",
    "Prevalence",
    "ScalePrevalence",
    "UnitPrevalence",
    "measure_prevalence",
    "normal_text",
]

SCALE_STEPS = (1 / 3, 2 / 3, 1.0, 4 / 3)
"""Scales studied by default, as multiples of the one that stands for "says the same"."""

_NOT_WORDS = re.compile(r"[\W_]+")


def measure_prevalence(
    comparisons: Comparisons,
    embeddings: ArrayLike,
    scales: ArrayLike | None = None,
    *,
    prompt_embeddings: ArrayLike | None = None,
    scale: float | None = None,
    encoder: str = "array",
    pairs: bool = True,
    harm: bool = True,
    source: str | None = None,
    steps: StepCache | None = None,
    random_state: RandomState = 0,
) -> Prevalence:
    """Count exact and near-duplicates among prompts, answers and pairs, and what they leave of the data.

    Parameters
    ----------
    comparisons : Comparisons
    embeddings : array-like of shape (n_alternatives, n_dims)
        In the order of ``comparisons.ids``.
    scales : array-like of shape (n_scales,), default=None
        Distances at which two items count as saying the same. None: :data:`SCALE_STEPS` times `scale`.
    prompt_embeddings : array-like of shape (n_prompts, n_dims), default=None
        Of the distinct prompts, in order of first appearance among ``comparisons.prompts``. None: prompts
        are left out.
    scale : float, default=None
        The encoder's calibrated scale. None: the rule of :func:`choose_scale`, which copies do not move.
    encoder : str, default="array"
        What made the embeddings, for the record.
    pairs : bool, default=True
        Whether to study pairs; where all pairs are compared they say no more than the answers.
    harm : bool, default=True
        Also measure the harm index (:func:`cloneproof.audit.harm.harm_index`).
    source : str, default=None
        What is studied, for the record; None: ``comparisons.source``.
    steps : StepCache, default=None
        Where finished scales are kept, so that a long study goes on where it stopped.
    random_state : int, Generator or None, default=0
        For the harm index.

    Returns
    -------
    study : Prevalence

    Raises
    ------
    InputError
        If arrays do not fit the comparisons, or there is no comparison.
    ParameterError
        If a scale is not a positive number.

    Notes
    -----
    Answers and prompts: one family search and one diversity solve per scale. Pairs: their diversity weights
    are those of :func:`comparison_weights` (``K2``); their families are pairs of families. Exact duplicates
    are told by text where there are texts, else by embedding. A few seconds a scale for 5,000 answers,
    minutes for 50,000.

    Examples
    --------
    >>> c = Comparisons.from_arrays([0, 0, 1], [1, 2, 2], ids=["a", "b", "c"], texts=["yes", "Yes!", "no"])
    >>> study = measure_prevalence(c, [[0.0], [0.1], [5.0]], [0.5], harm=False)
    >>> [(x.unit, x.exact_duplicates, x.normalised_duplicates) for x in study.units]
    [('answers', 0, 1), ('pairs', 0, 1)]
    >>> [(x.unit, x.near_duplicates, round(x.largest_overcount, 1)) for x in study.rows]
    [('answers', 1, 2.0), ('pairs', 1, 2.0)]
    """
    points = _table(embeddings, comparisons.n_alternatives, "embeddings", "alternative")
    if comparisons.n_comparisons == 0:
        raise InputError("A prevalence study needs comparisons. Got none.")
    h = choose_scale(points) if scale is None else check_number("scale", scale, low=0.0, low_open=True)
    grid = [float(f"{h * step:.4g}") for step in SCALE_STEPS] if scales is None else _scales(scales)
    kept = steps or StepCache(None)
    units = [_answers(comparisons, points)] + ([_pairs(comparisons, points)] if pairs else [])
    asked = None
    if prompt_embeddings is not None:
        names = _distinct_prompts(comparisons)
        asked = _table(prompt_embeddings, len(names), "prompt_embeddings", "distinct prompt")
        units.insert(0, _prompts(comparisons, names))
    rows: list[ScalePrevalence] = []
    digest = {"points": array_digest(points), "prompts": array_digest(asked)}
    digest["pairs"] = array_digest(comparisons.left, comparisons.right, comparisons.count)
    jobs: list[tuple[Unit, Callable[[float], dict[str, float]]]] = []
    if asked is not None:
        prompts = asked
        jobs.append(("prompts", lambda x: _at_scale(prompts, x)))
    jobs.append(("answers", lambda x: _at_scale(points, x)))
    if pairs:
        jobs.append(("pairs", lambda x: _pairs_at_scale(comparisons, points, x)))
    with track("prevalence", total=len(jobs) * len(grid)) as advance:
        for unit, measure in jobs:
            for value in grid:
                key = {**digest, "unit": unit, "scale": value}
                found = kept.record("prevalence", key, partial(measure, value))
                rows.append(ScalePrevalence(unit=unit, scale=value, **found))
                advance(1)
    return Prevalence(
        source=source or comparisons.source or "comparisons",
        n_judgments=float(comparisons.count.sum()),
        units=tuple(units),
        rows=tuple(rows),
        encoder=encoder,
        scale=h,
        harm=harm_index(comparisons, random_state=random_state) if harm else None,
    )


def _at_scale(points: NDArray[Any], scale: float) -> dict[str, float]:
    """Measure families and diversity of single items."""
    labels = find_families(points, radius=scale)
    counts = count_distinct(points, labels, scale=scale)
    fitted = DiversityWeights(scale=scale).fit(points)
    return _figures(
        counts.size,
        counts.n_distinct,
        effective=float(fitted.effective_sample_size_),
    )


def _pairs_at_scale(comparisons: Comparisons, points: NDArray[Any], scale: float) -> dict[str, float]:
    """Measure families and diversity of the pairs that were compared."""
    labels = find_families(points, radius=scale)
    distinct = count_distinct(points, labels, scale=scale).n_distinct
    first, second = _observed(comparisons)
    one, other = np.minimum(labels[first], labels[second]), np.maximum(labels[first], labels[second])
    codes, size = np.unique(one * len(distinct) + other, return_counts=True)
    one, other = codes // len(distinct), codes % len(distinct)
    a, b = distinct[one], distinct[other]
    different = np.clip(np.where(one == other, a * (b - 1.0) / 2.0, a * b), 1.0, size)
    omega = comparison_weights(comparisons, None, points, "diversity", scale)
    return _figures(size, different, effective=measure_weight_cost(comparisons, omega).effective_pairs)


def _figures(size: IntArray, distinct: FloatArray, *, effective: float) -> dict[str, float]:
    """Return what :class:`ScalePrevalence` holds beyond unit and scale, from the families' sizes."""
    items = int(size.sum())
    return {
        "items": items,
        "near_duplicates": items - len(size),
        "families_of_several": int((size > 1).sum()),
        "largest_family": int(size.max()),
        "largest_overcount": float((size / distinct).max()),
        "overcount": float(items / distinct.sum()),
        "n_distinct": float(distinct.sum()),
        "effective_sample_size": float(effective),
    }


def _answers(comparisons: Comparisons, points: NDArray[Any]) -> UnitPrevalence:
    """Count exact duplicates among alternatives."""
    m = comparisons.n_alternatives
    if comparisons.texts is None:
        exact = normalised = m - group_duplicates(points).n_points
    else:
        exact = m - len(set(comparisons.texts))
        normalised = m - len({normal_text(text) for text in comparisons.texts})
    return UnitPrevalence(
        unit="answers",
        items=m,
        uses=2.0 * float(comparisons.count.sum()),
        exact_duplicates=exact,
        normalised_duplicates=normalised,
    )


def _pairs(comparisons: Comparisons, points: NDArray[Any]) -> UnitPrevalence:
    """Count exact duplicates among unordered pairs: the same two texts."""
    first, second = _observed(comparisons)
    if comparisons.texts is None:
        exact = normalised = _repeats(group_duplicates(points).inverse, first, second)
    else:
        exact = _repeats(_codes(comparisons.texts), first, second)
        normalised = _repeats(_codes([normal_text(text) for text in comparisons.texts]), first, second)
    return UnitPrevalence(
        unit="pairs",
        items=len(first),
        uses=float(comparisons.count.sum()),
        exact_duplicates=exact,
        normalised_duplicates=normalised,
    )


def _prompts(comparisons: Comparisons, names: Sequence[str]) -> UnitPrevalence:
    """Count duplicates among the distinct prompts."""
    return UnitPrevalence(
        unit="prompts",
        items=len(names),
        uses=float(comparisons.count.sum()),
        exact_duplicates=0,
        normalised_duplicates=len(names) - len({normal_text(name) for name in names}),
    )


def _distinct_prompts(comparisons: Comparisons) -> list[str]:
    """Return the distinct prompts in order of first appearance."""
    if comparisons.prompts is None:
        raise InputError(
            "prompt_embeddings were given but the comparisons have no prompts. Leave them out, or read the "
            "data with its prompts."
        )
    return list(dict.fromkeys(comparisons.prompts))


def _repeats(code: IntArray, first: IntArray, second: IntArray) -> int:
    """Count pairs beyond the first with the same two codes."""
    low, high = np.minimum(code[first], code[second]), np.maximum(code[first], code[second])
    return len(first) - len(np.unique(low * (int(code.max()) + 1) + high))


def _observed(comparisons: Comparisons) -> tuple[IntArray, IntArray]:
    """Return both alternatives of each unordered pair that was compared, each pair once."""
    m = comparisons.n_alternatives
    low = np.minimum(comparisons.left, comparisons.right).astype(np.int64)
    codes = np.unique(low * m + np.maximum(comparisons.left, comparisons.right))
    return codes // m, codes % m


def _codes(values: Sequence[str]) -> IntArray:
    """Return the number of each value, counted from 0 by first appearance."""
    known: dict[str, int] = {}
    return np.fromiter((known.setdefault(value, len(known)) for value in values), np.int64, len(values))


def normal_text(text: str) -> str:
    """Return a text without case, punctuation and whitespace; one without any letters stays as it is."""
    return _NOT_WORDS.sub(" ", text.casefold()).strip() or text


def _table(values: ArrayLike, n: int, name: str, per: str) -> NDArray[Any]:
    """Return embeddings as a checked table."""
    table = np.asarray(values)
    if table.ndim != 2 or len(table) != n:
        raise InputError(f"{name} has shape {table.shape}, expected ({n}, n_dims): one row per {per}.")
    return table


def _scales(scales: ArrayLike) -> list[float]:
    """Return the scales increasing and checked."""
    try:
        grid: FloatArray = np.unique(np.asarray(scales, dtype=np.float64).ravel())
    except (TypeError, ValueError) as error:
        raise ParameterError(f"scales must be positive numbers. Got {scales!r}.") from error
    if grid.size == 0 or not np.isfinite(grid).all() or grid[0] <= 0:
        raise ParameterError(f"scales must be positive numbers, at least one. Got {scales!r}.")
    return [float(value) for value in grid]
