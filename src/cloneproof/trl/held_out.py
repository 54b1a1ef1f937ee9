"""The rows that ``cloneproof train`` set aside, found again from its record."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from cloneproof._core.errors import InputError
from cloneproof._core.typing import IntArray
from cloneproof.audit import AnalysisOptions, split_by_prompt_and_family, weigh_comparisons
from cloneproof.preferences import Comparisons
from cloneproof.trl.folder import read_record

__all__ = ["held_out_comparisons", "was_trained_on"]


def was_trained_on(folder: str | os.PathLike[str], sha256: str | None) -> bool:
    """Tell whether a model's record names the file with this hash as its input."""
    record = read_record(folder)
    return record is not None and sha256 is not None and (record.get("input") or {}).get("sha256") == sha256


def held_out_comparisons(
    comparisons: Comparisons,
    folder: str | os.PathLike[str],
    *,
    cache: str | os.PathLike[str] | None = None,
) -> tuple[Comparisons, IntArray]:
    """Return the rows that a model's training set aside, and the family of each of their alternatives.

    Parameters
    ----------
    comparisons : Comparisons
        What the model was trained on: the same file, read in the same way, after the same ``--limit``.
    folder : path-like
        The model's folder.
    cache : path-like, default=None
        Folder for embeddings.

    Raises
    ------
    InputError
        If the folder has no record, nothing was set aside, or the split comes out differently (other data,
        encoder or version).
    """
    record = read_record(folder)
    if record is None:
        raise InputError(f"{folder} has no record of cloneproof train, so its held-out rows are not known.")
    if not record.get("split"):
        raise InputError(f"{folder} was trained on all rows; none were set aside. Evaluate on another file.")
    asked: Mapping[str, Any] = record.get("weighing") or {}
    known = {field.name for field in fields(AnalysisOptions)}
    options: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in asked.items()
        if name in known
    }
    families = weigh_comparisons(comparisons, AnalysisOptions(**options), cache=cache).families
    split = split_by_prompt_and_family(
        comparisons,
        families,
        test_share=record["options"]["test_share"],
        random_state=record["options"]["seed"],
    )
    if split.to_dict() != record["split"]:
        raise InputError(
            f"the split of {folder} cannot be made again from this file: it set {record['split']['n_test']:,} of "
            f"{record['split']['n_train'] + record['split']['n_test']:,} rows aside, here come out "
            f"{len(split.test):,} of {comparisons.n_comparisons:,}. Give the file it was trained on, read in the "
            f"same way."
        )
    return split.divide(comparisons)[1], families.labels[split.test_alternatives]
