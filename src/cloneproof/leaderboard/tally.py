"""Comparisons summed over equal rows, so that a refit costs the pairs and not the rows."""

from __future__ import annotations

import numpy as np

from cloneproof._core.errors import InputError
from cloneproof._core.typing import IntArray, LabelArray
from cloneproof.preferences import Comparisons

__all__ = ["leave_out", "merge_alternatives", "tally", "tally_with_places"]


def tally(comparisons: Comparisons) -> Comparisons:
    """Sum rows of the same pair and outcome into one row with their count.

    The fit of rewards by half wins or by a model of ties is the same; annotators and the order of rows
    are lost. Rows come with ``left < right``.

    Examples
    --------
    >>> c = Comparisons.from_arrays(["a", "b", "a"], ["b", "a", "b"], outcome=[1, 0, 0.5])
    >>> t = tally(c)
    >>> t.outcome.tolist(), t.count.tolist()
    ([0.5, 1.0], [1.0, 2.0])
    """
    return tally_with_places(comparisons)[0]


def tally_with_places(comparisons: Comparisons) -> tuple[Comparisons, IntArray]:
    """Return the summed rows, and in which of them each comparison row went."""
    c, m = comparisons, comparisons.n_alternatives
    left, right = c.left.astype(np.int64), c.right.astype(np.int64)
    turned = left > right
    low, high = np.minimum(left, right), np.maximum(left, right)
    outcome = np.where(turned, 1.0 - c.outcome, c.outcome)
    values, level = np.unique(outcome, return_inverse=True)
    keys, place = np.unique((low * m + high) * len(values) + level.ravel(), return_inverse=True)
    pair = keys // len(values) if len(values) else keys
    summed = Comparisons.from_arrays(
        pair // m,
        pair % m,
        values[keys % len(values)] if len(values) else None,
        np.bincount(place.ravel(), c.count, len(keys)),
        ids=c.ids,
    )
    return summed, place.ravel().astype(np.int64)


def merge_alternatives(comparisons: Comparisons, labels: IntArray, names: LabelArray) -> Comparisons:
    """Pool alternatives of one label into one; comparisons inside a label are dropped.

    Parameters
    ----------
    comparisons : Comparisons
    labels : int64 ndarray of shape (n_alternatives,)
        0, 1, ...
    names : array of length n_labels
        Names of the pooled alternatives.
    """
    left, right = labels[comparisons.left], labels[comparisons.right]
    kept = left != right
    return Comparisons.from_arrays(
        left[kept], right[kept], comparisons.outcome[kept], comparisons.count[kept], ids=names
    )


def leave_out(comparisons: Comparisons, names: LabelArray | list[str]) -> tuple[Comparisons, IntArray]:
    """Return the comparisons without some alternatives, and the positions of the rows that stay.

    Raises
    ------
    InputError
        For a name that is not among the alternatives, or if nothing is left to compare.
    """
    known = {str(name): k for k, name in enumerate(comparisons.ids.tolist())}
    unknown = [name for name in names if str(name) not in known]
    if unknown:
        raise InputError(
            f"cannot leave out {unknown[0]!r}: it is not among the {len(known):,} alternatives, "
            f"such as {next(iter(known), '')!r}."
        )
    gone = np.zeros(comparisons.n_alternatives, dtype=bool)
    gone[[known[str(name)] for name in names]] = True
    rows = np.flatnonzero(~gone[comparisons.left] & ~gone[comparisons.right])
    if not len(rows):
        raise InputError(f"no comparison is left without {', '.join(map(repr, names))}.")
    return comparisons.restrict(rows, np.flatnonzero(~gone)), rows
