"""The whole way from comparisons to an analysis: embed, weigh, fit plain and weighted, audit."""

from __future__ import annotations

import os
import platform
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

import numpy as np

from cloneproof._core.errors import CloneProofWarning, InputError
from cloneproof._core.steps import StepCache, array_digest
from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import check_integer, check_number
from cloneproof.audit.choices import choose_comparison_weights, choose_reward, measure_coverage
from cloneproof.audit.clones import audit_clones
from cloneproof.audit.families import family_table
from cloneproof.audit.recipe import Fitted, Recipe
from cloneproof.audit.records import Analysis, AuditRow, Choice, CloneAudit, RewardTable
from cloneproof.audit.sampling import AUDIT_LIMIT, audit_sample
from cloneproof.audit.weightings import make_weighting
from cloneproof.embeddings import embed_with_encoder
from cloneproof.preferences import Comparisons
from cloneproof.weights import DiversityWeights, effective_sample_size, find_duplicates, scale_curve

__all__ = ["AnalysisOptions", "analyse"]

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


@dataclass(frozen=True, kw_only=True)
class AnalysisOptions:
    """What can be asked of an analysis; every default is a choice that the result explains.

    Parameters
    ----------
    encoder : str or array, default="auto"
        Name of an encoder, a file of embeddings, or an array of shape (n_alternatives, n_dims).
    weights : {"diversity", "voronoi", "scale-tree", "family", "uniform"}, default="diversity"
    comparison_weights : {"auto", "product", "balanced", "diversity"}, default="auto"
        "auto": "balanced" for dense comparisons, "diversity" for sparse ones.
    reward : {"auto", "tabular", "linear"}, default="auto"
        "auto": "tabular" for dense comparisons, "linear" for sparse ones.
    regularization : float, default=0.01
        The lambda of the term ``(lambda / 2) sum_a w_a r_a^2``.
    scale : float or "auto", default="auto"
        The distance h at which two texts count as saying the same.
    radius : float, default=None
        Distance within which alternatives form a family; None: the scale.
    by : {None, "annotator"}, default=None
        With "annotator", each annotator's rows on a pair get one share.
    audit : bool, default=True
        Inject clones and measure how far rewards move.
    copies : sequence of int, default=(1, 10, 100)
    noise : sequence of float, default=None
    targets : int, default=20
    random_state : int, default=0
    """

    encoder: Any = "auto"
    weights: str = "diversity"
    comparison_weights: str = "auto"
    reward: str = "auto"
    regularization: float = 0.01
    scale: float | Literal["auto"] = "auto"
    radius: float | None = None
    by: str | None = None
    audit: bool = True
    copies: Sequence[int] = (1, 10, 100)
    noise: Sequence[float] | None = None
    targets: int = 20
    random_state: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the options as JSON-ready values; an array of embeddings is named as such."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        if not isinstance(self.encoder, str):
            values["encoder"] = getattr(self.encoder, "name", "array")
        return {name: list(v) if isinstance(v, (tuple, list)) else v for name, v in values.items()}


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
    check_number("regularization", options.regularization, low=0.0)
    check_integer("random_state", options.random_state, low=0)
    if comparisons.n_comparisons == 0 or comparisons.n_alternatives < 2:
        raise InputError(
            f"An analysis needs comparisons of at least 2 alternatives. Got {comparisons.n_comparisons} "
            f"comparisons of {comparisons.n_alternatives} alternatives."
        )
    steps = StepCache(None if cache is None else os.path.join(cache, "steps"))  # noqa: PTH118
    clock: dict[str, float] = {}
    with _collect_notes() as notes:
        with _timed(clock, "embed"):
            embedded = embed_with_encoder(
                comparisons,
                options.encoder,
                cache=None if cache is None else os.path.join(cache, "embeddings"),  # noqa: PTH118
            )
        points = embedded.embeddings
        coverage = measure_coverage(comparisons)
        row_choice = choose_comparison_weights(coverage, options.comparison_weights)
        reward_choice = choose_reward(coverage, options.reward)
        key = {
            "comparisons": array_digest(
                comparisons.left,
                comparisons.right,
                comparisons.outcome,
                comparisons.count,
                comparisons.annotator,
            ),
            "embeddings": array_digest(points),
            "scale_hint": embedded.scale,
            "version": _version("cloneproof"),
        }
        scale = embedded.scale if options.scale == "auto" and embedded.scale is not None else options.scale
        weighting = make_weighting(
            options.weights,
            scale=scale,
            radius=options.radius,
            n_dims=points.shape[1],
            random_state=options.random_state,
        )
        recipe = Recipe(
            weighting=weighting,
            comparison_weights=row_choice.value,
            reward=reward_choice.value,
            regularization=options.regularization,
            by=options.by,
        )
        with _timed(clock, "weights"):
            kept = steps.arrays(
                "weights", {**key, "weighting": repr(weighting)}, lambda: _weigh(weighting, points)
            )
        h = float(kept["scale"]) if "scale" in kept else None
        with _timed(clock, "families"):
            kernel_scale = h if h is not None else _diversity_scale(points, scale)
            families = family_table(
                comparisons,
                points,
                kept["weights"],
                radius=kernel_scale if options.radius is None else options.radius,
                scale=kernel_scale,
            )
        with _timed(clock, "rewards"):
            plain = Recipe(weighting=None, reward=recipe.reward, regularization=recipe.regularization).fit(
                comparisons, points
            )
            weighted = recipe.fit(comparisons, points, weights=kept["weights"], scale=h)
        audit = None
        if options.audit:
            with _timed(clock, "audit"):
                audit = _audit(comparisons, points, recipe, options, steps, key)
        with _timed(clock, "scale curve"):
            curve = (
                steps.record("curve", {**key, "h": h}, lambda: _curve(points, h)) if h is not None else None
            )
    rows = weighted.comparison_weights
    assert rows is not None  # noqa: S101  (a recipe with a weighting always weighs the rows)
    return Analysis(
        comparisons=comparisons,
        embeddings=points,
        encoder=embedded.name,
        surface_only=embedded.surface,
        weighting=options.weights,
        comparison_weighting=row_choice.value,
        reward=reward_choice.value,
        regularization=float(options.regularization),
        weights=kept["weights"],
        weight_standard_errors=kept.get("standard_errors"),
        comparison_weights=rows,
        scale=h,
        plain=_reward_table(plain),
        weighted=_reward_table(weighted),
        families=families,
        audit=audit,
        effective_sample_size=float(effective_sample_size(kept["weights"])),
        effective_comparisons=float(effective_sample_size(rows)),
        exact_duplicate_rows=coverage.repeated_rows,
        exact_duplicates=comparisons.n_alternatives - find_duplicates(points).n_groups,
        n_components=coverage.n_components,
        scale_curve=None if curve is None else tuple((float(a), float(b), float(c)) for a, b, c in curve),
        choices=(
            Choice(
                name="encoder",
                value=embedded.name,
                reason=embedded.reason,
                automatic=isinstance(options.encoder, str) and options.encoder == "auto",
            ),
            _scale_choice(options, embedded.scale, h),
            row_choice,
            reward_choice,
        ),
        notes=tuple(notes),
        provenance={
            **(provenance or {}),
            "options": options.as_json(),
            "versions": {name: _version(name) for name in _PACKAGES},
            "python": platform.python_version(),
            "seconds": {name: round(value, 3) for name, value in clock.items()},
            "reused": sorted(set(steps.reused)),
        },
    )


