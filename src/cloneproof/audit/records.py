"""What an analysis finds: frozen records that remember how they were made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from cloneproof._core.frames import Backend, make_frame
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.audit.certificate_records import AnalysisCertificate
from cloneproof.preferences import Comparisons
from cloneproof.rewards.effective import WeightCost

__all__ = ["Analysis", "AuditRow", "Choice", "CloneAudit", "FamilyTable", "RewardTable"]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One decision of an analysis: what was chosen, by whom, and why.

    Parameters
    ----------
    name : str
        The option, as the command line spells it: "encoder", "weights", "reward", ...
    value : str
        What was chosen.
    reason : str
        Why, in one sentence; for an automatic choice with the numbers it rests on.
    automatic : bool
        True if the analysis chose, False if the caller did.
    """

    name: str
    value: str
    reason: str
    automatic: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class FamilyTable:
    """Families of near-copies and how often each is over-counted.

    Every array has one entry per family, largest over-count first, except `labels`.

    Parameters
    ----------
    labels : int64 ndarray of shape (n_alternatives,)
        The family of each alternative, a position into the other columns.
    size : int64 ndarray of shape (n_families,)
        Number of alternatives in the family.
    n_distinct : float64 ndarray of shape (n_families,)
        Effective number of distinct alternatives in it, ``1 / (v'Kv)`` with v the diversity weights
        inside the family; between 1 and `size`.
    overcount : float64 ndarray of shape (n_families,)
        ``size / n_distinct``: how many votes each distinct alternative of the family has.
    share_plain, share_weighted : float64 ndarray of shape (n_families,)
        The family's share of all alternatives, and of the clone-robust weights.
    n_comparisons : float64 ndarray of shape (n_families,)
        Number of sides of comparisons (with counts) that the family fills.
    representative : int64 ndarray of shape (n_families,)
        The alternative of largest weight in the family, a position into ``comparisons.ids``.
    radius : float
        Distance within which alternatives were joined, in units of the embedding.
    """

    labels: IntArray
    size: IntArray
    n_distinct: FloatArray
    overcount: FloatArray
    share_plain: FloatArray
    share_weighted: FloatArray
    n_comparisons: FloatArray
    representative: IntArray
    radius: float

    @property
    def n_families(self) -> int:
        """Number of families, lone alternatives included."""
        return len(self.size)

    def members(self, family: int) -> IntArray:
        """Return the positions of the alternatives of one family."""
        positions: IntArray = (self.labels == family).nonzero()[0]
        return positions


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    """What one way of adding clones did to the rewards under one weighting.

    Shifts are in units of reward (natural-log odds), over the original alternatives; "centred" ones
    after subtracting each side's mean over them. Means and extremes are over the targets cloned.
    """

    weighting: str
    copies: int
    noise: float
    n_targets: int
    max_shift: float
    mean_shift: float
    max_shift_centred: float
    mean_shift_centred: float
    kendall_tau: float
    top1_flip: float
    max_shift_median: float
    max_shift_centred_median: float


