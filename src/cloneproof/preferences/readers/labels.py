"""Outcome labels as the share won by the left side; an unknown label is an error, never a tie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import check_number
from cloneproof.preferences.readers.coding import Coded

__all__ = ["LABELS", "check_outcomes", "label_outcomes", "label_share", "number_outcomes"]

LABELS: Mapping[str, float] = {
    **dict.fromkeys(("left", "a", "model_a", "response_a", "answer_a", "assistant_a"), 1.0),
    **dict.fromkeys(("right", "b", "model_b", "response_b", "answer_b", "assistant_b"), 0.0),
    **dict.fromkeys(("tie", "tie (bothbad)", "both_bad", "bothbad"), 0.5),
}
"""Labels that are understood without being told, in lower case."""


def check_outcomes(outcomes: Mapping[Any, float] | None) -> dict[str, float]:
    """Return the caller's meaning of labels by the label's text, each in [0, 1]."""
    return {
        _key(label): check_number(f"outcomes[{label!r}]", share, low=0.0, high=1.0, high_open=False)
        for label, share in (outcomes or {}).items()
    }


def label_share(label: str, outcomes: Mapping[str, float]) -> float | None:
    """Return the share won by left that a label stands for, None where it is not known."""
    return outcomes.get(_key(label), LABELS.get(label.strip().lower()))


def label_outcomes(
    labels: Coded, outcomes: Mapping[str, float], left: Coded | None, right: Coded | None, column: str
) -> tuple[FloatArray, dict[str, int]]:
    """Return the share won by left per row (NaN where the label is missing), and counts by label.

    A label is looked up in `outcomes`, then in `LABELS`; then it may be the name of either side.

    Raises
    ------
    InputError
        For labels that are none of these: count, first value and row, and what is known.
    """
    values = labels.values.to_pylist()
    meaning = np.full(len(values) + 1, np.nan)
    for k, value in enumerate(values):
        share = label_share(value, outcomes)
        meaning[k] = np.nan if share is None else share
    outcome = meaning[labels.codes]
    unknown = np.isnan(outcome) & ~labels.missing
    if unknown.any() and left is not None and right is not None:
        place = {value: k for k, value in enumerate(values)}
        for side, share in ((left, 1.0), (right, 0.0)):
            names = np.array([place.get(x, -2) for x in [*side.values.to_pylist(), None]])
            won = unknown & (labels.codes == names[side.codes])
            outcome[won] = share
            unknown &= ~won
    counts = np.bincount(labels.codes[~labels.missing], minlength=len(values))
    if unknown.any():
        first = int(np.argmax(unknown))
        value = values[labels.codes[first]]
        known = ", ".join(map(repr, [*outcomes, *LABELS]))
        raise InputError(
            f"{int(unknown.sum()):,} of {len(unknown):,} rows have an unknown outcome in column {column!r}; "
            f"first: {value!r} (row {first}). Known: {known}. Pass outcomes={{{value!r}: 0.5}} "
            "to say what it means."
        )
    names_won = len(values) > 50
    return outcome, {} if names_won else {v: int(c) for v, c in zip(values, counts, strict=True)}


def number_outcomes(
    values: FloatArray,
    outcomes: Mapping[str, float],
    column: str,
    *,
    lost: float,
    won: float,
    whole: bool = False,
) -> tuple[FloatArray, dict[str, int]]:
    """Return checked numbers on a scale from `lost` to `won` by left, after the caller's own meanings.

    Returns
    -------
    scaled : ndarray of shape (n,)
        0 at `lost`, 1 at `won`; values named in `outcomes` as they are named there; NaN where missing.
    counts : dict
        Rows by value, where there are at most 20 different ones.
    """
    distinct, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    scaled = (distinct - lost) / (won - lost)
    missing = np.isnan(distinct)
    fine = missing | ((scaled >= 0) & (scaled <= 1) & (~np.bool_(whole) | (distinct % 1 == 0)))
    for k, value in enumerate(distinct.tolist()):
        share = outcomes.get(_key(value))
        if share is not None:
            scaled[k], fine[k] = share, True
    bad = ~fine[inverse]
    if bad.any():
        first = int(np.argmax(bad))
        kind = "a whole number" if whole else "a number"
        raise InputError(
            f"{int(bad.sum()):,} of {len(values):,} rows have an unknown outcome in column {column!r}; "
            f"first: {values[first]:g} (row {first}). Expected {kind} from {min(lost, won):g} to "
            f"{max(lost, won):g}. "
            f"Pass outcomes={{{values[first]:g}: 0.5}} to say what it means."
        )
    few = len(distinct) <= 20
    met = {f"{v:g}": int(c) for v, c in zip(distinct, counts, strict=True) if v == v} if few else {}
    return scaled[inverse], met


def _key(label: Any) -> str:
    if isinstance(label, (int, float)) and not isinstance(label, bool):
        return f"{float(label):g}"
    return str(label)
