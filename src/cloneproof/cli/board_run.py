"""What ``cloneproof board`` does between reading and telling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cloneproof._core.errors import InputError, ParameterError
from cloneproof.cli.options import InputOptions, assignments, read_reading

if TYPE_CHECKING:
    from cloneproof.leaderboard import (
        Attack,
        Board,
        BootstrapCheck,
        CompositionMove,
        DropK,
        FamilySelection,
        ReferenceCheck,
        Resemblance,
    )
    from cloneproof.preferences import Comparisons, Reading

__all__ = ["BoardResult", "BoardRun", "run_board"]


@dataclass(frozen=True, kw_only=True)
class BoardRun:
    """The options of one run, checked by the parts that use them."""

    file: str
    input_options: InputOptions
    similarity: str | None
    scale: Any
    encoder: str
    rows: Literal["balanced", "product"]
    regularization: Any
    ties: str
    control: Sequence[str]
    cluster: str | None
    anchors: Mapping[str, float]
    without: Sequence[str]
    level: float
    audit: bool
    top: int
    attack: str | None
    copies: int | None
    published: Path | None
    bootstrap: int | None
    cache: Path | None
    seed: int


@dataclass(frozen=True, kw_only=True, eq=False)
class BoardResult:
    """The board and everything that was asked beside it."""

    board: Board
    provenance: dict[str, Any]
    caveats: tuple[str, ...] = ()
    drop_k: tuple[DropK, ...] | None = None
    families: tuple[FamilySelection, ...] | None = None
    composition: tuple[CompositionMove, ...] | None = None
    attack: Attack | None = None
    reference: ReferenceCheck | None = None
    bootstrap: BootstrapCheck | None = None


def run_board(run: BoardRun) -> BoardResult:
    """Read, weigh, fit, audit."""
    from cloneproof.leaderboard import (
        VOTES_CAVEAT,
        attack_board,
        audit_composition,
        audit_families,
        audit_neighbours,
        bootstrap_board,
        check_reference,
        control_columns,
        leave_out,
        make_board,
        parse_controls,
        read_reference,
    )

    _check(run)
    reference = None if run.published is None else read_reference(run.published)
    texts = _text_columns(run) if "length" in run.control else None
    controls = parse_controls(run.control, texts=texts)
    wanted = [x for control in controls for x in (control.left, control.right) if x is not None]
    reading = read_reading(
        run.file,
        run.input_options,
        keep=list(dict.fromkeys([*wanted, *([run.cluster] if run.cluster else [])])),
    )
    if controls and reading.report.shape != "labelled":
        raise ParameterError(
            f"--control needs one comparison a row with both sides in it; these are {reading.report.shape} rows."
        )
    comparisons, columns = reading.comparisons, dict(reading.columns)
    if run.without:
        comparisons, rows = leave_out(comparisons, list(run.without))
        columns = {name: values[rows] for name, values in columns.items()}
    resemblance = _weigh(run, comparisons, reading)
    covariates = control_columns(controls, columns) if controls else None
    board = make_board(
        comparisons,
        alternative_weight=None if resemblance is None else resemblance.weight,
        families=None if resemblance is None else resemblance.families,
        rows=run.rows,
        regularization=run.regularization,
        ties=run.ties,
        covariates=covariates,
        covariate_names=[control.name for control in controls],
        anchors=run.anchors or None,
        clusters=None if run.cluster is None else columns[run.cluster],
        level=run.level,
        settings={
            "similarity": run.similarity,
            "how": None if resemblance is None else resemblance.how,
            "scale_of_similarity": None if resemblance is None else resemblance.scale,
            "without": list(run.without),
            "cluster": run.cluster,
        },
    )
    strength = float(board.settings["regularization"])
    grouped = board.families is not None and len(set(board.families)) < len(board.families)
    caveats = [VOTES_CAVEAT] if run.similarity == "votes" else []
    if (run.audit or run.attack is not None) and (controls or run.ties != "half" or run.anchors):
        caveats.append("The audits refit with ties as half wins, without controls and anchors.")
    return BoardResult(
        board=board,
        provenance=reading.report.to_dict(),
        caveats=tuple(caveats),
        drop_k=audit_neighbours(comparisons, regularization=strength, top=run.top) if run.audit else None,
        families=audit_families(comparisons, board) if run.audit and grouped else None,
        composition=audit_composition(
            comparisons,
            board.weight,
            copies=1 if run.copies is None else run.copies,
            rows=run.rows,
            regularization=strength,
        )
        if run.audit
        else None,
        attack=None
        if run.attack is None
        else attack_board(
            comparisons,
            run.attack,
            27 if run.copies is None else run.copies,
            board.weight,
            rows=run.rows,
            regularization=strength,
            clusters=None if run.cluster is None else columns[run.cluster],
            random_state=run.seed,
        ),
        reference=None if reference is None else check_reference(board, reference),
        bootstrap=None
        if run.bootstrap is None
        else bootstrap_board(
            comparisons,
            board,
            clusters=None if run.cluster is None else columns[run.cluster],
            n_replicates=run.bootstrap,
            random_state=run.seed,
        ),
    )


def _check(run: BoardRun) -> None:
    """Refuse options that would not be used."""
    if run.copies is not None and not run.audit and run.attack is None:
        raise ParameterError("--copies needs --attack MODEL or --audit.")
    if run.bootstrap is not None and (run.control or run.ties != "half" or run.anchors):
        raise ParameterError(
            "--bootstrap checks the plain intervals: leave out --control, --ties and --anchor."
        )
    if run.similarity is None and run.rows != "balanced":
        raise ParameterError("--rows needs --similarity.")
    if run.similarity is None and (run.scale != "auto" or run.encoder != "auto"):
        raise ParameterError("--scale and --encoder need --similarity.")
    if run.similarity not in {None, "answers"} and run.encoder != "auto":
        raise ParameterError("--encoder needs --similarity answers.")
    if run.similarity not in {None, "answers", "votes"} and run.scale != "auto":
        raise ParameterError("--scale needs --similarity answers or votes; families are given as they are.")


def _weigh(run: BoardRun, comparisons: Comparisons, reading: Reading) -> Resemblance | None:
    if run.similarity is None:
        return None
    from cloneproof.leaderboard import (
        answer_vectors,
        read_answers,
        vote_profiles,
        weigh_by_families,
        weigh_by_vectors,
    )
    from cloneproof.weights import read_families

    names = [str(x) for x in comparisons.ids.tolist()]
    if run.similarity == "votes":
        return weigh_by_vectors(names, vote_profiles(comparisons), "win-rate profiles", scale=run.scale)
    if run.similarity == "answers":
        from cloneproof.embeddings import embed_with_encoder

        options = run.input_options
        if options.answers is not None:
            answers = read_answers(options.answers, assignments("--answer-column", options.answer_column))
        else:
            answers = read_answers(run.file, reading.report.columns)
        kept = [k for k, name in enumerate(answers.name.tolist()) if name in set(names)]
        texts = [answers.text[k] for k in kept]
        if not texts:
            raise InputError(f"none of the answers is by a model of the board, such as {names[0]!r}.")
        embedded = embed_with_encoder(texts, run.encoder, cache=run.cache)
        vectors, how = answer_vectors(names, answers.name[kept], answers.prompt[kept], embedded.embeddings)
        return weigh_by_vectors(names, vectors, f"{how} ({embedded.name})", scale=run.scale)
    path = Path(run.similarity)
    if not path.exists() and path.suffix.lower() != ".csv":
        raise ParameterError(
            f"--similarity takes answers, votes or a CSV of families (columns id, family). Got {run.similarity!r}."
        )
    found = read_families(path)
    found.labels(names)  # an error if a model is missing
    known = dict(zip(found.ids, found.families, strict=True))
    return weigh_by_families(names, [known[name] for name in names], path.name)


def _text_columns(run: BoardRun) -> tuple[str, str] | None:
    """Return the columns of both texts, by what was named or by the usual names."""
    from cloneproof.preferences.readers.roles import find_roles
    from cloneproof.preferences.readers.sources import open_source

    if run.file == "-":
        raise ParameterError("--control length cannot look into standard input first. Use length=LEFT,RIGHT.")
    named = assignments("--column", run.input_options.column)
    roles = find_roles("labelled", open_source(run.file), named)
    return (roles["left_text"], roles["right_text"]) if {"left_text", "right_text"} <= roles.keys() else None
