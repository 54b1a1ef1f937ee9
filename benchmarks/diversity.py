"""Time diversity weights against other solvers of the same problem, and on tables too large for a kernel.

Run:  python benchmarks/diversity.py [--dense 200 500 1000 2000] [--large 10000 30000] [--repeats 3]
      python benchmarks/diversity.py --dense --trees --large 100000  # the targets at scale: a quarter of an hour
      python benchmarks/diversity.py --dense --trees --large 1000000 # and a million: the same, 8 GB

The problem of all: ``min v'Kv`` over the simplex, K a Gaussian kernel at the automatic scale. Contenders get the
same stored K, BLAS on one thread, and are measured in processor seconds, which a busy machine disturbs
less than the wall clock. The relative gap ``(v'Kv - min (Kv)_i) / v'Kv`` is measured afterwards, the same way
for all. A contender that took longer than ``--limit`` at one size is left out at the next.

Data: unit vectors in 384 dimensions drawn around topics of uneven size (numbers with a decaying spectrum), 10 %
near-copies at distances .01 to .3, 5 % exact copies of a few. ``--embeddings FILE.npy`` takes a table of your own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy.linalg
import scipy.optimize
import scipy.sparse as sp
from measure import Clock, Targets, in_child, peak_memory, spread
from nearest import machine
from threadpoolctl import threadpool_limits

from cloneproof.weights import (
    DiversityWeights,
    ScaleTreeWeights,
    VoronoiWeights,
    choose_scale,
    group_duplicates,
)
from cloneproof.weights.neighbours import gaussian_kernel
from cloneproof.weights.simplex_qp import solve_simplex_qp

TOL = 1e-6


def sentences(m: int, d: int = 384, seed: int = 0, exact: float = 0.05, near: float = 0.10) -> np.ndarray:
    """Draw float32 unit vectors that lie like sentence embeddings, copies included."""
    rng = np.random.default_rng(seed)
    spectrum = ((1 + np.arange(d)) ** -0.5).astype(np.float32)
    turn = np.linalg.qr(rng.standard_normal((d, d)))[0].astype(np.float32)
    n_near, n_exact = int(near * m), int(exact * m)
    n_own = m - n_near - n_exact
    topics = rng.standard_normal((max(8, int(n_own**0.5)), d), dtype=np.float32) * spectrum
    popularity = rng.lognormal(size=len(topics))
    table = np.empty((m, d), dtype=np.float32)
    for begin in range(0, n_own, 65_536):
        rows = slice(begin, min(begin + 65_536, n_own))
        n = rows.stop - begin
        own = 0.9 * rng.standard_normal((n, d), dtype=np.float32) * spectrum
        block = (topics[rng.choice(len(topics), n, p=popularity / popularity.sum())] + own) @ turn
        table[rows] = block / np.linalg.norm(block, axis=1, keepdims=True)
    shift = rng.standard_normal((n_near, d), dtype=np.float32) / np.float32(d**0.5)
    copies = table[rng.choice(n_own, n_near)] + rng.uniform(0.01, 0.3, (n_near, 1)).astype(np.float32) * shift
    table[n_own : n_own + n_near] = copies / np.linalg.norm(copies, axis=1, keepdims=True)
    copied = rng.choice(n_own, max(1, m // 2_000))
    table[n_own + n_near :] = table[rng.choice(copied, n_exact)]
    return table


def relative_gap(kernel: np.ndarray, v: np.ndarray) -> float:
    """Measure how far weights are from optimal."""
    product = kernel @ v
    value = float(v @ product)
    return max(value - float(product.min()), 0.0) / value


# -- contenders: kernel, seconds allowed -> weights ---------------------------------------------------------


def ours(kernel: np.ndarray, _limit: float) -> np.ndarray:
    return solve_simplex_qp(kernel, tol=TOL).weights


def multiplicative(kernel: np.ndarray, limit: float) -> np.ndarray:
    """The plain update v <- v / (Kv), until the gap is small or the time is up."""
    v = np.full(len(kernel), 1.0 / len(kernel))
    begin = time.process_time()
    while time.process_time() - begin < limit:
        for _ in range(20):
            v = v / (kernel @ v)
            v /= v.sum()
        if relative_gap(kernel, v) <= TOL:
            break
    return v


def nnls(kernel: np.ndarray, _limit: float) -> np.ndarray:
    """Lawson-Hanson: min |Ru - R'^-1 1| over u >= 0, with K = R'R; then v = u / sum u."""
    root = scipy.linalg.cholesky(kernel + 1e-10 * np.eye(len(kernel)))
    right = scipy.linalg.solve_triangular(root, np.ones(len(kernel)), trans="T")
    u = scipy.optimize.nnls(root, right, maxiter=20 * len(kernel))[0]
    return u / u.sum()


def clarabel(kernel: np.ndarray, _limit: float) -> np.ndarray:
    import clarabel as package

    m = len(kernel)
    settings = package.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs, settings.tol_gap_rel, settings.tol_feas = 1e-12, 1e-7, 1e-10
    constraint = sp.vstack([sp.csc_matrix(np.ones((1, m))), -sp.identity(m, format="csc")], format="csc")
    bound = np.concatenate([[1.0], np.zeros(m)])
    cones = [package.ZeroConeT(1), package.NonnegativeConeT(m)]
    problem = sp.csc_matrix(np.triu(2.0 * kernel))
    solved = package.DefaultSolver(problem, np.zeros(m), constraint, bound, cones, settings).solve()
    v = np.maximum(np.array(solved.x), 0.0)
    return v / v.sum()


def osqp(kernel: np.ndarray, limit: float) -> np.ndarray:
    import osqp as package

    m = len(kernel)
    solver = package.OSQP()
    constraint = sp.vstack([sp.csc_matrix(np.ones((1, m))), sp.identity(m, format="csc")], format="csc")
    solver.setup(
        sp.csc_matrix(np.triu(2.0 * kernel)),
        np.zeros(m),
        constraint,
        np.concatenate([[1.0], np.zeros(m)]),
        np.concatenate([[1.0], np.ones(m)]),
        verbose=False,
        eps_abs=1e-11,
        eps_rel=1e-9,
        max_iter=200_000,
        polishing=True,
        time_limit=limit,
    )
    v = np.maximum(solver.solve(raise_error=False).x, 0.0)
    return v / v.sum()


CONTENDERS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "cloneproof": ours,
    "v <- v / (Kv)": multiplicative,
    "scipy nnls": nnls,
    "Clarabel": clarabel,
    "OSQP": osqp,
}


def compare(sizes: list[int], repeats: int, limit: float, targets: Targets) -> None:
    """Print the dense contenders side by side."""
    print("\n| m | solver | CPU seconds: median (lowest..highest) | times ours | relative gap reached |")
    print("|---|---|---|---|---|")
    left_out: set[str] = set()
    for m in sizes:
        points = sentences(m, exact=0.0)
        kernel = gaussian_kernel(points, choose_scale(points))
        seconds: dict[str, list[float]] = {}
        gaps: dict[str, float] = {}
        with threadpool_limits(1, user_api="blas"):
            for _ in range(repeats):
                for name, solve in CONTENDERS.items():
                    if name in left_out or (seconds.get(name) and seconds[name][0] > limit / 3):
                        continue
                    try:
                        with Clock() as clock:
                            v = solve(kernel, limit)
                    except (ImportError, RuntimeError) as error:
                        print(f"| {m:,} | {name} | - | - | {type(error).__name__}: {str(error)[:60]} |")
                        left_out.add(name)
                        continue
                    seconds.setdefault(name, []).append(clock.cpu)
                    gaps[name] = relative_gap(kernel, v)
        base = statistics.median(seconds["cloneproof"])
        for name, values in seconds.items():
            ratio = statistics.median(values) / base
            print(
                f"| {m:,} | {name} | {spread(values, '.3f')} | {ratio:.1f} | {gaps[name]:.1e} |", flush=True
            )
        left_out |= {name for name, values in seconds.items() if statistics.median(values) > limit / 8}
        others = [statistics.median(values) for name, values in seconds.items() if name != "cloneproof"]
        if others and m == max(sizes):
            targets.add(
                f"dense, m = {m:,}: CPU against the fastest other that ran",
                "less",
                f"{base / min(others):.2f} of it",
                base < min(others),
            )
        targets.add(
            f"dense, m = {m:,}: relative gap",
            "<= 1e-6",
            f"{gaps['cloneproof']:.1e}",
            gaps["cloneproof"] <= TOL,
        )


def whole_fit(repeats: int, targets: Targets) -> None:
    """Time the estimator end to end, automatic scale included, at 2,000 x 384."""
    X = sentences(2_000)
    DiversityWeights().fit(X[:300])
    wall, cpu = [], []
    for _ in range(repeats):
        with Clock() as clock:
            fitted = DiversityWeights().fit(X)
        wall.append(clock.wall)
        cpu.append(clock.cpu)
    print(f"\nDiversityWeights().fit, 2,000 x 384, automatic scale ({fitted.scale_:.3f}) included:")
    print(f"wall seconds {spread(wall)}, CPU seconds {spread(cpu)}, relative gap {fitted.relative_gap_:.1e}")
    targets.add(
        "2,000 x 384 dense, CPU seconds", "<= 2", f"{statistics.median(cpu):.2f}", statistics.median(cpu) <= 2
    )


def one_large(source: str) -> dict[str, float]:
    """Fit one large table in this process and measure everything about it."""
    X = np.load(source) if source.endswith(".npy") else sentences(int(source))
    DiversityWeights(method="sparse").fit(X[:300])
    before = peak_memory()
    with Clock() as scale_clock:
        scale = choose_scale(X)
    with Clock() as clock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = DiversityWeights(method="sparse", scale=scale).fit(X)
    groups = group_duplicates(X)
    heaviest = int(np.argmax(groups.counts))
    rows = np.flatnonzero(groups.inverse == heaviest)
    return {
        "m": len(X),
        "points": fitted.n_points_,
        "scale": scale,
        "scale_wall": scale_clock.wall,
        "scale_cpu": scale_clock.cpu,
        "wall": clock.wall,
        "cpu": clock.cpu,
        "gap": fitted.relative_gap_,
        "gap_rows": fitted.n_gap_rows_,
        "effective": fitted.n_effective_,
        "table": X.nbytes / 1e9,
        "before": before,
        "peak": peak_memory(),
        "copies": len(rows),
        "copies_spread": float(np.ptp(fitted.weights_[rows])),
    }


def large(sources: list[str], targets: Targets) -> None:
    """Print one row per large table, each fitted in a process of its own."""
    if not sources:
        return
    print(
        "\n| rows | distinct | h | CPU s: scale | CPU s: weights | wall s | relative gap (rows measured) | effective | table GB | peak GB |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for source in sources:
        r = in_child(__file__, source)
        print(
            f"| {r['m']:,} | {r['points']:,} | {r['scale']:.3f} | {r['scale_cpu']:.1f} | {r['cpu']:.1f} "
            f"| {r['wall']:.0f} | {r['gap']:.1e} ({r['gap_rows']:,}) | {r['effective']:,.0f} "
            f"| {r['table']:.2f} | {r['peak']:.2f} |",
            flush=True,
        )
        if r["m"] < 500_000:
            targets.add(
                f"{r['m']:,} x 384 sparse: relative gap", "<= 1e-6", f"{r['gap']:.1e}", r["gap"] <= TOL
            )
        if r["m"] == 100_000:
            minutes = (r["cpu"] + r["scale_cpu"]) / 120
            targets.add("100,000 x 384: minutes of two processors", "<= 15", f"{minutes:.1f}", minutes <= 15)
        if r["m"] >= 1_000_000:
            targets.add("1,000,000 x 384: peak memory, GB", "<= 8", f"{r['peak']:.2f}", r["peak"] <= 8)
        targets.add(
            f"{r['copies']} exact copies in it: equal weights",
            "spread 0",
            f"{r['copies_spread']:.0e}",
            r["copies_spread"] == 0,
        )


def one_tree(m: int) -> dict[str, float]:
    """Fit a scale tree in this process and measure everything about it."""
    X = sentences(m)
    ScaleTreeWeights(scale=0.3).fit(X[:300])
    with Clock() as scale_clock:
        scale = choose_scale(X)
    with Clock() as clock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = ScaleTreeWeights(scale=scale).fit(X)
    groups = group_duplicates(X)
    rows = np.flatnonzero(groups.inverse == int(np.argmax(groups.counts)))
    return {
        "m": m,
        "scale": scale,
        "scale_cpu": scale_clock.cpu,
        "wall": clock.wall,
        "cpu": clock.cpu,
        "most": int(fitted.n_components_[0]),
        "fewest": int(fitted.n_components_[-1]),
        "peak": peak_memory(),
        "copies": len(rows),
        "copies_spread": float(np.ptp(fitted.weights_[rows])),
    }


def trees(sizes: list[int], targets: Targets) -> None:
    """Print one row per scale tree, each fitted in a process of its own."""
    if not sizes:
        return
    print("\nScale trees:\n\n| rows | h | CPU s: scale | CPU s: weights | wall s | components | peak GB |")
    print("|---|---|---|---|---|---|---|")
    for size in sizes:
        r = in_child(__file__, "tree", size)
        print(
            f"| {r['m']:,} | {r['scale']:.3f} | {r['scale_cpu']:.1f} | {r['cpu']:.1f} | {r['wall']:.0f} "
            f"| {r['most']:,} to {r['fewest']:,} | {r['peak']:.2f} |",
            flush=True,
        )
        targets.add(
            f"scale tree of {r['m']:,}: {r['copies']} exact copies have equal weights",
            "spread 0",
            f"{r['copies_spread']:.0e}",
            r["copies_spread"] == 0,
        )


def copies(targets: Targets) -> None:
    """Copy one alternative up to 1,000 times and watch its family's total."""
    X = sentences(300, exact=0.0, seed=5)
    weightings = {
        "diversity": DiversityWeights(),
        "scale tree": ScaleTreeWeights(),
        "Voronoi (4 components)": VoronoiWeights(n_components=4, n_samples=2**13, random_state=0),
    }
    for name, weighting in weightings.items():
        totals = []
        for k in (1, 2, 10, 100, 1_000):
            table = np.vstack([X, np.repeat(X[:1], k - 1, axis=0)])
            w = weighting.fit(table).weights_
            totals.append(float(w[0] + w[300:].sum()))
        moved = max(abs(t - totals[0]) for t in totals)
        targets.add(
            f"x1..x1000 exact copies, {name}: family's total moves by",
            "<= 1e-12",
            f"{moved:.0e}",
            moved <= 1e-12,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dense", type=int, nargs="*", default=[200, 500, 1_000, 2_000])
    parser.add_argument("--large", nargs="*", default=["10000"], help="sizes, or .npy tables")
    parser.add_argument("--embeddings", type=Path, help="a .npy table to weigh as well")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit", type=float, default=60.0, help="CPU seconds allowed to a contender")
    parser.add_argument("--trees", type=int, nargs="*", default=[10_000], help="sizes for the scale tree")
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one_tree(int(options.one[1])) if len(options.one) > 1 else one_large(*options.one)))
        return
    targets = Targets()
    print(f"machine: {machine()}")
    if options.dense:
        compare(options.dense, options.repeats, options.limit, targets)
        whole_fit(options.repeats, targets)
        copies(targets)
    large([*options.large, *([str(options.embeddings)] if options.embeddings else [])], targets)
    trees(options.trees, targets)
    targets.show()


if __name__ == "__main__":
    sys.exit(main())
