"""Axioms of symmetry: order, place, direction and unit of the alternatives do not matter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloneproof.audit.axiom_subject import Case, Observation, Subject, compare

__all__ = [
    "direction_of",
    "extent",
    "observe_permutation",
    "observe_rotation",
    "observe_scaling",
    "observe_translation",
]

FACTORS = (1e-3, 1e3)


def observe_permutation(case: Case) -> Iterator[Observation]:
    """Give the rows in another order."""
    subject, X, rng, tolerance = case.subject, case.X, case.rng, case.tolerance
    for order in (np.arange(len(X))[::-1], rng.permutation(len(X))):
        yield from _compare_rows(subject, X, X[order], order, tolerance, "another order of the rows")


def observe_translation(case: Case) -> Iterator[Observation]:
    """Move all alternatives together."""
    subject, X, rng, tolerance = case.subject, case.X, case.rng, case.tolerance
    same = np.arange(len(X))
    for length in (1.0, 10.0):
        shift = length * extent(X) * direction_of(rng, X.shape[1])
        yield from _compare_rows(
            subject, X, X + shift, same, tolerance, f"moving all by {length:g} times their extent"
        )


def observe_rotation(case: Case) -> Iterator[Observation]:
    """Turn or mirror all alternatives together."""
    subject, X, rng, tolerance = case.subject, case.X, case.rng, case.tolerance
    same = np.arange(len(X))
    for _ in range(2):
        turn = np.linalg.qr(rng.normal(size=(X.shape[1], X.shape[1])))[0]
        yield from _compare_rows(subject, X, X @ turn, same, tolerance, "a rotation of all alternatives")
    mirrored = X * np.where(np.arange(X.shape[1]) == 0, -1.0, 1.0)
    yield from _compare_rows(subject, X, mirrored, same, tolerance, "mirroring the first coordinate")


def observe_scaling(case: Case) -> Iterator[Observation]:
    """Give the coordinates in another unit."""
    subject, X, tolerance = case.subject, case.X, case.tolerance
    same = np.arange(len(X))
    for factor in FACTORS:
        yield from _compare_rows(
            subject, X, X * factor, same, tolerance, f"coordinates times {factor:g} (another unit)"
        )


def _compare_rows(
    subject: Subject, X: NDArray[Any], Y: NDArray[Any], order: Any, tolerance: float, what: str
) -> Iterator[Observation]:
    """Compare row ``order[i]`` of `X` with row i of `Y`."""
    groups = [(np.array([before]), np.array([after])) for after, before in enumerate(order)]
    for change, noise, _, witness in compare(subject.fit(X), subject.fit(np.ascontiguousarray(Y)), groups):
        row = int(witness.rows_before[0])
        yield Observation(
            value=change,
            allowed=tolerance + noise,
            witness=witness,
            sentence=f"{what} moves the weight of row {row} from {witness.total_before:.4g} to {witness.total_after:.4g}",
            details={"row": float(row)},
        )


def extent(X: NDArray[Any]) -> float:
    """Return the diagonal of the bounding box, 1 for a single point."""
    return float(np.linalg.norm(np.ptp(X, axis=0))) or 1.0


def direction_of(rng: np.random.Generator, n_dims: int) -> NDArray[Any]:
    """Return a random vector of length 1."""
    drawn = rng.normal(size=n_dims)
    return np.asarray(drawn / np.linalg.norm(drawn))
