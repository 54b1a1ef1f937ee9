"""Rows for training as a folder that ``datasets.load_dataset`` reads, with a card that says what they are."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cloneproof._core.errors import FileAccessError
from cloneproof._core.files import file_sha256
from cloneproof._core.swap import replaced_folder
from cloneproof.export.training_rows import resampled_table, training_table
from cloneproof.export.weighed_rows import WeighedRows

__all__ = ["EXPORT_FILE", "check_dataset_folder", "rows_table", "write_dataset_folder"]

EXPORT_FILE = "cloneproof_export.json"
DATA_FILE = "train.parquet"
_FILES = (DATA_FILE, "README.md", "dataset_info.json", EXPORT_FILE)


def rows_table(
    rows: WeighedRows,
    kind: str,
    *,
    conversational: bool = False,
    n_rows: int | None = None,
    random_state: int = 0,
    prompt_name: str = "prompt",
) -> pa.Table:
    """Return weighed comparisons as rows for a trainer.

    Parameters
    ----------
    rows : WeighedRows
    kind : {"trl", "resampled"}
        "trl": the columns weight (mean 1), l2_chosen and l2_rejected beside TRL's, for
        :mod:`cloneproof.trl`; the column row counts rows of the input. "resampled": plain rows, each
        repeated as often as its weight says in expectation, for any trainer.
    conversational : bool, default=False
        Chat messages instead of text.
    n_rows : int, default=None
        Rows to write, resampled; None: as many as there are comparisons.
    random_state : int, default=0
        Draws the resampled rows.
    prompt_name : str, default="prompt"
        The name of the prompt's column (axolotl calls it input).
    """
    c = rows.comparisons
    if kind == "resampled":
        table = resampled_table(
            c,
            comparison_weight=rows.comparison_weight,
            n_rows=n_rows,
            random_state=random_state,
            conversational=conversational,
        )
    else:
        table = training_table(
            c,
            comparison_weight=rows.comparison_weight,
            alternative_weight=rows.alternative_weight,
            regularization=rows.ridge_of_mean,
            conversational=conversational,
        )
        place = table.column_names.index("row")
        source = rows.source_rows[np.asarray(table.column("row"))]
        table = table.set_column(place, "row", pa.array(source))
    return table.rename_columns([prompt_name if x == "prompt" else x for x in table.column_names])


def write_dataset_folder(
    table: pa.Table,
    target: str | os.PathLike[str],
    *,
    kind: str,
    record: Mapping[str, Any],
) -> Path:
    """Write a table as a dataset folder, whole or not at all.

    Holds ``train.parquet``, a card (README.md), ``dataset_info.json`` (an entry for LLaMA-Factory) and
    ``cloneproof_export.json`` (how the rows were made, with hashes).

    Parameters
    ----------
    table : pyarrow.Table
    target : path-like
        The folder, made or replaced; other files there stay.
    kind : {"trl", "resampled"}
    record : mapping
        JSON-ready: how the rows were made.

    Raises
    ------
    FileAccessError
        If `target` is a file, or holds files of these names that no export wrote.
    """
    path = Path(target)
    check_dataset_folder(path)
    name = "".join(x if x.isascii() and (x.isalnum() or x in "-_") else "-" for x in path.name) or "dataset"
    with replaced_folder(path, owned=_FILES.__contains__) as folder:
        pq.write_table(table, folder / DATA_FILE)
        (folder / "README.md").write_text(_card(table, kind, record), encoding="utf-8")
        _write_json(folder / "dataset_info.json", {name: _llama_factory(table)})
        hashes = {x: file_sha256(folder / x) for x in _FILES if (folder / x).exists()}
        _write_json(folder / EXPORT_FILE, {"tool": "cloneproof", "kind": kind, **record, "files": hashes})
    return path


def check_dataset_folder(path: Path) -> None:
    """Raise if a dataset folder may not be written there."""
    if path.exists() and not path.is_dir():
        raise FileAccessError(f"{path} is a file, and a dataset is a folder. Choose another --out.")
    taken = [name for name in _FILES if (path / name).exists()]
    if taken and not (path / EXPORT_FILE).exists():
        raise FileAccessError(f"{path} holds {taken[0]}, which no export wrote. Choose another --out.")


def _llama_factory(table: pa.Table) -> dict[str, Any]:
    names = [x for x in ("prompt", "input") if x in table.column_names]
    columns = {"prompt": names[0]} if names else {}
    return {
        "file_name": DATA_FILE,
        "ranking": True,
        "columns": {**columns, "chosen": "chosen", "rejected": "rejected"},
    }


def _card(table: pa.Table, kind: str, record: Mapping[str, Any]) -> str:
    summary = record.get("summary", {})
    weighted = (
        "Each row has a `weight` (mean 1) and, where there is a ridge, `l2_chosen` and `l2_rejected`: the mean of "
        "`weight * loss + l2_chosen * r(chosen)^2 + l2_rejected * r(rejected)^2` is the weighted objective. "
        "TRL's own trainers drop these columns in silence; `cloneproof.trl` reads them."
        if kind == "trl"
        else "Rows are repeated as often as their weight says, in expectation, and stand in random order: use them as "
        "they are, with any trainer."
    )
    return "\n".join(
        [
            "---",
            "configs:",
            "- config_name: default",
            "  data_files:",
            "  - split: train",
            f"    path: {DATA_FILE}",
            "tags: [cloneproof, preference]",
            "---",
            "",
            "# Preference rows in which near-copies do not vote twice",
            "",
            f"{table.num_rows:,} rows made from {summary.get('n_comparisons', 0):,} comparisons of "
            f"{summary.get('n_alternatives', 0):,} answers, which the weights count as "
            f"{summary.get('effective_comparisons', 0.0):,.0f} (effective sample size).",
            "",
            weighted,
            "",
            f"`{EXPORT_FILE}` says how the weights were made, from which file (SHA-256).",
            "",
        ]
    )


def _write_json(path: Path, content: Any) -> None:
    path.write_text(
        json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
    )
