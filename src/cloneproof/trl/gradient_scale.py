"""A model whose outputs are as ever and whose gradients are scaled row by row."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import torch

__all__ = ["ScaledGradientModel"]


class _ScaleGradient(torch.autograd.Function):
    """The identity; its gradient is multiplied by one number per row."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(scale)
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        (scale,) = ctx.saved_tensors
        shape = (-1, *[1] * (gradient.dim() - 1))
        return gradient * scale.to(gradient.dtype).view(shape), None


class ScaledGradientModel:
    """Call a model and scale the gradient of every output tensor that has one entry per row.

    If a loss is a sum of terms that each depend on one row's outputs, its gradient with these outputs is
    the gradient of the weighted sum, whatever the loss: nothing of it needs to be copied.

    Parameters
    ----------
    model : callable
        Returns a ``ModelOutput``, dataclass, dict or tuple. Every attribute of it is found here too.
    weight : tensor of shape (B,)
        The batch is B chosen rows followed by B rejected rows.

    Attributes
    ----------
    n_scaled : int
        Output tensors scaled so far.
    """

    def __init__(self, model: Any, weight: torch.Tensor) -> None:
        self._model = model
        self._scale = torch.cat([weight, weight])
        self.n_scaled = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the model."""
        return self._scaled(self._model(*args, **kwargs))

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the model."""
        return getattr(self._model, name)

    def _scaled(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            if not value.requires_grad or value.dim() == 0 or len(value) != len(self._scale):
                return value
            self.n_scaled += 1
            return _ScaleGradient.apply(value, self._scale)  # type: ignore[no-untyped-call]  # torch: untyped
        if isinstance(value, dict):  # a ModelOutput is one, and a dataclass too
            found = {key: self._scaled(entry) for key, entry in value.items()}
            return type(value)(**found) if is_dataclass(value) else type(value)(found)
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{f.name: self._scaled(getattr(value, f.name)) for f in fields(value)})
        if isinstance(value, tuple):
            entries = [self._scaled(entry) for entry in value]
            return type(value)(*entries) if hasattr(value, "_fields") else tuple(entries)
        return value
