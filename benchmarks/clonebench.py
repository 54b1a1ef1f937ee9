"""CloneBench on two data sets: every attack on every method, and the tables of ``docs/clonebench.md``.

- ``hh``: HH-RLHF harmless, MiniLM embeddings, a reward linear in the embedding. 300 pairs for training, the
  others held out.
- ``paris``: 72 descriptions of Paris judged by the three tastes of the paper's case study; every pair compared,
  true win rates, one reward per alternative.

Every cell is kept under the cache folder, so that a run that was stopped goes on where it was.

Run:  python -m benchmarks.clonebench --data ../shared/data --cache .cache/clonebench
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks.docs_tables import ROOT, write_table
from cloneproof._core.files import write_text
from cloneproof._core.progress import report_progress_to
from cloneproof.audit.suite import (
    EncoderOf,
    SuiteOptions,
    SuiteResult,
    World,
    make_world,
    markdown_tables,
    run_suite,
    simulated_world,
)
from cloneproof.cli.talk import LineReporter
from cloneproof.embeddings import embed
from cloneproof.preferences import Comparisons

PAGE = "docs/clonebench.md"
TRAINING_PAIRS = 300
OPTIONS = {
    "hh": SuiteOptions(n_targets=3, n_repeats=2, budget=6),
    "paris": SuiteOptions(n_targets=3, n_repeats=3, budget=6),
}


def hh_world(data: Path, cache: Path) -> World:
    """300 training pairs; all other pairs are held out."""
    columns = pq.read_table(data / "hh_harmless_test.parquet").to_pydict()
    n = len(columns["chosen"])
    c = Comparisons.from_arrays(
        np.arange(n),
        n + np.arange(n),
        ids=np.arange(2 * n),
        texts=columns["chosen"] + columns["rejected"],
        prompts=columns["prompt"] * 2,
    )
    X = embed(c, "minilm", cache / "embeddings").astype(np.float64)
    order = np.random.default_rng(0).permutation(n)
    train, test = np.sort(order[:TRAINING_PAIRS]), np.sort(order[TRAINING_PAIRS:])
    ends = [np.concatenate([rows, n + rows]) for rows in (train, test)]
    world = make_world(
        "HH harmless",
        c.restrict(train, ends[0]),
        X[ends[0]],
        scale=0.3,
        hold_out=0.0,
        encode=EncoderOf("minilm", cache / "embeddings"),
    )
    return replace(world, test=c.restrict(test, ends[1]), test_embeddings=X[ends[1]])


def make(name: str, data: Path, cache: Path) -> World:
    if name == "hh":
        return hh_world(data, cache)
    return simulated_world(name, encode=EncoderOf("minilm", cache / "embeddings"))


def write_docs(name: str, result: SuiteResult) -> None:
    """Put the tables of one data set between their markers."""
    for part, table in markdown_tables(result).items():
        write_table(PAGE, f"clonebench-{name}-{part}", table)
    world = result.world
    said = (
        f"{world['n_alternatives']} alternatives, {world['n_comparisons']:,} comparisons for training, {world['n_test']:,} "
        f"held out; {world['reward']} rewards; h = {world['scale']:g}, shrinkage {world['shrinkage']:g}; "
        f"{len(result.rows):,} cells, {result.options['n_targets']} targets cloned together, "
        f"{result.options['n_repeats']} draw(s) of random targets, searches of {result.options['budget']} refits."
    )
    notes = "".join(f" {note[:1].upper()}{note[1:]}" for note in result.notes)
    write_table(PAGE, f"clonebench-{name}-setting", said + notes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache" / "clonebench")
    parser.add_argument("--only", choices=list(OPTIONS), default=None)
    parser.add_argument("--out", type=Path, default=None, help="folder for the results as JSON and the page")
    parser.add_argument("--no-docs", action="store_true", help="print the tables only")
    chosen = parser.parse_args()
    for name, options in OPTIONS.items():
        if chosen.only not in (None, name):
            continue
        began = time.perf_counter()
        with report_progress_to(LineReporter()):
            result = run_suite(make(name, chosen.data, chosen.cache), options, cache=chosen.cache)
        sys.stderr.write(f"{name}: {time.perf_counter() - began:.0f} s\n")
        for part, table in markdown_tables(result).items():
            sys.stdout.write(f"\n{name}, {part}\n{table}\n")
        if chosen.out is not None:
            from cloneproof.report import write_suite_report

            write_text(chosen.out / f"clonebench_{name}.json", json.dumps(result.to_dict()) + "\n")
            write_suite_report(result, chosen.out / f"clonebench_{name}.html")
        if not chosen.no_docs:
            write_docs(name, result)


if __name__ == "__main__":
    main()
