"""A trained reward model as one Python file that GRPO can call, with nothing of cloneproof in it."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from textwrap import dedent

from cloneproof._core.errors import FileAccessError, InputError, ParameterError
from cloneproof._core.files import write_text
from cloneproof.export import model_inputs
from cloneproof.export.model_inputs import InputFormat, read_input_format
from cloneproof.preferences.readers import dialogue

__all__ = ["reward_function_source", "write_reward_function"]

_HEAD = '''"""A reward function for GRPO, written by cloneproof from a trained reward model.

``reward(prompts, completions, **kwargs) -> list[float]``; texts or chat messages, tokenised as in
training. The model loads at the first call. Needs torch and transformers.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MODEL = os.environ.get("CLONEPROOF_REWARD_MODEL") or {model}
"""A folder (relative to this file) or the name of a model on the Hub."""

MAX_LENGTH, CHAT, BATCH_SIZE = {max_length}, {chat}, {batch_size}

InputError = ValueError
Text = Any


class InputFormat:
    max_length, chat = MAX_LENGTH, CHAT


'''

_TAIL = '''

_loaded: list[Any] = []


def _load() -> tuple[Any, Any]:
    if not _loaded:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        beside = Path(__file__).resolve().parent / MODEL
        place = str(beside) if beside.is_dir() else MODEL
        tokenizer = AutoTokenizer.from_pretrained(place, trust_remote_code=False)
        model = AutoModelForSequenceClassification.from_pretrained(
            place, trust_remote_code=False, use_safetensors=True
        )
        if model.config.num_labels != 1:
            raise ValueError(f"{place} has {model.config.num_labels} labels, a reward model has 1.")
        _loaded.append((model.eval(), tokenizer))
    return _loaded[0]


def reward(prompts: Sequence[Text], completions: Sequence[Text], **kwargs: Any) -> list[float]:
    """Return the reward of each completion of its prompt, natural-log odds up to a constant."""
    import torch

    if len(prompts) != len(completions):
        raise ValueError(f"{len(prompts)} prompts but {len(completions)} completions.")
    model, tokenizer = _load()
    ids = [encode_answer(tokenizer, p, c, InputFormat) for p, c in zip(prompts, completions)]
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    rewards = [0.0] * len(ids)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    for start in range(0, len(order), BATCH_SIZE):
        rows = order[start : start + BATCH_SIZE]
        longest = max(len(ids[i]) for i in rows)
        padded = torch.full((len(rows), longest), pad, dtype=torch.long)
        mask = torch.zeros_like(padded)
        for k, i in enumerate(rows):
            padded[k, : len(ids[i])] = torch.tensor(list(ids[i]), dtype=torch.long)
            mask[k, : len(ids[i])] = 1
        device = next(model.parameters()).device
        with torch.no_grad():
            logits = model(input_ids=padded.to(device), attention_mask=mask.to(device)).logits
        for i, value in zip(rows, logits.squeeze(-1).double().tolist()):
            rewards[i] = value
    return rewards
'''


def reward_function_source(model: str, form: InputFormat, *, batch_size: int = 32) -> str:
    """Return the text of a Python file with ``reward(prompts, completions, **kwargs)``.

    The functions that write and tokenise texts are copied from this package, so that the file gives the
    rewards that training saw.

    Parameters
    ----------
    model : str
        A folder, relative to where the file will be or absolute, or a name on the Hub.
    form : InputFormat
        How texts were written for the model in training.
    batch_size : int, default=32
        Answers in one forward pass.
    """
    copied = (
        dialogue.is_messages,
        dialogue.content_of,
        dialogue.render,
        dialogue.to_messages,
        model_inputs.join_text,
        model_inputs.encode_answer,
        model_inputs._plain,  # noqa: SLF001  (its source, not its use)
        model_inputs._messages,  # noqa: SLF001
    )
    head = _HEAD.format(model=repr(model), max_length=form.max_length, chat=form.chat, batch_size=batch_size)
    speakers = f"_SPEAKER = {dialogue._SPEAKER!r}\n"  # noqa: SLF001
    return head + "\n\n".join([speakers, *(dedent(inspect.getsource(f)) for f in copied)]) + _TAIL


def write_reward_function(
    model: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    batch_size: int = 32,
    max_length: int | None = None,
) -> Path:
    """Write the reward function of a model directory as one Python file.

    Parameters
    ----------
    model : path-like
        What ``cloneproof train`` wrote: a sequence classifier with one label.
    target : path-like
        Ends in .py; replaced in one step if it is there.
    batch_size : int, default=32
    max_length : int, default=None
        Tokens to read, for a model that ``cloneproof train`` did not write; None: what it says, else 512.

    Returns
    -------
    path : Path

    Raises
    ------
    FileAccessError
        If there is no model, or the file cannot be written.
    InputError
        If the model has more than one label.
    ParameterError
        If the file does not end in .py.
    """
    path, folder = Path(target), Path(model)
    if path.suffix != ".py":
        raise ParameterError(
            f"--to reward-function writes a Python file; --out must end in .py. Got {path.name!r}."
        )
    check_reward_model(folder)
    form = read_input_format(folder) or InputFormat(max_length=max_length or 512)
    where = os.path.relpath(folder.resolve(), path.resolve().parent)
    write_text(path, reward_function_source(where, form, batch_size=batch_size))
    return path


def check_reward_model(folder: Path) -> None:
    """Raise unless a folder holds a sequence classifier with one label."""
    import json

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise FileAccessError(
            f"{folder} holds no config.json, so it is no model directory. Give what cloneproof train wrote."
        ) from error
    except ValueError as error:
        raise InputError(f"{folder / 'config.json'} is not JSON: {error}.") from error
    kinds = config.get("architectures") or []
    labels = len(config.get("id2label") or {}) or config.get("num_labels") or 2
    if not any(str(kind).endswith("ForSequenceClassification") for kind in kinds) or labels != 1:
        raise InputError(
            f"{folder} is no reward model: expected a sequence classifier with one label, found "
            f"{', '.join(map(str, kinds)) or 'no architecture'} with {labels} labels. "
            f"cloneproof train --method reward makes one."
        )
