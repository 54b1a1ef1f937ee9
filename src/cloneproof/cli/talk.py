"""Talk to the person on stderr: lines, warnings, and the progress of long steps."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

from cloneproof._core.progress import ProgressReporter

__all__ = ["LineReporter", "choose_reporter", "say"]

_SECONDS_BETWEEN_LINES = 5.0


def say(line: str) -> None:
    """Write one line to stderr."""
    print(line, file=sys.stderr, flush=True)


def choose_reporter() -> ProgressReporter:
    """Return bars with time left on a terminal, plain lines elsewhere."""
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return BarReporter()
    return LineReporter()


class LineReporter:
    """Progress as plain lines: one every few seconds, none for steps that end before."""

    def __init__(self) -> None:
        self._steps: list[str] = []

    def start(self, description: str, total: int | None) -> Callable[[int], None]:
        """Open a step and return its ``advance``."""
        self._steps.append(description)
        begun = last = time.monotonic()
        done = 0

        def advance(n_units: int) -> None:
            nonlocal done, last
            done += n_units
            now = time.monotonic()
            if now - last < _SECONDS_BETWEEN_LINES:
                return
            last = now
            if not total:
                say(f"{description}: {done:,} done, {now - begun:.0f} s")
                return
            left = (now - begun) / max(done, 1) * max(total - done, 0)
            say(f"{description}: {done:,} of {total:,} ({100 * done / total:.0f} %), {_duration(left)} left")

        return advance

    def finish(self) -> None:
        """Close the last step."""
        self._steps.pop()


class BarReporter:
    """Progress as bars with time left, drawn by rich on stderr and removed when done."""

    def __init__(self) -> None:
        self._progress: Any = None
        self._tasks: list[Any] = []

    def start(self, description: str, total: int | None) -> Callable[[int], None]:
        """Open a bar and return its ``advance``."""
        if self._progress is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._progress = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._progress.start()
        task = self._progress.add_task(description, total=total)
        self._tasks.append(task)
        return lambda n_units: self._progress.advance(task, n_units)

    def finish(self) -> None:
        """Remove the last bar; leave the terminal as it was after the last one."""
        self._progress.remove_task(self._tasks.pop())
        if not self._tasks:
            self._progress.stop()
            self._progress = None


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
