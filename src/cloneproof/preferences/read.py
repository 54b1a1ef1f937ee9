"""Read preference data of any of five shapes from any of the usual places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from cloneproof._core.errors import InputError, ParameterError
from cloneproof.preferences.comparisons import Comparisons
from cloneproof.preferences.readers.assemble import assemble
from cloneproof.preferences.readers.battles import Battles, read_battles
from cloneproof.preferences.readers.coding import code, is_number_like, numbers
from cloneproof.preferences.readers.joins import join_answers, join_prompts
from cloneproof.preferences.readers.listwise import read_ranked, read_scored
from cloneproof.preferences.readers.options import ReaderOptions
from cloneproof.preferences.readers.records import Reading, ReadReport, Source
from cloneproof.preferences.readers.roles import detect_shape
from cloneproof.preferences.readers.sources import open_source
from cloneproof.preferences.readers.tree import read_tree
from cloneproof.preferences.readers.wide import read_labelled, read_pairs

__all__ = ["Shape", "read_comparisons", "read_with_report"]

Shape = Literal["auto", "pair", "labelled", "ranked", "scored", "tree"]

_READERS = {
    "pair": read_pairs,
    "labelled": read_labelled,
    "ranked": read_ranked,
    "scored": read_scored,
    "tree": read_tree,
}


def read_comparisons(
    source: Any,
    format: Shape = "auto",  # noqa: A002
    *,
    columns: Mapping[str, str] | None = None,
    outcomes: Mapping[Any, float] | None = None,
    answers: Any = None,
    answer_columns: Mapping[str, str] | None = None,
    prompts: Any = None,
    prompt_columns: Mapping[str, str] | None = None,
    unit: Literal["auto", "answer", "model"] = "auto",
    pairs: Literal["all", "reference"] | None = None,
    reference: str | None = None,
    tie_band: float | None = None,
    graded: bool = False,
    missing: Literal["error", "drop"] = "error",
) -> Comparisons:
    """Read comparisons from a preference file, a frame, a dataset or records.

    Parameters
    ----------
    source : path, "-", DataFrame, dataset, mapping of columns, or iterable of mappings
        JSONL, JSON, CSV, TSV, Parquet or Arrow/Feather, also ``.gz`` or ``.zst``; ``"-"`` is standard
        input, whose kind its content tells.
    format : {"auto", "pair", "labelled", "ranked", "scored", "tree"}, default="auto"
        The shape; ``"auto"`` finds it by the column names.

        - ``pair``: chosen, rejected, prompt (optional); plain, conversational or HH-RLHF dialogues. The
          prompt may be implicit: the turns that both sides share. Left is the chosen answer.
        - ``labelled``: two sides, by name (model_a, left) or text (response_a, answer_a) or both, and
          winner; also one-hot winners, SHP, HelpSteer3 and AlpacaEval's annotations.
        - ``ranked``: a list of answers in each row with ranks or scores; all pairs of a row.
        - ``scored``: one answer a row with its score (or rank) under a prompt; see `pairs`.
        - ``tree``: messages with parents and ranks; siblings are compared, the thread is the prompt.
    columns : mapping of part to column, default=None
        Names columns that are not known by name: ``{"left_text": "reply_1", "outcome": "vote"}``.
    outcomes : mapping of label to number in [0, 1], default=None
        Share won by left that a label stands for: ``{"both bad": 0.5}``.
    answers, prompts : like source, default=None
        Further tables with the texts: `answers` by prompt and name, `prompts` by key.
    answer_columns, prompt_columns : mapping, default=None
        The parts ``prompt``, ``name`` and ``text`` of those tables, where their names are not known.
    unit : {"auto", "answer", "model"}, default="auto"
        What an alternative is: ``"answer"`` a (prompt, text), equal ones merged; ``"model"`` a name, for
        leaderboards. auto: answers where there are texts.
    pairs : {"all", "reference"}, default=None
        Scored rows: ``"all"`` (the default) compares every two rows of a prompt by their scores, through
        `tie_band`; ``"reference"`` compares each row with the row named `reference`, and the score is
        the share won against it.
    reference : str, default=None
        The name of the reference, with ``pairs="reference"``.
    tie_band : float, default=None
        Scored and ranked rows: scores at most this far apart are a tie. None: equal scores only.
    graded : bool, default=False
        Keep how strongly: 1 / (1 + exp(-margin)) for pairs with a margin, (3 - preference) / 6 on
        HelpSteer3's scale. False: who won.
    missing : {"error", "drop"}, default="error"
        What happens to rows without a text, name, prompt, outcome or annotator. Empty texts are answers
        too and are kept.

    Returns
    -------
    comparisons : Comparisons
        Ties, soft outcomes, annotators, counts and repeated rows are kept as rows. Ids are the names
        where they tell the alternatives apart (else ``prompt key/name``), otherwise the start of the
        text with a hash of prompt and text, the same in every run and file.

    Raises
    ------
    InputError
        If the data cannot be read as comparisons: what was found, where, how often, what to do. Rows
        count from 0, lines of JSONL from 1.
    FileAccessError
        If a file cannot be opened.
    ParameterError
        For an option that has no such value, or no meaning for the shape.

    Warns
    -----
    DroppedRowsWarning
        If rows compare an alternative with itself (they hold no preference and are dropped), or rows are
        dropped by ``missing="drop"``.

    See Also
    --------
    read_with_report : The same, with what was found and what was dropped.

    Notes
    -----
    O(rows) and vectorised; a million rows of battles take a few seconds. The prompt column is a key
    rather than a text where it holds numbers only, or its name ends in ``_id``.

    Examples
    --------
    >>> read_comparisons([{"model_a": "x", "model_b": "y", "winner": "tie"}]).outcome.tolist()
    [0.5]
    """
    return _read(
        source,
        format,
        columns=columns,
        outcomes=outcomes,
        answers=answers,
        answer_columns=answer_columns,
        prompts=prompts,
        prompt_columns=prompt_columns,
        unit=unit,
        pairs=pairs,
        reference=reference,
        tie_band=tie_band,
        graded=graded,
        missing=missing,
        keep=(),
        hashed=False,
    ).comparisons


def read_with_report(
    source: Any,
    format: Shape = "auto",  # noqa: A002
    *,
    columns: Mapping[str, str] | None = None,
    outcomes: Mapping[Any, float] | None = None,
    answers: Any = None,
    answer_columns: Mapping[str, str] | None = None,
    prompts: Any = None,
    prompt_columns: Mapping[str, str] | None = None,
    unit: Literal["auto", "answer", "model"] = "auto",
    pairs: Literal["all", "reference"] | None = None,
    reference: str | None = None,
    tie_band: float | None = None,
    graded: bool = False,
    missing: Literal["error", "drop"] = "error",
    keep: Sequence[str] = (),
) -> Reading:
    """Read comparisons, and say what was found, used and dropped.

    Parameters
    ----------
    source, format, columns, outcomes, answers, answer_columns, prompts, prompt_columns, unit, pairs,
    reference, tie_band, graded, missing
        See :func:`read_comparisons`.
    keep : sequence of str, default=()
        Further columns of the source to carry along, one value per comparison (covariates of a
        leaderboard, for instance). Of two rows, the left one's.

    Returns
    -------
    reading : Reading
        ``comparisons``, ``report`` (a :class:`ReadReport`), ``rows`` and ``columns``.

    Raises
    ------
    InputError, FileAccessError, ParameterError
        See :func:`read_comparisons`.
    """
    return _read(
        source,
        format,
        columns=columns,
        outcomes=outcomes,
        answers=answers,
        answer_columns=answer_columns,
        prompts=prompts,
        prompt_columns=prompt_columns,
        unit=unit,
        pairs=pairs,
        reference=reference,
        tie_band=tie_band,
        graded=graded,
        missing=missing,
        keep=keep,
        hashed=True,
    )


def _read(
    source: Any,
    format: Shape,  # noqa: A002
    *,
    columns: Mapping[str, str] | None,
    outcomes: Mapping[Any, float] | None,
    answers: Any,
    answer_columns: Mapping[str, str] | None,
    prompts: Any,
    prompt_columns: Mapping[str, str] | None,
    unit: Literal["auto", "answer", "model"],
    pairs: Literal["all", "reference"] | None,
    reference: str | None,
    tie_band: float | None,
    graded: bool,
    missing: Literal["error", "drop"],
    keep: Sequence[str],
    hashed: bool,
) -> Reading:
    """Read comparisons; the hash of the file is taken only where the report is wanted."""
    options = ReaderOptions.checked(
        format=format,
        columns=columns,
        outcomes=outcomes,
        unit=unit,
        tie_band=tie_band,
        pairs=pairs,
        reference=reference,
        graded=graded,
        missing=missing,
        keep=keep,
    )
    for name, value, table in (
        ("answer_columns", answer_columns, answers),
        ("prompt_columns", prompt_columns, prompts),
    ):
        if value is not None and table is None:
            raise ParameterError(f"{name} names columns of a table that was not given. Leave it out.")
    table = open_source(source, hashed=hashed)
    if table.n_rows == 0:
        raise InputError(f"{table.name} has no rows. Give at least one comparison.")
    shape = detect_shape(table, options.columns) if options.format == "auto" else options.format
    options.check_shape(shape)
    if shape == "labelled" and answers is None and prompts is None and not options.keep:
        quick = read_battles(table, options)
        if quick is not None:
            return _battles(table, quick)
    judgments = _READERS[shape](table, options)
    joined: dict[str, str | None] = {}
    roles = dict(judgments.columns)
    entries = judgments.entries
    if answers is not None:
        other = open_source(answers, what="answers")
        entries, used = join_answers(entries, other, answer_columns or {}, missing=missing)
        joined[other.name] = other.sha256
        roles |= {f"answers.{part}": column for part, column in used.items()}
    if prompts is not None:
        other = open_source(prompts, what="prompts")
        entries, used = join_prompts(entries, other, prompt_columns or {}, missing=missing)
        joined[other.name] = other.sha256
        roles |= {f"prompts.{part}": column for part, column in used.items()}
    made = assemble(replace(judgments, entries=entries), table, options)
    comparisons = replace(made.comparisons, source=table.name)
    report = ReadReport(
        source=table.name,
        kind=table.kind,
        sha256=table.sha256,
        shape=shape,
        columns=roles,
        rows_read=table.n_rows,
        n_comparisons=comparisons.n_comparisons,
        n_alternatives=comparisons.n_alternatives,
        dropped=made.dropped,
        labels=judgments.labels,
        unit=made.unit,
        empty_texts=made.empty_texts,
        merged=made.merged,
        joined=joined,
        notes=judgments.notes,
    )
    return Reading(
        comparisons=comparisons,
        report=report,
        rows=made.rows,
        columns={name: _kept(table, name)[made.rows] for name in options.keep},
    )


def _battles(table: Source, made: Battles) -> Reading:
    """Return what was read without the general reader."""
    comparisons = replace(made.comparisons, source=table.name)
    report = ReadReport(
        source=table.name,
        kind=table.kind,
        sha256=table.sha256,
        shape="labelled",
        columns=made.columns,
        rows_read=table.n_rows,
        n_comparisons=comparisons.n_comparisons,
        n_alternatives=comparisons.n_alternatives,
        dropped={},
        labels=made.labels,
        unit="model",
        empty_texts=0,
        merged=0,
        joined={},
        notes=(),
    )
    return Reading(comparisons=comparisons, report=report, rows=np.arange(table.n_rows), columns={})


def _kept(table: Source, name: str) -> Any:
    if name not in table.columns:
        raise InputError(
            f"keep names {name!r}, but {table.name} has no such column: {', '.join(table.columns)}."
        )
    column = table.column(name)
    if is_number_like(column):
        return numbers(column, name)
    values = np.empty(table.n_rows, dtype=object)
    values[:] = code(column, name, dialogue=True).tolist()
    return values
