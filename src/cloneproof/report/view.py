"""The numbers of an analysis that several sections show, each derived once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.audit.records import Analysis, CloneAudit
from cloneproof.report.numbers import number

__all__ = ["AnalysisView"]


@dataclass(frozen=True)
class AnalysisView:
    """An analysis seen as votes, centred rewards and changes."""

    analysis: Analysis

    @property
    def m(self) -> int:
        """Number of alternatives."""
        return self.analysis.comparisons.n_alternatives

    @cached_property
    def votes(self) -> FloatArray:
        """Weight of each alternative as votes: 1 is what each has without weights."""
        votes: FloatArray = np.asarray(self.analysis.weights, dtype=np.float64) * self.m
        return votes

    def votes_shown(self, i: int) -> str:
        """Return the votes of an alternative as text; a cell that drew no sample is "< x", never 0.

        Its standard error is one sample's share, and it would have been missed with probability 5 % if its
        share were three times that.
        """
        errors = self.analysis.weight_standard_errors
        if self.votes[i] == 0.0 and errors is not None and errors[i] > 0.0:
            return f"< {3.0 * float(errors[i]) * self.m:.1g}"
        return number(float(self.votes[i]))

    @cached_property
    def plain(self) -> FloatArray:
        """Plain rewards, their mean over the alternatives subtracted."""
        return _centred(self.analysis.plain.rewards)

    @cached_property
    def weighted(self) -> FloatArray:
        """Weighted rewards, their mean over the alternatives subtracted."""
        return _centred(self.analysis.weighted.rewards)

    @cached_property
    def change(self) -> FloatArray:
        """How far the weights move each centred reward."""
        return self.weighted - self.plain

    @cached_property
    def movers(self) -> IntArray:
        """Positions of the alternatives, largest absolute change first."""
        order: IntArray = np.argsort(-np.abs(self.change), kind="stable")
        return order

    @cached_property
    def movers_by_family(self) -> IntArray:
        """Positions of the alternative that moves most in each family, largest change first."""
        labels = np.asarray(self.analysis.families.labels)[self.movers]
        _, first = np.unique(labels, return_index=True)
        chosen: IntArray = self.movers[np.sort(first)]
        return chosen

    @cached_property
    def groups(self) -> IntArray:
        """Families of at least two alternatives, in the table's order: largest over-count first."""
        groups: IntArray = np.flatnonzero(np.asarray(self.analysis.families.size) >= 2)
        return groups

    @cached_property
    def members(self) -> list[IntArray]:
        """Positions of the alternatives of each family."""
        labels = np.asarray(self.analysis.families.labels)
        order = np.argsort(labels, kind="stable")
        ends = np.cumsum(np.bincount(labels, minlength=self.analysis.families.n_families))
        return np.split(order, ends[:-1]) if len(ends) else []

    @property
    def error_growth(self) -> float | None:
        """How many times larger the weighted rewards' standard errors are, by their median.

        Where the model gives none, the rule ``sqrt(n / effective n)`` for comparisons; None without any.
        """
        plain, weighted = self.analysis.plain.standard_errors, self.analysis.weighted.standard_errors
        if plain is not None and weighted is not None:
            fine = np.isfinite(plain) & np.isfinite(weighted) & (plain > 0)
            if fine.any():
                return float(np.median(weighted[fine] / plain[fine]))
        n, effective = self.analysis.comparisons.n_comparisons, self.analysis.effective_comparisons
        return float(np.sqrt(n / effective)) if n and effective > 0 else None

    @property
    def audit(self) -> CloneAudit | None:
        """The audit, or None where there is none or it has no rows."""
        audit = self.analysis.audit
        return audit if audit is not None and audit.rows else None

    @property
    def others(self) -> tuple[str, ...]:
        """The weightings of the audit that are not the plain one."""
        return () if self.audit is None else tuple(name for name in self.audit.weightings if name != "plain")

    @property
    def audit_is_joint(self) -> bool:
        """Tell whether all targets were cloned in one refit, so that there is no spread over them."""
        return self.audit is not None and bool(self.audit.options.get("joint", False))

    def weighting_name(self, name: str) -> str:
        """Return what a weighting of the audit is called on the page."""
        if name == "plain":
            return "plain"
        return f"{self.analysis.weighting if name == 'weighted' else name} weights"

    @property
    def error_growth_is_measured(self) -> bool:
        """Tell whether the growth of the errors compares two fits' own standard errors."""
        return self.analysis.plain.standard_errors is not None and (
            self.analysis.weighted.standard_errors is not None
        )


def _centred(rewards: FloatArray) -> FloatArray:
    values = np.asarray(rewards, dtype=np.float64)
    fine = np.isfinite(values)
    centred: FloatArray = values - (values[fine].mean() if fine.any() else 0.0)
    return centred
