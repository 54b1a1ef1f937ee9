"""Rewards from comparisons: the weighted Bradley-Terry objective, its solvers and its uncertainty.

Rewards that are a function of embeddings load on first use: they bring scikit-learn, which takes longer
to import than most boards take to fit.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from cloneproof.rewards.bootstrap import bootstrap_rewards
from cloneproof.rewards.bradley_terry import BradleyTerry
from cloneproof.rewards.comparison_weights import ComparisonWeighting, comparison_weights
from cloneproof.rewards.effective import WeightCost, measure_weight_cost
from cloneproof.rewards.identities import weighted_win_rate_residual, win_rate_gaps
from cloneproof.rewards.objective import Objective, total_comparison_weight
from cloneproof.rewards.ratings import to_rating

if TYPE_CHECKING:
    from cloneproof.rewards.kernel import KernelReward as KernelReward
    from cloneproof.rewards.linear import LinearReward as LinearReward

__all__ = [
    "BradleyTerry",
    "ComparisonWeighting",
    "KernelReward",
    "LinearReward",
    "Objective",
    "WeightCost",
    "bootstrap_rewards",
    "comparison_weights",
    "measure_weight_cost",
    "to_rating",
    "total_comparison_weight",
    "weighted_win_rate_residual",
    "win_rate_gaps",
]

_LATER = {"KernelReward": "cloneproof.rewards.kernel", "LinearReward": "cloneproof.rewards.linear"}


def __getattr__(name: str) -> Any:
    """Load a reward of embeddings on first use."""
    home = _LATER.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted(__all__)
