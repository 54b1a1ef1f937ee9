"""Do 95 % intervals hold the truth 95 times in 100: simulations of boards, told per design.

Run as ``python benchmarks/interval_coverage.py [--simulations N]``. Every simulation draws new outcomes on a design and
asks of each alternative whether its interval holds the reward that endless data of that design would
give (with ``regularization=0`` that is the true reward). The printed share is over alternatives and
simulations; its error is that of the simulations' means.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np

from cloneproof._core.errors import NoMaximumLikelihoodError, UncertaintyWarning
from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry


def dense(rng):
    """60 alternatives, log-normal popularity, 20,000 battles."""
    m = 60
    left, right = np.triu_indices(m, 1)
    popularity = rng.lognormal(sigma=0.5, size=m)
    share = popularity[left] * popularity[right]
    return left, right, rng.normal(size=m), rng.multinomial(20_000, share / share.sum())


def ladder(rng):
    """A matchmaking ladder: 40 alternatives that meet those one or two places away, about 150 times."""
    m = 40
    left = np.concatenate([np.arange(m - k) for k in (1, 2)])
    right = np.concatenate([np.arange(k, m) for k in (1, 2)])
    return left, right, 0.2 * np.arange(m)[::-1], rng.poisson(150, len(left))


def newcomer(rng):
    """40 alternatives with 5 million battles, the last of them with 500."""
    m = 40
    left, right = np.triu_indices(m, 1)
    truth = np.linspace(-1.5, 1.5, m)
    truth[-1] = 1.0
    share = rng.lognormal(size=len(left))
    last = right == m - 1
    share[last] *= 500 / share[last].sum() * share[~last].sum() / 5_000_000
    return left, right, truth, rng.poisson(5_000_000 * share / share.sum())


def sparse(rng):
    """50 alternatives with about 40 battles each: the edge below which a warning is given."""
    m = 50
    left, right = np.triu_indices(m, 1)
    return left, right, rng.normal(size=m), rng.multinomial(1_000, np.full(len(left), 1 / len(left)))


def weighted(rng):
    """The dense design with alternative weights from 0.2 to 5 (before scaling)."""
    return dense(rng)


def simulate(make, strength, n_simulations, rng):
    inside, skipped = [], 0
    for _ in range(n_simulations):
        left, right, truth, count = make(rng)
        kept = count > 0
        left, right, count = left[kept], right[kept], count[kept]
        m = len(truth)
        w = np.exp(rng.uniform(-1.6, 1.6, m)) if make is weighted else None
        p = 1 / (1 + np.exp(truth[right] - truth[left]))
        wins = rng.binomial(count, p)
        columns = [np.r_[left, left], np.r_[right, right], np.r_[np.ones(len(p)), np.zeros(len(p))]]
        rows = np.r_[wins, count - wins]
        seen = rows > 0
        c = Comparisons.from_arrays(*(x[seen] for x in columns), count=rows[seen], ids=np.arange(m))
        endless = Comparisons.from_arrays(left, right, p, count=count, ids=np.arange(m))
        try:
            ends = BradleyTerry(regularization=strength).fit(c, w).interval()
        except NoMaximumLikelihoodError:
            skipped += 1
            continue
        target = BradleyTerry(regularization=strength).fit(endless, w).rewards_
        inside.append((ends[:, 0] <= target) & (target <= ends[:, 1]))
    return np.array(inside), skipped


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--simulations", type=int, default=1_000)
    options = parser.parse_args()
    print(
        "| design | lambda | coverage, all | the last alternative | lowest alternative | skipped | seconds |"
    )
    print("|---|---|---|---|---|---|---|", flush=True)
    for make in (dense, weighted, ladder, newcomer, sparse):
        for strength in (0.0, 0.01):
            start = time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UncertaintyWarning)
                inside, skipped = simulate(make, strength, options.simulations, np.random.default_rng(0))
            error = inside.mean(axis=1).std() / np.sqrt(len(inside))
            print(
                f"| {make.__name__} | {strength:g} | {100 * inside.mean():.1f} +/- {100 * error:.1f} % | "
                f"{100 * inside[:, -1].mean():.1f} % | {100 * inside.mean(axis=0).min():.1f} % | {skipped} | "
                f"{time.process_time() - start:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
