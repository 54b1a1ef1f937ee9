"""Load the Paris texts: three topics, and a fourth that is a near-clone of the first."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from cloneproof._core.errors import FileAccessError, InputError
from cloneproof._core.typing import IntArray, LabelArray

__all__ = ["TOPICS", "ParisTexts", "load_paris"]

TOPICS = ("food", "art", "romance", "restaurants")
"""The topics in the order of the file; restaurants is the near-clone of food."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ParisTexts:
    """Short descriptions of Paris with their topics and sentence embeddings.

    Parameters
    ----------
    texts : tuple of str of length n_alternatives
        20 to 60 words each, written for this project.
    topics : ndarray of str (dtype object) of shape (n_alternatives,)
        One of :data:`TOPICS` for each text.
    embeddings : float32 ndarray of shape (n_alternatives, 384)
        all-MiniLM-L6-v2 on the text alone, of length 1 up to 1e-3 (stored as float16).
    """

    texts: tuple[str, ...]
    topics: LabelArray
    embeddings: NDArray[np.float32]

    @property
    def n_alternatives(self) -> int:
        """Number of texts."""
        return len(self.texts)

    def positions(self, *topics: str) -> IntArray:
        """Return where the texts of the named topics stand, in the order of the file."""
        unknown = [topic for topic in topics if topic not in TOPICS]
        if unknown:
            raise InputError(f"Unknown topic {unknown[0]!r}. Known: {', '.join(map(repr, TOPICS))}.")
        found: IntArray = np.flatnonzero(np.isin(self.topics.astype(str), topics))
        return found

    def select(self, *topics: str) -> ParisTexts:
        """Return the texts of the named topics, in the order of the file."""
        chosen = self.positions(*topics)
        return ParisTexts(
            texts=tuple(self.texts[k] for k in chosen),
            topics=self.topics[chosen],
            embeddings=self.embeddings[chosen],
        )


def load_paris() -> ParisTexts:
    """Load the 256 descriptions of Paris that the package ships.

    64 texts on each of food, art, romance and restaurants. Food and restaurants say nearly the same
    in other words: add the restaurants, and whoever counts texts counts that opinion twice. It is
    the case study of [1]_ (there: ChatGPT's texts; here: texts and wording of our own).

    Returns
    -------
    paris : ParisTexts
        Read-only; loaded from the package's files, no network, no pickle, about 2 ms.

    Raises
    ------
    FileAccessError
        If the installed package lacks the files.

    References
    ----------
    .. [1] Procaccia, Schiffer & Zhang, "Clone-Robust AI Alignment", ICML 2025, arXiv:2501.09254.

    Examples
    --------
    >>> paris = load_paris()
    >>> paris.embeddings.shape, paris.topics[0]
    ((256, 384), 'food')
    >>> paris.select("food", "restaurants").n_alternatives
    128
    """
    folder = resources.files("cloneproof.data")
    try:
        lines = folder.joinpath("paris.jsonl").read_text(encoding="utf-8").splitlines()
        stored = folder.joinpath("paris_embeddings.npy").read_bytes()
    except OSError as error:
        raise FileAccessError(
            f"The Paris texts are missing from the installed package ({error}). Reinstall cloneproof."
        ) from error
    rows = [json.loads(line) for line in lines]
    embeddings = np.load(io.BytesIO(stored), allow_pickle=False).astype(np.float32)
    if len(embeddings) != len(rows):
        raise InputError(
            f"paris_embeddings.npy has {len(embeddings)} rows for {len(rows)} texts. "
            "Run benchmarks/record_paris.py after changing the texts."
        )
    topics = np.array([row["topic"] for row in rows], dtype=object)
    embeddings.flags.writeable = False
    topics.flags.writeable = False
    return ParisTexts(texts=tuple(row["text"] for row in rows), topics=topics, embeddings=embeddings)
