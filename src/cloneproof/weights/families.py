"""Families of near-copies: found by radius, measured by diversity, weighed equally."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import pdist

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof._core.validation import check_choice, check_number
from cloneproof.weights.base import Weighting
from cloneproof.weights.diversity import DENSE_LIMIT, check_scale
from cloneproof.weights.diversity_solve import canonical_order, solve_dense, solve_large
from cloneproof.weights.duplicates import group_duplicates
from cloneproof.weights.neighbours import as_table, radius_neighbours
from cloneproof.weights.scale import choose_scale

__all__ = ["FamilyCounts", "FamilyMethod", "FamilyWeights", "as_families", "count_distinct", "find_families"]

FamilyMethod = Literal["single", "average", "complete"]

HIERARCHY_LIMIT = 20_000
"""Largest chained group that "average" and "complete" can split: its distances take 1.6 GB."""


def find_families(
    X: ArrayLike,
    *,
    radius: float | Literal["auto"] = "auto",
    method: FamilyMethod = "single",
    n_jobs: int | None = None,
) -> IntArray:
    """Group alternatives that lie within a radius of each other.

    Parameters
    ----------
    X : array-like of shape (n_alternatives, n_dims)
    radius : float or "auto", default="auto"
        In the unit of `X`. "auto" is the scale h that :func:`choose_scale` finds (about .3 for MiniLM
        text), which copies do not move.
    method : {"single", "average", "complete"}, default="single"
        What the radius bounds: "single" each link of a chain (a family can be as long as its chain),
        "average" the mean distance of the two groups that merge, "complete" every pair of a family.
    n_jobs : int, optional
        Threads; all processors by default. Does not change the result.

    Returns
    -------
    families : int64 ndarray of shape (n_alternatives,)
        0, 1, ... in order of first appearance.

    Raises
    ------
    InputError
        If `X` is not a table of finite numbers, if too many pairs lie within the radius, or if "average"
        or "complete" meet a chained group of more than 20,000 distinct points.
    ParameterError
        If an option is not one of its values.

    Notes
    -----
    Exact duplicates are grouped first and count once. Families by "average" and "complete" lie inside
    chains of "single", so only those are searched. All three jump when a pair crosses the radius:
    distance alone cannot separate paraphrases from different content (on MiniLM text they overlap).

    Examples
    --------
    >>> find_families([[0.0], [5.0], [0.1], [0.2]], radius=0.15)
    array([0, 1, 0, 0])
    >>> find_families([[0.0], [5.0], [0.1], [0.2]], radius=0.15, method="complete")
    array([0, 1, 0, 2])
    """
    check_choice("method", method, ("single", "average", "complete"))
    table = as_table(X, "X")
    limit = _as_radius(radius, table, n_jobs)
    duplicates = group_duplicates(table)
    points = table[duplicates.first]
    order = canonical_order(points)
    neighbours = radius_neighbours(points[order], limit, n_jobs=n_jobs)
    linked = sp.csr_array(
        (np.ones(len(neighbours.data), dtype=np.int8), neighbours.indices, neighbours.indptr),
        shape=neighbours.shape,
    )
    _, chains = connected_components(linked, directed=False)
    labels = np.asarray(chains, dtype=np.int64)
    if method != "single":
        labels = _split_chains(np.asarray(points[order], dtype=np.float64), labels, limit, method)
    per_point = np.empty(len(points), dtype=np.int64)
    per_point[order] = labels
    return _in_order_of_appearance(per_point[duplicates.inverse])


def as_families(families: ArrayLike | Sequence[Any], n_alternatives: int) -> IntArray:
    """Return family labels (numbers or strings) as 0, 1, ... in order of first appearance.

    Raises
    ------
    InputError
        If there is not one label per alternative, or one is missing (None, NaN, empty).
    """
    labels = np.asarray(families, dtype=object)
    if labels.shape != (n_alternatives,):
        raise InputError(
            f"families has shape {labels.shape}, expected ({n_alternatives},): one label per alternative."
        )
    missing = [i for i, label in enumerate(labels) if label is None or label in {"", None} or label != label]
    if missing:
        raise InputError(
            f"every alternative needs a family; {len(missing):,} of {n_alternatives:,} have none, "
            f"first: position {missing[0]}. Give lone alternatives a label of their own."
        )
    codes: dict[Any, int] = {}
    return np.array([codes.setdefault(label, len(codes)) for label in labels], dtype=np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class FamilyCounts:
    """How many distinct things each family says, and how often each is counted.

    Parameters
    ----------
    labels : int64 ndarray of shape (n_alternatives,)
        The family of each alternative, a position into the other columns.
    size : int64 ndarray of shape (n_families,)
        Alternatives in the family.
    n_distinct : float64 ndarray of shape (n_families,)
        ``1 / (v'Kv)`` with v the diversity weights inside the family; between 1 and `size`.
    overcount : float64 ndarray of shape (n_families,)
        ``size / n_distinct``: votes per distinct alternative.
    scale : float
        The h of the kernel.
    """

    labels: IntArray
    size: IntArray
    n_distinct: FloatArray
    overcount: FloatArray
    scale: float


def count_distinct(
    X: ArrayLike,
    families: ArrayLike | Sequence[Any],
    *,
    scale: float | Literal["auto"] = "auto",
    n_jobs: int | None = None,
) -> FamilyCounts:
    """Measure each family's effective number of distinct alternatives and its over-count factor.

    Parameters
    ----------
    X : array-like of shape (n_alternatives, n_dims)
    families : array-like of shape (n_alternatives,)
        Labels, numbers or strings, as from :func:`find_families` or a file edited by hand.
    scale : float or "auto", default="auto"
        h, chosen over all of `X` by :func:`choose_scale` if "auto".
    n_jobs : int, optional
        Threads; all processors by default.

    Returns
    -------
    counts : FamilyCounts
        Families in order of first appearance.

    Examples
    --------
    >>> counts = count_distinct([[0.0], [0.0], [0.0], [9.0]], ["a", "a", "a", "b"], scale=1.0)
    >>> counts.overcount
    array([3., 1.])
    """
    check_scale(scale)
    table = as_table(X, "X")
    labels = as_families(families, len(table))
    h = choose_scale(table, n_jobs=n_jobs) if isinstance(scale, str) else float(scale)
    size = np.bincount(labels)
    n_distinct = np.ones(len(size))
    members = np.split(np.argsort(labels, kind="stable"), np.cumsum(size)[:-1])
    for family in np.flatnonzero(size > 1):
        rows = table[members[family]]
        points = rows[group_duplicates(rows).first]
        if len(points) == 1:
            continue
        points = points[canonical_order(points)]
        if len(points) <= DENSE_LIMIT:
            value = solve_dense(points, h, tol=1e-6, n_jobs=n_jobs).value
        else:
            value = solve_large(points, h, tol=1e-4, n_jobs=n_jobs).value
        n_distinct[family] = min(max(1.0 / value, 1.0), len(points))
    return FamilyCounts(labels=labels, size=size, n_distinct=n_distinct, overcount=size / n_distinct, scale=h)


class FamilyWeights(Weighting):
    """Give every family the same total, split equally among its members: ``1 / (families x size)``.

    Parameters
    ----------
    radius : float or "auto", default="auto"
        Distance that joins alternatives where no labels are given; see :func:`find_families`.
    method : {"single", "average", "complete"}, default="single"
        How the radius joins; see :func:`find_families`.
    n_jobs : int, optional
        Threads; all processors by default. Does not change the result.

    Attributes
    ----------
    weights_ : ndarray of shape (n_alternatives,)
        Non-negative, sum to 1.
    families_ : int64 ndarray of shape (n_alternatives,)
        The family of each alternative, 0, 1, ... in order of first appearance.
    n_families_ : int
    radius_ : float or None
        The radius used; None where labels were given.
    n_features_in_ : int
        Number of columns of ``X``.

    Notes
    -----
    Copies that carry their family's label, or lie within the radius of it, leave every *family's* total as it
    was, exactly. Inside a family the split is equal, so there copies do count: by nature the axioms
    "duplicates", "clones" and "collateral" of :func:`cloneproof.check_weighting`, which look at one alternative
    and its copies, fail where a family has other members. "continuity" fails where families are found by
    radius: of three alternatives at 0, 1 and x, the one at 0 has weight 1/2 for x just below 1 + radius
    (radius < 1) and 1/3 just above it. And with "single" one alternative that bridges two families merges
    them. With ``radius="auto"`` "distant" fails (a far newcomer widens the spread that the radius is a share of),
    with a number "scaling" (it does not follow the unit of ``X``).

    Examples
    --------
    >>> FamilyWeights().fit([[0.0], [1.0], [2.0]], families=["a", "b", "b"]).weights_
    array([0.5 , 0.25, 0.25])

    The witnesses that :func:`cloneproof.check_weighting` finds:

    >>> check = check_weighting(FamilyWeights(radius=1.0), [[0.0], [1.0], [5.0]])
    >>> check["duplicates"].sentence
    '1,000 exact copies of row 0 move its family from 0.25 to 0.4995.'
    >>> check["clones"].sentence
    '100 clones within 0.0001 nearest distances of row 0 move its family from 0.25 to 0.4951 (slope 2.5e+03).'
    >>> check["collateral"].sentence
    '1,000 exact copies of row 0 move the weight of row 1 from 0.25 to 0.000499.'
    >>> check["continuity"].sentence
    'Largest jump as a cloud slides away from row 2: 0.25 within 0.0001 at distance 6.001, where the family of row 2 goes from 0.9167 to 0.6667.'
    >>> check["scaling"].sentence
    'Coordinates times 0.001 (another unit) moves the weight of row 2 from 0.5 to 0.3333.'
    >>> check_weighting(FamilyWeights(), [[0.0], [0.4], [5.0]])["distant"].sentence
    'A newcomer 20 extents away moves the share of row 2 among the others from 0.5 to 0.3333.'
    """

    families_: IntArray

    def __init__(
        self,
        *,
        radius: float | Literal["auto"] = "auto",
        method: FamilyMethod = "single",
        n_jobs: int | None = None,
    ) -> None:
        self.radius = radius
        self.method = method
        self.n_jobs = n_jobs

    def fails_by_nature(self) -> dict[str, str]:
        """Return the axioms about copies inside a family, "continuity", and what the radius brings."""
        inside = "members share their family's total equally, so a copied member gains what its siblings lose"
        reasons = {
            "duplicates": inside,
            "clones": inside,
            "collateral": inside,
            "continuity": "families merge and part where a distance crosses the radius",
        }
        if isinstance(self.radius, str):
            reasons["distant"] = "a far newcomer widens the spread that the automatic radius is a share of"
        else:
            reasons["scaling"] = "the radius is a distance in the unit of X and does not follow it"
        return reasons

    def fit(
        self,
        X: ArrayLike,
        y: object = None,  # noqa: ARG002
        *,
        families: ArrayLike | Sequence[Any] | None = None,
    ) -> FamilyWeights:
        """Weigh the rows of `X` by family.

        Parameters
        ----------
        X : array-like of shape (n_alternatives, n_dims)
            Embeddings; only their number matters where `families` is given.
        y : ignored
            Present for scikit-learn's sake.
        families : array-like of shape (n_alternatives,), optional
            Labels, numbers or strings. Found by radius if absent.

        Returns
        -------
        self : FamilyWeights

        Raises
        ------
        InputError
            If `X` or `families` cannot be used.
        ParameterError
            If an option is out of range.
        """
        check_choice("method", self.method, ("single", "average", "complete"))
        table = self._validate(X)
        self.radius_: float | None = None
        if families is None:
            self.radius_ = _as_radius(self.radius, table, self.n_jobs)
            labels = find_families(table, radius=self.radius_, method=self.method, n_jobs=self.n_jobs)
        else:
            labels = as_families(families, len(table))
        size = np.bincount(labels)
        self.families_ = labels
        self.n_families_ = len(size)
        self.weights_ = 1.0 / (self.n_families_ * size[labels].astype(np.float64))
        return self


def _as_radius(radius: object, table: NDArray[np.floating[Any]], n_jobs: int | None) -> float:
    """Return the radius as a number, choosing it if asked."""
    if isinstance(radius, str):
        if radius != "auto":
            raise ParameterError(f"radius must be 'auto' or a number of at least 0. Got {radius!r}.")
        return choose_scale(table, n_jobs=n_jobs)
    return check_number("radius", radius, low=0.0)


def _split_chains(points: FloatArray, chains: IntArray, radius: float, method: FamilyMethod) -> IntArray:
    """Cut each chain by average or complete linkage at `radius`."""
    labels = chains.copy()
    size = np.bincount(chains)
    following = len(size)
    members = np.split(np.argsort(chains, kind="stable"), np.cumsum(size)[:-1])
    for chain in np.flatnonzero(size > 2):
        inside = members[chain]
        if len(inside) > HIERARCHY_LIMIT:
            raise InputError(
                f"{len(inside):,} alternatives hang together in chains within radius {radius:g}; "
                f"method={method!r} can split at most {HIERARCHY_LIMIT:,}. Give a smaller radius."
            )
        merged = linkage(pdist(points[inside]), method=method)
        cut = fcluster(merged, t=radius, criterion="distance").astype(np.int64)
        labels[inside] = np.where(cut == 1, chain, following + cut - 2)
        following += int(cut.max()) - 1
    return labels


def _in_order_of_appearance(labels: IntArray) -> IntArray:
    """Renumber labels 0, 1, ... by first appearance."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[inverse.ravel()], dtype=np.int64)
