"""Cut many texts so that together they fit in a number of bytes."""

from __future__ import annotations

from collections.abc import Sequence

from cloneproof.report.html import script_json
from cloneproof.report.text import cut, reveal

__all__ = ["fit_texts"]


def fit_texts(texts: Sequence[str], n_bytes: int, longest: int) -> tuple[list[str], int]:
    """Return the texts, visible and cut to one length that lets all fit in `n_bytes` as JSON.

    Parameters
    ----------
    texts : sequence of str
    n_bytes : int
        Room for all texts together, as written into the page, escapes included.
    longest : int
        Characters of one text at most.

    Returns
    -------
    texts : list of str
    length : int
        The number of characters that each was cut after; 0 where none fits.
    """
    visible = [cut(reveal(text[: longest + 64]), longest) for text in texts]
    low, high = 0, longest
    if _size(visible) <= n_bytes:
        return visible, longest
    while low < high:
        middle = (low + high + 1) // 2
        if _size([cut(text, middle) for text in visible]) <= n_bytes:
            low = middle
        else:
            high = middle - 1
    return [cut(text, low) if low else "" for text in visible], low


def _size(texts: Sequence[str]) -> int:
    """Return how many bytes the texts take in the page."""
    return len(script_json(list(texts)).encode("utf-8"))
