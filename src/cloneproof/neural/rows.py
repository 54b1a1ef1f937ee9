"""The comparisons of all repeats in one store, and the batches that each repeat draws from its own.

A batch estimates the whole objective: with n rows and B of them in the batch, the sums over rows are
multiplied by n / B. Each repeat goes through its rows in an order of its own, drawn anew for every
epoch by its own generator, so that what a repeat sees does not depend on which others train beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.rewards.objective import Objective

__all__ = ["BatchStream", "RowStore", "collect_rows", "observed_ridge"]


@dataclass(frozen=True, kw_only=True, eq=False)
class RowStore:
    """Rows of several repeats, one after the other, and a last row of weight 0 that fills batches up.

    Parameters
    ----------
    left, right : int64 ndarray of shape (n_rows + 1,)
    win, loss : float64 ndarray of shape (n_rows + 1,)
        ``omega_e y_e`` and ``omega_e (1 - y_e)``.
    ridge_left, ridge_right : float64 ndarray of shape (n_rows + 1,)
        ``lambda w_a / n_a``, n_a the number of row sides that hold a: sums to the ridge over all rows.
    start : int64 ndarray of shape (n_repeats + 1,)
        Repeat k has the rows ``start[k]:start[k + 1]``.
    """

    left: IntArray
    right: IntArray
    win: FloatArray
    loss: FloatArray
    ridge_left: FloatArray
    ridge_right: FloatArray
    start: IntArray

    @property
    def n_rows(self) -> IntArray:
        """Rows of each repeat, shape (n_repeats,)."""
        return np.diff(self.start)


def collect_rows(objectives: Sequence[Objective], *, spread_ridge: bool) -> RowStore:
    """Put the rows of all repeats into one store.

    Parameters
    ----------
    objectives : sequence of Objective
        One for each repeat; their rows are distinct pairs, with weights summed.
    spread_ridge : bool
        Whether the ridge is spread over the rows. Alternatives that no row names then get a row of
        their own, (a, a) with no outcome, so that the ridge is whole.
    """
    parts = [_rows_of(objective, spread_ridge=spread_ridge) for objective in objectives]
    filler = (np.zeros(1, np.int64), np.zeros(1, np.int64), *[np.zeros(1)] * 4)
    columns = [np.concatenate(column) for column in zip(*parts, filler, strict=True)]
    left, right, win, loss, ridge_left, ridge_right = columns
    return RowStore(
        left=left.astype(np.int64),
        right=right.astype(np.int64),
        win=win,
        loss=loss,
        ridge_left=ridge_left,
        ridge_right=ridge_right,
        start=np.cumsum([0, *(len(part[0]) for part in parts)], dtype=np.int64),
    )


def observed_ridge(objective: Objective) -> FloatArray:
    """Return ``lambda w_a / n_a`` for each alternative, n_a counting row sides; lone ones count two."""
    m = objective.n_alternatives
    sides = np.bincount(objective.left, minlength=m) + np.bincount(objective.right, minlength=m)
    return np.asarray(objective.ridge / np.where(sides > 0, sides, 2), dtype=np.float64)


def _rows_of(objective: Objective, *, spread_ridge: bool) -> tuple[NDArray[np.generic], ...]:
    left, right = objective.left.astype(np.int64), objective.right.astype(np.int64)
    win, loss = objective.win, objective.loss
    if not spread_ridge:
        return left, right, win, loss, np.zeros(len(left)), np.zeros(len(left))
    m = objective.n_alternatives
    seen = np.zeros(m, dtype=bool)
    seen[left] = seen[right] = True
    lone = np.flatnonzero(~seen & (objective.ridge > 0))
    share = observed_ridge(objective)
    left, right = np.concatenate([left, lone]), np.concatenate([right, lone])
    nothing = np.zeros(len(lone))
    return (
        left,
        right,
        np.concatenate([win, nothing]),
        np.concatenate([loss, nothing]),
        share[left],
        share[right],
    )


class BatchStream:
    """Batches of row numbers of every repeat, in an order of its own.

    Parameters
    ----------
    store : RowStore
    batch_size : int
        Rows in a batch; a repeat with fewer rows takes all of them every time.
    generators : sequence of Generator
        One for each repeat.

    Attributes
    ----------
    factor : float64 ndarray of shape (n_repeats,)
        n / B of each repeat.
    width : int
        Columns of a batch: the largest B; others are filled up with the row of weight 0.
    """

    def __init__(self, store: RowStore, batch_size: int, generators: Sequence[np.random.Generator]) -> None:
        n = store.n_rows
        self._sizes = np.minimum(n, batch_size)
        self.factor = n / self._sizes
        self.width = int(self._sizes.max())
        self._store = store
        self._generators = generators
        self._left_over: list[IntArray] = [np.zeros(0, dtype=np.int64)] * len(n)

    def take(self, n_steps: int) -> IntArray:
        """Return row numbers for the next steps, shape (n_steps, n_repeats, width)."""
        store = self._store
        found = np.full((n_steps, len(self._sizes), self.width), len(store.left) - 1, dtype=np.int64)
        for k, size in enumerate(self._sizes.tolist()):
            n = int(store.n_rows[k])
            if size == n:
                found[:, k, :n] = np.arange(n) + store.start[k]
            else:
                found[:, k, :size] = self._next(k, n, n_steps * size).reshape(n_steps, size) + store.start[k]
        return found

    def _next(self, k: int, n: int, wanted: int) -> IntArray:
        """Return the next `wanted` rows of the epochs of repeat k, each a permutation of its n rows."""
        parts = [self._left_over[k]]
        have = len(parts[0])
        while have < wanted:
            parts.append(self._generators[k].permutation(n))
            have += n
        rows = np.concatenate(parts)
        self._left_over[k] = rows[wanted:]
        return np.asarray(rows[:wanted], dtype=np.int64)

    def __iter__(self) -> Iterator[IntArray]:
        """Yield one batch after the other, without end."""
        while True:
            yield self.take(1)[0]
