"""The record of how comparison weights were made."""

from __future__ import annotations

from dataclasses import dataclass

from cloneproof._core.typing import FloatArray

__all__ = ["ComparisonWeighting"]


@dataclass(frozen=True, kw_only=True, eq=False)
class ComparisonWeighting:
    """Comparison weights and how they were made.

    Parameters
    ----------
    weights : ndarray of shape (n_comparisons,)
        Non-negative, sum to 1.
    method : {"product", "balanced", "diversity"}
    by : {None, "annotator"}
        Whether an annotator's rows on a pair counted once.
    prompts : {"joint", "separate"}
        Whether prompts and answers were weighed together.
    n_pairs : int
        Distinct unordered pairs of alternatives observed.
    n_points : int
        Pairs in the quadratic program after exact copies were grouped, diagonal pairs included; 0
        where none was solved.
    scale : float or None
        The distance h of the kernel; None where no kernel was used.
    gap, relative_gap : float or None
        The certificate ``p'Kp - min_i (Kp)_i >= 0`` of the program, and as a share of ``p'Kp``.
    floor : float
        Terms of the kernel below this were left out (large data); 0: none.
    observed_share : float
        `diversity`: the weight on observed pairs before it was scaled to 1, the rest being on the
        diagonal. `product`, `balanced`: the share of the weighted pairs that was observed.
    effective_sample_size : float
        ``1 / sum omega^2``, in rows.
    seconds : float
        Wall time.
    """

    weights: FloatArray
    method: str
    by: str | None
    prompts: str
    n_pairs: int
    n_points: int
    scale: float | None
    gap: float | None
    relative_gap: float | None
    floor: float
    observed_share: float
    effective_sample_size: float
    seconds: float
