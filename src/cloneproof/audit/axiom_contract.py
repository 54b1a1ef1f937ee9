"""Axioms about the estimator as a program: what it returns, and that nothing else decides it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from cloneproof.audit.axiom_records import Witness
from cloneproof.audit.axiom_subject import Case, Fitted, Observation, Unusable, compare

__all__ = [
    "observe_dtype",
    "observe_input_unchanged",
    "observe_parameters",
    "observe_repeatable",
    "observe_simplex",
    "observe_threads",
]

THREADS = (1, 2, 8)


def observe_simplex(case: Case) -> Iterator[Observation]:
    """Add the weights up, also those of one row, of two, and of copies only."""
    subject, X, tolerance = case.subject, case.X, case.tolerance
    for table in (X, X[:1], X[:2], np.repeat(X[:1], 3, axis=0)):
        fitted = subject.fit(table)
        rows = np.arange(len(table))
        total, least = float(fitted.weights.sum()), float(fitted.weights.min())
        off = max(abs(total - 1.0), -least)
        yield Observation(
            value=off,
            allowed=tolerance,
            witness=_alone(fitted, rows),
            sentence=f"the {len(table)} weights sum to {total:.12g} and the least is {least:.3g}",
            details={"sum": total, "least": least},
        )


def observe_dtype(case: Case) -> Iterator[Observation]:
    """Compare float64 with float32, lists and column order of the same numbers."""
    subject, X, tolerance = case.subject, case.X, case.tolerance
    single = X.astype(np.float32)
    double = single.astype(np.float64)
    base = subject.fit(double)
    for name, table in (
        ("float64", double),
        ("float32", single),
        ("a list", double.tolist()),
        ("column order", np.asfortranarray(double)),
    ):
        made = subject.fresh()
        subject.run(made, table)
        kind = getattr(made.weights_, "dtype", type(made.weights_).__name__)
        if not isinstance(made.weights_, np.ndarray) or made.weights_.dtype != np.float64:
            yield Observation(
                value=1.0,
                allowed=tolerance,
                witness=_alone(base, np.arange(len(X))),
                sentence=f"weights_ of a table as {name} are {kind}, not a float64 array",
                details={},
            )
            continue
        found = subject.fit_anew(table)
        for change, noise, _, witness in compare(base, found, _each(len(X))):
            yield Observation(
                value=change,
                allowed=tolerance + noise,
                witness=witness,
                sentence=f"the same numbers as {name} move a weight by {change:.2g}",
                details={},
            )


def observe_input_unchanged(case: Case) -> Iterator[Observation]:
    """Look at the table after fit, lock one against writing, and look at what fit returns."""
    subject, X = case.subject, case.X
    table = X.copy()
    made = subject.fresh()
    subject.run(made, table)
    changed = int((table != X).sum())
    yield Observation(
        value=float(changed),
        allowed=0.0,
        witness=Witness(
            before=X.copy(),
            after=table,
            rows_before=np.arange(len(X)),
            rows_after=np.arange(len(X)),
            total_before=1.0,
            total_after=1.0,
        ),
        sentence=f"fit changes {changed} of {X.size} numbers of the table",
        details={"n_changed": float(changed)},
    )
    locked = X.copy()
    locked.flags.writeable = False
    made = subject.fresh()
    self_returned = subject.run(made, locked) is made
    yield Observation(
        value=0.0 if self_returned else 1.0,
        allowed=0.0,
        witness=_alone(subject.fit(X), np.arange(len(X))),
        sentence="fit leaves the table alone and returns the estimator"
        if self_returned
        else "fit returns something else than the estimator",
        details={},
    )


def observe_parameters(case: Case) -> Iterator[Observation]:
    """Look at the parameters after clone, set_params and fit."""
    subject, X = case.subject, case.X
    made = subject.fresh()
    before = {name: repr(value) for name, value in made.get_params(deep=False).items()}
    values = dict(made.get_params(deep=False))
    subject.run(made, X.copy())
    after = {name: repr(value) for name, value in made.get_params(deep=False).items()}
    changed = sorted(
        name
        for name in before
        if before[name] != after.get(name) and not isinstance(values[name], np.random.Generator)
    )
    yield Observation(
        value=float(len(changed)),
        allowed=0.0,
        witness=None,
        sentence=f"fit changes the parameters {', '.join(changed)}"
        if changed
        else f"{len(before)} parameters survive clone, set_params and fit",
        details={},
    )
    again = subject.fresh()
    carries = hasattr(again, "weights_")
    again.set_params(**values)
    lost = sorted(name for name, value in again.get_params(deep=False).items() if repr(value) != before[name])
    yield Observation(
        value=float(len(lost) + carries),
        allowed=0.0,
        witness=None,
        sentence="a clone of the estimator is already fitted"
        if carries
        else f"set_params loses {', '.join(lost)}"
        if lost
        else f"{len(before)} parameters survive clone, set_params and fit",
        details={},
    )


def observe_repeatable(case: Case) -> Iterator[Observation]:
    """Fit again, and fit after another table."""
    subject, X, tolerance = case.subject, case.X, case.tolerance
    base = subject.fit_anew(X)
    made = subject.fresh()
    subject.run(made, X[::-1][: len(X) // 2 + 1].copy())
    subject.run(made, X.copy())
    reused = Fitted(
        X=X, weights=np.asarray(made.weights_, dtype=np.float64), standard_errors=base.standard_errors * 0
    )
    for name, found in (
        ("fitting again", subject.fit_anew(X)),
        ("an earlier fit on another table", reused),
    ):
        if found.weights.shape != base.weights.shape:
            raise Unusable(f"after {name} weights_ has shape {found.weights.shape}", X)
        for change, _, _, witness in compare(base, found, _each(len(X))):
            yield Observation(
                value=change,
                allowed=tolerance,
                witness=witness,
                sentence=f"{name} with the same random_state moves a weight by {change:.2g}",
                details={},
            )


def observe_threads(case: Case) -> Iterator[Observation]:
    """Fit with 1, 2 and 8 threads."""
    subject, X, tolerance = case.subject, case.X, case.tolerance
    base: Fitted | None = None
    for n_threads in THREADS:
        with threadpool_limits(limits=n_threads):
            found = subject.fit_anew(X, n_jobs=n_threads)
        base = base or found
        for change, _, _, witness in compare(base, found, _each(len(X))):
            yield Observation(
                value=change,
                allowed=tolerance,
                witness=witness,
                sentence=f"{n_threads} threads instead of 1 move a weight by {change:.2g} ({len(X)} rows)",
                details={"n_threads": float(n_threads)},
            )


def _each(m: int) -> list[Any]:
    """Return each row as a group of its own."""
    return [(np.array([i]), np.array([i])) for i in range(m)]


def _alone(fitted: Fitted, rows: Any) -> Witness:
    """Return a witness that holds one table."""
    total = fitted.total(rows)
    return Witness(
        before=fitted.X,
        after=fitted.X,
        rows_before=rows,
        rows_after=rows,
        total_before=total,
        total_after=total,
    )
