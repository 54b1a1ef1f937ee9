"""Show text from data so that nothing in it is invisible, reorders the page or drives a terminal.

A text may hold control characters (also terminal escapes), bidirectional overrides, zero-width
characters, lone surrogates and stacks of combining marks. :func:`reveal` writes each as a visible
code such as ``‹U+202E›``; emoji sequences, Arabic, Hebrew and Indic joiners stay as they are.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["cut", "display_width", "fit_columns", "one_line", "reveal"]

ELLIPSIS = "…"
MAX_MARKS = 8  # combining marks on one letter; more are a "Zalgo" stack that covers its neighbours

# Controls (tab and newline are kept), formats, blank fillers, line separators, surrogates, tags.
_HIDDEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_SUSPECT = re.compile(f"[{_HIDDEN}]")
_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f\u0e34-\u0e3a\u0e47-\u0e4e"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{" + str(MAX_MARKS + 1) + ",}"
)
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{1,6}\U000e007f")
_JOINERS = "\u200c\u200d"


def reveal(text: str) -> str:
    r"""Return `text` with every invisible or reordering character written as its code.

    Parameters
    ----------
    text : str
        Any string, lone surrogates included.

    Returns
    -------
    visible : str
        Encodable as UTF-8; newlines are ``\n``, tabs are kept.

    Examples
    --------
    >>> reveal("pay\u202eexe")
    'pay‹U+202E›exe'
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii() and text.isprintable():
        return text
    if _SUSPECT.search(text):
        kept = {i for match in _FLAG.finditer(text) for i in range(*match.span())}
        text = _SUSPECT.sub(
            lambda match: (
                match[0] if match.start() in kept or _is_at_home(text, match.start()) else _code(match[0])
            ),
            text,
        )
    return _MARKS.sub(lambda match: match[0][:MAX_MARKS] + f"‹{len(match[0]) - MAX_MARKS} more marks›", text)


def _code(character: str) -> str:
    """Return the visible code of one character."""
    return f"‹U+{ord(character):04X}›"


def _is_at_home(text: str, i: int) -> bool:
    """Tell whether a joiner or variation selector stands where scripts and emoji need it."""
    character = text[i]
    before = text[i - 1] if i else " "
    after = text[i + 1] if i + 1 < len(text) else " "
    if character in _JOINERS:
        return _joins(before) and _joins(after)
    if "\ufe00" <= character <= "\ufe0f":
        return (not before.isascii() and not _SUSPECT.match(before)) or before in "0123456789#*"
    return "\U000e0100" <= character <= "\U000e01ef" and unicodedata.category(before) == "Lo"


def _joins(neighbour: str) -> bool:
    """Tell whether a character can stand beside a joiner: a letter, mark or symbol beyond ASCII."""
    return not neighbour.isascii() and (
        unicodedata.category(neighbour) in {"Lo", "Mn", "Mc", "So", "Sk"} or neighbour == "\ufe0f"
    )


def cut(text: str, n_characters: int) -> str:
    """Return `text`, or its beginning and an ellipsis where it is longer than `n_characters`.

    The cut falls before a whole letter or emoji, never inside one.
    """
    if len(text) <= n_characters:
        return text
    end = max(n_characters - 1, 0)
    floor = max(end - 16, 0)
    while end > floor and _continues(text[end - 1], text[end]):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS


def _continues(before: str, character: str) -> bool:
    """Tell whether `character` belongs to the same sign as the one before it."""
    return (
        before == "\u200d"
        or character == "\u200d"
        or unicodedata.category(character) in {"Mn", "Me", "Mc"}
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
        or ("\U0001f1e6" <= character <= "\U0001f1ff" and "\U0001f1e6" <= before <= "\U0001f1ff")
        or "\U000e0020" <= character <= "\U000e007f"
    )


def one_line(text: str, n_characters: int) -> str:
    """Return the visible beginning of `text` on one line."""
    visible = reveal(text[: 8 * n_characters + 64])
    return cut(" ".join(visible.split()), n_characters)


def display_width(text: str) -> int:
    """Count the terminal columns that `text` takes: wide signs take two, marks none.

    Emoji joined into one sign count once, as current terminals draw them.
    """
    if text.isascii():
        return len(text)
    width = 0
    previous = " "
    regional = False
    for character in text:
        if character == "\ufe0f" and not previous.isascii() and _columns(previous) == 1:
            width += 1  # the emoji form of a text symbol is wide
        elif previous == "\u200d" or "\U0001f3fb" <= character <= "\U0001f3ff":
            pass
        elif "\U0001f1e6" <= character <= "\U0001f1ff":
            width += 0 if regional else 2
            regional = not regional
            previous = character
            continue
        else:
            width += _columns(character)
        regional = False
        previous = character
    return width


def _columns(character: str) -> int:
    """Return 0, 1 or 2 columns for one character on its own."""
    if unicodedata.category(character) in {"Mn", "Me", "Cf", "Cc"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def fit_columns(text: str, width: int) -> str:
    """Return `text`, cut to at most `width` columns."""
    if display_width(text) <= width:
        return text
    n = min(len(text), width)
    shown = cut(text, n)
    while display_width(shown) > width and n > 1:
        n -= 1
        shown = cut(text, n)
    return shown
