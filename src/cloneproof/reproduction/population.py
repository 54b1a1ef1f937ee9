"""Random populations in the limit: how often near-copies change the winner when everybody judges every pair."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student_t
from threadpoolctl import threadpool_limits

from cloneproof._core.progress import track
from cloneproof._core.steps import StepCache
from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import check_choice, check_integer, check_number
from cloneproof.audit.case_parts import ORIGINAL_TOPICS, Situation
from cloneproof.audit.case_records import Interval
from cloneproof.preferences import (
    Comparisons,
    Population,
    Taste,
    make_linear_population,
    population_win_rates,
)
from cloneproof.reproduction.records import PopulationRow, PopulationStudy
from cloneproof.rewards import BradleyTerry

__all__ = ["KINDS", "study_populations", "wilson_interval"]

KINDS = {
    "rankings": "shares of the six rankings of food, art and romance drawn uniformly, restaurants worth what food is",
    "linear": "three equal groups, each with a random linear taste on the embedding, rewards of standard deviation 2",
}
"""How populations are drawn."""

CHUNK = 50
"""Populations between two entries of the cache."""

LINEAR_SPREAD = 2.0


def study_populations(
    situations: tuple[Situation, Situation],
    weights: Mapping[str, Sequence[FloatArray | None]],
    *,
    kind: str,
    n_populations: int = 1500,
    regularization: float = 0.01,
    random_state: int = 0,
    steps: StepCache | None = None,
    key: Mapping[str, Any] | None = None,
) -> PopulationStudy:
    """Add restaurants to random populations and count how often the best original topic changes.

    Every pair of texts is judged by everybody: win rates are exact, there is no sampling and no network,
    and what moves the rewards is the weighting alone. Each text has a reward of its own.

    Parameters
    ----------
    situations : (before, after)
        Texts without and with restaurants.
    weights : mapping of name to (before, after)
        Alternative weights of each weighting; None: plain.
    kind : {"rankings", "linear"}
        Which populations; see :data:`KINDS`.
    n_populations : int, default=1500
    regularization : float, default=0.01
    random_state : int, default=0
    steps : StepCache, default=None
        Where finished chunks of populations are kept.
    key : mapping, default=None
        What else the results depend on (the embeddings), for the cache.

    Returns
    -------
    study : PopulationStudy

    Notes
    -----
    Under `rankings` all texts of a topic have the same win rates and so the same reward: the fit is done on
    topics with the sum of their texts' weights, restaurants and food being one point, which is exact. Under
    `linear` it takes two fits of 192 and 256 rewards a weighting and population, about 20 ms.
    """
    check_choice("kind", kind, tuple(KINDS))
    n = check_integer("n_populations", n_populations, low=2)
    strength = check_number("regularization", regularization, low=0.0)
    seed = check_integer("random_state", random_state, low=0)
    kept = steps or StepCache(None)
    find = _by_topic if kind == "rankings" else _by_text
    found: list[FloatArray] = []
    with track(f"populations, {kind}", total=n) as advance, threadpool_limits(limits=1, user_api="blas"):
        for start in range(0, n, CHUNK):
            chosen = list(range(start, min(start + CHUNK, n)))

            def run(chosen: list[int] = chosen) -> dict[str, FloatArray]:
                rows = []
                for k in chosen:
                    rng = np.random.default_rng([seed, list(KINDS).index(kind), k])
                    rows.append(find(situations, weights, strength, rng))
                    advance(1)
                return {"moves": np.array(rows, dtype=np.float64)}

            reused = len(kept.reused)
            made = kept.arrays(
                "populations",
                {
                    **(key or {}),
                    "kind": kind,
                    "seed": seed,
                    "regularization": strength,
                    "chosen": [chosen[0], chosen[-1]],
                    "weightings": list(weights),
                },
                run,
            )
            if len(kept.reused) > reused:
                advance(len(chosen))
            found.append(made["moves"])
    moves = np.concatenate(found)  # (n_populations, n_weightings, 4)
    return PopulationStudy(
        kind=kind,
        description=KINDS[kind],
        n_populations=n,
        rows=tuple(_row(name, moves[:, j]) for j, name in enumerate(weights)),
    )


def wilson_interval(count: int, total: int, level: float = 0.95) -> Interval:
    """Return a share with its Wilson score interval.

    Examples
    --------
    >>> wilson_interval(0, 100).high.__round__(3)
    0.037
    """
    share, z = count / total, float(norm.ppf(0.5 * (1.0 + level)))
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * float(np.sqrt(share * (1 - share) / total + z * z / (4 * total * total)))
    return Interval(mean=share, low=max(0.0, centre - half), high=min(1.0, centre + half))


@dataclass(frozen=True)
class _Move:
    """What restaurants did to one population under one weighting."""

    topic_flip: bool
    text_flip: bool
    shift: float
    relative: float

    def numbers(self) -> list[float]:
        return [float(self.topic_flip), float(self.text_flip), self.shift, self.relative]


def _row(name: str, moves: FloatArray) -> PopulationRow:
    n = len(moves)
    flips, text_flips = (int(moves[:, k].sum()) for k in range(2))
    return PopulationRow(
        weighting=name,
        n_flips=flips,
        flip_rate=wilson_interval(flips, n),
        text_flips=wilson_interval(text_flips, n),
        max_shift_centred=_mean(moves[:, 2]),
        relative_shift=_mean(moves[:, 3]),
    )


def _mean(values: FloatArray) -> Interval:
    mean, n = float(values.mean()), len(values)
    half = float(student_t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return Interval(mean=mean, low=mean - half, high=mean + half)


def _fit(population: Population, weights: FloatArray | None, regularization: float) -> FloatArray:
    c = Comparisons.from_win_rates(population_win_rates(population))
    rewards: FloatArray = (
        BradleyTerry(regularization=regularization).fit(c, alternative_weight=weights).rewards_
    )
    return rewards


def _compare(before: FloatArray, after: FloatArray, labels: np.ndarray) -> _Move:
    """Compare the rewards of the original texts (or topics) before and after."""
    move = (after - after.mean()) - (before - before.mean())
    means = [[float(side[labels == topic].mean()) for topic in ORIGINAL_TOPICS] for side in (before, after)]
    span = float(np.ptp(before))
    shift = float(np.abs(move).max())
    return _Move(
        topic_flip=bool(np.argmax(means[0]) != np.argmax(means[1])),
        text_flip=bool(np.argmax(before) != np.argmax(after)),
        shift=shift,
        relative=shift / span if span > 0.0 else 0.0,
    )


def _by_topic(
    situations: tuple[Situation, Situation],
    weights: Mapping[str, Sequence[FloatArray | None]],
    regularization: float,
    rng: np.random.Generator,
) -> list[list[float]]:
    """Draw shares of the six rankings; fit topics with the sum of their texts' weights."""
    rankings = list(itertools.permutations(ORIGINAL_TOPICS))
    shares = rng.dirichlet(np.ones(len(rankings)))
    population = Population(
        tastes=tuple(
            Taste.from_ranking(float(share), ranking, ORIGINAL_TOPICS)
            for share, ranking in zip(shares / shares.sum(), rankings, strict=True)
        ),
        noise=0.0,
    )
    found = []
    for pair in weights.values():
        sides = []
        for situation, w in zip(situations, pair, strict=True):
            topics = np.where(situation.labels == "restaurants", "food", situation.labels).astype(str)
            share = np.full(len(topics), 1.0 / len(topics)) if w is None else w
            total = np.array([share[topics == topic].sum() for topic in ORIGINAL_TOPICS])
            sides.append(_fit(population, total, regularization))
        counts = np.array([int((situations[0].labels == topic).sum()) for topic in ORIGINAL_TOPICS])
        labels = np.repeat(np.array(ORIGINAL_TOPICS, dtype=object), counts)
        before, after = (np.repeat(side, counts) for side in sides)
        found.append(_compare(before, after, labels).numbers())
    return found


def _by_text(
    situations: tuple[Situation, Situation],
    weights: Mapping[str, Sequence[FloatArray | None]],
    regularization: float,
    rng: np.random.Generator,
) -> list[list[float]]:
    """Draw three linear tastes on the embedding; fit every text."""
    before, after = situations
    stayed = np.isin(after.positions, before.positions)
    everybody = make_linear_population(after.points, n_tastes=3, spread=LINEAR_SPREAD, random_state=rng)
    complete = [
        Comparisons.from_win_rates(population_win_rates(population))
        for population in (everybody.restrict(np.flatnonzero(stayed)), everybody)
    ]
    found = []
    for pair in weights.values():
        sides = [
            BradleyTerry(regularization=regularization).fit(c, alternative_weight=w).rewards_
            for c, w in zip(complete, pair, strict=True)
        ]
        found.append(_compare(sides[0], sides[1][stayed], before.labels).numbers())
    return found
