"""Populations of annotators whose tastes differ: what they prefer, in closed form."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, RandomState
from cloneproof._core.validation import check_integer, check_number, generator
from cloneproof.preferences.taste import Taste

__all__ = ["Population", "make_linear_population", "paris_population", "population_win_rates"]

PARIS_TASTES = (
    (0.29, ("art", "food", "romance")),
    (0.50, ("romance", "art", "food")),
    (0.21, ("food", "romance", "art")),
)
"""Share and order (best first) of the three tastes of the paper's case study."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Population:
    """Annotators of several tastes, who choose by Bradley-Terry with a common noise.

    An annotator of taste t prefers a to b with probability ``s((r_t(a) - r_t(b)) / noise)``, s the
    logistic function. With noise 0 they always choose the better, and toss a coin between equals.

    Parameters
    ----------
    tastes : tuple of Taste
        At least one, all over the same alternatives; shares sum to 1.
    noise : float, default=1.0
        Temperature of the choice; 1: rewards are log odds.
    """

    tastes: tuple[Taste, ...]
    noise: float = 1.0
    shares: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        """Check that the tastes fit together."""
        object.__setattr__(self, "tastes", tuple(self.tastes))
        check_number("noise", self.noise, low=0.0)
        if not self.tastes:
            raise InputError("A population needs at least one taste. Got none.")
        sizes = {len(taste.rewards) for taste in self.tastes}
        if len(sizes) > 1:
            raise InputError(f"All tastes must value the same alternatives. Got {sorted(sizes)} rewards.")
        shares = np.array([taste.share for taste in self.tastes])
        if abs(shares.sum() - 1.0) > 1e-9:
            raise InputError(f"The shares of the tastes must sum to 1. Got {shares.sum():.10g}.")
        shares.flags.writeable = False
        object.__setattr__(self, "shares", shares)

    @property
    def n_alternatives(self) -> int:
        """Number of alternatives."""
        return len(self.tastes[0].rewards)

    @property
    def rewards(self) -> FloatArray:
        """Rewards of every taste, shape (n_tastes, n_alternatives)."""
        return np.stack([taste.rewards for taste in self.tastes])

    def average_rewards(self) -> FloatArray:
        """Return the share-weighted mean reward of each alternative, shape (n_alternatives,).

        It is the utilitarian target; representative comparisons do not determine it (see the theory).
        """
        average: FloatArray = self.shares @ self.rewards
        return average

    def choice_probability(self, difference: ArrayLike) -> FloatArray:
        """Return the probability of choosing an alternative that is better by `difference`."""
        gap = np.asarray(difference, dtype=np.float64)
        if self.noise == 0.0:
            return 0.5 + 0.5 * np.sign(gap)
        from scipy.special import expit

        chosen: FloatArray = expit(gap / self.noise)
        return chosen

    def draw_tastes(self, n_annotators: int, *, random_state: RandomState = None) -> np.ndarray:
        """Draw the taste of each annotator, positions into `tastes`, shape (n_annotators,)."""
        n = check_integer("n_annotators", n_annotators, low=1)
        return generator(random_state).choice(len(self.tastes), size=n, p=self.shares / self.shares.sum())

    def restrict(self, alternatives: ArrayLike) -> Population:
        """Return the same annotators over some of the alternatives (positions or a mask)."""
        chosen = np.asarray(alternatives)
        tastes = (
            Taste(share=taste.share, rewards=taste.rewards[chosen], name=taste.name) for taste in self.tastes
        )
        return Population(tastes=tuple(tastes), noise=self.noise)


