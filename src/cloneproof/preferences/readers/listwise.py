"""Answers side by side in lists or rows: ranks, scores and trees, as the pairs that they imply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.preferences.readers import dialogue
from cloneproof.preferences.readers.coding import (
    Coded,
    code,
    first_appearance,
    from_list,
    is_key,
    numbers,
    objects,
    pairs,
)
from cloneproof.preferences.readers.options import ReaderOptions
from cloneproof.preferences.readers.records import Entries, Judgments, Source
from cloneproof.preferences.readers.roles import find_roles, need

__all__ = ["pairs_within", "read_ranked", "read_scored"]


def pairs_within(group: IntArray) -> tuple[IntArray, IntArray]:
    """Return all pairs of rows of the same group, each once, the earlier row first.

    Groups of a size are done together, in the order of the groups' first rows; codes below 0 have no pairs.
    """
    rows = np.flatnonzero(group >= 0)
    if len(rows) == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    renumbered, _ = first_appearance(group[rows])
    order = np.argsort(renumbered, kind="stable")
    size = np.bincount(renumbered)
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    left, right, owner = [], [], []
    for k in np.unique(size):
        if k < 2:
            continue
        groups = np.flatnonzero(size == k)
        members = rows[order][start[groups][:, None] + np.arange(k)]
        i, j = np.triu_indices(int(k), 1)
        left.append(members[:, i].ravel())
        right.append(members[:, j].ravel())
        owner.append(np.repeat(groups, len(i)))
    if not left:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    by_group = np.argsort(np.concatenate(owner), kind="stable")
    return np.concatenate(left)[by_group], np.concatenate(right)[by_group]


def read_scored(source: Source, options: ReaderOptions) -> Judgments:
    """Read one answer a row with its score; pairs are formed within a prompt (and annotator).

    ``pairs="all"``: every two rows of a prompt, the higher score wins, scores at most `tie_band` apart
    tie. ``pairs="reference"``: each row against the reference's row of its prompt; the score is the share
    won against the reference and must lie in [0, 1].
    """
    roles = find_roles("scored", source, options.columns)
    lower_wins = "score" not in roles
    need(roles, ("rank" if lower_wins else "score",), "scored", source)
    if not {"text", "name"} & roles.keys():
        need(roles, ("text",), "scored", source)
    score = numbers(
        source.column(roles["rank" if lower_wins else "score"]), roles["rank" if lower_wins else "score"]
    )
    if np.isinf(score).any():
        raise InputError(
            f"Scores must be finite; row {int(np.argmax(np.isinf(score)))} is {score[np.isinf(score)][0]}."
        )
    text = code(source.column(roles["text"]), roles["text"], dialogue=True) if "text" in roles else None
    name = code(source.column(roles["name"]), roles["name"]) if "name" in roles else None
    annotator = code(source.column(roles["annotator"]), roles["annotator"]) if "annotator" in roles else None
    prompt = (
        code(source.column(roles["prompt"]), roles["prompt"], dialogue=True) if "prompt" in roles else None
    )
    key = code(source.column(roles["group"]), roles["group"]) if "group" in roles else None
    if prompt is not None and is_key(source, roles["prompt"]):
        prompt, key = None, prompt if key is None else key
    group = key if key is not None else prompt
    if group is None:
        need(roles, ("prompt",), "scored", source)
        raise InputError(f"{source.name} has no column that says which rows answer the same prompt.")
    place = pairs(group, annotator) if annotator is not None and options.pairs != "reference" else group.codes
    within = "prompt" if annotator is None else "prompt and annotator"
    if options.pairs == "reference":
        left, right, outcome, note = _against_reference(source, options, score, group, name)
    else:
        left, right = pairs_within(np.where(np.isnan(score), -1, place))
        band = options.tie_band or 0.0
        outcome = _by_difference(score[left] - score[right], band, lower_wins=lower_wins)
        better = "lower rank" if lower_wins else "higher score"
        note = f"all pairs of rows within one {within}; the {better} wins"
        note += f", at most {band:g} apart is a tie" if band else ", equal is a tie"
    return Judgments(
        entries=Entries(text=text, name=name, prompt=prompt, key=key),
        left=left,
        right=right,
        outcome=outcome,
        row=left,
        annotator=None if annotator is None else annotator.take(left),
        columns=roles,
        notes=(note,),
        dropped={"row without a score": int(np.isnan(score).sum())} if np.isnan(score).any() else {},
    )


def _by_difference(difference: FloatArray, band: float, *, lower_wins: bool = False) -> FloatArray:
    sign = np.where(np.abs(difference) <= band, 0.0, np.sign(difference))
    return np.asarray(0.5 - 0.5 * sign if lower_wins else 0.5 + 0.5 * sign)


def _against_reference(
    source: Source, options: ReaderOptions, score: FloatArray, group: Coded, name: Coded | None
) -> tuple[IntArray, IntArray, FloatArray, str]:
    if name is None:
        raise InputError(f"pairs='reference' needs a column with the answers' names; {source.name} has none.")
    if options.tie_band:
        raise InputError("tie_band has no meaning with pairs='reference', where the score is the share won.")
    bad = ~np.isnan(score) & ((score < 0) | (score > 1))
    if bad.any():
        first = int(np.argmax(bad))
        raise InputError(
            f"With pairs='reference' the score is the share won, in [0, 1]; {int(bad.sum()):,} of "
            f"{len(score):,} rows are outside, first: {score[first]:g} (row {first})."
        )
    names = name.values.to_pylist()
    if options.reference not in names:
        shown = ", ".join(map(repr, names[:10]))
        raise InputError(f"No row is named {options.reference!r}, the reference. Names: {shown}.")
    is_reference = name.codes == names.index(options.reference)
    where = np.full(len(group.values) + 1, -1)
    rows = np.flatnonzero(is_reference)
    where[group.codes[rows[::-1]]] = rows[::-1]
    where[-1] = -1
    left = np.flatnonzero(~is_reference & (where[group.codes] >= 0) & ~np.isnan(score))
    return (
        left,
        where[group.codes[left]],
        score[left],
        f"each row against {options.reference!r}; the score is the share won",
    )


def read_ranked(source: Source, options: ReaderOptions) -> Judgments:
    """Read rows that hold several answers with ranks (1 is best) or scores; all pairs of a row are formed."""
    roles = find_roles("ranked", source, options.columns)
    need(roles, ("answers",), "ranked", source)
    flat = _Flat()
    answers = objects(source.column(roles["answers"]))
    beside = {r: objects(source.column(roles[r])) for r in ("ranks", "scores", "names") if r in roles}
    for row, listed in enumerate(answers):
        if listed is None:
            continue
        if not isinstance(listed, list):
            raise InputError(
                f"Column {roles['answers']!r} must hold lists. Row {row} holds a {type(listed).__name__}."
            )
        flat.add(row, listed, {r: v[row] for r, v in beside.items()}, roles)
    if flat.worth and flat.lower_wins is None:
        raise InputError(
            f"Column {roles['answers']!r} needs a rank or score for each answer: inside it, or in a column "
            "'ranks' or 'scores'."
        )
    owner = np.array(flat.row, dtype=np.int64)
    worth = np.array(flat.worth, dtype=np.float64)
    left, right = pairs_within(np.where(np.isnan(worth), -1, owner) if len(owner) else owner)
    lower_wins = bool(flat.lower_wins)
    outcome = _by_difference(worth[left] - worth[right], options.tie_band or 0.0, lower_wins=lower_wins)
    prompt = key = None
    if "prompt" in roles:
        prompt = code(source.column(roles["prompt"]), roles["prompt"], dialogue=True).take(owner)
        if is_key(source, roles["prompt"]):
            prompt, key = None, prompt
    annotator = code(source.column(roles["annotator"]), roles["annotator"]) if "annotator" in roles else None
    lacking = int(np.isnan(worth).sum())
    return Judgments(
        entries=Entries(
            text=from_list(flat.text, roles["answers"]),
            name=from_list(flat.name, "name") if any(x is not None for x in flat.name) else None,
            prompt=prompt,
            key=key,
        ),
        left=left,
        right=right,
        outcome=outcome,
        row=owner[left],
        annotator=None if annotator is None else annotator.take(owner[left]),
        columns=roles,
        notes=(
            f"all pairs of a row; the {'lower rank' if lower_wins else 'higher score'} wins, equal is a tie",
        ),
        dropped={"answer without a rank or score": lacking} if lacking else {},
    )


class _Flat:
    """Answers of all rows one below the other."""

    def __init__(self) -> None:
        self.row: list[int] = []
        self.text: list[str | None] = []
        self.name: list[str | None] = []
        self.worth: list[float] = []
        self.lower_wins: bool | None = None

    def add(self, row: int, listed: list[Any], beside: Mapping[str, Any], roles: Mapping[str, str]) -> None:
        """Add the answers of a row."""
        for role, values in beside.items():
            if values is not None and (not isinstance(values, list) or len(values) != len(listed)):
                raise InputError(
                    f"Column {roles[role]!r} must hold one value for each of the {len(listed)} answers of "
                    f"row {row}."
                )
        for k, answer in enumerate(listed):
            inside = answer if isinstance(answer, dict) and not dialogue.is_messages([answer]) else {}
            text = (
                _first(inside, ("answer", "text", "response", "completion", "output", "content"))
                if inside
                else answer
            )
            if inside and text is None:
                raise InputError(
                    f"Answer {k} of row {row} has no text. Its fields: {', '.join(map(repr, inside))}."
                )
            self.row.append(row)
            self.text.append(None if text is None else dialogue.as_text(text, roles["answers"], row))
            name = _first(inside, ("model", "name", "model_name"))
            if name is None and beside.get("names") is not None:
                name = beside["names"][k]
            self.name.append(None if name is None else str(name))
            self.worth.append(self._worth(inside, beside, k, row))

    def _worth(self, inside: Mapping[str, Any], beside: Mapping[str, Any], k: int, row: int) -> float:
        for lower_wins, fields, column in (
            (True, ("rank",), "ranks"),
            (False, ("score", "overall_score", "rating"), "scores"),
        ):
            value = _first(inside, fields)
            if value is None and beside.get(column) is not None:
                value = beside[column][k]
            if value is None:
                continue
            if self.lower_wins is not None and self.lower_wins != lower_wins:
                raise InputError(
                    f"Answer {k} of row {row} has a {'rank' if lower_wins else 'score'}, others the other. "
                    "Give one kind."
                )
            self.lower_wins = lower_wins
            try:
                worth = float(value)
            except (TypeError, ValueError, OverflowError):
                worth = np.inf
            if not np.isfinite(worth) or isinstance(value, bool):
                raise InputError(
                    f"Answer {k} of row {row} must have a number as its rank or score. Got {value!r}."
                )
            return worth
        return float("nan")


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((fields[name] for name in names if fields.get(name) is not None), None)
