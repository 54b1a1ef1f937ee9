"""A reward that is a smooth function of the embedding: flexible, convex, no network."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike

from cloneproof._core.errors import ParameterError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof._core.validation import check_integer, check_number
from cloneproof.preferences import Comparisons
from cloneproof.rewards.feature_model_base import FeatureReward, check_shrinkage, mean_variance
from cloneproof.rewards.feature_model_choice import choose_shrinkage
from cloneproof.rewards.feature_model_rows import as_embeddings
from cloneproof.rewards.uncertainty_scores import as_clusters
from cloneproof.rewards.weighting import weigh
from cloneproof.weights import gaussian_kernel
from cloneproof.weights.scale import rms_distance

__all__ = ["KernelReward", "pivoted_cholesky"]

SMALLEST_PIVOT = 1e-10
"""A text whose squared feature distance to the span of the landmarks is below this adds nothing."""


class KernelReward(FeatureReward):
    """Learn a reward ``r(x) = f(x) - f_mean`` with f in the space of a Gaussian kernel.

    .. math:: min_f  - sum_e omega_e [ y_e log s(r_a - r_b) + (1 - y_e) log s(r_b - r_a) ]
                     + (lambda / 2) sum_a w_a r_a^2 + (mu c / 2) |f|_H^2

    the objective of :class:`BradleyTerry` with ``r = f(x)``. It is convex, so the fit is the one
    optimum, certified by its gradient. Near-copies have nearly equal rewards: ``|f(x) - f(x')| <=
    |f|_H |x - x'| / h``.

    Parameters
    ----------
    scale : float or "auto", default="auto"
        h of the kernel ``exp(-|x - x'|^2 / (2 h^2))``: how far one judgment reaches. "auto": the
        weighted root-mean-square distance of two alternatives. (Weights ask which texts say the *same*
        and use a much smaller h.)
    regularization : float, default=0.01
        ``lambda``, at least 0: the ridge on the rewards.
    shrinkage : float or "auto", default="auto"
        ``mu``, at least 0, in units of c, the mean variance ``tr(S^2) / tr(S)`` of the features. "auto":
        the one of 0.001, 0.003, ..., 1 with the best weighted log-likelihood on held-out pairs. With 0 and
        as many landmarks as alternatives, it is one free reward per distinct text.
    n_landmarks : int, default=500
        Texts that span f (Nystroem); with that many distinct alternatives or fewer, f is exact. They
        are chosen one after the other as the text farthest, in the kernel's feature space, from the
        span of those before (pivoted Cholesky), so that copies are never chosen twice.
    tol : float, default=1e-10
        Largest entry of the gradient to reach, relative to the total comparison weight.

    Attributes
    ----------
    rewards_, standard_errors_, gradient_norm_, n_iter_, alternative_weight_
        As in :class:`LinearReward`.
    scale_, shrinkage_ : float
        As used.
    landmarks_ : ndarray of shape (n_landmarks,)
        Positions of the landmarks among the alternatives.
    residual_ : float
        Largest squared feature distance of an alternative from the landmarks' span; 0 is exact, 1 a
        text that no landmark resembles.

    Notes
    -----
    O(m L^2 + m L d) for L landmarks, then as :class:`LinearReward` with L features; 8 m L bytes.

    References
    ----------
    .. [1] Williams & Seeger, "Using the Nystroem method to speed up kernel machines", NIPS 2000.

    Examples
    --------
    >>> c = Comparisons.from_win_rates([[0.5, 0.2, 0.5], [0.8, 0.5, 0.8], [0.5, 0.2, 0.5]])
    >>> reward = KernelReward(shrinkage=0.01, scale=1.0).fit(c, [[-1.0], [0.0], [1.0]])
    >>> bool(reward.predict([[0.0]])[0] > reward.predict([[1.0]])[0])
    True
    """

    scale_: float
    shrinkage_: float
    landmarks_: IntArray
    residual_: float

    def __init__(
        self,
        *,
        scale: float | Literal["auto"] = "auto",
        regularization: float = 0.01,
        shrinkage: float | Literal["auto"] = "auto",
        n_landmarks: int = 500,
        tol: float = 1e-10,
    ) -> None:
        self.scale = scale
        self.regularization = regularization
        self.shrinkage = shrinkage
        self.n_landmarks = n_landmarks
        self.tol = tol

    def fit(
        self,
        comparisons: Comparisons,
        X: ArrayLike,
        alternative_weight: ArrayLike | None = None,
        comparison_weight: ArrayLike | None = None,
        *,
        clusters: ArrayLike | str | None = None,
    ) -> KernelReward:
        """Fit f.

        Parameters
        ----------
        comparisons, X, alternative_weight, comparison_weight, clusters
            As in :meth:`LinearReward.fit`.

        Returns
        -------
        self : KernelReward
        """
        check_number("regularization", self.regularization, low=0.0)
        check_number("tol", self.tol, low=0.0, low_open=True)
        n_landmarks = check_integer("n_landmarks", self.n_landmarks, low=1)
        shrinkage = check_shrinkage(self.shrinkage)
        points = as_embeddings(X, comparisons.n_alternatives)
        design = weigh(comparisons, alternative_weight, comparison_weight, points=points)
        units = as_clusters(clusters, design)
        w = design.alternative_weight
        self.scale_ = self._choose_scale(points, w)
        table, landmarks, self.residual_ = pivoted_cholesky(points, self.scale_, n_landmarks)
        self.landmarks_ = landmarks
        self._landmark_points = points[landmarks]
        self._triangle = table[landmarks]
        self._center = np.asarray(w @ table, dtype=np.float64)
        features = table - self._center
        unit = mean_variance(features, w)
        if shrinkage == "auto":
            shrinkage = choose_shrinkage(
                design, features, unit, regularization=float(self.regularization), points=points
            )
        self.shrinkage_ = float(shrinkage)
        self._minimise(design, features, self.shrinkage_ * unit, units)
        return self

    def _choose_scale(self, points: FloatArray, w: FloatArray) -> float:
        """Return h: as given, or the weighted rms distance (1 where all texts are one point)."""
        scale: Any = self.scale
        if scale == "auto":
            return rms_distance(points, w) or 1.0
        if isinstance(scale, str):
            raise ParameterError(f"scale must be a positive number or 'auto'. Got {scale!r}.")
        return check_number("scale", scale, low=0.0, low_open=True)

    def _features(self, X: ArrayLike) -> FloatArray:
        """Return the coordinates of texts in the span of the landmarks, centred as in the fit."""
        points = as_embeddings(X, n_dims=self._landmark_points.shape[1])
        outer = gaussian_kernel(points, self.scale_, self._landmark_points)
        inside = scipy.linalg.solve_triangular(self._triangle, outer.T, lower=True).T
        return np.asarray(inside - self._center, dtype=np.float64)


def pivoted_cholesky(
    points: FloatArray, scale: float, n_landmarks: int
) -> tuple[FloatArray, IntArray, float]:
    """Choose landmarks greedily and return every text's coordinates in the span of their features.

    Returns
    -------
    table : ndarray of shape (n_points, n_chosen)
        G with ``G G' = K`` on the landmarks' rows and columns, and below K elsewhere; lower triangular
        in the rows of the landmarks.
    landmarks : ndarray of shape (n_chosen,)
    residual : float
        Largest entry of the diagonal of ``K - G G'``.
    """
    m = len(points)
    scaled = (points - points.mean(axis=0)) / scale
    norms = np.einsum("ij,ij->i", scaled, scaled)
    residual = np.ones(m)
    table = np.zeros((m, min(n_landmarks, m)))
    landmarks = np.zeros(table.shape[1], dtype=np.int64)
    chosen = 0
    while chosen < len(landmarks):
        i = int(np.argmax(residual))
        if residual[i] < SMALLEST_PIVOT:
            break
        squared = np.maximum(norms + norms[i] - 2.0 * (scaled @ scaled[i]), 0.0)
        squared[i] = 0.0
        column = np.exp(-0.5 * squared) - table[:, :chosen] @ table[i, :chosen]
        table[:, chosen] = column / np.sqrt(residual[i])
        table[i, chosen] = np.sqrt(residual[i])
        table[landmarks[:chosen], chosen] = 0.0
        residual = np.maximum(residual - table[:, chosen] ** 2, 0.0)
        landmarks[chosen] = i
        residual[landmarks[: chosen + 1]] = 0.0
        chosen += 1
    return table[:, :chosen], landmarks[:chosen], float(residual.max(initial=0.0))
