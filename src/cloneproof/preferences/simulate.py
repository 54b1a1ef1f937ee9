"""Comparisons sampled from simulated annotators."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.typing import IntArray, RandomState
from cloneproof._core.validation import as_weights, check_integer, generator
from cloneproof.preferences.comparisons import Comparisons
from cloneproof.preferences.population import Population

__all__ = ["sample_comparisons", "simulate_judgments"]


def simulate_judgments(
    population: Population,
    left: ArrayLike,
    right: ArrayLike,
    *,
    n_annotators: int | None = None,
    annotator_taste: ArrayLike | None = None,
    ids: ArrayLike | None = None,
    texts: Sequence[str] | None = None,
    random_state: RandomState = None,
) -> Comparisons:
    """Let simulated annotators judge given pairs, one judgment a row.

    Parameters
    ----------
    population : Population
    left, right : array-like of int of shape (n_comparisons,)
        Positions of the two alternatives of each row.
    n_annotators : int, default=None
        Size of the panel; each row is judged by one of its members drawn at random. None: every row
        by somebody new, which is what the win rates of the population describe.
    annotator_taste : array-like of int of shape (n_annotators,), default=None
        The taste of each member of the panel (positions into ``population.tastes``), for instance
        from :meth:`Population.draw_tastes`. None: drawn by the shares.
    ids : array-like of shape (n_alternatives,), default=None
        Names of the alternatives; None: 0, 1, 2, ...
    texts : sequence of str of length n_alternatives, default=None
    random_state : int, Generator or None, default=None

    Returns
    -------
    comparisons : Comparisons
        `outcome` is 1 or 0, never a tie: equals are decided by a coin. `annotator` is the position in
        the panel.

    Raises
    ------
    InputError
        For positions outside the population's alternatives, pairs of one alternative with itself, or
        tastes that do not exist.
    """
    rng = generator(random_state)
    m = population.n_alternatives
    names = np.arange(m) if ids is None else np.asarray(ids)
    if names.shape != (m,):
        raise InputError(f"ids has shape {names.shape}; the population values {m:,} alternatives.")
    design = Comparisons.from_arrays(left, right, ids=names, texts=texts)
    n = design.n_comparisons
    taste, annotator = _panel(population, n, n_annotators, annotator_taste, rng)
    rewards = population.rewards
    gap = rewards[taste, design.left] - rewards[taste, design.right]
    outcome = (rng.random(n) < population.choice_probability(gap)).astype(np.float64)
    return Comparisons.from_arrays(
        design.left, design.right, outcome, annotator=annotator, ids=names, texts=texts
    )


def sample_comparisons(
    population: Population,
    n_comparisons: int,
    *,
    alternative_probability: ArrayLike | None = None,
    pairs: ArrayLike | None = None,
    n_annotators: int | None = None,
    annotator_taste: ArrayLike | None = None,
    ids: ArrayLike | None = None,
    texts: Sequence[str] | None = None,
    random_state: RandomState = None,
) -> Comparisons:
    """Sample pairs at random and let simulated annotators judge them.

    Parameters
    ----------
    population : Population
    n_comparisons : int
        Number of rows.
    alternative_probability : array-like of shape (n_alternatives,), default=None
        How often each alternative is drawn: a pair has probability proportional to the product of its
        two values. None: all pairs alike.
    pairs : array-like of int of shape (n_pairs, 2), default=None
        Draw rows from these pairs, with replacement, instead of from all.
    n_annotators, annotator_taste, ids, texts
        As in :func:`simulate_judgments`.
    random_state : int, Generator or None, default=None

    Returns
    -------
    comparisons : Comparisons
        The sides of a pair are in random order.

    Raises
    ------
    ParameterError
        If both `pairs` and `alternative_probability` are given.
    InputError
        If fewer than two alternatives have a positive probability, or `pairs` is not such a table.

    Examples
    --------
    >>> from cloneproof.preferences import paris_population
    >>> annotators = paris_population(["food", "art", "romance"])
    >>> sample_comparisons(annotators, 1000, random_state=0)
    Comparisons(1,000 of 3 alternatives by 1,000 annotators)
    """
    n = check_integer("n_comparisons", n_comparisons, low=1)
    rng = generator(random_state)
    if pairs is not None and alternative_probability is not None:
        raise ParameterError("Give either pairs or alternative_probability, not both.")
    if pairs is not None:
        table = np.asarray(pairs)
        if table.ndim != 2 or table.shape[1] != 2 or len(table) == 0 or table.dtype.kind not in "iu":
            raise InputError(
                f"pairs must be an integer table of shape (n_pairs, 2). Got {table.dtype} {table.shape}."
            )
        drawn = table[rng.integers(len(table), size=n)]
        flip = rng.random(n) < 0.5
        left = np.where(flip, drawn[:, 1], drawn[:, 0])
        right = np.where(flip, drawn[:, 0], drawn[:, 1])
    else:
        left, right = _draw_pairs(population.n_alternatives, n, alternative_probability, rng)
    return simulate_judgments(
        population,
        left,
        right,
        n_annotators=n_annotators,
        annotator_taste=annotator_taste,
        ids=ids,
        texts=texts,
        random_state=rng,
    )


def _draw_pairs(
    m: int, n: int, alternative_probability: ArrayLike | None, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Draw ordered pairs of different alternatives with probability proportional to q_a q_b."""
    if alternative_probability is None:
        left = rng.integers(m, size=n)
        right = rng.integers(m - 1, size=n)
        return left, right + (right >= left)
    q = as_weights(alternative_probability, m, name="alternative_probability", per="alternative")
    if np.count_nonzero(q) < 2:
        raise InputError(
            "alternative_probability must be positive for at least 2 alternatives. Got "
            f"{np.count_nonzero(q)}."
        )
    # Left has probability q_a (1 - q_a) / sum; right follows q over the others: a point of their
    # cumulated probability, moved past left's own stretch.
    edges = np.concatenate([[0.0], np.cumsum(q)])
    rest = edges[:-1] + np.concatenate([np.cumsum(q[:0:-1])[::-1], [0.0]])
    left = rng.choice(m, size=n, p=q * rest / (q * rest).sum())
    point = rng.random(n) * rest[left]
    point = np.where(point < edges[left], point, point + q[left])
    right = np.minimum(np.searchsorted(edges, point, side="right") - 1, m - 1)
    wrong = np.flatnonzero((right == left) | (q[right] == 0))  # rounded onto the edge of a stretch
    for k in wrong.tolist():
        others = np.where(np.arange(m) == left[k], 0.0, q)
        right[k] = rng.choice(m, p=others / others.sum())
    return left.astype(np.int64), right.astype(np.int64)


