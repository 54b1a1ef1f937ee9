"""Several fully connected networks of one shape side by side, with their gradient written out.

All repeats sit in the same tensors, so that one matrix product serves all of them: the first layers of
R networks of h units on shared points are one product with R h columns, the others batched products.
For points x and repeat k

.. math:: z_1 = act(W_1' x + b_1), ..., z_L = act(W_L' z_{L-1} + b_L), f_k(x) = W_{L+1}' z_L + b_{L+1}.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Layers", "Networks", "Pass", "draw_parameters"]

Layers: TypeAlias = list[tuple[NDArray[np.float64], NDArray[np.float64]]]
"""Weight (n_in, n_out) and bias (n_out,) of each layer of one network."""

Activation = Literal["relu", "tanh"]


@dataclass(frozen=True, eq=False)
class Pass:
    """What a forward pass keeps for the gradient.

    Parameters
    ----------
    rewards : Tensor of shape (n_repeats, n_points)
    inputs : Tensor of shape (n_points, n_dims), or (n_repeats, n_points, n_dims)
    hidden : sequence of Tensor of shape (n_repeats, n_points, width)
    """

    rewards: Tensor
    inputs: Tensor
    hidden: tuple[Tensor, ...]


def draw_parameters(generator: np.random.Generator, widths: Sequence[int]) -> Layers:
    """Draw weights (n_in, n_out) and biases (n_out,) of each layer as torch does.

    Uniform in +-1/sqrt(n_in), weights and biases alike (the default of ``torch.nn.Linear``), drawn by
    numpy so that a seed means the same network on every device.
    """
    drawn = []
    for n_in, n_out in pairwise(widths):
        bound = 1.0 / np.sqrt(n_in)
        weight = generator.uniform(-bound, bound, (n_in, n_out))
        drawn.append((weight, generator.uniform(-bound, bound, n_out)))
    return drawn


class Networks:
    """Parameters of several networks, their rewards, and the gradient of a function of the rewards.

    Parameters
    ----------
    layers : sequence over repeats of sequence over layers of (weight, bias)
        As :func:`draw_parameters` returns them.
    activation : {"relu", "tanh"}
    dtype, device
        Of the parameters.

    Attributes
    ----------
    weights : list of Tensor
        The first of shape (n_dims, n_repeats, width), the others (n_repeats, n_in, n_out).
    biases : list of Tensor of shape (n_repeats, n_out)
    """

    def __init__(
        self,
        layers: Sequence[Layers],
        *,
        activation: Activation,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        self.activation = activation
        self.n_repeats = len(layers)
        self.weights, self.biases = [], []
        for depth, per_repeat in enumerate(zip(*layers, strict=True)):
            weight = np.stack([w for w, _ in per_repeat], axis=1 if depth == 0 else 0)
            self.weights.append(torch.as_tensor(weight, dtype=dtype, device=device).contiguous())
            bias = np.stack([b for _, b in per_repeat])
            self.biases.append(torch.as_tensor(bias, dtype=dtype, device=device).contiguous())
        for parameter in self.parameters():
            parameter.grad = torch.zeros_like(parameter)

    def parameters(self) -> list[Tensor]:
        """Return all parameters, weights first."""
        return [*self.weights, *self.biases]

    def parameters_of(self, repeat: int) -> Layers:
        """Return (weight, bias) of each layer of one repeat."""
        weights = [self.weights[0][:, repeat], *(w[repeat] for w in self.weights[1:])]
        biases = [b[repeat] for b in self.biases]
        return [
            (w.cpu().double().numpy().copy(), b.cpu().double().numpy().copy())
            for w, b in zip(weights, biases, strict=True)
        ]

    def copy_from(self, other: Networks, repeats: Tensor) -> None:
        """Take over the parameters of some repeats (a bool mask) from networks of the same shape."""
        self.weights[0][:, repeats] = other.weights[0][:, repeats]
        for mine, theirs in zip(self.parameters()[1:], other.parameters()[1:], strict=True):
            mine[repeats] = theirs[repeats]

    def forward(self, points: Tensor) -> Pass:
        """Return the rewards of points, shared (n_points, n_dims) or per repeat (n_repeats, n_points, n_dims).

        Shared points are laid out in memory as (n_points, n_repeats, width), as their one product comes.
        """
        weight, bias = self.weights[0], self.biases[0]
        n_dims, n_repeats, width = weight.shape
        if points.ndim == 2:
            flat = torch.addmm(bias.view(-1), points, weight.view(n_dims, n_repeats * width))
            out = flat.view(len(points), n_repeats, width).permute(1, 0, 2)
        else:
            out = torch.baddbmm(bias.unsqueeze(1), points, weight.permute(1, 0, 2))
        hidden = []
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            out = out.relu_() if self.activation == "relu" else out.tanh_()
            hidden.append(out)
            if weight.shape[2] == 1:
                out = (out * weight.transpose(1, 2)).sum(dim=2, keepdim=True).add_(bias.unsqueeze(1))
            else:
                out = torch.baddbmm(bias.unsqueeze(1), out, weight)
        return Pass(out.squeeze(2), points, tuple(hidden))

    def backward(self, made: Pass, slope: Tensor) -> None:
        """Set ``grad`` of every parameter to that of a loss whose derivative in the rewards is `slope`.

        Parameters
        ----------
        made : Pass
        slope : Tensor of shape (n_repeats, n_points)
        """
        out = slope.unsqueeze(2)
        for depth in range(len(self.weights) - 1, 0, -1):
            below, weight = made.hidden[depth - 1], self.weights[depth]
            torch.sum(out, 1, out=_grad(self.biases[depth]))
            if weight.shape[2] == 1:
                torch.sum(below * out, 1, out=_grad(weight).squeeze(2))
                out = out * weight.transpose(1, 2)
            else:
                torch.bmm(below.transpose(1, 2), out, out=_grad(weight))
                out = torch.bmm(out, weight.transpose(1, 2))
            out = out * (1.0 - below * below) if self.activation == "tanh" else _where_positive(out, below)
        torch.sum(out, 1, out=_grad(self.biases[0]))
        grad = _grad(self.weights[0])
        if made.inputs.ndim == 2:
            columns = out.permute(1, 0, 2).reshape(len(made.inputs), -1)
            torch.mm(made.inputs.T, columns, out=grad.view(grad.shape[0], -1))
        else:
            grad.copy_(torch.bmm(made.inputs.transpose(1, 2), out).permute(1, 0, 2))


def _where_positive(values: Tensor, below: Tensor) -> Tensor:
    """Return the values where `below` is positive, else 0: the derivative of relu, in one pass."""
    made: Tensor = torch.ops.aten.threshold_backward(values, below, 0)
    return made


def _grad(parameter: Tensor) -> Tensor:
    grad = parameter.grad
    if grad is None:  # pragma: no cover  (set in __init__)
        raise AssertionError
    return grad
