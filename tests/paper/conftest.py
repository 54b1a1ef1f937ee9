"""Smooth tastes for the theorems: annotators whose rewards are Lipschitz functions of the point."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof.preferences import Population, Taste, population_win_rates


class SmoothTastes:
    """Three tastes, each a sine of a random direction: win rates are Lipschitz, and tastes disagree."""

    def __init__(self, n_dims: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.directions = rng.normal(size=(3, n_dims))
        self.directions *= np.array([[3.0], [4.0], [2.5]]) / np.linalg.norm(
            self.directions, axis=1, keepdims=True
        )
        self.phases = rng.uniform(0, 2 * np.pi, size=3)
        self.shares = (0.45, 0.35, 0.2)

    def win_rates(self, points) -> np.ndarray:
        points = np.asarray(points, dtype=float)
        rewards = 2.0 * np.sin(points @ self.directions.T + self.phases)
        tastes = tuple(Taste(share=share, rewards=rewards[:, k]) for k, share in enumerate(self.shares))
        return population_win_rates(Population(tastes=tastes))

    @property
    def lipschitz(self) -> float:
        """Of the win rates: a quarter of the share-weighted reward slope."""
        slopes = 2.0 * np.linalg.norm(self.directions, axis=1)
        return float(np.dot(self.shares, slopes) / 4)


@pytest.fixture
def smooth_tastes():
    return SmoothTastes
