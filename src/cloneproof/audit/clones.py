"""What clones do to rewards: inject them, refit, and measure how far the originals move."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import kendalltau

from cloneproof._core.errors import CloneProofWarning, InputError, ParameterError
from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof._core.validation import check_choice, check_integer, check_number
from cloneproof.audit.injection import inject_clones
from cloneproof.audit.options import REWARDS
from cloneproof.audit.recipe import Recipe
from cloneproof.audit.records import AuditRow, CloneAudit
from cloneproof.preferences import Comparisons

__all__ = ["JOINT_BEYOND", "Shift", "audit_clones", "measure_shift"]

JOINT_BEYOND = 400
"""Alternatives beyond which all targets are cloned in one refit instead of one refit each."""


@dataclass(frozen=True, kw_only=True)
class Shift:
    """How far rewards moved between two fits of the same alternatives.

    `max_shift` and `mean_shift` are absolute, in units of reward; the centred ones after subtracting
    each side's mean. `kendall_tau` compares the two orders (0 where one of them is a single tie, 1
    where both are); `top1_flip` is 1 if the best changed.
    """

    max_shift: float
    mean_shift: float
    max_shift_centred: float
    mean_shift_centred: float
    kendall_tau: float
    top1_flip: float


def measure_shift(before: ArrayLike, after: ArrayLike) -> Shift:
    """Measure how far rewards moved between two fits.

    Parameters
    ----------
    before, after : array-like of shape (n_alternatives,)
        Rewards of the same alternatives in the same order; at least two.

    Returns
    -------
    shift : Shift

    Raises
    ------
    InputError
        If the shapes differ or there are fewer than two alternatives.

    Examples
    --------
    >>> measure_shift([0.0, 1.0], [0.5, 1.5]).max_shift_centred
    0.0
    """
    r, s = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if r.shape != s.shape or r.ndim != 1 or len(r) < 2:
        raise InputError(
            f"before and after must be rewards of the same two or more alternatives. "
            f"Got shapes {r.shape} and {s.shape}."
        )
    raw, centred = np.abs(s - r), np.abs((s - s.mean()) - (r - r.mean()))
    constant = [np.ptp(r) == 0, np.ptp(s) == 0]
    tau = float(all(constant)) if any(constant) else float(kendalltau(r, s).statistic)
    return Shift(
        max_shift=float(raw.max()),
        mean_shift=float(raw.mean()),
        max_shift_centred=float(centred.max()),
        mean_shift_centred=float(centred.mean()),
        kendall_tau=tau,
        top1_flip=float(np.argmax(r) != np.argmax(s)),
    )


def audit_clones(
    comparisons: Comparisons,
    embeddings: ArrayLike,
    *,
    weighting: Any,
    copies: Sequence[int] = (1, 10, 100),
    noise: Sequence[float] | None = None,
    targets: int | Sequence[int] = 20,
    comparison_weights: str = "diversity",
    reward: str = "linear",
    regularization: float = 0.01,
    shrinkage: float = 0.0,
    joint: bool | None = None,
    by: str | None = None,
    prompts: str = "joint",
    random_state: int = 0,
) -> CloneAudit:
    """Clone alternatives, refit plain and weighted, and measure how far the originals move.

    For each number of copies and each noise, clones of the targets are added with
    :func:`inject_clones`; the plain and the weighted rewards are fitted with and without them, and
    compared over the original alternatives. A clone-robust rule moves little, however many copies.

    Parameters
    ----------
    comparisons : Comparisons
    embeddings : array-like of shape (n_alternatives, n_dims)
    weighting : estimator with ``fit(X)`` and ``weights_``
        The alternative weights to audit beside plain; fitted anew on every cloned data set.
    copies : sequence of int, default=(1, 10, 100)
        Numbers of clones per target.
    noise : sequence of float, default=None
        Distances of clones from their originals, in units of the embedding. None: exact copies, and
        half the weighting's ``scale_`` (without one, a tenth of the root-mean-square distance).
    targets : int or sequence of int, default=20
        Which alternatives to clone, or how many, drawn at random without repetition.
    comparison_weights : {"product", "balanced", "diversity"}, default="diversity"
    reward : {"tabular", "linear", "kernel"}, default="linear"
    regularization : float, default=0.01
    shrinkage : float, default=0.0
        The shrinkage of the linear or kernel reward.
    joint : bool, default=None
        Clone all targets in one refit instead of one refit each. None: beyond 400 alternatives,
        where one refit each would take too long.
    by : {None, "annotator"}, default=None
    prompts : {"joint", "separate"}, default="joint"
        Passed to :func:`cloneproof.comparison_weights`.
    random_state : int, default=0
        Seed of the targets and of the noise.

    Returns
    -------
    audit : CloneAudit
        One row per weighting ("plain" and "weighted"), number of copies and noise. Extremes and
        medians are over the targets; with `joint` there is one refit for all of them.

    Raises
    ------
    ParameterError, InputError
        For options out of range, fewer than three alternatives, or an embedding of another length.

    Notes
    -----
    Costs ``2 * len(copies) * len(noise) * n_refits`` fits, ``n_refits`` being 1 if joint.
    The injected clones repeat their originals' comparisons: the audit tells what near-copies do, not
    what other judgments of them would do.

    References
    ----------
    .. [1] Procaccia, Schiffer & Zhang, "Clone-Robust AI Alignment", ICML 2025, arXiv:2501.09254.
    """
    points = _check_points(comparisons, embeddings)
    seed = check_integer("random_state", random_state, low=0)
    counts = [check_integer("copies", k, low=1) for k in copies]
    if not counts:
        raise ParameterError("copies must name at least one number of clones. Got none.")
    check_choice("reward", reward, REWARDS)
    chosen = _choose_targets(comparisons, targets, seed)
    if weighting is None:
        raise ParameterError("weighting must be an estimator such as DiversityWeights(). Got None.")
    recipes = {
        name: Recipe(
            weighting=estimator,
            comparison_weights=comparison_weights,
            reward=reward,
            regularization=regularization,
            shrinkage=shrinkage,
            by=by,
            prompts=prompts,
        )
        for name, estimator in (("plain", None), ("weighted", weighting))
    }
    together = comparisons.n_alternatives > JOINT_BEYOND if joint is None else bool(joint)
    groups = [chosen] if together else [chosen[i : i + 1] for i in range(len(chosen))]
    with warnings.catch_warnings():  # said once about the data itself; not again for every refit
        warnings.simplefilter("ignore", CloneProofWarning)
        base = {name: recipe.fit(comparisons, points) for name, recipe in recipes.items()}
        distances = _noise_levels(noise, base["weighted"].weighting, points)
        rows = []
        with track("audit", total=len(counts) * len(distances) * len(groups) * 2) as advance:
            for k in counts:
                for distance in distances:
                    shifts = _refit(comparisons, points, recipes, base, groups, k, distance, seed, advance)
                    rows += [_summary(name, k, distance, len(chosen), shifts[name]) for name in recipes]
    return CloneAudit(
        rows=tuple(rows),
        reward=reward,
        targets=tuple(int(t) for t in chosen),
        options={
            "weighting": repr(weighting),
            "copies": counts,
            "noise": distances,
            "comparison_weights": comparison_weights,
            "regularization": float(regularization),
            "shrinkage": float(shrinkage),
            "joint": together,
            "by": by,
            "prompts": prompts,
            "random_state": seed,
        },
    )


def _check_points(comparisons: Comparisons, embeddings: ArrayLike) -> FloatArray:
    points = np.asarray(embeddings, dtype=np.float64)
    m = comparisons.n_alternatives
    if points.ndim != 2 or len(points) != m:
        raise InputError(
            f"embeddings has shape {points.shape} but the comparisons name {m:,} alternatives. "
            f"Give one row per alternative, in the order of comparisons.ids."
        )
    if m < 3:
        raise InputError(f"An audit needs at least 3 alternatives. Got {m}.")
    return points


def _choose_targets(comparisons: Comparisons, targets: int | Sequence[int], seed: int) -> IntArray:
    m = comparisons.n_alternatives
    if isinstance(targets, (int, np.integer)):
        n = min(check_integer("targets", targets, low=1), m)
        compared = np.union1d(comparisons.left, comparisons.right)
        rng = np.random.default_rng([seed, 0])
        return np.sort(rng.choice(compared, size=min(n, len(compared)), replace=False).astype(np.int64))
    return np.asarray(list(targets), dtype=np.int64)


def _noise_levels(noise: Sequence[float] | None, weighting: Any, points: FloatArray) -> list[float]:
    if noise is not None:
        levels = [check_number("noise", x, low=0.0) for x in noise]
        if not levels:
            raise ParameterError("noise must name at least one distance. Got none.")
        return levels
    scale = getattr(weighting, "scale_", None)
    if scale is not None:
        return [0.0, float(scale) / 2]
    root_mean_square = float(np.sqrt(2.0 * points.var(axis=0).sum()))
    return [0.0, root_mean_square / 10]


def _refit(
    comparisons: Comparisons,
    points: FloatArray,
    recipes: dict[str, Recipe],
    base: dict[str, Any],
    groups: Sequence[IntArray],
    copies: int,
    distance: float,
    seed: int,
    advance: Callable[[int], None],
) -> dict[str, list[Shift]]:
    """Return the shifts of each recipe, one per group of targets cloned together."""
    m = comparisons.n_alternatives
    shifts: dict[str, list[Shift]] = {name: [] for name in recipes}
    for group in groups:
        injected = inject_clones(
            comparisons,
            points,
            targets=group,
            copies=copies,
            noise=distance,
            random_state=np.random.default_rng([seed, 1, copies, int(group[0])]),
        )
        for name, recipe in recipes.items():
            fitted = recipe.fit(injected.comparisons, injected.embeddings)
            shifts[name].append(measure_shift(base[name].rewards, fitted.rewards[:m]))
            advance(1)
    return shifts


def _summary(name: str, copies: int, noise: float, n_targets: int, shifts: Sequence[Shift]) -> AuditRow:
    columns = {key: np.array([asdict(shift)[key] for shift in shifts]) for key in asdict(shifts[0])}
    return AuditRow(
        weighting=name,
        copies=copies,
        noise=noise,
        n_targets=n_targets,
        max_shift=float(columns["max_shift"].max()),
        mean_shift=float(columns["mean_shift"].mean()),
        max_shift_centred=float(columns["max_shift_centred"].max()),
        mean_shift_centred=float(columns["mean_shift_centred"].mean()),
        kendall_tau=float(columns["kendall_tau"].mean()),
        top1_flip=float(columns["top1_flip"].mean()),
        max_shift_median=float(np.median(columns["max_shift"])),
        max_shift_centred_median=float(np.median(columns["max_shift_centred"])),
    )
