"""How a prompt and an answer become the tokens that a reward model reads, in training and after it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cloneproof._core.errors import FileAccessError, InputError
from cloneproof._core.validation import check_integer
from cloneproof.preferences.readers.dialogue import is_messages, render, to_messages

__all__ = ["TRAINING_FILE", "InputFormat", "encode_answer", "join_text", "read_input_format"]

TRAINING_FILE = "cloneproof_training.json"
"""Written beside a model by ``cloneproof train``: what was trained how, with the input format."""

Text = str | Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class InputFormat:
    """How texts are written for a model.

    Parameters
    ----------
    max_length : int
        Tokens that are read. Longer inputs lose their beginning, since the answer stands at the end.
    chat : bool
        Whether the tokenizer's chat template writes the turns; else prompt and answer are joined as text.
    """

    max_length: int
    chat: bool = False

    def __post_init__(self) -> None:
        """Check the length."""
        check_integer("max_length", self.max_length, low=8)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return asdict(self)


def join_text(prompt: str, answer: str) -> str:
    """Join a prompt and an answer: a blank after ``Assistant:``, else an empty line, unless blanks are there."""
    if not prompt or not answer or prompt[-1].isspace() or answer[0].isspace():
        return prompt + answer
    return f"{prompt} {answer}" if prompt.endswith("Assistant:") else f"{prompt}\n\n{answer}"


def encode_answer(tokenizer: Any, prompt: Text, answer: Text, form: InputFormat) -> list[int]:
    """Return the token ids of an answer to a prompt, as in training.

    Parameters
    ----------
    tokenizer : transformers tokenizer
    prompt, answer : str or list of chat messages
        As TRL's standard and conversational formats have them; an empty prompt is none.
    form : InputFormat

    Returns
    -------
    ids : list of int
        At most ``form.max_length``. An opening special token (CLS, BOS) stays; the beginning of the text
        is cut. A closing token is added where the tokenizer adds none.
    """
    if form.chat:
        said = _messages(prompt, "user") + _messages(answer, "assistant")
        ids = list(tokenizer.apply_chat_template(said, tokenize=True, return_dict=True)["input_ids"])
    else:
        ids = list(tokenizer(text=join_text(_plain(prompt), _plain(answer)))["input_ids"])
        closing = {tokenizer.eos_token_id, tokenizer.sep_token_id} - {None}
        if closing and (not ids or ids[-1] not in closing):
            ids.append(
                tokenizer.eos_token_id if tokenizer.eos_token_id is not None else tokenizer.sep_token_id
            )
    if len(ids) > form.max_length:
        opening = ids[:1] if ids[0] in {tokenizer.cls_token_id, tokenizer.bos_token_id} else []
        ids = opening + ids[len(ids) - form.max_length + len(opening) :]
    return ids


def read_input_format(folder: str | os.PathLike[str]) -> InputFormat | None:
    """Return the input format that a model was trained with, None where the folder does not say.

    Raises
    ------
    InputError
        If the file beside the model is there and cannot be understood.
    """
    path = Path(folder) / TRAINING_FILE
    try:
        form = json.loads(path.read_text(encoding="utf-8"))["input_format"]
        return InputFormat(max_length=form["max_length"], chat=bool(form["chat"]))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileAccessError(f"Cannot read {path}: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not what cloneproof train writes: {error!r}.") from error


def _plain(text: Text) -> str:
    return text if isinstance(text, str) else render([dict(m) for m in text], "text", 0) if text else ""


def _messages(text: Text, role: str) -> list[dict[str, Any]]:
    if not isinstance(text, str):
        if text and not is_messages(list(text)):
            raise InputError("Chat messages must each have a role and a content.")
        return [dict(m) for m in text]
    if role == "user":
        return to_messages(text) if text.strip() else []
    return [{"role": role, "content": text}]
