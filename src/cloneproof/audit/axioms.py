"""The suite that any clone-robust weighting must pass: does an axiom fail, and where."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloneproof._core.errors import ParameterError
from cloneproof._core.progress import track
from cloneproof._core.validation import check_choice, check_integer, check_number
from cloneproof.audit.axiom_contract import (
    observe_dtype,
    observe_input_unchanged,
    observe_parameters,
    observe_repeatable,
    observe_simplex,
    observe_threads,
)
from cloneproof.audit.axiom_copies import (
    observe_clones,
    observe_collateral,
    observe_duplicates,
    observe_equal_copies,
)
from cloneproof.audit.axiom_invariance import (
    observe_permutation,
    observe_rotation,
    observe_scaling,
    observe_translation,
)
from cloneproof.audit.axiom_movement import observe_continuity, observe_distant
from cloneproof.audit.axiom_records import AxiomResult, AxiomStatus, WeightingCheck, Witness
from cloneproof.audit.axiom_subject import Case, Observation, Subject, Unusable
from cloneproof.weights.neighbours import as_table

__all__ = ["AXIOMS", "Axiom", "check_weighting"]

Observe = Callable[[Case], Iterator[Observation]]


@dataclass(frozen=True)
class Axiom:
    """One demand on a weighting.

    Parameters
    ----------
    name : str
    statement : str
        The demand in words.
    tolerance : float
        Change that is allowed beyond sampling noise and, for clones, beyond O(epsilon).
    observe : callable
        Makes the comparisons.
    """

    name: str
    statement: str
    tolerance: float
    observe: Observe


AXIOMS = (
    Axiom("simplex", "One finite, non-negative weight per row; they sum to 1.", 1e-9, observe_simplex),
    Axiom(
        "dtype",
        "weights_ is a float64 array, the same for lists, column order and float32.",
        1e-3,
        observe_dtype,
    ),
    Axiom(
        "input_unchanged",
        "Fit leaves the table as it was, takes one locked against writing, and returns the estimator.",
        0.0,
        observe_input_unchanged,
    ),
    Axiom(
        "parameters",
        "clone, get_params and set_params work; fit changes no parameter.",
        0.0,
        observe_parameters,
    ),
    Axiom(
        "repeatable",
        "The same table and random_state give the same weights, always.",
        0.0,
        observe_repeatable,
    ),
    Axiom("threads", "1, 2 and 8 threads give the same weights.", 1e-12, observe_threads),
    Axiom(
        "permutation",
        "Another order of the rows gives the same weights in that order.",
        1e-9,
        observe_permutation,
    ),
    Axiom("translation", "Moving all alternatives together changes no weight.", 1e-3, observe_translation),
    Axiom(
        "rotation",
        "Turning or mirroring all alternatives together changes no weight.",
        1e-3,
        observe_rotation,
    ),
    Axiom("scaling", "Another unit of the coordinates changes no weight.", 1e-3, observe_scaling),
    Axiom(
        "duplicates", "1 to 1,000 exact copies leave the total of what they copy.", 1e-9, observe_duplicates
    ),
    Axiom("equal_copies", "Exact copies have equal weights.", 1e-9, observe_equal_copies),
    Axiom(
        "clones",
        "1 to 100 clones within epsilon move the total of what they copy by O(epsilon).",
        1e-5,
        observe_clones,
    ),
    Axiom(
        "collateral",
        "Copies and clones of one alternative leave the weight of every other, up to O(epsilon).",
        1e-4,
        observe_collateral,
    ),
    Axiom(
        "continuity",
        "As a cloud of copies slides from its original to far away, no weight jumps.",
        1e-3,
        observe_continuity,
    ),
    Axiom("distant", "A newcomer far away leaves the proportions of the others.", 1e-3, observe_distant),
)
"""All axioms in the order in which they are checked."""

MOST_ROWS = 16
"""Rows of a given table that most axioms look at."""

THREAD_ROWS = 2_500
"""Rows that the axiom about threads looks at."""


def check_weighting(
    estimator: Any,
    X: ArrayLike | None = None,
    *,
    axioms: Collection[str] | None = None,
    skip: Collection[str] = (),
    expected_failures: Mapping[str, str] | Collection[str] | None = None,
    tolerances: Mapping[str, float] | None = None,
    on_failure: Literal["return", "raise"] = "return",
    random_state: int = 0,
) -> WeightingCheck:
    """Check a weighting against the axioms of clone-robust weights, and return where each fails.

    Parameters
    ----------
    estimator : object with ``fit(X)`` that sets ``weights_``
        Ours or yours; never changed itself. Where its ``random_state`` is None a seed is put in. If it has
        ``standard_errors_``, changes within five of them pass. If it has ``fails_by_nature()`` (a mapping
        from axiom to reason), those axioms are declared to fail.
    X : array-like of shape (n_alternatives, n_dims), optional
        A table to check on, for example a piece of your embeddings: 16 of its distinct rows, drawn by
        `random_state` (up to 2,500 for "threads"). By default two small tables, 10 points of a plane
        and 12 unit vectors in four groups in 5 dimensions.
    axioms : collection of str, optional
        Only these; by default all.
    skip : collection of str
        Not these.
    expected_failures : mapping of str to str, or collection of str, optional
        Axioms that need not hold, with the reason; added to what the estimator declares.
    tolerances : mapping of str to float, optional
        Instead of an axiom's own tolerance, for example ``{"duplicates": 1e-6}`` for an iterative solver.
    on_failure : {"return", "raise"}, default="return"
        "raise" raises CheckFailedError if an axiom fails that was not declared.
    random_state : int, default=0
        Seed of the tables.

    Returns
    -------
    check : WeightingCheck
        ``passed``, ``failed``, ``check["duplicates"].witness``, ``to_frame()``; prints as a table.

    Raises
    ------
    CheckFailedError
        With ``on_failure="raise"``, naming each axiom that fails.
    InputError
        If `estimator` has no ``fit``, or `X` is not a table of finite numbers.
    ParameterError
        If an option is out of range or names an axiom that does not exist.

    Notes
    -----
    The axioms: "simplex" (finite, non-negative, sum to 1), "dtype", "input_unchanged", "parameters" (clone,
    get_params, set_params), "repeatable", "threads" (1, 2 and 8); "permutation", "translation", "rotation",
    "scaling"; "duplicates" (1 to 1,000 exact copies leave a family's total), "equal_copies",
    "clones" (within epsilon: the total moves by O(epsilon)), "collateral" (copies and clones leave everyone
    else's weight), "continuity" (a cloud slides from 0 to far; the steepest steps are halved until a
    jump shows or vanishes) and "distant" (a newcomer far away leaves the proportions of the others).
    They are tried on finitely many tables: "holds" means that no failure was found. About 200 fits of some
    10 to 120 rows (1,000 copies at the most): seconds for all weightings of this package.

    Examples
    --------
    >>> check = check_weighting(UniformWeights(), axioms=["duplicates"])
    >>> check["duplicates"].status
    'fails as declared'
    """
    check_choice("on_failure", on_failure, ("return", "raise"))
    seed = check_integer("random_state", random_state, low=0)
    subject = Subject(estimator, seed)
    declared = {**_declared(estimator), **_as_reasons(expected_failures)}
    chosen = _as_names("axioms", axioms) if axioms is not None else [axiom.name for axiom in AXIOMS]
    left_out = _as_names("skip", skip)
    own = dict(tolerances or {})
    _as_names("tolerances", own)
    for name, value in own.items():
        check_number(f"tolerances[{name!r}]", value, low=0.0)
    tables = _tables(X, seed)
    results = []
    with track("checking axioms", total=len(AXIOMS)) as advance:
        for axiom in AXIOMS:
            if axiom.name in chosen and axiom.name not in left_out:
                if axiom.name == "parameters" and not subject.is_sklearn:
                    results.append(_skipped(axiom, "the estimator has no get_params and set_params"))
                else:
                    tolerance = own.get(axiom.name, axiom.tolerance)
                    used = [_large_table(X, seed)] if axiom.name == "threads" else tables
                    seeds = [np.random.default_rng([seed, k]) for k in range(len(used))]
                    results.append(_run(axiom, subject, used, seeds, tolerance, declared.get(axiom.name)))
            elif axiom.name in left_out:
                results.append(_skipped(axiom, "left out as asked"))
            advance(1)
    check = WeightingCheck(
        estimator=" ".join(repr(estimator).split()),
        results=tuple(results),
        n_fits=subject.n_fits,
        random_state=seed,
    )
    if on_failure == "raise":
        check.raise_on_failure()
    return check


def _run(
    axiom: Axiom,
    subject: Subject,
    tables: list[NDArray[Any]],
    seeds: list[np.random.Generator],
    tolerance: float,
    reason: str | None,
) -> AxiomResult:
    """Make all comparisons of one axiom and keep the worst."""
    worst: Observation | None = None
    try:
        for X, rng in zip(tables, seeds, strict=True):
            for seen in axiom.observe(Case(subject=subject, X=X, rng=rng, tolerance=tolerance)):
                if worst is None or seen.excess > worst.excess:
                    worst = seen
    except Unusable as error:
        rows = np.arange(len(error.X)) if error.X.ndim else np.arange(0)
        where = Witness(
            before=error.X,
            after=error.X,
            rows_before=rows,
            rows_after=rows,
            total_before=np.nan,
            total_after=np.nan,
        )
        if worst is None or worst.value <= worst.allowed:
            worst = Observation(
                value=np.inf, allowed=tolerance, witness=where, sentence=str(error), details={}
            )
    if worst is None:
        return _skipped(axiom, "the table is too small for it")
    holds = bool(worst.value <= worst.allowed)
    status: AxiomStatus = "holds" if holds else "fails"
    if reason is not None:
        status = "holds though declared to fail" if holds else "fails as declared"
    return AxiomResult(
        name=axiom.name,
        statement=axiom.statement,
        status=status,
        value=worst.value,
        tolerance=worst.allowed,
        witness=worst.witness,
        sentence=worst.sentence[:1].upper() + worst.sentence[1:] + ".",
        reason=reason or "",
        details=worst.details,
    )


def _skipped(axiom: Axiom, why: str) -> AxiomResult:
    """Return the result of an axiom that was not checked."""
    return AxiomResult(
        name=axiom.name,
        statement=axiom.statement,
        status="skipped",
        value=float("nan"),
        tolerance=axiom.tolerance,
        witness=None,
        sentence=f"Not checked: {why}.",
        reason=why,
    )


def _declared(estimator: Any) -> dict[str, str]:
    """Return what the estimator says of itself."""
    say = getattr(estimator, "fails_by_nature", None)
    return _as_reasons(say() if callable(say) else say)


def _as_reasons(failures: Mapping[str, str] | Collection[str] | None) -> dict[str, str]:
    """Return expected failures with their reasons, checked."""
    if failures is None:
        return {}
    names = _as_names("expected_failures", failures)
    if isinstance(failures, Mapping):
        return {name: str(failures[name]) for name in names}
    return dict.fromkeys(names, "expected by the caller")


def _as_names(option: str, names: Collection[str]) -> list[str]:
    """Return names of axioms, or say which one does not exist."""
    known = [axiom.name for axiom in AXIOMS]
    given = [names] if isinstance(names, str) else list(names)
    for name in given:
        check_choice(f"each of {option}", name, known)
    return given


def _tables(X: ArrayLike | None, seed: int) -> list[NDArray[Any]]:
    """Return the small tables that most axioms look at."""
    rng = np.random.default_rng([seed, 1_000])
    if X is not None:
        return [_draw(X, MOST_ROWS, rng)]
    plane = 3.0 + rng.normal(size=(10, 2))
    topics = np.repeat(rng.normal(size=(4, 5)), 3, axis=0) + 0.5 * rng.normal(size=(12, 5))
    return [plane, topics / np.linalg.norm(topics, axis=1, keepdims=True)]


def _large_table(X: ArrayLike | None, seed: int) -> NDArray[Any]:
    """Return a table with enough rows for threads to share."""
    rng = np.random.default_rng([seed, 2_000])
    if X is not None:
        return _draw(X, THREAD_ROWS, rng)
    return rng.normal(size=(300, 4))


def _draw(X: ArrayLike, most: int, rng: np.random.Generator) -> NDArray[Any]:
    """Return at most `most` distinct rows of a given table, float64."""
    table = np.unique(as_table(X, "X").astype(np.float64), axis=0)
    if len(table) < 3:
        raise ParameterError(f"X must hold at least 3 distinct rows to check on. Got {len(table)}.")
    return table if len(table) <= most else table[np.sort(rng.permutation(len(table))[:most])]
