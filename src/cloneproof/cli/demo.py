"""``cloneproof demo``: the Paris case, offline, in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cloneproof.cli.output import print_json

if TYPE_CHECKING:
    from cloneproof.audit.case_records import Interval

__all__ = ["demo"]


def demo(
    *,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    repeats: int = 20,
    comparisons: int = 1000,
    seed: int = 0,
    json: bool = False,
) -> None:
    """Show how near-copies flip a winner, and what clone-robust weights do about it.

    Texts on food, art and romance in Paris are judged by simulated annotators of three tastes; then
    texts on restaurants, near-copies of food, are added. No network, no key, nothing to download.

    Parameters
    ----------
    out : Path
        Folder for report.html; the only place that is written. Default: nothing is written.
    repeats : int
        Repeats of the experiment.
    comparisons : int
        Comparisons sampled before, and again after, the restaurants are added.
    seed : int
        Seed of everything that chance decides.
    json : bool
        Print one JSON object on stdout.
    """
    from cloneproof._core.extras import require

    if out is not None:
        require("bokeh", extra="report", purpose="The report (leave it out without --out)")
    from cloneproof.audit import run_paris_case
    from cloneproof.report import format_table, write_paris_report

    case = run_paris_case(n_repeats=repeats, n_comparisons=comparisons, random_state=seed)
    page = None if out is None else write_paris_report(case, out / "report.html")
    if json:
        print_json({**case.to_dict(), "report": None if page is None else str(page)})
        return
    print(case.headline)
    print()
    rows = []
    for row in case.rows:
        before, after = row.rewards_before, row.rewards_after
        for weighting, when, rewards, winner, wins in (
            (row.weighting, "without", before, row.winner_before, row.wins_before),
            ("", "with", after, row.winner_after, row.wins_after),
        ):
            told = f"{winner}, {wins[winner]} of {case.n_repeats}"
            rows.append([weighting, when, *(_interval(rewards, topic) for topic in after), told])
    names = ["weights", "restaurants", *case.rows[0].rewards_after, "winner, repeats"]
    print(format_table(names, rows, align="ll" + "r" * (len(names) - 3) + "l"))
    print(
        f"Rewards in log odds: mean over {case.n_repeats} repeats of {case.n_comparisons:,} comparisons, and the half "
        "width of its 95 % interval."
    )
    print()
    for sentence in case.sentences():
        print(sentence)
    if page is not None:
        print()
        print(f"wrote {page}")


def _interval(rewards: Mapping[str, Interval], topic: str) -> str:
    if topic not in rewards:
        return ""
    found = rewards[topic]
    return f"{found.mean:+.2f} ± {(found.high - found.low) / 2:.2f}"
