"""The folder of a trained model: whole or not at all, with a card and a record of how it was made."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cloneproof._core.errors import FileAccessError
from cloneproof._core.files import file_sha256
from cloneproof._core.swap import replaced_folder
from cloneproof.export.model_inputs import TRAINING_FILE
from cloneproof.trl.card import model_card

__all__ = ["check_model_folder", "read_record", "write_model_folder"]

_GIVEAWAYS = ("config.json", "model.safetensors", "tokenizer.json", "README.md", "manifest.json")


def check_model_folder(target: str | os.PathLike[str]) -> Path:
    """Return `target` as a path if a model may be written there.

    Raises
    ------
    FileAccessError
        If it is a file, or holds a model or a page that ``cloneproof train`` did not write.
    """
    path = Path(target)
    if path.exists() and not path.is_dir():
        raise FileAccessError(f"{path} is a file, and a model needs a folder. Choose another --out.")
    if read_record(path) is None:
        try:
            taken = [name for name in _GIVEAWAYS if (path / name).exists()]
        except PermissionError as error:
            raise FileAccessError(f"Cannot read {path}: {error.strerror}.") from error
        if taken:
            raise FileAccessError(
                f"{path} holds {taken[0]}, which cloneproof train did not write. Choose another --out."
            )
    return path


def read_record(folder: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Return what ``cloneproof train`` wrote of a model, None where it wrote none."""
    try:
        record = json.loads((Path(folder) / TRAINING_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    ours = (
        isinstance(record, dict) and record.get("tool") == "cloneproof" and record.get("kind") == "training"
    )
    return record if ours else None


def write_model_folder(target: Path, model: Any, tokenizer: Any, record: Mapping[str, Any]) -> dict[str, Any]:
    """Write model, tokenizer, card and record; the folder is the old one or the new one, never half.

    Parameters
    ----------
    target : Path
    model, tokenizer
    record : mapping
        JSON-ready; the names and SHA-256 of the files are added.

    Returns
    -------
    record : dict
        As written.
    """
    old = read_record(target) or {}
    mine = {*old.get("files", {}), TRAINING_FILE, "checkpoints"}
    with replaced_folder(target, owned=mine.__contains__) as folder:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        (folder / "README.md").write_text(model_card(record), encoding="utf-8")
        files = {
            path.relative_to(folder).as_posix(): file_sha256(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        written = {**record, "files": files}
        text = json.dumps(written, indent=2, ensure_ascii=False, allow_nan=False)
        (folder / TRAINING_FILE).write_text(text + "\n", encoding="utf-8")
        mine.update(files)
    return written
