"""What the harm index is compared with: data sampled from one fitted model, and groups of annotators."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.stats import t as student

from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.audit.harm_statistics import Counts, Layout, Misfit, measure_misfit
from cloneproof.preferences import Comparisons

__all__ = ["FEWEST_GROUPS", "bootstrap", "group_annotators", "jackknife", "shrink_to_true_spread"]

SPREAD_STEPS, SPREAD_SAMPLES = 4, 6
"""Rounds and samples a round by which the spread of the generating rewards is found."""

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


def jackknife(
    layout: Layout,
    rows: Comparisons,
    groups: IntArray,
    squared: float,
    mean: float,
    ridge: float,
    rewards: FloatArray,
) -> tuple[float, float, float]:
    """Return a 95 % interval of the departure and the p value of none, leaving out a group at a time."""
    values = []
    n_groups = int(groups.max()) + 1
    for group in range(n_groups):
        kept = rows.select(groups != group)
        counts = layout.count(kept.left, kept.right, kept.outcome, kept.count)
        repeated = float(np.maximum(counts[0] + counts[1] - 1.0, 0.0).sum())
        if repeated <= 0:
            return float("nan"), float("nan"), float("nan")
        rates = layout.rates(layout.fit(counts, ridge, rewards))
        misfit = measure_misfit(layout, counts, rates, triads=False)
        values.append((misfit.excess - mean) / repeated)
    spread = np.array(values)
    error = float(np.sqrt((n_groups - 1) / n_groups * ((spread - spread.mean()) ** 2).sum()))
    half = float(student.ppf(0.975, n_groups - 1)) * error
    low, high = (float(np.sqrt(max(x, 0.0))) for x in (squared - half, squared + half))
    if error == 0.0:
        return low, high, 1.0 if squared <= 0 else 0.0
    return low, high, float(student.sf(squared / error, n_groups - 1))
