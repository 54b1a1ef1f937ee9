"""The certificate of an analysis: a bound beside what the audit observed, and what neither covers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["AnalysisCertificate", "CertificateRow"]


@dataclass(frozen=True, kw_only=True)
class CertificateRow:
    """How far any copies at one distance can move a reward, and how far the audit's copies did.

    Moves are in natural-log odds, of rewards centred over the original alternatives.

    Parameters
    ----------
    noise : float
        Each copy lies within this distance of its original; 0: exact copies.
    bound : float or None
        No centred reward moves by more under the weights; None: no finite bound is known.
    plain_bound : float or None
        The same without weights.
    observed, plain_observed : float or None
        Largest centred move that the audit found with and without weights; None without an audit at this
        distance.
    """

    noise: float
    bound: float | None
    plain_bound: float | None = None
    observed: float | None = None
    plain_observed: float | None = None


@dataclass(frozen=True, kw_only=True)
class AnalysisCertificate:
    """What is proved about the weighted rewards of an analysis, for any number of copies.

    Parameters
    ----------
    case : {"complete", "incomplete", "linear", "none"}
        A reward per alternative with every pair compared, or with pairs left out; a reward that is a
        linear function of the embedding; or nothing is proved.
    reason : str
        What the bound rests on, or why there is none; one sentence.
    assumptions : tuple of str
        What it takes for granted, one sentence each.
    reward_range : float
        Largest difference between two weighted rewards; a bound beyond it says nothing.
    rows : tuple of CertificateRow
        One for each distance, exact copies first.
    notes : tuple of str
        What must be said beside the numbers: which distances have no bound and why.
    """

    case: Literal["complete", "incomplete", "linear", "none"]
    reason: str
    assumptions: tuple[str, ...]
    reward_range: float
    rows: tuple[CertificateRow, ...]
    notes: tuple[str, ...] = ()

    def is_informative(self, row: CertificateRow) -> bool:
        """Whether a row's bound is smaller than the range of the rewards."""
        return row.bound is not None and row.bound < self.reward_range

    @property
    def exact_copies(self) -> CertificateRow | None:
        """The row of exact copies."""
        return next((row for row in self.rows if row.noise == 0.0), None)

    def sentence(self) -> str:
        """Say in one sentence what is proved."""
        informative = [row for row in self.rows if self.is_informative(row)]
        if self.case == "none" or not any(row.bound is not None for row in self.rows):
            return f"no bound: {self.notes[0] if self.case != 'none' and self.notes else self.reason}"
        if not informative:
            return f"the bound exceeds the range of the rewards ({self.reward_range:.3g}) and says nothing"
        parts = [f"exact copies {_shift(row)}" for row in informative if row.noise == 0.0]
        parts += [f"copies within {row.noise:.3g} {_shift(row)}" for row in informative if row.noise > 0.0]
        silent = [row for row in self.rows if not self.is_informative(row)]
        if silent:
            distances = ", ".join(f"{row.noise:.3g}" if row.noise > 0.0 else "0 (exact)" for row in silent)
            parts.append(f"no useful bound for copies within {distances}")
        return "; ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return the certificate as JSON-ready values."""
        return {
            "case": self.case,
            "reason": self.reason,
            "assumptions": list(self.assumptions),
            "reward_range": self.reward_range,
            "rows": [{**asdict(row), "is_informative": self.is_informative(row)} for row in self.rows],
            "notes": list(self.notes),
        }


def _shift(row: CertificateRow) -> str:
    seen = "" if row.observed is None else f" (observed {_number(row.observed)})"
    if row.bound == 0.0:
        return "move nothing" + ("" if row.observed is None or row.observed < 1e-9 else seen)
    return f"at most {_number(row.bound or 0.0)}{seen}"


def _number(value: float) -> str:
    return f"{value:.3f}" if value >= 0.0005 else ("0" if value == 0 else f"{value:.0e}")
