"""The weightings that ``fit`` and ``check`` can be asked for, by name."""

from __future__ import annotations

from typing import Any, Literal

from cloneproof._core.validation import check_choice
from cloneproof.weights import (
    DiversityWeights,
    FamilyWeights,
    ScaleTreeWeights,
    UniformWeights,
    VoronoiWeights,
)

__all__ = ["WEIGHTINGS", "make_weighting"]

WEIGHTINGS = ("diversity", "voronoi", "scale-tree", "family", "uniform")

_VORONOI_DIMENSIONS = 4


def make_weighting(
    name: str,
    *,
    scale: float | Literal["auto"] = "auto",
    radius: float | None = None,
    n_dims: int,
    random_state: int = 0,
) -> Any:
    """Return an unfitted weighting by its name on the command line.

    Parameters
    ----------
    name : {"diversity", "voronoi", "scale-tree", "family", "uniform"}
    scale : float or "auto", default="auto"
        The distance h at which two texts count as saying the same (diversity).
    radius : float, default=None
        Distance within which alternatives form a family (family); None: the weighting's own rule.
    n_dims : int
        Dimensions of the embedding; Voronoi weights beyond 4 are taken after PCA to 4, with components by
        diversity weights, which clones turn by O(eps) only.
    random_state : int, default=0
        Seed of sampled weights.
    """
    check_choice("weights", name, WEIGHTINGS)
    if name == "diversity":
        return DiversityWeights(scale=scale)
    if name == "voronoi":
        components = _VORONOI_DIMENSIONS if n_dims > _VORONOI_DIMENSIONS else None
        return VoronoiWeights(n_components=components, axes="diversity", random_state=random_state)
    if name == "scale-tree":
        return ScaleTreeWeights()
    if name == "family":
        return FamilyWeights(radius="auto" if radius is None else radius)
    return UniformWeights()
