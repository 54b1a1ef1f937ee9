"""The case study with the paper's reward: a two-layer network, all repeats trained at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from cloneproof._core.progress import track
from cloneproof._core.steps import StepCache
from cloneproof._core.typing import FloatArray
from cloneproof.audit.case_parts import Situation, summarise
from cloneproof.audit.case_records import ParisCase
from cloneproof.preferences import Comparisons, population_win_rates, sample_comparisons

__all__ = ["NetworkSettings", "run_network_case", "train_networks"]

N_LIMIT_SEEDS = 5
"""Trainings on all win rates that are averaged for the limit."""


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """The network and its training, as in the paper.

    Parameters
    ----------
    hidden : int
        Units of the one hidden layer.
    n_steps : int
        Steps of Adam.
    batch_size : int
        Comparisons in a batch.
    learning_rate : float
        The paper does not state it; 0.01 reaches the plateau of the loss in 500 steps here.
    regularization : float
        The lambda of the term ``(lambda / 2) sum_a w_a r_a^2``.
    """

    hidden: int = 32
    n_steps: int = 500
    batch_size: int = 512
    learning_rate: float = 0.01
    regularization: float = 0.01


def train_networks(
    samples: Sequence[Comparisons],
    points: FloatArray,
    weights: FloatArray | None,
    settings: NetworkSettings,
    *,
    random_state: int,
) -> FloatArray:
    """Train one network on each sample, all at once, and return the rewards of every text.

    Parameters
    ----------
    samples : sequence of Comparisons
        One for each repeat, over the same texts.
    points : ndarray of shape (n_alternatives, n_components)
    weights : ndarray of shape (n_alternatives,) or None
        Alternative weights; a compared pair counts ``w_a w_b``. None: plain.
    settings : NetworkSettings
    random_state : int
        Seed of the first network's initial weights and batches; the next counts up.

    Returns
    -------
    rewards : ndarray of shape (n_repeats, n_alternatives)
    """
    import torch

    from cloneproof.neural import RewardNetwork

    network = RewardNetwork(
        hidden=settings.hidden,
        n_steps=settings.n_steps,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        regularization=settings.regularization,
        n_repeats=len(samples),
        device="cpu",
        precision="double",  # in single precision rounding decides near ties between machines
        random_state=random_state,
    )
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the products are small: more threads wait for each other
    try:
        return network.fit(samples, points, alternative_weight=weights).repeat_rewards_
    finally:
        torch.set_num_threads(threads)


def run_network_case(
    situations: tuple[Situation, Situation],
    weights: Mapping[str, tuple[FloatArray | None, FloatArray | None]],
    *,
    n_repeats: int,
    n_comparisons: int,
    random_state: int,
    settings: NetworkSettings,
    steps: StepCache,
    key: Mapping[str, Any],
    described: Mapping[str, Any],
) -> ParisCase:
    """Learn rewards before and after restaurants by networks, under each weighting.

    Parameters
    ----------
    situations : (before, after)
    weights : mapping of name to (before, after)
        None: plain.
    n_repeats, n_comparisons, random_state : int
    settings : NetworkSettings
    steps : StepCache
        Keeps the rewards of each weighting and data set.
    key : mapping
        What the steps depend on beside the arguments.
    described : mapping
        What the record's options say beside the arguments.

    Notes
    -----
    All weightings see the same samples. A third sample, again of the texts without restaurants, tells what
    sampling and training alone do. The limit is trained on the win rates of all pairs, five seeds
    averaged; stochastic training leaves noise of its own there.
    """
    before, after = situations
    samples: list[list[Comparisons]] = [[], [], []]
    for sequence in np.random.SeedSequence(random_state).spawn(n_repeats):
        rng = np.random.default_rng(sequence)
        for k, situation in enumerate((before, after, before)):
            samples[k].append(sample_comparisons(situation.population, n_comparisons, random_state=rng))
    complete = [Comparisons.from_win_rates(population_win_rates(s.population)) for s in situations]
    stages: list[tuple[str, list[Comparisons], Situation, int]] = [
        ("before", samples[0], before, 0),
        ("after", samples[1], after, 1),
        ("again", samples[2], before, 0),
        ("limit before", [complete[0]] * N_LIMIT_SEEDS, before, 0),
        ("limit after", [complete[1]] * N_LIMIT_SEEDS, after, 1),
    ]
    seeds = np.random.SeedSequence([random_state, 1]).generate_state(len(stages)).astype(int).tolist()
    rows = []
    with track("networks", total=len(weights) * len(stages)) as advance:
        for name, pair in weights.items():
            learned: dict[str, FloatArray] = {}
            for number, (stage, given, situation, side) in enumerate(stages):
                kept = steps.arrays(
                    "networks",
                    {
                        **key,
                        **asdict(settings),
                        "weighting": name,
                        "stage": stage,
                        "n_repeats": len(given),
                        "n_comparisons": n_comparisons,
                        "random_state": random_state,
                    },
                    lambda given=given, s=situation, w=pair[side], n=number: {  # type: ignore[misc]
                        "rewards": train_networks(given, s.points, w, settings, random_state=seeds[n])
                    },
                )
                learned[stage] = kept["rewards"]
                advance(1)
            triples = list(zip(learned["before"], learned["after"], learned["again"], strict=True))
            limit = [learned[stage].mean(axis=0) for stage in ("limit before", "limit after")]
            rows.append(summarise(name, situations, list(pair), triples, limit))
    return ParisCase(
        rows=tuple(rows),
        n_repeats=n_repeats,
        n_comparisons=n_comparisons,
        options={"random_state": random_state, "reward": "network", **asdict(settings), **described},
    )
