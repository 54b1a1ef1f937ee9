"""Rewards that are a neural network on embeddings (extra ``torch``)."""

from cloneproof._core.extras import require

require("torch", extra="torch", purpose="cloneproof.neural")

from cloneproof.neural.clone_shift import NetworkShift, measure_network_shift  # noqa: E402
from cloneproof.neural.reward_network import RewardNetwork  # noqa: E402

__all__ = ["NetworkShift", "RewardNetwork", "measure_network_shift"]
