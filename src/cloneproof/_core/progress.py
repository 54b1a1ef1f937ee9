"""Progress of long work: the library reports, whoever runs it decides how it looks.

Library code opens ``with track("embedding", total=n) as advance`` and calls ``advance(k)``. By default
nothing is shown; the command line installs a bar on a terminal and plain lines elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

__all__ = ["ProgressReporter", "report_progress_to", "track"]


class ProgressReporter(Protocol):
    """What shows the progress of a step."""

    def start(self, description: str, total: int | None) -> Callable[[int], None]:
        """Open a step of `total` units (None: unknown) and return its ``advance(n_units)``."""

    def finish(self) -> None:
        """Close the step that was opened last."""


_reporter: ContextVar[ProgressReporter | None] = ContextVar("cloneproof_progress", default=None)


def _ignore(n_units: int) -> None:
    """Show nothing."""


@contextmanager
def track(description: str, *, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Report a step of `total` units to whoever listens; yields ``advance(n_units)``."""
    reporter = _reporter.get()
    if reporter is None:
        yield _ignore
        return
    advance = reporter.start(description, total)
    try:
        yield advance
    finally:
        reporter.finish()


@contextmanager
def report_progress_to(reporter: ProgressReporter) -> Iterator[None]:
    """Send the progress of everything inside the ``with`` block to `reporter`."""
    token = _reporter.set(reporter)
    try:
        yield
    finally:
        _reporter.reset(token)
