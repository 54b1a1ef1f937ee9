"""Tables as files of the kind that their name says, whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from cloneproof._core.errors import FileAccessError, ParameterError
from cloneproof._core.files import atomic_path

__all__ = ["write_table"]

_ENDINGS = (".parquet", ".jsonl", ".csv", ".tsv")
_BATCH = 20_000


def write_table(table: pa.Table, target: str | os.PathLike[str]) -> Path:
    """Write a table as Parquet, JSONL, CSV or TSV, by the ending of `target`.

    Parameters
    ----------
    table : pyarrow.Table
    target : path-like
        Ends in .parquet, .jsonl, .csv or .tsv. Replaced in one step if it is there.

    Returns
    -------
    path : Path

    Raises
    ------
    ParameterError
        For another ending, or nested columns in CSV.
    FileAccessError
        If the file cannot be written.
    """
    path = Path(target)
    ending = path.suffix.lower()
    if ending not in _ENDINGS:
        raise ParameterError(f"The file must end in {', '.join(_ENDINGS)}. Got {path.name!r}.")
    if ending in {".csv", ".tsv"}:
        nested = [f.name for f in table.schema if pa.types.is_nested(f.type)]
        if nested:
            raise ParameterError(
                f"Column {nested[0]!r} holds messages, which {ending} cannot. Use .parquet or .jsonl."
            )
        plain = pa.schema([(f.name, _undictionaried(f.type)) for f in table.schema])
        table = table.cast(plain)
    with atomic_path(path) as temporary:
        try:
            if ending == ".parquet":
                pq.write_table(table, temporary)
            elif ending == ".jsonl":
                _write_jsonl(table, temporary)
            else:
                options = pa_csv.WriteOptions(delimiter="\t" if ending == ".tsv" else ",")
                pa_csv.write_csv(table, temporary, options)
        except pa.ArrowException as error:
            raise FileAccessError(f"Cannot write {path}: {error}.") from error
    return path


def _undictionaried(kind: Any) -> Any:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _write_jsonl(table: pa.Table, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for start in range(0, table.num_rows, _BATCH):
            for row in table.slice(start, _BATCH).to_pylist():
                file.write(json.dumps(row, ensure_ascii=False, allow_nan=False))
                file.write("\n")
