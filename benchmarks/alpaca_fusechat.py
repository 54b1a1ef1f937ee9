"""AlpacaEval 2 as an arena: do four siblings of a model decide who leads?

Every two of 57 models (NullModel, which answers nothing, is left out) are compared on each instruction
by how each fared against the common reference; scores at most a tie band apart are a tie. The question
is the gap of FuseChat-Gemma-2-9B-Instruct and gpt4_1106_preview in rating points, with the four other
FuseChat models on the board, without them, and with the five weighted as one family. Instructions are
drawn with replacement for the intervals.

The pair and the tie band were selected because the order flips there: it shows that such a flip happens
on real data, not how often. Run: python benchmarks/alpaca_fusechat.py DATA_FOLDER
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from cloneproof import BradleyTerry, Comparisons, FamilyWeights
from cloneproof.leaderboard import leave_out
from cloneproof.rewards.ratings import RATING_SCALE

GEMMA = "FuseChat-Gemma-2-9B-Instruct"
REFERENCE = "gpt4_1106_preview"
FAMILY = "FuseChat"
LEFT_OUT = "NullModel"
BANDS = (0.0, 0.003, 0.01, 0.03, 0.1, 0.2)
RULES = ("all models, plain", "without the siblings", "family weighted as one")


@dataclass(frozen=True)
class Arena:
    """Scores against the reference, shape (n_instructions, n_models); NaN where a model gave no answer."""

    scores: np.ndarray
    models: list[str]

    @property
    def siblings(self) -> np.ndarray:
        """Mask of the family without its best member."""
        return np.array([name.startswith(FAMILY) and name != GEMMA for name in self.models])


def read_arena(folder: Path) -> Arena:
    """Read the scores of all models but NullModel."""
    table = pq.read_table(
        folder / "alpacaeval2_outputs.parquet", columns=["instruction_id", "model", "pref_vs_reference"]
    ).to_pydict()
    models = sorted(set(table["model"]) - {LEFT_OUT})
    instructions = {key: k for k, key in enumerate(sorted(set(table["instruction_id"])))}
    place = {name: k for k, name in enumerate(models)}
    scores = np.full((len(instructions), len(models)), np.nan)
    for key, name, score in zip(*table.values(), strict=True):
        if name != LEFT_OUT:
            scores[instructions[key], place[name]] = score
    return Arena(scores, models)


@dataclass(frozen=True)
class Battles:
    """Who wins on each instruction, and whether both answered: shape (n_instructions, m, m)."""

    won: np.ndarray
    met: np.ndarray

    def comparisons(self, weight: np.ndarray, models: list[str]) -> Comparisons:
        """Return one row a pair: share won and number of instructions, each counted `weight` times."""
        n, m = len(weight), len(models)
        w = weight.astype(np.float32)
        won, met = ((w @ x.reshape(n, -1)).reshape(m, m).astype(np.float64) for x in (self.won, self.met))
        left, right = np.triu_indices(m, 1)
        share = won[left, right] / met[left, right]
        return Comparisons.from_arrays(
            left, right, share, met[left, right], ids=np.array(models, dtype=object)
        )


def battles(scores: np.ndarray, band: float) -> Battles:
    """Compare every two models on each instruction; at most `band` apart is a tie."""
    difference = scores[:, :, None] - scores[:, None, :]
    met = ~np.isnan(difference)
    won = np.where(np.abs(difference) <= band, 0.5, difference > 0)
    return Battles(np.where(met, won, 0.0).astype(np.float32), met.astype(np.float32))


def gaps(arena: Arena, c: Comparisons) -> list[float]:
    """Return rating of Gemma minus rating of the reference under each rule."""
    names = c.ids.tolist()
    families = [FAMILY if name.startswith(FAMILY) else name for name in names]
    weight = FamilyWeights().fit(np.zeros((len(families), 1)), families=families).weights_
    without, _ = leave_out(c, [name for name, out in zip(names, arena.siblings, strict=True) if out])
    found = []
    for board, w in ((c, None), (without, None), (c, weight)):
        r = BradleyTerry(regularization=0).fit(board, w).rewards_
        place = board.ids.tolist()
        found.append(RATING_SCALE * float(r[place.index(GEMMA)] - r[place.index(REFERENCE)]))
    return found


def bootstrap(arena: Arena, found: Battles, n_replicates: int, seed: int) -> np.ndarray:
    """Return the gaps of each resample of instructions, shape (n_replicates, 3)."""
    n = len(arena.scores)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=n_replicates)
    return np.array([gaps(arena, found.comparisons(weight, arena.models)) for weight in drawn])


def main() -> None:
    """Print the gaps by tie band, and their bootstrap intervals."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="folder of alpacaeval2_outputs.parquet")
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    arena = read_arena(options.folder)
    n, m = arena.scores.shape
    print(f"{m} models, {n} instructions; gap {GEMMA} - {REFERENCE} in rating points")
    print(f"bootstrap over instructions: {options.replicates} replicates, seed {options.seed}\n")
    print(f"{'tie band':>8}  {'ties':>6}  " + "  ".join(f"{rule:>34}" for rule in RULES))
    for band in BANDS:
        found = battles(arena.scores, band)
        apart = ~np.eye(m, dtype=bool)
        ties = float((found.won[:, apart] == 0.5).sum() / found.met[:, apart].sum())
        point = gaps(arena, found.comparisons(np.ones(n), arena.models))
        draws = bootstrap(arena, found, options.replicates, options.seed)
        low, high = np.quantile(draws, [0.025, 0.975], axis=0)
        ahead = (draws > 0).mean(axis=0)
        cells = [
            f"{p:+6.1f} [{a:+6.1f}, {b:+6.1f}] ahead {s:4.0%}"
            for p, a, b, s in zip(point, low, high, ahead, strict=True)
        ]
        print(f"{band:8.3f}  {ties:6.1%}  " + "  ".join(f"{cell:>34}" for cell in cells))
        if band == 0.01:
            fall = draws[:, 0] - draws[:, 2]
            low, high = np.quantile(fall, [0.025, 0.975])
            both = float(((draws[:, 0] > 0) & (draws[:, 2] < 0)).mean())
            told = (
                f"{'':8}  what the weights take from the gap: {point[0] - point[2]:.1f} [{low:.1f}, {high:.1f}]; "
                f"flips in {both:.0%} of the resamples"
            )
            print(told)
    print("\nThe pair and the tie band .01 were selected because the order flips there.")


if __name__ == "__main__":
    main()
