"""Sphinx: MyST pages, numpydoc reference of every room's public names, the gallery from examples/.

Strict: ``make docs`` builds with -W, needs no network, and opens no other project's inventory.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import re
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("MPLBACKEND", "agg")

import cloneproof

HERE = Path(__file__).resolve().parent

project = "cloneproof"
author = "The cloneproof developers"
copyright = "2026, the cloneproof developers"
release = version = cloneproof.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "auto_examples/**/*.ipynb", "auto_examples/*.py.md5"]
templates_path = ["_templates"]
html_theme = "furo"
html_title = "cloneproof"
html_copy_source = False
html_show_sourcelink = False

myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "remove_config_comments": True,
    "plot_gallery": True,
    "min_reported_time": 1,
    "write_computation_times": False,
}
suppress_warnings = ["config.cache"]

ROOMS = (
    "cloneproof.preferences",
    "cloneproof.embeddings",
    "cloneproof.weights",
    "cloneproof.rewards",
    "cloneproof.leaderboard",
    "cloneproof.audit",
    "cloneproof.export",
    "cloneproof.neural",
    "cloneproof.reproduction",
    "cloneproof.trl",
    "cloneproof.report",
    "cloneproof._core.errors",
)
"""Rooms in the order in which data goes through them; those that are not there are left out."""


def room_page(room: str, names: list[str]) -> str:
    """Return a room's page: what it is for, and a table of its public names with a page each."""
    lines = [room, "=" * len(room), "", f".. automodule:: {room}", "   :no-members:", ""]
    lines += [
        f".. currentmodule:: {room}",
        "",
        ".. autosummary::",
        "   :toctree: names",
        "   :nosignatures:",
        "",
    ]
    module = importlib.import_module(room)
    code = [
        name for name in sorted(names) if inspect.isclass(x := getattr(module, name)) or inspect.isroutine(x)
    ]
    rest = [name for name in sorted(names) if name not in code]
    lines += [*(f"   {name}" for name in code), ""]
    if rest:
        lines += ["Types and constants: " + ", ".join(f"``{name}``" for name in rest) + ".", ""]
    return "\n".join(lines)


def front_page(rooms: dict[str, list[str]]) -> str:
    """Return the list of rooms, and where the names of the front door live."""
    lines = [
        "Reference",
        "=========",
        "",
        "Every public name of every room, in the order in which data goes",
        "",
    ]
    lines[3] += " through them."
    lines += [".. toctree::", "   :maxdepth: 1", "", *(f"   {room}" for room in rooms), ""]
    lines += ["The front door", "--------------", "", "``import cloneproof as cp`` opens these:", ""]
    for name in cloneproof.__all__:
        thing = getattr(cloneproof, name)
        home = next((room for room, names in rooms.items() if name in names), None)
        if home is not None and callable(thing):
            role = "class" if isinstance(thing, type) else "func"
            first = (thing.__doc__ or "").strip().splitlines()[0]
            lines.append(f"- :py:{role}:`cp.{name} <{home}.{name}>`: {first}")
    return "\n".join([*lines, ""])


def write_reference() -> None:
    """Write the reference's pages; a page that has not changed keeps its date, so that it is not built again."""
    there = [room for room in ROOMS if importlib.util.find_spec(room) is not None]
    rooms = {room: list(importlib.import_module(room).__all__) for room in there}
    pages = {room: room_page(room, names) for room, names in rooms.items()}
    folder = HERE / "reference"
    folder.mkdir(exist_ok=True)
    for name, text in {**pages, "index": front_page(rooms)}.items():
        page = folder / f"{name}.rst"
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def add_unlisted_pages(app: Any, docname: str, source: list[str]) -> None:
    """List at the end of the index every page that no toctree names, so that none is lost."""
    if docname != "index":
        return
    named = set()
    for block in re.findall(r"```\{toctree\}\n(.*?)```", source[0], flags=re.DOTALL):
        named |= {re.sub(r".*<(.+)>$", r"\1", line.strip()) for line in block.splitlines()}
    apart = ("index", "auto_examples/", "reference/", "sg_execution_times")
    rest = sorted(d for d in app.env.found_docs if d not in named and not d.startswith(apart))
    if rest:
        source[0] += "\n```{toctree}\n:maxdepth: 1\n:caption: More\n\n" + "\n".join(rest) + "\n```\n"


def setup(app: Any) -> None:
    """Connect the hooks above."""
    app.connect("source-read", add_unlisted_pages)


write_reference()
