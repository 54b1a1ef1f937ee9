"""The slow check of the intervals: standard errors from resampled comparisons beside those of the formula."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError, UncertaintyWarning
from cloneproof._core.typing import RandomState
from cloneproof.leaderboard.board import Board
from cloneproof.leaderboard.tally import tally
from cloneproof.preferences import Comparisons
from cloneproof.rewards import bootstrap_rewards
from cloneproof.rewards.ratings import RATING_SCALE

__all__ = ["BootstrapCheck", "bootstrap_board"]


@dataclass(frozen=True, kw_only=True)
class BootstrapCheck:
    """Standard errors of the plain ratings by bootstrap, divided by those of the board.

    Parameters
    ----------
    n_replicates : int
    ratio : dict of str to float
        Per model: bootstrap standard error over the board's. Each is itself good to
        ``1 / sqrt(2 n_replicates)``.
    smallest, median, largest : float
        Of the ratios.
    most_apart : str
        The model whose ratio is furthest from 1.
    notes : tuple of str
        What the resampling warned of.
    """

    n_replicates: int
    ratio: dict[str, float]
    smallest: float
    median: float
    largest: float
    most_apart: str
    notes: tuple[str, ...]


def bootstrap_board(
    comparisons: Comparisons,
    board: Board,
    *,
    clusters: ArrayLike | str | None = None,
    n_replicates: int = 200,
    random_state: RandomState = 0,
) -> BootstrapCheck:
    """Resample comparisons (or whole clusters), refit, and compare the spread with the board's intervals.

    Parameters
    ----------
    comparisons : Comparisons
        Those of the board.
    board : Board
    clusters : array-like, "annotator" or "row", default=None
        As for the board.
    n_replicates : int, default=200
    random_state : int, Generator or None, default=0

    Returns
    -------
    check : BootstrapCheck

    Raises
    ------
    InputError
        For a board with a model of ties, controls or anchors, which the resampling does not refit.

    Notes
    -----
    `n_replicates` fits of the plain rule. A ratio far from 1 says that the formula does not hold there:
    few comparisons, few clusters, or resamples without a maximum.
    """
    if board.settings.get("ties", "half") != "half" or board.control or board.settings.get("anchors"):
        raise InputError(
            "The bootstrap refits the plain table: ties as half wins, no controls, no anchors. Leave those "
            "options out to check the intervals."
        )
    by_row = comparisons.annotator is None if clusters is None else clusters == "row"
    rows = tally(comparisons) if isinstance(by_row, bool) and by_row else comparisons
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UncertaintyWarning)
        draws = bootstrap_rewards(
            rows,
            regularization=float(board.settings["regularization"]),
            clusters="row" if rows is not comparisons else clusters,
            n_replicates=n_replicates,
            random_state=random_state,
        )
    spread = float(board.settings.get("scale", RATING_SCALE)) * draws.std(axis=0, ddof=1)
    place = {str(name): k for k, name in enumerate(comparisons.ids.tolist())}
    ratio = {
        name: float(spread[place[name]] / error) if error > 0.0 else 1.0
        for name, error in zip(board.ids, board.plain.standard_error.tolist(), strict=True)
    }
    values = np.array(list(ratio.values()))
    return BootstrapCheck(
        n_replicates=n_replicates,
        ratio=ratio,
        smallest=float(values.min()),
        median=float(np.median(values)),
        largest=float(values.max()),
        most_apart=max(ratio, key=lambda name: abs(np.log(max(ratio[name], 1e-12)))),
        notes=tuple(dict.fromkeys(str(w.message) for w in caught)),
    )
