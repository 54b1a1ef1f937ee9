"""One reward per alternative: the weighted, regularised Bradley-Terry model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import ParameterError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof._core.validation import check_number
from cloneproof.preferences import Comparisons
from cloneproof.rewards.bordered import BorderedFit, fit_bordered
from cloneproof.rewards.connectivity import require_maximum
from cloneproof.rewards.engine import Solution, minimise
from cloneproof.rewards.limits import set_limit_rewards
from cloneproof.rewards.objective import Objective
from cloneproof.rewards.options import as_anchors, as_covariates, check_combination, tie_model
from cloneproof.rewards.ranks import rank_intervals, reward_intervals
from cloneproof.rewards.ties import TieModel
from cloneproof.rewards.uncertainty import Uncertainty
from cloneproof.rewards.uncertainty_system import FittedSystem, estimate_uncertainty
from cloneproof.rewards.weighting import WeightedDesign, weigh

__all__ = ["BradleyTerry", "fit_design"]


class BradleyTerry:
    """Learn one reward per alternative from comparisons, with weights and a ridge.

    .. math:: min_r  - sum_e omega_e [ y_e log s(r_a - r_b) + (1 - y_e) log s(r_b - r_a) ]
                     + (lambda / 2) sum_a w_a r_a^2

    Parameters
    ----------
    regularization : float, default=0.01
        ``lambda``, at least 0. Rewards are pulled to 0 a little; with 0 they are the plain maximum
        likelihood, which exists only if every set of alternatives won and lost against the rest.
    tol : float, default=1e-10
        Norm of the gradient to reach, relative to the total comparison weight.
    ties : {"half", "rao-kupper", "davidson"}, default="half"
        What an outcome of 0.5 is: half a win for each, or an outcome of its own with a fitted
        parameter (:mod:`cloneproof.rewards.ties`); outcomes must then be 0, 0.5 or 1.

    Attributes
    ----------
    rewards_ : float64 ndarray of shape (n_alternatives,)
        Natural-log odds, in the order of ``comparisons.ids``; ``sum_a w_a r_a = 0``.
    gradient_norm_ : float
        Norm of the gradient divided by the total comparison weight.
    n_iter_ : int
        Newton steps taken.
    tie_parameter_ : float or None
        ``theta >= 1`` of Rao-Kupper, ``nu >= 0`` of Davidson; None for half wins.
    coefficients_, coefficient_standard_errors_ : float64 ndarray of shape (n_covariates,)
        Effect on the log odds of a covariate of root mean square 1.
    covariate_scale_ : float64 ndarray of shape (n_covariates,)
        Root mean squares; ``coefficients_ / covariate_scale_`` is per unit of the covariate.
    alternative_weight_ : float64 ndarray of shape (n_alternatives,)
        The weights `w` used, sum 1.
    log_likelihood : float
        ``sum_e omega_e [y_e log s(d_e) + (1 - y_e) log s(-d_e)]``, with the scaled weights.

    Raises
    ------
    NoMaximumLikelihoodError
        If nothing bounds some rewards; the message names a witness.

    Notes
    -----
    Comparison weights are scaled to the sum ``(1 - sum w^2) / 2``, so that `lambda` means the same
    with and without weights. The reward of an alternative of weight 0 is the limit as its weight goes
    to 0. O(n_comparisons) memory and time a Newton step; a fit takes 4 to 10.

    References
    ----------
    .. [1] Procaccia, Schiffer & Zhang, "Clone-Robust AI Alignment", ICML 2025, arXiv:2501.09254.

    Examples
    --------
    >>> c = Comparisons.from_win_rates([[0.5, 0.8], [0.2, 0.5]])
    >>> bt = BradleyTerry(regularization=0).fit(c)
    >>> bt.rewards_.round(3)
    array([ 0.693, -0.693])
    >>> round(bt.win_rate(0, 1), 3)
    0.8
    """

    def __init__(self, *, regularization: float = 0.01, tol: float = 1e-10, ties: str = "half") -> None:
        self.regularization = regularization
        self.tol = tol
        self.ties = ties

    def fit(
        self,
        comparisons: Comparisons,
        alternative_weight: ArrayLike | None = None,
        comparison_weight: ArrayLike | None = None,
        *,
        covariates: ArrayLike | None = None,
        anchors: Mapping[Any, float] | None = None,
        clusters: ArrayLike | str | None = None,
        start: ArrayLike | None = None,
    ) -> BradleyTerry:
        """Fit the rewards.

        Parameters
        ----------
        comparisons : Comparisons
        alternative_weight : array-like of shape (n_alternatives,), default=None
            `w`, scaled to sum 1; None: 1 / m.
        comparison_weight : array-like of shape (n_comparisons,), default=None
            Weight of each whole row, its count included, on any scale. None: with alternative weights
            each observed pair has ``w_a w_b``, shared by its rows ("balanced"); without, every
            comparison counts once.
        covariates : array-like of shape (n_comparisons, n_covariates), default=None
            Numbers that may sway a judgment beside the alternatives, as differences left minus right
            (length, markdown); a column of ones is the advantage of standing left. Their effects
            are fitted with the rewards.
        anchors : mapping from id to reward, default=None
            One: all rewards are shifted so that it holds. Several: these rewards are fixed, and the
            ridge pulls to their common level instead of 0.
        clusters : array-like of shape (n_comparisons,), "annotator" or "row", default=None
            What is independent of what, for standard errors: rows of one cluster (an annotator, a
            prompt) are not. None: by annotator where the comparisons name them, else by row.
        start : array-like of shape (n_alternatives,), default=None
            Rewards to start from, such as those of an earlier fit.

        Returns
        -------
        self : BradleyTerry
        """
        regularization = check_number("regularization", self.regularization, low=0.0)
        tol = check_number("tol", self.tol, low=0.0, low_open=True)
        design = weigh(comparisons, alternative_weight, comparison_weight)
        model = tie_model(self.ties, design)
        scaled, scale = as_covariates(covariates, len(comparisons))
        position, value = as_anchors(anchors, comparisons)
        first = _as_start(start, comparisons)
        self._fixed = None
        if len(position) > 1:
            self._fixed = np.isin(np.arange(comparisons.n_alternatives), position)
        self._bordered: BorderedFit | None = None
        self.rewards_: FloatArray
        if model.n_parameters or len(scale) or self._fixed is not None:
            given = dict(zip(position.tolist(), value.tolist(), strict=True)) if len(position) > 1 else {}
            more = _fit_more(design, regularization, model, scaled, given, tol=tol, start=first)
            self._bordered, self.rewards_ = more, more.rewards
            fitted: BorderedFit | Solution = more
        else:
            self.rewards_, fitted = fit_design(design, regularization, tol=tol, start=first)
        self._curvature = fitted.curvature
        if len(position) == 1:
            self.rewards_ = self.rewards_ + (value[0] - self.rewards_[position[0]])
        self._reference = int(position[0]) if len(position) == 1 else None
        self.gradient_norm_, self.n_iter_ = fitted.gradient_norm, fitted.n_iterations
        self._ties, self._eta = model, 0.0
        self.tie_parameter_: float | None = None
        if self.ties != "half":
            self._eta = float(self._bordered.extra[0]) if model.n_parameters and self._bordered else -np.inf
            none = 1.0 if self.ties == "rao-kupper" else 0.0
            self.tie_parameter_ = float(np.exp(self._eta)) if model.n_parameters else none
        n_eta = model.n_parameters
        extra = np.empty(0) if self._bordered is None else self._bordered.extra
        self.coefficients_: FloatArray = extra[n_eta : n_eta + len(scale)]
        self.covariate_scale_ = scale
        self.alternative_weight_ = design.alternative_weight
        self._design: WeightedDesign = design
        self._covariates = scaled
        self._clusters = clusters
        self._uncertainty: Uncertainty | None = None
        return self

    @property
    def coefficient_standard_errors_(self) -> FloatArray:
        """Standard errors of `coefficients_`, made on first use."""
        first = len(self.rewards_) + self._ties.n_parameters
        return self.uncertainty_.standard_errors[first : first + len(self.coefficients_)]

    @property
    def uncertainty_(self) -> Uncertainty:
        """Covariance and draws of the estimation error, made on first use."""
        if self._uncertainty is None:
            self._uncertainty = estimate_uncertainty(self._system(), clusters=self._clusters)
        return self._uncertainty

    @property
    def standard_errors_(self) -> FloatArray:
        """Standard error of each reward, shape (n_alternatives,), made on first use."""
        return self.uncertainty_.standard_errors[: len(self.rewards_)]

    def interval(self, level: float = 0.95, *, simultaneous: bool = False) -> FloatArray:
        """Return the ends of an interval for each reward.

        Parameters
        ----------
        level : float, default=0.95
            Probability that the interval covers, in (0, 1).
        simultaneous : bool, default=False
            True: all intervals together cover with that probability (wider).

        Returns
        -------
        ends : float64 ndarray of shape (n_alternatives, 2)

        Notes
        -----
        The interval is about sampling of comparisons (or of clusters). It is centred at the
        regularised reward and covers what the same objective gives on endless data of this design.
        """
        level = check_number("level", level, low=0.0, high=1.0, low_open=True)
        return reward_intervals(self.rewards_, self.uncertainty_, level, simultaneous=simultaneous)

    def rank_interval(self, level: float = 0.95) -> IntArray:
        """Return the best and worst rank that the data leave open, counted from 1.

        Returns
        -------
        ranks : int64 ndarray of shape (n_alternatives, 2)
        """
        level = check_number("level", level, low=0.0, high=1.0, low_open=True)
        return rank_intervals(self.rewards_, self.uncertainty_, level)

    @property
    def log_likelihood(self) -> float:
        """Weighted log-likelihood of the fit, without the ridge."""
        c = self._design.comparisons
        if self._bordered is None:
            return self._objective().log_likelihood(self.rewards_)
        d = self.rewards_[c.left] - self.rewards_[c.right] + self._covariates @ self.coefficients_
        omega, y = self._design.row_weights(), np.asarray(c.outcome)
        if self._ties.n_parameters:
            weights = (omega * (y == 1.0), omega * (y == 0.0), omega * (y == 0.5))
        else:
            weights = (omega * y, omega * (1.0 - y), np.zeros(len(c)))
        return -float(self._ties.terms(d, self._eta, *weights).loss.sum())

    def win_rate(self, a: int, b: int) -> float:
        """Return the fitted share of alternative `a` against `b` (positions), a tie half to each.

        With covariates: where they are 0.
        """
        m = len(self.rewards_)
        for name, position in (("a", a), ("b", b)):
            if not isinstance(position, (int, np.integer)) or not 0 <= position < m:
                raise ParameterError(f"{name} must be a position from 0 to {m - 1}. Got {position!r}.")
        won, tied, _ = self._ties.outcome_probabilities(float(self.rewards_[a] - self.rewards_[b]), self._eta)
        return won + 0.5 * tied

    def _system(self) -> FittedSystem:
        """Return the estimating equations at the solution."""
        more = self._bordered
        return FittedSystem(
            design=self._design,
            rewards=self.rewards_,
            regularization=float(self.regularization),
            curvature=self._curvature,
            slope=None if more is None else more.slope,
            extra_slope=None if more is None else more.extra_slope,
            border=None if more is None else more.border,
            corner=None if more is None else more.corner,
            fixed=self._fixed,
            reference=self._reference,
        )

    def _objective(self) -> Objective:
        """Return the objective that was minimised."""
        pairs = self._design.pairs
        return Objective(
            left=pairs.left,
            right=pairs.right,
            win=pairs.win,
            loss=pairs.loss,
            ridge=float(self.regularization) * self._design.alternative_weight,
        )


def _fit_more(
    design: WeightedDesign,
    regularization: float,
    model: TieModel,
    covariates: FloatArray,
    fixed: Mapping[int, float],
    *,
    tol: float,
    start: FloatArray | None,
) -> BorderedFit:
    """Fit rewards together with a tie parameter, coefficients, or around fixed rewards."""
    what = "several anchors" if fixed else "covariates" if covariates.shape[1] else "a model of ties"
    check_combination(design, what=what)
    m, w = len(design.alternative_weight), design.alternative_weight
    held = np.zeros(m, dtype=bool)
    held[list(fixed)] = True
    ridge = regularization * w
    if not (ridge > 0.0).all():
        require_maximum(design.pairs, held | (ridge > 0.0), np.ones(m, dtype=bool), design.comparisons.ids)
    begin = np.zeros(m) if start is None else start.copy()
    if fixed:
        begin[~held] = float(np.mean(list(fixed.values()))) if start is None else begin[~held]
        begin[list(fixed)] = list(fixed.values())
    found = fit_bordered(
        design, ridge, model, covariates, fixed=held if fixed else None, start=begin, tol=tol
    )
    if fixed:
        return found
    return replace(found, rewards=found.rewards - float(w @ found.rewards))


def fit_design(
    design: WeightedDesign, regularization: float, *, tol: float, start: FloatArray | None = None
) -> tuple[FloatArray, Solution]:
    """Return the rewards of a weighted design with ``sum_a w_a r_a = 0``, and the solver's solution."""
    w = design.alternative_weight
    ridge = regularization * w
    if (ridge == 0.0).any():
        require_maximum(design.pairs, ridge > 0.0, ~design.in_limit, design.comparisons.ids)
    solution = minimise(design.pairs, ridge, tol=tol, start=start)
    rewards = np.where(design.in_limit, 0.0, solution.rewards)
    rewards = rewards - float(w @ rewards)
    return set_limit_rewards(design, rewards, regularization), solution


def _as_start(start: ArrayLike | None, comparisons: Comparisons) -> FloatArray | None:
    """Check the rewards to start from."""
    if start is None:
        return None
    values = np.asarray(start, dtype=np.float64)
    if values.shape != (comparisons.n_alternatives,) or not np.isfinite(values).all():
        raise ParameterError(
            f"start must hold {comparisons.n_alternatives:,} finite rewards, one per alternative. "
            f"Got shape {values.shape}."
        )
    return values
