"""Checkpoints that a killed run is continued from, if data, options and model are still the same."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from cloneproof._core.files import write_text

__all__ = ["Checkpoints", "RunCallback"]

_RUN = "run.json"
_WHOLE = "whole"


class Checkpoints:
    """A folder of checkpoints that belongs to one run.

    Parameters
    ----------
    folder : Path
    key : mapping
        JSON-ready values that say all that the run depends on. Checkpoints of another key are removed.
    resume : bool
        Whether to continue; False removes what is there.
    """

    def __init__(self, folder: Path, key: Mapping[str, Any], *, resume: bool) -> None:
        self.folder = folder
        described = json.dumps(dict(key), sort_keys=True)
        if not (resume and self._describes(described)):
            shutil.rmtree(folder, ignore_errors=True)
            write_text(folder / _RUN, described)

    def latest(self) -> Path | None:
        """Return the newest checkpoint that was written to its end."""
        found = [
            (int(path.name.removeprefix("checkpoint-")), path)
            for path in self.folder.glob("checkpoint-*")
            if path.name.removeprefix("checkpoint-").isdigit()
        ]
        whole = [(step, path) for step, path in found if (path / _WHOLE).is_file()]
        for _, path in found:
            if not (path / _WHOLE).is_file():
                shutil.rmtree(path, ignore_errors=True)
        return max(whole)[1] if whole else None

    def _describes(self, described: str) -> bool:
        try:
            return (self.folder / _RUN).read_text(encoding="utf-8") == described
        except (OSError, ValueError):
            return False


class RunCallback(TrainerCallback):
    """Report steps, save a checkpoint every so many seconds, and mark those that are whole.

    Parameters
    ----------
    advance : callable
        Called with the number of steps done.
    seconds : float
        Time between checkpoints.
    """

    def __init__(self, advance: Callable[[int], None], *, seconds: float) -> None:
        self._advance = advance
        self._seconds = seconds
        self._last = time.monotonic()

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Count the steps of a run that is continued."""
        if state.global_step:
            self._advance(state.global_step)
        self._last = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Report the step, and ask for a checkpoint when it is time."""
        self._advance(1)
        if time.monotonic() - self._last >= self._seconds and state.global_step < state.max_steps:
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Mark the checkpoint that has just been written."""
        self._last = time.monotonic()
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        if state.is_world_process_zero and folder.is_dir():
            write_text(folder / _WHOLE, "")
