"""What the Paris case shows under other choices: components, regularization, comparisons, seeds.

One line per weighting: in how many of 20 repeats romance was first before and after restaurants are added, the
winner's flips, and in the limit of all judgments whether it flips and how far the centred rewards move. With the
default options the tables of ``docs/paris.md`` are written.

Run:  python -m benchmarks.paris_sensitivity      (about two minutes of one core)
"""

from __future__ import annotations

import argparse

from benchmarks.docs_tables import markdown_table, write_table
from cloneproof.audit.case_records import CaseRow
from cloneproof.audit.case_study import run_paris_case

PAGE = "docs/paris.md"
COMPONENTS = (2, 4, 6, 8, 16, 32)
SEEDS = range(6)


def cells(row: CaseRow) -> list[str]:
    return [
        row.weighting,
        str(row.wins_before["romance"]),
        str(row.wins_after["romance"]),
        str(row.n_flips),
        f"{row.max_shift_centred.mean:.2f}",
        f"{row.noise_shift_centred.mean:.2f}",
        "yes" if row.flips_in_the_limit else "no",
        f"{row.limit_max_shift_centred:.2f}",
        f"{row.effective_sample_size_before:.0f}, {row.effective_sample_size_after:.0f}",
        f"{row.food_share_before:.2f}, {row.food_share_after:.2f}",
    ]


HEADERS = [
    "weighting", "before", "after", "flips", "shift", "noise", "limit flips", "limit shift", "ESS before, after",
    "food share before, after",
]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    by_components, others, by_seed = [], [], {}
    grid = [(k, 0.01, 1000) for k in (2, 3, 4, 6, 8, 12, 16, 32)]
    grid += [(8, strength, 1000) for strength in (0.001, 0.1)]
    grid += [(8, 0.01, n) for n in (300, 3000, 10_000)]
    for n_components, strength, n in grid:
        case = run_paris_case(
            arguments.repeats, n, arguments.seed, n_components=n_components, regularization=strength
        )
        for row in case.rows:
            print(n_components, strength, n, *cells(row), sep="  ", flush=True)
            if n == 1000 and strength == 0.01 and n_components in COMPONENTS:
                by_components.append([str(n_components), *cells(row)])
            elif n_components == 8:
                others.append([f"{strength:g}", f"{n:,}", *cells(row)])
    for seed in SEEDS:
        for row in run_paris_case(arguments.repeats, 1000, seed).rows:
            by_seed.setdefault(row.weighting, []).append(
                f"{row.wins_before['romance']}, {row.wins_after['romance']}"
            )
    seeds = [[name, *values] for name, values in by_seed.items()]
    print(markdown_table(["weighting", *map(str, SEEDS)], seeds))
    if (arguments.repeats, arguments.seed) != (20, 0):
        print("docs are left as they are: they hold 20 repeats of seed 0")
        return
    write_table(
        PAGE, "paris-components", markdown_table(["components", *HEADERS], by_components, "rlrrrrrlrrr")
    )
    write_table(PAGE, "paris-others", markdown_table(["λ", "comparisons", *HEADERS], others, "rrlrrrrrlrrr"))
    write_table(
        PAGE, "paris-seeds", markdown_table(["weighting", *(f"seed {k}" for k in SEEDS)], seeds, "lrrrrrr")
    )


if __name__ == "__main__":
    main()
