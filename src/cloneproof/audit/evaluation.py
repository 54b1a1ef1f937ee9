"""How well rewards predict comparisons: accuracy, also balanced over families, and calibration.

Copies in a test set flatter whoever learned them, or punish who did not; so accuracy is also given with
each family of near-copies counted once, and intervals treat rows on the same two families as one
observation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import norm

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof._core.validation import check_integer, check_number
from cloneproof.audit.evaluation_records import AnnotatorAccuracy, CalibrationBin, Evaluation, Share
from cloneproof.audit.records import FamilyTable
from cloneproof.preferences import Comparisons
from cloneproof.rewards.objective import logistic, pair_loss, pair_slope

__all__ = ["compare_accuracy", "evaluate_rewards"]

LARGEST_SCALE = 1e3
"""Beyond this factor on the rewards the best one is taken to be infinite."""


def evaluate_rewards(
    comparisons: Comparisons,
    rewards: ArrayLike,
    *,
    families: ArrayLike | FamilyTable | None = None,
    n_bins: int = 10,
    level: float = 0.95,
) -> Evaluation:
    """Measure how well rewards predict comparisons.

    Parameters
    ----------
    comparisons : Comparisons
        Held out, if they are to say anything (:func:`split_by_prompt_and_family`). Rows count as often as
        they were observed; ties and soft outcomes are kept.
    rewards : array-like of shape (n_alternatives,)
        Natural-log odds, in the order of ``comparisons.ids``.
    families : array-like of int of shape (n_alternatives,) or FamilyTable, default=None
        The family of each alternative; None: no balanced accuracy, and every unordered pair of
        alternatives is one observation.
    n_bins : int, default=10
        Bins of equal width of the predicted probability of the preferred side, from 0.5 to 1.
    level : float, default=0.95
        Of the intervals, in (0, 1).

    Returns
    -------
    evaluation : Evaluation

    Raises
    ------
    InputError
        If there are no comparisons, or rewards of another length or not finite.

    Notes
    -----
    **Balanced over families.** A row between families F and G has weight ``1/n_F + 1/n_G``, n_F the
    number of sides of decided rows that F fills: the mean over families of the mean accuracy of their
    rows. A pair copied a hundred times then counts once.

    **Intervals.** Wilson's, at the effective number of observations ``p (1 - p) / v``, v the variance of
    the share with rows on the same two families (or alternatives) as one unit; at most the number of
    units.

    **Calibration** looks at the side that the reward prefers, since which side is called left is a
    convention. O(n_comparisons).

    Examples
    --------
    >>> c = Comparisons.from_arrays([0, 0, 1], [1, 2, 2], [1.0, 1.0, 0.0], ids=["a", "b", "c"])
    >>> evaluate_rewards(c, [2.0, 1.0, 0.0]).accuracy.value.__round__(3)
    0.667
    """
    check_integer("n_bins", n_bins, low=1)
    check_number("level", level, low=0.0, high=1.0, low_open=True)
    m, n = comparisons.n_alternatives, comparisons.n_comparisons
    if n == 0:
        raise InputError("there are no comparisons to evaluate on: expected at least 1 row, got 0.")
    r = _as_rewards(rewards, m)
    labels = None if families is None else _as_labels(families, m)
    unit = _pair_units(comparisons, np.arange(m) if labels is None else labels)
    d, y, count = r[comparisons.left] - r[comparisons.right], comparisons.outcome, comparisons.count
    decided, right = _right(d, y)
    p = logistic(d)
    bins, error = _calibrate(p, y, count, n_bins)
    total = float(np.sum(count))
    return Evaluation(
        n_comparisons=n,
        n_ties=int((~decided).sum()),
        n_undecided=int((decided & (d == 0)).sum()),
        n_families=None if labels is None else _n_compared(comparisons, labels),
        accuracy=_share(right[decided], count[decided], unit[decided], level),
        accuracy_by_family=(
            None
            if labels is None
            else _share(
                right[decided],
                _family_weights(comparisons, labels, decided)[decided],
                unit[decided],
                level,
            )
        ),
        log_loss=float(pair_loss(d, count * y, count * (1.0 - y)).sum()) / total,
        brier=float((count * (p - y) ** 2).sum()) / total,
        calibration_error=error,
        best_scale=_best_scale(d, count * y, count * (1.0 - y)),
        bins=bins,
        by_annotator=_by_annotator(comparisons, right, decided, unit, level),
        level=float(level),
    )


def compare_accuracy(
    comparisons: Comparisons,
    rewards: ArrayLike,
    others: ArrayLike,
    *,
    families: ArrayLike | FamilyTable | None = None,
    level: float = 0.95,
) -> dict[str, float]:
    """Return by how much the accuracy of `others` exceeds that of `rewards`, on the same comparisons.

    The interval is for the difference itself: both rewards are right or wrong on the same rows, so it is
    narrower than two intervals side by side.

    Parameters
    ----------
    comparisons : Comparisons
    rewards, others : array-like of shape (n_alternatives,)
    families : array-like of int of shape (n_alternatives,) or FamilyTable, default=None
        Rows on the same two families are one observation.
    level : float, default=0.95

    Returns
    -------
    found : dict
        ``difference``, ``low``, ``high``, and ``disagree``: the share of decided comparisons on which
        the two prefer different sides. NaN without decided comparisons.
    """
    m = comparisons.n_alternatives
    first, second = _as_rewards(rewards, m), _as_rewards(others, m)
    unit = _pair_units(comparisons, np.arange(m) if families is None else _as_labels(families, m))
    d = first[comparisons.left] - first[comparisons.right]
    e = second[comparisons.left] - second[comparisons.right]
    decided, right = _right(d, comparisons.outcome)
    _, also = _right(e, comparisons.outcome)
    if not decided.any():
        return dict.fromkeys(("difference", "low", "high", "disagree"), float("nan"))
    count = np.asarray(comparisons.count)[decided]
    value, variance, _ = _mean((also - right)[decided], count, unit[decided])
    width = float(norm.ppf(0.5 * (1.0 + level))) * variance**0.5
    disagree = np.average((np.sign(d) != np.sign(e))[decided], weights=count)
    return {
        "difference": value,
        "low": value - width,
        "high": value + width,
        "disagree": float(disagree),
    }


def _as_rewards(rewards: ArrayLike, m: int) -> FloatArray:
    r = np.asarray(rewards, dtype=np.float64)
    if r.shape != (m,):
        raise InputError(
            f"rewards has shape {r.shape}, expected ({m},): one per alternative, in the order of ids."
        )
    bad = ~np.isfinite(r)
    if bad.any():
        first = int(np.argmax(bad))
        raise InputError(
            f"rewards must be finite; {int(bad.sum()):,} of {m:,} are not, first: {r[first]} (position {first})."
        )
    return r


def _as_labels(families: ArrayLike | FamilyTable, m: int) -> IntArray:
    labels = np.asarray(families.labels if isinstance(families, FamilyTable) else families)
    if labels.shape != (m,):
        raise InputError(f"families has shape {labels.shape}, expected ({m},): one label per alternative.")
    return np.asarray(np.unique(labels, return_inverse=True)[1], dtype=np.int64)


def _pair_units(comparisons: Comparisons, labels: IntArray) -> IntArray:
    """Return one code for each row, the same for rows on the same two groups."""
    a, b = labels[comparisons.left].astype(np.int64), labels[comparisons.right].astype(np.int64)
    code = np.minimum(a, b) * (int(labels.max()) + 1) + np.maximum(a, b)
    return np.asarray(np.unique(code, return_inverse=True)[1], dtype=np.int64)


def _right(d: FloatArray, y: FloatArray) -> tuple[NDArray[np.bool_], FloatArray]:
    """Return which rows were decided, and how right a difference of rewards is: 0, 1/2 or 1."""
    won = np.sign(y - 0.5)
    return won != 0, np.asarray(0.5 * (1.0 + np.sign(d) * won), dtype=np.float64)


def _n_compared(comparisons: Comparisons, labels: IntArray) -> int:
    return len(np.unique(labels[np.concatenate([comparisons.left, comparisons.right])]))


def _family_weights(comparisons: Comparisons, labels: IntArray, decided: NDArray[np.bool_]) -> FloatArray:
    """Return ``count (1/n_F + 1/n_G)`` of each row, n_F the sides of decided rows that F fills."""
    left, right = labels[comparisons.left], labels[comparisons.right]
    count = np.where(decided, comparisons.count, 0.0)
    m = int(labels.max()) + 1
    sides = np.bincount(left, count, m) + np.bincount(right, count, m)
    with np.errstate(divide="ignore"):
        each = np.where(sides > 0, 1.0 / sides, 0.0)
    return np.asarray(count * (each[left] + each[right]), dtype=np.float64)


def _mean(values: FloatArray, weights: FloatArray, unit: IntArray) -> tuple[float, float, int]:
    """Return a weighted mean, its variance over units, and the number of units."""
    codes, place = np.unique(unit, return_inverse=True)
    n, total = len(codes), float(weights.sum())
    mean = float(values @ weights) / total
    scores = np.bincount(place, weights * (values - mean), n) / total
    inflation = n / (n - 1) if n > 1 else 1.0
    return mean, inflation * float(scores @ scores), n


def _share(values: FloatArray, weights: FloatArray, unit: IntArray, level: float) -> Share:
    """Return a weighted share with Wilson's interval at its effective number of observations."""
    if not len(values):
        return Share(value=float("nan"), low=float("nan"), high=float("nan"), n_units=0)
    p, variance, n = _mean(values, weights, unit)
    size = min(p * (1.0 - p) / variance, n) if variance > 1e-15 else float(n)
    z = float(norm.ppf(0.5 * (1.0 + level)))
    centre = (p + z * z / (2.0 * size)) / (1.0 + z * z / size)
    width = z / (1.0 + z * z / size) * (p * (1.0 - p) / size + z * z / (4.0 * size * size)) ** 0.5
    return Share(value=p, low=max(0.0, centre - width), high=min(1.0, centre + width), n_units=n)


