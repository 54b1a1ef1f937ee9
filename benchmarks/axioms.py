"""Which axioms each weighting satisfies: the table of docs/weights.md, from `check_weighting` itself.

Run as ``python -m benchmarks.axioms``; ``--print`` only prints. Some 20 seconds on two idle cores.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

import cloneproof as cp
from benchmarks.docs_tables import markdown_table, write_table
from cloneproof.audit.axiom_records import AxiomResult, WeightingCheck

PAGE = "docs/weights.md"
CONTRACT = ("simplex", "dtype", "input_unchanged", "parameters", "repeatable", "threads")
WEIGHTINGS = {
    "diversity": cp.DiversityWeights(),
    "diversity, scale given": cp.DiversityWeights(scale=0.3),
    "scale tree": cp.ScaleTreeWeights(),
    "families by radius": cp.FamilyWeights(),
    "Voronoi, box": cp.VoronoiWeights(n_samples=2**12),
    "Voronoi, sphere": cp.VoronoiWeights("sphere", n_samples=2**12),
    "Voronoi, 2 components": cp.VoronoiWeights(n_components=2),
    "Voronoi, 2 components by diversity": cp.VoronoiWeights(n_components=2, axes="diversity"),
    "uniform": cp.UniformWeights(),
}


def check_all() -> dict[str, WeightingCheck]:
    return {name: cp.check_weighting(weighting) for name, weighting in WEIGHTINGS.items()}


def cell(result: AxiomResult) -> str:
    """An axiom that holds is a yes; one that fails shows the totals of its witness."""
    if result.holds:
        return "yes"
    witness = result.witness
    if witness is None or np.isnan(witness.total_before):
        return "**no**"
    return f"**no**: {witness.total_before:.3f} → {witness.total_after:.3f}"


def properties(checks: dict[str, WeightingCheck]) -> str:
    """One row per weighting, one column per axiom; the contract of an estimator in one column."""
    names = [result.name for result in next(iter(checks.values())).results if result.name not in CONTRACT]
    rows = []
    for weighting, check in checks.items():
        contract = "yes" if all(check[name].holds for name in CONTRACT) else "**no**"
        rows.append([weighting, contract, *(cell(check[name]) for name in names)])
    return markdown_table(["weighting", "contract", *names], rows)


def sentences(checks: dict[str, WeightingCheck]) -> Iterator[str]:
    """What each failure is, in words."""
    for weighting, check in checks.items():
        for result in check.results:
            if result.holds is False:
                yield f"- {weighting}, *{result.name}*: {result.sentence} Why: {result.reason}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--print", action="store_true", dest="only_print")
    only_print = parser.parse_args().only_print
    checks = check_all()
    tables = {"weighting-axioms": properties(checks), "weighting-witnesses": "\n".join(sentences(checks))}
    for name, body in tables.items():
        print(body, "\n")
        if not only_print:
            write_table(PAGE, name, body)


if __name__ == "__main__":
    main()
