"""The Paris case: three topics, then a near-copy of one of them, and who wins."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t as student_t
from sklearn.base import clone
from sklearn.decomposition import PCA

from cloneproof._core.errors import CloneProofWarning, ParameterError
from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof._core.validation import check_integer, check_number
from cloneproof.audit.case_records import CaseRow, Interval, ParisCase
from cloneproof.data import TOPICS, load_paris
from cloneproof.preferences import (
    Comparisons,
    Population,
    paris_population,
    population_win_rates,
    sample_comparisons,
)
from cloneproof.rewards import LinearReward
from cloneproof.weights import DiversityWeights, FamilyWeights, VoronoiWeights, effective_sample_size

__all__ = ["default_weightings", "run_paris_case"]

ORIGINAL_TOPICS = TOPICS[:3]


def default_weightings(random_state: int = 0) -> dict[str, Any]:
    """Return the weightings that the Paris case compares: plain is None.

    Voronoi over the observed box and over the unit cube are the paper's two choices of S; diversity at
    its automatic scale is ours. All see the reduced embeddings. "family, told" is the reference: it is told
    that restaurants are food, which no weighting can see better.
    """
    return {
        "plain": None,
        "voronoi, box": VoronoiWeights(region="box", random_state=random_state),
        "voronoi, cube": VoronoiWeights(region="cube", random_state=random_state),
        "diversity": DiversityWeights(),
        "family, told": FamilyWeights(),
    }


@dataclass(frozen=True, kw_only=True, eq=False)
class _Situation:
    """The texts of some topics: where they stand in the file, and who judges them."""

    topics: tuple[str, ...]
    positions: IntArray
    labels: Any
    points: FloatArray
    population: Population


def run_paris_case(
    n_repeats: int = 20,
    n_comparisons: int = 1000,
    random_state: int = 0,
    *,
    weightings: Mapping[str, Any] | None = None,
    n_components: int = 8,
    regularization: float = 0.01,
) -> ParisCase:
    """Learn rewards of Paris texts before and after restaurants are added, plain and weighted.

    Annotators of three tastes compare 192 short texts on food, art and romance; then 64 texts on
    restaurants join, which are food in other words, and the annotators value them as food. Each time a
    reward that is a function of the text is learned from `n_comparisons` sampled comparisons, each by a
    new annotator, and averaged over each topic. A rule that does not count near-copies keeps its winner.

    Parameters
    ----------
    n_repeats : int, default=20
        Samples of comparisons, as in the paper; at least 2.
    n_comparisons : int, default=1000
        Comparisons in each sample, before and after; as in the paper.
    random_state : int, default=0
        Seed of the comparisons and of the sampled Voronoi cells.
    weightings : mapping of name to estimator or None, default=None
        Estimators with ``fit(X)`` and ``weights_``; a `FamilyWeights` is told the families (restaurants are
        food). None: plain, every comparison counts once. None for the whole: :func:`default_weightings`.
    n_components : int, default=8
        Principal components of the embeddings that weightings and reward see, between 2 and 32.
    regularization : float, default=0.01
        The lambda of the term ``(lambda / 2) sum_a w_a r_a^2``.

    Returns
    -------
    case : ParisCase

    Raises
    ------
    ParameterError
        For options out of range, or without a weighting.

    Notes
    -----
    What was chosen here: the principal components are those of the original 192 texts and stay fixed, as
    an encoder would, so that rewards before and after are functions on one space. Eight is the upper end of
    what volumes bear. The reward is linear in them (the paper trains a two-layer network); pairs are drawn
    evenly from all pairs of texts; a weighted fit gives each observed pair ``w_a w_b``.

    What hangs on it: the plain winner flips with 2 to 32 components, sampled and in the limit of all
    judgments. In that limit diversity weights keep the winner throughout, Voronoi weights over the box up
    to 8 components. With 1,000 comparisons fewer components leave the weights on fewer texts, and
    sampling noise then decides: with 4, diversity weights see romance first in 12 repeats before and in 6
    after, against 20 and 17 with 8. ``benchmarks/paris_sensitivity.py`` prints the table. The unit cube
    holds hardly any of the embedding: two to eight texts have nearly all weight.

    The weights are fitted twice; 3 `n_repeats` linear fits a weighting, a few milliseconds each: about a
    second in all.

    References
    ----------
    .. [1] Procaccia, Schiffer & Zhang, "Clone-Robust AI Alignment", ICML 2025, arXiv:2501.09254.
    """
    repeats = check_integer("n_repeats", n_repeats, low=2)
    n = check_integer("n_comparisons", n_comparisons, low=10)
    seed = check_integer("random_state", random_state, low=0)
    k = check_integer("n_components", n_components, low=2, high=32)
    strength = check_number("regularization", regularization, low=0.0)
    chosen = default_weightings(seed) if weightings is None else dict(weightings)
    if not chosen:
        raise ParameterError("weightings must name at least one weighting, or be None. Got none.")
    situations = _situations(k)
    weights = {name: [_weigh(estimator, s) for s in situations] for name, estimator in chosen.items()}
    learned: dict[str, list[tuple[FloatArray, FloatArray, FloatArray]]] = {name: [] for name in chosen}
    with track("repeats", total=repeats) as advance:
        for sequence in np.random.SeedSequence(seed).spawn(repeats):
            rng = np.random.default_rng(sequence)
            drawn = (*situations, situations[0])  # before, after, and before once more: sampling alone
            samples = [sample_comparisons(s.population, n, random_state=rng) for s in drawn]
            for name in chosen:
                given = (*weights[name], weights[name][0])
                before, after, again = (
                    _learn(c, s.points, w, strength) for c, s, w in zip(samples, drawn, given, strict=True)
                )
                learned[name].append((before, after, again))
            advance(1)
    complete = [Comparisons.from_win_rates(population_win_rates(s.population)) for s in situations]
    rows = []
    for name in chosen:
        limit = [
            _learn(c, s.points, w, strength)
            for c, s, w in zip(complete, situations, weights[name], strict=True)
        ]
        rows.append(_row(name, situations, weights[name], learned[name], limit))
    return ParisCase(
        rows=tuple(rows),
        n_repeats=repeats,
        n_comparisons=n,
        options={
            "random_state": seed,
            "n_components": k,
            "regularization": strength,
            "reward": "linear",
            "weightings": {name: repr(estimator) for name, estimator in chosen.items()},
        },
    )


def _situations(n_components: int) -> tuple[_Situation, _Situation]:
    """Return the texts before and after, reduced to the components of those before."""
    paris = load_paris()
    embeddings = paris.embeddings.astype(np.float64)
    original = paris.positions(*ORIGINAL_TOPICS)
    reduction = PCA(n_components=n_components, svd_solver="full").fit(embeddings[original])
    points = np.asarray(reduction.transform(embeddings), dtype=np.float64)
    everybody = paris_population(paris.topics)
    before, after = (
        _Situation(
            topics=topics,
            positions=positions,
            labels=paris.topics[positions],
            points=points[positions],
            population=everybody.restrict(positions),
        )
        for topics, positions in ((ORIGINAL_TOPICS, original), (TOPICS, paris.positions(*TOPICS)))
    )
    return before, after


def _weigh(estimator: Any, situation: _Situation) -> FloatArray | None:
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


def _learn(
    c: Comparisons, points: FloatArray, weights: FloatArray | None, regularization: float
) -> FloatArray:
    """Return the reward of each text: linear in its components."""
    model = LinearReward(regularization=regularization).fit(c, points, alternative_weight=weights)
    rewards: FloatArray = model.rewards_
    return rewards


def _topic_means(rewards: FloatArray, situation: _Situation) -> dict[str, float]:
    """Average rewards over each topic, food, art and romance centred together."""
    means = {topic: float(rewards[situation.labels == topic].mean()) for topic in situation.topics}
    centre = sum(means[topic] for topic in ORIGINAL_TOPICS) / len(ORIGINAL_TOPICS)
    return {topic: mean - centre for topic, mean in means.items()}


def _interval(values: Sequence[float] | FloatArray) -> Interval:
    """Return the mean over repeats with its t interval."""
    sample = np.asarray(values, dtype=np.float64)
    mean = float(sample.mean())
    half = float(student_t.ppf(0.975, len(sample) - 1) * sample.std(ddof=1) / np.sqrt(len(sample)))
    return Interval(mean=mean, low=mean - half, high=mean + half)


def _row(
    name: str,
    situations: tuple[_Situation, _Situation],
    weights: list[FloatArray | None],
    learned: list[tuple[FloatArray, FloatArray, FloatArray]],
    limit: list[FloatArray],
) -> CaseRow:
    """Summarise the repeats of one weighting."""
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
        rewards_before={topic: _interval([b[topic] for b in before]) for topic in situations[0].topics},
        rewards_after={topic: _interval([a[topic] for a in after]) for topic in situations[1].topics},
        wins_before={topic: wins[0][topic] for topic in situations[0].topics},
        wins_after={topic: wins[1][topic] for topic in situations[1].topics},
        n_flips=sum(b != a for b, a in winners),
        max_shift=_interval(np.abs(moves).max(axis=1)),
        max_shift_centred=_interval(_centred_max(moves)),
        noise_shift_centred=_interval(_centred_max(noise)),
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
