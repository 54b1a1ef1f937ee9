"""The record of the harm index."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

__all__ = ["HarmIndex", "unknown_index"]


@dataclass(frozen=True, kw_only=True)
class HarmIndex:
    """How far judgments depart from one Bradley-Terry model; nan where the data cannot tell.

    Parameters
    ----------
    departure : float
        The index: root mean square difference between the pairs' true win rates and the best
        Bradley-Terry model's, in win-rate points (0.05: five in a hundred judgments), sampling noise taken
        out; pairs count by their judgments beyond the first. 0 where noise explains all.
    low, high : float
        95 % interval of the departure over groups of annotators; nan without annotators.
    p_value : float
        Share of parametric bootstrap samples from the fitted model whose judgments agree with each other as
        much as these do: small if one model, judged independently, does not explain the data.
    likelihood_ratio : float
        Twice the log likelihood of one rate a pair over that of the model; `degrees_of_freedom` and
        `likelihood_ratio_p_value` (by the same bootstrap) belong to it.
    cyclic_share, cyclic_share_expected, cyclic_p_value : float
        Share of cycles (a over b over c over a) among the decided triads, its mean under the fitted
        model, and how often the model gives as many.
    annotator_p_value : float
        One-sided p value of the departure by halves of the annotators. It allows an annotator's judgments
        to hang together, which `p_value` does not: rely on it where comparisons were made from votes or
        scores of single alternatives. nan without annotators.
    n_judgments, n_ties : int
        Decided judgments; ties left out (under Davidson's model of ties what is decided follows
        Bradley-Terry, so nothing is lost but precision).
    n_pairs, n_repeated_pairs, n_triads, n_bootstrap : int
        Pairs in parts of their graph that have a cycle, those of them judged more than once, decided
        triads, samples.
    degrees_of_freedom : int
        Those pairs - their alternatives + those parts: 0 where the model fits any data.
    reason : str or None
        Why the index, or a part of it, is nan.
    """

    departure: float
    low: float
    high: float
    p_value: float
    likelihood_ratio: float
    degrees_of_freedom: int
    likelihood_ratio_p_value: float
    cyclic_share: float
    cyclic_share_expected: float
    cyclic_p_value: float
    annotator_p_value: float
    n_judgments: int
    n_ties: int
    n_pairs: int
    n_repeated_pairs: int
    n_triads: int
    n_bootstrap: int
    reason: str | None

    @property
    def is_identifiable(self) -> bool:
        """Whether the data can tell a departure from noise."""
        return not np.isnan(self.departure)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values, None for nan."""
        return {
            name: None if isinstance(value, float) and not np.isfinite(value) else value
            for name, value in asdict(self).items()
        }


def unknown_index(reason: str, **known: int) -> HarmIndex:
    """Return an index that says why there is none."""
    nan = float("nan")
    counts = dict.fromkeys(("n_judgments", "n_ties", "n_pairs", "n_repeated_pairs", "degrees_of_freedom"), 0)
    return HarmIndex(
        departure=nan,
        low=nan,
        high=nan,
        p_value=nan,
        likelihood_ratio=nan,
        likelihood_ratio_p_value=nan,
        cyclic_share=nan,
        cyclic_share_expected=nan,
        cyclic_p_value=nan,
        annotator_p_value=nan,
        n_triads=0,
        n_bootstrap=0,
        reason=reason,
        **{**counts, **known},
    )
