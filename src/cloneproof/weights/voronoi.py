"""Voronoi weights: each alternative's share of the region that is nearest to it."""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from cloneproof._core.errors import EmptyCellWarning, ParameterError
from cloneproof._core.typing import FloatArray, RandomState
from cloneproof._core.validation import check_number, generator
from cloneproof.weights.base import Weighting
from cloneproof.weights.diversity import DiversityWeights
from cloneproof.weights.duplicates import Duplicates, group_duplicates
from cloneproof.weights.incremental import NearestState, as_positions
from cloneproof.weights.nearest import NearestMethod, Points
from cloneproof.weights.projection import Projection, principal_components
from cloneproof.weights.region import Region
from cloneproof.weights.voronoi_auto import sample_until
from cloneproof.weights.voronoi_interval import format_weights, share_interval
from cloneproof.weights.voronoi_options import (
    RegionOption,
    check_options,
    exact_shares,
    natural_failures,
    read_reference,
    resolve_region,
)
from cloneproof.weights.voronoi_samples import CellShares, ReferenceSource, SampleSource, SobolSource

__all__ = ["VoronoiWeights"]


class VoronoiWeights(Weighting):
    r"""Weigh each alternative by its share of the region that is nearer to it than to any other.

    .. math:: w(y) = \mathrm{vol}\{x \in S : y \text{ is the alternative nearest to } x\} / \mathrm{vol}(S)

    Exact copies are grouped first and split their cell equally. Cells are exact in one dimension and two;
    elsewhere they are measured with scrambled Sobol points, and every weight has an honest standard error.

    Parameters
    ----------
    region : {"box", "cube", "sphere", "ball", "hull"}, Region or array-like, default="box"
        The bounded set S: the bounding box of the coordinates, the literal unit cube, the unit sphere, the
        ball around the box's centre that reaches the farthest alternative, or the convex hull (at most 6
        dimensions); a fixed `Box`, `Ball` or `Sphere`; or a reference sample of shape (n_reference, n_dims),
        whose weights are the shares of that corpus nearest to each alternative.
    margin : float, default=0.0
        Widens "box" on each side by this share of its extent, "ball" by this share of its radius.
    smoothing : float, default=0.0
        Standard deviation of Gaussian noise put on a reference sample, in the units of the coordinates, so
        that an alternative between two rows of the corpus is seen.
    n_components : int, optional
        Reduce to this many principal components first (of the distinct alternatives); "cube", "sphere" and
        Region objects then lie in those coordinates. Volumes mean little beyond about 8 dimensions.
    axes : {"distinct", "diversity"}, default="distinct"
        What counts for the principal components: each distinct alternative once, which a cloud of clones can
        draw to itself; or each by its diversity weight at the automatic scale, which clones within eps
        move by O(eps), at the cost of those weights. Matters with `n_components` only.
    n_samples : int or "auto", default=65536
        Points drawn, all replicates together, rounded up to `n_replicates` times a power of two. The
        relative error of an average weight is about ``sqrt(n_alternatives / n_samples)``. "auto" doubles
        until every weight of at least `threshold` has relative standard error `rtol`, or `max_samples`.
    rtol : float, default=0.05
        With ``n_samples="auto"``: the relative standard error to reach.
    threshold : float, optional
        With ``n_samples="auto"``: cells with at least this share count; by default half the average cell.
    max_samples : int, default=2**22
        With ``n_samples="auto"``: the budget, which `budget_` and the progress report announce beforehand.
    n_replicates : int, default=8
        Independent scrambles, at least 2; intervals have ``n_replicates - 1`` degrees of freedom.
    cells : {"auto", "exact", "sampled"}, default="auto"
        "exact" refuses where no exact method exists, "sampled" never uses it.
    method : {"auto", "tree", "blocks", "torch"}, default="auto"
        The road to the nearest alternative, see `find_nearest`. The weights do not depend on it.
    n_jobs : int, optional
        Threads; all processors by default. The weights do not depend on it.
    random_state : int, Generator or None, default=None
        Seed of the scrambles.

    Attributes
    ----------
    weights_ : ndarray of shape (n_alternatives,)
        Non-negative, sum to 1.
    standard_errors_ : ndarray of shape (n_alternatives,)
        Standard errors of the weights; 0 where they are exact, one sample's share where none was drawn.
    upper_bounds_ : ndarray of shape (n_alternatives,)
        Upper ends of the 95 % intervals. A weight estimated as 0 is below its bound, not 0.
    exact_ : bool
        Whether the cells are exact.
    region_ : Region or ndarray
        The region, or the reference sample, in the coordinates used.
    n_samples_ : int
        Points drawn; 0 where the cells are exact.
    budget_ : int
        The most points that could have been drawn.
    projection_ : Projection or None
        The principal components, where asked for.
    n_features_in_ : int
        Number of columns of ``X``.

    Notes
    -----
    Clones within eps share a cell that differs by O(eps) from the cell of one of them, for alternatives
    inside a fixed region; a clone outside of the bounding box moves the box. Raw embeddings of hundreds of dimensions are the wrong input: nearly all of the
    volume is nearest to a few alternatives, most get weight 0; use `n_components`, a reference sample, or
    `DiversityWeights`. Cost ``O(n_samples n_alternatives n_dims)``, far less in up to 6 dimensions.

    By nature some axioms of :func:`cloneproof.check_weighting` fail, see `fails_by_nature`. Regions made from the
    alternatives ("box", "ball", "hull") grow with a far newcomer: "distant". Boxes have axes: "rotation". Fixed
    regions do not follow the alternatives: "translation", "scaling", and "rotation" unless they are round. A
    hull needs more alternatives than dimensions: "simplex". And `n_components` is not robust to clones that are
    not exact copies: a cloud of them draws the principal components to itself, however narrow it is, so "clones",
    "collateral", "continuity" and "distant" fail. With ``axes="diversity"`` they turn by O(eps), and "clones"
    holds; still they can jump where two variances cross. Or compute coordinates once, from data that nobody could flood.

    References
    ----------
    .. [1] Procaccia, Schiffer & Zhang, "Clone-Robust AI Alignment", ICML 2025, arXiv:2501.09254.

    Examples
    --------
    >>> VoronoiWeights(random_state=0).fit([[0.0], [1.0], [1.0]]).weights_.round(2)
    array([0.5 , 0.25, 0.25])

    The witnesses that :func:`cloneproof.check_weighting` finds:

    >>> square = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [2.0, 2.0]]
    >>> check = check_weighting(VoronoiWeights(), square)
    >>> check["rotation"].sentence
    'A rotation of all alternatives moves the weight of row 1 from 0.3385 to 0.2584.'
    >>> check["distant"].sentence
    'A newcomer 20 extents away moves the share of row 3 among the others from 0.2604 to 0.9846.'
    >>> check = check_weighting(VoronoiWeights("cube"), square)
    >>> check["translation"].sentence
    'Moving all by 10 times their extent moves the weight of row 0 from 0.25 to 1.'
    >>> check["scaling"].sentence
    'Coordinates times 0.001 (another unit) moves the weight of row 3 from 0 to 1.'
    >>> check_weighting(VoronoiWeights("hull"), square)["simplex"].sentence.split(":")[0]
    'Fit raised InputError'
    >>> corner = [[0.0, 0.0, 0.0], [1.0, 0.2, 0.0], [0.0, 0.9, 0.1], [0.1, 0.0, 0.95]]
    >>> check = check_weighting(VoronoiWeights(n_components=1), corner)
    >>> check["clones"].sentence
    '10 clones within 0.0001 nearest distances of row 0 move its family from 0.2782 to 0.09239 (slope 1.9e+03).'
    >>> check["collateral"].sentence
    '100 clones within 0.0001 nearest distances of row 3 move the weight of row 2 from 0.2305 to 0.06132.'
    >>> check["continuity"].sentence
    'Largest jump as a cloud slides away from row 3: 0.25 within 2e-05 at distance 0.1251, where row 0 goes from 0.3713 to 0.1178.'
    """

    standard_errors_: FloatArray
    exact_: bool
    region_: Region | Points
    n_samples_: int
    budget_: int
    projection_: Projection | None
    _seed: int
    _points: Points  # distinct, as given
    _copies: Duplicates  # which alternatives hold them
    _merged: Duplicates  # those of them that the projection made equal
    _cells: CellShares
    _state: NearestState | None

    def __init__(
        self,
        region: RegionOption = "box",
        *,
        margin: float = 0.0,
        smoothing: float = 0.0,
        n_components: int | None = None,
        axes: Literal["distinct", "diversity"] = "distinct",
        n_samples: int | Literal["auto"] = 2**16,
        rtol: float = 0.05,
        threshold: float | None = None,
        max_samples: int = 2**22,
        n_replicates: int = 8,
        cells: Literal["auto", "exact", "sampled"] = "auto",
        method: NearestMethod = "auto",
        n_jobs: int | None = None,
        random_state: RandomState = None,
    ) -> None:
        self.region = region
        self.margin = margin
        self.smoothing = smoothing
        self.n_components = n_components
        self.axes = axes
        self.n_samples = n_samples
        self.rtol = rtol
        self.threshold = threshold
        self.max_samples = max_samples
        self.n_replicates = n_replicates
        self.cells = cells
        self.method = method
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fails_by_nature(self) -> dict[str, str]:
        """Return what the region and the reduction do not follow, see `natural_failures`."""
        return natural_failures(self)

    def fit(self, X: ArrayLike, y: object = None) -> VoronoiWeights:  # noqa: ARG002
        """Measure the cells.

        Parameters
        ----------
        X : array-like of shape (n_alternatives, n_dims)
            One row per alternative.
        y : ignored
            Present for scikit-learn's sake.

        Returns
        -------
        self : VoronoiWeights

        Raises
        ------
        ParameterError
            If an option has a value that it cannot take, or two do not fit together.
        InputError
            If `X` or the reference sample is empty, not a table, or holds a value that is not finite.
        """
        table = self._validate(X)
        check_options(self, table.shape[1])
        self._seed = int(generator(self.random_state).integers(2**63))
        self._rebuild(table)
        return self

    def partial_fit(self, X: ArrayLike, y: object = None) -> VoronoiWeights:  # noqa: ARG002
        """Add alternatives behind those fitted so far; the result is that of `fit` on all of them.

        Parameters
        ----------
        X : array-like of shape (n_new, n_dims)
            The new alternatives.
        y : ignored
            Present for scikit-learn's sake.

        Notes
        -----
        O(n_samples n_new n_dims) while the region stays as it is (always for a `Box`, `Sphere`, `Ball`,
        cube or reference sample; for "box", "ball" and "hull" if the new alternatives do not move it). With
        a moved region, `n_components`, ``n_samples="auto"`` or exact cells everything is computed anew.
        """
        if not hasattr(self, "weights_"):
            return self.fit(X)
        new = self._validate(X, reset=False)
        table = np.concatenate([self._points[self._copies.inverse], new])
        copies = group_duplicates(table)
        points, n_before = table[copies.first], self._points.shape[0]
        state = self._state
        if state is None or not self._keeps_region(points):
            self._rebuild(table)
            return self
        state.add(points[n_before:], n_before)
        self._update(state, points, copies)
        return self

    def remove(self, indices: ArrayLike) -> VoronoiWeights:
        """Remove alternatives by position; the result is that of `fit` on those that stay.

        Parameters
        ----------
        indices : array-like of int of shape (n_removed,)
            Positions in the order of `weights_`. The others move up.

        Raises
        ------
        InputError
            If a position is out of range or given twice, or none would stay.
        """
        check_is_fitted(self, "weights_")
        removed = as_positions(indices, self.weights_.size)
        stays = np.ones(self.weights_.size, dtype=bool)
        stays[removed] = False
        inverse = self._copies.inverse[stays]
        table = self._points[inverse]
        copies = group_duplicates(table)
        points = table[copies.first]
        state = self._state
        if state is None or not self._keeps_region(points):
            self._rebuild(table)
            return self
        positions = np.full(self._points.shape[0], -1, dtype=np.int64)
        positions[inverse[copies.first]] = np.arange(copies.n_points)
        state.remove(positions, points)
        self._update(state, points, copies)
        return self

    def interval(self, confidence: float = 0.95) -> FloatArray:
        """Return an interval for each weight, shape (n_alternatives, 2), see `share_interval`."""
        check_is_fitted(self, "weights_")
        level = check_number("confidence", confidence, low=0.0, low_open=True, high=1.0)
        limits = share_interval(self._cells, level)
        return np.column_stack([self._spread(limits[:, 0]), self._spread(limits[:, 1])])

    @property
    def upper_bounds_(self) -> FloatArray:
        """Upper ends of the 95 % intervals, shape (n_alternatives,)."""
        return self.interval(0.95)[:, 1]

    def format_weights(self, *, digits: int = 3) -> list[str]:
        """Write the weights; one whose cell drew no sample reads "< bound", never 0."""
        return format_weights(self.weights_, self.upper_bounds_, digits=digits)

    def _rebuild(self, table: Points) -> None:
        """Compute everything from the alternatives, shape (n_alternatives, n_dims)."""
        self._state = None
        self._copies = group_duplicates(table)
        self._points = table[self._copies.first]
        reference = read_reference(self.region, table.shape[1])
        self.projection_ = None
        points = self._points
        if self.n_components is not None:
            by = None
            if self.axes == "diversity":
                by = DiversityWeights(tol=1e-4, n_jobs=self.n_jobs).fit(points).weights_
            self.projection_ = principal_components(points, self.n_components, by)
            points = self.projection_.apply(points)
            reference = None if reference is None else self.projection_.apply(reference)
        self._merged = group_duplicates(points)
        points = points[self._merged.first]
        if reference is not None:
            self.region_ = reference
            self._conclude(self._count(self._reference_source(reference), points))
            return
        is_point = points.shape[0] == 1 and isinstance(self.region, str) and self.region in ("ball", "hull")
        region = resolve_region("box" if is_point else self.region, points, 0.0 if is_point else self.margin)
        self.region_ = region
        shares = None if self.cells == "sampled" and points.shape[0] > 1 else self._exact(region, points)
        if shares is not None:
            self.budget_ = 0
            zeros = np.zeros_like(shares)
            self._conclude(
                CellShares(
                    shares=shares, standard_errors=zeros, hits=zeros - 1, n_samples=0, dof=1, binomial=False
                )
            )
        elif self.n_samples == "auto":
            self.budget_ = self._per_replicate(self.max_samples, round_up=False) * self.n_replicates
            self._conclude(
                sample_until(
                    region,
                    points,
                    rtol=self.rtol,
                    threshold=self.threshold,
                    n_replicates=self.n_replicates,
                    budget=self.budget_,
                    seed=self._seed,
                    method=self.method,
                    n_jobs=self.n_jobs,
                )
            )
        else:
            source = SobolSource(
                region,
                n_replicates=self.n_replicates,
                per_replicate=self._per_replicate(self.n_samples, round_up=True),
                seed=self._seed,
            )
            self._conclude(self._count(source, points))

    def _exact(self, region: Region, points: Points) -> FloatArray | None:
        """Return exact shares, or None where they are to be sampled."""
        shares = exact_shares(self.region, region, points)
        if shares is None and self.cells == "exact":
            raise ParameterError(
                f'cells="exact" needs region "box", "cube", "hull" or a Box in at most 2 dimensions. '
                f'Got {type(region).__name__} in {region.n_dims}. Set n_components=2 or cells="auto".'
            )
        return shares

    def _per_replicate(self, n_samples: int, *, round_up: bool) -> int:
        """Return the points of one replicate, a power of two."""
        each = n_samples / self.n_replicates
        exponent = np.ceil(np.log2(each)) if round_up else np.floor(np.log2(each))
        return int(2 ** max(0, int(exponent)))

    def _reference_source(self, reference: Points) -> ReferenceSource:
        """Return the corpus as samples, repeated with noise up to `n_samples` where it is smoothed."""
        smooth = self.smoothing > 0.0 and self.n_samples != "auto"
        copies = max(1, -(-int(self.n_samples) // reference.shape[0])) if smooth else 1
        return ReferenceSource(reference, smoothing=self.smoothing, per_reference=copies, seed=self._seed)

    def _count(self, source: SampleSource, points: Points) -> CellShares:
        """Find every sample's nearest point and turn that into shares."""
        self.budget_ = source.n_samples
        self._state = NearestState(source, method=self.method, n_jobs=self.n_jobs)
        self._state.build(points)
        return source.estimate(self._state.indices[:, 0], points.shape[0])

    def _update(self, state: NearestState, points: Points, copies: Duplicates) -> None:
        """Set what changed when points came or went."""
        self._points, self._copies, self._merged = points, copies, group_duplicates(points)
        self._conclude(state.source.estimate(state.indices[:, 0], copies.n_points))

    def _keeps_region(self, points: Points) -> bool:
        """Tell whether `fit` on `points` would measure the same region in the same way."""
        if self.n_components is not None:
            return False
        if not isinstance(self.region_, Region):
            return True
        if points.shape[0] == 1:
            return False
        region = resolve_region(self.region, points, self.margin)
        if not self.region_.same_as(region):
            return False
        return self.cells == "sampled" or exact_shares(self.region, region, points) is None

    def _conclude(self, cells: CellShares) -> None:
        """Set what `fit` learned from the cells of the distinct points."""
        self._cells = cells
        self.exact_ = cells.n_samples == 0
        self.n_samples_ = 0 if self.exact_ else self._n_drawn()
        self.weights_ = self._spread(cells.shares)
        self.standard_errors_ = self._spread(cells.standard_errors)
        empty = int((cells.hits[self._merged.inverse][self._copies.inverse] == 0).sum())
        if empty:
            bound = format_weights([0.0], [float(share_interval(cells, 0.95)[cells.hits == 0, 1][0])])[0]
            if isinstance(self.region_, Region):
                drawn = f"drew none of {self.n_samples_:,} samples"
                advice = "Raise n_samples, or reduce the dimensions with n_components."
            else:
                drawn = f"are nearest to none of {cells.n_samples:,} rows of the reference sample"
                advice = "Give a larger reference sample, or set smoothing."
            warnings.warn(
                f"{empty:,} of {self.weights_.size:,} alternatives {drawn}; their weights are {bound} (95 %), "
                f"not 0. {advice}",
                EmptyCellWarning,
                stacklevel=4,
            )

    def _n_drawn(self) -> int:
        """Return the number of points that were drawn."""
        return self._cells.n_samples if self._state is None else self._state.source.n_samples

    def _spread(self, per_point: FloatArray) -> FloatArray:
        """Split a quantity per distinct projected point among the alternatives."""
        return self._copies.share(self._merged.share(per_point))
