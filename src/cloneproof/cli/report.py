"""``cloneproof report``: write the page of a finished run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from cloneproof.cli.output import print_json
from cloneproof.cli.talk import say

__all__ = ["report"]


def report(
    run: Path,
    /,
    *,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    title: str | None = None,
    cache: Path | None = None,
    json: bool = False,
) -> None:
    """Write the page of a finished run again: from "fit", or from "board".

    Needs neither the input file nor the options of the run: both are in its folder. Steps that the run's
    cache holds are not computed again; where the cache is gone, they are.

    Parameters
    ----------
    run : Path
        The folder given to "fit" or "board" as --out.
    out : Path
        Where the page goes, the only file that is written. Default: report.html in the folder.
    title : str
        Title of the page of a "fit".
    cache : Path
        The cache, where "fit" was given one with --cache. Default: RUN/cache.
    json : bool
        Print one JSON object on stdout.
    """
    from cloneproof._core.extras import require

    require("bokeh", extra="report", purpose="The report")
    page = run / "report.html" if out is None else out
    if (run / "board.json").is_file() and not (run / "manifest.json").exists():
        from cloneproof.leaderboard import read_board
        from cloneproof.report.board_report import write_board_report

        write_board_report(read_board(run / "board.json"), page)
        told: dict[str, Any] = {"kind": "board", "report": str(page)}
    else:
        told = _of_a_fit(run, page, title, run / "cache" if cache is None else cache)
    if json:
        print_json(told)
    else:
        print(f"wrote {page}")


def _of_a_fit(run: Path, page: Path, title: str | None, cache: Path) -> dict[str, Any]:
    """Analyse the run's own comparisons with its options; finished steps come from the cache."""
    from cloneproof.audit import analyse
    from cloneproof.export import read_run, write_run
    from cloneproof.report import write_report

    found = read_run(run)
    say(
        f"read {run}: {found.comparisons.n_comparisons:,} comparisons of "
        f"{found.comparisons.n_alternatives:,} alternatives"
    )
    analysis = analyse(
        found.comparisons, found.options, cache=cache, provenance={"input": found.manifest.get("input", {})}
    )

    def write(analysis: Any, path: Path) -> None:
        write_report(analysis, path, title=title)

    if page == run / "report.html":
        write_run(analysis, run, write_report=write)  # the manifest names the page by its hash
    else:
        write(analysis, page)
    return {"kind": "fit", "report": str(page), "reused": list(analysis.provenance["reused"])}
