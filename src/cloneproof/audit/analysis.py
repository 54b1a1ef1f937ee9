"""The whole way from comparisons to an analysis: weigh, fit plain and weighted, audit."""

from __future__ import annotations

import os
import platform
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cloneproof._core.errors import CloneProofWarning
from cloneproof._core.steps import StepCache
from cloneproof._core.typing import FloatArray
from cloneproof.audit.certificate_analysis import certify_analysis
from cloneproof.audit.choices import choose_comparison_weights, choose_reward
from cloneproof.audit.clones import audit_clones
from cloneproof.audit.options import AnalysisOptions
from cloneproof.audit.recipe import Fitted, Recipe
from cloneproof.audit.records import Analysis, AuditRow, Choice, CloneAudit, RewardTable
from cloneproof.audit.sampling import AUDIT_LIMIT, audit_sample
from cloneproof.audit.weighing import Clock, Weighed, package_version, weigh_comparisons
from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry, WeightCost, measure_weight_cost
from cloneproof.rewards.ridge_share import ridge_share
from cloneproof.weights import effective_sample_size, scale_curve

__all__ = ["analyse"]

_PACKAGES = (
    "cloneproof",
    "numpy",
    "scipy",
    "scikit-learn",
    "numba",
    "pyarrow",
    "sentence-transformers",
    "torch",
)

_PAIRS_TO_CHOOSE_SHRINKAGE = 30

RIDGE_HELD_FROM = 0.5
"""Share of a reward's curvature from which it counts as held by the ridge."""


