"""Read a run directory back: its comparisons, the options and inputs it was made with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cloneproof._core.errors import FileAccessError, InputError
from cloneproof._core.files import file_sha256
from cloneproof._core.typing import FloatArray
from cloneproof.audit import AnalysisOptions
from cloneproof.export.run_directory import read_manifest
from cloneproof.preferences import Comparisons

__all__ = ["Run", "read_run"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """A finished run of ``fit``, read from its folder.

    Parameters
    ----------
    comparisons : Comparisons
        As they were weighed; ids are strings, annotators too.
    alternative_weight : float64 ndarray of shape (n_alternatives,)
    comparison_weight : float64 ndarray of shape (n_comparisons,)
    rewards, rewards_plain : float64 ndarray of shape (n_alternatives,)
        Natural-log odds, weighted and plain.
    families : int64 ndarray of shape (n_alternatives,)
    options : AnalysisOptions
        What the run was asked for.
    manifest : mapping
        The whole manifest; ``manifest["input"]`` says what was read.
    """

    comparisons: Comparisons
    alternative_weight: FloatArray
    comparison_weight: FloatArray
    rewards: FloatArray
    rewards_plain: FloatArray
    families: Any
    options: AnalysisOptions
    manifest: Mapping[str, Any]


def read_run(target: str | os.PathLike[str]) -> Run:
    """Read a run directory that :func:`write_run` wrote.

    Parameters
    ----------
    target : path-like
        The folder given to ``cloneproof fit`` as ``--out``.

    Returns
    -------
    run : Run

    Raises
    ------
    FileAccessError
        If the folder or one of its files cannot be read.
    InputError
        If it is no run of cloneproof, or a file is not the one that the manifest names.
    """
    path = Path(target)
    manifest = read_manifest(path)
    for name in ("alternatives.parquet", "comparisons.parquet"):
        try:
            found = file_sha256(path / name)
        except OSError as error:
            raise FileAccessError(f"Cannot read {path / name}: {error.strerror}.") from error
        said = manifest.get("files", {}).get(name)
        if found != said:
            raise InputError(
                f"{path / name} is not the file that the manifest names (sha256 {found[:12]}…, expected "
                f"{str(said)[:12]}…). Run fit again."
            )
    alternatives = pq.read_table(path / "alternatives.parquet")
    rows = pq.read_table(path / "comparisons.parquet")
    sides = [_positions(rows[name], alternatives["id"]) for name in ("left", "right")]
    comparisons = Comparisons(
        ids=np.array(alternatives["id"].to_pylist(), dtype=object),
        texts=_strings(alternatives["text"]),
        prompts=_strings(alternatives["prompt"]),
        left=sides[0],
        right=sides[1],
        outcome=rows["outcome"].to_numpy(),
        count=rows["count"].to_numpy(),
        annotator=(
            np.array(rows["annotator"].to_pylist(), dtype=object)
            if "annotator" in rows.column_names
            else None
        ),
        source=str(manifest.get("input", {}).get("source") or path),
    )
    return Run(
        comparisons=comparisons,
        alternative_weight=alternatives["weight"].to_numpy(),
        comparison_weight=rows["weight"].to_numpy(),
        rewards=alternatives["reward"].to_numpy(),
        rewards_plain=alternatives["reward_plain"].to_numpy(),
        families=alternatives["family"].to_numpy(),
        options=_options(manifest, path),
        manifest=manifest,
    )


def _positions(column: pa.ChunkedArray, ids: pa.ChunkedArray) -> np.ndarray:
    """Return positions into the ids: write_run keeps all ids in the dictionary, in order."""
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0)
    names = ids.combine_chunks()
    if whole.dictionary.to_pylist() != names.to_pylist():  # written again by another tool
        return np.asarray(pc.index_in(whole.cast(pa.string()), names), dtype=np.int32)
    return np.asarray(whole.indices.to_numpy(zero_copy_only=False), dtype=np.int32)


def _strings(column: pa.ChunkedArray) -> tuple[str, ...] | None:
    return None if column.null_count == len(column) else tuple(column.to_pylist())


def _options(manifest: Mapping[str, Any], path: Path) -> AnalysisOptions:
    known = {field.name for field in fields(AnalysisOptions)}
    asked = manifest.get("options")
    if not isinstance(asked, dict) or not set(asked) <= known:
        raise InputError(
            f"{path / 'manifest.json'} has options that this version does not know: "
            f"{', '.join(sorted(set(asked or {}) - known)) or 'none at all'}. Run fit again."
        )
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in asked.items()}
    return AnalysisOptions(**values)
