"""The side columns of a preference dataset: carried through the collator, scaled to a mean weight of 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.typing import FloatArray

__all__ = ["L2_CHOSEN", "L2_REJECTED", "SIDE_COLUMNS", "WEIGHT", "SideColumnsCollator", "split_columns"]

WEIGHT = "weight"
L2_CHOSEN = "l2_chosen"
L2_REJECTED = "l2_rejected"
SIDE_COLUMNS = (WEIGHT, L2_CHOSEN, L2_REJECTED)


class SideColumnsCollator:
    """Collate a batch with any inner collator and put the side columns back as float tensors.

    Parameters
    ----------
    inner : callable
        Makes a batch (a dict of tensors) of a list of examples; it never sees the side columns.

    Notes
    -----
    Every other attribute is the inner collator's, so that code that reads or sets options of a
    collator keeps working.
    """

    def __init__(self, inner: Callable[[list[dict[str, Any]]], dict[str, Any]]) -> None:
        self.inner = inner

    def __call__(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the inner collator's batch with one float32 tensor of shape (B,) per side column."""
        present = [name for name in SIDE_COLUMNS if examples and name in examples[0]]
        plain = [{key: v for key, v in example.items() if key not in SIDE_COLUMNS} for example in examples]
        batch = self.inner(plain)
        for name in present:
            batch[name] = torch.tensor([example[name] for example in examples], dtype=torch.float32)
        return batch

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the inner collator."""
        if name == "inner":  # not set yet: while a copy is being unpickled in a worker
            raise AttributeError(name)
        return getattr(self.inner, name)


def split_columns(inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Return a batch without its side columns, and the side columns; the batch given is left as it is."""
    rest = {key: value for key, value in inputs.items() if key not in SIDE_COLUMNS}
    return rest, {name: inputs[name] for name in SIDE_COLUMNS if name in inputs}


def scale_columns(dataset: Any, *, mean_weight: float | None, label: str) -> Any:
    """Divide the side columns of a dataset by its mean weight.

    Parameters
    ----------
    dataset : datasets.Dataset or datasets.IterableDataset
        As it will be trained on: tokenised and filtered.
    mean_weight : float or None
        The mean of a stream; that of a dataset is measured.
    label : str
        What messages call the dataset.

    Returns
    -------
    dataset : the same kind
        With a mean weight of 1. Without a column ``weight`` it comes back as it is.

    Notes
    -----
    The ridge is divided too, so that its strength relative to the loss does not change when rows
    are dropped for their length.
    """
    names = column_names(dataset)
    if WEIGHT not in names:
        return dataset
    present = [name for name in SIDE_COLUMNS if name in names]
    if not hasattr(dataset, "__len__"):
        if mean_weight is None:
            raise ParameterError(
                f"The {label} dataset is a stream, whose mean weight cannot be measured. Pass mean_weight= "
                "(1.0 for the files that cloneproof writes), or give a datasets.Dataset."
            )
        if mean_weight == 1.0:
            return dataset
        return dataset.map(lambda example: {name: example[name] / mean_weight for name in present})
    columns = {name: _numbers(dataset, name, label) for name in present}
    mean = float(columns[WEIGHT].mean())
    if not mean > 0:
        raise InputError(f"The weights of the {label} dataset must have a positive mean. Got {mean}.")
    if abs(mean - 1.0) <= 1e-12:
        return dataset
    for name in present:
        dataset = dataset.remove_columns(name).add_column(name, columns[name] / mean)
    return dataset


def column_names(dataset: Any) -> list[str]:
    """Return the columns of a dataset or stream."""
    names = dataset.column_names
    return list(next(iter(dataset))) if names is None else list(names)


def _numbers(dataset: Any, name: str, label: str) -> FloatArray:
    """Return a column as float64, or say which row is no weight."""
    read = dataset.with_format("arrow", columns=[name])[:].column(name)
    try:
        values = np.asarray(read.to_numpy(), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"Column {name!r} of the {label} dataset must hold numbers: {error}.") from error
    if len(values) == 0:
        raise InputError(
            f"The {label} dataset has no rows left: all were longer than max_length. Raise max_length."
        )
    bad = ~np.isfinite(values) | (values < 0)
    if bad.any():
        first = int(np.argmax(bad))
        raise InputError(
            f"Column {name!r} of the {label} dataset must hold finite numbers of at least 0; {int(bad.sum()):,} "
            f"of {len(values):,} are not, first: {values[first]} (row {first})."
        )
    return values
