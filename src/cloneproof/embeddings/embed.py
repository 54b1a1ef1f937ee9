"""Embed alternatives: the front door of the room."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.progress import track
from cloneproof._core.validation import check_number
from cloneproof.embeddings.cache import EmbeddingCache, text_key
from cloneproof.embeddings.encoder import BatchTooLargeError, Embedded, EmbeddingArray, Encoder
from cloneproof.embeddings.pieces import unit_rows
from cloneproof.embeddings.resolve import resolve_encoder
from cloneproof.embeddings.stored import check_embeddings, read_embeddings
from cloneproof.embeddings.surface import SurfaceEncoder
from cloneproof.embeddings.texts import Passages, prompt_tail, read_passages

__all__ = ["PROMPT_SHARE", "embed", "embed_with_encoder"]

PROMPT_SHARE = 0.5


def embed(
    comparisons: Any,
    encoder: Any = "auto",
    cache: str | os.PathLike[str] | EmbeddingCache | None = None,
    *,
    prompt_share: float = PROMPT_SHARE,
) -> EmbeddingArray:
    """Embed the alternatives of comparisons, or plain texts.

    Parameters
    ----------
    comparisons : Comparisons or sequence of str of length n_alternatives
        A record with ``ids``, ``texts`` and ``prompts``, or texts.
    encoder : str, path-like, Encoder or array, default="auto"
        See :func:`resolve_encoder`: ``"auto"``, ``"minilm"``, ``"surface"``,
        ``"sentence-transformers:NAME_OR_FOLDER"``, ``"openai:MODEL"``, a file of embeddings, an
        encoder object, or an array of shape (n_alternatives, n_dims).
    cache : path-like or EmbeddingCache, default=None
        Where vectors are kept and found again; ``EmbeddingCache()`` is the user's own folder.
        None: nothing is kept.
    prompt_share : float, default=0.5
        Share of the squared length that the prompt takes, in [0, 1); 0 leaves the prompts out.

    Returns
    -------
    embeddings : float32 ndarray of shape (n_alternatives, n_dims)
        In the order of ``comparisons.ids``. The project's encoders give unit vectors; an array or a
        file comes back as it is, in float32.

    Raises
    ------
    InputError
        If there are no texts to encode, or an array does not fit the alternatives or is not finite.
    ParameterError, MissingExtraError, FileAccessError, RemoteServiceError
        For an unknown encoder, a missing extra, an unreadable file or cache, a failing service.

    Notes
    -----
    Where alternatives have prompts, the vector is ``sqrt(1 - s) a + sqrt(s) p`` scaled to unit
    length, with a the unit vector of the answer, p that of the last 1,000 characters of the prompt and
    s the `prompt_share`. One text of prompt and answer would be cut at the encoder's window: on
    HH-RLHF 10 % of the chosen and rejected answers then become identical, and a linear reward is
    less accurate (``benchmarks/encoders.py``). A prompt is encoded once, whatever its number of answers.
    Equal texts are encoded once, so exact duplicates have exactly equal vectors.

    Examples
    --------
    >>> embed(["a bowl of soup", "a bowl of soup", "a museum"], encoder="surface").shape
    (3, 512)
    """
    return embed_with_encoder(comparisons, encoder, cache=cache, prompt_share=prompt_share).embeddings


def embed_with_encoder(
    comparisons: Any,
    encoder: Any = "auto",
    *,
    cache: str | os.PathLike[str] | EmbeddingCache | None = None,
    prompt_share: float = PROMPT_SHARE,
) -> Embedded:
    """Embed as :func:`embed` does, and say how: the encoder, the reason, its calibrated scale.

    Returns
    -------
    embedded : Embedded
    """
    share = check_number("prompt_share", prompt_share, low=0.0, high=1.0)
    passages = read_passages(comparisons)
    if passages.n == 0:
        raise InputError("There are no alternatives to embed. Give at least one text.")
    choice = resolve_encoder(encoder)
    if choice.encoder is None:
        if choice.path is None:
            array = check_embeddings(choice.array, passages.n)
        else:
            array = read_embeddings(
                choice.path,
                column=choice.column,
                id_column=choice.id_column,
                ids=passages.ids,
                n=passages.n,
            )
        return Embedded(embeddings=array, name=choice.name, reason=choice.reason)
    folder = None if isinstance(choice.encoder, SurfaceEncoder) else _as_cache(cache)
    embeddings, n_encoded, n_cached = _embed_passages(passages, choice.encoder, folder, share)
    return Embedded(
        embeddings=embeddings,
        name=choice.name,
        reason=choice.reason,
        surface=choice.encoder.surface,
        scale=choice.encoder.scale,
        fingerprint=choice.encoder.fingerprint,
        n_encoded=n_encoded,
        n_cached=n_cached,
    )


def _as_cache(cache: Any) -> EmbeddingCache | None:
    if cache is None or isinstance(cache, EmbeddingCache):
        return cache
    if isinstance(cache, (str, os.PathLike)) and os.fspath(cache):
        return EmbeddingCache(cache)
    raise ParameterError(f"cache must be a folder, an EmbeddingCache or None. Got {cache!r}.")


def _embed_passages(
    passages: Passages, encoder: Encoder, cache: EmbeddingCache | None, share: float
) -> tuple[EmbeddingArray, int, int]:
    """Encode answers and prompts together, each distinct text once, and mix them."""
    texts = passages.require_texts()
    tails = None
    if passages.prompts is not None and share > 0:
        tails = [prompt_tail(prompt) for prompt in passages.prompts]
    asked = sorted(i for i, tail in enumerate(tails) if tail) if tails is not None else []
    place: dict[str, int] = {}
    for text in [*texts, *(tails[i] for i in asked)] if tails is not None else texts:
        place.setdefault(text, len(place))
    vectors, n_encoded = _encode_distinct(list(place), encoder, cache)
    answers = vectors[[place[text] for text in texts]]
    if tails is not None and asked:
        answers[asked] = _mix(answers[asked], vectors[[place[tails[i]] for i in asked]], share)
    return answers, n_encoded, len(place) - n_encoded


def _mix(answers: EmbeddingArray, prompts: EmbeddingArray, share: float) -> EmbeddingArray:
    """Return ``sqrt(1 - s) a + sqrt(s) p`` on unit vectors, scaled to unit length."""
    mixed = np.sqrt(1.0 - share) * unit_rows(answers) + np.sqrt(share) * unit_rows(prompts)
    return unit_rows(mixed)


def _encode_distinct(
    texts: list[str], encoder: Encoder, cache: EmbeddingCache | None
) -> tuple[EmbeddingArray, int]:
    """Return the vectors of distinct texts and how many were encoded now; keep every batch at once."""
    keys = [] if cache is None else [text_key(encoder.fingerprint, text) for text in texts]
    rows = _Rows(len(texts), encoder.name)
    if cache is not None:
        rows.fill(*cache.get(encoder.fingerprint, keys))
    missing = rows.missing()
    n_encoded = 0
    with track(f"Embedding with {encoder.name}", total=len(missing)) as advance:
        waiting = list(_batches(texts, missing, encoder.batch_size))[::-1]
        while waiting:
            batch = waiting.pop()
            if cache is not None:  # another process may have been faster
                found, held = cache.get(encoder.fingerprint, [keys[i] for i in batch])
                rows.fill([batch[j] for j in found], held)
                advance(len(found))
                batch = [batch[j] for j in sorted(set(range(len(batch))) - set(found))]
            if not batch:
                continue
            try:
                made = encoder.encode([texts[i] for i in batch])
            except BatchTooLargeError:
                if len(batch) == 1:
                    raise
                half = len(batch) // 2
                waiting += [batch[half:], batch[:half]]
                continue
            made = check_embeddings(made, len(batch), name=f"What the encoder {encoder.name!r} returned")
            rows.fill(batch, made)
            if cache is not None:
                cache.put(encoder.fingerprint, [keys[i] for i in batch], made)
            n_encoded += len(batch)
            advance(len(batch))
    return rows.table(), n_encoded


def _batches(texts: Sequence[str], missing: Sequence[int], size: int) -> Iterator[list[int]]:
    """Cut texts, sorted by length, into batches; mixed in order, so that the time left is honest."""
    ordered = sorted(missing, key=lambda i: len(texts[i]))
    starts = np.arange(0, len(ordered), size)
    for start in np.random.default_rng(0).permutation(starts).tolist():
        yield ordered[start : start + size]


class _Rows:
    """Rows that arrive in any order and must have one dimension."""

    def __init__(self, n: int, name: str) -> None:
        self.n, self.name = n, name
        self.done = np.zeros(n, dtype=bool)
        self.values = np.empty((0, 0), dtype=np.float32)

    def fill(self, positions: Sequence[int], vectors: EmbeddingArray) -> None:
        if len(positions) == 0:
            return
        if self.values.size == 0:
            self.values = np.empty((self.n, vectors.shape[1]), dtype=np.float32)
        if vectors.shape[1] != self.values.shape[1]:
            raise InputError(
                f"The encoder {self.name!r} gave vectors of {self.values.shape[1]} and of {vectors.shape[1]} "
                f"dimensions. Its fingerprint must change with its model; else clear the cache."
            )
        self.values[positions] = vectors
        self.done[positions] = True

    def missing(self) -> list[int]:
        return [int(i) for i in np.flatnonzero(~self.done)]

    def table(self) -> EmbeddingArray:
        return self.values
