"""Where a network is trained: CPU, CUDA or MPS, in single or double precision."""

from __future__ import annotations

import torch

from cloneproof._core.errors import ParameterError
from cloneproof._core.validation import check_choice

__all__ = ["choose_device", "choose_precision"]


def choose_device(device: str) -> torch.device:
    """Return the device that a name stands for; "auto" is CUDA, else MPS, else CPU.

    Raises
    ------
    ParameterError
        For a name that torch does not know, or a device that this machine does not have.
    """
    has_cuda, has_mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if device == "auto":
        return torch.device("cuda" if has_cuda else "mps" if has_mps else "cpu")
    try:
        chosen = torch.device(device)
    except (RuntimeError, TypeError):
        raise ParameterError(f"device must be 'auto', 'cpu', 'cuda' or 'mps'. Got {device!r}.") from None
    present = {"cpu": True, "cuda": has_cuda, "mps": has_mps}.get(chosen.type, True)
    if not present:
        raise ParameterError(f"device is {device!r}, but torch finds none here. Pass 'auto' or 'cpu'.")
    return chosen


def choose_precision(precision: str, device: torch.device) -> torch.dtype:
    """Return the number type of a precision.

    Raises
    ------
    ParameterError
        For another name, or double precision on MPS, which has none.
    """
    check_choice("precision", precision, ("single", "double"))
    if precision == "double" and device.type == "mps":
        raise ParameterError("precision 'double' does not exist on MPS. Pass device='cpu', or 'single'.")
    return torch.float64 if precision == "double" else torch.float32
