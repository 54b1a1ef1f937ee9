"""What the Paris case found: one frozen row per weighting, ready for tables, JSON and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["CaseRow", "Interval", "ParisCase"]

CHOSEN_TO_FLIP = (
    "The three tastes (29 % art > food > romance, 50 % romance > art > food, 21 % food > romance > art) are "
    "those of the paper's case study, chosen so that near-copies of food change the winner; of populations "
    "drawn at random about one in twenty flips. If all annotators shared one taste, copies would do no harm."
)


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean over repeats with its 95 % t interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        """Write "mean [low, high]" with two decimals and a sign."""
        return f"{self.mean:+.2f} [{self.low:+.2f}, {self.high:+.2f}]"


@dataclass(frozen=True, kw_only=True)
class CaseRow:
    """Rewards before and after the restaurants are added, under one weighting.

    Rewards are natural-log odds, averaged over the texts of a topic and centred so that food, art and
    romance average 0 (comparisons do not determine a constant). `Interval` means and intervals are over
    repeats.

    Parameters
    ----------
    weighting : str
        "plain", or the name of the weighting.
    rewards_before : mapping of topic to Interval
        Food, art, romance, learned without restaurants.
    rewards_after : mapping of topic to Interval
        The same and restaurants, learned with them.
    wins_before, wins_after : mapping of topic to int
        In how many repeats the topic had the highest reward.
    n_flips : int
        In how many repeats the winner changed.
    max_shift, max_shift_centred : Interval
        Largest move of a reward of one of the original texts: as learned, and after subtracting each
        side's mean over them.
    noise_shift_centred : Interval
        The same, centred, between two samples of comparisons without any restaurants: what sampling alone
        does. A `max_shift_centred` of this size says nothing against the weighting.
    effective_sample_size_before, effective_sample_size_after : float
        ``1 / sum w^2``.
    food_share_before, food_share_after : float
        Weight of the food texts, and of food and restaurants together.
    limit_before, limit_after : mapping of topic to float
        Rewards when everybody judges every pair: no sampling error, what remains is the weighting.
    limit_max_shift, limit_max_shift_centred : float
        The largest move of an original text's reward when everybody judges every pair.
    """

    weighting: str
    rewards_before: Mapping[str, Interval]
    rewards_after: Mapping[str, Interval]
    wins_before: Mapping[str, int]
    wins_after: Mapping[str, int]
    n_flips: int
    max_shift: Interval
    max_shift_centred: Interval
    noise_shift_centred: Interval
    effective_sample_size_before: float
    effective_sample_size_after: float
    food_share_before: float
    food_share_after: float
    limit_before: Mapping[str, float]
    limit_after: Mapping[str, float]
    limit_max_shift: float
    limit_max_shift_centred: float

    @property
    def winner_before(self) -> str:
        """The topic of highest mean reward without restaurants."""
        return max(self.rewards_before, key=lambda topic: self.rewards_before[topic].mean)

    @property
    def winner_after(self) -> str:
        """The topic of highest mean reward with restaurants."""
        return max(self.rewards_after, key=lambda topic: self.rewards_after[topic].mean)

    @property
    def limit_winner_before(self) -> str:
        """The winner without restaurants when everybody judges every pair."""
        return max(self.limit_before, key=lambda topic: self.limit_before[topic])

    @property
    def limit_winner_after(self) -> str:
        """The winner with restaurants when everybody judges every pair."""
        return max(self.limit_after, key=lambda topic: self.limit_after[topic])

    @property
    def flips_in_the_limit(self) -> bool:
        """Whether the winner changes even when everybody judges every pair."""
        return self.limit_winner_before != self.limit_winner_after


@dataclass(frozen=True, kw_only=True)
class ParisCase:
    """The Paris case under several weightings, "plain" first.

    Parameters
    ----------
    rows : tuple of CaseRow
    n_repeats, n_comparisons : int
        Repeats, and comparisons sampled in each before and after.
    options : mapping
        Every option of the call, the seed included, and how the rewards were learned.
    """

    rows: tuple[CaseRow, ...]
    n_repeats: int
    n_comparisons: int
    options: Mapping[str, Any]

    def __getitem__(self, weighting: str) -> CaseRow:
        """Return the row of one weighting."""
        for row in self.rows:
            if row.weighting == weighting:
                return row
        raise KeyError(f"{weighting!r}; known: {', '.join(row.weighting for row in self.rows)}")

    @property
    def caveat(self) -> str:
        """What must be said beside every table of this case."""
        return CHOSEN_TO_FLIP

    @property
    def headline(self) -> str:
        """Say in one sentence whose winner the restaurants changed, and whose they did not."""
        plain, n = self.rows[0], self.n_repeats
        before, after = plain.winner_before, plain.winner_after
        what = "Near-copies of food"
        said = (
            [f"{what} leave the plain winner {before} ({plain.wins_after[before]} of {n} repeats)."]
            if before == after
            else [
                f"{what} move the plain winner from {before} to {after} "
                f"({after} is first in {plain.wins_after[after]} of {n} repeats)."
            ]
        )
        stays = [
            f"{row.weighting} ({row.winner_before}, {row.wins_after[row.winner_before]} of {n})"
            for row in self.rows[1:]
            if row.winner_before == row.winner_after
        ]
        changes = [row.weighting for row in self.rows[1:] if row.winner_before != row.winner_after]
        if stays:
            said.append(f"The winner stays under {'; '.join(stays)}.")
        if changes:
            said.append(f"It changes under {'; '.join(changes)}.")
        return " ".join(said)

    def sentences(self) -> tuple[str, ...]:
        """Say in words what happened, one sentence per weighting, then the caveat."""
        said = []
        for row in self.rows:
            before, after = row.winner_before, row.winner_after
            outcome = (
                f"{before} stays first" if before == after else f"the winner goes from {before} to {after}"
            )
            limit = (
                f"{row.limit_winner_before} stays first"
                if not row.flips_in_the_limit
                else f"it goes from {row.limit_winner_before} to {row.limit_winner_after}"
            )
            said.append(
                f"{row.weighting}: on average over {self.n_repeats} repeats {outcome} when restaurants are "
                f"added ({before} first in {row.wins_before[before]} repeats before and "
                f"{row.wins_after[before]} after); with everybody judging every pair {limit}. Food and "
                f"restaurants hold {row.food_share_after:.0%} of the weight, food alone held "
                f"{row.food_share_before:.0%}."
            )
        return (*said, CHOSEN_TO_FLIP)

    def to_dict(self) -> dict[str, Any]:
        """Return the case as JSON-ready values."""
        rows = []
        for row in self.rows:
            record = asdict(row)
            for name in ("winner_before", "winner_after", "limit_winner_before", "limit_winner_after"):
                record[name] = getattr(row, name)
            record["flips_in_the_limit"] = row.flips_in_the_limit
            rows.append(record)
        return {
            "n_repeats": self.n_repeats,
            "n_comparisons": self.n_comparisons,
            "options": dict(self.options),
            "rows": rows,
            "headline": self.headline,
            "caveat": CHOSEN_TO_FLIP,
        }
