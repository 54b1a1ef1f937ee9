"""A board with exact copies of one alternative in it: its rows repeated, or its share split."""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, RandomState
from cloneproof._core.validation import as_weights, check_integer, generator
from cloneproof.preferences import Comparisons

__all__ = ["add_copies", "add_variants", "find_alternative", "split_weight"]


def find_alternative(comparisons: Comparisons, name: object) -> int:
    """Return the position of an alternative by its name.

    Raises
    ------
    InputError
        If it is not there; close names are suggested.
    """
    names = [str(x) for x in comparisons.ids.tolist()]
    if str(name) in names:
        return names.index(str(name))
    close = difflib.get_close_matches(str(name), names, n=3)
    hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
    raise InputError(f"{str(name)!r} is not among the {len(names):,} alternatives.{hint}")


def add_copies(comparisons: Comparisons, alternative: int, copies: int) -> Comparisons:
    """Return the comparisons with exact copies of one alternative, each with all of its rows.

    Parameters
    ----------
    comparisons : Comparisons
    alternative : int
        Position of the one that is copied.
    copies : int
        At least 1. Copies stand at the end of ``ids``, named ``NAME (copy 1)``, ...
    """
    return _appended(comparisons, alternative, check_integer("copies", copies, low=1), None)


def add_variants(
    comparisons: Comparisons,
    alternative: int,
    copies: int,
    *,
    units: csr_array | None = None,
    random_state: RandomState = None,
) -> Comparisons:
    """Return the comparisons with variants that are as good as one alternative but judged anew.

    Each variant has as many comparisons as the original, drawn from the original's with replacement (the
    bootstrap: opponent and outcome together).

    Parameters
    ----------
    comparisons : Comparisons
        With whole counts.
    alternative : int
    copies : int
    units : sparse array of shape (n_units, n_comparisons), default=None
        How many comparisons of each row each independent unit (annotator, prompt) made: whole units are
        drawn, as many as compared the original. None: every comparison is a unit.
    random_state : int, Generator or None, default=None
    """
    return _appended(
        comparisons, alternative, check_integer("copies", copies, low=1), generator(random_state), units
    )


def split_weight(weight: ArrayLike, alternative: int, copies: int) -> FloatArray:
    """Return weights in which copies share the original's: what every clone-robust weighting does.

    Shape (n_alternatives + copies,), the copies at the end.
    """
    given = np.asarray(weight, dtype=np.float64)
    w = as_weights(given, len(given), name="weight", per="alternative")
    share = w[alternative] / (copies + 1)
    grown: FloatArray = np.concatenate([w, np.full(copies, share)])
    grown[alternative] = share
    return grown


def _appended(
    c: Comparisons,
    alternative: int,
    copies: int,
    rng: np.random.Generator | None,
    units: csr_array | None = None,
) -> Comparisons:
    m = c.n_alternatives
    check_integer("alternative", alternative, low=0, high=m - 1)
    rows = np.flatnonzero((c.left == alternative) | (c.right == alternative))
    if not len(rows):
        raise InputError(f"{c.ids.item(alternative)!r} has no comparisons to copy.")
    who = None
    if units is not None:
        who = units[:, rows].tocsr()
        who = who[np.flatnonzero(np.diff(who.indptr))]
    parts: list[tuple[Any, ...]] = [(c.left, c.right, c.outcome, c.count)]
    for k in range(copies):
        one = np.where(c.left[rows] == alternative, m + k, c.left[rows])
        other = np.where(c.right[rows] == alternative, m + k, c.right[rows])
        won, times = c.outcome[rows], c.count[rows]
        if rng is not None:
            if who is None:
                total = float(times.sum())
                drawn = rng.multinomial(round(total), times / total)
            else:
                n_units = who.shape[0]
                drawn = rng.multinomial(n_units, np.full(n_units, 1.0 / n_units)) @ who
            seen = np.flatnonzero(drawn)
            one, other, won, times = one[seen], other[seen], won[seen], drawn[seen].astype(np.float64)
        parts.append((one, other, won, times))
    name = str(c.ids.item(alternative))
    ids = np.empty(m + copies, dtype=object)
    ids[:m] = [str(x) for x in c.ids.tolist()]
    ids[m:] = [f"{name} (copy {k + 1})" for k in range(copies)]
    if len(set(ids.tolist())) < len(ids):
        raise InputError(f"the board already holds a copy named {ids[m]!r}. Rename it.")
    left, right, outcome, count = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Comparisons.from_arrays(left, right, outcome, count, ids=ids)
