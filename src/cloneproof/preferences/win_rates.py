"""Win rates: what share of the judgments each alternative won, pair by pair and on average."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import as_weights
from cloneproof.preferences.comparisons import Comparisons

__all__ = ["average_win_rates", "empirical_win_rates"]


def empirical_win_rates(comparisons: Comparisons) -> FloatArray:
    """Compute the share of its judgments that each alternative won against each other one.

    Parameters
    ----------
    comparisons : Comparisons
        Counts weigh the rows; a tie counts half for either side.

    Returns
    -------
    win_rates : ndarray of shape (n_alternatives, n_alternatives)
        ``win_rates[a, b]`` is the share won by a against b; NaN where the pair was never compared,
        0.5 on the diagonal.

    Notes
    -----
    O(n_comparisons) time and 16 n_alternatives^2 bytes: for dense data of some thousand alternatives.

    Examples
    --------
    >>> c = Comparisons.from_arrays([0, 1, 0], [1, 0, 1], outcome=[1, 1, 1], ids=["a", "b"])
    >>> empirical_win_rates(c).round(3).tolist()
    [[0.5, 0.667], [0.333, 0.5]]
    """
    m = comparisons.n_alternatives
    left, right = comparisons.left.astype(np.int64), comparisons.right.astype(np.int64)
    won = np.bincount(left * m + right, comparisons.count * comparisons.outcome, m * m)
    won += np.bincount(right * m + left, comparisons.count * (1.0 - comparisons.outcome), m * m)
    won = won.reshape(m, m)
    total = won + won.T
    rates = np.full((m, m), np.nan)
    np.divide(won, total, out=rates, where=total > 0)
    np.fill_diagonal(rates, 0.5)
    return rates


def average_win_rates(win_rates: ArrayLike, alternative_weight: ArrayLike | None = None) -> FloatArray:
    r"""Average each alternative's win rates over its opponents, weighted.

    .. math:: \bar p(a) = \sum_b w_b p(a > b) / \sum_b w_b

    with p(a > a) = 1/2, over the opponents b whose win rate is known. With uniform weights it is the
    average win rate (Borda score) that the plain maximum likelihood rewards follow.

    Parameters
    ----------
    win_rates : array-like of shape (n_alternatives, n_alternatives)
        Share of judgments won by the row against the column; NaN: unknown.
    alternative_weight : array-like of shape (n_alternatives,), default=None
        Non-negative; None: uniform.

    Returns
    -------
    average : ndarray of shape (n_alternatives,)
        In [0, 1]; NaN for an alternative whose known opponents (itself included) all weigh nothing.

    Raises
    ------
    InputError
        If the table is not square, or holds values outside [0, 1].

    Examples
    --------
    >>> average_win_rates([[0.5, 0.8], [0.2, 0.5]], [0.0, 1.0])
    array([0.8, 0.5])
    """
    table = np.asarray(win_rates, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or len(table) == 0:
        raise InputError(f"win_rates must be a square table. Got shape {table.shape}.")
    known = ~np.isnan(table)
    if not ((table >= 0) & (table <= 1))[known].all():
        raise InputError("win_rates must be in [0, 1], or NaN where a pair was never compared.")
    np.fill_diagonal(table := table.copy(), 0.5)
    np.fill_diagonal(known, val=True)
    m = len(table)
    weight = (
        np.full(m, 1.0 / m)
        if alternative_weight is None
        else as_weights(alternative_weight, m, name="alternative_weight", per="alternative")
    )
    total = known @ weight
    average = np.full(m, np.nan)
    np.divide(np.where(known, table, 0.0) @ weight, total, out=average, where=total > 0)
    return average
