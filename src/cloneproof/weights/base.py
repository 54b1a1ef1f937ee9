"""What every weighting shares: the estimator contract, the check of its input, the effective sample size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray

__all__ = ["LARGEST_COORDINATE", "Weighting", "check_finite", "effective_sample_size"]

LARGEST_COORDINATE = 1e150
"""Coordinates beyond this size are refused: their squared distances would overflow float64."""


def effective_sample_size(weights: ArrayLike) -> float:
    """Return how many equal weights carry as much information: ``(sum w)^2 / sum w^2``.

    Parameters
    ----------
    weights : array-like of shape (n_alternatives,)
        Non-negative, not all zero; need not sum to 1.

    Returns
    -------
    size : float
        Between 1 (one alternative has all the weight) and ``n_alternatives`` (uniform).

    Raises
    ------
    InputError
        If `weights` is empty, not one-dimensional, negative or not finite somewhere, or all zero.

    Examples
    --------
    >>> effective_sample_size([0.5, 0.25, 0.25])
    2.6666666666666665
    """
    values = np.asarray(weights, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise InputError(
            f"weights must have shape (n_alternatives,) and not be empty. Got shape {values.shape}."
        )
    bad = ~np.isfinite(values) | (values < 0)
    if bad.any():
        first = int(np.argmax(bad))
        raise InputError(
            f"weights must be finite and non-negative; {int(bad.sum()):,} of {values.size:,} are not, "
            f"first: {values[first]} (position {first})."
        )
    largest = float(values.max())
    if largest == 0.0:
        raise InputError(f"weights must have a positive sum. Got {values.size:,} zeros.")
    shares = values / largest  # no overflow, no underflow of the squares that matter
    return float(shares.sum() ** 2 / (shares @ shares))


def check_finite(X: NDArray[np.floating[Any]], *, name: str = "X") -> None:
    """Raise InputError where a coordinate is NaN, infinite or too large to square."""
    largest = min(LARGEST_COORDINATE, float(np.finfo(X.dtype).max))
    with np.errstate(invalid="ignore"):
        if X.size == 0 or (float(X.max()) <= largest and float(X.min()) >= -largest):
            return  # without a copy of a large table
        fine = np.abs(X) <= X.dtype.type(largest)
    if not fine.all():
        bad = ~fine
        row, column = (int(i) for i in np.argwhere(bad)[0])
        raise InputError(
            f"{name} must hold finite numbers of size at most {LARGEST_COORDINATE:g}, no NaN and no inf; "
            f"{int(bad.sum()):,} of {X.size:,} values are not, first: {X[row, column]} "
            f"(row {row}, column {column}). Remove or repair those alternatives."
        )


class Weighting(BaseEstimator):  # type: ignore[misc]
    """Base of all weightings: an estimator that learns one weight per alternative.

    A subclass keeps its options untouched in ``__init__``, checks them in ``fit(X, y=None)`` and sets
    ``weights_``: non-negative, of shape (n_alternatives,), summing to 1. It follows scikit-learn's contract.

    Attributes
    ----------
    weights_ : ndarray of shape (n_alternatives,)
        Non-negative, sum to 1, in the order of the rows of ``X``.
    n_features_in_ : int
        Number of columns of ``X``.
    """

    weights_: FloatArray

    @property
    def effective_sample_size_(self) -> float:
        """``1 / sum w^2``: the number of equally weighted alternatives that the weights amount to."""
        check_is_fitted(self, "weights_")
        return effective_sample_size(self.weights_)

    def fails_by_nature(self) -> dict[str, str]:
        """Return the axioms of :func:`cloneproof.check_weighting` that these weights do not satisfy.

        Returns
        -------
        reasons : dict of str to str
            Why, for each axiom; empty if all are claimed. It depends on the options.
        """
        return {}

    def _validate(self, X: ArrayLike, *, reset: bool = True, min_rows: int = 1) -> NDArray[np.floating[Any]]:
        """Return `X` as a finite C-ordered array of shape (n_alternatives, n_dims), float32 kept as float32.

        Everything else becomes float64. With ``reset=False`` the columns must be those of the last ``fit``.
        """
        try:
            array: NDArray[np.floating[Any]] = validate_data(
                self,
                X,
                reset=reset,
                dtype=[np.float64, np.float32],
                order="C",
                ensure_all_finite=False,
                ensure_min_samples=min_rows,
            )
        except InputError:
            raise
        except ValueError as error:
            raise InputError(str(error)) from error
        check_finite(array)
        return array
