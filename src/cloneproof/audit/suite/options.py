"""What can be asked of CloneBench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloneproof._core.errors import ParameterError
from cloneproof._core.validation import check_choice, check_integer
from cloneproof.audit.suite.attacks import ATTACKS, Attack
from cloneproof.audit.suite.methods import METHODS, Method
from cloneproof.audit.suite.targets import TARGETING

__all__ = ["SuiteOptions", "choose"]


@dataclass(frozen=True, kw_only=True)
class SuiteOptions:
    """What can be asked of CloneBench.

    Parameters
    ----------
    attacks, methods : sequence of str, default=()
        By name; none: all that are registered. Plain is always run: costs are relative to it.
    copies : sequence of int, default=(1, 10, 100)
        Clones of each target, for targets drawn at random.
    worst_copies : sequence of int, default=()
        The same for the worst cases; none: the largest of `copies`.
    targeting : sequence of str, default=("random", "influence", "search")
        "random": drawn. "influence": those that move the plain rewards furthest, to first order. "search":
        the worst that a gradient-free search finds against each method.
    searched : sequence of str, default=("noisy-copies",)
        The attacks for which targets are searched: a search costs `budget` fits.
    n_targets : int, default=6
        Alternatives cloned together.
    n_repeats : int, default=2
        Draws of random targets.
    budget : int, default=8
        Fits of a search.
    best_of : int, default=4
        n of the best-of-n policy.
    random_state : int, default=0
    """

    attacks: Sequence[str] = ()
    methods: Sequence[str] = ()
    copies: Sequence[int] = (1, 10, 100)
    worst_copies: Sequence[int] = ()
    targeting: Sequence[str] = TARGETING
    searched: Sequence[str] = ("noisy-copies",)
    n_targets: int = 6
    n_repeats: int = 2
    budget: int = 8
    best_of: int = 4
    random_state: int = 0

    def __post_init__(self) -> None:
        """Check every option."""
        for name in ("copies", "worst_copies"):
            values = getattr(self, name)
            if not values and name == "copies":
                raise ParameterError(f"{name} must name at least one number of clones. Got none.")
            for k in values:
                check_integer(name, k, low=1)
        for word in self.targeting:
            check_choice("targeting", word, TARGETING)
        if not self.targeting:
            raise ParameterError(f"targeting must name at least one of {', '.join(TARGETING)}. Got none.")
        for name in ("n_targets", "n_repeats", "budget", "best_of"):
            check_integer(name, getattr(self, name), low=1)
        check_integer("random_state", self.random_state, low=0)
        for name, known in (("attacks", ATTACKS), ("searched", ATTACKS), ("methods", METHODS)):
            for word in getattr(self, name):
                check_choice(name, word, known)

    @classmethod
    def quick(cls, **others: Any) -> SuiteOptions:
        """Return options for a run of about a minute: ten copies, one draw, no search."""
        return cls(**{"copies": (10,), "n_repeats": 1, "targeting": ("random", "influence"), **others})

    def chosen_attacks(self) -> list[Attack]:
        """Return the attacks asked for, in the order of the registry."""
        return choose(ATTACKS, self.attacks)

    def chosen_methods(self) -> list[Method]:
        """Return the methods asked for, plain first."""
        names = ("plain", *self.methods) if self.methods else ()
        return choose(METHODS, names)

    def as_json(self) -> dict[str, Any]:
        """Return the options as JSON-ready values."""
        return {
            name: list(value) if isinstance(value, (tuple, list)) else value
            for name, value in vars(self).items()
        }


def choose(known: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    """Return the named entries of a registry in its order; all where none is named."""
    return [entry for name, entry in known.items() if not names or name in names]
