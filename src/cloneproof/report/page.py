"""One self-contained HTML file out of sections, with a content policy of hashes only.

The page asks the network for nothing (``default-src 'none'``) and runs only the scripts and styles
whose SHA-256 it names in its head: no ``unsafe-inline``, no ``unsafe-eval``. Bokeh writes its
stylesheets at run time; ``assets/bokeh_styles.js`` hands them to the browser as constructed
stylesheets, which such a policy allows.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from cloneproof._core.errors import ParameterError
from cloneproof._core.extras import require
from cloneproof._core.files import write_text
from cloneproof.report.html import Markup, script_json, tag

__all__ = ["Section", "render_page", "write_page"]

_IDENTIFIER = re.compile(r"[a-z][a-z0-9-]*\Z")


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of a page: a heading, its content, and the data that its charts read.

    Parameters
    ----------
    id : str
        Name of the part inside the page: lower-case letters, digits and hyphens.
    title : str
        The heading, as text.
    body : Markup
        The content, made with :func:`cloneproof.report.html.tag`.
    data : mapping of str to JSON-ready values
        Blocks that the page's script reads by name; any text in them is inert.
    bokeh : mapping of str to JSON-ready values
        Bokeh documents (``bokeh.embed.json_item``) by the id of the element that they fill.
    scripts : tuple of str
        JavaScript of this package, run after the page's own; never anything made from data.
    """

    id: str
    title: str
    body: Markup
    data: Mapping[str, object] = field(default_factory=dict)
    bokeh: Mapping[str, object] = field(default_factory=dict)
    scripts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the names that stand in the page unescaped."""
        for name in (self.id, *self.data, *self.bokeh):
            if not _IDENTIFIER.match(name):
                raise ParameterError(
                    f"names in a section are lower-case letters, digits and hyphens. Got {name!r}."
                )
        if not isinstance(self.body, Markup):
            raise ParameterError(f"body of section {self.id!r} must be Markup made by tag() or join().")


def render_page(
    sections: Sequence[Section], title: str, *, subtitle: str | None = None, footer: str | None = None
) -> str:
    """Return the whole HTML file as text.

    Parameters
    ----------
    sections : sequence of Section
        In the order of the page; each id once.
    title : str
        Title of the page, as text.
    subtitle, footer : str, default=None
        A line under the title, and one at the end.

    Returns
    -------
    html : str

    Raises
    ------
    ParameterError
        If two sections share an id or a block of data shares a name.
    MissingExtraError
        If a section holds a Bokeh chart and bokeh is not installed.
    """
    names = [name for section in sections for name in (section.id, *section.data, *section.bokeh)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ParameterError(
            f"sections, blocks and charts of a page need names of their own. Twice: {twice}."
        )
    charts = {name: item for section in sections for name, item in section.bokeh.items()}
    blocks = {name: data for section in sections for name, data in section.data.items()}
    scripts = [_asset("report.js"), *(script for section in sections for script in section.scripts)]
    if charts:
        scripts = [_asset("before_bokeh.js"), _bokeh_javascript(), _asset("bokeh_styles.js"), *scripts]
        blocks["bokeh-charts"] = charts
    styles = [_asset("report.css")]
    head = [
        Markup('<meta charset="utf-8">'),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(scripts, styles)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("link", rel="icon", href="data:,"),
        tag("title", title),
        *(_trusted("style", style) for style in styles),
    ]
    body = [
        tag("a", "Skip to the findings", href=f"#{sections[0].id}" if sections else "#", class_="skip"),
        tag("header", tag("h1", title), tag("p", subtitle, class_="subtitle") if subtitle else None),
        _contents(sections),
        tag("main", *(_render_section(section) for section in sections)),
        tag("footer", tag("p", footer)) if footer else None,
        *(_data_block(name, data) for name, data in blocks.items()),
        *(_trusted("script", script) for script in scripts),
    ]
    document = tag("html", tag("head", *head), Markup("\n"), tag("body", *body), lang="en")
    return f"<!doctype html>\n{document}\n"


def write_page(
    sections: Sequence[Section],
    path: str | os.PathLike[str],
    title: str,
    *,
    subtitle: str | None = None,
    footer: str | None = None,
) -> Path:
    """Write the page to `path`, whole or not at all, and return the path.

    Raises
    ------
    FileAccessError
        If the file cannot be written.
    """
    path = Path(path)
    write_text(path, render_page(sections, title, subtitle=subtitle, footer=footer))
    return path


def _render_section(section: Section) -> Markup:
    """Return one section with its heading."""
    heading = f"{section.id}-title"
    return tag(
        "section",
        tag("h2", section.title, id=heading),
        section.body,
        id=section.id,
        aria_labelledby=heading,
    )


def _contents(sections: Sequence[Section]) -> Markup:
    """Return the links to the sections."""
    links = [tag("li", tag("a", section.title, href=f"#{section.id}")) for section in sections]
    return tag("nav", tag("ul", *links), aria_label="Contents")


def _asset(name: str) -> str:
    """Return a script or stylesheet of this package."""
    return resources.files("cloneproof.report").joinpath("assets", name).read_text(encoding="utf-8")


def _bokeh_javascript() -> str:
    """Return BokehJS without the comment that makes developer tools look for a source map."""
    module = require("bokeh.resources", extra="report", purpose="the map of cloneproof.report")
    (script,) = module.Resources(mode="inline", components=["bokeh"]).js_raw[:1]
    return re.sub(r"\n//# sourceMappingURL=.*", "", str(script))


def _trusted(name: str, code: str) -> Markup:
    """Return a script or style element of code that this package or Bokeh wrote."""
    if re.search(rf"</{name}|<!--", code, flags=re.IGNORECASE):
        raise ParameterError(f"a {name} of a page holds '</{name}' or '<!--' and would end too early.")
    return Markup(f"<{name}>{_normal(code)}</{name}>")


def _data_block(name: str, data: object) -> Markup:
    """Return JSON that scripts read by name; browsers never run it."""
    return Markup(f'<script type="application/json" id="data-{name}">{script_json(data)}</script>')


def _normal(code: str) -> str:
    """Return code with the line ends that an HTML parser sees, as the hash is taken of those."""
    return code.replace("\r\n", "\n").replace("\r", "\n")


def _policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """Return the content policy: nothing from outside, only these scripts and styles."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(_hash(script) for script in scripts)}",
            f"style-src {' '.join(_hash(style) for style in styles)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(code: str) -> str:
    """Return the hash of a script or style as a content policy names it."""
    digest = hashlib.sha256(_normal(code).encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
