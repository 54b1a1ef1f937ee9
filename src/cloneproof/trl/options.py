"""What can be asked of a training run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from cloneproof._core.validation import check_choice, check_integer, check_number

__all__ = ["METHODS", "TrainingOptions"]

METHODS = ("reward", "dpo")
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """What can be asked of a training run; a value of None is filled in from the model or from TRL.

    Parameters
    ----------
    model : str, default="minilm"
        A folder with a Hugging Face model, the name of one in the local cache, or ``"minilm"``.
    method : {"reward", "dpo"}, default="reward"
    regularization : float, default=0.01
        The lambda of the ridge ``(lambda / 2) sum_x w_x r_x^2`` (reward models only), on the scale of
        :class:`cloneproof.BradleyTerry`.
    test_share : float, default=0.1
        Share of the rows to evaluate on, in [0, 1).
    max_length : int, default=None
        Tokens read of prompt and answer; longer texts lose their beginning. None: 512, or what the
        model takes if that is less.
    epochs : float, default=1.0
    steps : int, default=None
        Optimizer steps; given, `epochs` is not used.
    batch_size : int, default=8
        Pairs in one forward pass.
    gradient_accumulation : int, default=1
        Forward passes for one step of the optimizer.
    learning_rate : float, default=None
        None: TRL's default for the method (1e-4 for reward, 1e-6 for dpo).
    beta : float, default=0.1
        Strength of the tie to the reference (dpo only).
    precision : {"float32", "bfloat16"}, default="float32"
        Arithmetic of the forward pass.
    chat : bool, default=None
        Whether the tokenizer's chat template writes the texts. None: where it has one.
    checkpoint_seconds : float, default=60.0
        Time between checkpoints.
    seed : int, default=0
        Seed of the split, the new head, the order of the rows and dropout.
    """

    model: str = "minilm"
    method: Literal["reward", "dpo"] = "reward"
    regularization: float = 0.01
    test_share: float = 0.1
    max_length: int | None = None
    epochs: float = 1.0
    steps: int | None = None
    batch_size: int = 8
    gradient_accumulation: int = 1
    learning_rate: float | None = None
    beta: float = 0.1
    precision: Literal["float32", "bfloat16"] = "float32"
    chat: bool | None = None
    checkpoint_seconds: float = 60.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every value."""
        check_choice("method", self.method, METHODS)
        check_choice("precision", self.precision, PRECISIONS)
        check_number("regularization", self.regularization, low=0.0)
        check_number("test_share", self.test_share, low=0.0, high=1.0)
        check_number("epochs", self.epochs, low=0.0, low_open=True)
        check_number("beta", self.beta, low=0.0, low_open=True)
        check_number("checkpoint_seconds", self.checkpoint_seconds, low=0.0)
        check_integer("batch_size", self.batch_size, low=1)
        check_integer("gradient_accumulation", self.gradient_accumulation, low=1)
        check_integer("seed", self.seed, low=0)
        if self.steps is not None:
            check_integer("steps", self.steps, low=1)
        if self.max_length is not None:
            check_integer("max_length", self.max_length, low=8)
        if self.learning_rate is not None:
            check_number("learning_rate", self.learning_rate, low=0.0, low_open=True)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return asdict(self)
