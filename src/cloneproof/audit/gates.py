"""Whether clones move rewards further than someone accepts: the gates of ``audit``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from cloneproof._core.errors import CheckFailedError, ParameterError
from cloneproof.audit.check import parse_limits
from cloneproof.audit.records import CloneAudit
from cloneproof.audit.suite.records import SuiteResult
from cloneproof.audit.suite.summary import MethodSummary, summarise

__all__ = ["AUDIT_GATES", "SUITE_GATES", "audit_figures", "check_suite", "parse_gates", "suite_figures"]

AUDIT_GATES: Mapping[str, str] = {
    "shift": "max_shift_centred",
    "raw-shift": "max_shift",
    "flips": "top1_flip",
    "disorder": "disorder",
}
"""What ``audit --fail-over`` can limit, and the figure of :func:`audit_figures` that it limits."""

SUITE_GATES: Mapping[str, str] = {
    "shift": "worst_shift",
    "shift-sd": "worst_shift_sd",
    "flips": "top1_flip",
    "policy": "best_of_n_change",
    "disorder": "disorder",
    "accuracy-loss": "accuracy_loss",
}
"""The same with ``--suite``, of :func:`suite_figures`."""


def audit_figures(audit: CloneAudit, weighting: str = "weighted") -> dict[str, float]:
    """Return the worst figures of an audit under one weighting, over all copies and noises."""
    rows = [row for row in audit.rows if row.weighting == weighting]
    return {
        "max_shift_centred": audit.largest_shift(weighting),
        "max_shift": audit.largest_shift(weighting, centred=False),
        "top1_flip": max((row.top1_flip for row in rows), default=0.0),
        "disorder": 1.0 - min((row.kendall_tau for row in rows), default=1.0),
    }


def suite_figures(summary: MethodSummary) -> dict[str, float]:
    """Return the figures of one method that a gate can limit; infinite where the method failed."""
    found = {
        "worst_shift": summary.worst_shift,
        "worst_shift_sd": summary.worst_shift_sd,
        "top1_flip": summary.top1_flip,
        "best_of_n_change": summary.best_of_n_change,
        "disorder": 1.0 - summary.kendall_tau,
        "accuracy_loss": summary.accuracy_clean - summary.accuracy_worst,
    }
    if math.isnan(found["accuracy_loss"]) and summary.n_failed == 0:
        found["accuracy_loss"] = 0.0  # nothing was held out
    return {name: math.inf if math.isnan(x) or summary.n_failed else x for name, x in found.items()}


def parse_gates(words: Sequence[str], known: Mapping[str, str]) -> dict[str, float]:
    """Return limits by name from words such as ``shift=0.5``."""
    return parse_limits(tuple(words), known)


def check_suite(result: SuiteResult | None, limits: Mapping[str, float], methods: Sequence[str]) -> None:
    """Raise if a figure of one of the methods is over its limit.

    Without a result yet (None) only whether there are methods to hold to the limits.

    Raises
    ------
    ParameterError
        If there are limits and no method to hold to them.
    CheckFailedError
        Naming each method and figure over its limit.
    """
    if not limits:
        return
    if not methods:
        raise ParameterError(
            "--fail-over with --suite holds the methods that you name to the limit. Add --method NAME or "
            "--estimator MODULE:CLASS."
        )
    if result is None:
        return
    over = []
    for summary in summarise(result):
        if summary.method not in methods:
            continue
        figures: dict[str, Any] = suite_figures(summary)
        over += [
            f"{name} of {summary.method!r} is {figures[SUITE_GATES[name]]:,.4g}, over the limit of {limit:,.4g}"
            for name, limit in limits.items()
            if figures[SUITE_GATES[name]] > limit
        ]
    if over:
        raise CheckFailedError(f"The check failed as asked: {'; '.join(over)}.")
