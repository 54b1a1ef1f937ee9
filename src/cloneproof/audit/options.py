"""What can be asked of an analysis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

__all__ = ["COMPARISON_WEIGHTS", "PROMPTS", "REWARDS", "AnalysisOptions"]

COMPARISON_WEIGHTS = ("product", "balanced", "diversity")
REWARDS = ("tabular", "linear", "kernel")
PROMPTS = ("joint", "separate")


@dataclass(frozen=True, kw_only=True)
class AnalysisOptions:
    """What can be asked of an analysis; every default is a choice that the result explains.

    Parameters
    ----------
    encoder : str or array, default="auto"
        Name of an encoder, a file of embeddings, or an array of shape (n_alternatives, n_dims).
    weights : {"diversity", "voronoi", "scale-tree", "family", "uniform"}, default="diversity"
    comparison_weights : {"auto", "product", "balanced", "diversity"}, default="auto"
        "auto": "balanced" for dense comparisons, "diversity" for sparse ones.
    prompts : {"joint", "separate"}, default="joint"
        How diversity weights of the rows treat prompts; see :func:`cloneproof.comparison_weights`.
    reward : {"auto", "tabular", "linear", "kernel"}, default="auto"
        "auto": "tabular" for dense comparisons, "linear" for sparse ones.
    regularization : float, default=0.01
        The lambda of the term ``(lambda / 2) sum_a w_a r_a^2``.
    shrinkage : float or "auto", default="auto"
        The shrinkage of the linear or kernel reward. "auto": chosen by held-out pairs under the
        weights, and used for the plain reward too.
    scale : float or "auto", default="auto"
        The distance h at which two texts count as saying the same.
    radius : float, default=None
        Distance within which alternatives form a family; None: the scale.
    by : {None, "annotator"}, default=None
        With "annotator", each annotator's rows on a pair get one share.
    audit : bool, default=True
        Inject clones and measure how far rewards move.
    copies : sequence of int, default=(1, 10, 100)
    noise : sequence of float, default=None
    targets : int, default=20
    random_state : int, default=0
    """

    encoder: Any = "auto"
    weights: str = "diversity"
    comparison_weights: str = "auto"
    prompts: str = "joint"
    reward: str = "auto"
    regularization: float = 0.01
    shrinkage: float | Literal["auto"] = "auto"
    scale: float | Literal["auto"] = "auto"
    radius: float | None = None
    by: str | None = None
    audit: bool = True
    copies: Sequence[int] = (1, 10, 100)
    noise: Sequence[float] | None = None
    targets: int = 20
    random_state: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the options as JSON-ready values; an array of embeddings is named as such."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        if not isinstance(self.encoder, str):
            values["encoder"] = getattr(self.encoder, "name", "array")
        return {name: list(v) if isinstance(v, (tuple, list)) else v for name, v in values.items()}
