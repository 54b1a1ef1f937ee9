"""Make a data frame of whichever library is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import narwhals as nw

from cloneproof._core.extras import has_module
from cloneproof._core.validation import check_choice

__all__ = ["FRAMES", "Backend", "make_frame"]

Backend = Literal["pandas", "polars", "pyarrow"]

FRAMES: tuple[Backend, ...] = ("pandas", "polars", "pyarrow")
"""Libraries whose data frames can be made, the first installed one by default."""


def make_frame(columns: Mapping[str, Sequence[Any]], backend: Backend | None = None) -> Any:
    """Return columns as a data frame.

    Parameters
    ----------
    columns : mapping of str to sequence
        Of equal lengths.
    backend : {"pandas", "polars", "pyarrow"}, default=None
        Which library's frame to make; None: the first of them that is installed.
    """
    check_choice("backend", backend or FRAMES[0], FRAMES)
    library = backend or next(name for name in FRAMES if has_module(name))
    return nw.from_dict(columns, backend=library).to_native()
