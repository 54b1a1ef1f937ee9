"""Check and prepare what refines a Bradley-Terry fit: ties, covariates, anchors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import check_choice
from cloneproof.preferences import Comparisons
from cloneproof.rewards.ties import Davidson, HalfWins, RaoKupper, TieModel
from cloneproof.rewards.weighting import WeightedDesign

__all__ = ["TIES", "as_anchors", "as_covariates", "check_combination", "tie_model"]

TIES = ("half", "rao-kupper", "davidson")


def tie_model(ties: str, design: WeightedDesign) -> TieModel:
    """Return the model of ties; without any tie (its parameter has no finite optimum) half wins.

    Raises
    ------
    ParameterError
        For an unknown name.
    InputError
        If every comparison is a tie.
    """
    check_choice("ties", ties, TIES)
    if ties == "half":
        return HalfWins()
    tied = np.asarray(design.comparisons.outcome) == 0.5
    if tied.all():
        raise InputError(f"ties={ties!r} cannot be fitted: all {len(tied):,} comparisons are ties.")
    if not (tied & (design.row_weights() > 0.0)).any():
        return HalfWins()
    return RaoKupper() if ties == "rao-kupper" else Davidson()


def as_covariates(covariates: ArrayLike | None, n: int) -> tuple[FloatArray, FloatArray]:
    """Return the covariates divided by their root mean square, and these scales.

    They are not centred: a covariate is a difference between left and right (0 where both sides are
    alike), and centring would favour a side.

    Raises
    ------
    InputError
        For a wrong shape, values that are not finite, or a column of zeros.
    """
    if covariates is None:
        return np.empty((n, 0)), np.empty(0)
    table = np.asarray(covariates, dtype=np.float64)
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2 or len(table) != n:
        raise InputError(
            f"covariates has shape {table.shape}, expected ({n}, n_covariates): one row per comparison."
        )
    bad = ~np.isfinite(table)
    if bad.any():
        row, column = (int(k) for k in np.argwhere(bad)[0])
        raise InputError(
            f"covariates must be finite; {int(bad.sum()):,} values are not, first: {table[row, column]} "
            f"(row {row}, column {column})."
        )
    scale = np.sqrt(np.mean(table * table, axis=0))
    if (scale == 0.0).any():
        raise InputError(f"column {int(np.argmax(scale == 0.0))} of covariates is 0 in every row. Drop it.")
    return table / scale, scale


def as_anchors(
    anchors: Mapping[Any, float] | None, comparisons: Comparisons
) -> tuple[NDArray[np.int64], FloatArray]:
    """Return the positions of the anchored alternatives and their rewards.

    Raises
    ------
    InputError
        For a name that is not among the alternatives, or a reward that is not finite.
    """
    if anchors is None:
        return np.empty(0, dtype=np.int64), np.empty(0)
    if not isinstance(anchors, Mapping) or not anchors:
        raise ParameterError(f"anchors must map ids of alternatives to rewards. Got {anchors!r}.")
    place = {name: k for k, name in enumerate(comparisons.ids.tolist())}
    unknown = [name for name in anchors if name not in place]
    if unknown:
        raise InputError(f"anchors names {unknown[0]!r}, which is not among the {len(place):,} alternatives.")
    values = np.array([float(value) for value in anchors.values()])
    if not np.isfinite(values).all():
        raise InputError(f"anchors must have finite rewards. Got {dict(anchors)!r}.")
    return np.array([place[name] for name in anchors], dtype=np.int64), values


def check_combination(design: WeightedDesign, *, what: str) -> None:
    """Refuse alternatives whose reward is a limit where the fit has more than rewards.

    Raises
    ------
    InputError
        Names how many and the first.
    """
    if design.in_limit.any():
        first = int(np.argmax(design.in_limit))
        raise InputError(
            f"{what} needs every alternative to carry weight; {int(design.in_limit.sum()):,} have weight 0, "
            f"first: {design.comparisons.ids.item(first)!r}. Give them a small weight, or leave {what} out."
        )
