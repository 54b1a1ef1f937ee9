"""Style control: columns that may sway a judgment, as differences left minus right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.typing import FloatArray

__all__ = ["Control", "control_columns", "parse_controls"]


@dataclass(frozen=True, kw_only=True)
class Control:
    """One covariate: its name and the column, or the two columns, that it is made of.

    Parameters
    ----------
    name : str
    left : str
        Column of the left side, or of the difference itself.
    right : str or None
        Column of the right side.
    """

    name: str
    left: str
    right: str | None = None


def parse_controls(words: Sequence[str], *, texts: tuple[str, str] | None = None) -> tuple[Control, ...]:
    """Read what ``--control`` names.

    Parameters
    ----------
    words : sequence of str
        ``length`` (of the two texts), ``NAME=LEFT,RIGHT`` (two columns), ``NAME=COLUMN`` or ``COLUMN`` (a
        difference left minus right that stands in the data).
    texts : (str, str), default=None
        Columns of the two texts, which ``length`` needs.

    Raises
    ------
    ParameterError
        For words of another form, a name given twice, or length without texts.
    """
    found: list[Control] = []
    for word in words:
        name, equals, rest = word.partition("=")
        if not equals and word == "length":
            if texts is None:
                raise ParameterError(
                    "--control length needs both answers in each row (response_a, response_b). With other "
                    "columns: --control length=LEFT,RIGHT."
                )
            control = Control(name="length", left=texts[0], right=texts[1])
        else:
            left, comma, right = (rest if equals else name).partition(",")
            if not name or not left or (comma and not right) or "," in right:
                raise ParameterError(
                    f"--control takes length, COLUMN, NAME=COLUMN or NAME=LEFT,RIGHT. Got {word!r}."
                )
            control = Control(name=name, left=left, right=right or None)
        if control.name in {x.name for x in found}:
            raise ParameterError(f"--control names {control.name!r} twice. Name each once.")
        found.append(control)
    return tuple(found)


def control_columns(controls: Sequence[Control], columns: Mapping[str, Any]) -> FloatArray:
    """Return the covariates of each comparison, shape (n_comparisons, n_controls).

    Of texts the lengths in characters are compared, as ``(left - right) / (left + right)``, 0 where both
    are empty; of numbers the difference is taken.

    Raises
    ------
    InputError
        For text where numbers are needed, or numbers that are missing.

    References
    ----------
    .. [1] Li, Angelopoulos & Chiang, "Does style matter? Disentangling style and substance in Chatbot
       Arena", LMSYS blog, August 2024 (normalised differences as covariates of the Bradley-Terry fit).
    """
    made = []
    for control in controls:
        sides = [columns[x] for x in (control.left, control.right) if x is not None]
        if all(np.asarray(side).dtype == object for side in sides) and len(sides) == 2:
            a, b = (np.array([len(x or "") for x in side], dtype=np.float64) for side in sides)
            made.append((a - b) / np.maximum(a + b, 1.0))
            continue
        for name, side in zip((control.left, control.right), sides, strict=False):
            values = np.asarray(side)
            if values.dtype == object or not np.isfinite(values.astype(np.float64)).all():
                raise InputError(
                    f"--control {control.name}: column {name!r} must hold a number in every row."
                )
        table = [np.asarray(side, dtype=np.float64) for side in sides]
        made.append(table[0] - table[1] if len(table) == 2 else table[0])
    return np.column_stack(made) if made else np.empty((0, 0))
