"""The texts of the case study: the packaged ones, or the paper's own setting through an endpoint."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import numpy as np

from cloneproof._core.errors import ParameterError, RemoteServiceError
from cloneproof._core.extras import require
from cloneproof._core.progress import track
from cloneproof._core.steps import StepCache
from cloneproof._core.validation import check_integer
from cloneproof.data import TOPICS, ParisTexts, load_paris
from cloneproof.embeddings import embed

__all__ = ["ChatModel", "choose_texts", "generate_texts"]

ASK = {
    "food": "its food",
    "art": "its art and museums",
    "romance": "its romance",
    "restaurants": "its restaurants",
}
"""What the description of each topic is to be about."""

_OFFICIAL = "https://api.openai.com/v1"


class ChatModel:
    """Ask a chat model at an OpenAI-compatible endpoint for short texts; prompts leave this machine.

    Parameters
    ----------
    model : str
        The model's name there; the paper used gpt-4o-mini.
    base_url : str, default=None
        The endpoint. None: ``$OPENAI_BASE_URL``, else OpenAI's.
    api_key_env : str, default="OPENAI_API_KEY"
        The environment variable that holds the key; never written or shown.
    max_retries : int, default=8
        Further attempts, by the client's own backoff.
    timeout : float, default=120
        Seconds a request may take.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key_env: str = "OPENAI_API_KEY",
        max_retries: int = 8,
        timeout: float = 120.0,
    ) -> None:
        library = require("openai", extra="openai", purpose="Texts from a chat model")
        self.model = model
        self.base_url = (base_url or os.environ.get("OPENAI_BASE_URL") or _OFFICIAL).rstrip("/")
        self._key = os.environ.get(api_key_env, "").strip()
        if not self._key and self.base_url == _OFFICIAL:
            raise ParameterError(
                f"Texts from {model!r} need an API key in the environment variable {api_key_env}, which is not "
                "set. For a server of your own set OPENAI_BASE_URL."
            )
        self._library: Any = library
        self._client: Any = library.OpenAI(
            api_key=self._key or "none", base_url=self.base_url, max_retries=max_retries, timeout=timeout
        )

    def answer(self, prompt: str, *, seed: int) -> str:
        """Return the model's answer as one line.

        Raises
        ------
        RemoteServiceError
            If the endpoint keeps failing or answers with nothing.
        """
        try:
            reply = self._client.chat.completions.create(
                model=self.model, messages=[{"role": "user", "content": prompt}], temperature=1.0, seed=seed
            )
            said = reply.choices[0].message.content
        except self._library.OpenAIError as error:
            raise RemoteServiceError(f"{self.model} failed: {self._clean(str(error))}") from None
        except (AttributeError, IndexError, TypeError) as error:
            raise RemoteServiceError(
                f"{self.model} answered without a text: {type(error).__name__}."
            ) from None
        line = " ".join(str(said or "").split())
        if not line:
            raise RemoteServiceError(f"{self.model} answered with an empty text. Run again to go on.")
        return line

    def _clean(self, said: str) -> str:
        return " ".join((said.replace(self._key, "***") if self._key else said).split())[:300]


def generate_texts(chat: ChatModel, n_per_topic: int, steps: StepCache) -> list[tuple[str, str]]:
    """Let a chat model describe Paris, `n_per_topic` times on each topic; answers are kept one by one.

    Parameters
    ----------
    chat : ChatModel
    n_per_topic : int
    steps : StepCache
        An interrupted run goes on where it stopped, and pays for no text twice.

    Returns
    -------
    rows : list of (topic, text)
    """
    n = check_integer("n_per_topic", n_per_topic, low=4)
    rows = []
    with track("texts", total=n * len(TOPICS)) as advance:
        for topic in TOPICS:
            prompt = f"Describe Paris in 20 to 60 words. Write about {ASK[topic]} only. Answer with the description."
            for k in range(n):
                key = {"url": chat.base_url, "model": chat.model, "prompt": prompt, "number": k}
                said = steps.record("text", key, partial(chat.answer, prompt, seed=k))
                rows.append((topic, str(said)))
                advance(1)
    return rows


def choose_texts(
    *,
    encoder: str | None = None,
    chat_model: str | None = None,
    n_per_topic: int = 64,
    cache: str | os.PathLike[str] | None = None,
) -> tuple[ParisTexts, str]:
    """Return the texts with embeddings, and how they were made in words.

    Parameters
    ----------
    encoder : str, default=None
        None: the packaged MiniLM embeddings. Otherwise as in :func:`cloneproof.embed`, such as
        ``"openai:text-embedding-3-small"`` for the paper's setting.
    chat_model : str, default=None
        A chat model that writes the texts, such as ``"gpt-4o-mini"``. None: the packaged texts.
    n_per_topic : int, default=64
        Texts on each topic by the chat model.
    cache : path-like, default=None
        Folder in which texts and embeddings are kept.

    Raises
    ------
    ParameterError, MissingExtraError, RemoteServiceError
        Without a key, the extra or an answer.
    """
    paris = load_paris()
    if chat_model is None and encoder is None:
        return paris, "packaged texts, MiniLM embeddings"
    if chat_model is not None and encoder is None:
        raise ParameterError(
            "texts from a chat model need an encoder, such as --encoder openai:text-embedding-3-small or minilm."
        )
    texts, topics = list(paris.texts), [str(topic) for topic in paris.topics]
    if chat_model is not None:
        steps = StepCache(None if cache is None else os.path.join(cache, "texts"))  # noqa: PTH118
        rows = generate_texts(ChatModel(chat_model), n_per_topic, steps)
        topics, texts = [topic for topic, _ in rows], [text for _, text in rows]
    embeddings = embed(
        texts,
        encoder,
        cache=None if cache is None else os.path.join(cache, "embeddings"),  # noqa: PTH118
    )
    labels = np.array(topics, dtype=object)
    labels.flags.writeable = False
    source = "packaged texts" if chat_model is None else f"texts by {chat_model}"
    return (
        ParisTexts(texts=tuple(texts), topics=labels, embeddings=np.asarray(embeddings, dtype=np.float32)),
        f"{source}, embeddings by {encoder}",
    )
