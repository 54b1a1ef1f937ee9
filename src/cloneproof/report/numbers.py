"""How numbers look on a page and in a terminal."""

from __future__ import annotations

import math

__all__ = ["count", "factor", "number", "percent", "plural", "signed"]

MINUS = "\u2212"
NONE = "–"


def _tidy(text: str) -> str:
    """Use a real minus sign, and none on a zero."""
    if text.startswith("-"):
        text = text[1:] if not text.strip("-0.,%") else MINUS + text[1:]
    return text


def number(value: float | None, digits: int = 2) -> str:
    """Return a reward or distance: fixed digits, powers of ten beyond them."""
    if value is None or not math.isfinite(value):
        return NONE
    if value != 0 and (abs(value) < 0.5 * 10**-digits or abs(value) >= 1e6):
        mantissa, exponent = f"{value:.1e}".split("e")
        return _tidy(mantissa) + "e" + _tidy(str(int(exponent)))
    return _tidy(f"{value:,.{digits}f}")


def signed(value: float | None, digits: int = 2) -> str:
    """Return a change, with its sign."""
    text = number(value, digits)
    return text if value is None or not value > 0 or text == NONE else f"+{text}"


def count(value: float | None) -> str:
    """Return a number of things: whole with separators, one digit where it is a small mean."""
    if value is None or not math.isfinite(value):
        return NONE
    if float(value).is_integer() or abs(value) >= 100:
        return _tidy(f"{value:,.0f}")
    return _tidy(f"{value:,.1f}" if abs(value) >= 0.95 else f"{value:.2g}")


def factor(value: float | None) -> str:
    """Return a ratio as "×4.2"."""
    if value is None or not math.isfinite(value):
        return NONE
    if value >= 100:
        return f"×{value:,.0f}"
    return f"×{value:.1f}" if value >= 10 else f"×{value:.2f}"


def percent(share: float | None) -> str:
    """Return a share of one as a percentage."""
    if share is None or not math.isfinite(share):
        return NONE
    value = 100 * share
    if value == 0:
        return "0%"
    if abs(value) < 0.01:
        return "<0.01%" if value > 0 else f">{MINUS}0.01%"
    digits = 2 if abs(value) < 1 else 1 if abs(value) < 99.95 else 0
    return _tidy(f"{value:.{digits}f}%")


def plural(n: float, one: str, many: str | None = None) -> str:
    """Return a number with its noun: "1 family", "12 families"."""
    return f"{count(n)} {one if n == 1 else many or one + 's'}"
