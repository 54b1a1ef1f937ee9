"""The estimator under check: fitted on fresh copies, with chance held still and its noise known."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.audit.axiom_records import Witness

__all__ = ["Case", "Fitted", "Observation", "Subject", "Unusable", "compare"]

NOISE = 5.0
"""Standard errors that a weight known only up to sampling noise may differ by."""


class Unusable(Exception):  # noqa: N818  # never leaves the suite: it becomes a result
    """The estimator raised, or gave no weights, on a table."""

    def __init__(self, message: str, X: NDArray[Any]) -> None:
        super().__init__(message)
        self.X = X


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """A table, its weights, and their standard errors (zeros where the estimator has none)."""

    X: NDArray[Any]
    weights: FloatArray
    standard_errors: FloatArray

    def total(self, rows: IntArray) -> float:
        """Return the weight of some rows together."""
        return float(self.weights[rows].sum())

    def noise(self, rows: IntArray) -> float:
        """Return how far that total may be off by chance; copies share one error."""
        return NOISE * float(self.standard_errors[rows].sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class Observation:
    """One comparison that an axiom makes: the change seen, what is allowed, and where."""

    value: float
    allowed: float
    witness: Witness | None
    sentence: str
    details: dict[str, float]

    @property
    def excess(self) -> float:
        """How far beyond what is allowed, to compare observations."""
        if np.isnan(self.value):
            return float("inf")
        return self.value / self.allowed if self.allowed > 0 else (float("inf") if self.value > 0 else 0.0)


class Subject:
    """An estimator with ``fit(X)`` and ``weights_``, fitted anew for each table and never itself changed.

    Parameters
    ----------
    estimator : object
        scikit-learn's ``clone`` makes the copies where it has ``get_params``, ``copy.deepcopy`` elsewhere.
    random_state : int
        Put in where the estimator's own ``random_state`` is None: chance is held still.
    """

    def __init__(self, estimator: Any, random_state: int) -> None:
        if not callable(getattr(estimator, "fit", None)) or isinstance(estimator, type):
            given = f"the class {estimator.__name__}" if isinstance(estimator, type) else repr(estimator)
            raise InputError(
                f"estimator must be an object with fit(X) that sets weights_. Got {given[:200]}."
                + (" Make an instance of it." if isinstance(estimator, type) else "")
            )
        self.estimator = estimator
        self.random_state = random_state
        self.n_fits = 0
        self._known: dict[tuple[bytes, tuple[int, ...]], Fitted] = {}

    @property
    def is_sklearn(self) -> bool:
        """Whether the estimator has scikit-learn's parameters."""
        return hasattr(self.estimator, "get_params") and hasattr(self.estimator, "set_params")

    def fresh(self, **options: Any) -> Any:
        """Return an unfitted copy; options that it does not have are left out."""
        made = clone(self.estimator) if self.is_sklearn else copy.deepcopy(self.estimator)
        known = made.get_params(deep=False) if self.is_sklearn else vars(made)
        if "random_state" in known and known["random_state"] is None:
            options = {"random_state": self.random_state, **options}
        elif isinstance(known.get("random_state"), (np.random.Generator, np.random.RandomState)):
            options = {"random_state": copy.deepcopy(known["random_state"]), **options}
        options = {name: value for name, value in options.items() if name in known}
        if self.is_sklearn:
            made.set_params(**options)
        else:
            for name, value in options.items():
                setattr(made, name, value)
        return made

    def fit(self, X: NDArray[Any]) -> Fitted:
        """Return the weights of a table; known ones are not computed again.

        Raises
        ------
        Unusable
            If ``fit`` raises or ``weights_`` is not one finite number per row.
        """
        key = (X.tobytes(), (*X.shape, X.dtype.num))
        if key not in self._known:
            if len(self._known) > 400:
                self._known.clear()
            self._known[key] = self.fit_anew(X)
        return self._known[key]

    def fit_anew(self, X: Any, **options: Any) -> Fitted:
        """Return the weights of a table, computed on a fresh copy with some options set."""
        made = self.fresh(**options)
        table = np.array(X, copy=True) if isinstance(X, np.ndarray) else X
        self.run(made, table)
        raw = np.asarray(X)
        weights = np.array(made.weights_, dtype=np.float64)
        errors = np.asarray(getattr(made, "standard_errors_", 0.0), dtype=np.float64)
        if weights.shape != (len(raw),) or not np.isfinite(weights).all():
            raise Unusable(
                f"weights_ must be {len(raw)} finite numbers, one per row; it has shape {weights.shape}"
                + ("" if weights.shape != (len(raw),) else " and holds NaN or infinity"),
                raw,
            )
        if errors.shape != weights.shape or not np.isfinite(errors).all():
            errors = np.zeros_like(weights)
        return Fitted(X=raw, weights=weights, standard_errors=errors)

    def run(self, made: Any, X: Any) -> Any:
        """Fit and return what fit returns; whatever it raises becomes Unusable, warnings are not shown."""
        self.n_fits += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                returned = made.fit(X)
            except Exception as error:  # an estimator of someone else may raise anything
                raise Unusable(f"fit raised {type(error).__name__}: {error}", np.asarray(X)) from error
        if not hasattr(made, "weights_"):
            raise Unusable("fit set no weights_", np.asarray(X))
        return returned


def compare(
    before: Fitted, after: Fitted, groups: list[tuple[IntArray, IntArray]]
) -> Iterator[tuple[float, float, float, Witness]]:
    """Yield change, noise and relative change of the total of each group of rows, with the witness.

    The relative change is in shares of the larger of the two totals: 0.9 is a loss of 90 % or a gain of tenfold.
    """
    for rows, later in groups:
        old, new = before.total(rows), after.total(later)
        least = 0.1 / len(before.weights)  # a tenth of an average weight: below it a share is not compared
        witness = Witness(
            before=before.X,
            after=after.X,
            rows_before=rows,
            rows_after=later,
            total_before=old,
            total_after=new,
        )
        change = abs(new - old)
        yield change, before.noise(rows) + after.noise(later), change / max(old, new, least), witness


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """What an axiom is tried on.

    Parameters
    ----------
    subject : Subject
    X : ndarray of shape (n_alternatives, n_dims)
        Distinct alternatives.
    rng : numpy Generator
        Draws directions.
    tolerance : float
        Change allowed beyond sampling noise.
    """

    subject: Subject
    X: NDArray[Any]
    rng: np.random.Generator
    tolerance: float
