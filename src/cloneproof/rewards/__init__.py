"""Rewards from comparisons: the weighted Bradley-Terry objective, its solvers and its uncertainty."""

from cloneproof.rewards.bootstrap import bootstrap_rewards
from cloneproof.rewards.bradley_terry import BradleyTerry
from cloneproof.rewards.comparison_weights import ComparisonWeighting, comparison_weights
from cloneproof.rewards.effective import WeightCost, measure_weight_cost
from cloneproof.rewards.identities import weighted_win_rate_residual, win_rate_gaps
from cloneproof.rewards.kernel import KernelReward
from cloneproof.rewards.linear import LinearReward
from cloneproof.rewards.objective import Objective, total_comparison_weight
from cloneproof.rewards.ratings import to_rating

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
