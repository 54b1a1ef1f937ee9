"""A record of alternatives and encoders that count, for the tests of this room."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Record:
    """What embedding needs of comparisons."""

    texts: Sequence[str] | None
    prompts: Sequence[str] | None = None
    ids: Sequence[object] = ()

    def __post_init__(self) -> None:
        if not len(self.ids):
            self.ids = list(range(len(self.texts or ())))


@dataclass
class CountingEncoder:
    """A vector per text from its hash; remembers every text it was asked for."""

    name: str = "counting"
    fingerprint: str = "counting-1"
    surface: bool = False
    scale: float | None = None
    batch_size: int = 3
    n_dims: int = 5
    asked: list[str] = field(default_factory=list)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return np.stack([vector_of(text, self.n_dims) for text in texts])


def vector_of(text: str, n_dims: int = 5) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
    return np.random.default_rng(seed).normal(size=n_dims).astype(np.float32)
