"""When copies change who wins: the closed rule of average win rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import check_number

__all__ = ["CloneFlip", "clones_flip_winner"]


@dataclass(frozen=True, kw_only=True)
class CloneFlip:
    """What copies of one alternative do to the best of the others under average win rates.

    Parameters
    ----------
    flips : bool
        Whether the best of the others changes.
    before, after : int
        The best of the others with one copy and with `copies`, positions into the win rates.
    cloned : int
        The alternative that was copied.
    copies : float
        How many times it is there, itself included.
    flip_at : float
        The winner has changed for every number of copies just above this; inf: copies never change it.
    challenger : int or None
        Who takes over first; None where nobody ever does.
    advantage : float
        D = p(challenger > cloned) - p(winner > cloned): what each copy adds to the challenger's lead; nan
        where nobody ever takes over, as is `lead`.
    lead : float
        x: the winner's lead over the challenger against everybody but the cloned one; with two rivals
        ``2 p(winner > challenger) - 1``.
    cloned_wins : bool
        Whether the cloned alternative itself is ahead of everybody once it is there `copies` times.
    """

    flips: bool
    before: int
    after: int
    cloned: int
    copies: float
    flip_at: float
    challenger: int | None
    advantage: float
    lead: float
    cloned_wins: bool


def clones_flip_winner(win_rates: ArrayLike, copies: float, *, cloned: int = 0) -> CloneFlip:
    r"""Tell whether copies of one alternative change which of the others wins.

    With an alternative F there c times, a rival's total win rate is
    :math:`S_a(c) = c\,p(a \succ F) + \sum_{b \neq F} p(a \succ b)`: a line in c. For rivals A and R,
    with :math:`D = p(A \succ F) - p(R \succ F)` and :math:`x = 2 p(R \succ A) - 1`,

    .. math:: S_A(c) - S_R(c) = c D - x,

    so the winner moves from R to A exactly if :math:`D < x < c D`. With more rivals the challenger is the
    one whose line crosses the winner's first, and x the winner's lead over it without F.

    Parameters
    ----------
    win_rates : array-like of shape (n_alternatives, n_alternatives)
        ``win_rates[a, b]`` is p(a > b), P + P.T is 1 off the diagonal; at least 3 alternatives.
    copies : float
        c, at least 1: how many times the alternative is there, itself included.
    cloned : int, default=0
        Position of F.

    Returns
    -------
    found : CloneFlip
        Equal totals count as no change: the earlier winner stays.

    Raises
    ------
    InputError
        If `win_rates` is no such table.
    ParameterError
        If `copies` is below 1 or `cloned` names no alternative.

    Notes
    -----
    On a complete design plain maximum-likelihood rewards are ordered as average win rates, whatever the
    regularisation (``docs/theory.md``), so the rule decides for them too. Weights that keep F's share at
    phi, and give the others equal parts, are the rule at c = (m - 1) phi / (1 - phi). O(m^2).

    Examples
    --------
    The case study of Procaccia, Schiffer and Zhang (arXiv:2501.09254): food, art, romance.

    >>> P = [[0.5, 0.21, 0.5], [0.79, 0.5, 0.29], [0.5, 0.71, 0.5]]
    >>> found = clones_flip_winner(P, 2)
    >>> found.flips, found.before, found.after, round(found.flip_at, 3)
    (True, 2, 1, 1.448)
    """
    table = _as_win_rates(win_rates)
    m = len(table)
    c = check_number("copies", copies, low=1.0)
    if isinstance(cloned, bool) or not isinstance(cloned, (int, np.integer)) or not 0 <= cloned < m:
        raise ParameterError(f"cloned must be a position from 0 to {m - 1}. Got {cloned!r}.")
    slope = table[:, cloned]
    base = table.sum(axis=1) - slope
    rivals = np.delete(np.arange(m), cloned)
    before = int(rivals[np.argmax((base + slope)[rivals])])
    gain, lead = slope - slope[before], base[before] - base
    crossing = np.full(m, np.inf)
    faster = (gain > 0.0) & (np.arange(m) != cloned)
    crossing[faster] = np.maximum(lead[faster] / gain[faster], 1.0)
    first = int(np.argmin(crossing))
    flip_at = float(crossing[first])
    none = not np.isfinite(flip_at)
    total = base + c * slope
    after = before if not c > flip_at else int(rivals[np.argmax(total[rivals])])
    return CloneFlip(
        flips=after != before,
        before=before,
        after=after,
        cloned=int(cloned),
        copies=c,
        flip_at=flip_at,
        challenger=None if none else first,
        advantage=float("nan") if none else float(gain[first]),
        lead=float("nan") if none else float(lead[first]),
        cloned_wins=bool(base[cloned] + 0.5 * c > total[rivals].max()),
    )


def _as_win_rates(win_rates: ArrayLike) -> FloatArray:
    """Return a checked copy of the table with one half on the diagonal."""
    try:
        table = np.array(win_rates, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"win_rates must be a square table of numbers. Got {win_rates!r:.80}.") from error
    if table.ndim != 2 or table.shape[0] != table.shape[1] or len(table) < 3:
        raise InputError(f"win_rates must be a square table of at least 3 rows. Got shape {table.shape}.")
    np.fill_diagonal(table, 0.5)
    wrong = ~((table >= 0) & (table <= 1) & (np.abs(table + table.T - 1.0) <= 1e-9))
    if wrong.any():
        a, b = (int(k[0]) for k in np.nonzero(wrong))
        raise InputError(
            f"win_rates must lie in [0, 1] and p(a > b) + p(b > a) be 1; {int(wrong.sum()):,} of {table.size:,} "
            f"entries do not fit, first: ({a}, {b}) with {table[a, b]} and {table[b, a]}."
        )
    return table
