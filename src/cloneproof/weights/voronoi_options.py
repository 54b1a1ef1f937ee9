"""What the options of `VoronoiWeights` mean: which region, which cells are exact, where samples come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import check_choice, check_integer, check_number
from cloneproof.weights.base import check_finite
from cloneproof.weights.nearest import Points, count_threads
from cloneproof.weights.region import Ball, Box, Region, Sphere, enclosing_ball, enclosing_box, unit_cube
from cloneproof.weights.region_hull import enclosing_hull

if TYPE_CHECKING:
    from cloneproof.weights.voronoi import VoronoiWeights

__all__ = [
    "RegionName",
    "RegionOption",
    "check_options",
    "exact_shares",
    "natural_failures",
    "read_reference",
    "resolve_region",
]

RegionName: TypeAlias = Literal["box", "cube", "sphere", "ball", "hull"]
RegionOption: TypeAlias = RegionName | Region | ArrayLike

REGIONS = ("box", "cube", "sphere", "ball", "hull")


def read_reference(region: Any, n_dims: int) -> Points | None:
    """Return the reference sample if `region` is one, None if it is a name or a Region.

    Raises
    ------
    ParameterError
        If `region` is none of the three.
    InputError
        If the sample has another number of columns than the alternatives, is empty or not finite.
    """
    if isinstance(region, str):
        check_choice("region", region, REGIONS)
        return None
    if isinstance(region, Region):
        return None
    try:
        reference = np.asarray(region)
        if reference.dtype != np.float32:
            reference = reference.astype(np.float64)
    except (TypeError, ValueError):
        reference = np.empty(())
    if reference.ndim != 2:
        names = ", ".join(repr(name) for name in REGIONS)
        raise ParameterError(
            f"region must be one of {names}, a Region, or a reference sample of shape (n_reference, n_dims). "
            f"Got {type(region).__name__}."
        )
    if reference.shape[0] == 0 or reference.shape[1] != n_dims:
        raise InputError(
            f"the reference sample has shape {reference.shape}, expected (n_reference, {n_dims}): "
            "at least one row, and the columns of the alternatives."
        )
    check_finite(reference, name="the reference sample")
    return np.ascontiguousarray(reference)


def resolve_region(region: Any, points: Points, margin: float) -> Region:
    """Return the region that an option of `VoronoiWeights` stands for."""
    n_dims = points.shape[1]
    if margin != 0.0 and region not in ("box", "ball"):
        raise ParameterError(
            f'margin widens region="box" and "ball" only; it must be 0 for any other. Got {margin!r}.'
        )
    if region == "box":
        return enclosing_box(points, margin)
    if region == "ball":
        return enclosing_ball(points, margin)
    if region == "hull":
        return enclosing_hull(points)
    if region == "cube":
        return unit_cube(n_dims)
    if region == "sphere":
        return Sphere(n_dims)
    if region.n_dims != n_dims:
        raise ParameterError(
            f"region lies in {region.n_dims} dimensions, the alternatives (after n_components) in {n_dims}. "
            "Give both the same."
        )
    resolved: Region = region
    return resolved


def exact_shares(region: Any, resolved: Region, points: Points) -> FloatArray | None:
    """Return the cells' exact shares where the geometry allows it, else None.

    That is: boxes with at most two dimensions of positive extent if the alternatives agree in all others,
    hulls in at most two dimensions, and a single alternative anywhere.
    """
    from cloneproof.weights.voronoi_cells import cell_areas, cell_lengths, polygon_of_box, polygon_of_hull

    if points.shape[0] == 1:
        return np.ones(1)
    if isinstance(resolved, Box):
        wide: NDArray[np.bool_] = resolved.high > resolved.low
        flat = points[:, ~wide]
        if wide.sum() > 2 or not wide.any() or (flat != flat[:1]).any():
            return None
        inside = points[:, wide].astype(np.float64)
        low, high = resolved.low[wide], resolved.high[wide]
        if wide.sum() == 1:
            return cell_lengths(inside[:, 0], float(low[0]), float(high[0]))
        return cell_areas(inside, polygon_of_box(low, high))
    if isinstance(region, str) and region == "hull" and points.shape[1] <= 2:
        exact = points.astype(np.float64)
        if points.shape[1] == 1:
            return cell_lengths(exact[:, 0], float(exact.min()), float(exact.max()))
        return cell_areas(exact, polygon_of_hull(exact))
    return None


def natural_failures(options: VoronoiWeights) -> dict[str, str]:
    """Return the axioms that the region and the reduction of dimensions break, with the reason.

    A region made from the alternatives follows a translation and a change of unit, and grows with a far
    newcomer; a fixed one does neither. Boxes have axes, balls around a box's centre too; principal
    components turn with the alternatives, and by clones.
    """
    region, reduced = options.region, options.n_components is not None
    reasons: dict[str, str] = {}
    if isinstance(region, str) and region in ("box", "ball", "hull"):
        reasons["distant"] = f"the {region} grows to hold the newcomer, and the cells at its border with it"
        if region != "hull" and not reduced:
            reasons["rotation"] = f"the {region} is found along the axes of the coordinates"
        if region == "hull":
            reasons["simplex"] = "a hull has no volume where there are no more alternatives than dimensions"
    else:
        fixed = "the region does not follow the alternatives"
        round_ = isinstance(region, Sphere) or (isinstance(region, str) and region == "sphere")
        centred = isinstance(region, Ball) and not region.centre.any()
        reasons["scaling"] = fixed
        if not reduced or not isinstance(region, (str, Region)):
            reasons["translation"] = fixed
        if not (round_ or centred):
            reasons["rotation"] = fixed
    if reduced:
        turned = "clones and newcomers turn the principal components"
        reasons |= {"continuity": turned, "distant": turned}
        if options.axes == "diversity":
            reasons["collateral"] = "clones within eps turn the axes by O(eps), which small cells feel most"
        else:
            reasons |= {"clones": turned, "collateral": turned}
    return reasons


def check_options(options: VoronoiWeights, n_dims: int) -> None:
    """Raise ParameterError where an option has no meaning."""
    reference = read_reference(options.region, n_dims)
    check_number("margin", options.margin, low=0.0)
    check_number("smoothing", options.smoothing, low=0.0)
    if options.smoothing != 0.0 and reference is None:
        raise ParameterError("smoothing needs a reference sample as the region. Got a region without one.")
    if reference is not None and (options.margin != 0.0 or options.n_samples == "auto"):
        raise ParameterError(
            'a reference sample takes neither margin nor n_samples="auto": it is as large as it is. '
            f"Got margin={options.margin!r}, n_samples={options.n_samples!r}."
        )
    if options.n_components is not None:
        check_integer("n_components", options.n_components, low=1, high=n_dims)
    check_choice("axes", options.axes, ("distinct", "diversity"))
    if options.n_samples != "auto":
        check_integer("n_samples", options.n_samples, low=1, high=2**34)
    check_integer("max_samples", options.max_samples, low=1, high=2**34)
    check_integer("n_replicates", options.n_replicates, low=2, high=2**10)
    check_number("rtol", options.rtol, low=0.0, low_open=True)
    if options.threshold is not None:
        check_number("threshold", options.threshold, low=0.0, low_open=True, high=1.0)
    check_choice("cells", options.cells, ("auto", "exact", "sampled"))
    if options.cells == "exact" and reference is not None:
        raise ParameterError('cells="exact" needs a region with a volume. Got a reference sample.')
    check_choice("method", options.method, ("auto", "tree", "blocks", "torch"))
    count_threads(options.n_jobs)
