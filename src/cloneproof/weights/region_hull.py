"""The convex hull of the alternatives as a region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.typing import FloatArray
from cloneproof.weights.nearest import Points

__all__ = ["MOST_HULL_DIMS", "Hull", "enclosing_hull"]

MOST_HULL_DIMS = 6
"""The number of facets of a hull grows like n^(d/2): beyond this it is not affordable."""


@dataclass(frozen=True, eq=False)
class Hull:
    """A convex polytope, cut into simplices that share one point inside.

    Attributes
    ----------
    simplices : ndarray of shape (n_simplices, n_dims + 1, n_dims)
        The corners of each simplex.
    volumes : ndarray of shape (n_simplices,)
        Their volumes.
    """

    simplices: FloatArray
    volumes: FloatArray

    @property
    def n_dims(self) -> int:
        """Number of coordinates."""
        return int(self.simplices.shape[2])

    @property
    def n_uniforms(self) -> int:
        """One uniform number to choose the simplex, n_dims to choose the point in it."""
        return self.n_dims + 1

    def place(self, uniforms: FloatArray) -> FloatArray:
        """Choose a simplex by its volume; spacings of sorted uniforms are uniform barycentric coordinates."""
        cumulative = np.cumsum(self.volumes)
        chosen = np.searchsorted(cumulative, uniforms[:, 0] * cumulative[-1], side="right")
        chosen = np.minimum(chosen, self.volumes.size - 1)
        cuts = np.sort(uniforms[:, 1:], axis=1)
        edges = np.hstack([np.zeros((cuts.shape[0], 1)), cuts, np.ones((cuts.shape[0], 1))])
        points = np.einsum("nk,nkd->nd", np.diff(edges, axis=1), self.simplices[chosen])
        return np.asarray(points, dtype=np.float64)

    def same_as(self, other: object) -> bool:
        """Tell whether the simplices agree exactly."""
        return isinstance(other, Hull) and np.array_equal(self.simplices, other.simplices)


def enclosing_hull(points: Points) -> Hull:
    """Return the convex hull of `points`, shape (n, n_dims).

    Raises
    ------
    ParameterError
        If there are more than 6 dimensions.
    InputError
        If the points lie in a plane of fewer dimensions, so that their hull has no volume.
    """
    n_dims = points.shape[1]
    if n_dims > MOST_HULL_DIMS:
        raise ParameterError(
            f'region="hull" is affordable in at most {MOST_HULL_DIMS} dimensions. Got {n_dims}. '
            'Set n_components to reduce them, or use region="box" or "ball".'
        )
    exact = points.astype(np.float64)
    if n_dims == 1:
        ends = np.array([[exact.min()], [exact.max()]])
        return Hull(ends[None], np.array([float(ends[1, 0] - ends[0, 0])]))
    try:
        hull = ConvexHull(exact)
    except (QhullError, ValueError) as error:
        raise InputError(
            f"the convex hull of {points.shape[0]:,} distinct alternatives in {n_dims} dimensions has no "
            f'volume: they lie in fewer dimensions. Set n_components to at most that, or use region="box".'
        ) from error
    inside = exact[hull.vertices].mean(axis=0)
    facets = exact[np.sort(hull.simplices, axis=1)]
    facets = facets[np.lexsort(facets.reshape(len(facets), -1).T)]
    simplices = np.concatenate([facets, np.broadcast_to(inside, (len(facets), 1, n_dims))], axis=1)
    volumes = np.abs(np.linalg.det(simplices[:, :-1] - inside))
    return Hull(simplices, volumes)
