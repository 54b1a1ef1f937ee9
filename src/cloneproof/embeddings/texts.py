"""The texts to embed: answers, with the prompts that they answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from cloneproof._core.errors import InputError

__all__ = ["Alternatives", "Passages", "prompt_tail", "read_passages"]

PROMPT_CHARACTERS = 1_000  # about 250 tokens: one window of a small sentence encoder


class Alternatives(Protocol):
    """What a record of comparisons says of its alternatives; ``Comparisons`` is one."""

    @property
    def ids(self) -> Any:
        """Names of shape (n_alternatives,)."""

    @property
    def texts(self) -> Sequence[str] | None:
        """What each alternative says."""

    @property
    def prompts(self) -> Sequence[str] | None:
        """What each alternative answers."""


@dataclass(frozen=True)
class Passages:
    """Texts, prompts and ids, one each per alternative; None where the data has none."""

    n: int
    texts: Sequence[str] | None
    prompts: Sequence[str] | None
    ids: Sequence[Any] | None

    def require_texts(self) -> Sequence[str]:
        """Return the texts or raise InputError: without them nothing can be encoded."""
        if self.texts is None:
            raise InputError(
                f"The {self.n:,} alternatives have no texts, so there is nothing to encode. Read data that "
                f"holds the answers, or give embeddings: an array of shape ({self.n}, n_dims) or a .npy, "
                f".safetensors or .parquet file, in the order of ids."
            )
        return self.texts


def prompt_tail(prompt: str, n_characters: int = PROMPT_CHARACTERS) -> str:
    """Return the end of a prompt, begun at a word: the last turn matters most to an answer.

    A prompt of at most `n_characters` comes back without the whitespace around it.
    """
    text = prompt.strip()
    if len(text) <= n_characters:
        return text
    tail = text[-n_characters:]
    if text[-n_characters - 1].isspace():
        return tail.lstrip()
    words = tail.split(maxsplit=1)
    return words[1] if len(words) == 2 and len(words[0]) < n_characters // 4 else tail


def read_passages(source: Any) -> Passages:
    """Read texts, prompts and ids from a record of comparisons or from plain texts.

    Parameters
    ----------
    source : Comparisons or sequence of str
        A record with ``ids``, ``texts`` and ``prompts``, or a list, tuple, array or column of texts.

    Raises
    ------
    InputError
        If it is neither, if an entry is not a string (first and count), or if a text cannot be
        written as UTF-8 (lone surrogates).
    """
    if hasattr(source, "texts") and hasattr(source, "ids"):
        prompts = getattr(source, "prompts", None)
        texts, n = source.texts, len(source.ids)
        checked = None if texts is None else _check(texts, "texts", n)
        return Passages(n, checked, None if prompts is None else _check(prompts, "prompts", n), source.ids)
    if isinstance(source, (pa.Array, pa.ChunkedArray)):
        source = source.to_pylist()
    if isinstance(source, (str, bytes)) or not hasattr(source, "__len__") or not hasattr(source, "__iter__"):
        raise InputError(f"embed needs comparisons or a sequence of texts. Got {_short(source)}.")
    texts = list(source)
    return Passages(len(texts), _check(texts, "texts", len(texts)), None, None)


def _check(texts: Sequence[Any], name: str, n: int) -> Sequence[str]:
    if len(texts) != n:
        raise InputError(
            f"{name} has {len(texts):,} entries but there are {n:,} alternatives. Give one each."
        )
    wrong = [i for i, text in enumerate(texts) if not isinstance(text, str)]
    if wrong:
        raise InputError(
            f"{name} must be strings; {len(wrong):,} of {n:,} are not, first: {_short(texts[wrong[0]])} "
            f"(position {wrong[0]})."
        )
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        lone = [i for i, text in enumerate(texts) if not _is_unicode(text)]
        raise InputError(
            f"{name} must be valid Unicode; {len(lone):,} of {n:,} hold lone surrogates, first at "
            f"position {lone[0]}. Read the file as UTF-8."
        ) from None
    return [str(text) for text in texts] if any(isinstance(t, np.str_) for t in texts) else texts


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _short(value: Any) -> str:
    shown = repr(value)
    return f"{type(value).__name__} {shown if len(shown) <= 60 else shown[:57] + '...'}"
