"""Axioms about copies: a family's total is not bought by repeating oneself, and nobody else pays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloneproof._core.typing import IntArray
from cloneproof.audit.axiom_subject import Case, Observation, Subject, compare

__all__ = [
    "observe_clones",
    "observe_collateral",
    "observe_duplicates",
    "observe_equal_copies",
]

COPIES = (1, 10, 1_000)
CLONES = (1, 10, 100)
EPSILONS = (1e-4, 1e-3, 1e-2)
"""Distances of clones from their original, in typical distances between nearest alternatives."""

STEEPEST = 10.0
"""Largest slope of a family's total (share per typical nearest distance) that counts as O(epsilon)."""


def observe_duplicates(case: Case) -> Iterator[Observation]:
    """Add exact copies of one alternative, and of 30 % of all."""
    subject, X, rng, tolerance = case.subject, case.X, case.rng, case.tolerance
    before = subject.fit(X)
    for target in _targets(X):
        for copies in COPIES:
            after = subject.fit(np.concatenate([X, np.repeat(X[[target]], copies, axis=0)]))
            group = [_family(X, target, copies)]
            for change, noise, _, witness in compare(before, after, group):
                yield Observation(
                    value=change,
                    allowed=tolerance + noise,
                    witness=witness,
                    sentence=f"{_times(copies, 'exact copy', 'exact copies')} of row {target} move its family from "
                    f"{witness.total_before:.4g} to {witness.total_after:.4g}",
                    details={"target": float(target), "copies": float(copies)},
                )
    chosen = np.sort(rng.permutation(len(X))[: max(1, round(0.3 * len(X)))])
    after = subject.fit(np.concatenate([X, *[X[chosen]] * 5]))
    groups = []
    for target in chosen:
        alike = (X[target] == X).all(axis=1)
        added = len(X) + np.concatenate([np.flatnonzero(alike[chosen]) + k * len(chosen) for k in range(5)])
        groups.append((np.flatnonzero(alike), np.concatenate([np.flatnonzero(alike), added])))
    for change, noise, _, witness in compare(before, after, groups):
        row = int(witness.rows_before[0])
        yield Observation(
            value=change,
            allowed=tolerance + noise,
            witness=witness,
            sentence=f"5 exact copies of each of {len(chosen)} rows move the family of row {row} from "
            f"{witness.total_before:.4g} to {witness.total_after:.4g}",
            details={"target": float(row), "copies": 5.0},
        )


def observe_equal_copies(case: Case) -> Iterator[Observation]:
    """Look for the lightest and the heaviest of exact copies."""
    subject, X, tolerance = case.subject, case.X, case.tolerance
    for target in _targets(X):
        fitted = subject.fit(np.concatenate([X, np.repeat(X[[target]], 10, axis=0)]))
        rows = _family(X, target, 10)[1]
        least, most = (int(rows[pick(fitted.weights[rows])]) for pick in (np.argmin, np.argmax))
        low, high = np.array([least]), np.array([most])
        for change, _, _, witness in compare(fitted, fitted, [(low, high)]):
            yield Observation(
                value=change,
                allowed=tolerance,
                witness=witness,
                sentence=f"of {len(rows)} exact copies one has weight {witness.total_before:.4g}, another "
                f"{witness.total_after:.4g}",
                details={"target": float(target), "copies": 10.0},
            )


def observe_clones(case: Case) -> Iterator[Observation]:
    """Add clones within epsilon of one alternative."""
    subject, X, rng, tolerance = case.subject, case.X, case.rng, case.tolerance
    for copies, epsilon, target, before, after in _cloned(subject, X, rng):
        for change, noise, _, witness in compare(before, after, [_family(X, target, copies)]):
            slope = max(change - noise, 0.0) / epsilon
            yield Observation(
                value=change,
                allowed=tolerance + noise + STEEPEST * epsilon,
                witness=witness,
                sentence=f"{_times(copies, 'clone', 'clones')} within {epsilon:g} nearest distances of row {target} move its "
                f"family from {witness.total_before:.4g} to {witness.total_after:.4g} (slope {slope:.2g})",
                details={
                    "target": float(target),
                    "copies": float(copies),
                    "epsilon": epsilon,
                    "slope": slope,
                },
            )


