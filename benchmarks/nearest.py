"""Time the exact nearest-alternative search against what it is made of and what else there is.

Run:  python benchmarks/nearest.py [--alternatives 100000] [--dims 384] [--samples 16384] [--repeats 5]

Prints medians of several interleaved runs as ratios, with the machine, and the number of assignments that differ
from a float64 double loop, on plain data and on clones 1e-7 apart that are far from the origin.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
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


def sgemm_speed(n: int = 4096) -> float:
    """Return the speed of a large square float32 product, in operations a second."""
    a = np.random.default_rng(0).standard_normal((n, n), dtype=np.float32)
    begin = time.perf_counter()
    a @ a
    return 2.0 * n**3 / (time.perf_counter() - begin)


def seconds(work: Callable[[], object]) -> float:
    """Return how long one call takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def unit_rows(n: int, d: int, seed: int) -> np.ndarray:
    """Return random unit vectors, as sentence embeddings are."""
    x = np.random.default_rng(seed).standard_normal((n, d), dtype=np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def wrong(samples: np.ndarray, alternatives: np.ndarray, n: int = 200) -> int:
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

    speeds: dict[str, list[float]] = {name: [] for name in ["sgemm 4096^3", *roads]}
    for _ in range(options.repeats):
        speeds["sgemm 4096^3"].append(sgemm_speed())
        for name, road in roads.items():
            speeds[name].append(operations / seconds(road))
    with threadpool_limits(1, user_api="blas"):
        one = statistics.median(sgemm_speed() for _ in range(3))

    peak = statistics.median(speeds["sgemm 4096^3"])
    print(f"machine: {machine()}")
    print(
        f"{m:,} alternatives x {d} dimensions, {n:,} samples, medians of {options.repeats} interleaved runs"
    )
    if os.environ.get("OPENBLAS_CORETYPE"):
        print("note: OPENBLAS_CORETYPE is set, which may slow every product of matrices down")
    print("| road | share of the sgemm peak | lowest..highest run |")
    print("|---|---|---|")
    for name, values in speeds.items():
        low, high = min(values) / peak, max(values) / peak
        print(f"| {name} | {statistics.median(values) / peak:.2f} | {low:.2f}..{high:.2f} |")
    print(f"sgemm on one thread: {one / peak:.2f} of the peak on {count_threads(None)}")

    rng = np.random.default_rng(2)
    clones = unit_rows(m // 2, d, 3).astype(np.float64)
    clones = np.vstack([clones, clones + 1e-7 * rng.standard_normal(clones.shape)])
    print(f"wrong assignments of 200, plain data: {wrong(samples, alternatives)}")
    print(
        f"wrong assignments of 200, clones 1e-7 apart, mean shifted by 100: {wrong(samples + 100.0, clones + 100.0)}"
    )
    few = clones + 100.0
    begin = time.perf_counter()
    make_index(few, method="blocks").query(samples[:4096].astype(np.float64) + 100.0)
    speed = 2.0 * few.size * 4096 / (time.perf_counter() - begin)
    print(
        f"speed on those clones (every sample a near tie, centring included): {speed / peak:.2f} of the peak"
    )


if __name__ == "__main__":
    main()
