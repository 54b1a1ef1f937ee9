"""Tables of a run: one row per method, and shifts by attack."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from cloneproof.audit.suite.records import SuiteResult, SuiteRow

__all__ = [
    "MethodSummary",
    "attack_matrix",
    "dose_table",
    "main_copies",
    "markdown_tables",
    "number_words",
    "setting_words",
    "summarise",
]


@dataclass(frozen=True, kw_only=True)
class MethodSummary:
    """One method over all attacks.

    Parameters
    ----------
    method : str
    mean_shift_sd : float
        Mean over the attacks with random targets of the largest centred shift, in standard deviations.
    worst_shift_sd : float
        The largest over everything that was tried, worst cases included.
    worst_shift : float
        The same in natural-log odds, centred.
    worst_case : str
        The attack that did it.
    kendall_tau : float
        Smallest.
    top1_flip, best_of_n_change : float
        Means over all cells.
    accuracy_clean, accuracy_mean, accuracy_worst : float
        On held-out comparisons: without clones, mean and smallest over the attacks.
    accuracy_cost : float
        Plain's clean accuracy less the method's.
    ess_alternatives : float
        On the clean data, a share.
    seconds : float
        Median of a fit.
    n_cells, n_failed : int
    """

    method: str
    mean_shift_sd: float
    worst_shift_sd: float
    worst_shift: float
    worst_case: str
    kendall_tau: float
    top1_flip: float
    best_of_n_change: float
    accuracy_clean: float
    accuracy_mean: float
    accuracy_worst: float
    accuracy_cost: float
    ess_alternatives: float
    seconds: float
    n_cells: int
    n_failed: int


def summarise(result: SuiteResult) -> tuple[MethodSummary, ...]:
    """Return one summary per method, in the order of the methods."""
    made = []
    for clean in result.clean:
        rows = result.select(method=clean.method)
        fine = [row for row in rows if row.error is None]
        drawn = [row.max_shift_sd for row in fine if row.targeting == "random"]
        worst = max(fine, key=lambda row: row.max_shift_sd, default=None)
        searched = {"search"}
        made.append(
            MethodSummary(
                method=clean.method,
                mean_shift_sd=_mean(drawn),
                worst_shift_sd=math.nan if worst is None else worst.max_shift_sd,
                worst_shift=max((row.max_shift_centred for row in fine), default=math.nan),
                worst_case="" if worst is None else setting_words(worst),
                kendall_tau=min((row.kendall_tau for row in fine), default=math.nan),
                top1_flip=_mean(row.top1_flip for row in fine),
                best_of_n_change=_mean(row.best_of_n_change for row in fine),
                accuracy_clean=clean.accuracy,
                accuracy_mean=_mean(row.accuracy for row in fine),
                accuracy_worst=min((row.accuracy for row in fine), default=math.nan),
                accuracy_cost=clean.accuracy_cost,
                ess_alternatives=clean.ess_alternatives,
                seconds=float(
                    np.median([row.seconds for row in fine if row.targeting not in searched] or [math.nan])
                ),
                n_cells=len(rows),
                n_failed=len(rows) - len(fine),
            )
        )
    return tuple(made)


def setting_words(row: SuiteRow) -> str:
    """Return an attack, its copies and its targets in a few words."""
    how = "" if row.targeting == "random" else f", by {row.targeting}"
    return f"{row.attack} x{row.copies}{how}"


def main_copies(result: SuiteResult) -> int:
    """Return the number of copies that tables by attack show: the largest with random targets."""
    return max(
        (row.copies for row in result.rows if row.targeting == "random"),
        default=max((row.copies for row in result.rows), default=0),
    )


def attack_matrix(result: SuiteResult) -> tuple[list[str], list[list[float]]]:
    """Return the attacks and, per method, the mean largest shift (SD) at the main number of copies."""
    copies = main_copies(result)
    attacks = list(result.attacks)
    table = []
    for method in result.methods:
        line = []
        for attack in attacks:
            rows = result.select(method=method, attack=attack, copies=copies, targeting="random", error=None)
            line.append(_mean(row.max_shift_sd for row in rows))
        table.append(line)
    return attacks, table


def dose_table(result: SuiteResult) -> tuple[list[int], list[list[float]]]:
    """Return the numbers of copies and, per method, the mean largest shift (SD) over all attacks."""
    copies = sorted({row.copies for row in result.rows if row.targeting == "random"})
    table = [
        [
            _mean(
                row.max_shift_sd
                for row in result.select(method=method, copies=k, targeting="random", error=None)
            )
            for k in copies
        ]
        for method in result.methods
    ]
    return copies, table


def markdown_tables(result: SuiteResult) -> dict[str, str]:
    """Return the tables for a document: "methods", "attacks" and "copies".

    Returns
    -------
    tables : dict of name to Markdown
    """
    methods = [
        [
            x.method,
            number_words(x.mean_shift_sd),
            number_words(x.worst_shift_sd),
            x.worst_case,
            number_words(x.kendall_tau),
            number_words(x.top1_flip),
            number_words(x.best_of_n_change),
            number_words(x.ess_alternatives),
            number_words(x.accuracy_clean, 3),
            number_words(x.accuracy_mean, 3),
            number_words(x.accuracy_worst, 3),
        ]
        for x in summarise(result)
    ]
    headers = [
        "method", "mean shift", "worst shift", "worst case", "lowest τ", "winner flips", "best-of-n change",
        "ESS, clean", "accuracy, clean", "attacked", "worst",
    ]  # fmt: skip
    attacks, matrix = attack_matrix(result)
    lines = [
        [name, *(number_words(x) for x in line)] for name, line in zip(result.methods, matrix, strict=True)
    ]
    copies, doses = dose_table(result)
    by_copies = [
        [name, *(number_words(x) for x in line)] for name, line in zip(result.methods, doses, strict=True)
    ]
    return {
        "copies": _markdown(["method", *(f"x{k}" for k in copies)], by_copies, "l" + "r" * len(copies)),
        "methods": _markdown(headers, methods, "lrrlrrrrrrr"),
        "attacks": _markdown(["method", *attacks], lines, "l" + "r" * len(attacks)),
    }


def number_words(value: float, digits: int = 2) -> str:
    """Return a figure with fixed digits, a dash for NaN."""
    return "–" if not math.isfinite(value) else f"{value:.{digits}f}".replace("-0.00", "0.00")


def _markdown(headers: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> str:
    rule = ["---:" if mark == "r" else "---" for mark in align]
    lines = [headers, *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    written = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([written[0], f"|{'|'.join(rule)}|", *written[1:]])


def _mean(values: Iterable[float]) -> float:
    """Return the mean of the finite values, NaN of none."""
    finite = [x for x in values if math.isfinite(x)]
    return float(np.mean(finite)) if finite else math.nan
