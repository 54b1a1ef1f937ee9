"""Uniform weights: every alternative counts once, copies included."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cloneproof.weights.base import Weighting

__all__ = ["UniformWeights"]


class UniformWeights(Weighting):
    """Give every alternative the weight ``1 / m``: the plain, not clone-robust, weighting.

    It is what the other weightings are compared with. By nature it fails the axioms "duplicates", "clones" and
    "collateral" of :func:`cloneproof.check_weighting`: the total weight of a family of k copies among m
    alternatives is k / m, and all others pay for it.

    Attributes
    ----------
    weights_ : ndarray of shape (n_alternatives,)
        All ``1 / n_alternatives``.
    n_features_in_ : int
        Number of columns of ``X``.

    Examples
    --------
    >>> UniformWeights().fit([[0.0], [1.0], [1.0], [1.0]]).weights_
    array([0.25, 0.25, 0.25, 0.25])

    The witnesses that :func:`cloneproof.check_weighting` finds:

    >>> check = check_weighting(UniformWeights(), [[0.0], [1.0], [3.0]])
    >>> check["duplicates"].sentence
    '1,000 exact copies of row 0 move its family from 0.3333 to 0.998.'
    >>> check["clones"].sentence
    '100 clones within 0.0001 nearest distances of row 0 move its family from 0.3333 to 0.9806 (slope 6.5e+03).'
    >>> check["collateral"].sentence
    '1,000 exact copies of row 0 move the weight of row 1 from 0.3333 to 0.000997.'
    """

    def fails_by_nature(self) -> dict[str, str]:
        """Return the axioms about copies: a copy is one more vote."""
        return {
            "duplicates": "k copies among m alternatives have a total of k / m",
            "clones": "clones count like any other alternative",
            "collateral": "what copies gain, all others lose",
        }

    def fit(self, X: ArrayLike, y: object = None) -> UniformWeights:  # noqa: ARG002
        """Count the alternatives.

        Parameters
        ----------
        X : array-like of shape (n_alternatives, n_dims)
            One row per alternative; only their number matters.
        y : ignored
            Present for scikit-learn's sake.

        Returns
        -------
        self : UniformWeights

        Raises
        ------
        InputError
            If `X` is empty, not a table, or holds a value that is not finite.
        """
        n_alternatives = self._validate(X).shape[0]
        self.weights_ = np.full(n_alternatives, 1.0 / n_alternatives)
        return self
