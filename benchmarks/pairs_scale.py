"""Comparison weights by diversity at scale: seconds, peak memory, the certified gap, and what copies share.

Simulated texts: unit vectors in 384 dimensions around topics, distances like those of sentence embeddings. A
tenth of the pairs are noisy copies (both sides moved by .1) of others, a hundredth exact copies.

Run:  python benchmarks/pairs_scale.py --pairs 100000 --texts 200000
      python benchmarks/pairs_scale.py --pairs 1000000 --texts 1000000
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import numpy as np

from cloneproof._core.progress import report_progress_to
from cloneproof.cli.talk import choose_reporter
from cloneproof.preferences import Comparisons
from cloneproof.rewards import comparison_weights

COPIES, EXACT, NOISE = 0.1, 0.01, 0.1


def make(n_pairs: int, n_texts: int, d: int, seed: int) -> tuple[Comparisons, np.ndarray, np.ndarray]:
    """Return comparisons, float32 embeddings, and the original of each exactly copied pair (-1: none)."""
    rng = np.random.default_rng(seed)
    n_copied, n_exact = int(COPIES * n_pairs), int(EXACT * n_pairs)
    n_clean = n_pairs - n_copied - n_exact
    extra = 2 * (n_copied + n_exact)
    clean = n_texts - extra
    topics = rng.standard_normal((max(clean // 40, 1), d), dtype=np.float32)
    topics /= np.linalg.norm(topics, axis=1, keepdims=True)
    X = np.empty((n_texts, d), dtype=np.float32)
    for low in range(0, clean, 65_536):
        high = min(low + 65_536, clean)
        part = rng.standard_normal((high - low, d), dtype=np.float32)
        part *= np.float32(0.7 / np.sqrt(d))
        part += np.float32(0.75) * topics[rng.integers(len(topics), size=high - low)]
        X[low:high] = part / np.linalg.norm(part, axis=1, keepdims=True)
    left = rng.integers(clean, size=n_clean)
    right = (left + rng.integers(1, clean, size=n_clean)) % clean
    which = rng.integers(n_clean, size=n_copied + n_exact)
    new = clean + np.arange(extra).reshape(2, -1)
    for side, old in zip(new, (left[which], right[which]), strict=True):
        X[side] = X[old]
        X[side[:n_copied]] += rng.standard_normal((n_copied, d), dtype=np.float32) * np.float32(
            NOISE / np.sqrt(d)
        )
    original = np.full(n_pairs, -1)
    original[n_clean + n_copied :] = which[n_copied:]
    c = Comparisons.from_arrays(
        np.concatenate([left, new[0]]), np.concatenate([right, new[1]]), ids=np.arange(n_texts)
    )
    return c, X, original


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--texts", type=int, default=200_000)
    parser.add_argument("--dims", type=int, default=384)
    parser.add_argument("--scale", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    c, X, original = make(options.pairs, options.texts, options.dims, options.seed)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    began, cpu = time.perf_counter(), time.process_time()
    with report_progress_to(choose_reporter()):
        found = comparison_weights(c, embeddings=X, scale=options.scale, return_record=True)
    seconds, spent = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    copied = np.flatnonzero(original >= 0)
    pair = np.minimum(c.left, c.right).astype(np.int64) * c.n_alternatives + np.maximum(c.left, c.right)
    same = np.abs(found.weights[copied] - found.weights[original[copied]])  # copies of a pair share equally
    alone = np.bincount(np.unique(pair, return_inverse=True)[1])[np.unique(pair, return_inverse=True)[1]] == 1
    kept = alone[original[copied]]
    sys.stdout.write(
        f"| pairs | texts | dims | h | seconds | CPU s | peak GB (data: {before:.1f}) | relative gap | floor "
        f"| effective pairs | copies differ by |\n|---|---|---|---|---|---|---|---|---|---|---|\n"
        f"| {options.pairs:,} | {options.texts:,} | {options.dims} | {options.scale:g} | {seconds:,.0f} | {spent:,.0f} "
        f"| {peak:.1f} | {found.relative_gap:.1e} | {found.floor:.2g} | {found.effective_sample_size:,.0f} "
        f"| {same[kept].max(initial=0.0):.1e} |\n"
    )


if __name__ == "__main__":
    main()
