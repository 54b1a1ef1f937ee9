"""What a check of a weighting finds: for each axiom whether it holds, and where it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cloneproof._core.errors import CheckFailedError, InputError
from cloneproof._core.frames import Backend, make_frame
from cloneproof._core.typing import IntArray

__all__ = ["AxiomResult", "AxiomStatus", "WeightingCheck", "Witness"]

AxiomStatus = Literal["holds", "fails", "fails as declared", "holds though declared to fail", "skipped"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Witness:
    """Two tables of alternatives, and the rows in each whose total weight the axiom compares.

    Fit the estimator on `before` and on `after` and add up ``weights_[rows]`` to see it for yourself.

    Parameters
    ----------
    before, after : ndarray of shape (n_alternatives, n_dims)
    rows_before, rows_after : int64 ndarray
        The rows of the same alternatives (with their copies) in the one and the other.
    total_before, total_after : float
        Their total weight. Where a share is compared (axiom "distant") it is among the rows of `before`.
    """

    before: NDArray[Any]
    after: NDArray[Any]
    rows_before: IntArray
    rows_after: IntArray
    total_before: float
    total_after: float


@dataclass(frozen=True, kw_only=True, eq=False)
class AxiomResult:
    """Whether one axiom holds, and where it fails or comes closest to failing.

    Parameters
    ----------
    name : str
        "permutation", "duplicates", ...
    statement : str
        What the axiom demands.
    status : str
        "holds", "fails", "fails as declared" (the estimator says so by nature, or the caller expected
        it), "holds though declared to fail", or "skipped".
    value, tolerance : float
        The worst change seen and what is allowed there; NaN where skipped. The axiom holds if
        ``value <= tolerance``.
    witness : Witness or None
        The two tables of the worst case; None where skipped, or where no two tables are compared.
    sentence : str
        What was found, for people.
    reason : str
        Why failure was declared, or why the axiom was skipped; empty otherwise.
    details : mapping of str to float
        Numbers behind the sentence (copies, epsilon, slope, ...).
    """

    name: str
    statement: str
    status: AxiomStatus
    value: float
    tolerance: float
    witness: Witness | None
    sentence: str
    reason: str = ""
    details: Mapping[str, float] = field(default_factory=dict)

    @property
    def holds(self) -> bool | None:
        """Whether the axiom holds; None where it was skipped."""
        return None if self.status == "skipped" else self.status.startswith("holds")


@dataclass(frozen=True, kw_only=True, eq=False)
class WeightingCheck:
    """The result of :func:`cloneproof.check_weighting`: one entry per axiom, in a fixed order.

    Parameters
    ----------
    estimator : str
        The estimator as it prints.
    results : tuple of AxiomResult
    n_fits : int
        How many times the estimator was fitted.
    random_state : int
        The seed of the tables.
    """

    estimator: str
    results: tuple[AxiomResult, ...]
    n_fits: int
    random_state: int

    @property
    def passed(self) -> bool:
        """Whether every axiom holds, was declared to fail, or was skipped."""
        return not self.failed

    @property
    def failed(self) -> tuple[AxiomResult, ...]:
        """The axioms that fail although nobody declared it."""
        return tuple(result for result in self.results if result.status == "fails")

    def __getitem__(self, name: str) -> AxiomResult:
        """Return the result of one axiom."""
        for result in self.results:
            if result.name == name:
                return result
        known = ", ".join(repr(result.name) for result in self.results)
        raise InputError(f"no axiom {name!r} was checked. Known: {known}.")

    def raise_on_failure(self) -> None:
        """Raise CheckFailedError with the sentences of the axioms that fail, if any does."""
        if self.failed:
            lines = "".join(f"\n  {result.name}: {result.sentence}" for result in self.failed)
            n = sum(result.status != "skipped" for result in self.results)
            raise CheckFailedError(
                f"{self.estimator} fails {len(self.failed)} of {n} axioms of a clone-robust weighting:{lines}\n"
                "Each result's witness holds the tables to reproduce it. Failures by nature can be declared "
                "with expected_failures=."
            )

    def to_frame(self, backend: Backend | None = None) -> Any:
        """Return one row per axiom: name, status, holds, value, tolerance, sentence, reason.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default=None
            Which library's frame to make; None: the first of them that is installed.
        """
        names = ("name", "status", "holds", "value", "tolerance", "sentence", "reason")
        columns = {name: [getattr(result, name) for result in self.results] for name in names}
        return make_frame(columns, backend)

    def __str__(self) -> str:
        """Return a table: a mark, the axiom, what was found."""
        marks = {"holds": "ok", "fails": "FAILS", "skipped": "-"}
        width = max(len(result.name) for result in self.results)
        n_ok = sum(result.holds is True for result in self.results)
        declared = sum(result.status == "fails as declared" for result in self.results)
        head = f"{self.estimator}: {n_ok} axioms hold, {len(self.failed)} fail"
        head += f", {declared} fail as declared" if declared else ""
        lines = [head]
        for result in self.results:
            mark = marks.get(result.status, "declared" if result.holds is False else "ok (!)")
            numbers = "" if np.isnan(result.value) else f" [{result.value:.2g} <= {result.tolerance:.2g}]"
            if result.holds is False:
                numbers = f" [{result.value:.2g} > {result.tolerance:.2g}]"
            lines.append(f"  {mark:<8} {result.name:<{width}}  {result.sentence}{numbers}")
            if result.reason and result.status != "skipped":
                lines.append(f"  {'':<8} {'':<{width}}  declared: {result.reason}")
        return "\n".join(lines)
