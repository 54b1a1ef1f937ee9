"""A reward that is a linear function of the embedding, for sparse comparisons."""

from __future__ import annotations

from typing import Literal

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike

from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import check_integer, check_number
from cloneproof.preferences import Comparisons
from cloneproof.rewards.feature_model_base import FeatureReward, check_shrinkage, mean_variance
from cloneproof.rewards.feature_model_choice import choose_shrinkage
from cloneproof.rewards.feature_model_rows import as_embeddings
from cloneproof.rewards.uncertainty_scores import as_clusters
from cloneproof.rewards.weighting import weigh

__all__ = ["LinearReward"]


class LinearReward(FeatureReward):
    """Learn a reward ``r(x) = theta' (x - x_mean)`` from comparisons and embeddings.

    .. math:: min_theta  - sum_e omega_e [ y_e log s(r_a - r_b) + (1 - y_e) log s(r_b - r_a) ]
                         + (lambda / 2) sum_a w_a r_a^2 + (mu c / 2) |theta|^2

    the objective of :class:`BradleyTerry` with the rewards tied together by the embedding, so that
    alternatives compared once or twice borrow strength from similar ones, and near-copies have nearly
    equal rewards.

    Parameters
    ----------
    regularization : float, default=0.01
        ``lambda``, at least 0: the ridge on the rewards, the same as everywhere.
    shrinkage : float or "auto", default=0.0
        ``mu``, at least 0: shrinks theta in directions in which embeddings hardly vary and noise is
        fitted most easily; in units of ``c``, the mean variance ``tr(S^2) / tr(S)`` of the weighted
        covariance S of the embeddings, so that `mu` and `lambda` weigh alike where all directions vary
        alike. 0: the objective of `BradleyTerry` and nothing else. "auto": the one of 0.001, 0.003, ...,
        1 with the best weighted log-likelihood on held-out pairs (five folds; copies of a pair are
        held out together). Worth its time for real text: see the documentation.
    n_components : int, default=None
        Use only this many principal directions of S; None: all.
    tol : float, default=1e-10
        Largest entry of the gradient to reach, relative to the total comparison weight.

    Attributes
    ----------
    rewards_ : ndarray of shape (n_alternatives,)
        Natural-log odds, in the order of ``comparisons.ids``; ``sum_a w_a r_a = 0``.
    standard_errors_ : ndarray of shape (n_alternatives,)
        Sandwich standard errors of `rewards_`.
    coef_ : ndarray of shape (n_dims,)
        theta.
    center_ : ndarray of shape (n_dims,)
        ``sum_a w_a x_a``.
    shrinkage_ : float
        ``mu`` as used.
    gradient_norm_ : float
        Largest entry of the gradient over the total comparison weight, along directions scaled to unit
        curvature.
    n_iter_ : int
        Newton steps.
    alternative_weight_ : ndarray of shape (n_alternatives,)
        `w` as used, sums to 1.

    Notes
    -----
    Comparisons do not see an intercept, and the ridge chooses it: the best one is ``-theta . x_mean``
    with the weighted mean, so centring is no choice but part of the solution. Directions of theta that
    change no reward and no compared difference (always there when dimensions outnumber alternatives)
    are undetermined; theta is 0 along them, which is the limit of a vanishing ridge on theta. Rewards
    do not depend on this, predictions of texts outside the span do.

    Cost: O(n_comparisons + n_alternatives d^2) a Newton step with d the smaller of n_dims and
    n_alternatives; 5 to 10 steps. Intervals treat each comparison (or each cluster) as independent.

    References
    ----------
    .. [1] Procaccia, Schiffer & Zhang, "Clone-Robust AI Alignment", ICML 2025, arXiv:2501.09254.

    Examples
    --------
    >>> c = Comparisons.from_win_rates([[0.5, 0.6, 0.8], [0.4, 0.5, 0.6], [0.2, 0.4, 0.5]])
    >>> reward = LinearReward(regularization=0.0).fit(c, [[2.0], [1.0], [0.0]])
    >>> reward.rewards_.round(3)
    array([ 0.576,  0.   , -0.576])
    >>> reward.predict([[3.0]]).round(3)
    array([1.152])
    """

    coef_: FloatArray
    center_: FloatArray
    shrinkage_: float
    _inside: FloatArray | None

    def __init__(
        self,
        *,
        regularization: float = 0.01,
        shrinkage: float | Literal["auto"] = 0.0,
        n_components: int | None = None,
        tol: float = 1e-10,
    ) -> None:
        self.regularization = regularization
        self.shrinkage = shrinkage
        self.n_components = n_components
        self.tol = tol

    def fit(
        self,
        comparisons: Comparisons,
        X: ArrayLike,
        alternative_weight: ArrayLike | None = None,
        comparison_weight: ArrayLike | None = None,
        *,
        clusters: ArrayLike | str | None = None,
    ) -> LinearReward:
        """Fit theta.

        Parameters
        ----------
        comparisons : Comparisons
        X : array-like of shape (n_alternatives, n_dims)
            Embeddings, in the order of ``comparisons.ids``.
        alternative_weight : array-like of shape (n_alternatives,), default=None
            `w`, scaled to sum 1; None: 1 / m.
        comparison_weight : array-like of shape (n_comparisons,), default=None
            Weight of each whole row, its count included, on any scale. None: with alternative weights
            each observed pair has ``w_a w_b``, shared by its rows; without, every comparison counts once.
        clusters : array-like of shape (n_comparisons,), "annotator" or "row", default=None
            What is independent of what, for standard errors: rows of one cluster are not. None: by
            annotator where the comparisons name them, else by row.

        Returns
        -------
        self : LinearReward

        Raises
        ------
        InputError
            If the embeddings or weights do not fit the comparisons, or are not finite.
        NoMaximumLikelihoodError
            If nothing holds theta along a direction that separates the comparisons.
        """
        check_number("regularization", self.regularization, low=0.0)
        check_number("tol", self.tol, low=0.0, low_open=True)
        shrinkage = check_shrinkage(self.shrinkage)
        points = as_embeddings(X, comparisons.n_alternatives)
        design = weigh(comparisons, alternative_weight, comparison_weight, points=points)
        units = as_clusters(clusters, design)
        w = design.alternative_weight
        self.center_ = np.asarray(w @ points, dtype=np.float64)
        centred = points - self.center_
        axes, unit = self._axes(centred, w)
        features = centred if axes is None else centred @ axes
        if shrinkage == "auto":
            shrinkage = choose_shrinkage(
                design, features, unit, regularization=float(self.regularization), points=points
            )
        self.shrinkage_ = float(shrinkage)
        self._minimise(design, features, self.shrinkage_ * unit, units)
        self.coef_ = self._fit.theta if axes is None else np.asarray(axes @ self._fit.theta)
        self._inside = axes
        return self

    def _features(self, X: ArrayLike) -> FloatArray:
        """Return embeddings centred, in the axes of the fit."""
        centred = as_embeddings(X, n_dims=len(self.center_)) - self.center_
        return centred if self._inside is None else centred @ self._inside

    def _axes(self, centred: FloatArray, w: FloatArray) -> tuple[FloatArray | None, float]:
        """Return orthonormal axes to work in (None: the coordinates) and the mean variance c."""
        m, n_dims = centred.shape
        if m < n_dims:
            _, _, axes = np.linalg.svd(centred, full_matrices=False)
            inside = centred @ axes.T
        else:
            axes, inside = None, centred
        unit = mean_variance(inside, w)
        if self.n_components is not None:
            n_components = check_integer("n_components", self.n_components, low=1, high=n_dims)
            _, vectors = scipy.linalg.eigh((inside.T * w) @ inside)
            principal = vectors[:, ::-1][:, :n_components]
            return (principal if axes is None else axes.T @ principal), unit
        return (None if axes is None else axes.T), unit