def _weigh(weighting: Any, points: FloatArray) -> dict[str, Any]:
    fitted = weighting.fit(points)
    found = {"weights": np.asarray(fitted.weights_, dtype=np.float64)}
    if getattr(fitted, "scale_", None) is not None:
        found["scale"] = np.float64(fitted.scale_)
    if getattr(fitted, "standard_errors_", None) is not None:
        found["standard_errors"] = np.asarray(fitted.standard_errors_, dtype=np.float64)
    return found


def _diversity_scale(points: FloatArray, scale: float | str) -> float:
    """Return the h by which distinct alternatives are counted where the weighting has none."""
    return float(DiversityWeights(scale=scale).fit(points).scale_) if scale == "auto" else float(scale)


def _audit(
    comparisons: Comparisons,
    points: FloatArray,
    recipe: Recipe,
    options: AnalysisOptions,
    steps: StepCache,
    key: Mapping[str, Any],
) -> CloneAudit:
    rows, alternatives = audit_sample(comparisons, AUDIT_LIMIT, random_state=options.random_state)
    if len(alternatives) < comparisons.n_alternatives:
        warnings.warn(
            f"The audit ran on a random sample of {len(rows):,} of {comparisons.n_comparisons:,} comparisons "
            f"({len(alternatives):,} alternatives), so that a dozen refits stay affordable.",
            CloneProofWarning,
            stacklevel=2,
        )
    wanted = {
        "weighting": repr(recipe.weighting),
        "copies": list(options.copies),
        "noise": None if options.noise is None else list(options.noise),
        "targets": options.targets,
        "comparison_weights": recipe.comparison_weights,
        "reward": recipe.reward,
        "regularization": recipe.regularization,
        "by": recipe.by,
        "random_state": options.random_state,
    }

    def run() -> dict[str, Any]:
        sample = comparisons.restrict(rows, alternatives)
        made = audit_clones(
            sample,
            points[alternatives],
            weighting=recipe.weighting,
            copies=options.copies,
            noise=options.noise,
            targets=options.targets,
            comparison_weights=recipe.comparison_weights,
            reward=recipe.reward,
            regularization=recipe.regularization,
            by=recipe.by,
            random_state=options.random_state,
        )
        return {**made.to_dict(), "targets": [int(alternatives[t]) for t in made.targets]}

    kept = steps.record("audit", {**key, **wanted}, run)
    return CloneAudit(
        rows=tuple(AuditRow(**row) for row in kept["rows"]),
        reward=kept["reward"],
        targets=tuple(kept["targets"]),
        options=kept["options"],
    )