@dataclass(frozen=True, kw_only=True)
class CloneAudit:
    """The result of injecting clones: one row per weighting, number of copies and noise.

    Parameters
    ----------
    rows : tuple of AuditRow
    reward : str
        "tabular" or "linear": the reward that was refitted.
    targets : tuple of int
        Which alternatives were cloned, positions into ``comparisons.ids``.
    options : mapping
        Every option of the call, the seed included.
    """

    rows: tuple[AuditRow, ...]
    reward: str
    targets: tuple[int, ...]
    options: Mapping[str, Any]

    def largest_shift(self, weighting: str, *, centred: bool = True) -> float:
        """Return the largest reward shift of any row under one weighting."""
        field = "max_shift_centred" if centred else "max_shift"
        return float(
            max((getattr(row, field) for row in self.rows if row.weighting == weighting), default=0.0)
        )

    @property
    def weightings(self) -> tuple[str, ...]:
        """The weightings audited, "plain" first."""
        return tuple(dict.fromkeys(row.weighting for row in self.rows))

    def to_frame(self, backend: Backend | None = None) -> Any:
        """Return the rows as a data frame.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default=None
            Which library's frame to make; None: the first of them that is installed.
        """
        columns = {field.name: [getattr(row, field.name) for row in self.rows] for field in fields(AuditRow)}
        return make_frame(columns, backend)

    def to_dict(self) -> dict[str, Any]:
        """Return the audit as JSON-ready values."""
        return {
            "reward": self.reward,
            "targets": list(self.targets),
            "options": dict(self.options),
            "rows": [asdict(row) for row in self.rows],
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class RewardTable:
    """Rewards of every alternative under one weighting, natural-log odds, ``sum_a w_a r_a = 0``.

    `standard_errors` is None where the model gives none; `rank` counts from 1, best first.
    """

    rewards: FloatArray
    standard_errors: FloatArray | None
    rank: IntArray
    gradient_norm: float
    n_iterations: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Analysis:
    """Everything that ``fit`` finds out about a set of comparisons.

    Parameters
    ----------
    comparisons : Comparisons
    embeddings : float32 ndarray of shape (n_alternatives, n_dims)
    encoder : str
        Name of the encoder; `surface_only` tells that it sees copy-edits only.
    weighting, comparison_weighting, reward : str
        Names of what was used: "diversity", "diversity", "linear", ...
    weights : float64 ndarray of shape (n_alternatives,)
        Clone-robust alternative weights, sum 1.
    weight_standard_errors : float64 ndarray of shape (n_alternatives,) or None
        Sampling error of the weights, where they are sampled.
    comparison_weights : float64 ndarray of shape (n_comparisons,)
        Weight of each row in the weighted fit, sum 1.
    scale : float or None
        The distance h at which two texts count as saying the same.
    plain, weighted : RewardTable
        Rewards as fitted, without and with the weights. Each sums to 0 under its own weights, so
        subtract each one's mean over the alternatives before comparing the two.
    families : FamilyTable
    audit : CloneAudit or None
        None when the audit was switched off.
    effective_sample_size : float
        ``1 / sum w^2`` of the alternative weights.
    effective_comparisons : float
        ``1 / sum omega^2`` of the comparison weights (rows of count 1).
    exact_duplicate_rows : int
        Rows beyond the first that repeat the same pair, outcome and annotator.
    exact_duplicates : int
        Alternatives beyond the first that have the same embedding as another one.
    n_components : int
        Connected components of the comparison graph.
    scale_curve : sequence of (scale, n_effective, ESS, inflation, variance_cost), or None
    choices : tuple of Choice
        Every choice made, automatic or asked for, with its reason.
    notes : tuple of str
        Warnings given on the way, one sentence each.
    provenance : mapping
        Inputs' hashes, options, versions, seed and seconds per step.
    certificate : AnalysisCertificate or None
        What is proved about the weighted rewards for any number of copies.
    cost : WeightCost or None
        What the weights cost in precision, beside what they move, and a recommendation.
    """

    comparisons: Comparisons
    embeddings: Any
    encoder: str
    surface_only: bool
    weighting: str
    comparison_weighting: str
    reward: str
    regularization: float
    weights: FloatArray
    weight_standard_errors: FloatArray | None
    comparison_weights: FloatArray
    scale: float | None
    plain: RewardTable
    weighted: RewardTable
    families: FamilyTable
    audit: CloneAudit | None
    effective_sample_size: float
    effective_comparisons: float
    exact_duplicate_rows: int
    exact_duplicates: int
    n_components: int
    scale_curve: Sequence[tuple[float, ...]] | None
    choices: tuple[Choice, ...]
    notes: tuple[str, ...]
    provenance: Mapping[str, Any]
    certificate: AnalysisCertificate | None = None
    cost: WeightCost | None = None
