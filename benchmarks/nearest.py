"""Time the exact nearest-alternative search against what it is made of and what else there is.

Run:  python benchmarks/nearest.py [--alternatives 100000] [--dims 384] [--samples 16384] [--repeats 5]

Prints medians of several interleaved runs as ratios, with the machine, and the number of assignments that differ
from a float64 double loop, on plain data and on clones 1e-7 apart that are far from the origin.

Speeds are operations a processor second (user + system, all threads), so that other work on the machine
disturbs them less, and beside that a wall second. Targets are judged on processor seconds.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measure import Targets, clocked, spread
from threadpoolctl import threadpool_info, threadpool_limits

from cloneproof.weights.nearest import count_threads, find_nearest, make_index


def machine() -> str:
    """Name the processor, its cores and the BLAS in use."""
    model = platform.processor() or platform.machine()
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
        model = names[0] if names else model
    except OSError:
        pass
    blas = {
        f"{i['internal_api']} {i.get('architecture', '')}"
        for i in threadpool_info()
        if i["user_api"] == "blas"
    }
    return f"{model}, {count_threads(None)} cores, {', '.join(sorted(blas))}"


def sgemm_speed(n: int = 4096) -> tuple[float, float]:
    """Return the speed of a large square float32 product, in operations a wall and a processor second."""
    a = np.random.default_rng(0).standard_normal((n, n), dtype=np.float32)
    wall, cpu = clocked(lambda: a @ a)
    return 2.0 * n**3 / wall, 2.0 * n**3 / cpu


def unit_rows(n: int, d: int, seed: int) -> np.ndarray:
    """Return random unit vectors, as sentence embeddings are."""
    x = np.random.default_rng(seed).standard_normal((n, d), dtype=np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def wrong(samples: np.ndarray, alternatives: np.ndarray, n: int) -> int:
    """Count assignments among `n` samples that differ from float64 differences."""
    chosen = np.random.default_rng(1).choice(len(samples), min(n, len(samples)), replace=False)
    found = find_nearest(samples[chosen], alternatives).index
    exact = alternatives.astype(np.float64)
    return sum(
        int(((exact - samples[i].astype(np.float64)) ** 2).sum(axis=1).argmin() != j)
        for i, j in zip(chosen, found, strict=True)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alternatives", type=int, default=100_000)
    parser.add_argument("--dims", type=int, default=384)
    parser.add_argument("--samples", type=int, default=16_384)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--checked", type=int, default=200, help="assignments compared with a float64 loop")
    options = parser.parse_args()
    m, d, n = options.alternatives, options.dims, options.samples
    alternatives, samples = unit_rows(m, d, 0), unit_rows(n, d, 1)
    operations = 2.0 * m * d * n
    index = make_index(alternatives, method="blocks")
    index.query(samples[:100])  # compiles

    roads: dict[str, Callable[[], object]] = {"cloneproof blocks": lambda: index.query(samples)}
    try:
        import faiss

        faiss.omp_set_num_threads(count_threads(None))
        flat = faiss.IndexFlatL2(d)
        flat.add(alternatives)
        roads["faiss Flat (k=1)"] = lambda: flat.search(samples, 1)
        roads["faiss Flat (k=2)"] = lambda: flat.search(samples, 2)
    except ImportError:
        print("faiss is not installed: left out")
    from sklearn.metrics import pairwise_distances_argmin

    roads["scikit-learn argmin"] = lambda: pairwise_distances_argmin(samples, alternatives)

    names = ["sgemm 4096^3", *roads]
    wall: dict[str, list[float]] = {name: [] for name in names}
    cpu: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(options.repeats):
        for name in names:
            if name in roads:
                seconds = clocked(roads[name])
                speed = operations / seconds[0], operations / seconds[1]
            else:
                speed = sgemm_speed()
            wall[name].append(speed[0])
            cpu[name].append(speed[1])
    with threadpool_limits(1, user_api="blas"):
        one = statistics.median(sgemm_speed()[0] for _ in range(3))

    by_wall, by_cpu = (statistics.median(s["sgemm 4096^3"]) for s in (wall, cpu))
    print(f"machine: {machine()}")
    print(
        f"{m:,} alternatives x {d} dimensions, {n:,} samples, medians of {options.repeats} interleaved runs; "
        f"the peak is {by_wall / 1e9:.0f} GFlop a second, {by_cpu / 1e9:.0f} a processor second"
    )
    if os.environ.get("OPENBLAS_CORETYPE"):
        print("note: OPENBLAS_CORETYPE is set, which may slow every product of matrices down")
    print("| road | share of the sgemm peak, CPU (lowest..highest) | by the wall clock (lowest..highest) |")
    print("|---|---|---|")
    for name in names:
        both = [spread([x / peak for x in s[name]]) for s, peak in ((cpu, by_cpu), (wall, by_wall))]
        print(f"| {name} | {both[0]} | {both[1]} |")
    print(f"sgemm on one thread: {one / by_wall:.2f} of the peak on {count_threads(None)}, by the wall clock")
    targets = Targets()
    what = f"nearest, {m:,} x {d}, exact"
    share = statistics.median(cpu["cloneproof blocks"]) / by_cpu
    targets.add(f"{what}: share of the sgemm peak", ">= .75", f"{share:.2f}", share >= 0.75)
    if "faiss Flat (k=1)" in roads:
        flat = statistics.median(cpu["cloneproof blocks"]) / statistics.median(cpu["faiss Flat (k=1)"])
        targets.add(f"{what}: speed, as a multiple of faiss Flat", ">= 1", f"{flat:.2f}", flat >= 1)

    rng = np.random.default_rng(2)
    clones = unit_rows(m // 2, d, 3).astype(np.float64)
    clones = np.vstack([clones, clones + 1e-7 * rng.standard_normal(clones.shape)])
    for data, count in (
        ("plain data", wrong(samples, alternatives, options.checked)),
        ("clones 1e-7 apart", wrong(samples, clones, options.checked)),
        ("clones 1e-7 apart, mean shifted by 100", wrong(samples + 100.0, clones + 100.0, options.checked)),
    ):
        targets.add(f"wrong assignments of {options.checked}, {data}", "0", str(count), count == 0)
    few = clones + 100.0
    _, seconds_cpu = clocked(
        lambda: make_index(few, method="blocks").query(samples[:4096].astype(np.float64) + 100.0)
    )
    print(
        f"speed on clones shifted by 100 (every sample a near tie, centring included): "
        f"{2.0 * few.size * 4096 / seconds_cpu / by_cpu:.2f} of the peak, by CPU"
    )
    targets.show()


if __name__ == "__main__":
    main()
