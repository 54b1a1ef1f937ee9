"""Send a folder to the Hugging Face Hub, private unless asked otherwise."""

from __future__ import annotations

import os
from typing import Any, Literal

from cloneproof._core.errors import ParameterError, RemoteServiceError
from cloneproof._core.extras import require

__all__ = ["push_folder"]


def push_folder(
    folder: str | os.PathLike[str],
    name: str,
    *,
    kind: Literal["dataset", "model"] = "dataset",
    private: bool = True,
    api: Any = None,
) -> str:
    """Upload a folder as a repository of the Hub and return its address.

    Parameters
    ----------
    folder : path-like
    name : str
        ``user/name`` or ``name``.
    kind : {"dataset", "model"}, default="dataset"
    private : bool, default=True
        Whether a repository that is made now is private. One that exists keeps what it is.
    api : object like ``huggingface_hub.HfApi``, default=None
        None: the installed client, with the login that it finds.

    Raises
    ------
    ParameterError
        If the name cannot be a repository's.
    RemoteServiceError
        If the Hub cannot be reached, refuses, or the client is set offline (``HF_HUB_OFFLINE``).
    MissingExtraError
        If ``huggingface_hub`` is not installed.
    """
    parts = name.split("/")
    fine = len(parts) <= 2 and all(p and all(x.isalnum() or x in "-_." for x in p) for p in parts)
    if not fine or ".." in name or name.startswith(("-", ".")):
        raise ParameterError(f"--push-to-hub takes user/name. Got {name!r}.")
    if api is None:
        hub = require("huggingface_hub", extra="trl", purpose="--push-to-hub")
        if hub.constants.HF_HUB_OFFLINE:
            raise RemoteServiceError(
                "Cannot push to the Hub: the client is set offline (HF_HUB_OFFLINE=1). The folder is written; "
                "unset it and run again, or upload the folder yourself."
            )
        api = hub.HfApi()
    try:
        made = api.create_repo(repo_id=name, repo_type=kind, private=private, exist_ok=True)
        full = getattr(made, "repo_id", name)
        api.upload_folder(
            folder_path=str(folder),
            repo_id=full,
            repo_type=kind,
            commit_message="Upload by cloneproof",
            ignore_patterns=["cache/**", "checkpoints/**", ".*"],
        )
    except Exception as error:
        what = " ".join(str(error).split()) or type(error).__name__
        raise RemoteServiceError(f"Cannot push to {name} on the Hub: {what[:300]}") from error
    return str(made)
