"""Direct preference optimisation through TRL's ``DPOTrainer``, with weighted rows."""

from __future__ import annotations

from typing import Any

import torch
from trl import DPOTrainer  # type: ignore[attr-defined]  # TRL loads its names lazily

from cloneproof._core.errors import ParameterError
from cloneproof.trl.base import WeightedColumnsMixin
from cloneproof.trl.columns import WEIGHT, split_columns
from cloneproof.trl.gradient_scale import ScaledGradientModel
from cloneproof.trl.self_check import WeightedGradientError

__all__ = ["WeightedDPOMixin", "WeightedDPOTrainer"]


class WeightedDPOMixin(WeightedColumnsMixin):
    """Train a policy on rows that count by their weight; put it before a ``DPOTrainer``.

    TRL's own loss runs on the model's own outputs; only the gradient of each row's outputs is multiplied
    by the row's weight. So every loss that treats rows one by one works, in TRL's newest form.

    Parameters
    ----------
    model, ref_model, args, train_dataset, eval_dataset, ...
        As ``trl.DPOTrainer`` takes them. The training data needs a column ``weight`` (non-negative).
    mean_weight : float, default=None
        The mean weight of a stream; see :class:`WeightedRewardMixin`.
    check_gradient : bool, default=True
        Before training, show on three short rows that a weight counts as so many repeated rows.

    Raises
    ------
    ParameterError
        For the losses ``aot`` and ``aot_unpaired``, which sort the rows of a batch; for the fused Liger
        loss, which does not call the model; or if there is no column ``weight``.
    InputError
        For columns ``l2_*``: DPO has no reward of its own to put the paper's ridge on.
    WeightedGradientError
        For a loss that mixes rows, such as ``sft``, which averages over the tokens of the batch.

    Notes
    -----
    The value of the loss that is logged, and all metrics, count every row once; the gradient is weighted.
    """

    _allowed_columns = (WEIGHT,)

    def __init__(self, model: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(model, *args, **kwargs)
        names = self.args.loss_type
        sorting = [name for name in ([names] if isinstance(names, str) else names) if name.startswith("aot")]
        if sorting:
            raise ParameterError(
                f"loss_type {sorting[0]!r} sorts the rows of a batch, so that a row has no gradient of its own to "
                "weigh. Use another loss, or the resampled export (cloneproof export --to resampled)."
            )
        if getattr(self.args, "use_liger_kernel", False) and hasattr(self, "_compute_loss_liger"):
            raise ParameterError(
                "The fused Liger loss does not call the model, so weights cannot reach its gradient. Leave "
                "use_liger_kernel off, or use the resampled export (cloneproof export --to resampled)."
            )

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return TRL's loss of a batch, whose gradient is weighted."""
        plain, columns = split_columns(inputs)
        if WEIGHT not in columns or not torch.is_grad_enabled():
            return super().compute_loss(model, plain, return_outputs, num_items_in_batch)
        scaled = ScaledGradientModel(model, columns[WEIGHT])
        result = super().compute_loss(scaled, plain, return_outputs, num_items_in_batch)
        if scaled.n_scaled == 0:
            raise WeightedGradientError(
                "No output of the model has one entry per row, so weights cannot reach the gradient. Use the "
                "resampled export (cloneproof export --to resampled)."
            )
        return result

    def compute_ref_log_probs(self, *args: Any, **kwargs: Any) -> Any:
        """Return the reference's log-probabilities of a batch without the side columns."""
        words = {name: split_columns(v)[0] if name == "inputs" else v for name, v in kwargs.items()}
        return super().compute_ref_log_probs(*[*args[:-1], *[_stripped(a) for a in args[-1:]]], **words)


def _stripped(value: Any) -> Any:
    """Return a batch without its side columns; anything else as it is."""
    return split_columns(value)[0] if hasattr(value, "keys") else value


class WeightedDPOTrainer(WeightedDPOMixin, DPOTrainer):
    """``trl.DPOTrainer`` on weighted rows; see :class:`WeightedDPOMixin`."""
