"""Options that verbs share: how a file is read, and values that are a number or "auto"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cloneproof._core.errors import InputError, ParameterError

if TYPE_CHECKING:
    from cloneproof.preferences import Comparisons, Reading

__all__ = ["InputOptions", "assignments", "draw_rows", "parse_number", "read_input", "read_reading"]


@dataclass(frozen=True, kw_only=True)
class InputOptions:
    """How a preference file is read.

    Parameters
    ----------
    format : str
        Shape of the data; auto finds it by the column names.
    column : tuple of str
        PART=COLUMN: which column plays a part, where its name is not known; repeatable.
    outcome : tuple of str
        LABEL=SHARE: share won by left that a label stands for, such as "both bad=0.5"; repeatable.
    answers : Path
        Table of answers to join: a prompt key, a name and a text.
    answer_column : tuple of str
        PART=COLUMN for the table of answers; parts: prompt, name, text.
    prompts : Path
        Table of prompts to join: a key and a text.
    prompt_column : tuple of str
        PART=COLUMN for the table of prompts; parts: prompt, text.
    unit : str
        What an alternative is: an answer (prompt and text) or a model (its name).
    pairs : str
        Scored rows: compare all answers to a prompt, or each with the reference.
    reference : str
        Name of the reference, with --pairs reference.
    tie_band : float
        Scores at most this far apart are a tie.
    graded : bool
        Keep how strongly one side was preferred, where the data says so.
    missing : str
        What happens to rows without a text, name, prompt, outcome or annotator.
    """

    format: Literal["auto", "pair", "labelled", "ranked", "scored", "tree"] = "auto"
    column: tuple[str, ...] | None = None
    outcome: tuple[str, ...] | None = None
    answers: Path | None = None
    answer_column: tuple[str, ...] | None = None
    prompts: Path | None = None
    prompt_column: tuple[str, ...] | None = None
    unit: Literal["auto", "answer", "model"] = "auto"
    pairs: Literal["all", "reference"] | None = None
    reference: str | None = None
    tie_band: float | None = None
    graded: bool = False
    missing: Literal["error", "drop"] = "error"


def read_input(file: str, options: InputOptions | None) -> tuple[Comparisons, dict[str, Any]]:
    """Read a preference file; return the comparisons and what the manifest says of the input."""
    reading = read_reading(file, options)
    return reading.comparisons, reading.report.to_dict()


def read_reading(file: str, options: InputOptions | None, *, keep: Sequence[str] = ()) -> Reading:
    """Read a preference file with further columns kept, one value per comparison."""
    from cloneproof.preferences import read_with_report

    chosen = options or InputOptions()
    shares = {name: _share(name, value) for name, value in assignments("--outcome", chosen.outcome).items()}
    try:
        return _read(read_with_report, file, chosen, shares, keep)
    except InputError as error:
        raise type(error)(in_words_of_the_command_line(str(error))) from error


def _read(
    read: Callable[..., Reading],
    file: str,
    chosen: InputOptions,
    shares: dict[str, float],
    keep: Sequence[str],
) -> Reading:
    return read(
        file,
        chosen.format,
        columns=assignments("--column", chosen.column) or None,
        outcomes=shares or None,
        answers=chosen.answers,
        answer_columns=assignments("--answer-column", chosen.answer_column) or None,
        prompts=chosen.prompts,
        prompt_columns=assignments("--prompt-column", chosen.prompt_column) or None,
        unit=chosen.unit,
        pairs=chosen.pairs,
        reference=chosen.reference,
        tie_band=chosen.tie_band,
        graded=chosen.graded,
        missing=chosen.missing,
        keep=keep,
    )


_IN_WORDS = (
    (r"Pass outcomes=\{(?P<q>['\"]?)(.*?)(?P=q): 0\.5\} to say what it means\.",
     r"Say what it means, as the share won by the left side: --outcome '\2=0.5'."),
    (r"Pass columns=\{part: column\} to name them\.", "Name them: --column PART=COLUMN."),
    (r"Pass columns=\{'(\w+)': \.\.\.\} to name it\.", r"Name it: --column \1=COLUMN."),
    (r"Pass answers= to join them\.", "Give --answers FILE to join them."),
    (r"\bpass missing='drop'", "give --missing drop"),
    (r"^keep names ('.*?'), but (.*) has no such column: ", r"\2 has no column \1. It has: "),
)  # fmt: skip
"""What readers say of their parameters, and what it is called here."""


def in_words_of_the_command_line(message: str) -> str:
    """Return a reader's message with options in place of the library's parameters.

    Examples
    --------
    >>> in_words_of_the_command_line("Pass columns={part: column} to name them.")
    'Name them: --column PART=COLUMN.'
    """
    for pattern, words in _IN_WORDS:
        message = re.sub(pattern, words, message)
    return message


def draw_rows(comparisons: Comparisons, limit: int | None, seed: int) -> Comparisons:
    """Return so many rows, drawn at random, over the alternatives that they name; all without a limit."""
    import numpy as np

    from cloneproof._core.validation import check_integer

    if limit is None:
        return comparisons
    n = check_integer("limit", limit, low=1)
    if n >= comparisons.n_comparisons:
        return comparisons
    rows = np.sort(np.random.default_rng([seed, 7]).choice(comparisons.n_comparisons, n, replace=False))
    named = np.unique(np.concatenate([comparisons.left[rows], comparisons.right[rows]]))
    return comparisons.restrict(rows, named)


def parse_number(option: str, value: str) -> Any:
    """Return ``"auto"`` or the number that a word stands for.

    Raises
    ------
    ParameterError
        For any other word.
    """
    if value == "auto":
        return value
    try:
        return float(value)
    except ValueError:
        raise ParameterError(f"{option} takes a number or 'auto'. Got {value!r}.") from None


def assignments(option: str, words: Sequence[str] | None) -> dict[str, str]:
    """Return what a repeatable NAME=VALUE option names.

    Raises
    ------
    ParameterError
        For a word without a name, a value or the sign between them.
    """
    found = {}
    for word in words or ():
        name, equals, value = (
            word.rpartition("=") if option in {"--outcome", "--anchor"} else word.partition("=")
        )
        if not equals or not name or not value:
            raise ParameterError(f"{option} takes NAME=VALUE. Got {word!r}.")
        found[name] = value
    return found


def _share(label: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ParameterError(f"--outcome {label}= takes a number in [0, 1]. Got {value!r}.") from None
