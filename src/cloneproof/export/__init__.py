"""Files that carry the results on: training rows, weights, comparisons, run directories.

The names of run directories load on first use: writing rows for training needs no audit.
"""

import importlib
from typing import TYPE_CHECKING, Any

from cloneproof.export.comparison_files import (
    labelled_table,
    weights_table,
    write_comparisons,
    write_weights,
)
from cloneproof.export.table_files import write_table
from cloneproof.export.training_rows import (
    resampled_table,
    training_table,
    write_resampled,
    write_training,
)

if TYPE_CHECKING:
    from cloneproof.export.run_directory import (
        RESULT_FILES,
        alternatives_table,
        check_run_directory,
        comparisons_table,
        read_manifest,
        summary,
        write_run,
    )
    from cloneproof.export.run_reader import Run, read_run

__all__ = [
    "RESULT_FILES",
    "Run",
    "alternatives_table",
    "check_run_directory",
    "comparisons_table",
    "labelled_table",
    "read_manifest",
    "read_run",
    "resampled_table",
    "summary",
    "training_table",
    "weights_table",
    "write_comparisons",
    "write_resampled",
    "write_run",
    "write_table",
    "write_training",
    "write_weights",
]


def __getattr__(name: str) -> Any:
    """Load a name of the run directory on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "run_reader" if name in {"Run", "read_run"} else "run_directory"
    return getattr(importlib.import_module(f"cloneproof.export.{home}"), name)
