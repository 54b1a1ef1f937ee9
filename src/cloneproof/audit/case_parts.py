"""The parts of the Paris case that its linear and its neural version share: texts, weights, summaries."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t as student_t
from sklearn.base import clone
from sklearn.decomposition import PCA

from cloneproof._core.errors import CloneProofWarning
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.audit.case_records import CaseRow, Interval
from cloneproof.data import TOPICS, ParisTexts
from cloneproof.preferences import Population, paris_population
from cloneproof.weights import FamilyWeights, effective_sample_size

__all__ = ["ORIGINAL_TOPICS", "Situation", "make_interval", "make_situations", "summarise", "weigh_situation"]

ORIGINAL_TOPICS = TOPICS[:3]
"""The topics without restaurants."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Situation:
    """The texts of some topics: where they stand in the file, and who judges them.

    Parameters
    ----------
    topics : tuple of str
    positions : int64 ndarray of shape (n_alternatives,)
        Where the texts stand among all.
    labels : ndarray of str of shape (n_alternatives,)
        The topic of each.
    points : float64 ndarray of shape (n_alternatives, n_components)
    population : Population
        Over these texts.
    """

    topics: tuple[str, ...]
    positions: IntArray
    labels: Any
    points: FloatArray
    population: Population


def make_situations(paris: ParisTexts, n_components: int) -> tuple[Situation, Situation]:
    """Return the texts before and after, reduced to the components of those before."""
    embeddings = paris.embeddings.astype(np.float64)
    original = paris.positions(*ORIGINAL_TOPICS)
    reduction = PCA(n_components=n_components, svd_solver="full").fit(embeddings[original])
    points = np.asarray(reduction.transform(embeddings), dtype=np.float64)
    everybody = paris_population(paris.topics)
    before, after = (
        Situation(
            topics=topics,
            positions=positions,
            labels=paris.topics[positions],
            points=points[positions],
            population=everybody.restrict(positions),
        )
        for topics, positions in ((ORIGINAL_TOPICS, original), (TOPICS, paris.positions(*TOPICS)))
    )
    return before, after


def weigh_situation(estimator: Any, situation: Situation) -> FloatArray | None:
    """Return the weights that an estimator gives, or None for plain."""
    if estimator is None:
        return None
    told = {}
    if isinstance(estimator, FamilyWeights):
        told["families"] = np.where(situation.labels == "restaurants", "food", situation.labels)
    with warnings.catch_warnings():  # empty cells of the unit cube: the effective sample size tells it
        warnings.simplefilter("ignore", CloneProofWarning)
        fitted = clone(estimator).fit(situation.points, **told)
    return np.asarray(fitted.weights_, dtype=np.float64)


def _topic_means(rewards: FloatArray, situation: Situation) -> dict[str, float]:
    """Average rewards over each topic, food, art and romance centred together."""
    means = {topic: float(rewards[situation.labels == topic].mean()) for topic in situation.topics}
    centre = sum(means[topic] for topic in ORIGINAL_TOPICS) / len(ORIGINAL_TOPICS)
    return {topic: mean - centre for topic, mean in means.items()}


def make_interval(values: Sequence[float] | FloatArray) -> Interval:
    """Return the mean over repeats with its 95 % t interval; at least two values."""
    sample = np.asarray(values, dtype=np.float64)
    mean = float(sample.mean())
    half = float(student_t.ppf(0.975, len(sample) - 1) * sample.std(ddof=1) / np.sqrt(len(sample)))
    return Interval(mean=mean, low=mean - half, high=mean + half)


def summarise(
    name: str,
    situations: tuple[Situation, Situation],
    weights: list[FloatArray | None],
    learned: list[tuple[FloatArray, FloatArray, FloatArray]],
    limit: list[FloatArray],
) -> CaseRow:
    """Summarise the repeats of one weighting.

    Parameters
    ----------
    name : str
    situations : (before, after)
    weights : [before, after]
        None: plain.
    learned : list of (before, after, again)
        Rewards of every text in each repeat; `again` is learned from another sample of the texts before.
    limit : [before, after]
        Rewards when everybody judges every pair.
    """
    before, after = ([_topic_means(triple[k], s) for triple in learned] for k, s in enumerate(situations))
    winners = [
        (max(b, key=b.__getitem__), max(a, key=a.__getitem__)) for b, a in zip(before, after, strict=True)
    ]
    stayed = np.isin(situations[1].positions, situations[0].positions)
    moves = np.array([triple[1][stayed] - triple[0] for triple in learned])
    noise = np.array([triple[2] - triple[0] for triple in learned])
    limit_move = limit[1][stayed] - limit[0]
    shares = [
        np.full(len(s.points), 1.0 / len(s.points)) if w is None else w
        for s, w in zip(situations, weights, strict=True)
    ]
    food = [
        float(share[np.isin(s.labels.astype(str), ("food", "restaurants"))].sum())
        for share, s in zip(shares, situations, strict=True)
    ]
    wins = [Counter(pair[k] for pair in winners) for k in range(2)]
    return CaseRow(
        weighting=name,
        rewards_before={topic: make_interval([b[topic] for b in before]) for topic in situations[0].topics},
        rewards_after={topic: make_interval([a[topic] for a in after]) for topic in situations[1].topics},
        wins_before={topic: wins[0][topic] for topic in situations[0].topics},
        wins_after={topic: wins[1][topic] for topic in situations[1].topics},
        n_flips=sum(b != a for b, a in winners),
        max_shift=make_interval(np.abs(moves).max(axis=1)),
        max_shift_centred=make_interval(_centred_max(moves)),
        noise_shift_centred=make_interval(_centred_max(noise)),
        effective_sample_size_before=effective_sample_size(shares[0]),
        effective_sample_size_after=effective_sample_size(shares[1]),
        food_share_before=food[0],
        food_share_after=food[1],
        limit_before=_topic_means(limit[0], situations[0]),
        limit_after=_topic_means(limit[1], situations[1]),
        limit_max_shift=float(np.abs(limit_move).max()),
        limit_max_shift_centred=float(_centred_max(limit_move[None, :])[0]),
    )


def _centred_max(moves: FloatArray) -> FloatArray:
    """Return the largest move of each row after subtracting the row's mean."""
    largest: FloatArray = np.abs(moves - moves.mean(axis=1, keepdims=True)).max(axis=1)
    return largest
