"""The answers behind a board: who answered what to which prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.typing import LabelArray
from cloneproof.preferences.readers.coding import code
from cloneproof.preferences.readers.roles import find_roles
from cloneproof.preferences.readers.sources import open_source

__all__ = ["Answers", "read_answers"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """Answers in columns of shape (n_answers,): the alternative's name, the prompt's key, the text."""

    name: LabelArray
    prompt: LabelArray
    text: tuple[str, ...]


def read_answers(source: Any, columns: Mapping[str, str] | None = None) -> Answers:
    """Read answers from a table of answers, or from the comparisons' own file where it holds them.

    Parameters
    ----------
    source : path, DataFrame or other table
        One answer a row (name, prompt, text), or one comparison a row with both names and both texts
        (model_a, model_b, response_a, response_b and so on).
    columns : mapping of part to column, default=None
        Parts that are not known by name: name, prompt, text; or left, right, left_text, right_text, prompt.

    Returns
    -------
    answers : Answers
        Equal (name, prompt, text) once. Rows without a name or text are left out.

    Raises
    ------
    InputError
        If the table has no answers, or cannot be read.
    ParameterError
        For standard input, which cannot be read a second time.
    """
    if isinstance(source, str) and source == "-":
        raise ParameterError(
            "answers cannot be read from standard input a second time. Give a file, or --answers."
        )
    table = open_source(source, what="answers")
    given = dict(columns or {})
    sides = {"left", "right", "left_text", "right_text"}
    one = find_roles("answers", table, {k: v for k, v in given.items() if k in {"name", "prompt", "text"}})
    two = find_roles("labelled", table, {k: v for k, v in given.items() if k in sides | {"prompt"}})
    if sides <= two.keys():
        parts = [(two["left"], two["left_text"]), (two["right"], two["right_text"])]
        asked = two.get("prompt")
    elif {"name", "text"} <= one.keys():
        parts, asked = [(one["name"], one["text"])], one.get("prompt")
    else:
        raise InputError(
            f"{table.name} holds no answers: expected model and text (and prompt) in each row, or both sides' "
            f"names and texts. Found: {', '.join(table.columns)}. Give --answers FILE, or other similarity."
        )
    prompts = (
        [""] * table.n_rows
        if asked is None
        else [str(x) for x in code(table.column(asked), asked, dialogue=True).tolist()]
    )
    found: dict[tuple[str, str, str], None] = {}
    for name, text in parts:
        names = code(table.column(name), name).tolist()
        texts = code(table.column(text), text, dialogue=True).tolist()
        for who, prompt, said in zip(names, prompts, texts, strict=True):
            if who is not None and said is not None:
                found.setdefault((str(who), prompt, str(said)))
    if not found:
        raise InputError(f"{table.name} holds no answer with a name and a text.")
    return Answers(
        name=np.array([key[0] for key in found], dtype=object),
        prompt=np.array([key[1] for key in found], dtype=object),
        text=tuple(key[2] for key in found),
    )