def analyse(
    comparisons: Comparisons,
    options: AnalysisOptions | None = None,
    *,
    cache: str | os.PathLike[str] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Analysis:
    """Find what is over-counted, weigh it, fit rewards plain and weighted, and audit both.

    Parameters
    ----------
    comparisons : Comparisons
        With texts, unless the options hold an array of embeddings.
    options : AnalysisOptions, default=None
        None: the defaults.
    cache : path-like, default=None
        Folder in which embeddings and finished steps are kept and found again. None: none kept.
    provenance : mapping, default=None
        What the caller knows of the inputs (hashes, shape found); kept with the result.

    Returns
    -------
    analysis : Analysis

    Raises
    ------
    InputError
        If there are no comparisons, fewer than two alternatives, or no text to embed.
    ParameterError
        For an option out of range.

    Notes
    -----
    The audit costs most: about a dozen fits. Beyond a few thousand alternatives it runs on a random
    sample of the comparisons, which the notes say.
    """
    options = options or AnalysisOptions()
    steps = StepCache(None if cache is None else Path(cache) / "steps")
    clock = Clock()
    with _collect_notes() as notes:
        weighed = weigh_comparisons(comparisons, options, cache=cache, steps=steps, clock=clock)
        points, h = weighed.embeddings, weighed.scale
        row_choice = choose_comparison_weights(weighed.coverage, options.comparison_weights)
        reward_choice = choose_reward(weighed.coverage, options.reward)
        few_pairs = weighed.coverage.n_pairs < _PAIRS_TO_CHOOSE_SHRINKAGE
        recipe = Recipe(
            weighting=weighed.weighting,
            comparison_weights=row_choice.value,
            reward=reward_choice.value,
            regularization=options.regularization,
            shrinkage=0.0 if options.shrinkage == "auto" and few_pairs else options.shrinkage,
            by=options.by,
            prompts=options.prompts,
        )
        with clock.step("rewards"):
            weighted = recipe.fit(comparisons, points, weights=weighed.weights, scale=h)
            recipe, shrinkage_choice = _fix_shrinkage(recipe, weighted, options)
            plain = replace(recipe, weighting=None).fit(comparisons, points)
            tables = _reward_table(plain), _without_ridge_held(_reward_table(weighted), weighted, comparisons)
        with clock.step("audit"):
            audit = _audit(weighed, recipe, options, steps) if options.audit else None
        with clock.step("certificate"):
            certificate = certify_analysis(
                comparisons, points, recipe, weighted, audit, random_state=options.random_state
            )
        with clock.step("scale curve"):
            curve = (
                None
                if h is None
                else steps.record("curve", {**weighed.key, "h": h, "columns": 5}, lambda: _curve(points, h))
            )
    rows = np.asarray(weighted.comparison_weights, dtype=np.float64)
    cost = _weigh_cost(comparisons, rows, weighed.weights, tables)
    return Analysis(
        comparisons=comparisons,
        embeddings=points,
        encoder=weighed.encoder.value,
        surface_only=weighed.surface_only,
        weighting=options.weights,
        comparison_weighting=row_choice.value,
        reward=reward_choice.value,
        regularization=float(options.regularization),
        weights=weighed.weights,
        weight_standard_errors=weighed.weight_standard_errors,
        comparison_weights=rows,
        scale=h,
        plain=tables[0],
        weighted=tables[1],
        families=weighed.families,
        audit=audit,
        effective_sample_size=weighed.effective_sample_size,
        effective_comparisons=float(effective_sample_size(rows)),
        exact_duplicate_rows=weighed.coverage.repeated_rows,
        exact_duplicates=weighed.exact_duplicates,
        n_components=weighed.coverage.n_components,
        scale_curve=None if curve is None else tuple(tuple(row) for row in curve),
        choices=(weighed.encoder, weighed.scale_choice, row_choice, reward_choice, *shrinkage_choice),
        notes=tuple(notes),
        provenance={
            **(provenance or {}),
            "options": options.as_json(),
            "versions": {name: package_version(name) for name in _PACKAGES},
            "python": platform.python_version(),
            "seconds": clock.seconds,
            "reused": sorted(set(steps.reused)),
        },
        certificate=certificate,
        cost=cost,
    )


def _fix_shrinkage(
    recipe: Recipe, weighted: Fitted, options: AnalysisOptions
) -> tuple[Recipe, tuple[Choice, ...]]:
    """Return the recipe with the shrinkage that the weighted fit used, and the choice in words."""
    if recipe.reward == "tabular":
        return replace(recipe, shrinkage=0.0), ()
    used = float(weighted.model.shrinkage_)
    if options.shrinkage != "auto":
        reason = "asked for"
    elif recipe.shrinkage == "auto":
        reason = "best likelihood of held-out pairs under the weights; used for the plain reward too"
    else:
        reason = f"fewer than {_PAIRS_TO_CHOOSE_SHRINKAGE} pairs to choose one by"
    choice = Choice(name="shrinkage", value=f"{used:g}", reason=reason, automatic=options.shrinkage == "auto")
    return replace(recipe, shrinkage=used), (choice,)


def _audit(weighed: Weighed, recipe: Recipe, options: AnalysisOptions, steps: StepCache) -> CloneAudit:
    comparisons = weighed.comparisons
    rows, alternatives = audit_sample(comparisons, AUDIT_LIMIT, random_state=options.random_state)
    if len(alternatives) < comparisons.n_alternatives:
        warnings.warn(
            f"The audit ran on a random sample of {len(rows):,} of {comparisons.n_comparisons:,} comparisons "
            f"({len(alternatives):,} alternatives), so that a dozen refits stay affordable.",
            CloneProofWarning,
            stacklevel=2,
        )
    wanted: dict[str, Any] = {
        "copies": [int(k) for k in options.copies],
        "noise": None if options.noise is None else [float(x) for x in options.noise],
        "targets": options.targets,
        "comparison_weights": recipe.comparison_weights,
        "reward": recipe.reward,
        "regularization": recipe.regularization,
        "shrinkage": recipe.shrinkage,
        "by": recipe.by,
        "prompts": recipe.prompts,
        "random_state": options.random_state,
    }

    def run() -> dict[str, Any]:
        made = audit_clones(
            comparisons.restrict(rows, alternatives),
            weighed.embeddings[alternatives],
            weighting=recipe.weighting,
            **wanted,
        )
        return {**made.to_dict(), "targets": [int(alternatives[t]) for t in made.targets]}

    kept = steps.record("audit", {**weighed.key, **wanted, "weighting": repr(recipe.weighting)}, run)
    return CloneAudit(
        rows=tuple(AuditRow(**row) for row in kept["rows"]),
        reward=kept["reward"],
        targets=tuple(kept["targets"]),
        options=kept["options"],
    )


def _curve(points: FloatArray, h: float) -> list[list[float]]:
    """Return (scale, effective number of distinct, ESS, inflation, cost) around `h`, on a sample if large."""
    sample = points
    if len(points) > AUDIT_LIMIT:
        sample = points[np.random.default_rng(0).choice(len(points), AUDIT_LIMIT, replace=False)]
    curve = scale_curve(sample, h * np.geomspace(0.25, 4.0, 9))
    columns = (
        curve.scales,
        curve.n_effective,
        curve.effective_sample_size,
        curve.inflation,
        curve.variance_cost,
    )
    return [[float(value) for value in row] for row in zip(*columns, strict=True)]


def _without_ridge_held(table: RewardTable, fitted: Fitted, comparisons: Comparisons) -> RewardTable:
    """Warn of rewards that comparisons do not determine, and give no standard error for them."""
    model, weights, rows = fitted.model, fitted.weights, fitted.comparison_weights
    if not isinstance(model, BradleyTerry) or weights is None or rows is None:
        return table
    share = ridge_share(comparisons, table.rewards, weights, rows, regularization=float(model.regularization))
    held = np.isfinite(share) & (share > RIDGE_HELD_FROM)
    if not held.any():
        return table
    warnings.warn(
        f"{int(held.sum()):,} of {len(held):,} weighted rewards rest on the ridge, not on comparisons (first: "
        f"{comparisons.ids[held].tolist()[0]!r}): they were compared with alternatives of almost no weight only, "
        "so they are pulled to 0 and have no standard error. A smaller scale, family weights or a reward that is "
        "a function of the text (linear) determines them.",
        CloneProofWarning,
        stacklevel=2,
    )
    errors = table.standard_errors
    return table if errors is None else replace(table, standard_errors=np.where(held, np.nan, errors))


def _weigh_cost(
    comparisons: Comparisons, rows: FloatArray, weights: FloatArray, tables: tuple[RewardTable, RewardTable]
) -> WeightCost:
    """Return what the weights cost beside what they move, both as root mean squares where known."""
    plain, weighted = tables
    errors = weighted.standard_errors
    measured: dict[str, float] = {}
    if errors is not None and np.isfinite(errors).any():
        change = weighted.rewards - plain.rewards
        measured = {
            "reward_shift": float(np.std(change)),
            "standard_error": float(np.sqrt(np.mean(np.square(errors[np.isfinite(errors)])))),
        }
    return measure_weight_cost(comparisons, rows, weights, **measured)


def _reward_table(fitted: Fitted) -> RewardTable:
    model, rewards = fitted.model, fitted.rewards
    rank = np.empty(len(rewards), dtype=np.int64)
    rank[np.argsort(-rewards, kind="stable")] = np.arange(1, len(rewards) + 1)
    return RewardTable(
        rewards=rewards,
        standard_errors=model.standard_errors_,
        rank=rank,
        gradient_norm=float(model.gradient_norm_),
        n_iterations=int(model.n_iter_),
    )


@contextmanager
def _collect_notes() -> Iterator[list[str]]:
    """Collect cloneproof's warnings as sentences, and still give them to whoever listens."""
    notes: list[str] = []
    with warnings.catch_warnings():
        shown = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            sentence = " ".join(str(message).split())
            if issubclass(category, CloneProofWarning):
                if sentence in notes:
                    return
                notes.append(sentence)
            shown(message, category, *place, **more)

        warnings.simplefilter("always", CloneProofWarning)
        warnings.showwarning = show
        yield notes
