"""The certificate: how far any reward can move when any number of near-copies is added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.typing import FloatArray, RandomState
from cloneproof._core.validation import as_weights, check_number
from cloneproof.audit.difference_bound import bound_difference
from cloneproof.audit.displacement import find_displacement
from cloneproof.audit.moves import BoundedMove, KnownMove, Move, largest_spread
from cloneproof.preferences import Comparisons, empirical_win_rates
from cloneproof.rewards import BradleyTerry, win_rate_gaps

__all__ = ["Certificate", "certify"]


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A bound on the move of every reward, with the terms it is made of.

    Parameters
    ----------
    bound : float
        No reward moves by more, natural-log odds; clones' rewards are compared with their original's.
    difference_bound : float
        No difference between two rewards moves by more; hence no centred reward either.
    simple_bound : float
        ``(2 total_variation + 2 lipschitz epsilon) / lambda``: the bound without looking at win rates.
    total_variation : float
        How much weight the clones can move between families of copies, at most 1.
    weight_term, clone_term : float
        What moved weights, and clones that are judged slightly otherwise, contribute to the spread of the
        win-rate identity's residual, in units of win rate.
    reward_range : float or None
        Largest difference between two rewards before; None without comparisons.
    regularization, epsilon, lipschitz : float
    confidence : float
        1, or less where the move of the weights was measured at sampled points.
    assumptions : tuple of str
        What the bound takes for granted, one sentence each.
    """

    bound: float
    difference_bound: float
    simple_bound: float
    total_variation: float
    weight_term: float
    clone_term: float
    reward_range: float | None
    regularization: float
    epsilon: float
    lipschitz: float
    confidence: float
    assumptions: tuple[str, ...]

    @property
    def is_informative(self) -> bool:
        """Whether the bound rules out that best and worst change places."""
        return self.reward_range is not None and self.difference_bound < self.reward_range

    def to_dict(self) -> Mapping[str, Any]:
        """Return the certificate as JSON-ready values (an infinite bound is None)."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        values["assumptions"] = list(self.assumptions)
        values["is_informative"] = self.is_informative
        return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in values.items()}


def certify(
    w: Any,
    *,
    regularization: float = 0.01,
    comparisons: Comparisons | None = None,
    embeddings: ArrayLike | None = None,
    epsilon: float = 0.0,
    lipschitz: float | None = None,
    moved_to: ArrayLike | None = None,
    total_variation: float | None = None,
    random_state: RandomState = None,
) -> Certificate:
    """Bound how far any reward can move when any number of clones within epsilon is added.

    It speaks about the weighted maximum-likelihood rewards of :class:`BradleyTerry` (one reward per
    alternative, every pair compared, ``w_a w_b`` a pair), before and after clones are added and the weights
    are learned anew.

    Parameters
    ----------
    w : fitted weighting, or array-like of shape (n_alternatives,)
        A fitted `VoronoiWeights`, `DiversityWeights`, `ScaleTreeWeights` (exact copies only), `FamilyWeights`
        or `UniformWeights` together with `embeddings` and `epsilon`; or weights together with `moved_to` or `total_variation`.
    regularization : float, default=0.01
        The lambda of the term ``(lambda / 2) sum_a w_a r_a^2``.
    comparisons : Comparisons, default=None
        A complete design; its win rates and rewards make the bound much sharper. None: the bound holds
        for all win rates.
    embeddings : array-like of shape (n_alternatives, n_dims), default=None
        What the weighting was fitted on.
    epsilon : float, default=0.0
        Each clone lies within this distance of its original. 0: exact copies.
    lipschitz : float, default=None
        How much a win rate p(a > b) changes at most per unit of distance that a or b moves. If every
        annotator's rewards change by at most K per unit, K / 4 is enough. Needed where epsilon > 0.
    moved_to : array-like of shape (n_alternatives,), default=None
        The weights after cloning, those of clones added to their original's: a bound for this one move.
    total_variation : float, default=None
        A bound in [0, 1] on ``sum |w' - w| / 2`` where you know one.
    random_state : int, Generator or None, default=None
        Seed of the points at which sampled Voronoi cells are inspected.

    Returns
    -------
    certificate : Certificate

    Raises
    ------
    ParameterError
        For options out of range, or that do not say how the weights can move.
    InputError
        If the comparisons are no complete design, or shapes differ.

    Notes
    -----
    The terms: clones keep their original's win rates up to ``2 lipschitz epsilon``; merged into their
    originals, they change the weights from w to w'. The old rewards then miss the new win-rate identity
    by a residual whose spread is at most ``weight_term + clone_term``, and :func:`bound_difference` turns
    it into a bound on differences. Rewards themselves are pinned by ``sum w r = 0`` before and
    ``sum w' r' = 0`` after, which adds the largest ``sum (w' - w) r``; alternatively the Jacobian, whose
    inverse has infinity norm at most 1 / lambda, bounds them by ``max |e| / lambda``. The smaller counts.

    Cost O(m^3) for m alternatives up to some hundred, O(m^2) beyond with a bound up to twice as large.

    References
    ----------
    .. [1] Procaccia, Schiffer & Zhang, "Clone-Robust AI Alignment", ICML 2025, arXiv:2501.09254.

    Examples
    --------
    >>> certify([0.5, 0.5], moved_to=[0.5, 0.5]).bound
    0.0
    >>> round(certify([0.5, 0.3, 0.2], moved_to=[0.5, 0.2, 0.3], regularization=0.5).bound, 9)
    0.4
    """
    strength = check_number("regularization", regularization, low=0.0)
    distance = check_number("epsilon", epsilon, low=0.0)
    if lipschitz is None and distance > 0.0:
        raise ParameterError(
            f"epsilon = {distance:g} needs `lipschitz`: how much a win rate may differ between a clone and "
            "its original per unit of distance."
        )
    smoothness = 0.0 if lipschitz is None else check_number("lipschitz", lipschitz, low=0.0)
    weights, move, assumptions, confidence = _moves(
        w, embeddings, distance, moved_to, total_variation, random_state
    )
    near = 2.0 * smoothness * distance  # |p(z > y) - p(a > b)| for clones z of a and y of b
    reach = move.total_variation
    terms: dict[str, Any] = {
        "simple_bound": _divide(2.0 * reach + near, strength),
        "total_variation": reach,
        "clone_term": 2.0 * near,
        "regularization": strength,
        "epsilon": distance,
        "lipschitz": smoothness,
        "confidence": confidence,
    }
    assumed = (
        "every pair is compared, clones included, and a pair counts w_a w_b",
        *(
            (f"a win rate differs by at most {smoothness:g} per unit of distance",)
            if near > 0.0
            else ("clones win and lose as their originals do",)
        ),
        *assumptions,
    )
    if comparisons is None:
        bound = terms["simple_bound"]
        return Certificate(
            bound=bound,
            difference_bound=_divide(4.0 * reach + 2.0 * near, strength),
            weight_term=4.0 * reach,
            reward_range=None,
            assumptions=assumed,
            **terms,
        )
    gaps, rewards, residual = _observed(comparisons, weights, strength)
    weight_term = largest_spread(move, gaps) + float(np.ptp(residual))
    span = float(np.ptp(rewards))
    difference = bound_difference(weight_term + 2.0 * near, span, strength)
    pinned = float(np.abs([move.largest(rewards[None, :]), move.largest(-rewards[None, :])]).max())
    largest = np.maximum(move.largest(gaps), move.largest(-gaps)) + np.abs(residual)
    by_ridge = _divide(float(largest.max()) + near, strength)
    return Certificate(
        bound=min(difference + pinned, by_ridge),
        difference_bound=difference,
        weight_term=weight_term,
        reward_range=span,
        assumptions=assumed,
        **terms,
    )


def _moves(
    w: Any,
    embeddings: ArrayLike | None,
    epsilon: float,
    moved_to: ArrayLike | None,
    total_variation: float | None,
    random_state: RandomState,
) -> tuple[FloatArray, Move, tuple[str, ...], float]:
    """Return the weights, how they can move, what that assumes and with which confidence."""
    given = [
        name
        for name, value in (("moved_to", moved_to), ("total_variation", total_variation))
        if value is not None
    ]
    fitted = hasattr(w, "fit")
    if fitted and not hasattr(w, "weights_"):
        raise ParameterError(f"w must be fitted: call fit(embeddings) first. Got {w!r}.")
    raw = np.asarray(w.weights_ if fitted else w, dtype=np.float64)
    weights = as_weights(raw, raw.size, name="w", per="alternative")
    if len(given) == 2 or (not given and not fitted):
        raise ParameterError(
            "certify must know how the weights can move: pass a fitted weighting with `embeddings`, or "
            "weights with either `moved_to` or `total_variation`. "
            f"Got {' and '.join(given) or 'weights alone'}."
        )
    if moved_to is not None:
        after = as_weights(moved_to, weights.size, name="moved_to", per="alternative")
        return weights, KnownMove(after - weights), ("the weights after cloning are `moved_to`",), 1.0
    if total_variation is not None:
        most = check_number("total_variation", total_variation, low=0.0, high=1.0, high_open=False)
        return weights, BoundedMove(most), (f"weights move by at most {most:g} in total variation",), 1.0
    if embeddings is None:
        raise ParameterError("certify needs the `embeddings` that the weighting was fitted on. Got None.")
    found = find_displacement(w, embeddings, epsilon, random_state=random_state)
    return weights, found.move, found.assumptions, found.confidence


def _observed(
    comparisons: Comparisons, weights: FloatArray, regularization: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return p_ab - s(r_a - r_b), the rewards, and what they miss of the win-rate identity."""
    m = comparisons.n_alternatives
    if weights.size != m:
        raise InputError(f"w has {weights.size:,} weights but the comparisons name {m:,} alternatives.")
    rates = empirical_win_rates(comparisons)
    missing = np.isnan(rates)
    if missing.any():
        first, second = (comparisons.ids[i : i + 1].tolist()[0] for i in np.argwhere(missing)[0])
        raise InputError(
            f"certify needs every pair compared; {int(missing.sum()) // 2:,} of {m * (m - 1) // 2:,} are "
            f"not, first: {first!r} and {second!r}. Leave `comparisons` out for the bound that holds for "
            "all win rates."
        )
    rewards = (
        BradleyTerry(regularization=regularization).fit(comparisons, alternative_weight=weights).rewards_
    )
    gaps = rates - expit(rewards[:, None] - rewards[None, :])
    residual = win_rate_gaps(rewards, comparisons, weights, regularization=regularization)
    return gaps, rewards, residual


def _divide(value: float, regularization: float) -> float:
    """Return value / regularization, 0 / 0 being 0."""
    if value == 0.0:
        return 0.0
    return value / regularization if regularization > 0.0 else float("inf")
