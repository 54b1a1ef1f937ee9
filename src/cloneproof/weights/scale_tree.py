"""Scale-tree weights: an equal share per component, averaged over a band of radii."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloneproof._core.errors import ParameterError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.weights.base import Weighting
from cloneproof.weights.diversity import DENSE_LIMIT, check_scale
from cloneproof.weights.diversity_solve import canonical_order, solve_dense, solve_large
from cloneproof.weights.duplicates import group_duplicates
from cloneproof.weights.linkage import components_at, spanning_edges
from cloneproof.weights.scale import choose_scale

__all__ = ["ScaleTreeWeights"]

BAND = np.geomspace(0.5, 2.0, 17)
"""Radii of ``radii="auto"``, in scales: from half of h to twice h, evenly in the logarithm."""

SHARE_TOL = 1e-6
"""Relative gap of the diversity weights inside a component."""


class ScaleTreeWeights(Weighting):
    r"""Share weight equally among the components at each radius of a band, and average.

    .. math:: w_i = \frac{1}{R} \sum_r \frac{1}{C(r)} \, s_i(r)

    with C(r) the number of single-linkage components at radius r and s_i(r) the share of i inside its
    component by diversity weights at scale h. Copies join the component of what they copy and change no
    other; a whole chain of paraphrases counts once, however far its ends lie apart.

    Parameters
    ----------
    radii : array-like of shape (n_radii,) or "auto", default="auto"
        The band, in the unit of ``X``; "auto" takes 17 radii from h / 2 to 2 h.
    scale : float or "auto", default="auto"
        h; see :class:`DiversityWeights`.
    n_jobs : int, optional
        Threads; all processors by default. Does not change the result.

    Attributes
    ----------
    weights_ : ndarray of shape (n_alternatives,)
        Non-negative, sum to 1. Exact duplicates share their point's weight equally.
    radii_ : ndarray of shape (n_radii,)
        Increasing.
    n_components_ : int64 ndarray of shape (n_radii,)
        Components among the distinct points at each radius; constant in the number of copies.
    scale_ : float
    n_features_in_ : int
        Number of columns of ``X``.

    Notes
    -----
    By nature it fails the axiom "continuity" of :func:`cloneproof.check_weighting`: a weight jumps by up to
    ``1 / (n_radii C)`` when a distance crosses one of the radii. So one alternative between two families can
    bridge them, and then they share what each had: of points at 0, 1, 10 and 11 with radius 1 each has 1/4;
    eight more at 2, 3, ..., 9 join all into one component. With ``scale="auto"`` it fails "distant" (a far
    newcomer widens the spread that h is a share of), with numbers for `scale` or `radii` "scaling" (they do
    not follow the unit of ``X``). Prefer :class:`DiversityWeights` where chains are likely.

    Cost: a spanning forest (m^2 d operations for each of about 5 rounds) and the diversity weights of each
    new component; up to 100,000 alternatives.

    Examples
    --------
    >>> ScaleTreeWeights(radii=[0.5], scale=1.0).fit([[0.0], [0.4], [5.0]]).weights_
    array([0.25, 0.25, 0.5 ])

    The witnesses that :func:`cloneproof.check_weighting` finds:

    >>> check = check_weighting(ScaleTreeWeights(radii=[1.0], scale=1.0), [[0.0], [1.0], [5.0]])
    >>> check["continuity"].sentence
    'Largest jump as a cloud slides away from row 2: 0.25 within 0.0001 at distance 4.001, where the family of row 2 goes from 0.75 to 0.5.'
    >>> check_weighting(ScaleTreeWeights(), [[0.0], [0.4], [5.0]])["distant"].sentence
    'A newcomer 20 extents away moves the share of row 1 among the others from 0.2549 to 0.'
    >>> check_weighting(ScaleTreeWeights(scale=1.0), [[0.0], [0.4], [5.0]])["scaling"].sentence
    'Coordinates times 0.001 (another unit) moves the weight of row 1 from 0.25 to 0.'
    """

    def __init__(
        self,
        *,
        radii: ArrayLike | Literal["auto"] = "auto",
        scale: float | Literal["auto"] = "auto",
        n_jobs: int | None = None,
    ) -> None:
        self.radii = radii
        self.scale = scale
        self.n_jobs = n_jobs

    def fails_by_nature(self) -> dict[str, str]:
        """Return "continuity", and what the choice of the scale and the radii brings."""
        reasons = {"continuity": "a weight jumps by up to 1 / (n_radii C) where a distance crosses a radius"}
        if isinstance(self.scale, str):
            reasons["distant"] = "a far newcomer widens the spread that the automatic scale is a share of"
        if not isinstance(self.scale, str) or not isinstance(self.radii, str):
            reasons["scaling"] = "scale and radii are distances in the unit of X and do not follow it"
        return reasons

    def fit(self, X: ArrayLike, y: object = None) -> ScaleTreeWeights:  # noqa: ARG002
        """Compute the weights of the rows of `X`.

        Parameters
        ----------
        X : array-like of shape (n_alternatives, n_dims)
            One row per alternative.
        y : ignored
            Present for scikit-learn's sake.

        Returns
        -------
        self : ScaleTreeWeights

        Raises
        ------
        InputError
            If `X` is empty, not a table, or holds a value that is not finite.
        ParameterError
            If an option is out of range.
        """
        check_scale(self.scale)
        table = self._validate(X)
        duplicates = group_duplicates(table)
        points = table[duplicates.first]
        order = canonical_order(points)
        points = points[order]
        h = choose_scale(points, n_jobs=self.n_jobs) if isinstance(self.scale, str) else float(self.scale)
        self.scale_ = h
        self.radii_ = self._as_radii(h)
        edges = spanning_edges(points, float(self.radii_[-1]), n_jobs=self.n_jobs)
        total = np.zeros(len(points))
        counts = []
        known: dict[tuple[int, int], FloatArray] = {}
        for radius in self.radii_:
            labels = components_at(len(points), edges, float(radius))
            counts.append(int(labels.max()) + 1)
            total += self._shares(points, labels, known) / counts[-1]
        per_point = np.empty(len(points))
        per_point[order] = total / total.sum()
        self.n_components_: IntArray = np.array(counts, dtype=np.int64)
        self.weights_ = duplicates.share(per_point)
        return self

    def _as_radii(self, h: float) -> FloatArray:
        """Return the band as increasing positive numbers."""
        if isinstance(self.radii, str):
            if self.radii != "auto":
                raise ParameterError(f"radii must be 'auto' or positive numbers. Got {self.radii!r}.")
            return np.asarray(h * BAND, dtype=np.float64)
        try:
            radii = np.unique(np.asarray(self.radii, dtype=np.float64).ravel())
        except (TypeError, ValueError) as error:
            raise ParameterError(f"radii must be 'auto' or positive numbers. Got {self.radii!r}.") from error
        if radii.size == 0 or not np.isfinite(radii).all() or radii[0] <= 0:
            raise ParameterError(f"radii must be 'auto' or positive numbers. Got {self.radii!r}.")
        return radii

    def _shares(
        self, points: NDArray[np.floating[Any]], labels: IntArray, known: dict[tuple[int, int], FloatArray]
    ) -> FloatArray:
        """Return each point's share inside its component; components seen at a smaller radius are reused."""
        shares = np.ones(len(points))
        size = np.bincount(labels)
        members = np.split(np.argsort(labels, kind="stable"), np.cumsum(size)[:-1])
        for component in np.flatnonzero(size > 1):
            inside = members[component]
            key = (int(inside[0]), len(inside))  # components only grow with the radius
            if key not in known:
                known[key] = self._diversity(points[inside])
            shares[inside] = known[key]
        return shares

    def _diversity(self, points: NDArray[np.floating[Any]]) -> FloatArray:
        """Return the diversity weights of one component."""
        if len(points) == 2:
            return np.array([0.5, 0.5])
        if len(points) <= DENSE_LIMIT:
            return solve_dense(points, self.scale_, tol=SHARE_TOL, n_jobs=self.n_jobs).weights
        return solve_large(points, self.scale_, tol=SHARE_TOL, n_jobs=self.n_jobs).weights
