"""Trees of messages whose siblings are ranked, as Open Assistant's: flat messages or nested threads."""

from __future__ import annotations

from typing import Any

import numpy as np

from cloneproof._core.errors import InputError
from cloneproof.preferences.readers import dialogue
from cloneproof.preferences.readers.coding import code, from_list, numbers, objects
from cloneproof.preferences.readers.listwise import pairs_within
from cloneproof.preferences.readers.options import ReaderOptions
from cloneproof.preferences.readers.records import Entries, Judgments, Source
from cloneproof.preferences.readers.roles import find_roles, need

__all__ = ["read_tree"]


def read_tree(source: Source, options: ReaderOptions) -> Judgments:
    """Read ranked replies: siblings are compared, the lower rank wins, the thread above is the prompt.

    Only the assistant's replies are compared where roles are given; messages without a rank are not.
    """
    roles = find_roles("tree", source, options.columns)
    if "parent" not in roles and "tree" in roles:
        return _nested(source, roles)
    need(roles, ("id", "parent", "text", "rank"), "tree", source)
    ids = code(source.column(roles["id"]), roles["id"]).tolist()
    parents = code(source.column(roles["parent"]), roles["parent"]).tolist()
    texts = code(source.column(roles["text"]), roles["text"]).tolist()
    speakers = (
        code(source.column(roles["role"]), roles["role"]).tolist()
        if "role" in roles
        else ["assistant"] * len(ids)
    )
    rank = numbers(source.column(roles["rank"]), roles["rank"])
    place: dict[str, int] = {}
    for row, name in enumerate(ids):
        if name is None:
            raise InputError(f"Column {roles['id']!r} must name every message. Row {row} has none.")
        if place.setdefault(name, row) != row:
            raise InputError(f"The message {name!r} stands twice: rows {place[name]} and {row}. Keep one.")
    answers = [
        row
        for row, parent in enumerate(parents)
        if parent is not None and not np.isnan(rank[row]) and (speakers[row] or "").lower() == "assistant"
    ]
    threads = {parents[row]: "" for row in answers}
    for parent in threads:
        threads[parent] = _thread(parent, place, parents, texts, speakers, roles)
    group = {parent: k for k, parent in enumerate(threads)}
    return _judgments(
        [texts[r] for r in answers],
        [threads[parents[r]] for r in answers],
        [group[parents[r]] for r in answers],
        [float(rank[r]) for r in answers],
        answers,
        roles,
    )


def _thread(
    parent: str,
    place: dict[str, int],
    parents: list[Any],
    texts: list[Any],
    speakers: list[Any],
    roles: dict[str, str],
) -> str:
    messages: list[dict[str, Any]] = []
    at: str | None = parent
    while at is not None:
        row = place.get(at)
        if row is None:
            raise InputError(f"A message answers {at!r}, which is not among the messages. Give whole trees.")
        if len(messages) > len(parents):
            raise InputError(f"The message {parent!r} stands above itself. Parents must form a tree.")
        role = "assistant" if (speakers[row] or "").lower() == "assistant" and "role" in roles else "user"
        messages.append({"role": role, "content": texts[row] or ""})
        at = parents[row]
    return dialogue.render(messages[::-1], roles["text"], 0)


def _nested(source: Source, roles: dict[str, str]) -> Judgments:
    text, prompt, group, rank, rows = [], [], [], [], []
    n_groups = 0
    for row, root in enumerate(objects(source.column(roles["tree"]))):
        stack: list[tuple[Any, list[dict[str, Any]]]] = [(root, [])] if root is not None else []
        while stack:
            node, above = stack.pop()
            if not isinstance(node, dict) or not isinstance(node.get("text"), str):
                raise InputError(f"Row {row} holds a message without text. Each needs text and replies.")
            speaker = "assistant" if node.get("role") == "assistant" else "user"
            thread = [*above, {"role": speaker, "content": node["text"]}]
            replies = node.get("replies") or []
            if not isinstance(replies, list):
                raise InputError(f"Row {row} holds a message whose replies are no list.")
            for reply in replies:
                if (
                    isinstance(reply, dict)
                    and reply.get("rank") is not None
                    and reply.get("role") == "assistant"
                ):
                    if isinstance(reply["rank"], bool) or not isinstance(reply["rank"], (int, float)):
                        raise InputError(
                            f"A reply in row {row} has the rank {reply['rank']!r}, which is no number."
                        )
                    text.append(reply.get("text"))
                    prompt.append(dialogue.render(thread, roles["tree"], row))
                    group.append(n_groups)
                    rank.append(float(reply["rank"]))
                    rows.append(row)
            n_groups += 1
            stack.extend((reply, thread) for reply in reversed(replies))
    return _judgments(text, prompt, group, rank, rows, roles)


def _judgments(
    text: list[Any],
    prompt: list[Any],
    group: list[int],
    rank: list[float],
    rows: list[int],
    roles: dict[str, str],
) -> Judgments:
    left, right = pairs_within(np.array(group, dtype=np.int64))
    worth = np.array(rank, dtype=np.float64)
    return Judgments(
        entries=Entries(text=from_list(text, roles.get("text", "text")), prompt=from_list(prompt, "prompt")),
        left=left,
        right=right,
        outcome=0.5 - 0.5 * np.sign(worth[left] - worth[right]),
        row=np.array(rows, dtype=np.int64)[left],
        columns=roles,
        notes=("all pairs of ranked replies to one message; the lower rank wins, equal is a tie",),
    )
