"""What passes between the steps of reading: a source, judgments on entries, and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.preferences.comparisons import Comparisons
from cloneproof.preferences.readers.coding import Coded, Column

__all__ = ["Entries", "Judgments", "ReadReport", "Reading", "Source", "rows_to_columns", "table_source"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A table as it was read: columns by name, before any meaning is given to them."""

    name: str
    kind: str
    columns: Mapping[str, Column]
    n_rows: int
    lines: Sequence[int] | None = None
    sha256: str | None = None

    def column(self, name: str) -> Column:
        """Return a column by its name."""
        return self.columns[name]


@dataclass(frozen=True, kw_only=True)
class Entries:
    """Answers as the rows name them, before equal ones merge: all columns of shape (n_entries,)."""

    text: Coded | None = None
    name: Coded | None = None
    prompt: Coded | None = None
    key: Coded | None = None

    def __len__(self) -> int:
        return next(len(c) for c in (self.text, self.name, self.key, self.prompt) if c is not None)


@dataclass(frozen=True, kw_only=True)
class Judgments:
    """Judgments on entries: who was compared with whom, from which row of the source."""

    entries: Entries
    left: IntArray
    right: IntArray
    outcome: FloatArray
    row: IntArray
    count: FloatArray | None = None
    annotator: Coded | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ReadReport:
    """What was found in the data, and what became of its rows.

    Parameters
    ----------
    source : str
        File name, ``<stdin>``, or the type of a frame.
    kind : str
        JSONL, JSON, CSV, TSV, Parquet, Arrow, or the type of a frame.
    sha256 : str or None
        Hash of the file's bytes as they lie on disk; None for frames.
    shape : str
        pair, labelled, ranked, scored or tree.
    columns : dict of str to str
        Which column plays which part.
    rows_read : int
        Rows of the table.
    n_comparisons, n_alternatives : int
        What came out.
    dropped : dict of str to int
        Judgments that were left out, by reason.
    labels : dict of str to int
        Outcome labels met, with their counts (labelled shape).
    unit : str
        What an alternative is: ``"answer"`` (prompt and text) or ``"model"`` (a name).
    empty_texts : int
        Alternatives whose text is empty or blank; they are kept.
    merged : int
        Distinct entries (names under a prompt) that merged with another one of the same text.
    joined : dict of str to str
        Files joined as answers or prompts, with their hashes.
    notes : tuple of str
        How comparisons were formed, in words.
    """

    source: str
    kind: str
    sha256: str | None
    shape: str
    columns: Mapping[str, str]
    rows_read: int
    n_comparisons: int
    n_alternatives: int
    dropped: Mapping[str, int]
    labels: Mapping[str, int]
    unit: str
    empty_texts: int
    merged: int
    joined: Mapping[str, str | None]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready values."""
        return {
            "source": self.source,
            "kind": self.kind,
            "sha256": self.sha256,
            "shape": self.shape,
            "columns": dict(self.columns),
            "rows_read": self.rows_read,
            "n_comparisons": self.n_comparisons,
            "n_alternatives": self.n_alternatives,
            "dropped": dict(self.dropped),
            "labels": dict(self.labels),
            "unit": self.unit,
            "empty_texts": self.empty_texts,
            "merged": self.merged,
            "joined": dict(self.joined),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """Comparisons together with what was read.

    Parameters
    ----------
    comparisons : Comparisons
    report : ReadReport
    rows : int64 ndarray of shape (n_comparisons,)
        The row of the source that each comparison came from (of two rows, the left one's).
    columns : dict of str to ndarray of shape (n_comparisons,)
        Further columns that were asked for with `keep`, one value per comparison.
    """

    comparisons: Comparisons
    report: ReadReport
    rows: IntArray
    columns: Mapping[str, Any] = field(default_factory=dict)


def table_source(table: Any, name: str, kind: str, *, sha256: str | None = None) -> Source:
    """Return an Arrow table as a source.

    Raises
    ------
    InputError
        If a column name stands twice.
    """
    names = [str(column) for column in table.schema.names]
    for column in names:
        if names.count(column) > 1:
            raise InputError(
                f"{name} names the column {column!r} {names.count(column)} times. Name each once."
            )
    columns = {column: table.column(k) for k, column in enumerate(names)}
    return Source(name=name, kind=kind, columns=columns, n_rows=table.num_rows, sha256=sha256)


def rows_to_columns(
    rows: Sequence[Mapping[Any, Any]], name: str, kind: str, lines: Sequence[int] | None
) -> Source:
    """Turn records into columns; a field that a row lacks is missing there.

    Raises
    ------
    InputError
        If a column mixes types; the message gives the first two rows that differ.
    """
    names: dict[str, None] = {}
    for row in rows:
        if row.keys() != names.keys():
            names.update(dict.fromkeys(row))
    columns = {str(c): _to_column([row.get(c) for row in rows], str(c), name) for c in names}
    return Source(name=name, kind=kind, columns=columns, n_rows=len(rows), lines=lines)


def _to_column(values: list[Any], column: str, name: str) -> Column:
    if any(isinstance(x, (list, dict, tuple)) for x in values):
        return values
    try:
        return pa.chunked_array([pa.array(values, from_pandas=True)])
    except (pa.ArrowException, OverflowError, UnicodeEncodeError, TypeError, ValueError):
        pass
    first: dict[str, int] = {}
    for row, value in enumerate(values):
        if value is not None:
            first.setdefault(_type_name(value), row)
    if len(first) > 1:
        (a, i), (b, k), *_ = first.items()
        raise InputError(
            f"Column {column!r} of {name} mixes types: row {i} holds {a}, row {k} holds {b}. "
            "Write every value of a column the same way."
        )
    raise InputError(
        f"Column {column!r} of {name} cannot be read: {next(iter(first), 'nothing')} out of range or not "
        "valid Unicode."
    )


def _type_name(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "true or false"
    if isinstance(value, (int, float, np.number)):
        return "a number"
    return "text" if isinstance(value, str) else f"a {type(value).__name__}"
