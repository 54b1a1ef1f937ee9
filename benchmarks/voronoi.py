"""Measure what Voronoi weights cost and whether their intervals cover.

Run:  python benchmarks/voronoi.py [--repeats 300]

Coverage uses the plane, where the truth is known exactly, and a large sample as the truth in more dimensions.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import Counter
from fractions import Fraction

import numpy as np
from measure import Targets
from nearest import machine  # the file beside this one

from cloneproof._core.errors import EmptyCellWarning
from cloneproof.weights import VoronoiWeights

warnings.simplefilter("ignore", EmptyCellWarning)


def coverage(d: int, m: int, n_samples: int, repeats: int, targets: Targets) -> str:
    """Return one table row: coverage of t intervals, and how wide the binomial formula would be."""
    rng = np.random.default_rng(d * 1000 + m)
    n_sets = 10 if d > 2 else repeats
    inside, hits, ratio = [], [], []
    for number in range(n_sets):
        X = rng.uniform(size=(m, d))
        truth_of = {"cells": "exact"} if d <= 2 else {"n_samples": 2**21, "n_replicates": 2}
        truth = VoronoiWeights("cube", random_state=10**6 + number, **truth_of).fit(X).weights_
        for run in range(max(1, repeats // n_sets)):
            drawn = VoronoiWeights(
                "cube", cells="sampled", n_samples=n_samples, random_state=number * 1000 + run
            ).fit(X)
            limits = drawn.interval(0.95)
            inside.append((limits[:, 0] <= truth) & (truth <= limits[:, 1]))
            hits.append(truth * n_samples)
            binomial = np.sqrt(truth * (1 - truth) / n_samples)
            ratio.append(np.median(binomial / np.maximum(drawn.standard_errors_, 1e-300)))
    covered, hit = np.array(inside), np.array(hits)
    per_run = covered.mean(axis=1)
    error = per_run.std(ddof=1) / np.sqrt(len(per_run))
    typical = float(covered[hit >= 50].mean())  # rarer cells cover more than they promise, on purpose
    within = 0.93 - 2 * error <= typical <= 0.97 + 2 * error
    targets.add(
        f"95 % t intervals, d = {d}, m = {m}: coverage of cells with 50 hits or more",
        ".93 to .97 (2 standard errors)",
        f"{typical:.3f} ± {error:.3f}",
        within,
    )
    few = f"{covered[hit < 50].mean():.3f}" if (hit < 50).any() else "-"
    many = f"{covered[hit >= 50].mean():.3f}" if (hit >= 50).any() else "-"
    return (
        f"| {d} | {m} | {n_samples:,} | {covered.mean():.3f} ± {error:.3f} | {many} | {few} "
        f"| {np.median(ratio):.1f} |"
    )


def cost(m: int, d: int, **options: object) -> str:
    """Return one table row: seconds and error of one fit (median of three)."""
    X = np.random.default_rng(0).uniform(size=(m, d))
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        fitted = VoronoiWeights(random_state=0, **options).fit(X)  # type: ignore[arg-type]
        times.append(time.perf_counter() - begin)
    drawn = fitted.weights_ > 0
    relative = np.median(fitted.standard_errors_[drawn] / fitted.weights_[drawn])
    kind = "exact" if fitted.exact_ else f"{fitted.n_samples_:,}"
    return f"| {m:,} | {d} | {kind} | {np.median(times):.2f} | {relative:.3f} | {(fitted.weights_ == 0).mean():.2f} |"


def exact_cells(targets: Targets) -> None:
    """Compare exact cells with rational arithmetic, duplicates and ties included."""
    rng = np.random.default_rng(0)
    for d in (1, 2):
        worst = 0.0
        for trial in range(10):
            X = rng.integers(0, 9, size=(14, d)) / 8.0 if trial % 2 else rng.uniform(size=(14, d))
            X = np.vstack([X, X[:2], X[:1]])
            found = VoronoiWeights("cube").fit(X).weights_
            worst = max(worst, float(np.abs(found - rational_shares(X)).max()))
        targets.add(f"exact cells, d = {d}: largest error", "<= 1e-12", f"{worst:.0e}", worst <= 1e-12)


def rational_shares(X: np.ndarray) -> np.ndarray:
    """Return the shares of the unit interval or square by clipping in fractions, duplicates split."""
    rows = [tuple(Fraction(float(x)) for x in row) for row in X]
    shares = {}
    for p in set(rows):
        zero, one = Fraction(0), Fraction(1)
        cell = [(zero,), (one,)] if len(p) == 1 else [(zero, zero), (one, zero), (one, one), (zero, one)]
        for q in set(rows) - {p}:
            normal = [b - a for a, b in zip(p, q, strict=True)]
            level = sum((b * b - a * a) / 2 for a, b in zip(p, q, strict=True))
            side = [sum(n * x for n, x in zip(normal, corner, strict=True)) - level for corner in cell]
            clipped = []
            for k in range(len(cell)):
                here, there = side[k - 1], side[k]
                if (here < 0 < there) or (there < 0 < here):
                    t = here / (here - there)
                    clipped.append(tuple(a + t * (b - a) for a, b in zip(cell[k - 1], cell[k], strict=True)))
                if there <= 0:
                    clipped.append(cell[k])
            cell = clipped
        if len(p) == 1:
            ends = [corner[0] for corner in cell] or [zero]
            shares[p] = max(ends) - min(ends)
        else:
            turns = (cell[k - 1][0] * cell[k][1] - cell[k - 1][1] * cell[k][0] for k in range(len(cell)))
            shares[p] = abs(sum(turns, Fraction(0))) / 2
    counts = Counter(rows)
    return np.array([float(shares[row] / counts[row]) for row in rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=300)
    options = parser.parse_args()
    print(f"machine: {machine()}")
    targets = Targets()
    exact_cells(targets)
    print(
        "\n| d | alternatives | samples | coverage of 95 % intervals | cells of >= 50 hits | fewer | binomial / ours |"
    )
    print("|---|---|---|---|---|---|---|")
    for d, m, n in [(2, 10, 2**12), (2, 50, 2**14), (4, 20, 2**13), (8, 20, 2**13)]:
        print(coverage(d, m, n, options.repeats, targets), flush=True)
    print(
        "\n| alternatives | d | samples | seconds | median relative error of cells that drew | share that drew none |"
    )
    print("|---|---|---|---|---|---|")
    VoronoiWeights().fit(np.random.default_rng(0).uniform(size=(9, 2)))  # compiles
    VoronoiWeights(n_samples=64).fit(np.random.default_rng(0).uniform(size=(9, 9)))
    for m, d in [(1_000, 2), (100_000, 2), (1_000, 4), (100_000, 4), (1_000, 8), (10_000, 8), (1_000, 384)]:
        print(cost(m, d), flush=True)

    rng = np.random.default_rng(0)
    X, new = rng.uniform(size=(20_000, 8)), rng.uniform(0.2, 0.8, size=(20, 8))
    times = {"fit": [], "add": [], "remove": []}
    for _ in range(3):
        begin = time.perf_counter()
        fitted = VoronoiWeights("cube", random_state=0).fit(X)
        times["fit"].append(time.perf_counter() - begin)
        begin = time.perf_counter()
        fitted.partial_fit(new)
        times["add"].append(time.perf_counter() - begin)
        begin = time.perf_counter()
        fitted.remove(np.arange(20))
        times["remove"].append(time.perf_counter() - begin)
    full = np.median(times["fit"])
    print(
        f"\n20,000 alternatives in 8 dimensions: adding 20 takes {np.median(times['add']) / full:.3f} of a fit, "
    )
    print(f"removing 20 takes {np.median(times['remove']) / full:.3f} of one.")
    targets.show()


if __name__ == "__main__":
    main()
