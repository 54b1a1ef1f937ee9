"""Comparisons with their weights, ready to be written: weighed here, or read from a finished run."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from cloneproof._core.errors import CloneProofWarning
from cloneproof._core.steps import StepCache
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.audit import AnalysisOptions, weigh_comparisons
from cloneproof.audit.choices import choose_comparison_weights
from cloneproof.export.comparison_files import weights_table
from cloneproof.export.run_directory import read_manifest
from cloneproof.export.run_reader import read_run
from cloneproof.export.table_files import write_table
from cloneproof.preferences import Comparisons
from cloneproof.rewards import comparison_weights, total_comparison_weight
from cloneproof.weights import effective_sample_size

__all__ = [
    "WeighedRows",
    "is_run",
    "read_weighed_rows",
    "row_weights_table",
    "weigh_rows",
    "write_row_weights",
]


@dataclass(frozen=True, kw_only=True, eq=False)
class WeighedRows:
    """Comparisons with alternative weights and comparison weights.

    Parameters
    ----------
    comparisons : Comparisons
    alternative_weight : float64 ndarray of shape (n_alternatives,)
        Sums to 1.
    comparison_weight : float64 ndarray of shape (n_comparisons,)
        Sums to 1.
    regularization : float
        The lambda on the scale of :class:`cloneproof.BradleyTerry`.
    families : int64 ndarray of shape (n_alternatives,)
    source_rows : int64 ndarray of shape (n_comparisons,)
        The row of the input that each comparison came from, counted from 0.
    provenance : mapping
        JSON-ready: the input with its hash, what was chosen and why.
    """

    comparisons: Comparisons
    alternative_weight: FloatArray
    comparison_weight: FloatArray
    regularization: float
    families: IntArray
    source_rows: IntArray
    provenance: Mapping[str, Any]

    @property
    def input_sha256(self) -> str | None:
        """SHA-256 of the input file, None where it was no file."""
        found = self.provenance.get("input", {}).get("sha256")
        return None if found is None else str(found)

    @property
    def ridge_of_mean(self) -> float:
        """The lambda for comparison weights that sum to 1: divided by ``(1 - sum w^2) / 2``."""
        return self.regularization / total_comparison_weight(self.alternative_weight)

    def summary(self) -> dict[str, Any]:
        """Return sizes and effective sizes as JSON-ready values."""
        return {
            "n_comparisons": self.comparisons.n_comparisons,
            "n_alternatives": self.comparisons.n_alternatives,
            "effective_comparisons": float(effective_sample_size(self.comparison_weight)),
            "effective_sample_size": float(effective_sample_size(self.alternative_weight)),
            "n_families": len(np.unique(self.families)),
            "regularization": self.regularization,
            "input_sha256": self.input_sha256,
        }


def weigh_rows(
    comparisons: Comparisons,
    options: AnalysisOptions | None = None,
    *,
    cache: str | os.PathLike[str] | None = None,
    source_rows: ArrayLike | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> WeighedRows:
    """Weigh comparisons as ``fit`` does, without fitting rewards.

    Parameters
    ----------
    comparisons : Comparisons
        With texts, unless the options hold an array of embeddings.
    options : AnalysisOptions, default=None
        None: the defaults of ``fit``.
    cache : path-like, default=None
        Folder for embeddings and finished steps.
    source_rows : array-like of int of shape (n_comparisons,), default=None
        The input's row of each comparison (``Reading.rows``); None: 0, 1, 2, ...
    provenance : mapping, default=None
        What the caller knows of the input.

    Raises
    ------
    InputError, ParameterError
        As :func:`cloneproof.audit.weigh_comparisons`.
    """
    options = options or AnalysisOptions()
    steps = StepCache(None if cache is None else Path(cache) / "steps")
    weighed = weigh_comparisons(comparisons, options, cache=cache, steps=steps)
    choice = choose_comparison_weights(weighed.coverage, options.comparison_weights)
    rows = comparison_weights(
        comparisons,
        alternative_weight=weighed.weights,
        embeddings=weighed.embeddings,
        method=choice.value,
        scale=weighed.scale or "auto",
        by=options.by,
        prompts=options.prompts,
    )
    chosen = [weighed.encoder, weighed.scale_choice, choice]
    n = comparisons.n_comparisons
    return WeighedRows(
        comparisons=comparisons,
        alternative_weight=weighed.weights,
        comparison_weight=np.asarray(rows, dtype=np.float64),
        regularization=float(options.regularization),
        families=np.asarray(weighed.families.labels, dtype=np.int64),
        source_rows=np.arange(n) if source_rows is None else np.asarray(source_rows, dtype=np.int64),
        provenance={
            "input": dict(provenance or {}),
            "options": options.as_json(),
            "choices": [
                {"name": c.name, "value": c.value, "reason": c.reason, "automatic": c.automatic}
                for c in chosen
            ],
        },
    )


def is_run(source: str | os.PathLike[str]) -> bool:
    """Tell whether a path is a finished run directory of ``fit``."""
    path = Path(source)
    return path.is_dir() and (path / "manifest.json").is_file()


def read_weighed_rows(source: str | os.PathLike[str]) -> WeighedRows:
    """Return the comparisons and weights of a finished run: nothing is computed again.

    Warns
    -----
    CloneProofWarning
        If the run read fewer comparisons than its input had rows, so that ``source_rows`` count the
        comparisons of the run instead of rows of the input.

    Raises
    ------
    FileAccessError, InputError
        If it is no run of cloneproof, or its files are not those of its manifest.
    """
    run = read_run(source)
    manifest = read_manifest(source)
    told = manifest.get("input") or {}
    n = run.comparisons.n_comparisons
    if told.get("rows_read") != n:
        warnings.warn(
            f"{source} holds {n:,} comparisons from {told.get('rows_read') or 'an unknown number of'} rows of its "
            f"input; rows are counted in the run's comparisons.parquet. Export from the input for its own rows.",
            CloneProofWarning,
            stacklevel=2,
        )
    return WeighedRows(
        comparisons=run.comparisons,
        alternative_weight=np.asarray(run.alternative_weight, dtype=np.float64),
        comparison_weight=np.asarray(run.comparison_weight, dtype=np.float64),
        regularization=float(run.options.regularization),
        families=np.asarray(run.families, dtype=np.int64),
        source_rows=np.arange(n),
        provenance={"input": told, "options": run.options.as_json(), "choices": manifest.get("choices", [])},
    )


def row_weights_table(rows: WeighedRows) -> pa.Table:
    """Return the weight of each comparison, keyed by row and hash of the input.

    Returns
    -------
    table : pyarrow.Table
        row (of the input, from 0), left, right, weight (mean 1), left_weight, right_weight (over all
        alternatives they sum to 1), input_sha256 (null where the input was no file).
    """
    table = weights_table(
        rows.comparisons,
        rows.comparison_weight,
        alternative_weight=rows.alternative_weight,
        rows=rows.source_rows,
    )
    hashes = pa.array([rows.input_sha256] * table.num_rows, pa.string())
    return table.append_column("input_sha256", hashes.dictionary_encode())


def write_row_weights(rows: WeighedRows, target: str | os.PathLike[str]) -> Path:
    """Write :func:`row_weights_table` as Parquet, JSONL, CSV or TSV; returns the path."""
    return write_table(row_weights_table(rows), target)
