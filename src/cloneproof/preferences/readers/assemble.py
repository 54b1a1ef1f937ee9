"""From judgments on entries to comparisons of alternatives: merge equal ones, name them, drop or refuse."""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from cloneproof._core.errors import DroppedRowsWarning, InputError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.preferences._labels import number_by_appearance
from cloneproof.preferences.comparisons import Comparisons
from cloneproof.preferences.readers.coding import Coded, first_appearance, pairs
from cloneproof.preferences.readers.options import ReaderOptions
from cloneproof.preferences.readers.records import Entries, Judgments, Source

__all__ = ["Assembled", "assemble"]

_SLUG = 40


class Assembled(NamedTuple):
    """Comparisons and what became of the rows."""

    comparisons: Comparisons
    rows: IntArray
    unit: str
    dropped: Mapping[str, int]
    empty_texts: int
    merged: int


def assemble(judgments: Judgments, source: Source, options: ReaderOptions) -> Assembled:
    """Merge entries into alternatives and check every row.

    Raises
    ------
    InputError
        If a text, name, prompt, outcome or annotator is missing (unless ``missing="drop"``), a count is
        not positive, or no comparison is left.
    """
    entries = judgments.entries
    unit = _unit(entries, source, options)
    identity = _identity(entries, unit)
    dropped = dict(judgments.dropped)
    keep = _complete(judgments, entries, unit, source, options, dropped)
    if judgments.count is not None:
        bad = keep & ~(judgments.count > 0)
        if bad.any():
            first = int(np.argmax(bad))
            raise InputError(
                f"The counts must be positive; {int(bad.sum()):,} of {len(bad):,} are not, first: "
                f"{judgments.count[first]:g} (row {int(judgments.row[first])})."
            )
    one, other = identity[judgments.left], identity[judgments.right]
    same = keep & (one == other)
    if same.any():
        what = "an answer with itself (same prompt and text)" if unit == "answer" else "a model with itself"
        dropped[f"compares {what}"] = int(same.sum())
        first = int(np.argmax(same))
        warnings.warn(
            f"{int(same.sum()):,} of {len(same):,} comparisons in {source.name} compare {what}; dropped. "
            f"First: row {int(judgments.row[first])}.",
            DroppedRowsWarning,
            stacklevel=4,
        )
        keep &= ~same
    if not keep.any():
        reasons = "; ".join(f"{count:,}: {reason}" for reason, count in dropped.items())
        raise InputError(
            f"{source.name} holds no comparison of two alternatives ({source.n_rows:,} rows read"
            f"{'; dropped ' + reasons if reasons else ''})."
        )
    rows = np.flatnonzero(keep)
    if unit == "model" and entries.text is None:
        return _models(judgments, rows, one[rows], other[rows], dropped)
    left, right = judgments.left[rows], judgments.right[rows]
    both = np.column_stack([one[rows], other[rows]]).ravel()
    codes, first_at = first_appearance(both)
    entry = np.column_stack([left, right]).ravel()[first_at]
    texts, prompts = _texts(entries, unit, entry, np.column_stack([left, right]).ravel(), codes)
    comparisons = Comparisons.from_arrays(
        codes[0::2].astype(np.int32),
        codes[1::2].astype(np.int32),
        outcome=_column(judgments.outcome[rows]),
        count=None if judgments.count is None else _column(judgments.count[rows]),
        annotator=None if judgments.annotator is None else _labels(judgments.annotator.take(rows)),
        ids=_ids(entries, entry, texts, prompts),
        texts=texts,
        prompts=prompts,
    )
    merged = 0
    if unit == "answer" and entries.name is not None:
        named = pairs(entries.name, entries.key if entries.key is not None else entries.prompt)
        used = np.unique(np.concatenate([left, right]))
        merged = max(len(np.unique(named[used])) - comparisons.n_alternatives, 0)
    empty = 0 if texts is None else sum(not text.strip() for text in texts)
    return Assembled(comparisons, judgments.row[rows], unit, dropped, empty, merged)


def _models(
    judgments: Judgments, rows: IntArray, left: IntArray, right: IntArray, dropped: Mapping[str, int]
) -> Assembled:
    """Return comparisons of models of which only the names are known: their codes tell them apart."""
    names = judgments.entries.name
    assert names is not None  # noqa: S101  (checked by _unit)
    values = names.values.to_pylist()
    order, new_left, new_right = number_by_appearance(left, right, len(values))
    ids = np.empty(len(order), dtype=object)
    ids[:] = [values[k] for k in order.tolist()]
    comparisons = Comparisons.from_arrays(
        new_left,
        new_right,
        outcome=_column(judgments.outcome[rows]),
        count=None if judgments.count is None else _column(judgments.count[rows]),
        annotator=None if judgments.annotator is None else _labels(judgments.annotator.take(rows)),
        ids=ids,
    )
    return Assembled(comparisons, judgments.row[rows], "model", dropped, 0, 0)


