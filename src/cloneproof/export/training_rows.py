"""Rows for training: TRL's columns with weights, or plain rows repeated in expectation."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.typing import FloatArray, IntArray, RandomState
from cloneproof._core.validation import as_weights, check_integer, check_number, generator
from cloneproof.export.table_files import write_table
from cloneproof.preferences import Comparisons
from cloneproof.preferences.readers.dialogue import to_messages

__all__ = ["resampled_table", "training_table", "write_resampled", "write_training"]


class _Rows(NamedTuple):
    """Who is chosen over whom, with what share of the total weight, from which comparison."""

    chosen: IntArray
    rejected: IntArray
    share: FloatArray
    row: IntArray


def training_table(
    comparisons: Comparisons,
    *,
    comparison_weight: ArrayLike | None = None,
    alternative_weight: ArrayLike | None = None,
    regularization: float | None = None,
    conversational: bool = False,
) -> pa.Table:
    r"""Return rows with TRL's columns and the weights beside them.

    With N rows written, the mean over rows of
    ``weight * loss + l2_chosen * r(chosen)^2 + l2_rejected * r(rejected)^2`` is

    .. math:: \sum_e \omega_e \ell_e + (\lambda / 2) \sum_x w_x r_x^2, \qquad \sum_e \omega_e = 1.

    Parameters
    ----------
    comparisons : Comparisons
        With texts. An outcome strictly between 0 and 1 becomes two rows, one each way, that share its
        weight by the outcome.
    comparison_weight : array-like of shape (n_comparisons,), default=None
        Non-negative; None: the counts. Counts are not multiplied onto weights that are given.
    alternative_weight : array-like of shape (n_alternatives,), default=None
        The w of the ridge; None: uniform. Needs `regularization`.
    regularization : float, default=None
        The lambda; adds ``l2_chosen`` and ``l2_rejected``. None: no such columns.
    conversational : bool, default=False
        Write chat messages instead of text; HH-RLHF dialogues become their turns.

    Returns
    -------
    table : pyarrow.Table
        prompt (where known), chosen, rejected, weight (mean 1), l2_chosen and l2_rejected, row (the
        comparison). Rows of weight 0 are left out.

    Raises
    ------
    InputError
        Without texts, or where the sides of a row answer different prompts.

    Notes
    -----
    ``l2 = N (lambda / 2) w_x / n_x``, n_x the number of written rows that hold x. Since omega sums to 1
    here and to S = (1 - sum w^2) / 2 in ``BradleyTerry``, pass ``regularization / S`` for its minimiser.
    TRL's own trainers ignore the columns; ``cloneproof.trl`` reads them.

    References
    ----------
    .. [1] Procaccia, Schiffer & Zhang, "Clone-Robust AI Alignment", ICML 2025, arXiv:2501.09254.
    """
    rows = _directed(comparisons, comparison_weight)
    n = len(rows.row)
    columns = _sides(comparisons, rows, conversational=conversational)
    columns["weight"] = pa.array(rows.share * n)
    if regularization is None:
        if alternative_weight is not None:
            raise ParameterError("alternative_weight needs regularization, for the columns l2_*. Pass both.")
    else:
        ridge = check_number("regularization", regularization, low=0.0)
        m = comparisons.n_alternatives
        w = (
            np.full(m, 1.0 / m)
            if alternative_weight is None
            else as_weights(alternative_weight, m, name="alternative_weight", per="alternative")
        )
        seen = np.bincount(np.concatenate([rows.chosen, rows.rejected]), minlength=m)
        l2 = n * (ridge / 2.0) * w / np.maximum(seen, 1)
        columns |= {"l2_chosen": pa.array(l2[rows.chosen]), "l2_rejected": pa.array(l2[rows.rejected])}
    columns["row"] = pa.array(rows.row)
    return pa.table(columns)


def write_training(
    comparisons: Comparisons,
    target: str | os.PathLike[str],
    *,
    comparison_weight: ArrayLike | None = None,
    alternative_weight: ArrayLike | None = None,
    regularization: float | None = None,
    conversational: bool = False,
) -> Path:
    """Write :func:`training_table` as Parquet, JSONL, CSV or TSV; returns the path."""
    table = training_table(
        comparisons,
        comparison_weight=comparison_weight,
        alternative_weight=alternative_weight,
        regularization=regularization,
        conversational=conversational,
    )
    return write_table(table, target)


def resampled_table(
    comparisons: Comparisons,
    *,
    comparison_weight: ArrayLike | None = None,
    n_rows: int | None = None,
    random_state: RandomState = None,
    conversational: bool = False,
) -> pa.Table:
    """Return plain rows, each repeated as often as its weight says in expectation, for any trainer.

    Parameters
    ----------
    comparisons : Comparisons
        With texts; soft outcomes are split as in :func:`training_table`.
    comparison_weight : array-like of shape (n_comparisons,), default=None
        Non-negative; None: the counts.
    n_rows : int, default=None
        Rows to write. None: as many as there are comparisons.
    random_state : int, Generator or None, default=None
        Draws the one offset of the systematic sample, and the order of the rows.
    conversational : bool, default=False
        Write chat messages instead of text.

    Returns
    -------
    table : pyarrow.Table
        prompt (where known), chosen, rejected, in random order.

    Notes
    -----
    Systematic sampling: a row of expected repetition e is written floor(e) or ceil(e) times, e on
    average, and exactly `n_rows` rows are written.
    """
    rng = generator(random_state)
    rows = _directed(comparisons, comparison_weight)
    size = comparisons.n_comparisons if n_rows is None else check_integer("n_rows", n_rows, low=1)
    edges = np.cumsum(rows.share)
    edges *= size / edges[-1]
    edges[-1] = size
    drawn = np.searchsorted(edges, np.arange(size) + rng.random(), side="right")
    drawn = rng.permutation(np.minimum(drawn, len(edges) - 1))
    picked = _Rows(rows.chosen[drawn], rows.rejected[drawn], rows.share[drawn], rows.row[drawn])
    return pa.table(_sides(comparisons, picked, conversational=conversational))


def write_resampled(
    comparisons: Comparisons,
    target: str | os.PathLike[str],
    *,
    comparison_weight: ArrayLike | None = None,
    n_rows: int | None = None,
    random_state: RandomState = None,
    conversational: bool = False,
) -> Path:
    """Write :func:`resampled_table` as Parquet, JSONL, CSV or TSV; returns the path."""
    table = resampled_table(
        comparisons,
        comparison_weight=comparison_weight,
        n_rows=n_rows,
        random_state=random_state,
        conversational=conversational,
    )
    return write_table(table, target)


def _directed(comparisons: Comparisons, comparison_weight: ArrayLike | None) -> _Rows:
    """Split every comparison into a row won by left and one won by right; drop those of no weight."""
    c = comparisons
    if c.n_comparisons == 0:
        raise InputError("There are no comparisons to export.")
    omega = as_weights(
        c.count if comparison_weight is None else comparison_weight,
        c.n_comparisons,
        name="comparison_weight",
        per="comparison",
    )
    share = np.column_stack([omega * c.outcome, omega * (1.0 - c.outcome)]).ravel()
    kept = np.flatnonzero(share > 0)
    sides = np.column_stack([c.left, c.right]).astype(np.int64)
    row, rejected = np.divmod(kept, 2)
    return _Rows(sides[row, rejected], sides[row, 1 - rejected], share[kept] / share[kept].sum(), row)


def _sides(comparisons: Comparisons, rows: _Rows, *, conversational: bool) -> dict[str, Any]:
    c = comparisons
    if c.texts is None:
        raise InputError(
            "The comparisons hold no texts to train on. Read them with answers= to join the texts."
        )
    columns: dict[str, Any] = {}
    texts, prompts = list(c.texts), c.prompts
    if prompts is not None:
        place: dict[str, int] = {}
        codes = np.array([place.setdefault(p, len(place)) for p in prompts], dtype=np.int64)
        apart = codes[rows.chosen] != codes[rows.rejected]
        if apart.any():
            first = int(np.argmax(apart))
            raise InputError(
                f"{int(apart.sum()):,} of {len(apart):,} rows compare answers to different prompts, which "
                f"training cannot use; first: comparison {int(rows.row[first])}. Select the others."
            )
        said: Any = list(place)
        if conversational:
            said = [to_messages(p) for p in said]
        columns["prompt"] = _gather(said, codes[rows.chosen])
    elif conversational:
        raise InputError("conversational=True needs prompts, and the comparisons hold none.")
    answers: Any = [[{"role": "assistant", "content": t}] for t in texts] if conversational else texts
    columns["chosen"] = _gather(answers, rows.chosen)
    columns["rejected"] = _gather(answers, rows.rejected)
    return columns


_MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


def _gather(values: list[Any], positions: IntArray) -> Any:
    kind = pa.large_string() if not values or isinstance(values[0], str) else _MESSAGES
    return pa.array(values, kind).take(pa.array(positions))
