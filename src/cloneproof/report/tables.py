"""Tables that can be sorted by keyboard and read by a screen reader."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cloneproof.report.html import Markup, join, tag

__all__ = [
    "Cell",
    "Column",
    "data_table",
    "definition_list",
    "head_row",
    "scrolling",
    "show_all",
    "table_cell",
]


@dataclass(frozen=True)
class Column:
    """One column: its heading, whether it holds numbers, and what the heading means.

    `narrow` tells that the column stays on a screen of a phone's width.
    """

    title: str
    numeric: bool = False
    hint: str | None = None
    narrow: bool = True
    sortable: bool = True


@dataclass(frozen=True)
class Cell:
    """What a cell shows and the value that it is sorted by."""

    shown: object
    value: float | str | None = None


def head_row(columns: Sequence[Column], *, sorted_by: int | None = None) -> Markup:
    """Return the row of headings; each sortable one is a button."""
    cells = []
    for j, column in enumerate(columns):
        order = ("descending" if j == sorted_by else "none") if column.sortable else None
        title: object = column.title
        if column.sortable:
            title = tag("button", column.title, type="button", title=column.hint)
        cells.append(
            tag(
                "th",
                title,
                scope="col",
                class_=_class(column),
                aria_sort=order,
                title=None if column.sortable else column.hint,
            )
        )
    return tag("thead", tag("tr", *cells))


def table_cell(column: Column, cell: Cell | object, *, heading: bool = False) -> Markup:
    """Return one cell; the first of a row can be its heading."""
    cell = cell if isinstance(cell, Cell) else Cell(cell)
    value = cell.value
    if isinstance(value, float):
        value = repr(float(value)) if math.isfinite(value) else None
    return tag(
        "th" if heading else "td",
        cell.shown,
        class_=_class(column),
        data_value=value,
        scope="row" if heading else None,
    )


def data_table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell | object]],
    *,
    caption: str,
    sorted_by: int | None = None,
    class_: str | None = None,
    first: int | None = None,
) -> Markup:
    """Return a table that the page's script makes sortable, and shows the `first` rows of."""
    body = [
        tag("tr", *(table_cell(column, cell) for column, cell in zip(columns, row, strict=True)))
        for row in rows
    ]
    sortable = any(column.sortable for column in columns)
    table = tag(
        "table",
        tag("caption", caption),
        head_row(columns, sorted_by=sorted_by),
        tag("tbody", *body),
        class_=" ".join(filter(None, ["sortable" if sortable else None, class_])) or None,
        data_first=first,
    )
    return join(scrolling(table, caption), show_all(len(rows), first))


def scrolling(table: Markup, name: str) -> Markup:
    """Return a table that scrolls sideways inside its place on a narrow screen."""
    return tag("div", table, class_="scroll", role="region", aria_label=name, tabindex="0")


def show_all(n_rows: int, first: int | None) -> Markup | None:
    """Return the button that shows the rows beyond the first, or None where there are none."""
    if first is None or n_rows <= first:
        return None
    return tag("p", tag("button", f"Show all {n_rows:,} rows", type="button"), class_="more scripted")


def definition_list(items: Sequence[tuple[str, object]]) -> Markup:
    """Return names and values in two columns."""
    rows = [tag("div", tag("dt", name), tag("dd", value)) for name, value in items]
    return tag("dl", *rows)


def _class(column: Column) -> str | None:
    """Return the classes of a column."""
    names = [*(["number"] if column.numeric else []), *([] if column.narrow else ["wide-only"])]
    return " ".join(names) or None
