"""The surface encoder: hashed character n-grams, no model, no dependency. It sees copy-edits only."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cloneproof._core.validation import check_integer
from cloneproof.embeddings.encoder import EmbeddingArray

__all__ = ["SurfaceEncoder"]

N_GRAMS = (3, 4, 5)
SURFACE_SCALE = 0.3
_BLOCK_CHARACTERS = 1_000_000
_EDGE = "\x02"
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


class SurfaceEncoder:
    """Embed texts by the character n-grams that they hold.

    Two texts are near when they share most of their runs of 3 to 5 characters: typos, changed
    punctuation, case, whitespace, an added sentence. A paraphrase in other words is as far as any
    other text, so families of paraphrases stay uncounted: use a sentence encoder where that matters.

    Parameters
    ----------
    n_dims : int, default=512
        Dimensions after hashing. Cosines are off by about ``1 / sqrt(n_dims)``: .044.

    Attributes
    ----------
    scale : float
        .3 on unit vectors: above light edits (one word in twenty dropped: median .18; a sentence
        added: .27), far below the nearest other answer (beyond .71 for 95 % of them); measured on 1,000
        real answers by ``benchmarks/encoders.py``.

    Notes
    -----
    Text is normalised (NFKC, case folded, runs of whitespace as one space). An n-gram counted c times
    weighs ``sqrt(c)`` in its own hash bucket with its own sign, and the vector has unit length, also
    for an empty text. The result depends on nothing but the text: no fitted vocabulary, no random
    state. Cost is linear in characters; see ``benchmarks/encoders.py`` for texts per second.

    Examples
    --------
    >>> encoder = SurfaceEncoder()
    >>> X = encoder.encode(["Paris is lovely in May.", "Paris is lovely in may!", "Eat the soup."])
    >>> np.linalg.norm(X[0] - X[1]).round(2) < 0.5 < np.linalg.norm(X[0] - X[2]).round(2)
    np.True_
    """

    surface = True
    scale: float | None = SURFACE_SCALE
    batch_size = 4096

    def __init__(self, *, n_dims: int = 512) -> None:
        self.n_dims = check_integer("n_dims", n_dims, low=8, high=65_536)
        self.name = "surface"

    @property
    def fingerprint(self) -> str:
        """What the vector of a text depends on."""
        return f"surface-1;n_dims={self.n_dims}"

    def encode(self, texts: Sequence[str]) -> EmbeddingArray:
        """Return unit vectors of shape (n_texts, n_dims)."""
        result = np.empty((len(texts), self.n_dims), dtype=np.float32)
        for start, block in _blocks([_normalise(text) for text in texts]):
            result[start : start + len(block)] = _hash_block(block, self.n_dims)
        return result


def _normalise(text: str) -> str:
    """Fold what a copy-edit changes most: case, width, whitespace."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return f"{_EDGE} {' '.join(folded.split())} {_EDGE}"  # edges: even an empty text holds n-grams


def _blocks(texts: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Cut texts into runs of about a million characters, so that memory stays bounded."""
    block: list[str] = []
    start = size = 0
    for i, text in enumerate(texts):
        if block and size + len(text) > _BLOCK_CHARACTERS:
            yield start, block
            block, start, size = [], i, 0
        block.append(text)
        size += len(text)
    if block:
        yield start, block


def _hash_block(texts: list[str], n_dims: int) -> NDArray[np.float32]:
    """Return the unit vectors of a few texts: signed bucket sums of sqrt(counts)."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    lengths = np.array([len(text) for text in texts])
    rows = np.repeat(np.arange(len(texts), dtype=np.uint64), lengths)
    room = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(codes))  # characters left in the text
    total = np.zeros(len(texts) * n_dims)
    rolling = np.zeros(len(codes), dtype=np.uint64)
    for n in range(1, max(N_GRAMS) + 1):
        # rolling[i] hashes the n characters from i on; uint64 arithmetic wraps
        rolling[: len(codes) - n + 1] = _mix(rolling[: len(codes) - n + 1] + codes[n - 1 :] * _MULTIPLIER)
        if n not in N_GRAMS:
            continue
        whole = room >= n
        keys = (rolling[whole] >> np.uint64(24)) | (rows[whole] << np.uint64(40))
        keys, counts = np.unique(keys, return_counts=True)
        grams, owner = keys & np.uint64((1 << 40) - 1), (keys >> np.uint64(40)).astype(np.int64)
        bucket = (grams % np.uint64(n_dims)).astype(np.int64)
        sign = 1.0 - 2.0 * ((grams >> np.uint64(39)) & np.uint64(1)).astype(np.float64)
        total += np.bincount(owner * n_dims + bucket, sign * np.sqrt(counts), minlength=len(total))
    vectors = total.reshape(len(texts), n_dims)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    flat = length[:, 0] == 0  # signs cancelled in every bucket: next to impossible, but never NaN
    vectors[flat, 0] = 1.0
    length[flat] = 1.0
    return np.asarray(vectors / length, dtype=np.float32)


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit integers (the finaliser of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
