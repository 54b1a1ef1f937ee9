"""Pages of the docs link to what is there, and the index names each page once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", flags=re.MULTILINE | re.DOTALL)


def links(text: str) -> list[str]:
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))
    return re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", prose)


def anchors(text: str) -> set[str]:
    """Headings as MyST and GitHub make anchors of them."""
    titles = re.findall(r"^#+ +(.+?)\s*$", FENCE.sub("", text), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def listed() -> list[str]:
    blocks = re.findall(
        r"```\{toctree\}\n(.*?)```", (DOCS / "index.md").read_text(encoding="utf-8"), flags=re.DOTALL
    )
    names = [line.strip() for block in blocks for line in block.splitlines()]
    return [name for name in names if name and not name.startswith(":")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_resolves(page):
    for link in links(page.read_text(encoding="utf-8")):
        target, _, anchor = link.partition("#")
        if target.startswith("auto_examples/"):
            story = target.removeprefix("auto_examples/")
            assert story == "index" or (ROOT / "examples" / f"{story}.py").exists(), link
            continue
        path = page if not target else (page.parent / target).resolve()
        assert path.exists(), f"{page.name}: {link}"
        if anchor and path.suffix == ".md":
            assert anchor in anchors(path.read_text(encoding="utf-8")), f"{page.name}: {link}"


def test_the_index_names_pages_that_are_there_once():
    names = listed()
    assert len(names) == len(set(names))
    made = {"reference/index", "auto_examples/index"}
    assert [name for name in names if name not in made and not (DOCS / f"{name}.md").exists()] == []


def test_links_are_found_in_prose_only():
    text = "see [a](b.md#c)\n\n```sh\n[x](gone.md)\n```\nand `[y](gone.md)`\n"
    assert links(text) == ["b.md#c"]
    assert anchors("# When clones do harm\n## A, b: c?\n") == {"when-clones-do-harm", "a-b-c"}
