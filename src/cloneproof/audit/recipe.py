"""One way from comparisons and embeddings to rewards, so that two of them can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from cloneproof._core.errors import ParameterError
from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import check_choice
from cloneproof.audit.options import COMPARISON_WEIGHTS, PROMPTS, REWARDS
from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry, KernelReward, LinearReward, comparison_weights

__all__ = ["Fitted", "Recipe", "Weighting"]


class Weighting(Protocol):
    """Anything that turns embeddings into alternative weights, such as ``DiversityWeights()``."""

    weights_: FloatArray

    def fit(self, X: ArrayLike) -> Weighting:
        """Learn ``weights_`` of shape (n_alternatives,) from embeddings."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """What a recipe made: the weights and the fitted reward model.

    `weights` and `comparison_weights` are None where every comparison counts once (plain).
    """

    weighting: Any
    weights: FloatArray | None
    comparison_weights: FloatArray | None
    model: Any

    @property
    def rewards(self) -> FloatArray:
        """Rewards of all alternatives, shape (n_alternatives,)."""
        rewards: FloatArray = self.model.rewards_
        return rewards


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How rewards are learned from comparisons and embeddings.

    Parameters
    ----------
    weighting : estimator with ``fit(X)`` and ``weights_``, or None
        Alternative weights; None: plain, every comparison counts once.
    comparison_weights : {"product", "balanced", "diversity"}
        How the alternative weights reach the rows (DESIGN: comparison weights).
    reward : {"tabular", "linear", "kernel"}
        One reward per alternative, or a linear or a smooth function of the embedding.
    regularization : float
        The lambda of the term ``(lambda / 2) sum_a w_a r_a^2``.
    shrinkage : float or "auto"
        The shrinkage of a reward on embeddings; see :class:`cloneproof.LinearReward`.
    by : {None, "annotator"}
        With "annotator", each annotator's rows on a pair get one share.
    prompts : {"joint", "separate"}
        How diversity weights of the rows treat prompts.
    """

    weighting: Any
    comparison_weights: str = "diversity"
    reward: str = "linear"
    regularization: float = 0.01
    shrinkage: float | Literal["auto"] = 0.0
    by: str | None = None
    prompts: str = "joint"

    def __post_init__(self) -> None:
        """Check the names."""
        check_choice("comparison_weights", self.comparison_weights, COMPARISON_WEIGHTS)
        check_choice("reward", self.reward, REWARDS)
        check_choice("prompts", self.prompts, PROMPTS)
        if self.weighting is not None and not hasattr(self.weighting, "fit"):
            raise ParameterError(
                f"weighting must be an estimator with fit(X) and weights_, such as DiversityWeights(), "
                f"or None for plain. Got {self.weighting!r}."
            )

    def fit(
        self,
        comparisons: Comparisons,
        embeddings: FloatArray,
        *,
        weights: FloatArray | None = None,
        scale: float | None = None,
    ) -> Fitted:
        """Learn weights, comparison weights and rewards.

        Parameters
        ----------
        comparisons : Comparisons
        embeddings : ndarray of shape (n_alternatives, n_dims)
        weights : ndarray of shape (n_alternatives,), default=None
            Alternative weights made elsewhere; None: fit `weighting`.
        scale : float, default=None
            The h that goes with `weights`; None: the fitted weighting's ``scale_``.
        """
        weighting, rows = None, None
        if self.weighting is not None:
            if weights is None:
                weighting = clone(self.weighting).fit(embeddings)
                weights = np.asarray(weighting.weights_, dtype=np.float64)
            rows = comparison_weights(
                comparisons,
                alternative_weight=weights,
                embeddings=embeddings,
                method=self.comparison_weights,
                scale=scale or getattr(weighting, "scale_", None) or "auto",
                by=self.by,
                prompts=self.prompts,
            )
        else:
            weights = None
        model: Any
        if self.reward == "tabular":
            model = BradleyTerry(regularization=self.regularization).fit(
                comparisons, alternative_weight=weights, comparison_weight=rows
            )
        else:
            kind = LinearReward if self.reward == "linear" else KernelReward
            model = kind(regularization=self.regularization, shrinkage=self.shrinkage).fit(
                comparisons, embeddings, alternative_weight=weights, comparison_weight=rows
            )
        return Fitted(weighting=weighting, weights=weights, comparison_weights=rows, model=model)
