"""What a caller may say about how preference data is to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cloneproof._core.errors import ParameterError
from cloneproof._core.validation import check_choice, check_number
from cloneproof.preferences.readers.labels import check_outcomes
from cloneproof.preferences.readers.roles import SHAPES

__all__ = ["ReaderOptions"]

_APPLIES = {
    "outcomes": ("labelled",),
    "graded": ("pair", "labelled"),
    "tie_band": ("scored", "ranked"),
    "pairs": ("scored",),
    "reference": ("scored",),
}
"""The shapes that each option says something about."""


@dataclass(frozen=True, kw_only=True)
class ReaderOptions:
    """Checked options of :func:`cloneproof.read_comparisons`."""

    format: str = "auto"
    columns: Mapping[str, str] = field(default_factory=dict)
    outcomes: Mapping[str, float] = field(default_factory=dict)
    unit: str = "auto"
    tie_band: float | None = None
    pairs: str | None = None
    reference: str | None = None
    graded: bool = False
    missing: str = "error"
    keep: tuple[str, ...] = ()

    @classmethod
    def checked(
        cls,
        *,
        format: str,  # noqa: A002
        columns: Mapping[str, str] | None,
        outcomes: Mapping[Any, float] | None,
        unit: str,
        tie_band: float | None,
        pairs: str | None,
        reference: str | None,
        graded: bool,
        missing: str,
        keep: Sequence[str],
    ) -> ReaderOptions:
        """Return the options, or raise ParameterError for a value that one cannot take."""
        check_choice("format", format, ("auto", *SHAPES))
        check_choice("unit", unit, ("auto", "answer", "model"))
        check_choice("missing", missing, ("error", "drop"))
        if pairs is not None:
            check_choice("pairs", pairs, ("all", "reference"))
        if tie_band is not None:
            tie_band = check_number("tie_band", tie_band, low=0.0)
        if not isinstance(graded, bool):
            raise ParameterError(f"graded must be True or False. Got {graded!r}.")
        if isinstance(keep, str):
            raise ParameterError(f"keep must be a list of column names. Got {keep!r}; write [{keep!r}].")
        for name, value in (("columns", columns), ("outcomes", outcomes)):
            if value is not None and not isinstance(value, Mapping):
                raise ParameterError(f"{name} must be a mapping. Got {type(value).__name__}.")
        if (pairs == "reference") != (reference is not None):
            raise ParameterError(
                "pairs='reference' and reference='name of the reference' go together. "
                f"Got pairs={pairs!r} and reference={reference!r}."
            )
        return cls(
            format=format,
            columns=dict(columns or {}),
            outcomes=check_outcomes(outcomes),
            unit=unit,
            tie_band=tie_band,
            pairs=pairs,
            reference=reference,
            graded=graded,
            missing=missing,
            keep=tuple(keep),
        )

    def check_shape(self, shape: str) -> None:
        """Raise ParameterError for an option that says nothing about this shape."""
        default = ReaderOptions()
        for name, shapes in _APPLIES.items():
            if shape not in shapes and getattr(self, name) != getattr(default, name):
                raise ParameterError(
                    f"{name} has no meaning for the shape {shape!r}, "
                    f"only for {' and '.join(shapes)}. Leave it out."
                )
