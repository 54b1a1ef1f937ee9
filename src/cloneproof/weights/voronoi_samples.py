"""Where the sample points come from, and what their counts say about the cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from cloneproof._core.errors import ParameterError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.weights.nearest import Points
from cloneproof.weights.region import Region

__all__ = ["CellShares", "ReferenceSource", "SampleSource", "SobolSource"]

BLOCK_NUMBERS = 2**22  # coordinates drawn at a time: 32 MiB
MOST_SOBOL_DIMS = qmc.Sobol.MAXDIM


@dataclass(frozen=True, kw_only=True, eq=False)
class CellShares:
    """Each cell's share of the region and how well it is known.

    Attributes
    ----------
    shares : ndarray of shape (n_points,)
        Sum to 1.
    standard_errors : ndarray of shape (n_points,)
        0 where the shares are exact; one sample's share where a cell drew none.
    hits : ndarray of shape (n_points,)
        Samples that fell into the cell; -1 where the shares are exact.
    n_samples : int
        Independent samples, or 0 where the shares are exact.
    dof : int
        Degrees of freedom of the standard errors.
    binomial : bool
        Whether the hits are binomial counts of independent samples.
    """

    shares: FloatArray
    standard_errors: FloatArray
    hits: FloatArray
    n_samples: int
    dof: int
    binomial: bool


class SampleSource(Protocol):
    """Sample points that can be drawn again, block after block, always the same."""

    @property
    def n_samples(self) -> int:
        """How many points all blocks hold together."""

    def blocks(self) -> Iterator[Points]:
        """Yield the points in a fixed order."""

    def estimate(self, index: NDArray[np.integer], n_points: int) -> CellShares:
        """Turn the nearest point of every sample, in the order of `blocks`, into shares."""


class SobolSource:
    """Independently scrambled Sobol points of a region.

    Parameters
    ----------
    region : Region
    n_replicates : int
        Independent scrambles R >= 2. The spread of their estimates is the honest error: standard error
        sd / sqrt(R), with R - 1 degrees of freedom.
    per_replicate : int
        Points of each scramble, a power of two.
    seed : int
    """

    def __init__(self, region: Region, *, n_replicates: int, per_replicate: int, seed: int) -> None:
        if region.n_uniforms > MOST_SOBOL_DIMS:
            raise ParameterError(
                f"Sobol points exist in at most {MOST_SOBOL_DIMS:,} dimensions. Got {region.n_uniforms:,}. "
                "Set n_components to reduce them."
            )
        self.region, self.n_replicates, self.per_replicate = region, n_replicates, per_replicate
        self.seed = seed

    @property
    def n_samples(self) -> int:
        """Points of all scrambles together."""
        return self.n_replicates * self.per_replicate

    def engines(self) -> list[qmc.Sobol]:
        """Return the R scrambled sequences at their start."""
        return [
            qmc.Sobol(
                self.region.n_uniforms, scramble=True, rng=np.random.default_rng([self.seed, replicate])
            )
            for replicate in range(self.n_replicates)
        ]

    def blocks(self) -> Iterator[Points]:
        """Yield the points, one scramble after the other."""
        for engine in self.engines():
            yield from self.draw(engine, self.per_replicate)

    def draw(self, engine: qmc.Sobol, n_points: int) -> Iterator[Points]:
        """Yield the next `n_points` (a power of two) of one sequence, in blocks."""
        size = min(n_points, 2 ** max(4, int(np.log2(BLOCK_NUMBERS / self.region.n_uniforms))))
        for _ in range(n_points // size):
            uniforms = engine.random(size) + 2.0**-31  # the middle of its interval of width 2^-30: never 0
            yield self.region.place(uniforms)

    def estimate(self, index: NDArray[np.integer], n_points: int) -> CellShares:
        """Average the replicates and measure their spread."""
        rows = index.reshape(self.n_replicates, self.per_replicate)
        return self.from_counts(np.array([np.bincount(row, minlength=n_points) for row in rows]))

    @staticmethod
    def from_counts(counts: IntArray) -> CellShares:
        """Return the shares for hits of shape (n_replicates, n_points), equally many a replicate."""
        n_replicates = counts.shape[0]
        n_samples = int(counts.sum())
        hits = counts.sum(axis=0).astype(np.float64)
        estimates = counts * (n_replicates / n_samples)
        errors = estimates.std(axis=0, ddof=1) / np.sqrt(n_replicates)
        return CellShares(
            shares=hits / n_samples,
            standard_errors=np.where(hits > 0, errors, 1.0 / n_samples),
            hits=hits,
            n_samples=n_samples,
            dof=n_replicates - 1,
            binomial=False,
        )


class ReferenceSource:
    """A trusted corpus as the region: the weight of an alternative is the share of the corpus nearest to it.

    The corpus is taken as independent draws from the population that matters, so the error is that of a
    share among ``n_reference`` draws, whatever the number of smoothed copies.

    Parameters
    ----------
    reference : ndarray of shape (n_reference, n_dims)
    smoothing : float
        Standard deviation of the Gaussian noise put on the corpus, in the units of the coordinates.
    per_reference : int
        Noisy points drawn for each row of the corpus; 1 without smoothing.
    seed : int
    """

    def __init__(self, reference: Points, *, smoothing: float, per_reference: int, seed: int) -> None:
        self.reference, self.smoothing = reference, smoothing
        self.per_reference, self.seed = per_reference, seed

    @property
    def n_samples(self) -> int:
        """Points drawn: rows of the corpus times noisy points per row."""
        return int(self.reference.shape[0]) * self.per_reference

    def blocks(self) -> Iterator[Points]:
        """Yield the corpus in its order, each row `per_reference` times with noise."""
        rng = np.random.default_rng([self.seed, 0])
        n_dims = self.reference.shape[1]
        rows = max(1, BLOCK_NUMBERS // (n_dims * self.per_reference))
        for begin in range(0, self.reference.shape[0], rows):
            block = self.reference[begin : begin + rows]
            if self.smoothing == 0.0:
                yield block
            else:
                noisy = np.repeat(block.astype(np.float64), self.per_reference, axis=0)
                yield noisy + self.smoothing * rng.standard_normal(noisy.shape)

    def estimate(self, index: NDArray[np.integer], n_points: int) -> CellShares:
        """Average the corpus rows; the standard error is the spread between rows over sqrt(n_reference)."""
        n_reference = int(self.reference.shape[0])
        rows = np.repeat(np.arange(n_reference, dtype=np.int64), self.per_reference)
        pairs, counts = np.unique(rows * n_points + index, return_counts=True)
        portions = counts / self.per_reference  # how much of one corpus row falls to one point
        points = pairs % n_points
        totals = np.bincount(points, weights=portions, minlength=n_points)
        squares = np.bincount(points, weights=portions**2, minlength=n_points)
        shares = totals / n_reference
        errors = np.sqrt(np.maximum(squares / n_reference - shares**2, 0.0) / max(1, n_reference - 1))
        return CellShares(
            shares=shares,
            standard_errors=np.where(totals > 0, errors, 1.0 / n_reference),
            hits=totals.astype(np.float64),
            n_samples=n_reference,
            dof=max(1, n_reference - 1),
            binomial=self.per_reference == 1,
        )