def observe_collateral(case: Case) -> Iterator[Observation]:
    """Add copies and clones of one alternative and look at all others."""
    subject, X, rng, tolerance = case.subject, case.X, case.rng, case.tolerance
    unit = typical_distance(X)

    def others(target: int) -> list[tuple[IntArray, IntArray]]:
        away = np.linalg.norm(X - X[target], axis=1)
        rows = np.flatnonzero(away >= 0.2 * unit)  # not those that are near-copies of the target themselves
        return [(np.array([row]), np.array([row])) for row in rows]

    before = subject.fit(X)
    cases = [
        (
            copies,
            0.0,
            target,
            before,
            subject.fit(np.concatenate([X, np.repeat(X[[target]], copies, axis=0)])),
        )
        for target in _targets(X)
        for copies in COPIES
    ]
    least = 0.1 / len(X)
    for copies, epsilon, target, first, after in [*cases, *_cloned(subject, X, rng)]:
        what = _times(copies, *(("clone", "clones") if epsilon else ("exact copy", "exact copies")))
        what += f" within {epsilon:g} nearest distances" if epsilon else ""
        for _, noise, relative, witness in compare(first, after, others(target)):
            row = int(witness.rows_before[0])
            yield Observation(
                value=relative,
                allowed=tolerance
                + noise / max(witness.total_before, witness.total_after, least)
                + STEEPEST * epsilon,
                witness=witness,
                sentence=f"{what} of row {target} move the weight of row {row} from "
                f"{witness.total_before:.4g} to {witness.total_after:.4g}",
                details={
                    "target": float(target),
                    "row": float(row),
                    "copies": float(copies),
                    "epsilon": epsilon,
                },
            )


def typical_distance(X: NDArray[Any]) -> float:
    """Return the median distance to the nearest other alternative, 1 where all are one point."""
    away = np.linalg.norm(X[:, None].astype(np.float64) - X[None], axis=2)
    away[away == 0.0] = np.inf
    nearest = away.min(axis=1)
    nearest = nearest[np.isfinite(nearest)]
    return float(np.median(nearest)) if nearest.size else 1.0


def _targets(X: NDArray[Any]) -> list[int]:
    """Return the rows that are copied: the one whose nearest is nearest, the loneliest, and the first.

    The same for all axioms, so that fits are shared.
    """
    away = np.linalg.norm(X[:, None].astype(np.float64) - X[None], axis=2)
    away[away == 0.0] = np.inf
    nearest = away.min(axis=1)
    return list(dict.fromkeys([int(nearest.argmin()), int(nearest.argmax()), 0]))


def _family(X: NDArray[Any], target: int, copies: int) -> tuple[IntArray, IntArray]:
    """Return the rows equal to the target before and after `copies` more were put behind the table."""
    alike = np.flatnonzero((X[target] == X).all(axis=1))
    return alike, np.concatenate([alike, len(X) + np.arange(copies)])


def _cloned(
    subject: Subject, X: NDArray[Any], rng: np.random.Generator
) -> Iterator[tuple[int, float, int, Any, Any]]:
    """Fit tables with clones in a ball around a target; yields copies, epsilon, target and both fits."""
    unit = typical_distance(X)
    before = subject.fit(X)
    for target in _targets(X)[:2]:
        for copies in CLONES:
            shift = rng.normal(size=(copies, X.shape[1]))
            shift *= rng.uniform(0.5, 1.0, size=(copies, 1)) / np.linalg.norm(shift, axis=1, keepdims=True)
            for epsilon in EPSILONS:
                clones = X[target] + epsilon * unit * shift
                yield copies, epsilon, target, before, subject.fit(np.concatenate([X, clones]))


def _times(n: int, one: str, many: str) -> str:
    """Return "1 copy" or "10 copies"."""
    return f"{n:,} {one if n == 1 else many}"
