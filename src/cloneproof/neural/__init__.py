"""Rewards that are a neural network on embeddings (extra ``torch``)."""

from cloneproof._core.extras import require

require("torch", extra="torch", purpose="cloneproof.neural")

from cloneproof.neural.reward_network import RewardNetwork  # noqa: E402

__all__ = ["RewardNetwork"]
