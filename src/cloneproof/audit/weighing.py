"""The first half of an analysis: embed, weigh, and find what is over-counted."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from cloneproof._core.errors import InputError
from cloneproof._core.steps import StepCache, array_digest
from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import check_integer, check_number
from cloneproof.audit.choices import Coverage, measure_coverage
from cloneproof.audit.families import family_table
from cloneproof.audit.options import AnalysisOptions
from cloneproof.audit.records import Choice, FamilyTable
from cloneproof.audit.weightings import make_weighting
from cloneproof.embeddings import embed_with_encoder
from cloneproof.preferences import Comparisons
from cloneproof.weights import choose_scale, effective_sample_size, group_duplicates

__all__ = ["Clock", "Weighed", "package_version", "weigh_comparisons"]


class Clock:
    """Seconds spent per step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Add the time of the block to a step."""
        begun = time.perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - begun, 3)


@dataclass(frozen=True, kw_only=True, eq=False)
class Weighed:
    """Comparisons with embeddings, alternative weights and families.

    Parameters
    ----------
    comparisons : Comparisons
    embeddings : float32 ndarray of shape (n_alternatives, n_dims)
    encoder : Choice
        The encoder's name and why it was chosen.
    surface_only : bool
        Whether the encoder sees copy-edits only.
    weighting : estimator
        The unfitted weighting; refitted on every cloned data set by the audit.
    weights : float64 ndarray of shape (n_alternatives,)
    weight_standard_errors : float64 ndarray of shape (n_alternatives,) or None
    scale : float or None
        The weighting's h.
    scale_choice : Choice
    families : FamilyTable
    coverage : Coverage
    exact_duplicates : int
        Alternatives beyond the first that have the same embedding as another one.
    key : mapping
        What every later step depends on, for the cache.
    """

    comparisons: Comparisons
    embeddings: Any
    encoder: Choice
    surface_only: bool
    weighting: Any
    weights: FloatArray
    weight_standard_errors: FloatArray | None
    scale: float | None
    scale_choice: Choice
    families: FamilyTable
    coverage: Coverage
    exact_duplicates: int
    key: Mapping[str, Any]

    @property
    def effective_sample_size(self) -> float:
        """``1 / sum w^2`` of the alternative weights."""
        return float(effective_sample_size(self.weights))

    @property
    def near_duplicates(self) -> int:
        """Alternatives beyond the first of each family, exact duplicates included."""
        return self.comparisons.n_alternatives - self.families.n_families


def weigh_comparisons(
    comparisons: Comparisons,
    options: AnalysisOptions | None = None,
    *,
    cache: str | os.PathLike[str] | None = None,
    steps: StepCache | None = None,
    clock: Clock | None = None,
) -> Weighed:
    """Embed the alternatives, weigh them, and find families of near-copies.

    Parameters
    ----------
    comparisons : Comparisons
        With texts, unless the options hold an array of embeddings.
    options : AnalysisOptions, default=None
        None: the defaults.
    cache : path-like, default=None
        Folder in which embeddings are kept and found again. None: none kept.
    steps : StepCache, default=None
        Where finished steps are kept.
    clock : Clock, default=None
        Where seconds per step are added.

    Raises
    ------
    InputError
        If there are no comparisons, fewer than two alternatives, or no text to embed.
    ParameterError
        For an option out of range.
    """
    options, steps, clock = options or AnalysisOptions(), steps or StepCache(None), clock or Clock()
    check_number("regularization", options.regularization, low=0.0)
    check_integer("random_state", options.random_state, low=0)
    if comparisons.n_comparisons == 0 or comparisons.n_alternatives < 2:
        raise InputError(
            f"An analysis needs comparisons of at least 2 alternatives. Got {comparisons.n_comparisons} "
            f"comparisons of {comparisons.n_alternatives} alternatives."
        )
    with clock.step("embed"):
        embedded = embed_with_encoder(
            comparisons, options.encoder, cache=None if cache is None else Path(cache) / "embeddings"
        )
    points = embedded.embeddings
    scale = embedded.scale if options.scale == "auto" and embedded.scale is not None else options.scale
    key = {
        "comparisons": array_digest(
            comparisons.left, comparisons.right, comparisons.outcome, comparisons.count, comparisons.annotator
        ),
        "embeddings": array_digest(points),
        "version": package_version("cloneproof"),
    }
    weighting = make_weighting(
        options.weights,
        scale=scale,
        radius=options.radius,
        n_dims=points.shape[1],
        random_state=options.random_state,
    )
    with clock.step("weights"):
        kept = steps.arrays("weights", {**key, "weighting": repr(weighting)}, lambda: _fit(weighting, points))
    h = float(kept["scale"]) if "scale" in kept else None
    with clock.step("families"):
        kernel_scale = h if h is not None else choose_scale(points) if scale == "auto" else float(scale)
        families = family_table(
            comparisons,
            points,
            kept["weights"],
            radius=kernel_scale if options.radius is None else options.radius,
            scale=kernel_scale,
        )
    return Weighed(
        comparisons=comparisons,
        embeddings=points,
        encoder=Choice(
            name="encoder",
            value=embedded.name,
            reason=embedded.reason,
            automatic=isinstance(options.encoder, str) and options.encoder == "auto",
        ),
        surface_only=embedded.surface,
        weighting=weighting,
        weights=kept["weights"],
        weight_standard_errors=kept.get("standard_errors"),
        scale=h,
        scale_choice=_scale_choice(options, embedded.scale, h),
        families=families,
        coverage=measure_coverage(comparisons),
        exact_duplicates=comparisons.n_alternatives - group_duplicates(points).n_points,
        key=key,
    )


def package_version(package: str) -> str | None:
    """Return the installed version of a package, None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _fit(weighting: Any, points: Any) -> dict[str, Any]:
    fitted = weighting.fit(points)
    found: dict[str, Any] = {"weights": np.asarray(fitted.weights_, dtype=np.float64)}
    if getattr(fitted, "scale_", None) is not None:
        found["scale"] = np.float64(fitted.scale_)
    if getattr(fitted, "standard_errors_", None) is not None:
        found["standard_errors"] = np.asarray(fitted.standard_errors_, dtype=np.float64)
    return found


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
