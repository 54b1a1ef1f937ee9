"""Build HTML in which text from data cannot become markup.

Whatever is not :class:`Markup` is escaped, and :class:`Markup` comes out of :func:`tag` only. Event
handlers, ``style`` attributes and links that a page could be attacked through cannot be written.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Mapping, Sequence

from cloneproof.report.text import reveal

__all__ = ["Markup", "join", "script_json", "tag"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9:-]*\Z")
_VOID = {"br", "hr", "input", "link", "meta"}
_FORBIDDEN = {"style", "src", "srcdoc", "action", "formaction"}
_BLOCK_SAFE = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


class Markup(str):
    """HTML that this package wrote; everything else is text."""

    __slots__ = ()


def _escape(child: object) -> str:
    """Return markup as it is and anything else as visible, escaped text."""
    if isinstance(child, Markup):
        return child
    return html.escape(reveal(str(child)), quote=True)


def join(*children: object, between: object = "") -> Markup:
    """Return the children one after the other, text escaped, None left out."""
    return Markup(_escape(between).join(_escape(child) for child in children if child is not None))


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """Return one HTML or SVG element with escaped text and attributes.

    Parameters
    ----------
    name : str
        The element's name, written by this package.
    *children : object
        Markup as it is, None left out, anything else as text.
    **attributes : object
        ``class_`` gives ``class``, ``data_value`` gives ``data-value``; True writes the bare name,
        None and False leave the attribute out.

    Raises
    ------
    ValueError
        For a name that is no element or attribute name, for ``style``, ``src`` and event handlers,
        and for a link that is not inside the page.
    """
    parts = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        attribute = key.rstrip("_").replace("_", "-")
        lowered = attribute.lower()
        outside = lowered in {"href", "xlink:href"} and not str(value).startswith(("#", "data:,"))
        if not _NAME.match(attribute) or lowered in _FORBIDDEN or lowered[:2] == "on" or outside:
            raise ValueError(f"attribute {attribute}={value!r} cannot be written into a report")
        parts.append(attribute if value is True else f'{attribute}="{_escape(value)}"')
    if not _NAME.match(name) or name.lower() in {"script", "style", "iframe", "object", "embed", "base"}:
        raise ValueError(f"element {name!r} cannot be written into a report")
    opening = Markup(f"<{' '.join(parts)}>")
    if name in _VOID:
        return opening
    return Markup(f"{opening}{join(*children)}</{name}>")


def script_json(data: object) -> str:
    """Return `data` as JSON that can stand inside a ``<script>`` element.

    ``<``, ``>``, ``&`` and the two line separators of Unicode are written as escapes, so that no text
    can end the element or open a comment in it; not-a-number and infinities become null.
    """
    return json.dumps(_finite(data), ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(
        _BLOCK_SAFE
    )


def _finite(data: object) -> object:
    """Replace what JSON cannot say."""
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, str):
        return data.encode("utf-8", "replace").decode("utf-8")
    if isinstance(data, Mapping):
        return {str(_finite(str(key))): _finite(value) for key, value in data.items()}
    if isinstance(data, Sequence):
        return [_finite(value) for value in data]
    return data
