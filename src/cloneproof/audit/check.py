"""What is over-counted in a set of comparisons, and whether that is more than someone accepts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cloneproof._core.errors import CheckFailedError, ParameterError
from cloneproof._core.validation import check_choice, check_number
from cloneproof.audit.weighing import Weighed

__all__ = ["LIMITS", "check_limits", "check_summary", "parse_limits"]

LIMITS: Mapping[str, str] = {
    "overcount": "largest_overcount",
    "near-duplicates": "near_duplicates",
    "exact-duplicates": "exact_duplicates",
    "repeated-rows": "exact_duplicate_rows",
    "components": "n_components",
}
"""What ``--fail-over`` can limit: the name, and the figure of :func:`check_summary` that it limits."""


def check_summary(weighed: Weighed) -> dict[str, Any]:
    """Return what a check finds as JSON-ready values."""
    families, coverage = weighed.families, weighed.coverage
    worst = int(np.argmax(families.overcount))
    return {
        "n_alternatives": weighed.comparisons.n_alternatives,
        "n_comparisons": weighed.comparisons.n_comparisons,
        "n_annotators": weighed.comparisons.n_annotators,
        "n_pairs": coverage.n_pairs,
        "median_comparisons": coverage.median_comparisons,
        "n_components": coverage.n_components,
        "exact_duplicates": weighed.exact_duplicates,
        "exact_duplicate_rows": coverage.repeated_rows,
        "largest_repeat": coverage.largest_repeat,
        "near_duplicates": weighed.near_duplicates,
        "n_families": families.n_families,
        "n_families_of_several": int((families.size > 1).sum()),
        "largest_overcount": float(families.overcount[worst]),
        "largest_overcount_size": int(families.size[worst]),
        "effective_sample_size": weighed.effective_sample_size,
        "family_radius": families.radius,
        "scale": weighed.scale,
        "encoder": weighed.encoder.value,
        "surface_only": weighed.surface_only,
    }


def parse_limits(words: tuple[str, ...], known: Mapping[str, str] = LIMITS) -> dict[str, float]:
    """Return limits by name from words such as ``overcount=20``; `known` are the names there are.

    Raises
    ------
    ParameterError
        For an unknown name, or a value that is no non-negative number.
    """
    limits = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ParameterError(
                f"--fail-over takes NAME=VALUE, such as {next(iter(known))}=20. Got {word!r}."
            )
        check_choice("--fail-over", name, known)
        try:
            number = float(value)
        except ValueError:
            raise ParameterError(f"--fail-over {name} takes a number. Got {value!r}.") from None
        limits[name] = check_number(f"--fail-over {name}", number, low=0.0)
    return limits


def check_limits(
    found: Mapping[str, Any], limits: Mapping[str, float], known: Mapping[str, str] = LIMITS
) -> None:
    """Raise if a figure of a check is over its limit; `known` names the figure of each limit.

    Raises
    ------
    CheckFailedError
        Naming each figure over its limit.
    """
    over = [
        f"{name} is {found[known[name]]:,.4g}, over the limit of {limit:,.4g}"
        for name, limit in limits.items()
        if found[known[name]] > limit
    ]
    if over:
        raise CheckFailedError(f"The check failed as asked: {'; '.join(over)}.")
