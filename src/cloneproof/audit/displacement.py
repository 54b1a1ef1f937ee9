"""Which moves of its weights a weighting allows when near-copies are added."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree
from scipy.stats import beta

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, RandomState
from cloneproof._core.validation import check_number, generator
from cloneproof.audit.moves import BoundedMove, FamilyMove, KernelMove, Move, SumMove
from cloneproof.weights import (
    Box,
    DiversityWeights,
    FamilyWeights,
    Region,
    ScaleTreeWeights,
    UniformWeights,
    VoronoiWeights,
)

__all__ = ["Displacement", "find_displacement"]

N_MARGIN_POINTS = 2**16
CONFIDENCE = 0.99


@dataclass(frozen=True, kw_only=True, eq=False)
class Displacement:
    """The moves that a weighting allows, with what was assumed.

    Parameters
    ----------
    move : Move
        Over the alternatives as given, exact duplicates included.
    assumptions : tuple of str
    confidence : float
        1 where the set is certain; below where it rests on sampled points.
    """

    move: Move
    assumptions: tuple[str, ...]
    confidence: float = 1.0


def find_displacement(
    weighting: Any, embeddings: ArrayLike, epsilon: float, *, random_state: RandomState = None
) -> Displacement:
    """Find how far a fitted weighting's weights can move when any clones within epsilon are added.

    Parameters
    ----------
    weighting : fitted estimator
        `VoronoiWeights`, `DiversityWeights`, `ScaleTreeWeights` (exact copies only), `FamilyWeights` or
        `UniformWeights`, fitted on `embeddings`.
    embeddings : array-like of shape (n_alternatives, n_dims)
    epsilon : float
        Each clone lies within this distance of an alternative, in units of the embedding. 0: exact copies.
    random_state : int, Generator or None, default=None
        Seed of the points at which Voronoi cells are inspected.

    Returns
    -------
    displacement : Displacement

    Raises
    ------
    InputError
        For another weighting: no bound on its move is known.

    Notes
    -----
    - Voronoi: a point of S can change its family only if its nearest family is nearer than the second by
      at most epsilon; the share of S where that holds bounds the total variation. A bounding box that
      the clones extend by epsilon on each side adds the share of its volume that is new.
    - Diversity: clones move the convex hull of the feature maps by at most
      ``d = sqrt(2 - 2 exp(-eps^2 / (2 h^2))) <= eps / h``, so the merged weights w' have
      ``(w' - w)' K (w' - w) <= 2 n d + d^2 + 4 gap`` with ``n^2 = w'Kw + 2 gap``. The move is of the
      order of the square root of eps / h: small only for clones much closer than h.
    - Scale tree: exact copies change no component and no share inside one; for copies at a distance the
      weights jump where a distance crosses a radius, and no bound is given.
    - Family: a family keeps its share while its members' shares inside may move anywhere.
    - Uniform: whoever has the most copies can have nearly everything.
    - Exact duplicates among the alternatives share their point's weight in proportion to their copies;
      that move is added.
    """
    distance = check_number("epsilon", epsilon, low=0.0)
    points = np.asarray(embeddings, dtype=np.float64)
    if not hasattr(weighting, "weights_"):
        raise InputError(f"weighting must be fitted first: call fit(embeddings). Got {weighting!r}.")
    if points.ndim != 2 or len(points) != len(weighting.weights_):
        raise InputError(
            f"embeddings has shape {points.shape} but the weighting was fitted on "
            f"{len(weighting.weights_):,} alternatives."
        )
    return _displacement(weighting, _Question(points, distance, generator(random_state)))


@dataclass(frozen=True)
class _Question:
    """Where the alternatives are, how far clones may be, and the chance to inspect cells by."""

    points: FloatArray
    epsilon: float
    rng: np.random.Generator


@singledispatch
def _displacement(weighting: Any, _asked: _Question) -> Displacement:
    raise InputError(
        f"no bound is known on how far {type(weighting).__name__} can move when clones are added. Pass "
        f"`total_variation`, or the weights after cloning as `moved_to`."
    )


@_displacement.register
def _uniform(weighting: UniformWeights, asked: _Question) -> Displacement:
    labels = np.zeros(len(asked.points), dtype=np.int64)
    return Displacement(
        move=FamilyMove(np.asarray(weighting.weights_, dtype=np.float64), labels),
        assumptions=("every text counts once, so that clones can draw all weight to any alternative",),
    )


@_displacement.register
def _family(weighting: FamilyWeights, _asked: _Question) -> Displacement:
    labels = np.asarray(weighting.families_, dtype=np.int64)
    return Displacement(
        move=FamilyMove(np.asarray(weighting.weights_, dtype=np.float64), labels),
        assumptions=("each clone is put into the family of its original, and no two families are joined",),
    )


@_displacement.register
def _scale_tree(weighting: ScaleTreeWeights, asked: _Question) -> Displacement:
    if asked.epsilon > 0.0:
        raise InputError(
            "no bound is known on how far ScaleTreeWeights can move when clones at a distance are added: its "
            f"components jump with the radius. Got epsilon = {asked.epsilon:g}; ask for exact copies (0), or use "
            "DiversityWeights."
        )
    weights = np.asarray(weighting.weights_, dtype=np.float64)
    return Displacement(
        move=_within_duplicates(BoundedMove(0.0), weights, asked.points),
        assumptions=(f"scale-tree weights keep their radii and the scale h = {weighting.scale_:g}",),
    )


@_displacement.register
def _diversity(weighting: DiversityWeights, asked: _Question) -> Displacement:
    points, epsilon = asked.points, asked.epsilon
    weights = np.asarray(weighting.weights_, dtype=np.float64)
    h = float(weighting.scale_)
    centred = points - points.mean(axis=0)
    squares = (centred**2).sum(axis=1)
    kernel = np.exp(-np.maximum(squares[:, None] + squares - 2.0 * centred @ centred.T, 0.0) / (2.0 * h * h))
    np.fill_diagonal(kernel, 1.0)
    image = kernel @ weights
    value = float(weights @ image)
    gap = max(0.0, value - float(image.min()))
    hull = float(np.sqrt(-2.0 * np.expm1(-0.5 * (epsilon / h) ** 2)))
    size = float(np.sqrt(value + 2.0 * gap))
    radius = float(np.sqrt(2.0 * size * hull + hull**2 + 4.0 * gap)) if epsilon > 0.0 else 0.0
    return Displacement(
        move=_within_duplicates(KernelMove(kernel, radius), weights, points),
        assumptions=(
            f"diversity weights keep the scale h = {h:g} and are refitted to a gap no larger than now",
        ),
    )


@_displacement.register
def _voronoi(weighting: VoronoiWeights, asked: _Question) -> Displacement:
    points, epsilon, rng = asked.points, asked.epsilon, asked.rng
    weights = np.asarray(weighting.weights_, dtype=np.float64)
    region, exact, growth = weighting.region_, False, 0.0
    assumptions: tuple[str, ...] = ("the region S stays as it is, and cells are measured exactly",)
    if isinstance(region, Box) and isinstance(weighting.region, str) and weighting.region == "box":
        growth = _box_growth(region, weighting.margin, epsilon)
        assumptions = ("the bounding box follows the clones, and cells are measured exactly",)
    projection = weighting.projection_
    if projection is not None:
        points = np.asarray(projection.apply(points), dtype=np.float64)
        assumptions += ("the principal components stay as they are",)
    distinct = np.unique(points, axis=0)
    if epsilon == 0.0 or len(distinct) == 1:
        still = _within_duplicates(BoundedMove(0.0), weights, points)
        return Displacement(move=still, assumptions=assumptions)
    if not isinstance(region, Region):
        drawn = np.asarray(region, dtype=np.float64)
        if weighting.smoothing > 0.0:
            drawn = drawn[rng.integers(len(drawn), size=N_MARGIN_POINTS)]
            drawn = drawn + weighting.smoothing * rng.standard_normal(drawn.shape)
        else:
            exact = True
    else:
        drawn = region.place(rng.random((N_MARGIN_POINTS, region.n_uniforms)))
    near = np.asarray(cKDTree(distinct).query(drawn, k=2)[0])
    n_close = int((near[:, 1] - near[:, 0] <= epsilon).sum())
    share = n_close / len(drawn)
    if exact:
        return Displacement(
            move=_within_duplicates(BoundedMove(share), weights, points), assumptions=assumptions
        )
    if n_close < len(drawn):  # the upper end of the exact binomial interval
        share = float(beta.ppf(CONFIDENCE, n_close + 1, len(drawn) - n_close))
    return Displacement(
        move=_within_duplicates(BoundedMove(min(1.0, share + growth)), weights, points),
        assumptions=(*assumptions, f"{len(drawn):,} points of S stand for all of it"),
        confidence=CONFIDENCE,
    )


def _box_growth(box: Box, margin: float, epsilon: float) -> float:
    """Return the share of the bounding box that clones within epsilon can add to it."""
    sides = (np.asarray(box.high) - np.asarray(box.low)) / (1.0 + 2.0 * margin)
    if epsilon == 0.0:
        return 0.0
    if (sides <= 0.0).any():
        return 1.0
    return float(-np.expm1(-np.log1p(2.0 * epsilon / sides).sum()))


def _within_duplicates(move: Move, weights: FloatArray, points: FloatArray) -> Move:
    """Add the moves between alternatives that are the same point."""
    _, labels = np.unique(points, axis=0, return_inverse=True)
    if int(labels.max()) + 1 == len(points):
        return move
    return SumMove((FamilyMove(weights, labels.ravel().astype(np.int64)), move))
