"""The table: ratings, intervals and ranks, plain and clone-robust side by side."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError, NoMaximumLikelihoodError, ParameterError, UncertaintyWarning
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof._core.validation import as_weights, check_choice, check_number
from cloneproof.leaderboard.statement import NOT_FIXED
from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry, to_rating
from cloneproof.rewards.ratings import RATING_SCALE

__all__ = ["FALLBACK_REGULARIZATION", "Board", "Standing", "make_board", "rank_of", "row_weights"]

FALLBACK_REGULARIZATION = 0.01
"""Used by ``regularization="auto"`` where the plain maximum likelihood does not exist."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """Ratings under one rule; all arrays are in the order of the board's ids.

    Parameters
    ----------
    rating : float64 ndarray of shape (n_alternatives,)
        ``base + 400 / ln 10 * reward``.
    standard_error : float64 ndarray of shape (n_alternatives,)
        In rating points.
    interval : float64 ndarray of shape (n_alternatives, 2)
    rank : int64 ndarray of shape (n_alternatives,)
        1 is the best; equal ratings share the better rank.
    rank_interval : int64 ndarray of shape (n_alternatives, 2)
        Best and worst rank that the data leave open.
    """

    rating: FloatArray
    standard_error: FloatArray
    interval: FloatArray
    rank: IntArray
    rank_interval: IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Board:
    """A leaderboard as it stands and, where weights were given, as it stands when copies share a vote.

    Parameters
    ----------
    ids : tuple of str
        Names of the alternatives.
    n_comparisons : float64 ndarray of shape (n_alternatives,)
        Comparisons of each, counts included.
    plain : Standing
        Every comparison counts once.
    weighted : Standing or None
        Copies share a vote (see `rows` of :func:`make_board`); None without weights.
    weight : float64 ndarray of shape (n_alternatives,) or None
        w, sums to 1.
    families : tuple of str or None
        Label of each alternative's family.
    control : mapping of str to (effect, standard error)
        Covariates of the plain fit: change of the log odds for a covariate of root mean square 1.
    settings : mapping
        How the board was made, JSON-ready.
    """

    ids: tuple[str, ...]
    n_comparisons: FloatArray
    plain: Standing
    weighted: Standing | None = None
    weight: FloatArray | None = None
    families: tuple[str, ...] | None = None
    control: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def statement(self) -> str:
        """What weights do not fix; stands under every form of the board."""
        return NOT_FIXED

    @property
    def order(self) -> IntArray:
        """Positions from the best plain rating to the worst."""
        return np.argsort(-self.plain.rating, kind="stable").astype(np.int64)

    @property
    def change(self) -> IntArray | None:
        """Places gained (positive) or lost when copies share a vote, shape (n_alternatives,)."""
        return None if self.weighted is None else self.plain.rank - self.weighted.rank


def make_board(
    comparisons: Comparisons,
    *,
    alternative_weight: ArrayLike | None = None,
    families: Sequence[Any] | None = None,
    rows: Literal["balanced", "product"] = "balanced",
    regularization: float | str = "auto",
    ties: str = "half",
    covariates: ArrayLike | None = None,
    covariate_names: Sequence[str] = (),
    anchors: Mapping[Any, float] | None = None,
    clusters: ArrayLike | str | None = None,
    level: float = 0.95,
    scale: float = RATING_SCALE,
    base: float = 1000.0,
    settings: Mapping[str, Any] | None = None,
) -> Board:
    """Rate alternatives by Bradley-Terry, plain and with weights.

    Parameters
    ----------
    comparisons : Comparisons
        Of models (read with ``unit="model"``).
    alternative_weight : array-like of shape (n_alternatives,), default=None
        Share of the space that each alternative stands for; None: the plain table only. Without anchors
        the clone-robust ratings are shifted to the mean of the plain ones, so that they can be compared.
    families : sequence of length n_alternatives, default=None
        Labels to show; they do not enter the fit.
    rows : {"balanced", "product"}, default="balanced"
        How weights reach the comparisons. "balanced": every observed pair has ``w_a w_b``, whatever its
        number of rows; copies then have no more say however unevenly they were compared, but a pair with
        one comparison counts as one with a hundred, and ranks move for that alone
        (``settings["rank_changes_by_balancing"]``). "product": every comparison has ``w_a w_b``; equal
        weights give the plain table exactly, and copies that were compared as often as their originals
        share a vote, but copies that were compared more often count more.
    regularization : float or "auto", default="auto"
        The ridge of both fits. "auto": 0, the maximum likelihood that boards publish; where that does
        not exist, `FALLBACK_REGULARIZATION`, and ``settings["regularization_reason"]`` says so.
    ties : {"half", "rao-kupper", "davidson"}, default="half"
    covariates : array-like of shape (n_comparisons, n_covariates), default=None
        Differences left minus right (style control); fitted with the rewards in both fits.
    covariate_names : sequence of str
        One per covariate.
    anchors : mapping of id to rating, default=None
        Ratings (not rewards) to hold; see :meth:`cloneproof.rewards.BradleyTerry.fit`.
    clusters : array-like, "annotator" or "row", default=None
        What is independent of what, for the intervals; None: annotators where named, else rows.
    level : float, default=0.95
        Of the intervals.
    scale, base : float
        ``rating = base + scale * reward``; 400 / ln 10 and 1000.
    settings : mapping, default=None
        More to remember.

    Returns
    -------
    board : Board

    Raises
    ------
    NoMaximumLikelihoodError
        With ``regularization=0`` where some rewards have no bound.

    Warns
    -----
    UncertaintyWarning
        Where intervals are known to be too narrow.
    """
    check_number("level", level, low=0.0, high=1.0, low_open=True)
    check_number("scale", scale, low=0.0, low_open=True)
    check_number("base", base)
    if isinstance(regularization, str) and regularization != "auto":
        raise ParameterError(
            f"regularization must be 'auto' or a number of at least 0. Got {regularization!r}."
        )
    check_choice("rows", rows, ("balanced", "product"))
    m = comparisons.n_alternatives
    weight = None
    if alternative_weight is not None:
        weight = as_weights(alternative_weight, m, name="alternative_weight", per="alternative")
    labels = None if families is None else tuple(str(label) for label in families)
    if labels is not None and len(labels) != m:
        raise InputError(f"families has {len(labels):,} labels for {m:,} alternatives. Give one for each.")
    names = [str(name) for name in covariate_names]
    held = None if not anchors else {name: (value - base) / scale for name, value in anchors.items()}
    chosen, reason = regularization, "as asked"
    if regularization == "auto":
        chosen, reason = 0.0, "the maximum likelihood exists"
    options: dict[str, Any] = {"covariates": covariates, "anchors": held, "clusters": clusters}

    def fit(strength: float) -> list[BradleyTerry]:
        made = [BradleyTerry(regularization=strength, ties=ties).fit(comparisons, **options)]
        if weight is not None:
            omega = row_weights(comparisons, weight, rows)
            made.append(
                BradleyTerry(regularization=strength, ties=ties).fit(comparisons, weight, omega, **options)
            )
        return made

    try:
        fitted = fit(float(chosen))
    except NoMaximumLikelihoodError as error:
        if regularization != "auto":
            raise
        chosen, reason = FALLBACK_REGULARIZATION, f"without a ridge there is no maximum: {error}"
        fitted = fit(chosen)
    bt = fitted[0]
    if covariates is not None and len(names) != len(bt.coefficients_):
        raise ParameterError(f"{len(bt.coefficients_)} covariates need as many names. Got {len(names)}.")
    standings = _standings(fitted, level, scale, base, anchored=bool(anchors))
    balancing = None
    if weight is not None and rows == "balanced":
        equal = BradleyTerry(regularization=float(chosen), ties=ties).fit(
            comparisons, np.full(m, 1.0 / m), **options
        )
        balancing = int((rank_of(equal.rewards_.round(9)) != rank_of(bt.rewards_.round(9))).sum())
    count = np.bincount(comparisons.left, comparisons.count, m) + np.bincount(
        comparisons.right, comparisons.count, m
    )
    return Board(
        ids=tuple(str(name) for name in comparisons.ids.tolist()),
        n_comparisons=np.asarray(count, dtype=np.float64),
        plain=standings[0],
        weighted=standings[1] if weight is not None else None,
        weight=weight,
        families=labels,
        control={
            name: (float(b), float(se))
            for name, b, se in zip(
                names, bt.coefficients_, bt.coefficient_standard_errors_ if names else (), strict=True
            )
        },
        settings={
            "regularization": float(chosen),
            "regularization_reason": reason,
            "rows": None if weight is None else rows,
            "rank_changes_by_balancing": balancing,
            "ties": ties,
            "tie_parameter": bt.tie_parameter_,
            "level": level,
            "scale": scale,
            "base": base,
            "anchors": {} if not anchors else {str(k): float(v) for k, v in anchors.items()},
            "n_comparisons": float(comparisons.count.sum()),
            "n_ties": float(comparisons.count[comparisons.outcome == 0.5].sum()),
            **(settings or {}),
        },
    )


def row_weights(comparisons: Comparisons, weight: FloatArray, rows: str) -> FloatArray | None:
    """Return the weight of each row under a rule, or None where the fit balances them itself."""
    if rows == "balanced":
        return None
    return np.asarray(
        weight[comparisons.left] * weight[comparisons.right] * comparisons.count, dtype=np.float64
    )


def rank_of(rating: FloatArray) -> IntArray:
    """Return ranks from 1 (best); equal ratings share the better rank.

    Examples
    --------
    >>> rank_of(np.array([3.0, 5.0, 3.0])).tolist()
    [2, 1, 2]
    """
    return 1 + np.searchsorted(np.sort(-rating), -rating, side="left").astype(np.int64)


def _standings(
    fitted: Sequence[BradleyTerry], level: float, scale: float, base: float, *, anchored: bool
) -> list[Standing]:
    """Return what each fit says, and each warning on intervals once."""
    made = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for bt in fitted:
            shift = 0.0 if anchored else float(fitted[0].rewards_.mean() - bt.rewards_.mean())
            rating = to_rating(bt.rewards_ + shift, scale, base)
            made.append(
                Standing(
                    rating=rating,
                    standard_error=scale * bt.standard_errors_,
                    interval=to_rating(bt.interval(level) + shift, scale, base),
                    rank=rank_of(bt.rewards_.round(9)),
                    rank_interval=bt.rank_interval(level),
                )
            )
    for message in dict.fromkeys(
        str(w.message) for w in caught if issubclass(w.category, UncertaintyWarning)
    ):
        warnings.warn(message, UncertaintyWarning, stacklevel=3)
    for other in caught:
        if not issubclass(other.category, UncertaintyWarning):
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    return made
