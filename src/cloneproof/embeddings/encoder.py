"""What an encoder is, and what comes back from embedding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cloneproof._core.errors import RemoteServiceError

__all__ = ["BatchTooLargeError", "Embedded", "EmbeddingArray", "Encoder"]

EmbeddingArray: TypeAlias = NDArray[np.float32]
"""One row per alternative, float32."""


class BatchTooLargeError(RemoteServiceError):
    """The service refuses this many texts at once; the caller may halve the batch."""


@runtime_checkable
class Encoder(Protocol):
    """Anything that turns texts into vectors; the vector of a text may depend on that text only.

    Attributes
    ----------
    name : str
        What the output calls it.
    fingerprint : str
        Changes whenever the same text would give another vector (model, revision, options); it keys
        the cache.
    surface : bool
        Whether it sees the wording only: copy-edits are near, paraphrases are not.
    scale : float or None
        Calibrated default h of the diversity weights: the distance within which two texts count as
        saying the same. None: not calibrated.
    batch_size : int
        Texts handed over in one call; every call's result is kept in the cache before the next.
    """

    @property
    def name(self) -> str:
        """What the output calls it."""

    @property
    def fingerprint(self) -> str:
        """What the vector of a text depends on."""

    @property
    def surface(self) -> bool:
        """Whether it sees the wording only."""

    @property
    def scale(self) -> float | None:
        """Calibrated default h of the diversity weights."""

    @property
    def batch_size(self) -> int:
        """Texts handed over in one call."""

    def encode(self, texts: Sequence[str]) -> EmbeddingArray:
        """Return float32 vectors of shape (n_texts, n_dims), in the order of `texts`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Embedded:
    """Embeddings, and how they were made.

    Parameters
    ----------
    embeddings : float32 ndarray of shape (n_alternatives, n_dims)
    name : str
        The encoder, or where the array came from.
    reason : str
        Why this encoder was chosen.
    surface : bool
        Whether the encoder sees copy-edits only.
    scale : float or None
        The encoder's calibrated h, None where there is none.
    fingerprint : str or None
        What keys the cache; None for an array.
    n_encoded, n_cached : int
        Distinct texts that were encoded now, and that the cache held.
    """

    embeddings: EmbeddingArray
    name: str
    reason: str
    surface: bool = False
    scale: float | None = None
    fingerprint: str | None = None
    n_encoded: int = 0
    n_cached: int = 0
