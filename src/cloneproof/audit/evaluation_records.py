"""What an evaluation finds: frozen records that say what they were measured on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["AnnotatorAccuracy", "CalibrationBin", "Evaluation", "Share"]


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share in [0, 1] with an interval.

    Parameters
    ----------
    value, low, high : float
        NaN where there is nothing to measure it on.
    n_units : int
        Independent units that it rests on.
    """

    value: float
    low: float
    high: float
    n_units: int


@dataclass(frozen=True, kw_only=True)
class CalibrationBin:
    """Comparisons that the reward is about equally sure of.

    Parameters
    ----------
    low, high : float
        Ends of the bin of the predicted probability of the side that the reward prefers, in [0.5, 1].
    n : float
        Comparisons in it, with their counts.
    predicted : float
        Their mean predicted probability.
    observed : float
        The share that the preferred side won; a tie is half.
    """

    low: float
    high: float
    n: float
    predicted: float
    observed: float


@dataclass(frozen=True, kw_only=True)
class AnnotatorAccuracy:
    """How often the reward agrees with one annotator."""

    annotator: str
    n: int
    accuracy: Share


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How well rewards predict comparisons.

    Parameters
    ----------
    n_comparisons : int
    n_ties : int
        Rows of outcome 0.5: they count in log loss, Brier score and calibration, not in accuracy.
    n_undecided : int
        Decided rows whose two rewards are equal; they are half right.
    n_families : int or None
        Families among the compared alternatives.
    accuracy : Share
        Share of decided comparisons whose winner has the higher reward.
    accuracy_by_family : Share or None
        The same with each family of near-copies counted once.
    log_loss : float
        Mean of ``-y log s(d) - (1 - y) log s(-d)``; 0.693 for a reward that knows nothing.
    brier : float
        Mean of ``(s(d) - y)^2``; 0.25 for a reward that knows nothing.
    calibration_error : float
        Expected calibration error: mean over comparisons of ``|predicted - observed|`` of their bin.
    best_scale : float or None
        Rewards times this have the least log loss; below 1 the reward is too sure, above 1 not sure
        enough. None where no finite one is best.
    bins : tuple of CalibrationBin
        Empty bins left out.
    by_annotator : tuple of AnnotatorAccuracy
        Most comparisons first; empty where annotators are not named.
    level : float
        Of the intervals.
    """

    n_comparisons: int
    n_ties: int
    n_undecided: int
    n_families: int | None
    accuracy: Share
    accuracy_by_family: Share | None
    log_loss: float
    brier: float
    calibration_error: float
    best_scale: float | None
    bins: tuple[CalibrationBin, ...]
    by_annotator: tuple[AnnotatorAccuracy, ...]
    level: float

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values; what there is nothing to measure on is None."""
        made: dict[str, Any] = _without_nan(asdict(self))
        return made


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(x) for name, x in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(x) for x in value]
    return None if isinstance(value, float) and value != value else value
