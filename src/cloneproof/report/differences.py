"""Texts side by side with the words that differ marked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from cloneproof.report.html import Markup, join, tag
from cloneproof.report.text import ELLIPSIS, cut, reveal

__all__ = ["common_start", "mark_differences", "window"]

_TOKENS = re.compile(r"\w+|\s+|[^\w\s]")
_LEAD = 60  # characters of the common beginning that stay in view
_LONGEST_TOKENS = 400


def common_start(texts: Sequence[str], n_characters: int) -> int:
    """Return how many characters to leave out because all texts begin alike.

    Nothing is left out where the texts are short, or alike over all they show; the cut falls on a space.
    """
    prefix = _common_prefix(texts)
    if max(map(len, texts), default=0) <= n_characters or prefix < n_characters // 2:
        return 0
    start = max(prefix - _LEAD, 0)
    space = texts[0].rfind(" ", 0, start)
    return space + 1 if start - space < _LEAD else start


def _common_prefix(texts: Sequence[str]) -> int:
    """Return how many characters all texts share at their beginning."""
    if not texts:
        return 0
    first, last = min(texts), max(texts)  # in alphabetical order the ends differ most
    same = (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return next(same, min(len(first), len(last)))


def window(text: str, start: int, n_characters: int) -> str:
    """Return the part of `text` that is shown, with an ellipsis on each cut side."""
    shown = cut(reveal(text[start : start + 2 * n_characters + 64]), n_characters)
    return (ELLIPSIS if start else "") + shown


def mark_differences(text: str, reference: str) -> Markup:
    """Return `text` with the words marked that `reference` does not have in the same place.

    Where the two share little, nothing is marked: marks everywhere would say less than none.
    """
    words, others = _TOKENS.findall(text), _TOKENS.findall(reference)
    if max(len(words), len(others)) > _LONGEST_TOKENS:
        return join(text)
    matcher = difflib.SequenceMatcher(a=others, b=words, autojunk=False)
    if matcher.ratio() < 0.4:
        return join(text)
    parts: list[object] = []
    for operation, i1, i2, j1, j2 in matcher.get_opcodes():
        run = "".join(words[j1:j2])
        if operation == "equal" or (not run.strip() and not "".join(others[i1:i2]).strip()):
            parts.append(run)
        elif run:
            parts.append(tag("mark", run))
        else:
            parts.append(tag("del", "\u2038", title="words left out here"))
    return join(*parts)
