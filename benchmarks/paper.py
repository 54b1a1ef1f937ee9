"""The paper's case study redrawn: every table and figure of ``docs/paper.md``.

20 repeats of 1,000 comparisons without and with restaurants, two-layer networks under six weightings, then
1,500 random populations of each kind in the limit of everybody judging every pair. About 5 minutes of one
core; finished steps are kept under ``--cache``, so that a run that was stopped goes on where it was.

Run:  python -m benchmarks.paper --cache runs/paper
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from benchmarks.docs_tables import ROOT, write_table
from cloneproof._core.progress import report_progress_to
from cloneproof.cli.talk import LineReporter
from cloneproof.reproduction import PaperOptions, draw_figures, paper_tables, reproduce_paper

PAGE = "docs/paper.md"
TABLES = ("paper-rewards", "paper-shifts", "paper-populations-rankings", "paper-populations-linear")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=ROOT / "runs" / "paper")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--populations", type=int, default=1500)
    arguments = parser.parse_args()
    options = PaperOptions(n_repeats=arguments.repeats, n_populations=arguments.populations)
    with report_progress_to(LineReporter()):
        found = reproduce_paper(options, cache=arguments.cache)
    tables = paper_tables(found)
    for name in TABLES:
        print(tables[name], end="\n\n")
    if (arguments.repeats, arguments.populations) != (20, 1500):
        print("docs are left as they are: they hold 20 repeats and 1,500 populations")
        return
    for name in TABLES:
        write_table(PAGE, name, tables[name])
    with tempfile.TemporaryDirectory() as folder:
        for path in draw_figures(found, Path(folder)):
            shutil.copyfile(path, ROOT / "docs" / "figures" / f"paper_{path.name}")
    print(f"wrote the tables of {PAGE} and docs/figures/paper_*")


if __name__ == "__main__":
    main()
