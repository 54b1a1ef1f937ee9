"""The errors and warnings of the project: what was expected, what came, what to do.

Each class descends from :class:`CloneProofError` and from the built-in that it is, and carries the
exit code that the command line ends with.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "CheckFailedError",
    "CloneProofError",
    "CloneProofWarning",
    "ConvergenceError",
    "DroppedRowsWarning",
    "EmptyCellWarning",
    "FileAccessError",
    "InputError",
    "MissingExtraError",
    "NoMaximumLikelihoodError",
    "ParameterError",
    "RemoteServiceError",
    "SparseComparisonsWarning",
    "SurfaceEncoderWarning",
    "UncertaintyWarning",
]


class CloneProofError(Exception):
    """Any error that cloneproof raises on purpose."""

    exit_code: ClassVar[int] = 1


class ParameterError(CloneProofError, ValueError):
    """An option has a value that it cannot take (usage, exit code 2)."""

    exit_code = 2


class MissingExtraError(CloneProofError, ImportError):
    """An optional dependency is needed and absent; the message holds the pip line (exit code 2)."""

    exit_code = 2


class CheckFailedError(CloneProofError):
    """A check failed that the caller asked to fail on, such as ``--fail-over`` (exit code 3)."""

    exit_code = 3


class InputError(CloneProofError, ValueError):
    """The data given cannot be read as comparisons, embeddings or weights (exit code 4)."""

    exit_code = 4


class NoMaximumLikelihoodError(InputError):
    """The unregularised likelihood has no finite maximiser for these comparisons."""


class FileAccessError(CloneProofError, OSError):
    """A file cannot be read or written (exit code 5)."""

    exit_code = 5


class RemoteServiceError(CloneProofError, RuntimeError):
    """A remote service failed or answered with something that cannot be used (exit code 6)."""

    exit_code = 6


class ConvergenceError(CloneProofError, RuntimeError):
    """A solver ended without reaching the accuracy it promises."""


class CloneProofWarning(UserWarning):
    """Any warning that cloneproof gives on purpose."""


class DroppedRowsWarning(CloneProofWarning):
    """Rows of the input were left out: they compare an alternative with itself, or miss a part."""


class EmptyCellWarning(CloneProofWarning):
    """Some Voronoi cells drew no sample: their weight is known only to be below a bound."""


class SparseComparisonsWarning(CloneProofWarning):
    """The comparisons break an assumption of the chosen weighting: too few, or uneven."""


class SurfaceEncoderWarning(CloneProofWarning):
    """The surface encoder is in use: it sees copy-edits only, no paraphrases."""


class UncertaintyWarning(CloneProofWarning):
    """An interval or standard error is known to be too narrow for this data."""