def _curve(points: FloatArray, h: float) -> list[list[float]]:
    """Return (scale, effective number of distinct alternatives, ESS) around `h`."""
    sample = points
    if len(points) > AUDIT_LIMIT:
        sample = points[np.random.default_rng(0).choice(len(points), AUDIT_LIMIT, replace=False)]
    curve = scale_curve(sample, h * np.geomspace(0.25, 4.0, 9))
    columns = (curve.scales, curve.n_effective, curve.effective_sample_size)
    return [[float(a), float(b), float(c)] for a, b, c in zip(*columns, strict=True)]


def _reward_table(fitted: Fitted) -> RewardTable:
    model = fitted.model
    rewards = fitted.rewards
    rank = np.empty(len(rewards), dtype=np.int64)
    rank[np.argsort(-rewards, kind="stable")] = np.arange(1, len(rewards) + 1)
    return RewardTable(
        rewards=rewards,
        standard_errors=model.standard_errors_,
        rank=rank,
        gradient_norm=float(model.gradient_norm_),
        n_iterations=int(model.n_iter_),
    )


def _scale_choice(options: AnalysisOptions, calibrated: float | None, h: float | None) -> Choice:
    value = "none" if h is None else f"{h:.4g}"
    if options.scale != "auto":
        return Choice(name="scale", value=value, reason="asked for", automatic=False)
    if h is None:
        reason = f"{options.weights} weights have no scale"
    elif calibrated is not None:
        reason = "the value calibrated for this encoder"
    else:
        reason = "from the data, by a rule that copies do not move"
    return Choice(name="scale", value=value, reason=reason, automatic=True)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@contextmanager
def _timed(clock: dict[str, float], step: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    clock[step] = time.perf_counter() - begun


@contextmanager
def _collect_notes() -> Iterator[list[str]]:
    """Collect cloneproof's warnings as sentences, and still give them to whoever listens."""
    notes: list[str] = []
    with warnings.catch_warnings():
        shown = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            sentence = " ".join(str(message).split())
            if issubclass(category, CloneProofWarning) and sentence not in notes:
                notes.append(sentence)
            shown(message, category, *place, **more)

        warnings.simplefilter("always", CloneProofWarning)
        warnings.showwarning = show
        yield notes
