"""The prompt that two conversations or dialogues share, and the answers that remain."""

from __future__ import annotations

from collections.abc import Mapping

from cloneproof.preferences.readers import dialogue
from cloneproof.preferences.readers.coding import Coded, Column, code, from_list, objects
from cloneproof.preferences.readers.records import Source

__all__ = ["has_messages", "implicit_prompt", "shared_turns", "without_prompt"]


def implicit_prompt(
    source: Source, roles: Mapping[str, str], notes: list[str]
) -> tuple[Coded | None, Coded, Coded]:
    """Return what both sides share as the prompt (None for plain texts), and the two answers."""
    chosen, rejected = objects(source.column(roles["chosen"])), objects(source.column(roles["rejected"]))
    if has_messages(source.column(roles["chosen"])):
        return shared_turns(source, roles["chosen"], roles["rejected"], notes)
    both = [x for x in (*chosen, *rejected) if x is not None]
    if both and all(isinstance(x, str) and dialogue.is_dialogue(x) for x in both):
        split = [
            (None, a, b) if a is None or b is None else dialogue.split_dialogue(a, b)
            for a, b in zip(chosen, rejected, strict=True)
        ]
        notes.append("dialogues were split before their last common 'Assistant:'")
        return (
            from_list([s[0] if s[0] is not None else "" for s in split], "prompt"),
            from_list([s[1] for s in split], roles["chosen"]),
            from_list([s[2] for s in split], roles["rejected"]),
        )
    return (
        None,
        code(source.column(roles["chosen"]), roles["chosen"], dialogue=True),
        code(source.column(roles["rejected"]), roles["rejected"], dialogue=True),
    )


def without_prompt(source: Source, roles: Mapping[str, str], prompt: Coded) -> tuple[Coded, Coded]:
    """Return both answers, without the leading messages where these repeat the prompt column."""
    if has_messages(source.column(roles["chosen"])):
        said, chosen, rejected = shared_turns(source, roles["chosen"], roles["rejected"], [])
        if all(a in {"", b} for a, b in zip(said.tolist(), prompt.tolist(), strict=True)):
            return chosen, rejected
    return (
        code(source.column(roles["chosen"]), roles["chosen"], dialogue=True),
        code(source.column(roles["rejected"]), roles["rejected"], dialogue=True),
    )


def has_messages(column: Column) -> bool:
    """Tell whether a column holds lists of chat messages."""
    if not isinstance(column, list) and not str(column.type).startswith(("list", "large_list")):
        return False
    return any(dialogue.is_messages(x) for x in objects(column))


def shared_turns(source: Source, left: str, right: str, notes: list[str]) -> tuple[Coded, Coded, Coded]:
    """Split two columns of conversations into the messages that they share and the rest."""
    prompts: list[str | None] = []
    answers: tuple[list[str | None], list[str | None]] = ([], [])
    columns = objects(source.column(left)), objects(source.column(right))
    for row, (a, b) in enumerate(zip(*columns, strict=True)):
        if not (dialogue.is_messages(a) and dialogue.is_messages(b)):
            prompts.append("")
            for side, value, name in zip(answers, (a, b), (left, right), strict=True):
                side.append(None if value is None else dialogue.as_text(value, name, row))
            continue
        shared = dialogue.common_turns(a, b)
        prompts.append(dialogue.render(a[:shared], left, row) if shared else "")
        answers[0].append(dialogue.render(a[shared:], left, row))
        answers[1].append(dialogue.render(b[shared:], right, row))
    notes.append("the messages that both conversations open with are the prompt")
    return from_list(prompts, "prompt"), from_list(answers[0], left), from_list(answers[1], right)
