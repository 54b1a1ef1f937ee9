"""Files that carry the results on: training rows, weights, comparisons, run directories."""

from cloneproof.export.comparison_files import (
    labelled_table,
    weights_table,
    write_comparisons,
    write_weights,
)
from cloneproof.export.run_directory import (
    RESULT_FILES,
    alternatives_table,
    check_run_directory,
    comparisons_table,
    open_run,
    read_manifest,
    summary,
    write_run,
)
from cloneproof.export.table_files import write_table
from cloneproof.export.training_rows import (
    resampled_table,
    training_table,
    write_resampled,
    write_training,
)

__all__ = [
    "RESULT_FILES",
    "alternatives_table",
    "check_run_directory",
    "comparisons_table",
    "labelled_table",
    "open_run",
    "read_manifest",
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
