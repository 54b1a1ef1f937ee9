"""Load an optional dependency, or say which pip line installs it."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from cloneproof._core.errors import MissingExtraError

__all__ = ["has_module", "require"]


def has_module(module: str) -> bool:
    """Tell whether `module` can be imported, without importing it."""
    return importlib.util.find_spec(module) is not None


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import `module` or raise with the pip line that installs it.

    Parameters
    ----------
    module : str
        The dotted name of the module.
    extra : str
        The extra of cloneproof that holds it.
    purpose : str
        What needs it, as the start of the message: ``"cloneproof.trl"``.

    Returns
    -------
    module : ModuleType
        The imported module.

    Raises
    ------
    MissingExtraError
        If the module, or a module it needs, is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        name = module.split(".", maxsplit=1)[0]
        raise MissingExtraError(
            f'{purpose} needs {name}, which is not installed. Run: pip install "cloneproof[{extra}]"'
        ) from error
