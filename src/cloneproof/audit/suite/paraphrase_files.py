"""Read what says the same as a text, from a file of the user's."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from cloneproof._core.errors import FileAccessError, InputError

__all__ = ["read_paraphrases"]

_COLUMNS = ("text", "paraphrase")


def read_paraphrases(path: str | os.PathLike[str]) -> dict[str, tuple[str, ...]]:
    """Read paraphrases: a table with the columns ``text`` and ``paraphrase``, one paraphrase a row.

    Parameters
    ----------
    path : path-like
        CSV, JSONL or Parquet. ``text`` is a text of the comparisons, letter by letter.

    Returns
    -------
    paraphrases : dict of text to tuple of texts
        In the order of the file.

    Raises
    ------
    FileAccessError
        If the file cannot be read.
    InputError
        If a column is missing, or a cell holds no text.
    """
    place = Path(path)
    try:
        rows = _rows(place)
    except OSError as error:
        raise FileAccessError(f"Cannot read {place}: {error.strerror or error}.") from error
    except (pa.ArrowException, ValueError) as error:
        raise InputError(f"{place} cannot be read as a table of paraphrases: {error}") from error
    found: dict[str, list[str]] = {}
    for i, row in enumerate(rows):
        if not isinstance(row, dict) or not set(_COLUMNS) <= row.keys():
            names = ", ".join(map(repr, row)) if isinstance(row, dict) else repr(row)
            raise InputError(f"{place} must have the columns text and paraphrase. Row {i} has: {names}.")
        text, other = (row[name] for name in _COLUMNS)
        if not isinstance(text, str) or not isinstance(other, str) or not other.strip():
            raise InputError(
                f"{place}: text and paraphrase must be texts. Got {text!r:.40}, {other!r:.40} (row {i})."
            )
        found.setdefault(text, []).append(other)
    if not found:
        raise InputError(f"{place} holds no paraphrases: it has no rows.")
    return {text: tuple(others) for text, others in found.items()}


def _rows(place: Path) -> list[Any]:
    ending = place.suffix.lower()
    if ending in {".jsonl", ".ndjson"}:
        lines = place.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.strip()]
    if ending == ".parquet":
        return list(pq.read_table(place).to_pylist())
    if ending == ".csv":
        text = pa_csv.ConvertOptions(column_types=dict.fromkeys(_COLUMNS, pa.string()))
        quoted = pa_csv.ParseOptions(newlines_in_values=True)
        return list(pa_csv.read_csv(place, convert_options=text, parse_options=quoted).to_pylist())
    raise InputError(f"Paraphrases are read from .csv, .jsonl or .parquet. Got {place.name!r}.")
