"""What each repeat trains on: shared comparisons and weights, or some of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray
from cloneproof.preferences import Comparisons
from cloneproof.rewards.weighting import WeightedDesign, weigh

__all__ = ["RepeatDesigns", "design_repeats"]


@dataclass(frozen=True, kw_only=True, eq=False)
class RepeatDesigns:
    """The weighted comparisons of each repeat.

    Parameters
    ----------
    designs : sequence of WeightedDesign of length n_repeats
        The same object where repeats share everything.
    given : sequence of (alternative weight or None, comparison weight or None)
        The weights as they were passed.
    """

    designs: tuple[WeightedDesign, ...]
    given: tuple[tuple[Any, Any], ...]

    @property
    def n_alternatives(self) -> int:
        """Number of alternatives, the same in all repeats."""
        return self.designs[0].comparisons.n_alternatives

    @property
    def alternative_weight(self) -> FloatArray:
        """`w` of each repeat, shape (n_repeats, n_alternatives)."""
        return np.stack([design.alternative_weight for design in self.designs])


def design_repeats(
    comparisons: Comparisons | Sequence[Comparisons],
    alternative_weight: ArrayLike | Sequence[ArrayLike | None] | None,
    comparison_weight: ArrayLike | Sequence[ArrayLike | None] | None,
    n_repeats: int,
) -> RepeatDesigns:
    """Give every repeat its comparisons with their weights.

    Raises
    ------
    InputError
        If there is neither one nor one for each repeat of something, or repeats differ in their
        alternatives.
    """
    sets = [comparisons] * n_repeats if isinstance(comparisons, Comparisons) else list(comparisons)
    if len(sets) != n_repeats:
        raise InputError(
            f"{len(sets):,} sets of comparisons were given for n_repeats={n_repeats}. "
            f"Give one for all, or one for each repeat."
        )
    sizes = [c.n_alternatives for c in sets]
    if len(set(sizes)) > 1:
        k = next(k for k, size in enumerate(sizes) if size != sizes[0])
        raise InputError(
            f"repeats must be over the same alternatives; repeat 0 has {sizes[0]:,} and repeat {k} {sizes[k]:,}."
        )
    w = _one_each("alternative_weight", alternative_weight, n_repeats)
    omega = _one_each("comparison_weight", comparison_weight, n_repeats)
    made: dict[tuple[int, int, int], WeightedDesign] = {}
    designs = []
    for one, weight, row_weight in zip(sets, w, omega, strict=True):
        key = (id(one), id(weight), id(row_weight))
        if key not in made:
            made[key] = weigh(one, weight, row_weight)
        designs.append(made[key])
    return RepeatDesigns(designs=tuple(designs), given=tuple(zip(w, omega, strict=True)))


def _one_each(name: str, values: Any, n_repeats: int) -> list[Any]:
    """Return one entry per repeat; a flat array of numbers, or None, is everyone's."""
    if values is None:
        return [None] * n_repeats
    nested = isinstance(values, (list, tuple)) and any(x is None or np.ndim(x) > 0 for x in values)
    if not nested and np.ndim(values) == 1:
        return [np.asarray(values)] * n_repeats
    entries = list(values) if np.ndim(values[0]) or nested else []
    if len(entries) != n_repeats:
        raise InputError(
            f"{name} must be one array for all repeats or one for each of the {n_repeats}. "
            f"Got {len(entries):,}."
        )
    return [None if x is None else np.asarray(x) for x in entries]
