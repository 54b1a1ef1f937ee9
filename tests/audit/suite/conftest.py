"""Small worlds: a dense one and a sparse one, with an encoder of its own."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof.audit.suite import World, make_world
from cloneproof.preferences import Comparisons


class LetterEncoder:
    """Counts of letters: small, exact, and near for texts with few edits."""

    name = "letters"

    def __call__(self, texts, prompts):
        table = np.array([[text.lower().count(x) for x in "abcdefghijklmnopqrstuvwxyz .,"] for text in texts])
        table = table + 1e-3 * np.array([[len(p) for p in prompts or [""] * len(texts)]]).T
        return table / np.linalg.norm(table, axis=1, keepdims=True)


WORDS = [
    "bread",
    "cheese",
    "river",
    "lamp",
    "museum",
    "garden",
    "poetry",
    "film",
    "bench",
    "boat",
    "market",
    "church",
    "opera",
    "tower",
]


def make_texts(m: int) -> list[str]:
    rng = np.random.default_rng(1)
    return [" ".join(rng.choice(WORDS, size=9)) for _ in range(m)]


@pytest.fixture(scope="session")
def dense_world() -> World:
    """Ten alternatives, every pair compared, two groups of tastes: plain rewards depend on who is cloned."""
    rng = np.random.default_rng(0)
    m, texts = 10, make_texts(10)
    X = LetterEncoder()(texts, None)
    r, s = rng.normal(size=(2, m)) * 2
    P = 0.6 / (1 + np.exp(-(r[:, None] - r))) + 0.4 / (1 + np.exp(-(s[:, None] - s)))
    left, right = np.triu_indices(m, 1)
    c = Comparisons.from_arrays(left, right, P[left, right], ids=np.arange(m), texts=texts)
    return World(
        name="dense", comparisons=c, embeddings=X, scale=0.05, reward="tabular", encode=LetterEncoder()
    )


@pytest.fixture(scope="session")
def sparse_world() -> World:
    """Sixty pairs of texts, each compared once; a fifth held out."""
    rng = np.random.default_rng(2)
    n, texts = 60, make_texts(120)
    X = LetterEncoder()(texts, ["?"] * 120)
    taste = X @ rng.normal(size=X.shape[1]) * 8
    outcome = (rng.random(n) < 1 / (1 + np.exp(taste[n:] - taste[:n]))).astype(float)
    c = Comparisons.from_arrays(
        np.arange(n), n + np.arange(n), outcome, ids=np.arange(2 * n), texts=texts, prompts=["?"] * (2 * n)
    )
    return make_world("sparse", c, X, scale=0.1, shrinkage=0.1, encode=LetterEncoder())
