"""Rows that hold both sides: pairs of chosen and rejected, and two sides with a label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray
from cloneproof.preferences.readers.coding import (
    Coded,
    code,
    concat,
    is_key,
    is_number_like,
    numbers,
    objects,
)
from cloneproof.preferences.readers.conversations import (
    has_messages,
    implicit_prompt,
    shared_turns,
    without_prompt,
)
from cloneproof.preferences.readers.labels import label_outcomes, number_outcomes
from cloneproof.preferences.readers.options import ReaderOptions
from cloneproof.preferences.readers.records import Entries, Judgments, Source
from cloneproof.preferences.readers.roles import find_roles, need

__all__ = ["read_labelled", "read_pairs"]


def read_pairs(source: Source, options: ReaderOptions) -> Judgments:
    """Read rows of a chosen and a rejected answer: left is the chosen one and won.

    Without a prompt column, what both sides share is the prompt: the leading messages of two
    conversations, or the turns of two HH-RLHF dialogues up to the last answer. Plain texts without a
    prompt have none.
    """
    roles = find_roles("pair", source, options.columns)
    need(roles, ("chosen", "rejected"), "pair", source)
    notes: list[str] = []
    prompt = _prompt(source, roles)
    if prompt is None:
        prompt, chosen, rejected = implicit_prompt(source, roles, notes)
    else:
        chosen, rejected = without_prompt(source, roles, prompt)
    outcome = np.ones(source.n_rows)
    if options.graded:
        if "margin" not in roles:
            raise InputError(f"graded=True reads the column 'margin', which {source.name} does not have.")
        outcome = 1.0 / (
            1.0 + np.exp(-np.clip(numbers(source.column(roles["margin"]), roles["margin"]), -700, 700))
        )
        notes.append("outcome = 1 / (1 + exp(-margin))")
    names = None
    if {"chosen_name", "rejected_name"} <= roles.keys():
        names = concat([code(source.column(roles[r]), roles[r]) for r in ("chosen_name", "rejected_name")])
    return _two_sided(
        source,
        roles,
        outcome,
        text=concat([chosen, rejected]),
        name=names,
        prompts=(prompt, prompt),
        notes=notes,
    )


def read_labelled(source: Source, options: ReaderOptions) -> Judgments:
    """Read rows of two sides, by name or by text or both, and a label or number for who won."""
    roles = find_roles("labelled", source, options.columns)
    for pair in (("left", "right"), ("left_text", "right_text"), ("left_prompt", "right_prompt")):
        if sum(side in roles for side in pair) == 1:
            roles.pop(pair[0], None)
            roles.pop(pair[1], None)
    if "left" not in roles:
        need(roles, ("left_text", "right_text"), "labelled", source)
    notes: list[str] = []
    text = _sides(source, roles, "left_text", "right_text", dialogue=True)
    name = _sides(source, roles, "left", "right")
    prompt: Coded | None
    left_prompt: Coded | None
    right_prompt: Coded | None
    if "left_prompt" in roles:
        prompts = tuple(
            code(source.column(roles[r]), roles[r], dialogue=True) for r in ("left_prompt", "right_prompt")
        )
        left_prompt, right_prompt = prompts[0], prompts[1]
        roles.pop("prompt", None)
    else:
        spoken = "left_text" in roles and has_messages(source.column(roles["left_text"]))
        if spoken and roles.get("prompt", "").lower().endswith("_id"):
            roles.pop("prompt")  # the conversations say the prompt themselves
        prompt = _prompt(source, roles)
        if prompt is None and spoken:
            prompt, left, right = shared_turns(source, roles["left_text"], roles["right_text"], notes)
            text = (left, right)
        left_prompt = right_prompt = prompt
    rows = np.arange(source.n_rows)
    no_labels: Mapping[str, int] = {}
    if "winner_left" in roles:
        outcome, labels = _one_hot(source, roles), no_labels
    else:
        need(roles, ("outcome",), "labelled", source)
        outcome, labels, rows = _outcomes(source, roles, options, name, notes)
    return _two_sided(
        source,
        roles,
        outcome,
        text=None if text is None else concat(text),
        name=None if name is None else concat(name),
        prompts=(left_prompt, right_prompt),
        notes=notes,
        labels=labels,
        rows=rows,
    )


def _two_sided(
    source: Source,
    roles: Mapping[str, str],
    outcome: FloatArray,
    *,
    text: Coded | None,
    name: Coded | None,
    prompts: tuple[Coded | None, Coded | None],
    notes: list[str],
    labels: Mapping[str, int] | None = None,
    rows: Any = None,
) -> Judgments:
    n = source.n_rows
    rows = np.arange(n) if rows is None else rows
    left_prompt, right_prompt = prompts
    prompt = None if left_prompt is None or right_prompt is None else concat([left_prompt, right_prompt])
    key = None
    if prompt is not None and "prompt" in roles and is_key(source, roles["prompt"]):
        prompt, key = None, prompt  # numbers name a prompt, they do not say it
    annotator = (
        code(source.column(roles["annotator"]), roles["annotator"]).take(rows)
        if "annotator" in roles
        else None
    )
    count = numbers(source.column(roles["count"]), roles["count"])[rows] if "count" in roles else None
    return Judgments(
        entries=Entries(text=text, name=name, prompt=prompt, key=key),
        left=rows.astype(np.int64),
        right=rows.astype(np.int64) + n,
        outcome=outcome,
        row=rows.astype(np.int64),
        count=count,
        annotator=annotator,
        columns=roles,
        labels=labels or {},
        notes=tuple(notes),
    )


def _prompt(source: Source, roles: Mapping[str, str]) -> Coded | None:
    return code(source.column(roles["prompt"]), roles["prompt"], dialogue=True) if "prompt" in roles else None


def _sides(
    source: Source, roles: Mapping[str, str], left: str, right: str, *, dialogue: bool = False
) -> tuple[Coded, Coded] | None:
    if left not in roles:
        return None
    return (
        code(source.column(roles[left]), roles[left], dialogue=dialogue),
        code(source.column(roles[right]), roles[right], dialogue=dialogue),
    )


def _one_hot(source: Source, roles: Mapping[str, str]) -> FloatArray:
    parts = [r for r in ("winner_left", "winner_right", "winner_tie") if r in roles]
    table = np.stack([_zero_one(source, roles[r]) for r in parts])
    bad = table.sum(axis=0) != 1.0
    if bad.any():
        raise InputError(
            f"Exactly one of {', '.join(repr(roles[r]) for r in parts)} must be 1; {int(bad.sum()):,} of "
            f"{source.n_rows:,} rows differ, first: row {int(np.argmax(bad))}."
        )
    return np.asarray(table[0] + 0.5 * (table[2] if len(parts) == 3 else 0.0))


def _zero_one(source: Source, name: str) -> FloatArray:
    column = source.column(name)
    if not isinstance(column, list) and str(column.type) == "bool":
        column = column.cast("int8")
    values = numbers(column, name)
    if not np.isin(values, (0.0, 1.0)).all():
        first = int(np.argmin(np.isin(values, (0.0, 1.0))))
        raise InputError(f"Column {name!r} must hold 0 or 1. Row {first} holds {values[first]}.")
    return values


def _outcomes(
    source: Source,
    roles: Mapping[str, str],
    options: ReaderOptions,
    name: tuple[Coded, Coded] | None,
    notes: list[str],
) -> tuple[FloatArray, Mapping[str, int], Any]:
    """Return the share won by left, the labels met, and the row of each judgment."""
    column = roles["outcome"]
    rows = np.arange(source.n_rows)
    spoken = column.strip().lower()
    values = source.column(column)
    if spoken == "individual_preference":
        rows, values = _several_judges(objects(values), column)
        notes.append("each annotator's preference is one comparison")
    if not is_number_like(values):
        left, right = (None, None) if name is None else name
        outcome, labels = label_outcomes(code(values, column), options.outcomes, left, right, column)
        return outcome, labels, rows
    found = numbers(values, column)
    if spoken in {"individual_preference", "overall_preference"}:
        outcome, labels = number_outcomes(found, options.outcomes, column, lost=3, won=-3, whole=True)
        if options.graded:
            notes.append("outcome = (3 - preference) / 6")
        else:
            outcome = np.where(np.isnan(outcome), np.nan, 0.5 + 0.5 * np.sign(outcome - 0.5))
        return outcome, labels, rows
    if spoken == "preference":
        outcome, labels = number_outcomes(found, options.outcomes, column, lost=2, won=1)
        notes.append("outcome = 2 - preference")
        return outcome, labels, rows
    if spoken == "labels" and roles.get("left_text", "").lower() == "human_ref_a":
        outcome, labels = number_outcomes(found, options.outcomes, column, lost=0, won=1, whole=True)
        notes.append("labels 1: A was preferred, 0: B")
        return outcome, labels, rows
    if spoken == "outcome" or "outcome" in options.columns:
        outcome, labels = number_outcomes(found, options.outcomes, column, lost=0, won=1)
        return outcome, labels, rows
    outcome, labels = label_outcomes(code(values, column), options.outcomes, None, None, column)
    return outcome, labels, rows


def _several_judges(values: list[Any], column: str) -> tuple[Any, list[Any]]:
    rows, scores = [], []
    for row, judges in enumerate(values):
        for judge in judges or []:
            if not isinstance(judge, dict) or "score" not in judge:
                raise InputError(
                    f"Column {column!r} must hold a list of objects with a score. See row {row}."
                )
            rows.append(row)
            scores.append(judge["score"])
    return np.array(rows, dtype=np.int64), scores
