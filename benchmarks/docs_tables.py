"""Write measured tables into docs between markers, so that no number there is typed by hand.

A page holds ``<!-- table: NAME -->`` and, below it, ``<!-- end -->``; whatever stands between them belongs to
the program that measures the table. Programs in ``benchmarks/`` call :func:`write_table`; ``make paper`` runs
them all. Import it as ``benchmarks.docs_tables`` and run such programs from the repository's root as
``python -m benchmarks.NAME``. ``python -m benchmarks.docs_tables`` lists the tables of docs and README.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from cloneproof._core.errors import InputError
from cloneproof._core.files import write_text

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(
    r"(?P<open><!-- table: (?P<name>[a-z0-9-]+) -->\n)(?P<body>.*?)(?P<close>^<!-- end -->$)",
    flags=re.DOTALL | re.MULTILINE,
)
MARKER = re.compile(r"^<!-- (?:table: (?P<name>[a-z0-9-]+)|end) -->$", flags=re.MULTILINE)


def find_tables(text: str, source: str = "the text") -> dict[str, str]:
    """Return what stands between each pair of markers, by name.

    Raises
    ------
    InputError
        If markers do not come in pairs, or a name is used twice.
    """
    opened: str | None = None
    seen: set[str] = set()
    for marker in MARKER.finditer(text):
        name = marker.group("name")
        if (name is None) == (opened is None) or name in seen:
            line = text.count("\n", 0, marker.start()) + 1
            raise InputError(
                f"{source}, line {line}: {marker.group(0)!r} does not fit. Each `<!-- table: NAME -->` needs one "
                "`<!-- end -->` below it, and a name of its own."
            )
        opened = name
        seen |= {name} if name else set()
    if opened is not None:
        raise InputError(f"{source}: the table {opened!r} has no `<!-- end -->`.")
    return {block.group("name"): block.group("body").strip("\n") for block in BLOCK.finditer(text)}


def replace_table(text: str, name: str, body: str, source: str = "the text") -> str:
    """Return the text with the block `name` holding `body`.

    Raises
    ------
    InputError
        If there is no such block.
    """
    known = find_tables(text, source)
    if name not in known:
        raise InputError(
            f"{source} has no table {name!r}. Known: {', '.join(known) or 'none'}. Add the two lines "
            f"`<!-- table: {name} -->` and `<!-- end -->` where it belongs."
        )

    def put(block: re.Match[str]) -> str:
        if block.group("name") != name:
            return block.group(0)
        return f"{block.group('open')}\n{body.strip(chr(10))}\n\n{block.group('close')}"

    return BLOCK.sub(put, text)


def write_table(page: str | Path, name: str, body: str) -> bool:
    """Put `body` into the block `name` of a page (path from the repository's root); tell if that changed it."""
    path = ROOT / page
    before = path.read_text(encoding="utf-8")
    after = replace_table(before, name, body, str(page))
    if after != before:
        write_text(path, after)
    return after != before


def markdown_table(headers: Sequence[str], rows: Sequence[Sequence[object]], align: str = "") -> str:
    """Return a Markdown table; `align` has one letter a column, l or r (missing ones: l).

    Examples
    --------
    >>> print(markdown_table(["weighting", "shift"], [["plain", "0.25"]], "lr"))
    | weighting | shift |
    |---|---:|
    | plain | 0.25 |
    """
    wrong = [k for k, row in enumerate(rows) if len(row) != len(headers)]
    if wrong:
        raise InputError(f"row {wrong[0]} has {len(rows[wrong[0]])} cells for {len(headers)} columns.")
    rule = ["---:" if mark == "r" else "---" for mark in align.ljust(len(headers), "l")]
    lines = [list(headers), *([str(cell).replace("|", "\\|") for cell in row] for row in rows)]
    written = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([written[0], f"|{'|'.join(rule)}|", *written[1:]])


def pages() -> Iterator[Path]:
    """Yield every page that may hold tables."""
    yield ROOT / "README.md"
    yield from sorted((ROOT / "docs").rglob("*.md"))


def main() -> None:
    for page in pages():
        for name, body in find_tables(page.read_text(encoding="utf-8"), page.name).items():
            print(f"{page.relative_to(ROOT)}: {name} ({body.count(chr(10)) + 1} lines)")


if __name__ == "__main__":
    main()
