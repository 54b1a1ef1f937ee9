"""Six uneven and sparse designs: how far clones move rewards under each comparison weighting.

Twelve alternatives, three tastes, and ten clones of one alternative. Each design says which pairs are
compared and how often; outcomes are the true win rates of the tastes, so that what is measured is the
weighting and not sampling noise. The reference is the clone-free data: the twelve alternatives, all pairs
compared once, weighed by diversity. Reported is the largest difference of a reward from the reference, both
centred over the twelve alternatives.

Run:  python benchmarks/designs.py [--seeds 20]
"""

from __future__ import annotations

import argparse
import sys
import warnings
from dataclasses import dataclass

import numpy as np

from cloneproof._core.errors import SparseComparisonsWarning
from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry, LinearReward, comparison_weights
from cloneproof.weights import DiversityWeights

M, CLONES, DIMS = 12, 10, 3
SCALE, NOISE, REGULARIZATION = 0.5, 0.02, 0.1
TASTES = np.array([0.29, 0.5, 0.21])
METHODS = ("unweighted", "product", "balanced", "diversity")
REWARDS = ("tabular", "function of the text")
DESIGNS = ("uniform", "clones 5x", "clone-clone 20x", "clone-rival 20x", "one each", "pair copied")
COPIES = (1, 10, 100)


@dataclass(frozen=True)
class World:
    """Alternatives in the unit ball of the embedding, and what three tastes make of any point."""

    points: np.ndarray
    directions: np.ndarray

    def win_rate(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """p(a > b): the mixture of three linear Bradley-Terry tastes."""
        return (TASTES / (1.0 + np.exp(-(a - b) @ self.directions.T))).sum(axis=1)


def make_world(rng: np.random.Generator) -> World:
    return World(points=rng.standard_normal((M, DIMS)), directions=2.0 * rng.standard_normal((3, DIMS)))


def complete(m: int) -> np.ndarray:
    return np.column_stack(np.triu_indices(m, 1))


def make_design(name: str, world: World, rng: np.random.Generator, *, copies: int = 10):
    """Return points (the twelve first), pairs (k, 2) and how often each pair is compared."""
    if name == "pair copied":  # a pair of answers copied as a pair, compared with nothing else
        a, b = rng.choice(M, 2, replace=False)
        noise = NOISE * unit(rng, 2 * copies)
        points = np.vstack([world.points, world.points[a] + noise[:copies], world.points[b] + noise[copies:]])
        own = np.column_stack([M + np.arange(copies), M + copies + np.arange(copies)])
        pairs = np.vstack([complete(M), own])
        return points, pairs, np.ones(len(pairs))
    target, rival = rng.choice(M, 2, replace=False)
    points = np.vstack([world.points, world.points[target] + NOISE * unit(rng, CLONES)])
    if name == "one each":  # each clone compared with one other alternative only
        others = np.array([x for x in range(M) if x != target])
        own = np.column_stack([M + np.arange(CLONES), rng.choice(others, CLONES)])
        pairs = np.vstack([complete(M), own])
        return points, pairs, np.ones(len(pairs))
    pairs = complete(M + CLONES)
    count = np.ones(len(pairs))
    family = (pairs >= M) | (pairs == target)
    if name == "clones 5x":
        count[(pairs >= M).any(axis=1)] = 5.0
    elif name == "clone-clone 20x":
        count[family.all(axis=1)] = 20.0
    elif name == "clone-rival 20x":
        count[(pairs >= M).any(axis=1) & (pairs == rival).any(axis=1)] = 20.0
    return points, pairs, count


def unit(rng: np.random.Generator, n: int) -> np.ndarray:
    directions = rng.standard_normal((n, DIMS))
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


def fit_rewards(world, points, pairs, count, method: str, reward: str) -> np.ndarray:
    """Rewards of the twelve alternatives, centred over them."""
    left, right = pairs.T
    outcome = world.win_rate(points[left], points[right])
    c = Comparisons.from_arrays(left, right, outcome, count=count, ids=np.arange(len(points)))
    w, omega = None, None
    if method != "unweighted":
        w = DiversityWeights(scale=SCALE).fit(points).weights_
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SparseComparisonsWarning)
            omega = comparison_weights(c, w, points, method=method, scale=SCALE)
    if reward == "tabular":
        if w is not None:  # clones of weight 0 that met nobody else would be held by nothing
            w = w + 1e-9
        model = BradleyTerry(regularization=REGULARIZATION).fit(c, w, omega)
    else:
        model = LinearReward(regularization=REGULARIZATION).fit(c, features(points), w, omega)
    rewards = model.rewards_[:M]
    return rewards - rewards.mean()


def features(points: np.ndarray) -> np.ndarray:
    """What the reward may depend on: the coordinates and their products, a smooth function of the text."""
    i, j = np.triu_indices(points.shape[1])
    return np.column_stack([points, points[:, i] * points[:, j]])


def run(n_seeds: int) -> dict[tuple[str, str, str], np.ndarray]:
    """Largest centred error for each (design, reward, method) and seed."""
    errors: dict[tuple[str, str, str], list[float]] = {}
    for seed in range(n_seeds):
        world = make_world(np.random.default_rng(seed))
        for reward in REWARDS:
            pairs = complete(M)
            reference = fit_rewards(world, world.points, pairs, np.ones(len(pairs)), "diversity", reward)
            for name in DESIGNS:
                for copies in COPIES if name == "pair copied" else (CLONES,):
                    rng = np.random.default_rng([seed, DESIGNS.index(name), copies])
                    design = make_design(name, world, rng, copies=copies)
                    label = f"{name} {copies}x" if name == "pair copied" else name
                    for method in METHODS:
                        found = fit_rewards(world, *design, method, reward)
                        errors.setdefault((label, reward, method), []).append(np.abs(found - reference).max())
    return {key: np.array(values) for key, values in errors.items()}


def table(errors: dict[tuple[str, str, str], np.ndarray]) -> str:
    """Mean (largest) over seeds, as a Markdown table."""
    lines = [f"| design | reward | {' | '.join(METHODS)} |", "|---" * (2 + len(METHODS)) + "|"]
    for label, reward in dict.fromkeys((key[0], key[1]) for key in errors):
        cells = (errors[label, reward, method] for method in METHODS)
        lines.append(
            f"| {label} | {reward} | {' | '.join(f'{e.mean():.3f} ({e.max():.3f})' for e in cells)} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    errors = run(parser.parse_args().seeds)
    sys.stdout.write(table(errors) + "\n")


if __name__ == "__main__":
    main()
