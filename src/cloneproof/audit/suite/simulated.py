"""Worlds whose annotators are simulated, so that the true win rates are known."""

from __future__ import annotations

from typing import Any

import numpy as np

from cloneproof._core.typing import FloatArray, IntArray
from cloneproof._core.validation import check_choice, check_integer
from cloneproof.audit.suite.world import Encode, World
from cloneproof.data import load_paris
from cloneproof.embeddings.sentence_transformer import MINILM_SCALE
from cloneproof.preferences import (
    Comparisons,
    Population,
    Taste,
    make_linear_population,
    paris_population,
    population_win_rates,
    sample_comparisons,
)

__all__ = ["SIMULATED", "simulated_world"]

SIMULATED = ("paris", "population")
"""The worlds by name: the paper's three tastes, or random tastes, on descriptions of Paris."""

_PER_TOPIC, _N_TASTES, _SPREAD, _N_TEST = 24, 3, 3.0, 4_000
_NOISE, _QUALITY = 0.25, 0.05


def simulated_world(
    name: str, *, per_topic: int = _PER_TOPIC, encode: Encode | None = None, random_state: int = 0
) -> World:
    """Make a world of simulated annotators: every pair compared, outcomes the true win rates.

    Descriptions of food, art and romance in Paris; the restaurants, near-copies of food in other words,
    are the paraphrases of the food texts.

    Parameters
    ----------
    name : {"paris", "population"}
        "paris": the three tastes of the paper's case study, with a little noise (98 % follow a ranking by
        one rank) and a quality of each text that all share, so that no two texts tie. "population": three
        tastes drawn at random, linear in the embedding, of standard deviation 3.
    per_topic : int, default=24
        Texts of each topic, at most 64.
    encode : Encode, default=None
        The encoder of the texts (MiniLM without prompts), for attacks that edit texts.
    random_state : int, default=0

    Returns
    -------
    world : World
        Tabular rewards. Held out: judgments of single annotators, drawn anew.
    """
    check_choice("simulated", name, SIMULATED)
    n = check_integer("per_topic", per_topic, low=2, high=64)
    paris = load_paris()
    rng = np.random.default_rng([random_state, 4])
    chosen = {
        topic: _some(paris.positions(topic), n, rng) for topic in ("food", "art", "romance", "restaurants")
    }
    own = np.concatenate([chosen["food"], chosen["art"], chosen["romance"]])
    X = paris.embeddings.astype(np.float64)
    topics: Any = paris.topics[own]
    population = (
        _with_quality(paris_population(topics), rng)
        if name == "paris"
        else make_linear_population(X[own], n_tastes=_N_TASTES, spread=_SPREAD, random_state=rng)
    )
    ids = np.array(
        [f"{topic} {k + 1}" for topic in ("food", "art", "romance") for k in range(n)], dtype=object
    )
    texts = tuple(paris.texts[k] for k in own.tolist())
    rates = Comparisons.from_win_rates(population_win_rates(population), ids=ids)
    train = Comparisons.from_arrays(rates.left, rates.right, rates.outcome, ids=ids, texts=texts)
    test = sample_comparisons(population, _N_TEST, ids=ids, random_state=rng)
    like_food = [_near(X, chosen["restaurants"], int(food)) for food in chosen["food"].tolist()]
    return World(
        name=name,
        comparisons=train,
        embeddings=X[own],
        scale=MINILM_SCALE,
        reward="tabular",
        test=Comparisons.from_arrays(test.left, test.right, test.outcome, ids=ids),
        encode=encode,
        paraphrases=dict(enumerate(like_food)),
    )


def _some(positions: IntArray, n: int, rng: np.random.Generator) -> IntArray:
    return np.sort(rng.choice(positions, size=n, replace=False)).astype(np.int64)


def _with_quality(population: Population, rng: np.random.Generator) -> Population:
    """Return the same tastes with a small reward of each text that all annotators share."""
    quality = _QUALITY * rng.standard_normal(population.n_alternatives)
    tastes = [Taste(share=x.share, rewards=x.rewards + quality, name=x.name) for x in population.tastes]
    return Population(tastes=tuple(tastes), noise=_NOISE)


def _near(X: FloatArray, others: IntArray, position: int) -> FloatArray:
    """Return the embeddings of the three nearest of the others."""
    order = np.argsort(np.linalg.norm(X[others] - X[position], axis=1), kind="stable")[:3]
    return np.asarray(X[others[order]], dtype=np.float64)
