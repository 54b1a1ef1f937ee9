"""Which certificate an analysis has, and what it says beside the audit."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import clone

from cloneproof._core.errors import CloneProofWarning
from cloneproof._core.typing import FloatArray
from cloneproof.audit.certificate import certify
from cloneproof.audit.certificate_incomplete import bound_incomplete
from cloneproof.audit.certificate_linear import bound_exact_copies
from cloneproof.audit.certificate_records import AnalysisCertificate, CertificateRow
from cloneproof.audit.displacement import find_displacement
from cloneproof.audit.injection import is_complete
from cloneproof.audit.recipe import Fitted, Recipe
from cloneproof.audit.records import CloneAudit
from cloneproof.preferences import Comparisons
from cloneproof.rewards import comparison_weights
from cloneproof.weights import DiversityWeights, ScaleTreeWeights, UniformWeights, VoronoiWeights

__all__ = ["CERTIFY_UP_TO", "certify_analysis"]

CERTIFY_UP_TO = 1_000
"""Alternatives up to which a reward for each is certified: the bound looks at all pairs of them."""

_CONSERVE = (DiversityWeights, VoronoiWeights, ScaleTreeWeights)
"""Weightings under which any number of exact copies shares one constant total."""

_JUDGED = (
    "copies win and lose as their originals do; each unit of distance at which they do not adds to the move"
)


def certify_analysis(
    comparisons: Comparisons,
    embeddings: FloatArray,
    recipe: Recipe,
    fitted: Fitted,
    audit: CloneAudit | None = None,
    *,
    random_state: int = 0,
) -> AnalysisCertificate:
    """Bound how far any number of copies can move the rewards of an analysis, where that is proved.

    Parameters
    ----------
    comparisons : Comparisons
    embeddings : ndarray of shape (n_alternatives, n_dims)
    recipe : Recipe
        How the weighted rewards are learned, with the shrinkage as used.
    fitted : Fitted
        The weighted fit.
    audit : CloneAudit, default=None
        Its distances are certified, and its observations stand beside the bounds. None: exact copies only.
    random_state : int, default=0
        Seed of the points at which sampled Voronoi cells are inspected.

    Returns
    -------
    certificate : AnalysisCertificate

    Notes
    -----
    - A reward per alternative, every pair compared: :func:`cloneproof.certify`, for every distance of the
      audit, with copies judged as their originals are.
    - A reward per alternative, pairs left out: :func:`bound_incomplete`.
    - A linear reward: :func:`bound_exact_copies`; for copies at a distance the theorem of
      ``docs/theory_comparison_weights.md`` is of the order ``sqrt(eps / h)`` with a constant that judgments of
      single annotators make larger than the range of the rewards, and no number is given.
    - Anything else: no bound is known, and the record says why.
    """
    noises = (0.0,) if audit is None else tuple(sorted({0.0, *(row.noise for row in audit.rows)}))
    observed = _Observed(audit)
    span = float(np.ptp(fitted.rewards))
    points = np.asarray(embeddings, dtype=np.float64)
    reason = _why_not(comparisons, recipe)
    if reason is not None:
        return AnalysisCertificate(
            case="none",
            reason=reason,
            assumptions=(),
            reward_range=span,
            rows=tuple(observed.row(noise, None, None) for noise in noises),
        )
    if recipe.reward == "linear":
        return _linear(comparisons, points, recipe, fitted, noises, observed, span)
    with warnings.catch_warnings():  # said when the weights were first made
        warnings.simplefilter("ignore", CloneProofWarning)
        weighting = fitted.weighting or clone(recipe.weighting).fit(embeddings)
    if is_complete(comparisons):
        return _complete(comparisons, points, recipe, weighting, noises, observed, span, random_state)
    return _incomplete(comparisons, points, recipe, fitted, weighting, noises, observed, span, random_state)


class _Observed:
    """The largest centred move of each weighting at each distance of an audit."""

    def __init__(self, audit: CloneAudit | None) -> None:
        self.rows = () if audit is None else audit.rows

    def largest(self, noise: float, *, plain: bool) -> float | None:
        found = [
            row.max_shift_centred
            for row in self.rows
            if row.noise == noise and (row.weighting == "plain") is plain
        ]
        return max(found, default=None)

    def row(self, noise: float, bound: float | None, plain_bound: float | None) -> CertificateRow:
        return CertificateRow(
            noise=noise,
            bound=_finite(bound),
            plain_bound=_finite(plain_bound),
            observed=self.largest(noise, plain=False),
            plain_observed=self.largest(noise, plain=True),
        )


def _finite(bound: float | None) -> float | None:
    return bound if bound is not None and np.isfinite(bound) else None


def _why_not(comparisons: Comparisons, recipe: Recipe) -> str | None:
    """Return why nothing is proved about this way of learning rewards, or None."""
    rows, m = recipe.comparison_weights, comparisons.n_alternatives
    if recipe.reward == "kernel":
        return "for the kernel reward no bound is worked out; the linear reward has one"
    if recipe.reward == "linear" and recipe.prompts != "joint":
        return (
            "with prompts weighed apart no bound is worked out; prompts and answers weighed together have one"
        )
    if recipe.reward == "linear":
        if not isinstance(recipe.weighting, _CONSERVE):
            name = type(recipe.weighting).__name__
            return f"under {name} exact copies can draw weight to themselves, and the linear reward's ridge with it"
        if recipe.by is not None:
            return "with one share per annotator, copies change which of an annotator's rows count"
        return None
    if m > CERTIFY_UP_TO:
        return (
            f"a reward per alternative is certified for up to {CERTIFY_UP_TO:,} alternatives; here are {m:,}"
        )
    if rows == "diversity":
        return (
            "a reward per alternative under diversity weights of the rows is not covered: two copies compared "
            "with different rivals have rewards of their own"
        )
    if rows == "product" and not _even(comparisons):
        return "product weights count a pair as often as it is compared, and pairs are compared unevenly here"
    return None


def _even(comparisons: Comparisons) -> bool:
    """Whether every compared pair is compared equally often."""
    m = comparisons.n_alternatives
    low = np.minimum(comparisons.left, comparisons.right).astype(np.int64)
    high = np.maximum(comparisons.left, comparisons.right)
    _, pair = np.unique(low * m + high, return_inverse=True)
    counts = np.bincount(pair, comparisons.count)
    return bool(np.ptp(counts) <= 1e-9 * counts.max())


def _weighted_win_rates(comparisons: Comparisons, recipe: Recipe) -> FloatArray:
    """Return the win rates as the fit sees them (annotators' shares included), NaN where not compared."""
    m = comparisons.n_alternatives
    rows = comparison_weights(
        comparisons, alternative_weight=np.full(m, 1.0 / m), method="balanced", by=recipe.by
    )
    won, seen = np.zeros((m, m)), np.zeros((m, m))
    np.add.at(won, (comparisons.left, comparisons.right), rows * comparisons.outcome)
    np.add.at(won, (comparisons.right, comparisons.left), rows * (1.0 - comparisons.outcome))
    np.add.at(seen, (comparisons.left, comparisons.right), rows)
    seen = seen + seen.T
    rates: FloatArray = np.divide(won, seen, out=np.full((m, m), np.nan), where=seen > 0.0)
    np.fill_diagonal(rates, 0.5)
    return rates


def _complete(
    comparisons: Comparisons,
    points: FloatArray,
    recipe: Recipe,
    weighting: Any,
    noises: Sequence[float],
    observed: _Observed,
    span: float,
    random_state: int,
) -> AnalysisCertificate:
    rates = Comparisons.from_win_rates(_weighted_win_rates(comparisons, recipe))
    plain = UniformWeights().fit(points)
    rows: list[CertificateRow] = []
    assumptions: list[str] = []
    notes: list[str] = []
    for noise in noises:
        bounds: list[float | None] = []
        for one in (weighting, plain):
            if noise > 0.0 and (silent := _why_not_at_a_distance(one)) is not None:
                notes.append(silent)
                bounds.append(None)
                continue
            found = certify(
                one,
                regularization=recipe.regularization,
                comparisons=rates,
                embeddings=points,
                epsilon=noise,
                lipschitz=0.0,
                random_state=random_state,
            )
            bounds.append(found.difference_bound)
            if one is weighting:
                assumptions += found.assumptions
        rows.append(observed.row(noise, bounds[0], bounds[1]))
    return AnalysisCertificate(
        case="complete",
        reason="every pair is compared and each alternative has a reward of its own",
        assumptions=tuple(dict.fromkeys([*assumptions, _JUDGED])),
        reward_range=span,
        rows=tuple(rows),
        notes=tuple(dict.fromkeys(notes)),
    )


def _why_not_at_a_distance(weighting: Any) -> str | None:
    """Return why only exact copies have a bound under a weighting, or None."""
    if isinstance(weighting, ScaleTreeWeights):
        return "scale-tree weights jump where a distance crosses one of the radii: only exact copies have a bound"
    if getattr(weighting, "projection_", None) is not None:
        return (
            "the principal components are learned anew, and copies at a distance turn them: only exact copies "
            "have a bound"
        )
    return None


def _incomplete(
    comparisons: Comparisons,
    points: FloatArray,
    recipe: Recipe,
    fitted: Fitted,
    weighting: Any,
    noises: Sequence[float],
    observed: _Observed,
    span: float,
    random_state: int,
) -> AnalysisCertificate:
    rates = _weighted_win_rates(comparisons, recipe)
    rows: list[CertificateRow] = []
    assumptions: list[str] = []
    notes: list[str] = []
    for noise in noises:
        if noise > 0.0 and (silent := _why_not_at_a_distance(weighting)) is not None:
            notes.append(silent)
            rows.append(observed.row(noise, None, None))
            continue
        found = find_displacement(weighting, points, noise, random_state=random_state)
        bound = bound_incomplete(
            rates, fitted.rewards, np.asarray(weighting.weights_), found.move, recipe.regularization
        )
        assumptions += found.assumptions
        rows.append(observed.row(noise, bound, None))
    n_repeated = len(points) - len(np.unique(points, axis=0))
    if n_repeated and not any(row.bound is not None and row.bound < span for row in rows if row.noise == 0.0):
        notes.insert(
            0,
            f"{n_repeated:,} texts are exact duplicates of another one and have rewards of their own: copies of "
            "one draw the votes of the other",
        )
    if any(row.observed is not None and row.bound is not None and row.observed > row.bound for row in rows):
        notes.append(
            "the audit cloned rivals together, copy by copy: its copies do not all meet, which the bound assumes"
        )
    return AnalysisCertificate(
        case="incomplete",
        reason=(
            "not every pair is compared: the ridge alone holds the rewards, so that the bound is wide for copies "
            "at a distance"
        ),
        assumptions=tuple(
            dict.fromkeys(
                [
                    "copies meet all copies of their original's rivals, and not each other",
                    *assumptions,
                    _JUDGED,
                ]
            )
        ),
        reward_range=span,
        rows=tuple(rows),
        notes=tuple(dict.fromkeys(notes)),
    )


def _linear(
    comparisons: Comparisons,
    points: FloatArray,
    recipe: Recipe,
    fitted: Fitted,
    noises: Sequence[float],
    observed: _Observed,
    span: float,
) -> AnalysisCertificate:
    assert fitted.comparison_weights is not None  # noqa: S101  (weighted, by the recipe)
    bound = bound_exact_copies(comparisons, points, fitted.comparison_weights, fitted.model)
    notes = []
    one_point = len(np.unique(points, axis=0)) < len(points)
    if recipe.comparison_weights != "diversity" and one_point:
        bound = None
        notes.append(
            f"some texts are exact duplicates: under {recipe.comparison_weights} weights copies can move their "
            "votes"
        )
    elif bound is None:
        notes.append(
            "exact duplicates in the data were judged differently, and some directions of the embedding are held "
            "by no ridge: no bound for exact copies either. A positive shrinkage gives one."
        )
    if any(noise > 0.0 for noise in noises):
        notes.append(
            "for copies at a distance the theorem is of the order of the root of distance over scale, times a "
            "constant that single judgments make larger than the range of the rewards: no number, the audit "
            "stands alone"
        )
    rivals = (
        "copies are compared with copies of their original's rivals, or with each other"
        if recipe.comparison_weights == "diversity"
        else "copies meet all copies of their original's rivals"
    )
    return AnalysisCertificate(
        case="linear",
        reason="the reward is a linear function of the embedding, held by its ridge",
        assumptions=(
            rivals,
            "exact copies win and lose as their originals do",
            "scale, shrinkage and principal components stay as they are",
        ),
        reward_range=span,
        rows=tuple(observed.row(noise, bound if noise == 0.0 else None, None) for noise in noises),
        notes=tuple(notes),
    )
