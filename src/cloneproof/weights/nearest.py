"""Find the nearest and second-nearest alternative of each sample, exactly."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.typing import FloatArray, IndexArray
from cloneproof._core.validation import check_choice, check_integer
from cloneproof.weights.base import check_finite

__all__ = [
    "Nearest",
    "NearestIndex",
    "NearestMethod",
    "Points",
    "as_points",
    "check_tables",
    "count_threads",
    "find_nearest",
    "make_index",
]

Points: TypeAlias = NDArray[np.floating[Any]]
"""A table of points, float32 or float64, one a row."""

NearestMethod: TypeAlias = Literal["auto", "tree", "blocks", "torch"]

TREE_DIMS = 6
"""Up to this many dimensions a k-d tree is faster than the product of matrices."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Nearest:
    """The nearest and the second-nearest alternative of each sample.

    Attributes
    ----------
    index, second : ndarray of shape (n_samples,), int32
        Positions of the alternatives; of two at the same distance the one with the lower position comes
        first. `second` is -1 where there is only one alternative.
    distance, second_distance : ndarray of shape (n_samples,), float64
        Squared Euclidean distances; inf where `second` is -1.
    """

    index: IndexArray
    distance: FloatArray
    second: IndexArray
    second_distance: FloatArray


class NearestIndex(Protocol):
    """What answers which alternatives are nearest."""

    def query(self, samples: Points) -> tuple[IndexArray, FloatArray]:
        """Return positions and squared distances of the two nearest, each of shape (n_samples, 2)."""


def find_nearest(
    samples: ArrayLike,
    alternatives: ArrayLike,
    *,
    method: NearestMethod = "auto",
    n_jobs: int | None = None,
) -> Nearest:
    """Find the two alternatives nearest to each sample, as a float64 double loop would.

    Parameters
    ----------
    samples : array-like of shape (n_samples, n_dims)
        Where to look from.
    alternatives : array-like of shape (n_alternatives, n_dims)
        What to find. float32 is kept, everything else becomes float64.
    method : {"auto", "tree", "blocks", "torch"}, default="auto"
        The road, never the answer: a k-d tree (fast in a few dimensions), blocked float32 products of
        matrices with every near tie decided in float64, or the same on a CUDA or MPS device through PyTorch.
        "auto" takes the tree up to 6 dimensions, else a device if there is one, else blocks.
    n_jobs : int, optional
        Number of threads; all processors by default. The answer does not depend on it.

    Returns
    -------
    nearest : Nearest

    Raises
    ------
    InputError
        If a table is not two-dimensional, the numbers of columns differ, `alternatives` is empty, or a value
        is not finite.
    ParameterError
        If an option is not one of its values.
    MissingExtraError
        If ``method="torch"`` and PyTorch is not installed.

    Notes
    -----
    Blocks cost ``2 n_samples n_alternatives n_dims`` operations at more than three quarters of the speed
    of a plain float32 matrix product, and memory for one float32 copy of the alternatives.

    Examples
    --------
    >>> find_nearest([[0.1], [0.6]], [[0.0], [1.0]]).index
    array([0, 1], dtype=int32)
    """
    points, table = as_points(samples, name="samples"), as_points(alternatives, name="alternatives")
    check_tables(points, table)
    indices, distances = make_index(table, method=method, n_jobs=n_jobs).query(points)
    return Nearest(
        index=indices[:, 0].copy(),
        distance=distances[:, 0].copy(),
        second=indices[:, 1].copy(),
        second_distance=distances[:, 1].copy(),
    )


def make_index(
    alternatives: Points, *, method: NearestMethod = "auto", n_jobs: int | None = None
) -> NearestIndex:
    """Return what answers nearest queries about `alternatives`; see `find_nearest` for the options."""
    check_choice("method", method, ("auto", "tree", "blocks", "torch"))
    n_threads = count_threads(n_jobs)
    n_alternatives, n_dims = alternatives.shape
    if method == "tree" or (method == "auto" and n_dims <= TREE_DIMS):
        from cloneproof.weights.nearest_tree import TreeIndex

        return TreeIndex(alternatives, n_threads=n_threads)
    if method == "torch" or (method == "auto" and n_alternatives * n_dims >= 2**20):
        from cloneproof.weights.nearest_torch import TorchIndex, find_device

        device = find_device(required=method == "torch")
        if device is not None:
            return TorchIndex(alternatives, device=device, n_threads=n_threads)
    from cloneproof.weights.nearest_blocks import BlockIndex

    return BlockIndex(alternatives, n_threads=n_threads)


def count_threads(n_jobs: int | None) -> int:
    """Return the number of threads that `n_jobs` stands for: None or -1 is all processors."""
    if n_jobs is None or (isinstance(n_jobs, int) and n_jobs == -1):
        if hasattr(os, "sched_getaffinity"):
            return max(1, len(os.sched_getaffinity(0)))
        return max(1, os.cpu_count() or 1)
    if n_jobs == 0:
        raise ParameterError("n_jobs must be None, -1 (all processors) or a positive integer. Got 0.")
    return check_integer("n_jobs", n_jobs, low=1)


def check_tables(samples: Points, alternatives: Points) -> None:
    """Raise InputError where there is no alternative or the numbers of columns differ."""
    if alternatives.shape[0] == 0:
        raise InputError("alternatives must have at least one row. Got none.")
    if samples.shape[1] != alternatives.shape[1]:
        raise InputError(
            f"samples have {samples.shape[1]} columns, alternatives {alternatives.shape[1]}. "
            "Give both the same."
        )


def as_points(table: ArrayLike, *, name: str) -> Points:
    """Return `table` as finite float32 or float64 rows."""
    array = np.asarray(table)
    if array.dtype != np.float32:
        array = array.astype(np.float64)
    if array.ndim != 2:
        raise InputError(f"{name} must have shape (n, n_dims). Got shape {array.shape}.")
    check_finite(array, name=name)
    return np.ascontiguousarray(array)
