"""Hold BLAS to one thread, so that results do not depend on the number of threads."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController

__all__ = ["one_blas_thread"]

_known: tuple[int, ThreadpoolController] | None = None


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Run what is inside the ``with`` block with one BLAS thread.

    Notes
    -----
    ``threadpoolctl.threadpool_limits`` looks through all loaded libraries each time: milliseconds, more
    than a small problem takes. Here the libraries are remembered until a module has been imported.
    """
    global _known  # noqa: PLW0603
    n_modules = len(sys.modules)
    if _known is None or _known[0] != n_modules:
        _known = (n_modules, ThreadpoolController())
    with _known[1].limit(limits=1, user_api="blas"):
        yield
