"""A trained reward model as a function of prompts and completions, as GRPO calls it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from cloneproof._core.errors import FileAccessError, InputError
from cloneproof._core.typing import FloatArray
from cloneproof.export.model_inputs import InputFormat, encode_answer, read_input_format
from cloneproof.export.reward_function import check_reward_model
from cloneproof.trl.scoring import score_token_ids

__all__ = ["RewardFunction", "load_reward_function"]


class RewardFunction:
    """Rewards of completions, tokenised as in training; ``GRPOTrainer(reward_funcs=[...])`` takes it.

    Parameters
    ----------
    model : sequence classifier with one label
    tokenizer : transformers tokenizer
    form : InputFormat
        How texts were written for the model in training.
    batch_size : int, default=32
        Answers in one forward pass.
    """

    __name__ = "cloneproof_reward"  # TRL logs a reward function by its name

    def __init__(self, model: Any, tokenizer: Any, form: InputFormat, *, batch_size: int = 32) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.form = form
        self.batch_size = batch_size

    def __call__(self, prompts: Sequence[Any], completions: Sequence[Any], **columns: Any) -> list[float]:
        """Return the reward of each completion of its prompt.

        Parameters
        ----------
        prompts, completions : sequence of str, or of lists of chat messages
            As TRL's standard and conversational formats have them.
        **columns
            The other columns that TRL passes along; not used.

        Raises
        ------
        InputError
            If there are not as many prompts as completions.
        """
        del columns
        return [float(x) for x in self.score(prompts, completions)]

    def score(self, prompts: Sequence[Any], answers: Sequence[Any]) -> FloatArray:
        """Return the rewards as an array, natural-log odds up to a constant."""
        if len(prompts) != len(answers):
            raise InputError(
                f"there are {len(prompts):,} prompts but {len(answers):,} completions. Give one prompt for each."
            )
        if not len(answers):
            return torch.zeros(0, dtype=torch.float64).numpy()
        pairs = zip(prompts, answers, strict=True)
        ids = [encode_answer(self.tokenizer, prompt, answer, self.form) for prompt, answer in pairs]
        pad = self.tokenizer.pad_token_id
        return score_token_ids(
            self.model,
            ids,
            pad_token_id=self.tokenizer.eos_token_id if pad is None else pad,
            batch_size=self.batch_size,
        )


def load_reward_function(
    folder: str | os.PathLike[str],
    *,
    device: str = "auto",
    batch_size: int = 32,
    max_length: int | None = None,
) -> RewardFunction:
    """Load the reward function of a model directory that ``cloneproof train`` wrote.

    Parameters
    ----------
    folder : path-like
    device : str, default="auto"
        "auto": CUDA, else CPU.
    batch_size : int, default=32
    max_length : int, default=None
        Tokens to read, for a model that ``cloneproof train`` did not write; None: what it says, else 512.

    Raises
    ------
    FileAccessError
        If there is no model, or it cannot be loaded.
    InputError
        If it is no sequence classifier with one label.

    Notes
    -----
    Weights are read from safetensors only, and no code of the model's own is run.
    """
    path = Path(folder)
    check_reward_model(path)
    form = read_input_format(path) or InputFormat(max_length=max_length or 512)
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
        model = AutoModelForSequenceClassification.from_pretrained(
            path, local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        what = " ".join(str(error).split()) or type(error).__name__
        raise FileAccessError(f"Cannot load the model in {path}: {what[:300]}") from error
    where = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    return RewardFunction(model.to(where).eval(), tokenizer, form, batch_size=batch_size)
