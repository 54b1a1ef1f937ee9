"""Edit a text as a person in a hurry would, so that it says the same in slightly other letters."""

from __future__ import annotations

import numpy as np

__all__ = ["edit_text"]

_SYNONYMS = {
    "because": "since", "bad": "awful", "big": "large", "can't": "cannot", "don't": "do not", "good": "fine",
    "help": "assist", "i'm": "i am", "it's": "it is", "use": "utilise", "very": "really",
}  # fmt: skip
_FILLERS = ("Well, ", "Honestly, ", "So, ", "I mean, ", "Okay, ", "To be fair, ", "Look, ", "Sure - ")


def edit_text(text: str, rng: np.random.Generator) -> str:
    """Edit a text in two to five places: words dropped, swapped, misspelt, replaced; punctuation; fillers.

    Parameters
    ----------
    text : str
    rng : Generator
        Decides the places and the edits.

    Returns
    -------
    edited : str
        Differs from `text` in most draws; never by more than a few words.

    Examples
    --------
    >>> edit_text("The bakery opens at six and sells good bread.", np.random.default_rng(3))
    'The bakery, opens at six.. and sells fine bread'
    """
    words = text.split(" ")
    for _ in range(int(rng.integers(2, 6))):
        i = int(rng.integers(len(words)))
        word, choice = words[i], rng.random()
        if word.lower() in _SYNONYMS:
            words[i] = _SYNONYMS[word.lower()]
        elif choice < 0.2 and len(words) > 3:
            del words[i]
        elif choice < 0.4 and i + 1 < len(words):
            words[i], words[i + 1] = words[i + 1], word
        elif choice < 0.65 and len(word) > 3:
            words[i] = _misspell(word, int(rng.integers(1, len(word) - 2)))
        elif choice < 0.8:
            words[i] = word.strip(".,!?;:").lower()
        else:
            words[i] = word + ("," if word[-1:].isalnum() else "..")
    edited = " ".join(words)
    if rng.random() >= 0.4:
        return edited
    return f"{_FILLERS[int(rng.integers(len(_FILLERS)))]}{edited[:1].lower()}{edited[1:]}"


def _misspell(word: str, j: int) -> str:
    """Swap two letters inside a word."""
    return word[:j] + word[j + 1] + word[j] + word[j + 2 :]
