"""``cloneproof board``: today's Bradley-Terry table, the clone-robust one beside it, and audits of both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from cloneproof._core.errors import ParameterError
from cloneproof.cli.board_run import BoardRun, run_board
from cloneproof.cli.board_tell import difference_dict, print_board, print_difference, write_board_folder
from cloneproof.cli.options import InputOptions, assignments, parse_number
from cloneproof.cli.output import print_json
from cloneproof.cli.talk import say

__all__ = ["board"]


def board(
    file: str | None = None,
    /,
    *,
    similarity: str | None = None,
    scale: str = "auto",
    encoder: str = "auto",
    rows: Literal["balanced", "product"] = "balanced",
    regularization: str = "auto",
    ties: Literal["half", "rao-kupper", "davidson"] = "half",
    control: tuple[str, ...] | None = None,
    cluster: str | None = None,
    anchor: tuple[str, ...] | None = None,
    without: tuple[str, ...] | None = None,
    level: float = 0.95,
    audit: bool = False,
    top: int = 20,
    attack: str | None = None,
    copies: int | None = None,
    published: Path | None = None,
    bootstrap: int | None = None,
    diff: Annotated[tuple[Path, Path] | None, Parameter(consume_multiple=True)] = None,
    to: Literal["table", "md", "csv", "json"] = "table",
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    report: bool = True,
    cache: Path | None = None,
    seed: int = 0,
    json: bool = False,
    input_options: Annotated[InputOptions | None, Parameter(name="*")] = None,
) -> None:
    """Rate models by Bradley-Terry: rating, interval and ranks, and what near-copies did to them.

    Parameters
    ----------
    file : str
        Battles (model_a, model_b, winner), or any file that "check" reads; - for standard input.
    similarity : str
        Where the clone-robust ranks come from: answers (embedded), votes (win rates), or a CSV of families
        with the columns id and family. Default: the plain table only.
    scale : str
        Distance at which two models count as the same, with answers or votes: a number, or auto.
    encoder : str
        With answers: auto, minilm, surface, a sentence-transformers model or openai:MODEL.
    rows : str
        How the weights reach the battles. balanced: every pair of models counts once, also where copies
        battled more often than others. product: equal weights give the plain table exactly.
    regularization : str
        The ridge: a number, or auto (0, the maximum likelihood, where it exists; else 0.01).
    ties : str
        half: a tie is half a win for each. The others fit a tie parameter.
    control : tuple of str
        Style control: length, COLUMN, NAME=COLUMN or NAME=LEFT,RIGHT; repeatable.
    cluster : str
        Column of what is judged together (a prompt, a user), for the intervals. Default: annotators.
    anchor : tuple of str
        MODEL=RATING: hold this rating; repeatable.
    without : tuple of str
        Leave a model and its battles out; repeatable.
    level : float
        Of the intervals.
    audit : bool
        Fewest battles to drop for neighbours to swap, families pooled, copies of each model.
    top : int
        How many models of the top the audit of dropped battles goes through.
    attack : str
        A model that is submitted many times: exact copies, and the luckiest of as many variants.
    copies : int
        Submissions in the attack (default 27), copies of each model in the audit (default 1).
    published : Path
        A published table (columns model and rating) to compare the ratings with. --reference FILE is the
        same where --pairs reference is not given.
    bootstrap : int
        Check the intervals by so many resamples (200, say): their standard errors beside the table's.
    diff : tuple of Path
        OLD.json NEW.json: two earlier results to compare instead of reading a file.
    to : str
        What is printed on stdout.
    out : Path
        Folder for board.json, board.csv, board.md, families.csv and report.html.
    report : bool
        Write report.html into the folder (needs the extra "report").
    cache : Path
        Folder in which embeddings are kept. Default: none.
    seed : int
        Seed of everything that chance decides.
    json : bool
        Print one JSON object on stdout; the same as --to json.
    """
    kind = "json" if json else to
    if diff is not None:
        if file is not None:
            raise ParameterError("--diff compares two earlier results and reads no file. Leave one out.")
        _diff(diff, kind)
        return
    if file is None:
        raise ParameterError("Give a file of battles, or --diff OLD.json NEW.json.")
    strength = parse_number("--regularization", regularization)
    reading = replace(input_options or InputOptions(), unit="model")
    if reading.reference is not None and reading.pairs != "reference":
        # --reference means two things: whom scored rows are compared with, and a published table
        if published is not None:
            raise ParameterError(
                "--published and --reference FILE are the same. Leave one out, or give --pairs reference."
            )
        published, reading = Path(reading.reference), replace(reading, reference=None)
    run = BoardRun(
        file=file,
        input_options=reading,
        similarity=similarity,
        scale=parse_number("--scale", scale),
        encoder=encoder,
        rows=rows,
        regularization=strength,
        ties=ties,
        control=control or (),
        cluster=cluster,
        anchors=_anchors(anchor),
        without=without or (),
        level=level,
        audit=audit,
        top=top,
        attack=attack,
        copies=copies,
        published=published,
        bootstrap=bootstrap,
        cache=cache,
        seed=seed,
    )
    writer = _report_writer() if out is not None and report else None
    result = run_board(run)
    if out is not None:
        write_board_folder(result, out, writer)
        say(f"wrote {out}")
    print_board(result, kind)


def _diff(files: tuple[Path, Path], kind: str) -> None:
    from cloneproof.leaderboard import diff_boards, read_board

    if kind in {"md", "csv"}:
        raise ParameterError(f"--diff prints a table or JSON. Got --to {kind}.")
    found = diff_boards(read_board(files[0]), read_board(files[1]))
    if kind == "json":
        print_json(difference_dict(found))
    else:
        print_difference(found)


def _anchors(words: tuple[str, ...] | None) -> dict[str, float]:
    found = {}
    for name, value in assignments("--anchor", words).items():
        number: Any = None if value == "auto" else parse_number(f"--anchor {name}=", value)
        if number is None:
            raise ParameterError(f"--anchor {name}= takes a rating. Got 'auto'.")
        found[name] = number
    return found


def _report_writer() -> Any:
    """Return the writer of the page; before the work starts, so that a missing extra costs nothing."""
    from cloneproof.report.board_report import write_board_report

    return write_board_report
