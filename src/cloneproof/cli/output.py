"""What verbs print: one JSON object, or lines and tables for people."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cloneproof.audit import Choice
    from cloneproof.preferences import Comparisons

__all__ = [
    "encoder_words",
    "label",
    "overcount_words",
    "percent",
    "print_json",
    "print_lines",
    "schema_words",
    "shift_words",
]

_LABEL_LENGTH = 72
_NAME_START = 24


def print_json(values: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout."""
    print(json.dumps(dict(values), ensure_ascii=False, allow_nan=False))


def print_lines(lines: Sequence[tuple[str, str]]) -> None:
    """Print names and values in two columns."""
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        print(f"{name:<{width}}  {value}")


def percent(share: float) -> str:
    """Return a share as a percentage with three significant digits."""
    return f"{100 * share:.3g} %"


def shift_words(shift: float) -> str:
    """Return a reward shift with the factor by which it changes the odds."""
    return f"{shift:.3f} (odds x{math.exp(shift):.2f})"


def overcount_words(found: Mapping[str, Any]) -> str:
    """Return the largest over-count in words."""
    size, factor = found["largest_overcount_size"], found["largest_overcount"]
    if size == 1:
        return "none, no two alternatives are close"
    return f"{size:,} near-copies count {factor:.1f}x"


def label(comparisons: Comparisons, position: int) -> str:
    """Return an alternative's name and the start of its text, on one line without control characters.

    A name that is made of the text's own start is left out.
    """
    words = str(comparisons.ids[position])
    if comparisons.texts is not None:
        text = " ".join(comparisons.texts[position][: 4 * _LABEL_LENGTH].split())
        made_of_text = bool(text) and words.startswith(text[:_NAME_START])
        words = text if made_of_text else f"{words}  {text}"
    line = "".join(x if x.isprintable() else " " for x in words)
    line = " ".join(line.split())
    return line if len(line) <= _LABEL_LENGTH else f"{line[: _LABEL_LENGTH - 1]}…"


def encoder_words(choice: Choice, *, surface_only: bool) -> str:
    """Return which encoder was used and why, and what it cannot see."""
    blind = "; sees copy-edits only, no paraphrases" if surface_only else ""
    return f"{choice.value} ({choice.reason}{blind})"


def schema_words(report: Mapping[str, Any]) -> str:
    """Return what was found in a file: its kind, its shape, and which column plays which part."""
    parts = ", ".join(f"{part}: {column}" for part, column in report["columns"].items())
    dropped = "".join(f"; dropped {n:,} ({reason})" for reason, n in report["dropped"].items() if n)
    return f"{report['kind']}, {report['shape']} shape ({parts}); {report['rows_read']:,} rows{dropped}"
