"""From what the user names to an encoder or an array, with the reason for the choice."""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cloneproof._core.errors import ParameterError, SurfaceEncoderWarning
from cloneproof.embeddings.encoder import Encoder
from cloneproof.embeddings.openai_endpoint import OpenAIEncoder
from cloneproof.embeddings.sentence_transformer import SentenceTransformerEncoder, has_minilm, minilm
from cloneproof.embeddings.stored import FILE_SUFFIXES
from cloneproof.embeddings.surface import SurfaceEncoder

__all__ = ["EncoderChoice", "resolve_encoder"]

KNOWN = "auto, minilm, surface, sentence-transformers:NAME_OR_FOLDER, openai:MODEL, or a file " + "/".join(
    FILE_SUFFIXES
)
_FILE = re.compile(
    r"(?P<path>.+\.(?:npy|safetensors|parquet))(?::(?P<column>[^:/\\]*))?(?::(?P<id_column>[^:/\\]+))?",
    re.IGNORECASE | re.DOTALL,
)
_MEMBERS = ("name", "fingerprint", "surface", "scale", "batch_size", "encode")


@dataclass(frozen=True, kw_only=True, eq=False)
class EncoderChoice:
    """What was chosen: an encoder, a file or an array; and why.

    Exactly one of `encoder`, `path` and `array` is not None.
    """

    name: str
    reason: str
    encoder: Encoder | None = None
    path: Path | None = None
    column: str | None = None
    id_column: str | None = None
    array: Any = None

    def describe(self) -> str:
        """Return the choice in one line."""
        note = "; sees copy-edits only" if self.encoder is not None and self.encoder.surface else ""
        return f"{self.name} ({self.reason}{note})"


def resolve_encoder(encoder: Any = "auto", *, warn: bool = True) -> EncoderChoice:
    """Return what `encoder` stands for; loads no model and reads no file.

    Parameters
    ----------
    encoder : str, path-like, Encoder or array, default="auto"
        ``"auto"``: the packaged MiniLM where the extra ``embed`` is installed, else the surface
        encoder. ``"minilm"``, ``"surface"``, ``"sentence-transformers:NAME_OR_FOLDER"``,
        ``"openai:MODEL"``; a ``.npy``, ``.safetensors`` or ``.parquet`` file, with ``:COLUMN`` behind
        it where it holds several, or ``:COLUMN:ID_COLUMN`` where a Parquet file names its rows by
        id; an object with the members of :class:`Encoder`; or an array of
        shape (n_alternatives, n_dims).
    warn : bool, default=True
        Whether to give SurfaceEncoderWarning where ``"auto"`` falls back on the surface encoder.

    Raises
    ------
    ParameterError
        If it is none of these.
    MissingExtraError
        If a named encoder's extra is not installed.

    Examples
    --------
    >>> resolve_encoder("surface").describe()
    'surface (asked for; sees copy-edits only)'
    """
    if isinstance(encoder, os.PathLike):
        return _file(os.fspath(encoder))
    if isinstance(encoder, str):
        return _named(encoder, warn=warn)
    if all(hasattr(encoder, member) for member in _MEMBERS) and not isinstance(encoder, type):
        return EncoderChoice(name=str(encoder.name), reason="given as an object", encoder=encoder)
    missing = [member for member in _MEMBERS if not hasattr(encoder, member)]
    if isinstance(encoder, type) or hasattr(encoder, "encode"):
        lacking = (
            f"a class, not an object: {encoder.__name__}"
            if isinstance(encoder, type)
            else (f"an object without {', '.join(missing)}")
        )
        raise ParameterError(f"encoder must have {', '.join(_MEMBERS)}. Got {lacking}.")
    if isinstance(encoder, (np.ndarray, list, tuple)) or hasattr(encoder, "__array__"):
        return EncoderChoice(name="array", reason="embeddings given as an array", array=encoder)
    raise ParameterError(f"encoder must be {KNOWN}, an Encoder or an array. Got {encoder!r}.")


def _named(encoder: str, *, warn: bool) -> EncoderChoice:
    kind, _, rest = encoder.partition(":")
    if encoder == "auto":
        if has_minilm():
            return EncoderChoice(name="minilm", reason='the extra "embed" is installed', encoder=minilm())
        if warn:
            warnings.warn(
                'The surface encoder is in use because the extra "embed" is not installed: it sees '
                'copy-edits only, no paraphrases. Run: pip install "cloneproof[embed]", or ask for '
                'encoder="surface".',
                SurfaceEncoderWarning,
                stacklevel=4,
            )
        return EncoderChoice(
            name="surface", reason='the extra "embed" is not installed', encoder=SurfaceEncoder()
        )
    if encoder == "minilm":
        return EncoderChoice(name="minilm", reason="asked for", encoder=minilm())
    if encoder == "surface":
        return EncoderChoice(name="surface", reason="asked for", encoder=SurfaceEncoder())
    if kind == "sentence-transformers" and rest:
        return EncoderChoice(name=encoder, reason="asked for", encoder=SentenceTransformerEncoder(rest))
    if kind == "openai" and rest:
        return EncoderChoice(name=encoder, reason="asked for", encoder=OpenAIEncoder(rest))
    named = _FILE.fullmatch(encoder)
    if named:
        return _file(*named.group("path", "column", "id_column"))
    raise ParameterError(f"encoder must be {KNOWN}, an Encoder or an array. Got {encoder!r}.")


def _file(path: str, column: str | None = None, id_column: str | None = None) -> EncoderChoice:
    return EncoderChoice(
        name=Path(path).name,
        reason="embeddings read from a file",
        path=Path(path).expanduser(),
        column=column or None,
        id_column=id_column,
    )
