"""Cut texts that are longer than a model's window into pieces, and average the pieces' vectors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloneproof.embeddings.encoder import EmbeddingArray

__all__ = ["mean_of_pieces", "split_by_tokens", "unit_rows"]


def split_by_tokens(
    texts: Sequence[str], tokenizer: Any, window: int | None
) -> tuple[list[str], NDArray[np.intp]]:
    """Cut each text into the fewest equal pieces of at most `window` tokens.

    Parameters
    ----------
    texts : sequence of str
    tokenizer : a Hugging Face tokenizer
        With character offsets (fast) where it has them; else the cut is by characters.
    window : int or None
        Tokens that fit, special ones not counted. None: nothing is cut.

    Returns
    -------
    pieces : list of str
    owner : ndarray of shape (n_pieces,)
        Position into `texts` of each piece's text, ascending.
    """
    pieces: list[str] = []
    owner: list[int] = []
    if window is None:
        return list(texts), np.arange(len(texts), dtype=np.intp)
    fast = bool(getattr(tokenizer, "is_fast", False))
    for i, text in enumerate(texts):
        short = len(text.encode()) <= window  # no token is shorter than a byte
        parts = [text] if short else _split(text, tokenizer, window, fast=fast)
        pieces.extend(parts)
        owner.extend([i] * len(parts))
    return pieces, np.array(owner, dtype=np.intp)


def _split(text: str, tokenizer: Any, window: int, *, fast: bool) -> list[str]:
    coded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=fast, verbose=False)
    n = len(coded["input_ids"])
    n_pieces = -(-n // window)
    if n_pieces <= 1:
        return [text]
    if fast:
        starts = [coded["offset_mapping"][k * n // n_pieces][0] for k in range(1, n_pieces)]
    else:
        starts = [k * len(text) // n_pieces for k in range(1, n_pieces)]
    cuts = [0, *starts, len(text)]
    return [text[a:b] for a, b in pairwise(cuts) if b > a]


def mean_of_pieces(vectors: EmbeddingArray, owner: NDArray[np.intp], n: int) -> EmbeddingArray:
    """Return the unit mean of each text's pieces, shape (n, n_dims); a single piece is left as it is."""
    counts = np.bincount(owner, minlength=n)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.intp)
    result = np.ascontiguousarray(vectors[first])
    for i in np.flatnonzero(counts > 1):
        mean = vectors[first[i] : first[i] + counts[i]].astype(np.float64).mean(axis=0)
        result[i] = unit_rows(mean[None, :])[0]
    return result


def unit_rows(vectors: NDArray[Any]) -> EmbeddingArray:
    """Return rows scaled to length 1; rows of zeros stay."""
    wide = np.asarray(vectors, dtype=np.float64)
    length = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(length > 0, length, 1.0), dtype=np.float32)
