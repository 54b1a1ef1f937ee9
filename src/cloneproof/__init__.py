"""Preference learning in which near-copies do not vote twice.

The public names load on first use, so that ``import cloneproof`` stays fast and opens no edge room.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cloneproof._core.errors import CloneProofError as CloneProofError
    from cloneproof._core.errors import InputError as InputError
    from cloneproof.preferences import Comparisons as Comparisons

__version__ = "0.1.0"

_HOMES = {
    "CloneProofError": "cloneproof._core.errors",
    "InputError": "cloneproof._core.errors",
    "Comparisons": "cloneproof.preferences",
}

__all__ = ["CloneProofError", "Comparisons", "InputError", "__version__"]


def __getattr__(name: str) -> Any:
    """Load a public name from its room on first use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted(__all__)
