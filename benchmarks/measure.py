"""What the weights' benchmarks share: clocks, peak memory, and the table of targets."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self


class Clock:
    """Wall and processor seconds (user + system, all threads) of what runs inside the ``with`` block."""

    wall = cpu = 0.0

    def __enter__(self) -> Self:
        self._begin = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = time.perf_counter() - self._begin[0]
        self.cpu = time.process_time() - self._begin[1]


def clocked(work: Callable[[], object]) -> tuple[float, float]:
    """Return the wall and processor seconds of one call."""
    with Clock() as clock:
        work()
    return clock.wall, clock.cpu


def spread(values: list[float], form: str = ".2f") -> str:
    """Return the median with the lowest and the highest run."""
    middle = statistics.median(values)
    return f"{middle:{form}} ({min(values):{form}}..{max(values):{form}})"


def peak_memory() -> float:
    """Return the largest resident size of this process so far, in GB (10^9 bytes)."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 1e9 if sys.platform == "darwin" else used * 1024 / 1e9


def in_child(script: str, *arguments: object) -> dict[str, float]:
    """Run ``script --one ...`` in a process of its own, so that peak memory is its own; read its JSON line."""
    command = [sys.executable, str(Path(script).resolve()), "--one", *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


class Targets:
    """The table of targets that closes each program."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, bool]] = []

    def add(self, what: str, target: str, measured: str, met: bool) -> None:
        """Add one row."""
        self.rows.append((what, target, measured, bool(met)))

    def show(self) -> None:
        """Print all rows."""
        print("\n| what | target | measured | met |\n|---|---|---|---|")
        for what, target, measured, met in self.rows:
            print(f"| {what} | {target} | {measured} | {'yes' if met else 'NO'} |")