def _calibrate(
    p: FloatArray, y: FloatArray, count: FloatArray, n_bins: int
) -> tuple[tuple[CalibrationBin, ...], float]:
    sure = np.maximum(p, 1.0 - p)
    hit = np.where(p > 0.5, y, np.where(p < 0.5, 1.0 - y, 0.5))
    place = np.minimum(((sure - 0.5) * 2.0 * n_bins).astype(np.int64), n_bins - 1)
    size = np.bincount(place, count, n_bins)
    predicted, observed = np.bincount(place, count * sure, n_bins), np.bincount(place, count * hit, n_bins)
    edges = np.linspace(0.5, 1.0, n_bins + 1)
    bins = tuple(
        CalibrationBin(
            low=float(edges[k]),
            high=float(edges[k + 1]),
            n=float(size[k]),
            predicted=float(predicted[k] / size[k]),
            observed=float(observed[k] / size[k]),
        )
        for k in range(n_bins)
        if size[k] > 0
    )
    return bins, float(np.abs(predicted - observed).sum() / size.sum())


def _best_scale(d: FloatArray, win: FloatArray, loss: FloatArray) -> float | None:
    """Return the factor on rewards with the least log loss, a convex problem in one number."""

    def slope(scale: float) -> float:
        return float((d * pair_slope(scale * d, win, loss)).sum())

    if not (d != 0).any() or slope(LARGEST_SCALE) <= 0 or slope(-LARGEST_SCALE) >= 0:
        return None
    return float(brentq(slope, -LARGEST_SCALE, LARGEST_SCALE, xtol=1e-9))


def _by_annotator(
    comparisons: Comparisons,
    right: FloatArray,
    decided: NDArray[np.bool_],
    unit: IntArray,
    level: float,
) -> tuple[AnnotatorAccuracy, ...]:
    if comparisons.annotator is None:
        return ()
    codes: dict[Any, int] = {}
    who = np.array([codes.setdefault(a, len(codes)) for a in comparisons.annotator.tolist()])
    order = np.argsort(who[decided], kind="stable")
    rows = np.flatnonzero(decided)[order]
    starts = np.searchsorted(who[rows], np.arange(len(codes) + 1))
    made = [
        AnnotatorAccuracy(
            annotator=str(name),
            n=int(starts[k + 1] - starts[k]),
            accuracy=_share(
                right[rows[starts[k] : starts[k + 1]]],
                np.asarray(comparisons.count)[rows[starts[k] : starts[k + 1]]],
                unit[rows[starts[k] : starts[k + 1]]],
                level,
            ),
        )
        for name, k in codes.items()
    ]
    return tuple(sorted(made, key=lambda a: -a.n))
