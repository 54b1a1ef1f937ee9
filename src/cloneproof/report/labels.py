"""What an alternative is called on a page."""

from __future__ import annotations

from cloneproof.preferences import Comparisons
from cloneproof.report.text import one_line

__all__ = ["alternative_text", "label", "prompt_of"]

EMPTY = "(empty text)"


def alternative_text(comparisons: Comparisons, position: int) -> str:
    """Return what an alternative says, or its name where the data holds no text."""
    if comparisons.texts is None:
        return str(comparisons.ids[position])
    return comparisons.texts[position] or EMPTY


def prompt_of(comparisons: Comparisons, position: int) -> str | None:
    """Return the prompt that an alternative answers, or None."""
    return None if comparisons.prompts is None else comparisons.prompts[position] or None


def label(comparisons: Comparisons, position: int, n_characters: int) -> str:
    """Return the alternative's text on one line, or its name where the text says nothing."""
    name = one_line(alternative_text(comparisons, position), n_characters)
    return name or one_line(str(comparisons.ids[position]), n_characters) or EMPTY
