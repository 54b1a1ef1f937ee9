"""A taste: what every alternative is worth to a group of annotators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import check_number

__all__ = ["Taste"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Taste:
    """A group of annotators who value every alternative alike.

    Parameters
    ----------
    share : float
        Their share of the population, in (0, 1].
    rewards : float64 ndarray of shape (n_alternatives,)
        What each alternative is worth to them, natural-log odds at noise 1.
    name : str, default=""
        How to call them.
    """

    share: float
    rewards: FloatArray
    name: str = ""

    def __post_init__(self) -> None:
        """Check the share and the rewards, and freeze them."""
        check_number("share", self.share, low=0.0, low_open=True, high=1.0, high_open=False)
        rewards = np.array(self.rewards, dtype=np.float64)
        if rewards.ndim != 1 or len(rewards) < 2:
            raise InputError(
                f"rewards must be one-dimensional with at least 2 alternatives. Got shape {rewards.shape}."
            )
        bad = ~np.isfinite(rewards)
        if bad.any():
            first = int(np.argmax(bad))
            raise InputError(
                f"rewards must be finite; {int(bad.sum()):,} of {len(rewards):,} are not, "
                f"first: {rewards[first]} (position {first})."
            )
        rewards.flags.writeable = False
        object.__setattr__(self, "share", float(self.share))
        object.__setattr__(self, "rewards", rewards)

    @classmethod
    def from_ranking(
        cls, share: float, ranking: Sequence[str], groups: ArrayLike, *, step: float = 1.0, name: str = ""
    ) -> Taste:
        """Value alternatives by the group that they belong to.

        Parameters
        ----------
        share : float
            The taste's share of the population.
        ranking : sequence of str
            Groups from best to worst. Groups joined by "=" are worth the same.
        groups : array-like of str of shape (n_alternatives,)
            The group of each alternative.
        step : float, default=1.0
            Reward between neighbours in the ranking; the last is worth 0.
        name : str, default=""
            None given: the ranking itself, as "art > food".

        Raises
        ------
        InputError
            If an alternative's group is not ranked, or a group is ranked twice.

        Examples
        --------
        >>> Taste.from_ranking(1.0, ["art", "food=restaurants"], ["food", "art", "restaurants"]).rewards
        array([0., 1., 0.])
        """
        worth: dict[str, float] = {}
        for k, tier in enumerate(ranking):
            for group in tier.split("="):
                label = group.strip()
                if label in worth:
                    raise InputError(f"ranking names {label!r} twice. Name each group once.")
                worth[label] = step * (len(ranking) - 1 - k)
        labels = np.asarray(groups, dtype=object).ravel()
        unranked = [x for x in labels.tolist() if x not in worth]
        if unranked:
            raise InputError(
                f"The groups of {len(unranked):,} of {len(labels):,} alternatives are not in the ranking, "
                f"first: {unranked[0]!r}. Ranked: {', '.join(map(repr, worth))}."
            )
        return cls(
            share=share, rewards=np.array([worth[x] for x in labels]), name=name or " > ".join(ranking)
        )

    @classmethod
    def from_function(
        cls,
        share: float,
        function: Callable[[FloatArray], ArrayLike],
        embeddings: ArrayLike,
        *,
        name: str = "",
    ) -> Taste:
        """Value alternatives by a function of their embeddings.

        Parameters
        ----------
        share : float
            The taste's share of the population.
        function : callable
            Takes the embeddings, shape (n_alternatives, n_dims), and returns rewards of shape
            (n_alternatives,). Smooth functions give near-copies nearly the same reward.
        embeddings : array-like of shape (n_alternatives, n_dims)
        name : str, default=""
        """
        points = np.asarray(embeddings, dtype=np.float64)
        rewards = np.asarray(function(points), dtype=np.float64)
        if rewards.shape != points.shape[:1]:
            raise InputError(
                f"function must return one reward per alternative, shape {points.shape[:1]}. "
                f"Got shape {rewards.shape}."
            )
        return cls(share=share, rewards=rewards, name=name)
