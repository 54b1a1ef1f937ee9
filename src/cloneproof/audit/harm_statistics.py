"""How far judgments depart from one Bradley-Terry model: the statistics, on pairs of counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.special import xlogy

from cloneproof._core.typing import FloatArray, IndexArray
from cloneproof.rewards.connectivity import find_components
from cloneproof.rewards.engine import minimise
from cloneproof.rewards.objective import logistic, total_comparison_weight
from cloneproof.rewards.pairs import Pairs

__all__ = ["Counts", "Layout", "Misfit", "count_triads", "measure_misfit"]

Counts = tuple[FloatArray, FloatArray]
"""Judgments won by the left and by the right alternative of each pair."""

DENSE_TRIADS_UP_TO = 1_500
"""Alternatives up to which triads are counted in a dense table."""

SPARSE_TRIADS_UP_TO = 20_000_000
"""Products of a sparse count of triads beyond which it is left out."""


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """Statistics of one set of pairs under its own fitted Bradley-Terry model.

    Parameters
    ----------
    excess : float
        ``sum over pairs of sum_{i != j} (y_i - p)(y_j - p) / n``, over the judgments i, j of a pair: how much
        judgments of one pair agree with each other beyond the model. A pair judged once adds 0.
    likelihood_ratio : float
        Twice the log likelihood of one rate per pair over that of the model.
    cyclic_share : float
        Share of cyclic ones among decided triads; nan without any.
    n_triads : int
        Decided triads: each of three alternatives was preferred to another by more judgments than not.
    """

    excess: float
    likelihood_ratio: float
    cyclic_share: float
    n_triads: int


class Layout:
    """Pairs that can tell a departure from the model: those in parts of their graph that have a cycle.

    In a part without one, one reward per alternative fits any judgments.

    Parameters
    ----------
    pairs : Pairs
        Numbers of judgments won by either side.
    """

    def __init__(self, pairs: Pairs) -> None:
        part = find_components(pairs)
        m = pairs.n_alternatives
        size = np.bincount(part, minlength=1)
        n_pairs = np.bincount(part[pairs.left], minlength=len(size))
        cyclic = n_pairs >= size
        kept = cyclic[part[pairs.left]]
        self.n_alternatives = m
        self.left, self.right = pairs.left[kept], pairs.right[kept]
        self.win, self.loss = np.round(pairs.win[kept]), np.round(pairs.loss[kept])
        self.degrees_of_freedom = int((n_pairs - size + 1)[cyclic].sum())
        self._pieces = []
        for which in np.flatnonzero(cyclic):
            alternatives = np.flatnonzero(part == which)
            place = np.flatnonzero(part[self.left] == which)
            code = np.zeros(m, dtype=np.int32)
            code[alternatives] = np.arange(len(alternatives), dtype=np.int32)
            start = np.zeros(len(alternatives) + 1, dtype=np.int64)
            left = code[self.left[place]]
            np.cumsum(np.bincount(left, minlength=len(alternatives)), out=start[1:])
            self._pieces.append((alternatives, place, start, left, code[self.right[place]]))

    def count(self, left: IndexArray, right: IndexArray, outcome: FloatArray, count: FloatArray) -> Counts:
        """Return the judgments that rows of comparisons give to each pair of the layout."""
        m = self.n_alternatives
        codes = self.left.astype(np.int64) * m + self.right
        low, high = np.minimum(left, right).astype(np.int64), np.maximum(left, right)
        place = np.minimum(np.searchsorted(codes, low * m + high), len(codes) - 1)
        inside = codes[place] == low * m + high
        won = np.where(left == low, outcome, 1.0 - outcome) * count
        n = np.round(np.bincount(place[inside], count[inside], len(codes)))
        win = np.round(np.bincount(place[inside], won[inside], len(codes)))
        return np.asarray(win, dtype=np.float64), np.asarray(n - win, dtype=np.float64)

    def fit(self, counts: Counts, regularization: float, start: FloatArray | None = None) -> FloatArray:
        """Fit plain rewards, each part of the graph by itself; 0 outside of the layout."""
        rewards = np.zeros(self.n_alternatives)
        for alternatives, place, begin, left, right in self._pieces:
            pairs = Pairs(start=begin, left=left, right=right, win=counts[0][place], loss=counts[1][place])
            plain = np.full(len(alternatives), 1.0 / len(alternatives))
            total = max(float(pairs.weight.sum()), 1.0)
            scaled = pairs.scaled(total_comparison_weight(plain) / total)
            first = None if start is None else start[alternatives]
            found = minimise(scaled, regularization * plain, tol=1e-9, start=first).rewards
            rewards[alternatives] = found - found.mean()
        return rewards

    def rates(self, rewards: FloatArray) -> FloatArray:
        """Return the win rate of `left` in each pair."""
        return logistic(rewards[self.left] - rewards[self.right])

    def sides(self) -> FloatArray:
        """Return the judgments that each alternative takes part in."""
        n, m = self.win + self.loss, self.n_alternatives
        return np.asarray(np.bincount(self.left, n, m) + np.bincount(self.right, n, m), dtype=np.float64)


def measure_misfit(layout: Layout, counts: Counts, rates: FloatArray, *, triads: bool = True) -> Misfit:
    """Compare judgments with the win rates of a model.

    Parameters
    ----------
    layout : Layout
    counts : tuple of two float64 ndarrays of shape (n_pairs,)
        Numbers of judgments won by `left` and by `right`; pairs without any are allowed.
    rates : float64 ndarray of shape (n_pairs,)
        The model's win rate of `left`.
    triads : bool, default=True
        Whether to count triads.
    """
    judged = counts[0] + counts[1] > 0
    win, loss, rates = counts[0][judged], counts[1][judged], rates[judged]
    n = win + loss
    total = win - n * rates
    squares = win * (1.0 - rates) ** 2 + loss * rates**2
    observed = win / n
    fitted = xlogy(win, rates) + xlogy(loss, 1.0 - rates)
    saturated = xlogy(win, observed) + xlogy(loss, 1.0 - observed)
    cyclic, n_triads = (
        count_triads(layout.left, layout.right, *counts, layout.n_alternatives) if triads else (0, 0)
    )
    return Misfit(
        excess=float(((total**2 - squares) / n).sum()),
        likelihood_ratio=float(2.0 * (saturated - fitted).sum()),
        cyclic_share=cyclic / n_triads if n_triads else float("nan"),
        n_triads=n_triads,
    )


def count_triads(
    left: IndexArray, right: IndexArray, win: FloatArray, loss: FloatArray, n_alternatives: int
) -> tuple[int, int]:
    """Return the numbers of cyclic and of all decided triads, by majority of each pair.

    Notes
    -----
    ``trace(M^3) / 3`` and ``trace((M + M')^3) / 6`` with M the table of who beats whom. Dense where that is
    quicker and there are at most 1,500 alternatives, else sparse; (0, 0) where that would take more than 2e7
    products.
    """
    m = n_alternatives
    decided = win != loss
    left, right = left[decided], right[decided]
    ahead = (win > loss)[decided]
    winner, loser = np.where(ahead, left, right), np.where(ahead, right, left)
    degree = np.bincount(np.concatenate([winner, loser]), minlength=m).astype(np.float64)
    products = float(degree @ degree)
    if m <= DENSE_TRIADS_UP_TO and 50.0 * products > float(m) ** 3:
        beats = np.zeros((m, m), dtype=np.float32)
        beats[winner, loser] = 1.0
        met = beats + beats.T
        cyclic = float(((beats @ beats) * beats.T).sum(dtype=np.float64)) / 3.0
        closed = float(((met @ met) * met).sum(dtype=np.float64)) / 6.0
        return round(cyclic), round(closed)
    if products > SPARSE_TRIADS_UP_TO:
        return 0, 0
    table = sp.coo_array((np.ones(len(winner)), (winner, loser)), shape=(m, m)).tocsr()
    both = table + table.T
    cyclic = float((table @ table).multiply(table.T).sum()) / 3.0
    closed = float((both @ both).multiply(both).sum()) / 6.0
    return round(cyclic), round(closed)
