"""What a reproduction found: frozen rows, ready for tables, JSON and figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cloneproof.audit.case_records import Interval, ParisCase

__all__ = ["PaperReproduction", "PopulationRow", "PopulationStudy"]


@dataclass(frozen=True, kw_only=True)
class PopulationRow:
    """What restaurants did to random populations under one weighting, everybody judging every pair.

    Parameters
    ----------
    weighting : str
        "plain", or the name of the weighting.
    n_flips : int
        Populations in which the best of food, art and romance (mean reward of its texts) changed.
    flip_rate : Interval
        Its share of the populations, with the 95 % Wilson interval.
    text_flips : Interval
        The same for the best single one of the original texts.
    max_shift_centred : Interval
        Largest move of an original text's centred reward: mean over the populations and its interval.
    relative_shift : Interval
        The same as a share of the range of the original texts' rewards before.
    """

    weighting: str
    n_flips: int
    flip_rate: Interval
    text_flips: Interval
    max_shift_centred: Interval
    relative_shift: Interval


@dataclass(frozen=True, kw_only=True)
class PopulationStudy:
    """Random populations of one kind, under every weighting.

    Parameters
    ----------
    kind : {"rankings", "linear"}
    description : str
        How the populations were drawn, in one sentence.
    n_populations : int
    rows : tuple of PopulationRow
    """

    kind: str
    description: str
    n_populations: int
    rows: tuple[PopulationRow, ...]

    def __getitem__(self, weighting: str) -> PopulationRow:
        """Return the row of one weighting."""
        for row in self.rows:
            if row.weighting == weighting:
                return row
        raise KeyError(f"{weighting!r}; known: {', '.join(row.weighting for row in self.rows)}")

    def sentence(self) -> str:
        """Say how often the winner changed, plain beside the weightings."""
        said = "; ".join(f"{row.weighting}: {row.flip_rate.mean:.1%}" for row in self.rows)
        return (
            f"{self.n_populations:,} random populations ({self.description}), everybody judging every pair: "
            f"share in which restaurants change the winner: {said}."
        )


@dataclass(frozen=True, kw_only=True)
class PaperReproduction:
    """The paper's case study with the network, and random populations in the limit.

    Parameters
    ----------
    case : ParisCase
        Rewards by a two-layer network; its limit is one training on all win rates.
    populations : tuple of PopulationStudy
    texts : str
        Which texts and embeddings were used.
    options : mapping
        Every option, the seed and the versions included.
    """

    case: ParisCase
    populations: tuple[PopulationStudy, ...]
    texts: str
    options: Mapping[str, Any]

    def sentences(self) -> tuple[str, ...]:
        """Say in words what was found, the caveat last."""
        *said, caveat = self.case.sentences()
        return (*said, *(study.sentence() for study in self.populations), caveat)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        return {
            "texts": self.texts,
            "options": dict(self.options),
            "case": self.case.to_dict(),
            "populations": [asdict(study) for study in self.populations],
            "sentences": list(self.sentences()),
        }
