"""Prove on one small batch that a weighted row has the gradient of a repeated row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from cloneproof._core.errors import CloneProofError
from cloneproof.trl.columns import SIDE_COLUMNS, WEIGHT

__all__ = ["WeightedGradientError", "check_weighted_gradient"]

_REPEATS = (1, 2, 3)
_ROWS_LOOKED_AT = 256
_MOST_ELEMENTS = 20_000_000
_TOLERANCE = {torch.float32: 1e-3, torch.float64: 1e-6}
_TOLERANCE_HALF = 5e-2


class WeightedGradientError(CloneProofError, RuntimeError):
    """The gradient of weighted rows is not that of repeated rows: the loss mixes rows."""


def check_weighted_gradient(trainer: Any, plain_loss: Callable[..., Any]) -> None:
    """Compare the gradient of rows with weights 1, 2, 3 with that of rows repeated 1, 2, 3 times.

    Parameters
    ----------
    trainer : a weighted trainer
        Ready to train; its state, metrics and random numbers are left as they were.
    plain_loss : callable
        ``compute_loss`` of the trainer underneath, which knows no weights.

    Raises
    ------
    WeightedGradientError
        If they differ: the loss mixes rows (sorts them, or averages over the batch's tokens), or the
        model is called in a way that the weights do not reach.

    Notes
    -----
    Cost: two forward and backward passes over nine short rows. Skipped for streams, for fewer rows
    than three, and where the parameters are not whole on this process (DeepSpeed ZeRO-3). Gradients
    are compared on the last 20 million trainable parameters.
    """
    rows = _short_rows(trainer.train_dataset)
    parameters = _last_parameters(trainer.model)
    if rows is None or not parameters or any(getattr(p, "ds_id", None) is not None for p in parameters):
        return
    mean = sum(_REPEATS) / len(_REPEATS)
    weighted = [{**row, WEIGHT: k / mean} for row, k in zip(rows, _REPEATS, strict=True)]
    repeated = [row for row, k in zip(rows, _REPEATS, strict=True) for _ in range(k)]
    with _undisturbed(trainer):
        ours = _gradient(trainer, trainer.compute_loss, weighted, parameters)
        theirs = _gradient(trainer, plain_loss, repeated, parameters)
    size = max((float(g.abs().max()) for g in theirs), default=0.0)
    gap = max((float((a - b).abs().max()) for a, b in zip(ours, theirs, strict=True)), default=0.0)
    tolerance = _TOLERANCE.get(parameters[0].dtype, _TOLERANCE_HALF)
    if not gap <= tolerance * size:
        raise WeightedGradientError(
            f"The gradient of weighted rows differs from that of repeated rows by {gap / max(size, 1e-30):.2g} of "
            f"its size, expected at most {tolerance:g}: this loss mixes the rows of a batch, so that a weight "
            "is not a number of repetitions. Use the resampled export (cloneproof export --to resampled) with "
            "TRL's own trainer, or another loss."
        )


def _short_rows(dataset: Any) -> list[dict[str, Any]] | None:
    """Return three of the first rows, short ones of different lengths, without side columns."""
    if dataset is None or not hasattr(dataset, "__len__") or len(dataset) < len(_REPEATS):
        return None
    sizes: dict[tuple[int, int], dict[str, Any]] = {}
    for i in range(min(len(dataset), _ROWS_LOOKED_AT)):
        row = {key: v for key, v in dataset[i].items() if key not in SIDE_COLUMNS}
        size = sum(len(v) for key, v in row.items() if key.endswith("_ids") and v is not None)
        sizes.setdefault((size, len(sizes) if not size else 0), row)
    found = [sizes[size] for size in sorted(sizes)[: len(_REPEATS)]]
    more = (dict(dataset[i]) for i in range(len(_REPEATS)))
    found += [{key: v for key, v in row.items() if key not in SIDE_COLUMNS} for row in more]
    return found[: len(_REPEATS)]


def _last_parameters(model: Any) -> list[torch.nn.Parameter]:
    """Return trainable parameters from the end of the model, up to the size that is compared."""
    found: list[torch.nn.Parameter] = []
    elements = 0
    for parameter in reversed([p for p in model.parameters() if p.requires_grad]):
        elements += parameter.numel()
        if found and elements > _MOST_ELEMENTS:
            break
        found.append(parameter)
    return found


def _gradient(
    trainer: Any,
    loss: Callable[..., Any],
    rows: list[dict[str, Any]],
    parameters: list[torch.nn.Parameter],
) -> list[torch.Tensor]:
    inputs = trainer._prepare_inputs(trainer.data_collator(rows))  # noqa: SLF001
    with trainer.compute_loss_context_manager():
        value = loss(trainer.model, inputs)
    found = torch.autograd.grad(value, parameters, allow_unused=True)
    return [torch.zeros_like(p) if g is None else g.detach() for g, p in zip(found, parameters, strict=True)]


@contextmanager
def _undisturbed(trainer: Any) -> Iterator[None]:
    """Run the block without dropout; leave mode, metrics, counters and random numbers as they were."""
    model = trainer.model
    training = model.training
    kept = {
        name: getattr(trainer, name) for name in ("_metrics", "_total_train_tokens") if hasattr(trainer, name)
    }
    if "_metrics" in kept:
        trainer._metrics = {mode: defaultdict(list) for mode in kept["_metrics"]}  # noqa: SLF001
    devices = [p.device for p in list(model.parameters())[:1] if p.device.type == "cuda"]
    model.eval()
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        model.train(training)
        for name, value in kept.items():
            setattr(trainer, name, value)
