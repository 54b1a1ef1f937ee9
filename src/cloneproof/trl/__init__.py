"""Train language models with TRL on weighted preference rows (extra ``trl``).

Rows come from :func:`cloneproof.export.training_table`: TRL's columns, and beside them ``weight`` and
optionally ``l2_chosen`` and ``l2_rejected``, which TRL's own trainers drop in silence.
"""

from cloneproof._core.extras import require

require("trl", extra="trl", purpose="cloneproof.trl")

from cloneproof.trl.dpo import WeightedDPOMixin, WeightedDPOTrainer  # noqa: E402
from cloneproof.trl.options import TrainingOptions  # noqa: E402
from cloneproof.trl.reward import WeightedRewardMixin, WeightedRewardTrainer  # noqa: E402
from cloneproof.trl.reward_function import RewardFunction, load_reward_function  # noqa: E402
from cloneproof.trl.run import TrainedModel, train_model  # noqa: E402
from cloneproof.trl.self_check import WeightedGradientError  # noqa: E402

__all__ = [
    "RewardFunction",
    "TrainedModel",
    "TrainingOptions",
    "WeightedDPOMixin",
    "WeightedDPOTrainer",
    "WeightedGradientError",
    "WeightedRewardMixin",
    "WeightedRewardTrainer",
    "load_reward_function",
    "train_model",
]
