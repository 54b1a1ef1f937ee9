"""The run directory that ``fit`` writes: whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cloneproof._core.errors import FileAccessError, InputError
from cloneproof._core.files import file_sha256
from cloneproof._core.swap import replaced_folder
from cloneproof.audit import Analysis

__all__ = [
    "RESULT_FILES",
    "alternatives_table",
    "check_run_directory",
    "comparisons_table",
    "read_manifest",
    "summary",
    "write_run",
]

RESULT_FILES = ("manifest.json", "alternatives.parquet", "comparisons.parquet", "audit.json", "report.html")
"""What a run writes; everything else in the folder is carried over untouched."""


def check_run_directory(target: str | os.PathLike[str]) -> Path:
    """Return `target` as a path if a run may be written there.

    Raises
    ------
    FileAccessError
        If it is a file, or a folder with result names that no run of cloneproof wrote.
    """
    path = Path(target)
    if path.exists() and not path.is_dir():
        raise FileAccessError(f"{path} is a file, and a run needs a folder. Choose another --out.")
    try:
        manifest = path / "manifest.json"
        taken = [name for name in RESULT_FILES if (path / name).exists()]
        if taken and not (manifest.is_file() and _is_manifest(manifest)):
            raise FileAccessError(
                f"{path} holds {taken[0]}, which no run of cloneproof wrote. Choose another --out."
            )
    except PermissionError as error:
        raise FileAccessError(f"Cannot read {path}: {error.strerror}.") from error
    return path


def write_run(
    analysis: Analysis,
    target: str | os.PathLike[str],
    *,
    write_report: Callable[[Analysis, Path], Any] | None = None,
) -> Path:
    """Write a run directory; readers see the old one or the new one, never half.

    Parameters
    ----------
    analysis : Analysis
    target : path-like
        The run directory, made or replaced. What cloneproof did not write there stays.
    write_report : callable, default=None
        Called as ``write_report(analysis, path)`` to write ``report.html``.

    Returns
    -------
    path : Path
        The run directory.
    """
    with replaced_folder(check_run_directory(target), owned=RESULT_FILES.__contains__) as folder:
        pq.write_table(alternatives_table(analysis), folder / "alternatives.parquet")
        pq.write_table(comparisons_table(analysis), folder / "comparisons.parquet")
        if analysis.audit is not None:
            _write_json(folder / "audit.json", analysis.audit.to_dict())
        if write_report is not None:
            write_report(analysis, folder / "report.html")
        files = {name: file_sha256(folder / name) for name in RESULT_FILES if (folder / name).exists()}
        _write_json(folder / "manifest.json", {**_manifest(analysis), "files": files})
    return Path(target)


def alternatives_table(analysis: Analysis) -> pa.Table:
    """Return one row per alternative, in the order of ``comparisons.ids``.

    Columns: id, prompt, text, weight, weight_se, family, reward, reward_se, reward_plain,
    reward_plain_se, rank, rank_plain. Rewards are natural-log odds and sum to 0 under their own weights.
    """
    c, m = analysis.comparisons, analysis.comparisons.n_alternatives

    def floats(values: Any) -> pa.Array:
        return pa.nulls(m, pa.float64()) if values is None else pa.array(np.asarray(values, dtype=np.float64))

    def strings(values: tuple[str, ...] | None) -> pa.Array:
        return pa.nulls(m, pa.string()) if values is None else pa.array(values, pa.string())

    return pa.table(
        {
            "id": pa.array([str(x) for x in c.ids.tolist()], pa.string()),
            "prompt": strings(c.prompts),
            "text": strings(c.texts),
            "weight": floats(analysis.weights),
            "weight_se": floats(analysis.weight_standard_errors),
            "family": pa.array(analysis.families.labels),
            "reward": floats(analysis.weighted.rewards),
            "reward_se": floats(analysis.weighted.standard_errors),
            "reward_plain": floats(analysis.plain.rewards),
            "reward_plain_se": floats(analysis.plain.standard_errors),
            "rank": pa.array(analysis.weighted.rank),
            "rank_plain": pa.array(analysis.plain.rank),
        }
    )


def comparisons_table(analysis: Analysis) -> pa.Table:
    """Return one row per comparison, as read, with its weight (sum 1); left and right are ids."""
    c = analysis.comparisons
    names = pa.array([str(x) for x in c.ids.tolist()], pa.string())
    columns = {
        "left": pa.DictionaryArray.from_arrays(pa.array(c.left), names),
        "right": pa.DictionaryArray.from_arrays(pa.array(c.right), names),
        "outcome": pa.array(np.ascontiguousarray(c.outcome)),
        "count": pa.array(np.ascontiguousarray(c.count)),
        "weight": pa.array(analysis.comparison_weights),
    }
    if c.annotator is not None:
        columns["annotator"] = pa.array(
            [str(x) for x in c.annotator.tolist()], pa.string()
        ).dictionary_encode()
    return pa.table(columns)


def summary(analysis: Analysis) -> dict[str, Any]:
    """Return the headline figures of an analysis as JSON-ready values.

    Shifts are the largest centred moves of a reward under the injected clones, None without an audit; the
    certificate is what is proved about any number of them.
    """
    audit, families = analysis.audit, analysis.families
    worst = int(np.argmax(families.overcount))
    return {
        "n_alternatives": analysis.comparisons.n_alternatives,
        "n_comparisons": analysis.comparisons.n_comparisons,
        "n_annotators": analysis.comparisons.n_annotators,
        "effective_sample_size": analysis.effective_sample_size,
        "effective_comparisons": analysis.effective_comparisons,
        "n_families": families.n_families,
        "largest_overcount": float(families.overcount[worst]),
        "largest_overcount_size": int(families.size[worst]),
        "exact_duplicates": analysis.exact_duplicates,
        "exact_duplicate_rows": analysis.exact_duplicate_rows,
        "n_components": analysis.n_components,
        "max_reward_shift_plain": None if audit is None else audit.largest_shift("plain"),
        "max_reward_shift_weighted": None if audit is None else audit.largest_shift("weighted"),
        "certificate": None if analysis.certificate is None else analysis.certificate.to_dict(),
        "weight_cost": None if analysis.cost is None else asdict(analysis.cost),
        "encoder": analysis.encoder,
        "weights": analysis.weighting,
        "comparison_weights": analysis.comparison_weighting,
        "reward": analysis.reward,
        "scale": analysis.scale,
        "regularization": analysis.regularization,
    }


def _manifest(analysis: Analysis) -> dict[str, Any]:
    return {
        "tool": "cloneproof",
        "format": 1,
        "summary": summary(analysis),
        "choices": [
            {"name": c.name, "value": c.value, "reason": c.reason, "automatic": c.automatic}
            for c in analysis.choices
        ],
        "notes": list(analysis.notes),
        "gradient_norm": {"plain": analysis.plain.gradient_norm, "weighted": analysis.weighted.gradient_norm},
        **dict(analysis.provenance),
    }


def read_manifest(target: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the manifest of a run directory.

    Raises
    ------
    FileAccessError, InputError
        If there is none, or it is no manifest of cloneproof.
    """
    path = Path(target) / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileAccessError(f"Cannot read {path}: {error.strerror}. Is this a run directory?") from error
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}.") from error
    if not isinstance(manifest, dict) or manifest.get("tool") != "cloneproof":
        raise InputError(f"{path} is not the manifest of a cloneproof run.")
    return manifest


def _is_manifest(path: Path) -> bool:
    try:
        read_manifest(path.parent)
    except InputError:
        return False
    return True


def _write_json(path: Path, content: Any) -> None:
    path.write_text(
        json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
    )
