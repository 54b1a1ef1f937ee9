"""The harm index by simulation: errors under one model, power under mixtures, and what clones then do.

Run: python -m benchmarks.harm [--quick] [--write]. Two to four minutes; --write puts the tables into docs/harm.md.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy.special import expit
from scipy.stats import spearmanr

from benchmarks.docs_tables import markdown_table, write_table
from cloneproof import BradleyTerry, Comparisons
from cloneproof.audit.harm import clones_flip_winner, harm_index, population_departure
from cloneproof.preferences import (
    Population,
    make_linear_population,
    paris_population,
    population_win_rates,
    sample_comparisons,
)
from cloneproof.preferences.taste import Taste

PAGE = "docs/harm.md"


def one_model(m: int, spread: float, seed: int) -> Population:
    """Everybody has the same taste."""
    r = np.random.default_rng(seed).normal(0.0, spread, m)
    return Population(tastes=(Taste(share=1.0, rewards=r),))


def shares(population_of, n: int, runs: int, n_bootstrap: int) -> list[str]:
    """Return how often each p value is at most 5 %, and the mean departure beside the true one."""
    found, truth = [], []
    for seed in range(runs):
        population = population_of(seed)
        c = sample_comparisons(population, n, n_annotators=max(n // 20, 5), random_state=seed)
        index = harm_index(c, n_bootstrap=n_bootstrap, random_state=seed)
        found.append(
            (
                index.p_value,
                index.likelihood_ratio_p_value,
                index.cyclic_p_value,
                index.annotator_p_value,
                index.departure,
            )
        )
        truth.append(population_departure(population_win_rates(population)))
    table = np.array(found)
    rejected = (table[:, :4] <= 0.05).mean(axis=0)
    return [*(f"{x:.2f}" for x in rejected), f"{table[:, 4].mean():.3f}", f"{np.mean(truth):.3f}"]


def errors_and_power(runs: int, n_bootstrap: int) -> str:
    """Return the table of rejection rates."""
    rows = []
    for m, n, spread in ((10, 1_000, 1.0), (40, 400, 1.5), (40, 4_000, 1.0)):
        cells = shares(lambda s, m=m, x=spread: one_model(m, x, s), n, runs, n_bootstrap)
        rows.append([f"one taste, spread {spread:g}", m, f"{n:,}", *cells])
    groups = np.array(["food", "art", "romance"])
    for m, n in ((12, 500), (12, 2_000)):
        cells = shares(lambda _, m=m: paris_population(groups[np.arange(m) % 3]), n, runs, n_bootstrap)
        rows.append(["the paper's three tastes", m, f"{n:,}", *cells])
    for m, n in ((12, 2_000), (12, 10_000)):

        def random_tastes(seed: int, m: int = m) -> Population:
            points = np.random.default_rng(seed).normal(size=(m, 4))
            return make_linear_population(points, n_tastes=3, spread=3.0, random_state=seed)

        rows.append(["3 random tastes, spread 3", m, f"{n:,}", *shares(random_tastes, n, runs, n_bootstrap)])
    head = ["annotators", "alternatives", "judgments", "index", "likelihood ratio", "cycles", "over annotators",
            "departure found", "true"]  # fmt: skip
    return markdown_table(head, rows, "lrrrrrrrr")


def clone_shift(P: np.ndarray, copies: int) -> tuple[float, float, bool]:
    """Return the largest moves of a fitted win rate and of a centred reward, over all cloned alternatives, and
    whether some copies change the best of the others."""
    m = len(P)
    c = Comparisons.from_win_rates(P)
    plain = BradleyTerry(regularization=1e-7).fit(c).rewards_
    plain = plain - plain.mean()
    rate, reward, flips = 0.0, 0.0, False
    for k in range(m):
        w = np.ones(m)
        w[k] = copies  # exact copies are their original with that weight
        r = BradleyTerry(regularization=1e-7).fit(c, alternative_weight=w).rewards_
        r = r - r.mean()
        move = expit(r[:, None] - r[None, :]) - expit(plain[:, None] - plain[None, :])
        rate, reward = max(rate, float(np.abs(move).max())), max(reward, float(np.abs(r - plain).max()))
        flips |= clones_flip_winner(P, copies, cloned=k).flips
    return rate, reward, flips


def relation(populations: int, n: int, n_bootstrap: int) -> str:
    """Return the rank correlations between index and clone shift over random populations."""
    m, copies = 12, 10
    rows = []
    for seed in range(populations):
        rng = np.random.default_rng(10_000 + seed)
        points = rng.normal(size=(m, 4))
        population = make_linear_population(
            points, n_tastes=int(rng.integers(1, 6)), spread=float(rng.uniform(0.5, 2.5)), random_state=rng
        )
        P = population_win_rates(population)
        index = harm_index(
            sample_comparisons(population, n, random_state=rng), annotators="ignore", n_bootstrap=n_bootstrap
        )
        rows.append((population_departure(P), index.departure, index.p_value, *clone_shift(P, copies)))
    truth, found, p, rate, reward, flips = np.array(rows, dtype=float).T
    seen = p <= 0.05

    def both(values: np.ndarray) -> str:
        return f"{np.median(values[~seen]):.3f} | {np.median(values[seen]):.3f}"

    lines = [
        ["Spearman: true departure, largest move of a win rate", f"{spearmanr(truth, rate)[0]:.2f}"],
        ["Spearman: true departure, largest move of a reward", f"{spearmanr(truth, reward)[0]:.2f}"],
        [
            f"Spearman: index from {n:,} judgments, largest move of a win rate",
            f"{spearmanr(found, rate)[0]:.2f}",
        ],
        [
            f"Spearman: index from {n:,} judgments, largest move of a reward",
            f"{spearmanr(found, reward)[0]:.2f}",
        ],
        ["Spearman: index, true departure", f"{spearmanr(found, truth)[0]:.2f}"],
        ["populations with p > .05, p <= .05", f"{(~seen).sum()}, {seen.sum()}"],
        ["median largest move of a win rate, there", both(rate).replace(" | ", ", ")],
        ["median largest move of a reward, there", both(reward).replace(" | ", ", ")],
        [
            "10 copies of some alternative change the best of the others, there",
            f"{100 * flips[~seen].mean():.0f} %, {100 * flips[seen].mean():.0f} %",
        ],
    ]
    return markdown_table(
        [f"{populations} random populations, {m} alternatives, 1 to 5 tastes", "value"], lines, "lr"
    )


def flip_rate(populations: int) -> str:
    """Return how often copies of F change the winner of A and R among random populations of rankings."""
    rng = np.random.default_rng(0)
    orders = np.array([[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]])
    place = np.argsort(orders, axis=1)
    better = (place[:, :, None] < place[:, None, :]).astype(float)
    rows = []
    for copies in (2, 5, 10, 100):
        flips = 0
        for mix in rng.dirichlet(np.ones(6), size=populations):
            P = np.tensordot(mix, better, 1)
            np.fill_diagonal(P, 0.5)
            flips += clones_flip_winner((P + 1.0 - P.T) / 2.0, copies).flips
        rows.append([copies, f"{100 * flips / populations:.1f} %"])
    return markdown_table(["food is there (times)", "the best of the other two changes"], rows, "rr")


def grouped_texts(n: int, runs: int, n_bootstrap: int) -> str:
    """Return how often grouping texts that are judged once rejects one model that is true."""
    from sklearn.cluster import KMeans

    rejected = 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        points = rng.normal(size=(2 * n, 4))
        r = points @ rng.normal(size=4)
        won = (rng.random(n) < expit(r[:n] - r[n:])).astype(float)
        group = KMeans(8, n_init=1, random_state=seed).fit_predict(points)
        a, b = group[:n], group[n:]
        kept = a != b
        c = Comparisons.from_arrays(a[kept], b[kept], won[kept], ids=np.arange(8))
        rejected += harm_index(c, n_bootstrap=n_bootstrap).p_value <= 0.05
    return f"{100 * rejected / runs:.0f} %"


def main() -> None:
    """Print the tables, and write them into the page if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs, to see that it works")
    parser.add_argument("--write", action="store_true", help=f"write the tables into {PAGE}")
    parser.add_argument("--only", default=None, help="one table, such as harm-power")
    options = parser.parse_args()
    part = 10 if options.quick else 1
    begun = time.perf_counter()
    jobs = {
        "harm-flips": lambda: flip_rate(20_000 // part),
        "harm-power": lambda: errors_and_power(40 // part, 39),
        "harm-relation": lambda: relation(80 // part, 5_000, 39),
        "harm-grouped": lambda: markdown_table(
            ["texts judged once, one taste, k-means into 8 groups", "one model rejected at 5 %"],
            [[f"{n:,} pairs", grouped_texts(n, 40 // part, 39)] for n in (1_000, 20_000)],
            "lr",
        ),
    }
    found = {name: job() for name, job in jobs.items() if options.only in {None, name}}
    for name, table in found.items():
        print(f"\n{name}\n\n{table}")
        if options.write:
            write_table(PAGE, name, table)
    print(f"\n{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
