"""Networks as a folder of numbers (safetensors) and words (JSON): nothing in it is ever executed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cloneproof._core.errors import FileAccessError, InputError
from cloneproof._core.extras import require
from cloneproof._core.files import file_sha256
from cloneproof._core.swap import replaced_folder
from cloneproof.audit.weighing import package_version
from cloneproof.neural.network import Layers

__all__ = ["NUMBERS", "WORDS", "SavedNetwork", "is_network", "read_network", "write_network"]

NUMBERS, WORDS = "network.safetensors", "network.json"
_KIND = "cloneproof.neural.RewardNetwork"


@dataclass(frozen=True, kw_only=True, eq=False)
class SavedNetwork:
    """What a folder holds.

    Parameters
    ----------
    options : mapping
        Options of the networks.
    arrays : mapping of name to ndarray
        What the fit found.
    layers : list over repeats of list over layers of (weight, bias)
    """

    options: Mapping[str, Any]
    arrays: Mapping[str, Any]
    layers: list[Layers]


def write_network(
    target: str | os.PathLike[str],
    *,
    options: Mapping[str, Any],
    arrays: Mapping[str, Any],
    layers: Sequence[Layers],
) -> Path:
    """Write networks into a folder, whole or not at all; other files there stay.

    Raises
    ------
    FileAccessError
        If `target` is a file or cannot be written.
    """
    safetensors = require("safetensors.numpy", extra="torch", purpose="Saving a network")
    path = Path(target)
    if path.exists() and not path.is_dir():
        raise FileAccessError(f"{path} is a file, and a network is saved as a folder. Choose another name.")
    numbers = {name: np.ascontiguousarray(x) for name, x in arrays.items() if x is not None}
    for depth in range(len(layers[0])):
        numbers[f"layer{depth}.weight"] = np.stack([layer[depth][0] for layer in layers])
        numbers[f"layer{depth}.bias"] = np.stack([layer[depth][1] for layer in layers])
    with replaced_folder(path, owned={NUMBERS, WORDS}.__contains__) as folder:
        safetensors.save_file(numbers, str(folder / NUMBERS))
        words = {
            "kind": _KIND,
            "format": 1,
            "options": {k: v.item() if isinstance(v, np.generic) else v for k, v in options.items()},
            "n_layers": len(layers[0]),
            "sha256": file_sha256(folder / NUMBERS),
            "versions": {name: package_version(name) for name in ("cloneproof", "numpy", "torch")},
        }
        (folder / WORDS).write_text(json.dumps(words, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return path


def read_network(source: str | os.PathLike[str]) -> SavedNetwork:
    """Return what :func:`write_network` wrote.

    Raises
    ------
    FileAccessError
        If a file is missing or cannot be read.
    InputError
        If a file is no network of cloneproof, or was changed after it was written.
    """
    safetensors = require("safetensors.numpy", extra="torch", purpose="Loading a network")
    folder = Path(source)
    words = _read_words(folder / WORDS)
    if file_sha256(folder / NUMBERS) != words["sha256"]:
        raise InputError(f"{folder / NUMBERS} is not the file that {WORDS} describes: its hash differs.")
    try:
        arrays: dict[str, Any] = safetensors.load_file(str(folder / NUMBERS))
        stacked = [(arrays[f"layer{d}.weight"], arrays[f"layer{d}.bias"]) for d in range(words["n_layers"])]
        layers = [[(w[k], b[k]) for w, b in stacked] for k in range(len(stacked[0][0]))]
    except Exception as error:
        raise InputError(f"{folder} holds no network that can be loaded: {error}.") from error
    return SavedNetwork(options=words["options"], arrays=arrays, layers=layers)


def is_network(source: str | os.PathLike[str]) -> bool:
    """Tell whether a folder holds networks of cloneproof."""
    try:
        _read_words(Path(source) / WORDS)
    except (FileAccessError, InputError):
        return False
    return True


def _read_words(path: Path) -> dict[str, Any]:
    try:
        words = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileAccessError(f"Cannot read {path}: {error.strerror}. Is this a saved network?") from error
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}.") from error
    if not isinstance(words, dict) or words.get("kind") != _KIND:
        raise InputError(f"{path} does not describe a RewardNetwork.")
    if words.get("format") != 1:
        raise InputError(f"{path} has format {words.get('format')!r}; this version of cloneproof reads 1.")
    missing = [name for name in ("options", "n_layers", "sha256") if name not in words]
    if missing:
        raise InputError(f"{path} lacks {missing[0]!r}.")
    return words
