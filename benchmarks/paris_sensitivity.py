"""What the Paris case shows under other choices: components, regularization, comparisons.

Run ``python benchmarks/paris_sensitivity.py`` (about a minute on one core). One line per weighting: in how
many of 20 repeats romance was first before and after restaurants are added, the winner's flips, and in
the limit of all judgments whether it flips and how far the centred rewards move.
"""

from __future__ import annotations

import argparse

from cloneproof.audit.case_study import run_paris_case


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(
        f"{'components':>10} {'lambda':>7} {'n':>6}  {'weighting':15} {'before':>6} {'after':>5} {'flips':>5} "
        f"{'shift':>6} {'noise':>6} {'limit flips':>11} {'limit shift':>11} {'ESS':>9} {'food':>10}"
    )
    grid = [(k, 0.01, 1000) for k in (2, 3, 4, 6, 8, 12, 16, 32)]
    grid += [(8, strength, 1000) for strength in (0.001, 0.1)]
    grid += [(8, 0.01, n) for n in (300, 3000, 10_000)]
    for n_components, strength, n in grid:
        case = run_paris_case(
            arguments.repeats,
            n,
            arguments.seed,
            n_components=n_components,
            regularization=strength,
        )
        for row in case.rows:
            print(
                f"{n_components:10d} {strength:7g} {n:6d}  {row.weighting:15} {row.wins_before['romance']:6d} "
                f"{row.wins_after['romance']:5d} {row.n_flips:5d} {row.max_shift_centred.mean:6.2f} "
                f"{row.noise_shift_centred.mean:6.2f} {'yes' if row.flips_in_the_limit else 'no':>11} "
                f"{row.limit_max_shift_centred:11.3f} {row.effective_sample_size_before:4.0f}"
                f"{row.effective_sample_size_after:5.0f} {row.food_share_before:5.2f}{row.food_share_after:5.2f}"
            )


if __name__ == "__main__":
    main()
