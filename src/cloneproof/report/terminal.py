"""Plain-text tables for a terminal, with no library and no surprise from the data."""

from __future__ import annotations

from collections.abc import Sequence

from cloneproof._core.errors import ParameterError
from cloneproof.report.text import display_width, fit_columns, one_line

__all__ = ["format_table"]

_ALIGNMENTS = {"l", "r", "c"}
_LONGEST = 400  # characters of one cell that are looked at, far beyond any terminal


def format_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[object]],
    align: str | None = None,
    *,
    max_width: int | None = None,
) -> str:
    """Lay out rows as a table of plain text.

    Control characters, terminal escapes and bidirectional overrides in a cell are written as codes,
    newlines as spaces; wide signs (CJK, emoji) take two columns.

    Parameters
    ----------
    headers : sequence of str of length n_columns
    rows : sequence of sequences of length n_columns
        Cells of any type, shown as ``str(cell)``; None is shown empty.
    align : str of length n_columns, default=None
        One letter a column: "l" left, "r" right, "c" centre. None: all left.
    max_width : int, default=None
        Widest table, in columns; the widest text column is cut with an ellipsis until the table
        fits or no column is wider than 8. None: no limit.

    Returns
    -------
    table : str
        Lines joined by newlines, without one at the end.

    Raises
    ------
    ParameterError
        If `align` or a row does not have one entry per column.

    Examples
    --------
    >>> print(format_table(["family", "votes"], [["food", 120], ["art", 8]], "lr"))
    family  votes
    ------  -----
    food      120
    art         8
    """
    n = len(headers)
    align = "l" * n if align is None else align
    if len(align) != n or not set(align) <= _ALIGNMENTS:
        raise ParameterError(f"align must have one of l, r, c for each of {n} columns. Got {align!r}.")
    for i, row in enumerate(rows):
        if len(row) != n:
            raise ParameterError(f"Row {i} has {len(row)} cells but there are {n} headers: {row!r:.80}.")
    cells = [[one_line(str(header), _LONGEST) for header in headers]]
    cells += [["" if cell is None else one_line(str(cell), _LONGEST) for cell in row] for row in rows]
    widths = [max(display_width(row[j]) for row in cells) for j in range(n)]
    if max_width is not None:
        widths = _squeeze(widths, max_width)
    lines = [_line(row, widths, align) for row in cells]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _squeeze(widths: list[int], max_width: int) -> list[int]:
    """Take columns from the widest column until the table fits."""
    widths = list(widths)
    excess = sum(widths) + 2 * (len(widths) - 1) - max_width
    while excess > 0 and widths and max(widths) > 8:
        widths[widths.index(max(widths))] -= 1
        excess -= 1
    return widths


def _line(cells: Sequence[str], widths: Sequence[int], align: str) -> str:
    """Pad the cells of one row to their columns."""
    parts = []
    for cell, width, side in zip(cells, widths, align, strict=True):
        text = fit_columns(cell, width)
        room = width - display_width(text)
        before = {"l": 0, "r": room, "c": room // 2}[side]
        parts.append(" " * before + text + " " * (room - before))
    return "  ".join(parts).rstrip()
