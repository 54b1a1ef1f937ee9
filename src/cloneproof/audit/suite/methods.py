"""Ways to learn rewards in spite of clones, each a small object, by name.

A method has a ``name``, a sentence ``about`` it, and ``fit(case)``; where it is not meant for every data set,
also ``reason_against(world)``, which returns None or why. To enter one, hand an instance to
:func:`register_method`; a weighting estimator becomes a method by :class:`ByWeights`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.audit.suite.case import Case, Scored, fit_world_rewards
from cloneproof.audit.suite.clusterings import BallCoverWeights, HDBSCANWeights
from cloneproof.audit.suite.densities import InverseDensityWeights, NeighbourDensityWeights
from cloneproof.audit.suite.fixed_axes import FixedAxesWeights
from cloneproof.audit.suite.world import World
from cloneproof.weights import (
    DiversityWeights,
    FamilyWeights,
    ScaleTreeWeights,
    VoronoiWeights,
    find_nearest,
    group_duplicates,
)

__all__ = [
    "METHODS",
    "ByWeights",
    "DropDuplicates",
    "Method",
    "PairDiversity",
    "Plain",
    "ToldFamilies",
    "register_method",
]

_SAMPLES_RAW, _SAMPLES = 2**12, 2**14
_REACH_BLOCK = 1_024


@runtime_checkable
class Method(Protocol):
    """A way to learn rewards."""

    @property
    def name(self) -> str:
        """How the tables call it."""

    @property
    def about(self) -> str:
        """What it does, in one sentence."""

    def fit(self, case: Case) -> Scored:
        """Learn rewards of all alternatives of a case."""


METHODS: dict[str, Method] = {}
"""Every method that is known, by name, in the order of the tables."""


def register_method(method: Method) -> Method:
    """Make a method known by its name.

    Raises
    ------
    ParameterError
        If it lacks a part, or another method has that name.
    """
    if isinstance(method, type) or not isinstance(method, Method):
        raise ParameterError(
            f"A method needs a name, a sentence `about` it and fit(case); give an instance. Got {method!r}."
        )
    if method.name in METHODS and type(METHODS[method.name]) is not type(method):
        raise ParameterError(f"There is a method {method.name!r} already. Give yours another name.")
    METHODS[method.name] = method
    return method


@dataclass(frozen=True)
class Plain:
    """Every comparison counts once."""

    name: str = "plain"
    about: str = "every comparison counts once"

    def fit(self, case: Case) -> Scored:
        """Fit without weights."""
        return case.fit_rewards()


@dataclass(frozen=True)
class ByWeights:
    """Alternative weights by an estimator, then rows by `rows` (the paper's way: balanced).

    `make` returns an unfitted estimator with ``fit(X)`` and ``weights_`` for a case.
    """

    name: str
    about: str
    make: Callable[[Case], Any]
    rows: str = "balanced"

    def fit(self, case: Case) -> Scored:
        """Weigh the embeddings, then fit."""
        weights = np.asarray(self.make(case).fit(case.embeddings).weights_, dtype=np.float64)
        if weights.shape != (len(case.embeddings),):
            raise InputError(
                f"weights_ of {self.name!r} has shape {weights.shape}, expected ({len(case.embeddings):,},)."
            )
        return case.fit_rewards(weights, rows=self.rows)


@dataclass(frozen=True)
class ToldFamilies:
    """Family weights by an oracle that knows which alternative is a clone of which."""

    name: str = "family-told"
    about: str = "an oracle names the clones; each family has one vote"

    def fit(self, case: Case) -> Scored:
        """Weigh by the true families."""
        weights = FamilyWeights().fit(case.embeddings, families=case.parent).weights_
        return case.fit_rewards(weights)


@dataclass(frozen=True)
class PairDiversity:
    """Diversity weights of the pairs themselves (the default of ``fit`` on sparse data)."""

    name: str = "pair-diversity"
    about: str = "diversity weights of the compared pairs themselves"

    def reason_against(self, world: World) -> str | None:
        """Return why the method is not meant for a world."""
        if world.reward == "tabular":
            return "it is for rewards that are a function of the text; on a complete design it is diversity"
        return None

    def fit(self, case: Case) -> Scored:
        """Weigh the alternatives for the ridge, and the pairs for the rows."""
        weights = DiversityWeights(scale=case.scale, tol=1e-4).fit(case.embeddings).weights_
        return case.fit_rewards(weights, rows="diversity")


@dataclass(frozen=True)
class DropDuplicates:
    """Remove near-duplicate alternatives with their rows, as SemDeDup removes training texts.

    Alternatives are ordered from the farthest to the nearest of the common centroid, and one is removed
    if any before it lies within h. What is removed has the reward of the nearest that stays (tabular) or
    of its embedding (linear).

    References
    ----------
    .. [1] Abbas et al., "SemDeDup", 2023, arXiv:2303.09540 (here with one cluster: sizes are small).
    """

    name: str = "drop-duplicates"
    about: str = "near-copies within h are removed with their rows (SemDeDup)"

    def fit(self, case: Case) -> Scored:
        """Remove, then fit plain."""
        X = case.embeddings
        kept = np.sort(_spread_out(X, case.scale))
        c = case.comparisons
        stays = np.zeros(len(X), dtype=bool)
        stays[kept] = True
        rows = np.flatnonzero(stays[c.left] & stays[c.right])
        if len(rows) == 0:
            raise InputError(
                f"dropping near-duplicates within {case.scale:.3g} leaves none of {c.n_comparisons:,} comparisons."
            )
        fitted = fit_world_rewards(case.world, c.restrict(rows, kept), X[kept])
        if fitted.predict is not None:
            return replace(
                fitted,
                rewards=fitted.predict(X),
                alternative_weight=_share(stays),
                comparison_weight=_rows(c, rows),
            )
        rewards = fitted.rewards[find_nearest(X, X[kept]).index]
        return replace(
            fitted, rewards=rewards, alternative_weight=_share(stays), comparison_weight=_rows(c, rows)
        )


def _spread_out(X: FloatArray, radius: float) -> IntArray:
    """Return the alternatives that no earlier one, from the centroid's farthest on, lies within `radius` of."""
    copies = group_duplicates(X)
    points = X[copies.first] - X.mean(axis=0)
    order = np.lexsort((*points.T[::-1], -np.linalg.norm(points, axis=1)))
    ordered = points[order]
    squares = np.square(ordered).sum(axis=1)
    dropped = np.zeros(len(order), dtype=bool)
    for start in range(0, len(order), _REACH_BLOCK):
        stop = min(start + _REACH_BLOCK, len(order))
        near = squares[start:stop, None] + squares[:stop] - 2.0 * ordered[start:stop] @ ordered[:stop].T
        earlier = np.arange(stop) < np.arange(start, stop)[:, None]
        dropped[start:stop] = ((near <= radius * radius) & earlier).any(axis=1)
    return np.asarray(copies.first[order[~dropped]], dtype=np.int64)


def _share(stays: Any) -> FloatArray:
    return np.asarray(stays / stays.sum(), dtype=np.float64)


def _rows(c: Any, rows: IntArray) -> FloatArray:
    """Return the weights of all rows that keeping some amounts to."""
    weights: FloatArray = np.zeros(c.n_comparisons)
    weights[rows] = c.count[rows]
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _voronoi(case: Case, **options: Any) -> VoronoiWeights:
    return VoronoiWeights(random_state=case.seed, n_replicates=4, **options)


def _components(case: Case, n: int) -> int | None:
    return n if case.embeddings.shape[1] > n else None


for _method in (
    Plain(),
    DropDuplicates(),
    ToldFamilies(),
    ByWeights(
        "family-radius",
        "chains within h are a family (single linkage)",
        lambda case: FamilyWeights(radius=case.scale),
    ),
    ByWeights(
        "radius-clusters",
        "a greedy cover by balls of radius h",
        lambda case: BallCoverWeights(radius=case.scale),
    ),
    ByWeights(
        "hierarchical",
        "average linkage cut at h",
        lambda case: FamilyWeights(radius=case.scale, method="average"),
    ),
    ByWeights("hdbscan", "clusters of HDBSCAN, noise alone", lambda case: HDBSCANWeights()),  # noqa: ARG005
    ByWeights(
        "voronoi-box",
        "cells of the bounding box, all dimensions (the paper)",
        lambda case: _voronoi(case, n_samples=_SAMPLES_RAW),
    ),
    ByWeights(
        "voronoi-pca2",
        "cells of the box after PCA to 2",
        lambda case: _voronoi(case, n_components=_components(case, 2)),
    ),
    ByWeights(
        "voronoi-pca4",
        "cells of the box after PCA to 4",
        lambda case: _voronoi(case, n_samples=_SAMPLES, n_components=_components(case, 4)),
    ),
    ByWeights(
        "voronoi-reference",
        "share of a trusted sample nearest to each",
        lambda case: _voronoi(
            case, region=case.world.reference, smoothing=case.scale / 2, n_samples=_SAMPLES_RAW
        ),
    ),
    ByWeights(
        "voronoi-told-axes",
        "cells of the box on the 4 principal axes of a trusted sample",
        lambda case: FixedAxesWeights(
            _voronoi(case, n_samples=_SAMPLES),
            case.world.reference,
            n_components=min(4, *case.world.reference.shape),
        ),
    ),
    ByWeights(
        "diversity", "diversity weights, scale h", lambda case: DiversityWeights(scale=case.scale, tol=1e-4)
    ),
    PairDiversity(),
    ByWeights(
        "scale-tree",
        "components at radii from h / 2 to 2 h",
        lambda case: ScaleTreeWeights(scale=case.scale, radii=case.scale * np.geomspace(0.5, 2.0, 9)),
    ),
    ByWeights(
        "inverse-density",
        "one over the kernel density at h",
        lambda case: InverseDensityWeights(scale=case.scale),
    ),
    ByWeights(
        "neighbour-density",
        "distance to the 5th nearest neighbour",
        lambda case: NeighbourDensityWeights(),  # noqa: ARG005
    ),
):
    register_method(_method)
