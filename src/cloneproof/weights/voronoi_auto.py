"""Draw Sobol points until the weights are as exact as asked, within an announced budget."""

from __future__ import annotations

import warnings

import numpy as np

from cloneproof._core.errors import UncertaintyWarning
from cloneproof._core.progress import track
from cloneproof.weights.nearest import NearestMethod, Points, make_index
from cloneproof.weights.region import Region
from cloneproof.weights.voronoi_samples import CellShares, SobolSource

__all__ = ["sample_until"]

FIRST_PER_REPLICATE = 256


def sample_until(
    region: Region,
    points: Points,
    *,
    rtol: float,
    threshold: float | None,
    n_replicates: int,
    budget: int,
    seed: int,
    method: NearestMethod,
    n_jobs: int | None,
) -> CellShares:
    """Double the points until each share of at least `threshold` has relative standard error `rtol`.

    Parameters
    ----------
    region : Region
    points : ndarray of shape (n_points, n_dims)
        Distinct.
    rtol : float
        Relative standard error to reach.
    threshold : float or None
        Shares that count; None is half the average, ``0.5 / n_points``. A cell counts once its share or the
        share it may have missed by chance, 3 / n, reaches the threshold.
    n_replicates : int
        Independent scrambles.
    budget : int
        The most points, a power of two for each replicate. A warning says so if it does not suffice.
    seed : int
    method, n_jobs
        As in `find_nearest`.

    Returns
    -------
    cells : CellShares
        The same as a fixed number of points would give, if it were the number drawn.
    """
    n_points = points.shape[0]
    least = 0.5 / n_points if threshold is None else threshold
    source = SobolSource(region, n_replicates=n_replicates, per_replicate=1, seed=seed)
    engines = source.engines()
    index = make_index(points, method=method, n_jobs=n_jobs)
    counts = np.zeros((n_replicates, n_points), dtype=np.int64)
    most = budget // n_replicates
    drawn, batch = 0, min(FIRST_PER_REPLICATE, most)
    with track(f"Voronoi weights: at most {budget:,} samples", total=budget) as advance:
        while True:
            for replicate, engine in enumerate(engines):
                for samples in source.draw(engine, batch):
                    nearest = index.query(samples)[0][:, 0]
                    counts[replicate] += np.bincount(nearest, minlength=n_points)
                    advance(len(samples))
            drawn += batch
            cells = SobolSource.from_counts(counts)
            matters = (cells.shares >= least) | (3.0 / cells.n_samples >= least)
            with np.errstate(divide="ignore", invalid="ignore"):
                relative = np.where(cells.hits > 0, cells.standard_errors / cells.shares, np.inf)
            missed = matters & ~(relative <= rtol)
            if not missed.any():
                return cells
            if drawn >= most:
                break
            batch = drawn
    worst = float(relative[missed].max())
    warnings.warn(
        f"the budget of {budget:,} samples is spent and {int(missed.sum()):,} of {int(matters.sum()):,} "
        f"weights of at least {least:.2g} have a relative standard error above rtol={rtol:g}, "
        f"the largest {worst:.2g}. Raise max_samples, rtol or threshold.",
        UncertaintyWarning,
        stacklevel=5,
    )
    return cells
