"""What the weighted reward and DPO trainers share: how the side columns get through TRL."""

from __future__ import annotations

from typing import Any

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.validation import check_number
from cloneproof.trl.columns import (
    SIDE_COLUMNS,
    WEIGHT,
    SideColumnsCollator,
    column_names,
    scale_columns,
)
from cloneproof.trl.self_check import check_weighted_gradient

__all__ = ["WeightedColumnsMixin"]

_Trainer: Any = object  # at run time a mixin; for types, any trainer


class WeightedColumnsMixin(_Trainer):  # type: ignore[misc]  # a base that is Any
    """Carry the side columns from the dataset to ``compute_loss``; see :class:`WeightedRewardMixin`."""

    _allowed_columns: tuple[str, ...] = SIDE_COLUMNS
    _mean_weight: float | None = None
    _check_gradient = True
    data_collator: Any
    train_dataset: Any
    _signature_columns: Any

    def __init__(
        self,
        model: Any = None,
        *args: Any,
        mean_weight: float | None = None,
        check_gradient: bool = True,
        **kwargs: Any,
    ) -> None:
        self._mean_weight = (
            None if mean_weight is None else check_number("mean_weight", mean_weight, low=0.0, low_open=True)
        )
        self._check_gradient = check_gradient
        self._scaled = False
        super().__init__(model, *args, **kwargs)
        if not isinstance(self.data_collator, SideColumnsCollator):
            self.data_collator = SideColumnsCollator(self.data_collator)
        self._refuse_unweighted()
        if not self._scaled:  # TRL prepares no images and no data that is ready
            self.train_dataset = scale_columns(
                self.train_dataset, mean_weight=self._mean_weight, label="train"
            )

    def _prepare_dataset(self, dataset: Any, processing_class: Any, *args: Any, **kwargs: Any) -> Any:
        """Let TRL tokenise and drop rows, then scale the weights of what is left to a mean of 1."""
        set_eos_token(processing_class)
        label = kwargs.get("dataset_name", args[-1] if args else "given")
        prepared = super()._prepare_dataset(dataset, processing_class, *args, **kwargs)
        unknown = [
            name
            for name in SIDE_COLUMNS
            if name in column_names(prepared) and name not in self._allowed_columns
        ]
        if unknown:
            raise InputError(
                f"{type(self).__name__} cannot use column {unknown[0]!r}: the ridge is on rewards, and DPO has "
                "none of its own. Write the rows without regularization."
            )
        self._scaled = True
        return scale_columns(prepared, mean_weight=self._mean_weight, label=str(label))

    def _set_signature_columns_if_needed(self) -> None:
        """Keep the side columns when TRL removes those that it does not know."""
        super()._set_signature_columns_if_needed()
        known = list(self._signature_columns)
        self._signature_columns = known + [name for name in SIDE_COLUMNS if name not in known]

    def train(self, *args: Any, **kwargs: Any) -> Any:
        """Train, after one small batch has shown that a weight counts as so many repeated rows."""
        if self._check_gradient:
            check_weighted_gradient(self, super().compute_loss)
            self._check_gradient = False
        return super().train(*args, **kwargs)

    def _refuse_unweighted(self) -> None:
        dataset = self.train_dataset
        if dataset is not None and WEIGHT not in column_names(dataset):
            found = ", ".join(column_names(dataset))
            raise ParameterError(
                f"{type(self).__name__} needs a column {WEIGHT!r} in the training data. Got: {found}. Make the "
                "rows with cloneproof.export.training_table, or use TRL's own trainer."
            )


def set_eos_token(processing_class: Any) -> None:
    """Give an encoder's tokenizer an end-of-text token: the separator that closes its sequences.

    TRL appends ``eos_token`` to every text; BERT's tokenizers have none.
    """
    tokenizer = getattr(processing_class, "tokenizer", processing_class)
    if getattr(tokenizer, "eos_token", None) is None and getattr(tokenizer, "sep_token", None) is not None:
        tokenizer.eos_token = tokenizer.sep_token
