"""Loops compiled by numba, kept on disk where there is a place for them. Imported on use by kernels only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

__all__ = ["compiled"]

Loop = TypeVar("Loop", bound=Callable[..., Any])


def compiled(signature: Any = None, **options: Any) -> Callable[[Loop], Loop]:
    """Compile a loop, on disk once for all processes.

    Numba keeps the code beside the package, else in the user's cache folder or in ``NUMBA_CACHE_DIR``.
    Where none can be written (a read-only install without a home), every process compiles anew: seconds,
    not an error.

    Parameters
    ----------
    signature : numba signature, default=None
        Given: compiled, or loaded, when the module is imported. None: on the first call.
    **options
        Of ``numba.njit``, such as ``nogil=True``.
    """
    given = () if signature is None else (signature,)
    njit: Any = numba.njit

    def compile_loop(loop: Loop) -> Loop:
        try:
            made: Loop = njit(*given, cache=True, **options)(loop)
        except RuntimeError as error:
            if "locator" not in str(error):
                raise
            made = njit(*given, **options)(loop)
        return made

    return compile_loop
