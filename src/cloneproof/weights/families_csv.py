"""Families as a CSV that a person can edit: one row per alternative."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import FileAccessError, InputError
from cloneproof._core.files import write_text
from cloneproof._core.typing import IntArray
from cloneproof.weights.families import as_families

__all__ = ["FamilyFile", "read_families", "write_families"]

TEXT_LIMIT = 2_000
"""Characters of a text that are written; the column is for the reader's eye."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "＝", "＋", "－", "＠")


@dataclass(frozen=True, kw_only=True)
class FamilyFile:
    """What a family CSV holds.

    Parameters
    ----------
    ids, families : tuple of str
        The name of each alternative and the label of its family, in the order of the file.
    texts : tuple of str or None
        What each alternative says, where the file has that column.
    """

    ids: tuple[str, ...]
    families: tuple[str, ...]
    texts: tuple[str, ...] | None = None

    def labels(self, ids: Sequence[Any] | ArrayLike) -> IntArray:
        """Return family labels 0, 1, ... for the alternatives `ids`, in that order.

        Raises
        ------
        InputError
            If an alternative is not in the file.
        """
        known = dict(zip(self.ids, self.families, strict=True))
        names = [str(name) for name in np.asarray(ids, dtype=object)]
        missing = [name for name in names if name not in known]
        if missing:
            raise InputError(
                f"{len(missing):,} of {len(names):,} alternatives are not in the family file, "
                f"first: {missing[0]!r}. Add a row for each."
            )
        return as_families([known[name] for name in names], len(names))


def write_families(
    path: str | os.PathLike[str],
    ids: Sequence[Any] | ArrayLike,
    families: Sequence[Any] | ArrayLike,
    *,
    texts: Sequence[str] | None = None,
) -> None:
    """Write columns id, family and text, for editing in any spreadsheet and reading back.

    Parameters
    ----------
    path : path-like
        Replaced whole or left as it was.
    ids, families : sequence of length n_alternatives
        Written as text.
    texts : sequence of str, optional
        Cut to 2,000 characters.

    Raises
    ------
    InputError
        If the lengths differ, an id appears twice, or a text cannot be written as UTF-8.
    FileAccessError
        If the file cannot be written.

    Notes
    -----
    A cell that a spreadsheet would run as a formula (it starts with ``= + - @``, a tab or a line break) is
    written with a leading apostrophe, which :func:`read_families` takes away again.
    """
    names = [str(name) for name in np.asarray(ids, dtype=object)]
    labels = [str(label) for label in np.asarray(families, dtype=object)]
    if len(labels) != len(names) or (texts is not None and len(texts) != len(names)):
        raise InputError(
            f"ids, families and texts must have one entry per alternative. Got {len(names):,}, "
            f"{len(labels):,} and {'none' if texts is None else f'{len(texts):,}'}."
        )
    columns = [names, labels] if texts is None else [names, labels, [str(t)[:TEXT_LIMIT] for t in texts]]
    rows = list(zip(*columns, strict=True))
    _check_rows([(row[0], row[1]) for row in rows], "families to write")
    buffer = io.StringIO(newline="")
    plain = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    quoted = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL)
    plain.writerow(["id", "family", "text"][: len(columns)])
    for row in rows:  # a lone "\r" ends the row for most readers, and QUOTE_MINIMAL does not quote it
        writer = quoted if any("\r" in cell for cell in row) else plain
        writer.writerow([_disarm(cell) for cell in row])
    content = buffer.getvalue()
    try:
        content.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"a cell holds {error.object[error.start]!r}, which UTF-8 cannot hold. "
            "Remove lone surrogates from the texts."
        ) from error
    write_text(path, content)


def read_families(path: str | os.PathLike[str]) -> FamilyFile:
    """Read a CSV with columns id and family (and text), as :func:`write_families` made it.

    Parameters
    ----------
    path : path-like
        UTF-8, with or without a byte-order mark; columns in any order, others are ignored.

    Returns
    -------
    families : FamilyFile

    Raises
    ------
    FileAccessError
        If the file cannot be opened.
    InputError
        If it is not UTF-8, a column is missing, a row has another number of cells than the header, an id
        appears twice or an id or a family is empty.
    """
    try:
        content = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FileAccessError(f"Cannot read {os.fspath(path)}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{os.fspath(path)} is not UTF-8 (byte {error.start}). Save it as UTF-8 CSV."
        ) from error
    try:
        rows = list(csv.reader(io.StringIO(content, newline=""), strict=True))
    except csv.Error as error:
        raise InputError(f"{os.fspath(path)} is not a readable CSV: {error}.") from error
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    if "id" not in header or "family" not in header:
        raise InputError(
            f"{os.fspath(path)} must have columns 'id' and 'family', separated by commas. "
            f"Found: {', '.join(map(repr, header)) or 'an empty file'}."
        )
    body = [(number, row) for number, row in enumerate(rows[1:], start=2) if row]
    for number, row in body:
        if len(row) != len(header):
            raise InputError(
                f"{os.fspath(path)}: row {number} has {len(row)} cells, the header "
                f"{len(header)}. Put quotes around cells that hold commas."
            )

    def column(name: str) -> tuple[str, ...]:
        return tuple(_arm(row[header.index(name)]) for _, row in body)

    found = FamilyFile(
        ids=column("id"), families=column("family"), texts=column("text") if "text" in header else None
    )
    _check_rows(list(zip(found.ids, found.families, strict=True)), os.fspath(path))
    return found


def _check_rows(rows: Sequence[tuple[str, str]], where: str) -> None:
    """Refuse empty cells and repeated ids, naming the first."""
    seen: dict[str, int] = {}
    for number, (name, family) in enumerate(rows, start=2):
        if not name.strip() or not family.strip():
            raise InputError(f"{where}: row {number} has no {'id' if not name.strip() else 'family'}.")
        if name in seen:
            raise InputError(
                f"{where}: id {name!r} appears in rows {seen[name]} and {number}. "
                "Every alternative belongs to one family."
            )
        seen[name] = number


def _disarm(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet would run (and before apostrophes, to undo it)."""
    return "'" + cell if cell.startswith(_FORMULA) else cell


def _arm(cell: str) -> str:
    """Take that apostrophe away."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
