"""Comparisons as a table that reads back as the same comparisons, and weights keyed by row."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError
from cloneproof._core.validation import as_weights
from cloneproof.export.table_files import write_table
from cloneproof.preferences import Comparisons

__all__ = ["labelled_table", "weights_table", "write_comparisons", "write_weights"]


def labelled_table(comparisons: Comparisons, *, comparison_weight: ArrayLike | None = None) -> pa.Table:
    """Return one row per comparison, in the shape that ``read_comparisons`` calls labelled.

    Parameters
    ----------
    comparisons : Comparisons
    comparison_weight : array-like of shape (n_comparisons,), default=None
        Adds the column ``weight``, scaled to sum to 1.

    Returns
    -------
    table : pyarrow.Table
        left, right (ids), outcome, count; annotator, prompt (or left_prompt and right_prompt where they
        differ), left_text, right_text where known.

    Notes
    -----
    ``read_comparisons(file, unit="model")`` gives the same ids, texts and rows back, in the order of
    first appearance; ids that were integers come back as text, and alternatives that no row names are
    not in the file. With ``unit="answer"`` equal texts under one prompt merge.
    """
    c = comparisons
    names = pa.array([str(x) for x in c.ids.tolist()], pa.string())
    if len(set(names.to_pylist())) < c.n_alternatives:
        raise InputError("The ids of two alternatives are written alike (1 and '1'). Rename one of them.")
    columns: dict[str, Any] = {"left": _take(names, c.left), "right": _take(names, c.right)}
    columns["outcome"] = pa.array(np.ascontiguousarray(c.outcome))
    columns["count"] = pa.array(np.ascontiguousarray(c.count))
    if c.annotator is not None:
        annotators = pa.array([str(x) for x in c.annotator.tolist()], pa.string())
        columns["annotator"] = annotators.dictionary_encode()
    if c.prompts is not None:
        prompts = pa.array(c.prompts, pa.string())
        left, right = _take(prompts, c.left), _take(prompts, c.right)
        if left.cast(pa.string()).equals(right.cast(pa.string())):
            columns["prompt"] = left
        else:
            columns |= {"left_prompt": left, "right_prompt": right}
    if c.texts is not None:
        texts = pa.array(c.texts, pa.string())
        columns |= {"left_text": _take(texts, c.left), "right_text": _take(texts, c.right)}
    if comparison_weight is not None:
        columns["weight"] = pa.array(
            as_weights(comparison_weight, c.n_comparisons, name="comparison_weight", per="comparison")
        )
    return pa.table(columns)


def write_comparisons(
    comparisons: Comparisons,
    target: str | os.PathLike[str],
    *,
    comparison_weight: ArrayLike | None = None,
) -> Path:
    """Write comparisons as Parquet, JSONL, CSV or TSV, by the ending of `target`.

    Parameters
    ----------
    comparisons : Comparisons
    target : path-like
        Ends in .parquet, .jsonl, .csv or .tsv; written whole or not at all.
    comparison_weight : array-like of shape (n_comparisons,), default=None
        Adds the column ``weight``, scaled to sum to 1.

    Returns
    -------
    path : Path

    See Also
    --------
    labelled_table : The columns, and how to read them back.
    """
    return write_table(labelled_table(comparisons, comparison_weight=comparison_weight), target)


def weights_table(
    comparisons: Comparisons,
    comparison_weight: ArrayLike,
    *,
    alternative_weight: ArrayLike | None = None,
    rows: ArrayLike | None = None,
) -> pa.Table:
    """Return the weights keyed by row of the source, to join onto data that stays where it is.

    Parameters
    ----------
    comparisons : Comparisons
    comparison_weight : array-like of shape (n_comparisons,)
        Non-negative.
    alternative_weight : array-like of shape (n_alternatives,), default=None
        Adds the columns ``left_weight`` and ``right_weight`` (scaled so that all alternatives sum to 1).
    rows : array-like of int of shape (n_comparisons,), default=None
        The source's row of each comparison (``Reading.rows``); None: 0, 1, 2, ...

    Returns
    -------
    table : pyarrow.Table
        row, left, right, weight (mean 1).
    """
    c, n = comparisons, comparisons.n_comparisons
    weight = as_weights(comparison_weight, n, name="comparison_weight", per="comparison") * n
    keys = np.arange(n) if rows is None else np.asarray(rows)
    if keys.shape != (n,) or keys.dtype.kind not in "iu":
        raise InputError(
            f"rows must be {n:,} integers, one per comparison. Got {keys.dtype} of shape {keys.shape}."
        )
    names = pa.array([str(x) for x in c.ids.tolist()], pa.string())
    columns = {
        "row": pa.array(keys.astype(np.int64)),
        "left": _take(names, c.left),
        "right": _take(names, c.right),
        "weight": pa.array(weight),
    }
    if alternative_weight is not None:
        w = as_weights(alternative_weight, c.n_alternatives, name="alternative_weight", per="alternative")
        columns |= {"left_weight": pa.array(w[c.left]), "right_weight": pa.array(w[c.right])}
    return pa.table(columns)


def write_weights(
    comparisons: Comparisons,
    target: str | os.PathLike[str],
    comparison_weight: ArrayLike,
    *,
    alternative_weight: ArrayLike | None = None,
    rows: ArrayLike | None = None,
) -> Path:
    """Write the weights keyed by row; see :func:`weights_table`."""
    table = weights_table(comparisons, comparison_weight, alternative_weight=alternative_weight, rows=rows)
    return write_table(table, target)


def _take(values: Any, positions: Any) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(positions), values)
