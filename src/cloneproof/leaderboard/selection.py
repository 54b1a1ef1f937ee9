"""Best of many submissions: what showing the luckiest gains, and the family's pooled rating beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cloneproof._core.errors import InputError, NoMaximumLikelihoodError
from cloneproof._core.validation import check_integer
from cloneproof.leaderboard.board import Board
from cloneproof.leaderboard.tally import merge_alternatives, tally
from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry
from cloneproof.rewards.ratings import RATING_SCALE

__all__ = ["FamilySelection", "audit_families", "expected_best_of"]


def expected_best_of(m: int) -> float:
    r"""Return the mean of the largest of `m` independent standard normals.

    .. math:: E[max] = \int z \, m \, \phi(z) \, \Phi(z)^{m - 1} dz

    Parameters
    ----------
    m : int
        At least 1.

    Notes
    -----
    A submitter of m private variants of one model, all equally good and judged apart, who shows the best
    gains this many standard errors. By quadrature, to about 1e-10.

    References
    ----------
    .. [1] David & Nagaraja, Order Statistics, 3rd ed., Wiley 2003, section 3.1 (mean of an extreme).
    .. [2] Singh et al., "The Leaderboard Illusion", 2025, arXiv:2504.20879 (the practice).

    Examples
    --------
    >>> round(expected_best_of(2) * np.sqrt(np.pi), 9)
    1.0
    """
    from scipy.integrate import quad
    from scipy.special import log_ndtr

    m = check_integer("m", m, low=1)
    if m == 1:
        return 0.0

    def integrand(z: float) -> float:
        log_density = -0.5 * z * z - 0.5 * np.log(2.0 * np.pi)
        return float(z * m * np.exp(log_density + (m - 1) * log_ndtr(z)))

    middle = np.sqrt(2.0 * np.log(m))
    points = [middle - 2.0, middle, middle + 2.0]
    value, _ = quad(integrand, -12.0, middle + 12.0, points=points, limit=200, epsabs=1e-12, epsrel=1e-12)
    return float(value)


@dataclass(frozen=True, kw_only=True)
class FamilySelection:
    """A family as one submitter: its best member beside all of its votes pooled.

    Parameters
    ----------
    family : str
    members : tuple of str
        Best first.
    best_rating, pooled_rating : float
        Plain rating of the best member, and of the family as one alternative in a refit, shifted so that
        the alternatives outside the family have the same mean.
    standard_error : float
        Of the best member's rating, in rating points.
    gap : float
        ``(best - pooled) / standard_error``.
    expected_gap : float
        ``E[max of n N(0, 1)]``: what luck alone gives the best of n equal members. A gap well above it
        says that the members truly differ.
    expected_gain : float
        ``standard_error * expected_gap``, in rating points.
    """

    family: str
    members: tuple[str, ...]
    best_rating: float
    pooled_rating: float
    standard_error: float
    gap: float
    expected_gap: float
    expected_gain: float


def audit_families(
    comparisons: Comparisons, board: Board, families: Sequence[Any] | None = None
) -> tuple[FamilySelection, ...]:
    """Compare the best of each family with the family's votes pooled.

    Parameters
    ----------
    comparisons : Comparisons
        Those of the board; refitted without covariates, ties as half wins.
    board : Board
    families : sequence of length n_alternatives, default=None
        Labels; None: the board's.

    Returns
    -------
    found : tuple of FamilySelection
        Families of two or more, largest gap first. Families whose pooled fit has no maximum are left out.

    Raises
    ------
    InputError
        Without families.

    Notes
    -----
    One refit a family, on summed pairs. Pooling answers another question than the table: how good is a
    random member; it is immune to showing the best of many, and unfair to a family of unequal members.
    """
    from cloneproof.weights.families import as_families

    given = families if families is not None else board.families
    if given is None:
        raise InputError("families are needed: give labels, or a board that was made with them.")
    ids = np.asarray(board.ids, dtype=object)
    labels = as_families(given, len(ids))
    shown = [str(label) for label in given]
    summed = tally(comparisons)
    strength = float(board.settings.get("regularization", 0.0))
    scale = float(board.settings.get("scale", RATING_SCALE))
    base = float(board.settings.get("base", 1000.0))
    rating, error = board.plain.rating, board.plain.standard_error
    found = []
    for family in np.flatnonzero(np.bincount(labels) > 1):
        inside = labels == family
        if inside.all():
            continue
        outside = np.flatnonzero(~inside)
        place = np.zeros(len(ids), dtype=np.int64)
        place[outside] = 1 + np.arange(len(outside))
        members = np.flatnonzero(inside)
        name = shown[int(members[0])]
        pooled = merge_alternatives(summed, place, np.arange(1 + len(outside)))
        try:
            rewards = BradleyTerry(regularization=strength).fit(pooled).rewards_
        except NoMaximumLikelihoodError:
            continue
        pooled_rating = base + scale * rewards
        pooled_rating += float(rating[outside].mean() - pooled_rating[1:].mean())
        order = members[np.argsort(-rating[members], kind="stable")]
        best = int(order[0])
        expected = expected_best_of(len(members))
        gain = float(rating[best] - pooled_rating[0])
        found.append(
            FamilySelection(
                family=name,
                members=tuple(str(x) for x in ids[order]),
                best_rating=float(rating[best]),
                pooled_rating=float(pooled_rating[0]),
                standard_error=float(error[best]),
                gap=gain / float(error[best]) if error[best] > 0.0 else 0.0,
                expected_gap=expected,
                expected_gain=expected * float(error[best]),
            )
        )
    return tuple(sorted(found, key=lambda x: -x.gap))
