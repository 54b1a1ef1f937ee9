"""What CloneBench finds: one row per attack and method, and one per method on the clean data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from cloneproof._core.frames import Backend, make_frame
from cloneproof.audit.suite.measures import Measures

__all__ = ["CleanRow", "SuiteResult", "SuiteRow"]


@dataclass(frozen=True, kw_only=True)
class SuiteRow(Measures):
    """One attack on one method, and what it did.

    Parameters
    ----------
    world, attack, method : str
    copies : int
        Clones of each target.
    targeting : {"random", "influence", "search"}
    repeat : int
        Number of the draw.
    n_targets, n_clones : int
    distance : float
        Median distance of a clone from its original, in units of the scale h.
    targets : tuple of int
        Positions of the targets among the training alternatives.
    seconds : float
        Time of the fit (of all fits, where targets were searched); the one figure that differs between runs.
    error : str or None
        What the method said where it failed; its measures are then NaN.
    """

    world: str
    attack: str
    method: str
    copies: int
    targeting: str
    repeat: int
    n_targets: int
    n_clones: int
    distance: float
    targets: tuple[int, ...]
    seconds: float
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class CleanRow:
    """One method on the clean data: what robustness costs.

    `accuracy_cost` is the plain accuracy less the method's; the sample sizes are shares.
    """

    world: str
    method: str
    accuracy: float
    accuracy_cost: float
    ess_alternatives: float
    ess_comparisons: float
    kendall_tau_with_plain: float
    seconds: float
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class SuiteResult:
    """The whole of a run of CloneBench on one world.

    Parameters
    ----------
    world : mapping
        Name, sizes, reward, scale of the clean data.
    rows : tuple of SuiteRow
    clean : tuple of CleanRow
        In the order of the methods.
    options : mapping
        Every option of the run, the seed included.
    notes : tuple of str
        Attacks left out, with the reason; methods that failed.
    """

    world: Mapping[str, Any]
    rows: tuple[SuiteRow, ...]
    clean: tuple[CleanRow, ...]
    options: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods, in the order of the tables."""
        return tuple(row.method for row in self.clean)

    @property
    def attacks(self) -> tuple[str, ...]:
        """Names of the attacks that were tried."""
        return tuple(dict.fromkeys(row.attack for row in self.rows))

    def select(self, **values: Any) -> tuple[SuiteRow, ...]:
        """Return the rows whose fields have these values, such as ``method="plain", copies=10``."""
        return tuple(
            row for row in self.rows if all(getattr(row, name) == value for name, value in values.items())
        )

    def columns(self) -> dict[str, list[Any]]:
        """Return the rows as columns, for a table."""
        return {f.name: [_plain(getattr(row, f.name)) for row in self.rows] for f in fields(SuiteRow)}

    def to_frame(self, backend: Backend | None = None) -> Any:
        """Return the rows as a data frame of pandas, polars or pyarrow (None: the first installed)."""
        return make_frame(self.columns(), backend)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready values; NaN becomes None."""
        return {
            "world": dict(self.world),
            "options": dict(self.options),
            "notes": list(self.notes),
            "clean": [_finite(asdict(row)) for row in self.clean],
            "rows": [_finite(asdict(row)) for row in self.rows],
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> SuiteResult:
        """Return the result that :meth:`to_dict` wrote."""
        return cls(
            world=kept["world"],
            rows=tuple(SuiteRow(**_numbers(row, SuiteRow)) for row in kept["rows"]),
            clean=tuple(CleanRow(**_numbers(row, CleanRow)) for row in kept["clean"]),
            options=kept["options"],
            notes=tuple(kept["notes"]),
        )


def _plain(value: Any) -> Any:
    return " ".join(str(x) for x in value) if isinstance(value, tuple) else value


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    """Replace NaN by None and tuples by lists."""
    return {
        name: None if isinstance(x, float) and x != x else list(x) if isinstance(x, tuple) else x
        for name, x in row.items()
    }


def _numbers(row: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """Undo :func:`_finite`."""
    floats = {f.name for f in fields(kind) if f.type == "float"}
    undone: dict[str, Any] = {
        name: float("nan") if x is None and name in floats else x for name, x in row.items()
    }
    if "targets" in undone:
        undone["targets"] = _tuple(undone["targets"])
    return undone


def _tuple(values: Sequence[int]) -> tuple[int, ...]:
    return tuple(int(x) for x in values)
