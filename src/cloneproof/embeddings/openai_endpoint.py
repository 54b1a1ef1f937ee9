"""Embeddings from any OpenAI-compatible endpoint (extra ``openai``)."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import cached_property, partial
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import numpy as np

from cloneproof._core.errors import ParameterError, RemoteServiceError
from cloneproof._core.extras import require
from cloneproof._core.validation import check_integer, check_number
from cloneproof.embeddings.encoder import BatchTooLargeError, EmbeddingArray
from cloneproof.embeddings.pieces import mean_of_pieces, unit_rows
from cloneproof.embeddings.retries import Refused, Retry, call_with_retries, wait_asked_for

__all__ = ["OpenAIEncoder"]

_OFFICIAL = "https://api.openai.com/v1"


class OpenAIEncoder:
    """Embed texts with a remote model; every text leaves this machine.

    Parameters
    ----------
    model : str
        The model's name at the endpoint, such as ``"text-embedding-3-small"``.
    base_url : str, default=None
        The endpoint. None: ``$OPENAI_BASE_URL``, else OpenAI's.
    n_dims : int, default=None
        Dimensions to ask for, where the model can shorten its vectors. None: the model's own.
    api_key_env : str, default="OPENAI_API_KEY"
        The environment variable that holds the key. The key is never written or shown. Only an
        endpoint other than OpenAI's may do without one.
    batch_size : int, default=128
        Texts per request; halved by itself where the endpoint answers 413.
    max_characters : int, default=16_000
        Texts longer than this are cut into equal pieces whose unit vectors are averaged.
    max_retries : int, default=8
        Further attempts after 408, 409, 429, 5xx or a broken connection.
    backoff : float, default=0.5
        Seconds before the first retry, doubled each time up to 60, with jitter; a ``Retry-After``
        of the endpoint is waited for, up to 300 seconds.
    timeout : float, default=120
        Seconds a request may take.

    Notes
    -----
    Rows have unit length. Answers are put in order by their ``index``; a wrong count or dimension, a
    value that is not finite, or an index that is missing or given twice is an error, not a guess.
    Through :func:`cloneproof.embed` with a cache every batch is kept as soon as it is paid for.

    Raises
    ------
    RemoteServiceError
        If the endpoint keeps failing, refuses, or answers with something that cannot be used.
    """

    surface = False
    scale: float | None = None

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        n_dims: int | None = None,
        api_key_env: str = "OPENAI_API_KEY",
        batch_size: int = 128,
        max_characters: int = 16_000,
        max_retries: int = 8,
        backoff: float = 0.5,
        timeout: float = 120.0,
    ) -> None:
        if not isinstance(model, str) or not model.strip():
            raise ParameterError(f"model must be the name of an embedding model. Got {model!r}.")
        require("openai", extra="openai", purpose="The encoder 'openai'")
        self.model = model
        self.base_url = (base_url or os.environ.get("OPENAI_BASE_URL") or _OFFICIAL).rstrip("/")
        self.n_dims = None if n_dims is None else check_integer("n_dims", n_dims, low=1)
        self.api_key_env = api_key_env
        self.batch_size = check_integer("batch_size", batch_size, low=1, high=2048)
        self.max_characters = check_integer("max_characters", max_characters, low=16)
        self.max_retries = check_integer("max_retries", max_retries, low=0)
        self.backoff = check_number("backoff", backoff, low=0.0)
        self.timeout = check_number("timeout", timeout, low=0.0, low_open=True)
        self.name = f"openai:{model}"

    @property
    def fingerprint(self) -> str:
        """What the vector of a text depends on; a user name or key inside the address is left out."""
        parts = urlsplit(self.base_url)
        address = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
        cut = f"{self.max_characters}-equal-mean"
        return f"openai-1;{address};model={self.model};n_dims={self.n_dims};pieces={cut}"

    @property
    def _api_key(self) -> str:
        key = os.environ.get(self.api_key_env, "").strip()
        if not key and self.base_url == _OFFICIAL:
            raise ParameterError(
                f"The encoder {self.name!r} needs an API key in the environment variable {self.api_key_env}, "
                f"which is not set. For a server of your own set OPENAI_BASE_URL or pass base_url."
            )
        return key or "none"

    @cached_property
    def _client(self) -> Any:
        library = require("openai", extra="openai", purpose="The encoder 'openai'")
        return library.OpenAI(
            api_key=self._api_key, base_url=self.base_url, max_retries=0, timeout=self.timeout
        )

    def encode(self, texts: Sequence[str]) -> EmbeddingArray:
        """Return unit vectors of shape (n_texts, n_dims); one request per `batch_size` pieces."""
        pieces: list[str] = []
        owner: list[int] = []
        for i, text in enumerate(texts):
            n_pieces = max(1, -(-len(text) // self.max_characters))
            cuts = [k * len(text) // n_pieces for k in range(n_pieces + 1)]
            parts = [text[a:b] for a, b in pairwise(cuts)]
            pieces.extend(part if part.strip() else " " for part in parts)  # "" is refused by endpoints
            owner.extend([i] * n_pieces)
        if not pieces:
            return np.empty((0, self.n_dims or 1), dtype=np.float32)
        found: list[EmbeddingArray] = []
        for start in range(0, len(pieces), self.batch_size):
            some = pieces[start : start + self.batch_size]
            answer = call_with_retries(
                partial(self._request, some),
                n_retries=self.max_retries,
                backoff=self.backoff,
                what=self.name,
            )
            found.append(self._read(answer, len(some)))
        if len({part.shape[1] for part in found}) > 1:
            raise self._unusable(f"vectors of {sorted({part.shape[1] for part in found})} dimensions")
        return mean_of_pieces(unit_rows(np.concatenate(found)), np.array(owner, dtype=np.intp), len(texts))

    def _request(self, pieces: list[str]) -> bytes:
        """Ask once; raise Retry where asking again may help, Refused where not."""
        library = require("openai", extra="openai", purpose="The encoder 'openai'")
        options = {} if self.n_dims is None else {"dimensions": self.n_dims}
        try:
            response = self._client.embeddings.with_raw_response.create(
                model=self.model, input=pieces, encoding_format="float", **options
            )
            return bytes(response.content)
        except library.APIStatusError as error:
            status, said = error.status_code, self._redact(str(error.message))
            spent = "insufficient_quota" in error.response.text
            if status == 413 and len(pieces) > 1:
                raise BatchTooLargeError(
                    f"{self.name}: the endpoint refuses {len(pieces)} texts at once (413). Lower batch_size."
                ) from None
            if (status in {408, 409, 429} or status >= 500) and not spent:
                raise Retry(f"HTTP {status}: {said}", wait_asked_for(error.response.headers)) from None
            raise Refused(f"HTTP {status}: {said}") from None
        except library.APIConnectionError as error:
            raise Retry(f"no answer: {self._redact(str(error.__cause__ or error))}", None) from None

    def _read(self, answer: bytes, n: int) -> EmbeddingArray:
        """Return the vectors of an answer in the order asked, or say why they cannot be used."""
        try:
            rows = json.loads(answer)["data"]
            index = [int(row["index"]) for row in rows]
            vectors = [np.asarray(row["embedding"], dtype=np.float64) for row in rows]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._unusable(f"no embeddings: {type(error).__name__} {error}") from None
        if len(rows) != n:
            raise self._unusable(f"{len(rows)} vectors for {n} texts")
        if sorted(index) != list(range(n)):
            raise self._unusable(f"indices that are not 0 to {n - 1}, each once")
        shapes = {vector.shape for vector in vectors}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1 or 0 in next(iter(shapes)):
            raise self._unusable(f"vectors of unequal or no dimension: {sorted(shapes)[:3]}")
        table = np.empty((n, len(vectors[0])))
        table[index] = vectors
        if self.n_dims is not None and table.shape[1] != self.n_dims:
            raise self._unusable(f"vectors of {table.shape[1]} dimensions where {self.n_dims} were asked for")
        bad = ~np.isfinite(table).all(axis=1)
        if bad.any():
            raise self._unusable(
                f"{int(bad.sum())} of {n} vectors that are not finite, first: {int(np.argmax(bad))}"
            )
        if not table.any(axis=1).all():
            raise self._unusable("a vector of zeros")
        return unit_rows(table)

    def _unusable(self, what: str) -> RemoteServiceError:
        return RemoteServiceError(
            f"{self.name} answered with {what}. What was kept in the cache before stays; try again, or "
            f"another endpoint."
        )

    def _redact(self, said: str) -> str:
        key = os.environ.get(self.api_key_env, "").strip()
        clean = said.replace(key, "***") if key else said
        return " ".join(clean.split())[:300]
