"""Files that carry the results on: training rows, weights, comparisons, run directories.

Names that need the audit load on first use: writing rows for training does not.
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
    from cloneproof.export.dataset_folder import check_dataset_folder, rows_table, write_dataset_folder
    from cloneproof.export.hub import push_folder
    from cloneproof.export.reward_function import reward_function_source, write_reward_function
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
    from cloneproof.export.weighed_rows import (
        WeighedRows,
        is_run,
        read_weighed_rows,
        row_weights_table,
        weigh_rows,
        write_row_weights,
    )

__all__ = [
    "RESULT_FILES",
    "Run",
    "WeighedRows",
    "alternatives_table",
    "check_dataset_folder",
    "check_run_directory",
    "comparisons_table",
    "is_run",
    "labelled_table",
    "push_folder",
    "read_manifest",
    "read_run",
    "read_weighed_rows",
    "resampled_table",
    "reward_function_source",
    "row_weights_table",
    "rows_table",
    "summary",
    "training_table",
    "weigh_rows",
    "weights_table",
    "write_comparisons",
    "write_dataset_folder",
    "write_resampled",
    "write_reward_function",
    "write_row_weights",
    "write_run",
    "write_table",
    "write_training",
    "write_weights",
]


_HOMES = {
    "Run": "run_reader",
    "WeighedRows": "weighed_rows",
    "check_dataset_folder": "dataset_folder",
    "is_run": "weighed_rows",
    "push_folder": "hub",
    "read_run": "run_reader",
    "read_weighed_rows": "weighed_rows",
    "reward_function_source": "reward_function",
    "row_weights_table": "weighed_rows",
    "rows_table": "dataset_folder",
    "weigh_rows": "weighed_rows",
    "write_dataset_folder": "dataset_folder",
    "write_reward_function": "reward_function",
    "write_row_weights": "weighed_rows",
}


def __getattr__(name: str) -> Any:
    """Load a name that needs more than rows for training on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOMES.get(name, "run_directory")
    return getattr(importlib.import_module(f"cloneproof.export.{home}"), name)
