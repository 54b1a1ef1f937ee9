"""What the harm index is compared with: data sampled from one fitted model, and groups of annotators."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.stats import t as student

from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.audit.harm_statistics import Counts, Layout, Misfit, measure_misfit
from cloneproof.preferences import Comparisons

__all__ = [
    "FEWEST_GROUPS",
    "bootstrap",
    "compare_halves",
    "departure_interval",
    "group_annotators",
    "shrink_to_true_spread",
]

SPREAD_STEPS, SPREAD_SAMPLES = 4, 6
"""Rounds and samples a round by which the spread of the generating rewards is found."""

SPLITS = 4
"""Ways in which groups of annotators are split into halves."""

FEWEST_GROUPS = 5
"""Annotators below which no interval over annotators is made."""


def _sample(layout: Layout, rewards: FloatArray, rng: np.random.Generator) -> Counts:
    """Judge each pair as often as it was, by the win rates of the rewards."""
    n = layout.win + layout.loss
    win = rng.binomial(n.astype(np.int64), layout.rates(rewards)).astype(np.float64)
    return win, n - win


def shrink_to_true_spread(
    layout: Layout, rewards: FloatArray, ridge: float, rng: np.random.Generator
) -> FloatArray:
    """Shrink fitted rewards so that data sampled from them is fitted with as wide a spread as they have.

    Rewards fitted to few judgments are too wide: data sampled from them would be less noisy than the
    data they come from, and any fit to that would look bad.
    """
    sides = layout.sides()

    def spread(r: FloatArray) -> float:
        return float(np.sqrt(sides @ np.clip(r, -8.0, 8.0) ** 2))

    wide, factor = spread(rewards), 1.0
    if wide == 0.0:
        return rewards
    for _ in range(SPREAD_STEPS):
        start = factor * rewards
        again = [spread(layout.fit(_sample(layout, start, rng), ridge, start)) for _ in range(SPREAD_SAMPLES)]
        factor = min(factor * max(wide / max(float(np.mean(again)), 1e-12), 0.5), 1.0)
    return factor * rewards


def bootstrap(
    layout: Layout, rewards: FloatArray, ridge: float, n_samples: int, rng: np.random.Generator
) -> Iterator[Misfit]:
    """Sample judgments from the model, fit them, and yield their statistics."""
    with track("harm index", total=n_samples) as advance:
        for _ in range(n_samples):
            counts = _sample(layout, rewards, rng)
            yield measure_misfit(layout, counts, layout.rates(layout.fit(counts, ridge, rewards)))
            advance(1)


def group_annotators(rows: Comparisons, n_groups: int, rng: np.random.Generator) -> IntArray | None:
    """Put annotators into groups at random; None without enough of them."""
    if rows.annotator is None:
        return None
    code: dict[object, int] = {}
    names = rows.annotator.tolist()
    who = np.fromiter((code.setdefault(name, len(code)) for name in names), np.int64, len(names))
    if len(code) < FEWEST_GROUPS:
        return None
    k = min(n_groups, len(code))
    return np.asarray(rng.permutation(np.arange(len(code)) % k)[who])


def compare_halves(
    layout: Layout,
    rows: Comparisons,
    groups: IntArray,
    ridge: float,
    start: FloatArray,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Estimate the squared departure by disjoint halves of the annotators, and its standard error.

    Each half is fitted by itself. What both miss alike, ``sum_pairs w e_A e_B / sum w`` with e the observed
    minus the fitted win rate and ``w = n_A n_B / (n_A + n_B)``, is departure: noise of different annotators is
    independent, however an annotator's own judgments hang together. The mean over `SPLITS` splits of the
    groups into halves; the standard error is that of the delete-a-group jackknife.

    Returns
    -------
    squared, standard_error : float
        nan where no pair is judged in both halves.
    """
    n_groups = int(groups.max()) + 1
    parts = []
    for group in range(n_groups):
        own = rows.select(groups == group)
        parts.append(layout.count(own.left, own.right, own.outcome, own.count))
    win, loss = (np.stack([part[side] for part in parts]) for side in (0, 1))
    orders = [rng.permutation(n_groups) for _ in range(SPLITS)]

    def estimate(left_out: int) -> float:
        values = []
        for order in orders:
            kept = order[order != left_out]
            halves = kept[: len(kept) // 2], kept[len(kept) // 2 :]
            misses, sizes = [], []
            for half in halves:
                counts = win[half].sum(axis=0), loss[half].sum(axis=0)
                size = counts[0] + counts[1]
                rates = layout.rates(layout.fit(counts, ridge, start))
                misses.append(counts[0] / np.maximum(size, 1.0) - rates)
                sizes.append(size)
            weight = sizes[0] * sizes[1] / np.maximum(sizes[0] + sizes[1], 1.0)
            if not weight.any():
                return float("nan")
            values.append(float((weight * misses[0] * misses[1]).sum() / weight.sum()))
        return float(np.mean(values))

    with track("harm index over annotators", total=n_groups + 1) as advance:
        whole = estimate(-1)
        advance(1)
        left = []
        for group in range(n_groups):
            left.append(estimate(group))
            advance(1)
    spread = np.array(left)
    return whole, float(np.sqrt((n_groups - 1) / n_groups * ((spread - spread.mean()) ** 2).sum()))


def departure_interval(squared: float, error: float, n_groups: int) -> tuple[float, float, float]:
    """Return a 95 % interval of the departure and the one-sided p value of none."""
    if np.isnan(squared) or np.isnan(error):
        return float("nan"), float("nan"), float("nan")
    half = float(student.ppf(0.975, n_groups - 1)) * error
    low, high = (float(np.sqrt(max(x, 0.0))) for x in (squared - half, squared + half))
    if error == 0.0:
        return low, high, 1.0 if squared <= 0 else 0.0
    return low, high, float(student.sf(squared / error, n_groups - 1))
