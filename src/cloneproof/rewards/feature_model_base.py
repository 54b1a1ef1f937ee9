"""What the linear and the kernel reward share: rewards, intervals, predictions."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm
from scipy.stats import t as student

from cloneproof._core.errors import ParameterError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof._core.validation import check_number
from cloneproof.preferences import Comparisons
from cloneproof.rewards.feature_model import FeatureFit, fit_features
from cloneproof.rewards.feature_model_rows import objective_of
from cloneproof.rewards.feature_model_sandwich import sandwich_root
from cloneproof.rewards.objective import logistic
from cloneproof.rewards.weighting import WeightedDesign

__all__ = ["FeatureReward", "check_shrinkage", "mean_variance"]


def check_shrinkage(shrinkage: Any) -> float | Literal["auto"]:
    """Return a checked shrinkage."""
    if isinstance(shrinkage, str):
        if shrinkage != "auto":
            raise ParameterError(f"shrinkage must be a number in [0, inf) or 'auto'. Got {shrinkage!r}.")
        return "auto"
    return check_number("shrinkage", shrinkage, low=0.0)


def mean_variance(features: FloatArray, w: FloatArray) -> float:
    """Return ``tr(S^2) / tr(S)`` of the weighted covariance S of centred features; 1 where S is 0."""
    S = (features.T * w) @ features
    trace = float(np.trace(S))
    return trace * float(np.square(S / trace).sum()) if trace > 0 else 1.0


class FeatureReward:
    """Base of rewards ``r = theta . z(x)``; a subclass says what the features z are."""

    regularization: float
    tol: float
    rewards_: FloatArray
    gradient_norm_: float
    n_iter_: int
    alternative_weight_: FloatArray
    _fit: FeatureFit
    _root: FloatArray

    def _features(self, X: ArrayLike) -> FloatArray:
        """Return the features of embeddings, centred as in the fit."""
        raise NotImplementedError

    def _minimise(
        self,
        design: WeightedDesign,
        features: FloatArray,
        penalty: float,
        clusters: IntArray | None,
    ) -> None:
        """Fit on centred features, with ``penalty |theta|^2 / 2``, and keep what intervals need."""
        objective = objective_of(design, float(self.regularization))
        fit = fit_features(objective, features, penalty=penalty, tol=float(self.tol))
        self._fit = fit
        self._n_clusters = None if clusters is None else int(clusters.max()) + 1
        self._root = sandwich_root(design, fit.rewards, features @ fit.basis, fit.hessian, clusters)
        self.alternative_weight_ = design.alternative_weight
        self.rewards_ = fit.rewards
        self.gradient_norm_ = fit.gradient_norm
        self.n_iter_ = fit.n_iter
        self.standard_errors_ = self._errors(features)

    def _errors(self, features: FloatArray) -> FloatArray:
        """Return the standard error of ``features @ theta`` (centred features)."""
        return np.asarray(
            np.sqrt(np.square((features @ self._fit.basis) @ self._root).sum(axis=1)), dtype=np.float64
        )

    def predict(self, X: ArrayLike) -> FloatArray:
        """Return the rewards of any alternatives from their embeddings.

        Parameters
        ----------
        X : array-like of shape (n_new, n_dims)
            Embeddings by the encoder that the reward was fitted on.

        Returns
        -------
        rewards : ndarray of shape (n_new,)
            On the scale of `rewards_` (whose weighted mean is 0).
        """
        return np.asarray(self._features(X) @ self._fit.theta, dtype=np.float64)

    def interval(self, level: float = 0.95, X: ArrayLike | None = None) -> FloatArray:
        """Return the ends of an interval for each reward.

        Parameters
        ----------
        level : float, default=0.95
            Probability of covering, in (0, 1), for each reward by itself.
        X : array-like of shape (n_new, n_dims), default=None
            Embeddings of other alternatives; None: the alternatives of the fit.

        Returns
        -------
        ends : ndarray of shape (n_alternatives, 2)

        Notes
        -----
        Normal limits (Student's t with clusters) from the sandwich covariance, around the reward that the regularised fit aims at:
        the bias of the ridge and of the features is not in them.
        """
        check_number("level", level, low=0.0, high=1.0, low_open=True)
        tail = 0.5 * (1.0 + level)
        width = float(
            norm.ppf(tail) if self._n_clusters is None else student.ppf(tail, max(self._n_clusters - 1, 1))
        )
        if X is None:
            center, errors = self.rewards_, self.standard_errors_
        else:
            features = self._features(X)
            center, errors = features @ self._fit.theta, self._errors(features)
        return np.column_stack([center - width * errors, center + width * errors])

    def win_rate(self, a: int, b: int) -> float:
        """Return the fitted probability that alternative `a` is preferred to `b` (positions)."""
        m = len(self.rewards_)
        for name, position in (("a", a), ("b", b)):
            if not isinstance(position, (int, np.integer)) or not 0 <= position < m:
                raise ParameterError(f"{name} must be a position from 0 to {m - 1}. Got {position!r}.")
        return float(logistic(self.rewards_[[a]] - self.rewards_[[b]])[0])

    def accuracy(self, comparisons: Comparisons, X: ArrayLike) -> float:
        """Return the share of comparisons that the reward predicts, ties of the reward counted half.

        Parameters
        ----------
        comparisons : Comparisons
            With outcomes; those of 0.5 are left out.
        X : array-like of shape (n_alternatives, n_dims)
            Embeddings in the order of ``comparisons.ids``.
        """
        rewards = self.predict(X)
        d = rewards[comparisons.left] - rewards[comparisons.right]
        won = np.sign(comparisons.outcome - 0.5)
        decided = won != 0
        if not decided.any():
            return float("nan")
        right = 0.5 * (1.0 + np.sign(d[decided]) * won[decided])
        return float(np.average(right, weights=comparisons.count[decided]))
