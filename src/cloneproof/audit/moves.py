"""How far weights can move when near-copies are added, as sets over which a sum can be maximised.

Merge every clone into its original: the weights before are w, those after are w', both over the same
alternatives, and u = w' - w is the move. A `Move` is a set of possible u; all that a certificate needs of
it is the largest ``sum_b u_b v_b`` for given values v.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.linalg

from cloneproof._core.typing import FloatArray, IntArray

__all__ = ["BoundedMove", "FamilyMove", "KernelMove", "KnownMove", "Move", "SumMove", "largest_spread"]

SPREAD_LIMIT = 400
"""Alternatives up to which pairs of rows are maximised one by one; beyond, twice the largest row is used."""

KERNEL_SPREAD_LIMIT = 100
"""The same where a pair costs a matrix product."""

RIDGES = np.geomspace(1e-12, 1.0, 13)
"""Ridge parameters tried in the split of values into a smooth part and a rest; each gives a bound."""


class Move(Protocol):
    """A set of possible moves of the weights."""

    @property
    def total_variation(self) -> float:
        """The largest ``sum |u| / 2``, at most 1."""

    def largest(self, values: FloatArray) -> FloatArray:
        """Bound ``sum_b u_b v_b`` over the set, for each row v of `values` (n_rows, n_alternatives)."""


@dataclass(frozen=True, eq=False)
class KnownMove:
    """One move: both weightings are known."""

    move: FloatArray

    @property
    def total_variation(self) -> float:
        """Half the absolute sum."""
        return 0.5 * float(np.abs(self.move).sum())

    def largest(self, values: FloatArray) -> FloatArray:
        """Return the sum itself."""
        return np.asarray(values @ self.move, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class BoundedMove:
    """All moves of at most `total_variation`: Voronoi cells, whose faces shift by at most epsilon.

    A sum over such a move is at most `total_variation` times the range of the values.
    """

    total_variation: float

    def largest(self, values: FloatArray) -> FloatArray:
        """Return total variation times range."""
        return np.asarray(self.total_variation * np.ptp(values, axis=1), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class FamilyMove:
    """All moves that keep each family's total: copies can pull a family's weight to any member.

    Parameters
    ----------
    weights : ndarray of shape (n_alternatives,)
    labels : int ndarray of shape (n_alternatives,)
        The family of each alternative, 0, 1, 2, ... All in one family: no weighting at all, whoever is
        cloned often enough has everything.
    """

    weights: FloatArray
    labels: IntArray

    @property
    def total_variation(self) -> float:
        """Everything that is not on the lightest member of each family."""
        lightest = np.full(int(self.labels.max()) + 1, np.inf)
        np.minimum.at(lightest, self.labels, self.weights)
        return max(0.0, float(self.weights.sum() - lightest.sum()))

    def largest(self, values: FloatArray) -> FloatArray:
        """Put each family's weight on its largest value."""
        n_families = int(self.labels.max()) + 1
        mass = np.bincount(self.labels, self.weights, n_families)
        best = np.full((n_families, len(values)), -np.inf)
        np.maximum.at(best, self.labels, values.T)
        return np.asarray(mass @ best - values @ self.weights, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class KernelMove:
    """All moves with ``u'Ku <= radius^2`` and ``sum |u| / 2 <= total_variation``: diversity weights.

    Any split of values into ``K a + rest`` gives the bound ``radius sqrt(a'Ka) + total_variation
    range(rest)``; the best of several ridge solutions a is returned.

    Parameters
    ----------
    kernel : ndarray of shape (n_alternatives, n_alternatives)
    radius : float
    """

    kernel: FloatArray
    radius: float

    @property
    def total_variation(self) -> float:
        """At most ``sqrt(m / smallest eigenvalue) radius / 2``, and 1."""
        smallest = float(scipy.linalg.eigvalsh(self.kernel)[0])
        if smallest <= 1e-12 * len(self.kernel):
            return 1.0 if self.radius > 0.0 else 0.0
        return min(1.0, 0.5 * self.radius * float(np.sqrt(len(self.kernel) / smallest)))

    def largest(self, values: FloatArray) -> FloatArray:
        """Return the best bound over the ridges."""
        if self.radius == 0.0:
            return np.zeros(len(values))
        centred = values - values.mean(axis=1, keepdims=True)  # u sums to 0
        eigenvalues, vectors = scipy.linalg.eigh(self.kernel)
        eigenvalues = np.maximum(eigenvalues, 0.0)
        coordinates = centred @ vectors
        far = self.total_variation
        best = far * np.ptp(values, axis=1)
        for ridge in RIDGES * len(self.kernel):
            share = eigenvalues / (eigenvalues + ridge)
            norm = np.sqrt((coordinates**2 * share / (eigenvalues + ridge)).sum(axis=1))
            rest = (coordinates * (1.0 - share)) @ vectors.T
            best = np.minimum(best, self.radius * norm + far * np.ptp(rest, axis=1))
        return np.asarray(best, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class SumMove:
    """All sums of one move of each set."""

    parts: tuple[Move, ...]

    @property
    def total_variation(self) -> float:
        """At most the sum of the parts, and 1."""
        return min(1.0, sum(part.total_variation for part in self.parts))

    def largest(self, values: FloatArray) -> FloatArray:
        """Add the parts' bounds."""
        return np.asarray(np.sum([part.largest(values) for part in self.parts], axis=0), dtype=np.float64)


def largest_spread(move: Move, values: FloatArray) -> float:
    """Bound ``max_a e_a - min_a e_a`` over the moves, with ``e_a = sum_b u_b values[a, b]``.

    Rows are paired one by one up to :data:`SPREAD_LIMIT` alternatives (exact for known, bounded and family
    moves); beyond, the bound is the sum of the largest of either sign.
    """
    m = len(values)
    if isinstance(move, KnownMove):
        found = move.largest(values)
        return float(found.max() - found.min())
    if m > (SPREAD_LIMIT if isinstance(move, (BoundedMove, FamilyMove)) else KERNEL_SPREAD_LIMIT):
        return float(move.largest(values).max() + move.largest(-values).max())
    return max(float(move.largest(values[a] - values).max()) for a in range(m))