def population_win_rates(population: Population) -> FloatArray:
    """Compute the share of the population that prefers each alternative to each other one.

    .. math:: p(a > b) = sum_t share_t s((r_t(a) - r_t(b)) / noise)

    Parameters
    ----------
    population : Population

    Returns
    -------
    win_rates : ndarray of shape (n_alternatives, n_alternatives)
        ``win_rates[a, b]`` is p(a > b); ``P + P.T`` is exactly 1, the diagonal 0.5.

    Notes
    -----
    O(n_tastes n_alternatives^2) time and 16 n_alternatives^2 bytes.

    Examples
    --------
    >>> one = Taste(share=0.6, rewards=[1.0, 0.0])
    >>> two = Taste(share=0.4, rewards=[0.0, 1.0])
    >>> population_win_rates(Population(tastes=(one, two), noise=0.0))
    array([[0.5, 0.6],
           [0.4, 0.5]])
    """
    m = population.n_alternatives
    total = np.zeros((m, m))
    for taste in population.tastes:
        gap = taste.rewards[:, None] - taste.rewards[None, :]
        total += taste.share * population.choice_probability(gap)
    upper = np.triu_indices(m, k=1)
    total[upper[1], upper[0]] = 1.0 - total[upper]
    np.fill_diagonal(total, 0.5)
    return total


def make_linear_population(
    embeddings: ArrayLike,
    *,
    n_tastes: int,
    spread: float = 1.0,
    noise: float = 1.0,
    random_state: RandomState = None,
) -> Population:
    """Draw tastes at random, each a linear function of the embedding.

    Each taste's direction is Gaussian; its rewards are then centred and scaled to standard deviation
    `spread` over the alternatives. Shares are equal.

    Parameters
    ----------
    embeddings : array-like of shape (n_alternatives, n_dims)
        Not all equal.
    n_tastes : int
    spread : float, default=1.0
        Standard deviation of each taste's rewards, natural-log odds at noise 1.
    noise : float, default=1.0
    random_state : int, Generator or None, default=None

    Raises
    ------
    InputError
        If embeddings are not a finite table of at least two different rows.
    """
    n = check_integer("n_tastes", n_tastes, low=1)
    size = check_number("spread", spread, low=0.0, low_open=True)
    points = np.asarray(embeddings, dtype=np.float64)
    if points.ndim != 2 or len(points) < 2 or not np.isfinite(points).all():
        raise InputError(
            f"embeddings must be a finite table of at least 2 rows. Got shape {points.shape}"
            f"{'' if np.isfinite(points).all() else ' with values that are not finite'}."
        )
    centred = points - points.mean(axis=0)
    if not centred.any():
        raise InputError(f"All {len(points):,} embeddings are equal: no taste can tell them apart.")
    rewards = generator(random_state).standard_normal((n, points.shape[1])) @ centred.T
    rewards *= size / rewards.std(axis=1, keepdims=True)
    tastes = tuple(Taste(share=1.0 / n, rewards=row, name=f"taste {k}") for k, row in enumerate(rewards))
    return Population(tastes=tastes, noise=noise)


def paris_population(topics: ArrayLike, *, noise: float = 0.0) -> Population:
    """Make the three tastes of the paper's case study, for descriptions of Paris.

    29 % rank art > food > romance, 50 % romance > art > food, 21 % food > romance > art; restaurants
    are worth what food is. Within a topic everybody is indifferent. The shares were chosen by the
    paper's authors so that adding clones of food changes the winner.

    Parameters
    ----------
    topics : array-like of str of shape (n_alternatives,)
        "food", "art", "romance" or "restaurants".
    noise : float, default=0.0
        0: a ranking is always followed. Otherwise Bradley-Terry with one unit of reward a rank.

    References
    ----------
    .. [1] Procaccia, Schiffer & Zhang, "Clone-Robust AI Alignment", ICML 2025, arXiv:2501.09254.
    """
    tastes = tuple(
        Taste.from_ranking(
            share,
            [topic.replace("food", "food=restaurants") for topic in ranking],
            topics,
            name=" > ".join(ranking),
        )
        for share, ranking in PARIS_TASTES
    )
    return Population(tastes=tastes, noise=noise)
