"""Reward models through TRL's ``RewardTrainer``, with weighted rows and the paper's ridge."""

from __future__ import annotations

from typing import Any

from torch.nn.functional import logsigmoid
from trl import RewardTrainer  # type: ignore[attr-defined]  # TRL loads its names lazily

from cloneproof.trl.base import WeightedColumnsMixin
from cloneproof.trl.columns import L2_CHOSEN, L2_REJECTED, WEIGHT, split_columns

__all__ = ["WeightedRewardMixin", "WeightedRewardTrainer"]


class WeightedRewardMixin(WeightedColumnsMixin):
    r"""Train a reward model on rows that count by their weight; put it before a ``RewardTrainer``.

    Over a dataset of N rows the loss is

    .. math:: \frac 1 N \sum_e \big[ w_e \, \ell_e + l_e^{+} r(\mathrm{chosen}_e)^2 + l_e^{-} r(\mathrm{rejected}_e)^2 \big]

    with :math:`\ell_e = -\log s(r(\mathrm{chosen}_e) - r(\mathrm{rejected}_e) - \mathrm{margin}_e)`; with
    the columns of :func:`cloneproof.export.training_table` that is the weighted log-likelihood with
    the ridge :math:`(\lambda/2) \sum_x w_x r_x^2`. A row of weight 2 has the gradient of two rows.

    Parameters
    ----------
    model, args, train_dataset, eval_dataset, ...
        As ``trl.RewardTrainer`` takes them. The training data needs a column ``weight`` (non-negative);
        ``l2_chosen`` and ``l2_rejected`` are optional. An evaluation set without them counts every row once.
    mean_weight : float, default=None
        The mean weight of a stream (``IterableDataset``), by which its weights are divided. That of a
        ``Dataset`` is measured, after TRL has dropped rows that are too long.
    check_gradient : bool, default=True
        Before training, show on three short rows that a weight counts as so many repeated rows.

    Raises
    ------
    ParameterError
        If the training data has no column ``weight``.
    InputError
        If a weight is negative, missing or not finite.
    WeightedGradientError
        If the loss underneath (of an own subclass) mixes rows or is not the one above.

    Notes
    -----
    Weights are never normalised within a batch, so gradient accumulation and several processes give the
    gradient of one large batch. ``center_rewards_coefficient`` is a different term and stays TRL's, with
    weighted rows. Metrics that TRL logs (accuracy, margin) count every row once; the loss is weighted.

    Examples
    --------
    >>> class MyTrainer(WeightedRewardMixin, RewardTrainer):  # or a subclass of your own
    ...     pass
    """

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return the weighted loss of a batch; without side columns, the loss of the trainer underneath."""
        plain, columns = split_columns(inputs)
        if not columns:
            return super().compute_loss(model, plain, return_outputs, num_items_in_batch)
        _, outputs = super().compute_loss(model, plain, True, num_items_in_batch)
        chosen, rejected = outputs.logits.squeeze(-1).chunk(2)
        weight = columns.get(WEIGHT)
        margin = plain.get("margin")
        difference = chosen - rejected
        rows = -logsigmoid(difference if margin is None else difference - margin)
        center = self.args.center_rewards_coefficient
        if center is not None:
            rows = rows + center * (chosen + rejected) ** 2
        if weight is not None:
            rows = rows * weight.to(rows.dtype)
        for name, reward in ((L2_CHOSEN, chosen), (L2_REJECTED, rejected)):
            if name in columns:
                rows = rows + columns[name].to(rows.dtype) * reward**2
        loss = rows.mean()
        return (loss, outputs) if return_outputs else loss


class WeightedRewardTrainer(WeightedRewardMixin, RewardTrainer):
    """``trl.RewardTrainer`` on weighted rows; see :class:`WeightedRewardMixin`."""
