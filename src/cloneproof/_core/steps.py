"""Results of long steps, kept by the hash of what they were made from."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloneproof._core.files import atomic_path

__all__ = ["StepCache", "array_digest"]


def array_digest(*arrays: Any) -> str:
    """Return one SHA-256 over the shapes, types and bytes of arrays, tuples of str and None."""
    digest = hashlib.sha256()
    for array in arrays:
        if array is None:
            digest.update(b"none;")
            continue
        values = np.asarray(array)
        if values.dtype.kind in "OU":
            body = json.dumps([str(x) for x in values.ravel().tolist()]).encode()
        else:
            body = np.ascontiguousarray(values).tobytes()
        digest.update(f"{values.shape}{values.dtype.kind}{values.dtype.itemsize};".encode())
        digest.update(body)
    return digest.hexdigest()


class StepCache:
    """A folder of step results; a changed input or option is another entry.

    Parameters
    ----------
    folder : path-like or None
        Where entries are kept (made on first use); None: nothing is kept.

    Notes
    -----
    Entries are ``.npz`` files read without pickle and written whole or not at all. An entry that
    cannot be read is made anew.
    """

    def __init__(self, folder: str | os.PathLike[str] | None) -> None:
        self.folder = None if folder is None else Path(folder)
        self.reused: list[str] = []

    def arrays(
        self, step: str, key: Mapping[str, Any], make: Callable[[], Mapping[str, NDArray[Any]]]
    ) -> dict[str, NDArray[Any]]:
        """Return the arrays of a step, made by `make` unless they are kept already.

        Parameters
        ----------
        step : str
            Name of the step, for `reused`.
        key : mapping of JSON-ready values
            Everything the result depends on.
        make : callable
            Returns the arrays by name (no object arrays).
        """
        if self.folder is None:
            return dict(make())
        name = hashlib.sha256(json.dumps([step, dict(key)], sort_keys=True).encode()).hexdigest()
        path = self.folder / f"{step}-{name[:32]}.npz"
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                found = {entry: kept[entry] for entry in kept.files}
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
            made = dict(make())
            with atomic_path(path) as temporary, temporary.open("wb") as target:
                np.savez(target, allow_pickle=False, **made)
            return made
        self.reused.append(step)
        return found

    def record(self, step: str, key: Mapping[str, Any], make: Callable[[], Any]) -> Any:
        """Return a JSON-ready result of a step, made by `make` unless it is kept already."""
        kept = self.arrays(step, key, lambda: {"json": np.frombuffer(json.dumps(make()).encode(), np.uint8)})
        return json.loads(kept["json"].tobytes())
