"""Do 95 % intervals hold the truth 95 times in 100: simulations of boards, told per design.

Run as ``python benchmarks/interval_coverage.py [DESIGN ...] [--simulations N]``. Every simulation draws new outcomes on a design and
asks of each alternative whether its interval holds the reward that endless data of that design would
give (with ``regularization=0`` that is the true reward; of annotators that differ, the best fit to their
mean win rates). The printed share is over alternatives and simulations; its error is that of the
simulations' means.
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


def large(rng):
    """1,200 alternatives with about 100 battles each: standard errors by random probes, not exact."""
    m, n = 1_200, 60_000
    left = rng.integers(0, m, n)
    right = (left + rng.integers(1, m, n)) % m
    pair, count = np.unique(np.sort(np.column_stack([left, right]), axis=1), axis=0, return_counts=True)
    return pair[:, 0], pair[:, 1], rng.normal(scale=0.7, size=m), count


ANNOTATORS, JUDGMENTS, DISAGREEMENT = 120, 60, 1.0


def annotators(strength, n_simulations, rng, *, clustered=True):
    """20 alternatives, 120 annotators with tastes of their own who judge 60 pairs each; their errors cluster."""
    m, n = 20, ANNOTATORS * JUDGMENTS
    truth = np.linspace(-1, 1, m)
    left, right = np.triu_indices(m, 1)
    # mean win rate of a pair: tastes are normal, so is their difference, of twice the variance
    nodes, mass = np.polynomial.hermite_e.hermegauss(60)
    gap = (truth[left] - truth[right])[:, None] + np.sqrt(2) * DISAGREEMENT * nodes
    mean = (1 / (1 + np.exp(-gap))) @ mass / mass.sum()
    endless = Comparisons.from_arrays(left, right, mean, ids=np.arange(m))
    target = BradleyTerry(regularization=strength).fit(endless).rewards_
    who = np.repeat(np.arange(ANNOTATORS), JUDGMENTS)
    inside = []
    for _ in range(n_simulations):
        taste = truth + DISAGREEMENT * rng.normal(size=(ANNOTATORS, m))
        pair = rng.integers(0, len(left), n)
        a, b = left[pair], right[pair]
        won = (rng.random(n) < 1 / (1 + np.exp(taste[who, b] - taste[who, a]))).astype(float)
        c = Comparisons.from_arrays(a, b, won, annotator=who, ids=np.arange(m))
        clusters = "annotator" if clustered else "row"
        ends = BradleyTerry(regularization=strength).fit(c, clusters=clusters).interval()
        inside.append((ends[:, 0] <= target) & (target <= ends[:, 1]))
    return np.array(inside), 0


def annotators_ignored(strength, n_simulations, rng):
    """The same, with every row taken as independent: what clustering is for."""
    return annotators(strength, n_simulations, rng, clustered=False)


DESIGNS = {make.__name__: make for make in (dense, weighted, ladder, newcomer, sparse, large)}
WHOLE = {make.__name__: make for make in (annotators, annotators_ignored)}


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
    parser.add_argument("designs", nargs="*", default=[*DESIGNS, *WHOLE])
    parser.add_argument("--simulations", type=int, default=1_000)
    options = parser.parse_args()
    unknown = set(options.designs) - DESIGNS.keys() - WHOLE.keys()
    if unknown:
        parser.error(f"unknown design {unknown.pop()!r}; known: {', '.join([*DESIGNS, *WHOLE])}")
    print(
        "| design | lambda | coverage, all | the last alternative | lowest alternative | skipped | seconds |"
    )
    print("|---|---|---|---|---|---|---|", flush=True)
    for name in options.designs:
        for strength in (0.0, 0.01):
            start = time.process_time()
            rng = np.random.default_rng(0)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UncertaintyWarning)
                if name in WHOLE:
                    inside, skipped = WHOLE[name](strength, options.simulations, rng)
                else:
                    inside, skipped = simulate(DESIGNS[name], strength, options.simulations, rng)
            error = inside.mean(axis=1).std() / np.sqrt(len(inside))
            print(
                f"| {name} | {strength:g} | {100 * inside.mean():.1f} +/- {100 * error:.1f} % | "
                f"{100 * inside[:, -1].mean():.1f} % | {100 * inside.mean(axis=0).min():.1f} % | {skipped} | "
                f"{time.process_time() - start:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
