r"""Chat messages and HH-RLHF dialogues as text, and the split into prompt and last answer.

A dialogue of several turns is written as HH-RLHF writes it, ``\n\nHuman: ...\n\nAssistant: ...``;
a single message is its content alone.
"""

from __future__ import annotations

import re
from typing import Any

from cloneproof._core.errors import InputError

__all__ = ["as_text", "common_turns", "is_dialogue", "is_messages", "render", "split_dialogue", "to_messages"]

_SPEAKER = {
    "user": "Human",
    "human": "Human",
    "prompter": "Human",
    "assistant": "Assistant",
    "gpt": "Assistant",
}
_ANSWER = "\n\nAssistant:"


def is_messages(value: Any) -> bool:
    """Tell whether a value is a list of chat messages."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(m, dict) and ("role" in m or "from" in m) and ("content" in m or "value" in m)
            for m in value
        )
    )


def content_of(message: dict[str, Any], name: str, row: int) -> str:
    """Return the text of one message; of several parts, the text parts joined by line breaks."""
    content = message.get("content", message.get("value"))
    if isinstance(content, list):
        parts = [p.get("text") if isinstance(p, dict) else p for p in content]
        content = "\n".join(p for p in parts if isinstance(p, str))
    if content is None:
        content = ""
    if not isinstance(content, str):
        raise InputError(
            f"A message in column {name!r} must have text as its content. Row {row} has "
            f"{type(content).__name__}."
        )
    return content


def render(messages: list[dict[str, Any]], name: str, row: int) -> str:
    """Write messages as text: one message as its content, several as a dialogue."""
    if len(messages) == 1:
        return content_of(messages[0], name, row)
    turns = []
    for message in messages:
        role = str(message.get("role", message.get("from")))
        speaker = _SPEAKER.get(role.lower(), role.capitalize())
        turns.append(f"\n\n{speaker}: {content_of(message, name, row)}")
    return "".join(turns)


def as_text(value: Any, name: str, row: int) -> str:
    """Return a text, a message or a list of messages as text.

    Raises
    ------
    InputError
        If the value is anything else.
    """
    if isinstance(value, str):
        return value
    if is_messages(value):
        return render(value, name, row)
    if isinstance(value, dict) and is_messages([value]):
        return render([value], name, row)
    if isinstance(value, list) and value == []:
        return ""
    raise InputError(
        f"Column {name!r} must hold text or chat messages with role and content. Row {row} holds a "
        f"{type(value).__name__}."
    )


def is_dialogue(text: str) -> bool:
    """Tell whether a text is an HH-RLHF dialogue: it opens with a turn and has an answer."""
    return text.lstrip().startswith(("Human:", "Assistant:")) and _ANSWER in text


def split_dialogue(chosen: str, rejected: str) -> tuple[str, str, str]:
    """Split two dialogues into their common prompt and the two answers.

    The prompt ends with the last ``Assistant:`` before which both dialogues agree; where they part
    earlier than at the last answer, the answers hold the remaining turns. Blanks around the answers
    are dropped.
    """
    ends = [
        match.end()
        for match in re.finditer(re.escape(_ANSWER), chosen)
        if rejected.startswith(chosen[: match.end()])
    ]
    if not ends:
        return "", chosen.strip(), rejected.strip()
    cut = ends[-1]
    return chosen[:cut], chosen[cut:].strip(), rejected[cut:].strip()


def common_turns(chosen: list[Any], rejected: list[Any]) -> int:
    """Return how many leading messages two conversations share (never all of either)."""
    shared = 0
    for a, b in zip(chosen[:-1], rejected[:-1], strict=False):
        if a != b:
            break
        shared += 1
    return shared


def to_messages(prompt: str) -> list[dict[str, str]]:
    """Return a prompt as chat messages: the turns of an HH-RLHF dialogue, or one message of the user."""
    parts = re.split(r"(?:^|\n\n)(Human|Assistant):", prompt)
    if len(parts) < 3 or parts[0].strip():
        return [{"role": "user", "content": prompt}]
    turns = [
        {"role": "user" if speaker == "Human" else "assistant", "content": said.strip()}
        for speaker, said in zip(parts[1::2], parts[2::2], strict=True)
    ]
    if turns[-1]["role"] == "assistant" and not turns[-1]["content"]:
        turns.pop()
    return turns or [{"role": "user", "content": prompt}]