def _panel(
    population: Population,
    n: int,
    n_annotators: int | None,
    annotator_taste: ArrayLike | None,
    rng: np.random.Generator,
) -> tuple[IntArray, IntArray]:
    """Return the taste and the annotator of each row."""
    if annotator_taste is None:
        if n_annotators is None:
            drawn = population.draw_tastes(max(n, 1), random_state=rng)[:n]
            return drawn.astype(np.int64), np.arange(n, dtype=np.int64)
        panel = population.draw_tastes(n_annotators, random_state=rng)
    else:
        panel = np.asarray(annotator_taste)
        k = len(population.tastes)
        if panel.ndim != 1 or len(panel) == 0 or panel.dtype.kind not in "iu":
            raise InputError(
                f"annotator_taste must be a list of integers, one per annotator. Got {panel.dtype} "
                f"{panel.shape}."
            )
        bad = (panel < 0) | (panel >= k)
        if bad.any():
            first = int(np.argmax(bad))
            raise InputError(
                f"annotator_taste must hold positions from 0 to {k - 1}; {int(bad.sum()):,} of "
                f"{len(panel):,} are outside, first: {panel[first]} (annotator {first})."
            )
        if n_annotators is not None and n_annotators != len(panel):
            raise InputError(
                f"annotator_taste has {len(panel):,} entries but n_annotators is {n_annotators:,}."
            )
    annotator = rng.integers(len(panel), size=n)
    return panel[annotator].astype(np.int64), annotator
