"""Diversity weights: the distribution over the alternatives that repeats itself least."""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import CloneProofWarning, ParameterError
from cloneproof._core.validation import check_choice, check_integer, check_number
from cloneproof.weights.base import Weighting
from cloneproof.weights.diversity_solve import canonical_order, solve_dense, solve_large
from cloneproof.weights.duplicates import group_duplicates
from cloneproof.weights.scale import choose_scale

__all__ = ["DiversityWeights"]

DENSE_LIMIT = 8_000
"""Distinct alternatives up to which ``method="auto"`` stores the whole kernel (512 MB)."""


class DiversityWeights(Weighting):
    r"""Weigh alternatives so that near-copies share the weight of what they copy.

    .. math:: w = \arg\min_{w \ge 0, \sum w = 1} w'Kw, \qquad
              K_{ij} = \exp(-|x_i - x_j|^2 / (2 h^2))

    w'Kw is the chance-weighted similarity of two draws, so its minimiser is the distribution of greatest
    diversity, and the point of least norm in the convex hull of the alternatives' feature maps. Copies do
    not move that hull: exact copies share a constant total exactly, whatever their number, and clones
    within eps move it by at most eps / h. It needs no volume, so raw 384-dimensional embeddings are fine.

    Parameters
    ----------
    scale : float or "auto", default="auto"
        h, the distance at which two alternatives count as saying much the same, in the unit of ``X``.
        "auto" takes .22 of the weighted root-mean-square distance, as a fixed point
        (:func:`cloneproof.weights.choose_scale`), which copies cannot move: about .3 for MiniLM text on
        unit vectors. See :func:`cloneproof.weights.scale_curve` to choose by eye.
    tol : float, default=1e-6
        Relative gap to reach.
    method : {"auto", "dense", "sparse"}, default="auto"
        Whether the whole kernel is stored, or near pairs and a low-rank far field with exact products on
        demand. "auto" is dense up to 8,000 distinct alternatives.
    max_iter : int, default=500
        Most rounds of the solver.
    max_refinements : int, optional
        Most corrections against the exact kernel with "sparse"; by default as many as 3 10^11 pairs of
        points allow (30 at 100,000). Beyond 300,000 points the default is three corrections against a far
        field estimated on drawn columns; a number asks for exact ones (some half an hour each at a million).
    n_jobs : int, optional
        Threads; all processors by default. The weights do not depend on it, to the last bit.

    Attributes
    ----------
    weights_ : ndarray of shape (n_alternatives,)
        Non-negative, sum to 1. Exact duplicates share their point's weight equally.
    scale_ : float
        The h used.
    gap_, relative_gap_ : float
        ``w'Kw - min_i (Kw)_i`` and its ratio to ``w'Kw``, on the true kernel: how far from optimal.
    n_gap_rows_ : int
        Rows the gap was measured on; an estimate where that is below `n_points_`.
    n_effective_ : float
        ``1 / w'Kw``, the effective number of distinct alternatives at scale h. It does not count copies.
    effective_sample_size_ : float
        ``1 / sum w^2``: what the weights cost in variance.
    n_points_ : int
        Number of distinct points.
    n_iter_ : int
        Rounds of the solver, refinements included.
    n_features_in_ : int
        Number of columns of ``X``.

    Warns
    -----
    CloneProofWarning
        If the gap stays above `tol`; the weights are still valid, and `relative_gap_` says how good.

    Notes
    -----
    Cost: dense, 8 m^2 bytes and some m^3 / 3; 2,000 alternatives take under a second or two. Sparse tries
    column generation first, since in crowded data few points have weight: exact on up to 12,000 of them, ``m n d``
    operations to price all the others. Where most have weight, near pairs and a far field are corrected by some 10 to 25
    exact products of m^2 d operations each. Beyond 300,000 distinct points the products, and the gap, are
    estimated: near-copies are told from lone points, but these weights are not the minimiser.
    docs/benchmarks_weights.md has the measurements.

    What it does not promise. How near-copies split their common total among themselves is ill-determined
    (the kernel is nearly singular there; a ridge of tol / 10 makes the answer unique, and equal in the
    limit of exact copies): three points at 0, eps and 2 eps may get weight on the outer two only, for any
    eps. Points that many others surround can get weight 0 (their features lie inside the hull). And at a
    large h the weights sit on few, outlying points: look at `effective_sample_size_`. Copies that stick out
    shift them then: too large an h is as fragile as too small a one (:func:`cloneproof.weights.scale_curve`).

    By nature one axiom of :func:`cloneproof.check_weighting` fails. With ``scale="auto"`` it is "distant": a
    newcomer far away widens the spread, h is a share of the spread, and with another h the proportions of
    all are others. With a number for `scale` it is "scaling": h does not follow the unit of ``X``.

    References
    ----------
    .. [1] Leinster & Meckes, "Maximizing diversity in biology and beyond", Entropy 18 (2016), 88.

    Examples
    --------
    >>> DiversityWeights(scale=0.5).fit([[0.0], [3.0], [3.0], [3.0]]).weights_.round(3)
    array([0.5  , 0.167, 0.167, 0.167])

    The witnesses that :func:`cloneproof.check_weighting` finds:

    >>> check_weighting(DiversityWeights(), [[0.0], [1.0], [3.0]])["distant"].sentence
    'A newcomer 20 extents away moves the share of row 1 among the others from 0.3292 to 0.'
    >>> check_weighting(DiversityWeights(scale=0.5), [[0.0], [1.0], [3.0]])["scaling"].sentence
    'Coordinates times 0.001 (another unit) moves the weight of row 1 from 0.3189 to 0.'
    """

    gap_: float
    relative_gap_: float
    n_effective_: float
    scale_: float

    def __init__(
        self,
        *,
        scale: float | Literal["auto"] = "auto",
        tol: float = 1e-6,
        method: Literal["auto", "dense", "sparse"] = "auto",
        max_iter: int = 500,
        max_refinements: int | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.scale = scale
        self.tol = tol
        self.method = method
        self.max_iter = max_iter
        self.max_refinements = max_refinements
        self.n_jobs = n_jobs

    def fails_by_nature(self) -> dict[str, str]:
        """Return "distant" where the scale is chosen from the data, "scaling" where it is given."""
        if isinstance(self.scale, str):
            return {"distant": "a far newcomer widens the spread that the automatic scale is a share of"}
        return {"scaling": "the scale is a distance in the unit of X and does not follow it"}

    def fit(self, X: ArrayLike, y: object = None) -> DiversityWeights:  # noqa: ARG002
        """Compute the weights of the rows of `X`.

        Parameters
        ----------
        X : array-like of shape (n_alternatives, n_dims)
            Embeddings, one row per alternative; float32 is kept.
        y : ignored
            Present for scikit-learn's sake.

        Returns
        -------
        self : DiversityWeights

        Raises
        ------
        InputError
            If `X` is empty, not a table, or holds a value that is not finite.
        ParameterError
            If an option is out of range.
        """
        check_number("tol", self.tol, low=0.0, low_open=True, high=1.0)
        check_choice("method", self.method, ("auto", "dense", "sparse"))
        check_integer("max_iter", self.max_iter, low=1)
        if self.max_refinements is not None:
            check_integer("max_refinements", self.max_refinements, low=0)
        check_scale(self.scale)
        table = self._validate(X)
        duplicates = group_duplicates(table)
        order = canonical_order(table[duplicates.first])
        points = table[duplicates.first[order]]
        self.scale_ = (
            choose_scale(points, n_jobs=self.n_jobs) if isinstance(self.scale, str) else float(self.scale)
        )
        dense = self.method == "dense" or (self.method == "auto" and len(points) <= DENSE_LIMIT)
        options = {"tol": self.tol, "max_iter": self.max_iter, "n_jobs": self.n_jobs}
        if dense:
            found = solve_dense(points, self.scale_, **options)  # type: ignore[arg-type]
        else:
            found = solve_large(points, self.scale_, max_refinements=self.max_refinements, **options)  # type: ignore[arg-type]
        per_point = np.empty(len(points))
        per_point[order] = found.weights
        self.weights_ = duplicates.share(per_point)
        self.gap_, self.relative_gap_ = found.gap, found.relative_gap
        self.n_gap_rows_ = found.n_gap_rows
        self.n_effective_ = 1.0 / found.value
        self.n_points_ = duplicates.n_points
        self.n_iter_ = max(found.n_iter, 1)
        if found.relative_gap > self.tol:
            estimate = "" if found.n_gap_rows == len(points) else f", estimated on {found.n_gap_rows:,} rows"
            warnings.warn(
                f"diversity weights stopped at a relative gap of {found.relative_gap:.1e}{estimate}, above "
                f"tol={self.tol:g}. They are valid weights; raise max_refinements or tol, or lower scale.",
                CloneProofWarning,
                stacklevel=2,
            )
        return self


def check_scale(scale: object) -> None:
    """Raise ParameterError unless `scale` is "auto" or a positive number."""
    if isinstance(scale, str):
        if scale != "auto":
            raise ParameterError(f"scale must be 'auto' or a positive number. Got {scale!r}.")
        return
    check_number("scale", scale, low=0.0, low_open=True)
