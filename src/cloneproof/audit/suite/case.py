"""What a method is given, how it fits rewards, and what it hands back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.audit.suite.world import World
from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry, LinearReward, comparison_weights

__all__ = ["Case", "Scored"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """The rewards that a method learned.

    Parameters
    ----------
    rewards : ndarray of shape (n_alternatives,)
        Of every alternative of the case, clones included.
    predict : callable or None
        Rewards of other texts from their embeddings, on the same scale; None: tabular rewards.
    alternative_weight : ndarray of shape (n_alternatives,) or None
        None: every alternative counts once.
    comparison_weight : ndarray of shape (n_comparisons,) or None
        None: every comparison counts once.
    """

    rewards: FloatArray
    predict: Callable[[FloatArray], FloatArray] | None = None
    alternative_weight: FloatArray | None = None
    comparison_weight: FloatArray | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """Training data, clean or with clones, for one method to learn from.

    Parameters
    ----------
    comparisons : Comparisons
    embeddings : float64 ndarray of shape (n_alternatives, n_dims)
    parent : int64 ndarray of shape (n_alternatives,)
        The original that each alternative is a copy of. Only an oracle knows it.
    world : World
        How rewards are learned; methods must not look at its held-out rows.
    seed : int
        For methods that draw at random.
    """

    comparisons: Comparisons
    embeddings: FloatArray
    parent: IntArray
    world: World
    seed: int = 0

    @property
    def scale(self) -> float:
        """h: the distance at which two texts count as saying the same."""
        return self.world.scale

    def fit_rewards(
        self,
        alternative_weight: ArrayLike | None = None,
        *,
        rows: str | None = "balanced",
    ) -> Scored:
        """Learn rewards with the settings of the world, under given weights.

        Parameters
        ----------
        alternative_weight : array-like of shape (n_alternatives,), default=None
            None: plain, unless `rows` is "diversity".
        rows : {"product", "balanced", "diversity"} or None, default="balanced"
            How the weights reach the rows. None: every comparison counts once.
        """
        w = None if alternative_weight is None else np.asarray(alternative_weight, dtype=np.float64)
        omega = None
        if rows is not None and (w is not None or rows == "diversity"):
            omega = comparison_weights(
                self.comparisons,
                w,
                self.embeddings,
                method=rows,
                scale=self.scale,
                by=self.world.by,
                tol=1e-4,
            )
        return fit_world_rewards(self.world, self.comparisons, self.embeddings, w, omega)


def fit_world_rewards(
    world: World,
    comparisons: Comparisons,
    embeddings: FloatArray,
    alternative_weight: FloatArray | None = None,
    comparison_weight: FloatArray | None = None,
) -> Scored:
    """Learn rewards of given data with the settings of a world."""
    predict: Any = None
    if world.reward == "tabular":
        model: Any = BradleyTerry(regularization=world.regularization).fit(
            comparisons, alternative_weight=alternative_weight, comparison_weight=comparison_weight
        )
    else:
        model = LinearReward(regularization=world.regularization, shrinkage=world.shrinkage).fit(
            comparisons,
            embeddings,
            alternative_weight=alternative_weight,
            comparison_weight=comparison_weight,
        )
        predict = model.predict
    return Scored(
        rewards=np.asarray(model.rewards_, dtype=np.float64),
        predict=predict,
        alternative_weight=alternative_weight,
        comparison_weight=comparison_weight,
    )
