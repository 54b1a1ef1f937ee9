"""Encode new texts with the encoder that made a data set's embeddings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cloneproof._core.typing import FloatArray
from cloneproof.embeddings import embed_with_encoder
from cloneproof.embeddings.resolve import resolve_encoder
from cloneproof.preferences import Comparisons

__all__ = ["EncoderOf"]


@dataclass(frozen=True)
class EncoderOf:
    """Encode texts by the name of an encoder; vectors are kept in a cache where one is given.

    Parameters
    ----------
    encoder : str or Encoder
    cache : path-like, default=None
    """

    encoder: Any
    cache: str | os.PathLike[str] | None = None

    @property
    def name(self) -> str:
        """What the vectors depend on."""
        chosen = resolve_encoder(self.encoder, warn=False)
        return chosen.name if chosen.encoder is None else f"{chosen.name} {chosen.encoder.fingerprint}"

    @property
    def can_encode(self) -> bool:
        """Whether it is an encoder of texts, and no file or array of embeddings."""
        return resolve_encoder(self.encoder, warn=False).encoder is not None

    def __call__(self, texts: Sequence[str], prompts: Sequence[str] | None) -> FloatArray:
        """Return the vectors of texts, answers to the prompts where there are prompts."""
        asked = Comparisons.from_arrays(
            np.zeros(0, dtype=np.int64),
            np.zeros(0, dtype=np.int64),
            ids=np.arange(len(texts)),
            texts=list(texts),
            prompts=None if prompts is None else list(prompts),
        )
        return np.asarray(
            embed_with_encoder(asked, self.encoder, cache=self.cache).embeddings, dtype=np.float64
        )
