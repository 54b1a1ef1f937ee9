"""Which column plays which part: the names that each shape goes by, and what to say when none fits."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from cloneproof._core.errors import InputError, ParameterError

__all__ = ["NEEDS", "ROLES", "SHAPES", "detect_shape", "find_roles", "fits", "need"]

_PROMPT = (
    "prompt", "instruction", "question", "query", "user_prompt", "history", "context", "input",
    "conversation", "prompt_id", "instruction_id", "question_id",
)  # fmt: skip
_ANNOTATOR = (
    "annotator", "annotator_id", "worker", "worker_id", "judge", "judge_id", "judge_hash", "labeler",
    "user_id",
)  # fmt: skip
_TEXT = ("text", "answer", "response", "model_response", "output", "completion", "result", "content")
_NAME = ("name", "model", "model_name", "alternative", "generator")

ROLES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "pair": {
        "chosen": ("chosen", "chosen_response"),
        "rejected": ("rejected", "rejected_response"),
        "prompt": _PROMPT,
        "chosen_name": ("chosen_model", "chosen_name", "chosen-model"),
        "rejected_name": ("rejected_model", "rejected_name", "rejected-model"),
        "margin": ("margin",),
        "annotator": _ANNOTATOR,
        "count": ("count",),
    },
    "labelled": {
        "left": ("left", "model_a", "model_1", "generator_1", "model_x", "player_a"),
        "right": ("right", "model_b", "model_2", "generator_2", "model_y", "player_b"),
        "left_text": (
            "left_text",
            "response_a",
            "answer_a",
            "completion_a",
            "output_a",
            "text_a",
            "conversation_a",
            "output_1",
            "response_1",
            "response1",
            "answer_1",
            "human_ref_a",
        ),
        "right_text": (
            "right_text",
            "response_b",
            "answer_b",
            "completion_b",
            "output_b",
            "text_b",
            "conversation_b",
            "output_2",
            "response_2",
            "response2",
            "answer_2",
            "human_ref_b",
        ),
        "outcome": (
            "outcome",
            "winner",
            "label",
            "labels",
            "preference",
            "individual_preference",
            "overall_preference",
        ),
        "winner_left": ("winner_model_a",),
        "winner_right": ("winner_model_b",),
        "winner_tie": ("winner_tie",),
        "prompt": _PROMPT,
        "left_prompt": ("left_prompt",),
        "right_prompt": ("right_prompt",),
        "annotator": _ANNOTATOR,
        "count": ("count",),
    },
    "ranked": {
        "answers": ("answers", "responses", "completions", "outputs"),
        "ranks": ("ranks", "rank", "rankings"),
        "scores": ("scores", "score", "ratings"),
        "names": ("names", "models"),
        "prompt": _PROMPT,
        "annotator": _ANNOTATOR,
    },
    "scored": {
        "score": ("score", "rating", "reward", "pref_vs_reference"),
        "rank": ("rank",),
        "text": _TEXT,
        "name": _NAME,
        "group": ("interaction_id", "prompt_id", "instruction_id", "question_id", "conversation_id"),
        "prompt": ("prompt", "instruction", "question", "query", "user_prompt", "history", "context"),
        "annotator": _ANNOTATOR,
    },
    "tree": {
        "id": ("message_id", "id"),
        "parent": ("parent_id", "parent"),
        "rank": ("rank",),
        "text": ("text", "content"),
        "role": ("role",),
        "tree": ("prompt", "tree"),
    },
    "answers": {
        "prompt": ("prompt", "prompt_id", "instruction_id", "question_id", "interaction_id", "id"),
        "name": _NAME,
        "text": _TEXT,
    },
    "prompts": {
        "prompt": ("id", "prompt_id", "instruction_id", "question_id", "interaction_id", "prompt"),
        "text": ("text", "instruction", "question", "prompt", "content"),
    },
}
"""The column names that each part goes by, in the order in which they are tried."""

SHAPES = ("pair", "labelled", "ranked", "scored", "tree")

NEEDS = {
    "pair": "chosen and rejected (prompt optional)",
    "labelled": "two sides (model_a and model_b, or response_a and response_b) and winner",
    "ranked": "a list column answers with a rank or score for each answer",
    "scored": "score, text or model, and prompt or prompt_id",
    "tree": "message_id, parent_id, text, role and rank",
}
"""What each shape needs, in words."""


def find_roles(shape: str, source: Any, columns: Mapping[str, str]) -> dict[str, str]:
    """Return the column of each part that a shape knows and the source has.

    Parameters
    ----------
    shape : str
        A key of `ROLES`.
    source : Source
    columns : mapping of part to column
        What the caller named; it takes precedence over the names that are known.

    Raises
    ------
    ParameterError
        If a part is unknown to the shape.
    InputError
        If a named column is not there.
    """
    known = ROLES[shape]
    for role, column in columns.items():
        if role not in known:
            raise ParameterError(
                f"columns names the part {role!r}, which the shape {shape!r} does not have. "
                f"Its parts: {', '.join(known)}.{_did_you_mean(role, known)}"
            )
        if column not in source.columns:
            raise InputError(
                f"columns says that {role!r} is {column!r}, but {source.name} has no such column. "
                f"Columns found: {_listed(source.columns)}.{_did_you_mean(str(column), source.columns)}"
            )
    lower: dict[str, str] = {}
    for name in source.columns:
        lower.setdefault(name.strip().lower(), name)
    found = dict(columns)
    for role, names in known.items():
        if role in found:
            continue
        for name in names:
            match = name if name in source.columns else lower.get(name)
            if match is not None and match not in columns.values():
                found[role] = match
                break
    return found


def fits(shape: str, source: Any, columns: Mapping[str, str]) -> bool:
    """Tell whether a source has the columns that a shape cannot do without."""
    known = {role: name for role, name in columns.items() if role in ROLES[shape]}
    roles = find_roles(shape, source, {r: c for r, c in known.items() if c in source.columns})
    if shape == "pair":
        return {"chosen", "rejected"} <= roles.keys()
    if shape == "labelled":
        sides = {"left", "right"} <= roles.keys() or {"left_text", "right_text"} <= roles.keys()
        return sides and ("outcome" in roles or {"winner_left", "winner_right"} <= roles.keys())
    if shape == "ranked":
        return "answers" in roles and _is_nested(source.columns[roles["answers"]])
    if shape == "tree":
        flat = {"id", "parent", "text", "rank"} <= roles.keys()
        return flat or ("tree" in roles and _is_tree(source.columns[roles["tree"]]))
    return (
        ("score" in roles or "rank" in roles)
        and bool({"text", "name"} & roles.keys())
        and bool({"prompt", "group"} & roles.keys())
    )


def detect_shape(source: Any, columns: Mapping[str, str]) -> str:
    """Return the first shape whose columns are all there.

    Raises
    ------
    InputError
        If none fits: what was found, what each shape needs, and near misses.
    """
    for shape in ("tree", "pair", "ranked", "labelled", "scored"):
        if fits(shape, source, columns) and all(role in ROLES[shape] for role in columns):
            return shape
    needs = "; ".join(f"{shape}: {NEEDS[shape]}" for shape in SHAPES)
    raise InputError(
        f"The shape of {source.name} is not known. Columns found: {_listed(source.columns)}. Needed: {needs}."
        f"{_near_miss(source.columns)} Pass columns={{part: column}} to name them."
    )


def need(roles: Mapping[str, str], wanted: Sequence[str], shape: str, source: Any) -> None:
    """Raise InputError unless every wanted part has a column."""
    lacking = [role for role in wanted if role not in roles]
    if lacking:
        raise InputError(
            f"The shape {shape!r} needs {NEEDS.get(shape, ', '.join(wanted))}; {source.name} has no column "
            "for "
            f"{' and '.join(map(repr, lacking))}. Columns found: {_listed(source.columns)}."
            f"{_near_miss(source.columns)} Pass columns={{{lacking[0]!r}: ...}} to name it."
        )


def _near_miss(columns: Mapping[str, Any]) -> str:
    wanted = ("chosen", "rejected", "winner", "model_a", "model_b", "response_a", "response_b", "score")
    for name in columns:
        if name.lower() not in wanted:
            close = difflib.get_close_matches(name.lower(), [w for w in wanted if w not in columns], 1, 0.75)
            if close:
                return f" Did you mean {close[0]!r} by {name!r}?"
    return ""


def _did_you_mean(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), 1, 0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


def _listed(columns: Mapping[str, Any]) -> str:
    names = [repr(name) for name in columns]
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "") or "none"


def _is_nested(column: Any) -> bool:
    import pyarrow as pa

    if isinstance(column, list):
        return any(isinstance(x, (list, dict)) for x in column)
    return bool(pa.types.is_nested(column.type)) and not pa.types.is_dictionary(column.type)


def _is_tree(column: Any) -> bool:
    if not _is_nested(column):
        return False
    first = next((x for x in (column if isinstance(column, list) else column[:1].to_pylist()) if x), None)
    return isinstance(first, dict) and "replies" in first