def _unit(entries: Entries, source: Source, options: ReaderOptions) -> str:
    if options.unit == "auto":
        return "model" if entries.text is None else "answer"
    if options.unit == "model" and entries.name is None:
        raise InputError(
            f"unit='model' needs columns that name the models; {source.name} has none. Use 'answer'."
        )
    if options.unit == "answer" and entries.text is None:
        raise InputError(
            f"unit='answer' needs the answers' texts; {source.name} has none. Pass answers= to join them."
        )
    return options.unit


def _identity(entries: Entries, unit: str) -> IntArray:
    """Return one integer per entry that is equal where two entries are one alternative; -1: missing."""
    if unit == "model":
        assert entries.name is not None  # noqa: S101  (checked by _unit)
        return entries.name.codes
    assert entries.text is not None  # noqa: S101
    return pairs(entries.text, entries.prompt if entries.prompt is not None else entries.key)


def _complete(
    judgments: Judgments,
    entries: Entries,
    unit: str,
    source: Source,
    options: ReaderOptions,
    dropped: dict[str, int],
) -> Any:
    """Return which judgments miss nothing; refuse or count the others."""
    left, right = judgments.left, judgments.right
    keep = np.ones(len(left), dtype=bool)
    lacking: list[tuple[str, Any]] = []
    parts = (
        {"model name": entries.name}
        if unit == "model"
        else {
            "answer text": entries.text,
            "prompt": entries.prompt if entries.prompt is not None else entries.key,
        }
    )
    for what, column in parts.items():
        if column is not None and len(column) and int(column.codes.min()) < 0:
            lacking.append((what, column.missing[left] | column.missing[right]))
    lacking.append(("outcome", np.isnan(judgments.outcome)))
    if judgments.annotator is not None:
        lacking.append(("annotator", judgments.annotator.missing))
    if judgments.count is not None:
        lacking.append(("count", np.isnan(judgments.count)))
    for what, mask in lacking:
        if not mask.any():
            continue
        if options.missing == "error":
            first = int(np.argmax(mask))
            raise InputError(
                f"{int(mask.sum()):,} of {len(mask):,} comparisons in {source.name} have no {what}; "
                f"first: row {int(judgments.row[first])}. Fill it in, or pass missing='drop' to leave those rows out."
            )
        dropped[f"no {what}"] = int((mask & keep).sum())
        keep &= ~mask
    if options.missing == "drop" and not keep.all():
        warnings.warn(
            f"{int((~keep).sum()):,} of {len(keep):,} comparisons in {source.name} miss a part; dropped.",
            DroppedRowsWarning,
            stacklevel=5,
        )
    return keep


def _column(values: FloatArray) -> FloatArray:
    """Return a constant column in 8 bytes, any other as it is."""
    return np.broadcast_to(values[0], values.shape) if len(values) and (values == values[0]).all() else values


def _labels(column: Coded) -> Any:
    values = np.empty(len(column.values), dtype=object)
    values[:] = column.values.to_pylist()
    return values[column.codes]


def _values(column: Coded, entry: IntArray) -> list[str]:
    values = column.values.to_pylist()
    return [values[k] for k in column.codes[entry].tolist()]


def _texts(
    entries: Entries, unit: str, entry: IntArray, used: IntArray, codes: IntArray
) -> tuple[list[str] | None, list[str] | None]:
    """Return texts and prompts per alternative; a model has them only where they never vary."""
    columns: list[list[str] | None] = []
    for column in (entries.text, entries.prompt):
        if column is None or (unit == "model" and not _constant_within(column, entry, used, codes)):
            columns.append(None)
        else:
            columns.append(_values(column, entry))
    return columns[0], columns[1] if columns[0] is not None else None


def _constant_within(column: Coded, entry: IntArray, used: IntArray, codes: IntArray) -> bool:
    return bool((column.codes[used] == column.codes[entry][codes]).all() and (column.codes[entry] >= 0).all())


def _ids(entries: Entries, entry: IntArray, texts: list[str] | None, prompts: list[str] | None) -> Any:
    """Name alternatives: by name, else by prompt key and name, else by the start and hash of the text."""
    ids = np.empty(len(entry), dtype=object)
    names = None if entries.name is None else entries.name.take(entry)
    if names is not None and not names.missing.any():
        shown = _values(names, np.arange(len(entry)))
        if len(set(shown)) == len(shown):
            ids[:] = shown
            return ids
        if entries.key is not None and not entries.key.take(entry).missing.any():
            joined = [f"{key}/{name}" for key, name in zip(_values(entries.key, entry), shown, strict=True)]
            if len(set(joined)) == len(joined):
                ids[:] = joined
                return ids
    keys = _values(entries.key, entry) if entries.key is not None and prompts is None else None
    digests = [
        hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
        for parts in zip(*(column for column in (prompts or keys, texts) if column is not None), strict=True)
    ]
    size = 8
    while max(Counter(d[:size] for d in digests).values()) > 1:
        size += 4
    ids[:] = [f"{_slug(text)} #{digest[:size]}" for text, digest in zip(texts or [], digests, strict=True)]
    return ids


def _slug(text: str) -> str:
    line = " ".join(text[: 4 * _SLUG].split())
    return line if len(line) <= _SLUG else f"{line[: _SLUG - 1].rstrip()}…"
