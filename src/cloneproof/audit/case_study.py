"""The Paris case: three topics, then a near-copy of one of them, and who wins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cloneproof._core.errors import ParameterError
from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import check_integer, check_number
from cloneproof.audit.case_parts import make_situations, summarise, weigh_situation
from cloneproof.audit.case_records import ParisCase
from cloneproof.data import load_paris
from cloneproof.preferences import Comparisons, population_win_rates, sample_comparisons
from cloneproof.rewards import LinearReward
from cloneproof.weights import DiversityWeights, FamilyWeights, VoronoiWeights

__all__ = ["default_weightings", "run_paris_case"]


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
    situations = make_situations(load_paris(), k)
    weights = {
        name: [weigh_situation(estimator, s) for s in situations] for name, estimator in chosen.items()
    }
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
        rows.append(summarise(name, situations, weights[name], learned[name], limit))
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


def _learn(
    c: Comparisons, points: FloatArray, weights: FloatArray | None, regularization: float
) -> FloatArray:
    """Return the reward of each text: linear in its components."""
    model = LinearReward(regularization=regularization).fit(c, points, alternative_weight=weights)
    rewards: FloatArray = model.rewards_
    return rewards
