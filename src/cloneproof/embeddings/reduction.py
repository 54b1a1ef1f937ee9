"""Reduce the dimension of embeddings by principal components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.decomposition import PCA

from cloneproof._core.errors import ParameterError
from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import check_integer
from cloneproof.embeddings.stored import check_embeddings

__all__ = ["Reduction", "reduce_dimension"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Reduction:
    """Embeddings in fewer dimensions, and what was kept.

    Parameters
    ----------
    embeddings : float32 ndarray of shape (n_alternatives, n_components)
        Coordinates along the principal components, centred.
    explained_variance_ratio : float64 ndarray of shape (n_components,)
        Share of the total variance along each component; zeros where there is none.
    """

    embeddings: Any
    explained_variance_ratio: FloatArray

    @property
    def explained_variance(self) -> float:
        """Share of the total variance that is kept, in [0, 1]."""
        return float(self.explained_variance_ratio.sum())


def reduce_dimension(embeddings: ArrayLike, n_components: int) -> Reduction:
    """Project embeddings on their first principal components.

    Parameters
    ----------
    embeddings : array-like of shape (n_alternatives, n_dims)
    n_components : int
        At most ``min(n_alternatives, n_dims)``.

    Returns
    -------
    reduction : Reduction
        Exactly the same for the same input: full decomposition, signs fixed by the largest loading.
        Equal rows stay exactly equal.

    Notes
    -----
    The components themselves move when rows are copied: PCA weighs every row alike. Weights made
    after it are clone-robust in the projected space only. Cost O(m d min(m, d)).
    """
    points = check_embeddings(embeddings).astype(np.float64)
    most = min(points.shape)
    check_integer("n_components", n_components, low=1)
    if n_components > most:
        raise ParameterError(
            f"n_components must be at most {most}, the smaller side of {points.shape}. Got {n_components}."
        )
    if np.ptp(points, axis=0).max(initial=0.0) == 0.0:  # one point, or copies of one
        return Reduction(
            embeddings=np.zeros((len(points), n_components), dtype=np.float32),
            explained_variance_ratio=np.zeros(n_components),
        )
    distinct, back = np.unique(points, axis=0, return_inverse=True)
    pca = PCA(n_components=n_components, svd_solver="full").fit(points)
    coordinates = pca.transform(distinct).astype(np.float32)
    return Reduction(
        embeddings=coordinates[np.ravel(back)],
        explained_variance_ratio=np.asarray(pca.explained_variance_ratio_, dtype=np.float64),
    )
