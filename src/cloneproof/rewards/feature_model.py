"""Rewards that are a linear function of features: the same objective, fitted by Newton's method.

With ``r = Z theta``, Z the centred features, the objective of :mod:`cloneproof.rewards.objective` is
convex in theta; its gradient is ``Z' g`` and its Hessian ``Z' H Z``. The linear and the kernel reward
differ only in Z and in the penalty on theta.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from threadpoolctl import threadpool_limits

from cloneproof._core.errors import ConvergenceError, NoMaximumLikelihoodError
from cloneproof._core.typing import FloatArray
from cloneproof.rewards.objective import Objective

__all__ = ["FeatureFit", "fit_features"]

RANK_TOLERANCE = 1e-12
"""Directions whose curvature is below this share of the largest are undetermined; theta is 0 there."""

LARGEST_REWARD = 300.0
"""Rewards beyond this (odds of e^300) mean that the likelihood has no finite maximiser."""

_SEPARATED = (
    "the likelihood has no finite maximiser: a function of the features predicts every comparison that it "
    "tells apart, and nothing holds it. Raise `regularization`, or use fewer features."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureFit:
    """What the fit found.

    Parameters
    ----------
    theta : ndarray of shape (n_features,)
        Coefficients; the least-norm ones where features leave a direction undetermined.
    rewards : ndarray of shape (n_alternatives,)
        ``Z theta``.
    basis : ndarray of shape (n_features, n_directions)
        The determined directions, scaled so that the Hessian at zero rewards is the total
        comparison weight times the identity.
    hessian : ndarray of shape (n_directions, n_directions)
        Hessian of the objective at the solution, in that basis.
    gradient_norm : float
        Largest absolute entry of the gradient in that basis, divided by the total comparison weight.
    n_iter : int
        Newton steps.
    """

    theta: FloatArray
    rewards: FloatArray
    basis: FloatArray
    hessian: FloatArray
    gradient_norm: float
    n_iter: int


def fit_features(
    objective: Objective,
    features: FloatArray,
    *,
    penalty: float = 0.0,
    tol: float,
    max_iter: int = 100,
) -> FeatureFit:
    """Minimise the objective over ``r = features @ theta``, plus ``penalty |theta|^2 / 2``.

    Parameters
    ----------
    objective : Objective
        Likelihood and ridge as functions of the rewards.
    features : ndarray of shape (n_alternatives, n_features)
        Z, centred by the alternative weights.
    penalty : float, default=0.0
        Beyond the ridge on the rewards.
    tol : float
        Gradient to reach, in units of the total comparison weight.

    Raises
    ------
    NoMaximumLikelihoodError
        If the rewards grow without bound: some function of the features separates the comparisons and
        no penalty holds it.
    ConvergenceError
        If the gradient is not reached in `max_iter` steps.

    Notes
    -----
    Newton's method with step halving, in coordinates in which the Hessian at zero rewards is the
    identity. Cost of a step: O(n_rows + n_alternatives n_features^2). BLAS is held to one thread: the
    result does not depend on the number of threads, and small matrices gain nothing from more.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        return _fit(objective, features, penalty, tol, max_iter)


def _fit(objective: Objective, features: FloatArray, penalty: float, tol: float, max_iter: int) -> FeatureFit:
    """Run Newton's method; see :func:`fit_features`."""
    total = objective.total_weight
    basis = _basis(objective, features, penalty)
    n_directions = basis.shape[1]
    Z = features @ basis
    ridge = (Z.T * objective.ridge) @ Z
    P = penalty * (basis.T @ basis)

    def measure(beta: FloatArray) -> tuple[float, FloatArray]:
        r = Z @ beta
        return objective.value(r) + 0.5 * float(beta @ P @ beta), r

    gamma = np.zeros(n_directions)
    value, rewards = measure(gamma)
    norm = 0.0
    for n_iter in range(max_iter + 1):
        gradient = Z.T @ objective.gradient(rewards) + P @ gamma
        hessian = Z.T @ (objective.hessian(rewards) @ Z) + P
        norm = float(np.abs(gradient).max(initial=0.0)) / total if total > 0 else 0.0
        if norm <= tol:
            _check_determined(hessian, ridge + P, total)
            return FeatureFit(
                theta=basis @ gamma,
                rewards=rewards,
                basis=basis,
                hessian=hessian,
                gradient_norm=norm,
                n_iter=n_iter,
            )
        if n_iter == max_iter or np.abs(rewards).max() > LARGEST_REWARD:
            break
        value, gamma, rewards = _descend(measure, gamma, _solve(hessian, gradient), gradient, value)
    if np.abs(rewards).max() > LARGEST_REWARD:
        raise NoMaximumLikelihoodError(_SEPARATED)
    raise ConvergenceError(
        f"Newton's method reached a gradient of {norm:.1e} per unit weight in {max_iter} steps, not the "
        f"{tol:.1e} asked for. Raise `tol`."
    )


def _basis(objective: Objective, features: FloatArray, penalty: float) -> FloatArray:
    """Return the determined directions, scaled so that the Hessian at zero is the total weight."""
    n_features = features.shape[1]
    at_zero = features.T @ (objective.hessian(np.zeros(len(features))) @ features)
    at_zero[np.diag_indices(n_features)] += penalty
    values, vectors = scipy.linalg.eigh(at_zero) if n_features else (np.zeros(0), np.zeros((0, 0)))
    largest = float(values[-1]) if n_features else 0.0
    kept = values > RANK_TOLERANCE * largest if largest > 0 else np.zeros(n_features, dtype=bool)
    basis: FloatArray = vectors[:, kept] * np.sqrt(objective.total_weight / values[kept])
    return basis


def _solve(hessian: FloatArray, gradient: FloatArray) -> FloatArray:
    """Return the Newton step; where rounding left the Hessian indefinite, a damped one."""
    shift = 0.0
    largest = float(np.abs(np.diagonal(hessian)).max())
    while True:
        try:
            factor = scipy.linalg.cho_factor(hessian + shift * np.eye(len(gradient)))
        except scipy.linalg.LinAlgError:
            shift = max(10.0 * shift, 1e-15 * largest, np.finfo(float).tiny)
            continue
        return np.asarray(scipy.linalg.cho_solve(factor, -gradient), dtype=np.float64)


def _descend(
    measure: Callable[[FloatArray], tuple[float, FloatArray]],
    gamma: FloatArray,
    step: FloatArray,
    gradient: FloatArray,
    value: float,
) -> tuple[float, FloatArray, FloatArray]:
    """Take the Newton step, halved until the objective falls as it should."""
    slope = float(gradient @ step)
    rounding = 1e-13 * abs(value)
    length = 1.0
    while True:
        new = gamma + length * step
        reached, rewards = measure(new)
        if reached <= value + 1e-4 * length * slope + rounding or length < 1e-10:
            return reached, new, rewards
        length *= 0.5


def _check_determined(hessian: FloatArray, held: FloatArray, total: float) -> None:
    """Raise where the gradient vanished only because rewards ran away along a separating direction."""
    if not len(hessian):
        return
    values, vectors = scipy.linalg.eigh(hessian, subset_by_index=[0, 0])
    flattest = vectors[:, 0]
    if values[0] <= 1e-8 * total and float(flattest @ held @ flattest) < 0.5 * values[0]:
        raise NoMaximumLikelihoodError(_SEPARATED)
