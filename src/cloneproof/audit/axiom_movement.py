"""Axioms about distance: weights follow a sliding cloud without a jump, and what is far stays out of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.audit.axiom_copies import typical_distance
from cloneproof.audit.axiom_invariance import direction_of, extent
from cloneproof.audit.axiom_subject import Case, Fitted, Observation, compare

__all__ = ["observe_continuity", "observe_distant"]

CLOUD = 10
STEPS = 24
"""Steps of the slide, before the steepest ones are looked at more closely."""

STEEP_STEPS = 2
HALVINGS = 12
"""A step is halved this often, always keeping the half that moves more: to 1/4,096 of its length."""

FAR = 20.0
"""Distance of a newcomer that has nothing to do with the others, in extents of the table."""


def observe_continuity(case: Case) -> Iterator[Observation]:
    """Slide a cloud of near-copies from its original to far away and narrow down the largest jumps."""
    subject, X, rng, tolerance = case.subject, case.X, case.rng, case.tolerance
    unit = typical_distance(X)
    target = int(rng.integers(len(X)))
    direction = direction_of(rng, X.shape[1])
    jitter = 1e-3 * unit * rng.normal(size=(CLOUD, X.shape[1]))
    alike = np.flatnonzero((X[target] == X).all(axis=1))
    family = np.concatenate([alike, len(X) + np.arange(CLOUD)])
    others = np.setdiff1d(np.arange(len(X)), alike)
    groups = [(family, family), *((np.array([row]), np.array([row])) for row in others)]

    def at(distance: float) -> Fitted:
        return subject.fit(np.concatenate([X, X[target] + jitter + distance * direction]))

    end = 2.0 * extent(X)
    places = end * np.linspace(0.0, 1.0, STEPS + 1) ** 1.5
    moves = [_largest_move(at(a), at(b), groups) for a, b in pairwise(places)]
    whole = float(np.ptp([at(place).total(family) for place in places]))
    for step in np.argsort(moves)[::-1][:STEEP_STEPS]:
        low, high = float(places[step]), float(places[step + 1])
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            first, second = (_largest_move(at(a), at(b), groups) for a, b in ((low, middle), (middle, high)))
            low, high = (low, middle) if first >= second else (middle, high)
        for change, noise, _, witness in compare(at(low), at(high), groups):
            is_family = len(witness.rows_before) == len(family)
            who = f"the family of row {target}" if is_family else f"row {int(witness.rows_before[0])}"
            yield Observation(
                value=change,
                allowed=tolerance + noise,
                witness=witness,
                sentence=f"largest jump as a cloud slides away from row {target}: {change:.2g} within {high - low:.1g} at "
                f"distance {low:.4g}, where {who} goes from {witness.total_before:.4g} to "
                f"{witness.total_after:.4g}",
                details={
                    "target": float(target),
                    "distance": low,
                    "step": high - low,
                    "jump": change,
                    "total_range": whole,
                },
            )


def observe_distant(case: Case) -> Iterator[Observation]:
    """Add an alternative far away and look at the proportions of the others."""
    subject, X, rng, tolerance = case.subject, case.X, case.rng, case.tolerance
    before = subject.fit(X)
    for _ in range(2):
        direction = direction_of(rng, X.shape[1])
        after = subject.fit(np.concatenate([X, X[[0]] + FAR * extent(X) * direction]))
        left = float(after.weights[:-1].sum())
        if left <= 0.0:
            left = np.finfo(float).tiny
        among = Fitted(
            X=after.X, weights=after.weights / left, standard_errors=after.standard_errors / max(left, 1e-12)
        )
        for change, noise, _, witness in compare(before, among, _rows(len(X))):
            row = int(witness.rows_before[0])
            yield Observation(
                value=change,
                allowed=tolerance + noise,
                witness=witness,
                sentence=f"a newcomer {FAR:g} extents away moves the share of row {row} among the others from "
                f"{witness.total_before:.4g} to {witness.total_after:.4g}",
                details={"row": float(row), "newcomer": float(after.weights[-1])},
            )


def _largest_move(first: Fitted, second: Fitted, groups: list[tuple[IntArray, IntArray]]) -> float:
    """Return the largest change of a group's total."""
    change: FloatArray = np.array([second.total(later) - first.total(rows) for rows, later in groups])
    return float(np.abs(change).max())


def _rows(m: int) -> list[tuple[IntArray, IntArray]]:
    """Return each row as a group of its own."""
    return [(np.array([row]), np.array([row])) for row in range(m)]
