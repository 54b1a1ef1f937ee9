"""The region S whose volume the alternatives share, and how uniform numbers become uniform points of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from scipy.special import ndtri

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.typing import FloatArray
from cloneproof.weights.nearest import Points

__all__ = ["Ball", "Box", "Region", "Sphere", "enclosing_ball", "enclosing_box", "unit_cube"]


@runtime_checkable
class Region(Protocol):
    """A bounded set with a uniform distribution."""

    @property
    def n_dims(self) -> int:
        """Dimension of the space that the region lies in."""

    @property
    def n_uniforms(self) -> int:
        """How many uniform numbers make one point."""

    def place(self, uniforms: FloatArray) -> FloatArray:
        """Turn numbers in (0, 1), shape (n, n_uniforms), into points of the region, shape (n, n_dims)."""

    def same_as(self, other: object) -> bool:
        """Tell whether `other` is exactly the same set, so that points placed in one serve the other."""


@dataclass(frozen=True, eq=False)
class Box:
    """All points between two corners.

    Parameters
    ----------
    low, high : array-like of shape (n_dims,)
        The corners; ``low <= high`` everywhere.

    Examples
    --------
    >>> VoronoiWeights(region=Box([0.0], [4.0])).fit([[0.0], [2.0]]).weights_
    array([0.25, 0.75])
    """

    low: FloatArray
    high: FloatArray

    def __post_init__(self) -> None:
        low, high = np.array(self.low, dtype=np.float64), np.array(self.high, dtype=np.float64)
        if low.ndim != 1 or low.shape != high.shape or low.size == 0:
            raise ParameterError(
                f"low and high of Box must have the same shape (n_dims,). Got {low.shape} and {high.shape}."
            )
        bad = ~(np.isfinite(low) & np.isfinite(high) & (low <= high))
        if bad.any():
            first = int(np.argmax(bad))
            raise ParameterError(
                f"low of Box must be finite and at most high; in {int(bad.sum())} of {low.size} dimensions "
                f"it is not, first: [{low[first]}, {high[first]}] (dimension {first})."
            )
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @property
    def n_dims(self) -> int:
        """Number of coordinates."""
        return int(self.low.size)

    @property
    def n_uniforms(self) -> int:
        """One uniform number per coordinate."""
        return self.n_dims

    def place(self, uniforms: FloatArray) -> FloatArray:
        """Stretch the unit cube over the box."""
        return np.asarray(self.low + uniforms * (self.high - self.low), dtype=np.float64)

    def same_as(self, other: object) -> bool:
        """Tell whether both corners agree exactly."""
        return (
            isinstance(other, Box)
            and np.array_equal(self.low, other.low)
            and np.array_equal(self.high, other.high)
        )


@dataclass(frozen=True, eq=False)
class Sphere:
    """The unit sphere: all points of norm 1. The region of embeddings of unit length.

    Parameters
    ----------
    n_dims : int
        Dimension of the space around it.
    """

    n_dims: int

    @property
    def n_uniforms(self) -> int:
        """One uniform number per coordinate."""
        return self.n_dims

    def place(self, uniforms: FloatArray) -> FloatArray:
        """Turn uniforms into normals and scale those to norm 1."""
        return _directions(uniforms)

    def same_as(self, other: object) -> bool:
        """Tell whether the dimensions agree."""
        return isinstance(other, Sphere) and self.n_dims == other.n_dims


@dataclass(frozen=True, eq=False)
class Ball:
    """All points within `radius` of `centre`.

    Parameters
    ----------
    centre : array-like of shape (n_dims,)
    radius : float
        Positive, in the units of the coordinates.
    """

    centre: FloatArray
    radius: float

    def __post_init__(self) -> None:
        centre, radius = np.array(self.centre, dtype=np.float64), float(self.radius)
        if centre.ndim != 1 or centre.size == 0 or not np.isfinite(centre).all():
            raise ParameterError(
                f"centre of Ball must hold n_dims finite numbers. Got an array of shape {centre.shape}."
            )
        if not 0.0 < radius < np.inf:
            raise ParameterError(f"radius of Ball must be a number in (0, inf). Got {self.radius!r}.")
        object.__setattr__(self, "centre", centre)
        object.__setattr__(self, "radius", radius)

    @property
    def n_dims(self) -> int:
        """Number of coordinates."""
        return int(self.centre.size)

    @property
    def n_uniforms(self) -> int:
        """One uniform number per coordinate, one for the radius."""
        return self.n_dims + 1

    def place(self, uniforms: FloatArray) -> FloatArray:
        """Go in a uniform direction; the share of the volume within r of the centre is (r / radius)^d."""
        radii = self.radius * uniforms[:, :1] ** (1.0 / self.n_dims)
        return np.asarray(self.centre + radii * _directions(uniforms[:, 1:]), dtype=np.float64)

    def same_as(self, other: object) -> bool:
        """Tell whether centre and radius agree exactly."""
        return (
            isinstance(other, Ball)
            and self.radius == other.radius
            and np.array_equal(self.centre, other.centre)
        )


def unit_cube(n_dims: int) -> Box:
    """Return the literal unit cube [0, 1]^n_dims, wherever the alternatives lie."""
    return Box(np.zeros(n_dims), np.ones(n_dims))


def enclosing_box(points: Points, margin: float = 0.0) -> Box:
    """Return the bounding box, wider by `margin` times its extent on every side."""
    low, high = points.min(axis=0).astype(np.float64), points.max(axis=0).astype(np.float64)
    return Box(low - margin * (high - low), high + margin * (high - low))


def enclosing_ball(points: Points, margin: float = 0.0) -> Ball:
    """Return the ball around the centre of the bounding box that reaches the farthest point.

    Its radius is larger by `margin` times itself. Copies of points do not move it.
    """
    box = enclosing_box(points)
    centre = box.low + (box.high - box.low) / 2.0
    away = points.astype(np.float64) - centre
    size = float(np.abs(away).max())
    if size == 0.0:
        raise InputError("the ball around the alternatives has radius 0: they are all the same point.")
    away /= size
    radius = size * float(np.sqrt(np.einsum("ij,ij->i", away, away).max()))
    return Ball(centre, radius * (1.0 + margin))


def _directions(uniforms: FloatArray) -> FloatArray:
    """Return points uniform on the unit sphere."""
    normals = ndtri(uniforms)
    norms = np.sqrt(np.einsum("ij,ij->i", normals, normals))
    normals[norms == 0.0, 0], norms[norms == 0.0] = 1.0, 1.0  # the midpoint (1/2, ..., 1/2)
    return np.asarray(normals / norms[:, None], dtype=np.float64)
