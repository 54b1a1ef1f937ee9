"""Ask a remote service again, politely: exponential backoff with jitter, and Retry-After honoured."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from cloneproof._core.errors import RemoteServiceError

__all__ = ["Refused", "Retry", "call_with_retries", "wait_asked_for"]

LONGEST_BACKOFF = 60.0
LONGEST_WAIT = 300.0

T = TypeVar("T")


class Retry(Exception):  # noqa: N818  (a signal between two functions, never shown)
    """The attempt failed in a way that may pass; `wait` is what the service asked for, in seconds."""

    def __init__(self, reason: str, wait: float | None) -> None:
        super().__init__(reason)
        self.wait = wait


class Refused(Exception):  # noqa: N818
    """The attempt failed in a way that another attempt will not change."""


def call_with_retries(attempt: Callable[[], T], *, n_retries: int, backoff: float, what: str) -> T:
    """Return what `attempt` returns, called up to ``1 + n_retries`` times.

    Raises
    ------
    RemoteServiceError
        If every attempt raised Retry, one raised Refused, or the service asks for more than
        300 seconds of patience.
    """
    kept = "Everything encoded before is in the cache, where one is in use; run again to go on."
    for turn in range(n_retries + 1):
        try:
            return attempt()
        except Refused as error:
            raise RemoteServiceError(f"{what} was refused: {error}. {kept}") from None
        except Retry as error:
            if turn == n_retries:
                raise RemoteServiceError(f"{what} failed {turn + 1} times, last: {error}. {kept}") from None
            if error.wait is not None and error.wait > LONGEST_WAIT:
                raise RemoteServiceError(
                    f"{what} asks to wait {error.wait:,.0f} seconds: {error}. {kept}"
                ) from None
            pause = min(backoff * 2.0**turn, LONGEST_BACKOFF) * random.uniform(0.5, 1.0)
            if error.wait is not None:
                pause = error.wait + min(pause, 0.1 * error.wait + 0.1)
            time.sleep(pause)
    raise RemoteServiceError(f"{what} was never asked: n_retries={n_retries}.")


def wait_asked_for(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a Retry-After (seconds or a date) or retry-after-ms header, else None."""
    milliseconds, said = headers.get("retry-after-ms"), headers.get("retry-after")
    for value, unit in ((milliseconds, 1e-3), (said, 1.0)):
        try:
            seconds = float(value or "") * unit
        except ValueError:
            continue
        return max(seconds, 0.0) if not math.isnan(seconds) else None
    if said is None:
        return None
    try:
        until = parsedate_to_datetime(str(said))
    except (ValueError, TypeError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max((until - datetime.now(UTC)).total_seconds(), 0.0)
