"""What a prevalence study finds: one row per unit, and one per unit and scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from cloneproof._core.frames import Backend, make_frame
from cloneproof.audit.harm_records import HarmIndex

__all__ = ["Prevalence", "ScalePrevalence", "UnitPrevalence"]

Unit = Literal["prompts", "answers", "pairs"]


@dataclass(frozen=True, kw_only=True)
class UnitPrevalence:
    """How often prompts, answers or pairs repeat word for word.

    Parameters
    ----------
    unit : {"prompts", "answers", "pairs"}
        Prompts: the distinct texts that are asked. Answers: the alternatives. Pairs: the unordered pairs of
        alternatives that were compared.
    items : int
        How many there are.
    uses : float
        Judgments that a prompt or pair takes part in, sides of judgments that an answer fills, summed.
    exact_duplicates : int
        Items beyond the first of the same text. Two answers to different prompts that say the same
        words count; equal answers to one prompt are one alternative from the start.
    normalised_duplicates : int
        The same with case, punctuation and whitespace left out.
    """

    unit: Unit
    items: int
    uses: float
    exact_duplicates: int
    normalised_duplicates: int

    @property
    def exact_rate(self) -> float:
        """Share of items that repeat the text of an earlier one."""
        return self.exact_duplicates / self.items

    @property
    def normalised_rate(self) -> float:
        """The same with case, punctuation and whitespace left out."""
        return self.normalised_duplicates / self.items


@dataclass(frozen=True, kw_only=True)
class ScalePrevalence:
    """How often prompts, answers or pairs nearly repeat at one scale.

    Parameters
    ----------
    unit : {"prompts", "answers", "pairs"}
    scale : float
        h: items within this distance, step by step, are one family; a pair's family is that of its two sides.
    items : int
    near_duplicates : int
        Items beyond the first of each family.
    families_of_several : int
    largest_family : int
        Items in the largest family.
    largest_overcount : float
        Largest ratio of items to effective number of distinct items in a family.
    overcount : float
        `items` / `n_distinct`: how often, on average, a thing is said.
    n_distinct : float
        Effective number of distinct items, summed over families (1 for an item by itself).
    effective_sample_size : float
        ``1 / sum w^2`` of the diversity weights: items worth as much as all with their weights. Unlike
        `n_distinct` it also falls where items are unevenly spread without any copies.
    """

    unit: Unit
    scale: float
    items: int
    near_duplicates: int
    families_of_several: int
    largest_family: int
    largest_overcount: float
    overcount: float
    n_distinct: float
    effective_sample_size: float

    @property
    def near_rate(self) -> float:
        """Share of items that repeat an earlier one nearly or exactly."""
        return self.near_duplicates / self.items


@dataclass(frozen=True, kw_only=True)
class Prevalence:
    """How often near-copies appear in a set of comparisons, and whether they can do harm.

    Parameters
    ----------
    source : str
        What was studied.
    n_judgments : float
        Comparisons, with counts.
    units : tuple of UnitPrevalence
    rows : tuple of ScalePrevalence
        By unit, then increasing scale.
    encoder : str
    scale : float
        The scale that stands for "says the same" by default; `rows` have multiples of it, or the
        scales asked for.
    harm : HarmIndex or None
        None where it was not asked for.
    """

    source: str
    n_judgments: float
    units: tuple[UnitPrevalence, ...]
    rows: tuple[ScalePrevalence, ...]
    encoder: str
    scale: float
    harm: HarmIndex | None

    def unit(self, name: str) -> UnitPrevalence:
        """Return the counts of one unit; KeyError if it was not studied."""
        by_name: dict[str, UnitPrevalence] = {found.unit: found for found in self.units}
        return by_name[name]

    def to_dict(self) -> dict[str, Any]:
        """Return the study as JSON-ready values."""
        return {
            "source": self.source,
            "n_judgments": self.n_judgments,
            "encoder": self.encoder,
            "scale": self.scale,
            "units": [
                {**asdict(x), "exact_rate": x.exact_rate, "normalised_rate": x.normalised_rate}
                for x in self.units
            ],
            "scales": [{**asdict(x), "near_rate": x.near_rate} for x in self.rows],
            "harm": None if self.harm is None else self.harm.to_dict(),
        }

    def to_rows(self) -> list[Mapping[str, Any]]:
        """Return one flat mapping per unit and scale, counts of the unit included."""
        return [
            {
                "source": self.source,
                "unit": row.unit,
                "uses": self.unit(row.unit).uses,
                "exact_rate": self.unit(row.unit).exact_rate,
                "normalised_rate": self.unit(row.unit).normalised_rate,
                **{field.name: getattr(row, field.name) for field in fields(row) if field.name != "unit"},
                "near_rate": row.near_rate,
            }
            for row in self.rows
        ]

    def to_frame(self, backend: Backend | None = None) -> Any:
        """Return :meth:`to_rows` as a data frame.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default=None
            Which library's frame to make; None: the first of them that is installed.
        """
        rows = self.to_rows()
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        return make_frame(columns, backend)
