"""Texts that stand in other files: answers by (prompt, name) and prompts by key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from cloneproof._core.errors import InputError
from cloneproof._core.typing import IntArray
from cloneproof.preferences.readers.coding import Coded, code, concat, pairs
from cloneproof.preferences.readers.records import Entries, Source
from cloneproof.preferences.readers.roles import find_roles, need

__all__ = ["join_answers", "join_prompts"]


def join_answers(
    entries: Entries, answers: Source, columns: Mapping[str, str], *, missing: str
) -> tuple[Entries, dict[str, str]]:
    """Give every entry the text that `answers` holds for its prompt and name.

    Parameters
    ----------
    entries : Entries
        With names; with prompt keys (or prompts) where one name has several answers.
    answers : Source
        Columns prompt (optional), name and text. Of several columns that could hold the name, the one
        that knows most of the entries' names is used.
    columns : mapping
        The parts ``prompt``, ``name`` and ``text`` of `answers`, where their names are not known.
    missing : {"error", "drop"}
        Whether an answer that is not found is an error.

    Returns
    -------
    entries : Entries
    roles : dict
        The columns of `answers` that were used.
    """
    if entries.name is None:
        raise InputError("answers= needs the names of the alternatives in the comparisons; found none.")
    roles = find_roles("answers", answers, columns)
    if "name" not in columns:
        roles.pop("name", None)
        best = _best_match(entries.name, answers, roles)
        if best is not None:
            roles["name"] = best
    need(roles, ("name", "text"), "answers", answers)
    names = concat([entries.name, code(answers.column(roles["name"]), roles["name"])])
    n = len(entries)
    entry_code, answer_code = names.codes[:n], names.codes[n:]
    shown = entries.name.tolist
    keyed = entries.key if entries.key is not None else entries.prompt
    if keyed is not None and "prompt" in roles:
        keys = concat([keyed, code(answers.column(roles["prompt"]), roles["prompt"], dialogue=True)])
        both = pairs(keys, names)
        entry_code, answer_code = both[:n], both[n:]
    else:
        roles.pop("prompt", None)
    texts = code(answers.column(roles["text"]), roles["text"], dialogue=True)
    found = _look_up(entry_code, answer_code, texts, answers, roles)
    absent = found.missing
    if absent.any() and missing == "error":
        first = int(np.argmax(absent))
        at = "" if keyed is None else f" to prompt {keyed.tolist()[first]!r}"
        raise InputError(
            f"{answers.name} lacks answers for {int(absent.sum()):,} of {n:,} sides; first: "
            f"{shown()[first]!r}{at}. Add them, name the columns with answer_columns=, "
            "or pass missing='drop'."
        )
    return replace(entries, text=found), roles


def join_prompts(
    entries: Entries, prompts: Source, columns: Mapping[str, str], *, missing: str
) -> tuple[Entries, dict[str, str]]:
    """Give every entry the text of the prompt that its key names."""
    keyed = entries.key if entries.key is not None else entries.prompt
    if keyed is None:
        raise InputError(
            "prompts= needs a column with the key of each prompt in the comparisons; found none."
        )
    roles = find_roles("prompts", prompts, columns)
    if roles.get("text") == roles.get("prompt") and "text" not in columns:
        roles.pop("text", None)
        left = [c for c in ("text", "instruction", "question", "content") if c in prompts.columns]
        if left:
            roles["text"] = left[0]
    need(roles, ("prompt", "text"), "prompts", prompts)
    keys = concat([keyed, code(prompts.column(roles["prompt"]), roles["prompt"])])
    n = len(entries)
    texts = code(prompts.column(roles["text"]), roles["text"], dialogue=True)
    found = _look_up(keys.codes[:n], keys.codes[n:], texts, prompts, roles)
    absent = found.missing
    if absent.any() and missing == "error":
        first = int(np.argmax(absent))
        raise InputError(
            f"{prompts.name} lacks prompts for {int(absent.sum()):,} of {n:,} sides; first: "
            f"{keyed.tolist()[first]!r}. Add them, name the columns with prompt_columns=, "
            "or pass missing='drop'."
        )
    return replace(entries, prompt=found, key=keyed), roles


def _best_match(names: Coded, answers: Source, roles: Mapping[str, str]) -> str | None:
    """Return the column of `answers` that holds most of the names."""
    wanted = set(names.values.to_pylist())
    best, most = None, 0
    known = find_roles("answers", answers, {})
    order = [c for c in (known.get("name"), *answers.columns) if c is not None]
    for column in dict.fromkeys(order):
        if column in roles.values():
            continue
        values: Any = answers.column(column)
        try:
            hits = len(wanted & set(code(values, column).values.to_pylist()))
        except InputError:
            continue
        if hits > most:
            best, most = column, hits
    return best if best is not None else known.get("name")


def _look_up(
    wanted: IntArray, known: IntArray, texts: Coded, source: Source, roles: Mapping[str, str]
) -> Coded:
    """Return the text of each wanted code; an error where one code has two texts."""
    size = int(max(wanted.max(initial=-1), known.max(initial=-1))) + 1
    if size > 4 * (len(wanted) + len(known)) + 1024:  # products of codes: renumber first
        distinct, inverse = np.unique(np.concatenate([wanted, known]), return_inverse=True)
        renumbered = np.where(np.concatenate([wanted, known]) < 0, -1, inverse)
        wanted, known, size = renumbered[: len(wanted)], renumbered[len(wanted) :], len(distinct)
    usable = (known >= 0) & (texts.codes >= 0)
    place = np.full(size + 1, -1, dtype=np.int64)
    rows = np.flatnonzero(usable)
    place[known[rows[::-1]]] = rows[::-1]
    clash = usable & (texts.codes != texts.codes[place[np.where(usable, known, size)]])
    if clash.any():
        first = int(np.argmax(clash))
        keys = " and ".join(repr(roles[r]) for r in roles if r != "text")
        raise InputError(
            f"{source.name} holds two texts under one {keys}: "
            f"{int(clash.sum()):,} rows differ from an earlier one, first: row {first} from row "
            f"{int(place[known[first]])}. Keep one of them."
        )
    found = place[np.where(wanted < 0, size, wanted)]
    return Coded(np.where(found < 0, -1, texts.codes[found]), texts.values)
