"""Solve the Newton system: a weighted graph Laplacian plus a diagonal."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any, Protocol

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cho_solve_banded, cholesky_banded
from scipy.sparse import coo_array
from scipy.sparse.csgraph import reverse_cuthill_mckee
from threadpoolctl import ThreadpoolController

from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.rewards.pairs import Pairs

__all__ = [
    "BandedCholesky",
    "ConjugateGradient",
    "DenseCholesky",
    "SlowSolveError",
    "Solver",
    "one_blas_thread",
]


@cache
def _controller() -> Any:
    """Find the libraries whose threads can be limited, once a process."""
    return ThreadpoolController()


def one_blas_thread() -> AbstractContextManager[Any]:
    """Return a context in which BLAS uses one thread: small factors only wait for a second one."""
    limited: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limited


class SlowSolveError(Exception):
    """Conjugate gradients did not reach the residual asked for; never leaves the room."""


class Solver(Protocol):
    """Solves ``H x = rhs`` for ``H = sum_e h_e (e_a - e_b)(e_a - e_b)' + ridge``."""

    exact: bool

    def update(self, curvature: FloatArray, diagonal: FloatArray) -> None:
        """Take a new H: its weight per pair (n_pairs,) and its diagonal (n_alternatives,)."""

    def solve(self, rhs: FloatArray, tolerance: float) -> FloatArray:
        """Return x of shape (n_alternatives,) with a residual of at most `tolerance` x the start's."""


class DenseCholesky:
    """Exact solves by a dense Cholesky factor: O(m^3) an update, 8 m^2 bytes.

    Parameters
    ----------
    pairs : Pairs
    singular : bool
        True if H has the null vector 1 (no ridge, no fixed alternative); ``1 1'`` is then added.
    """

    exact = True

    def __init__(self, pairs: Pairs, *, singular: bool) -> None:
        self._pairs = pairs
        self._singular = singular
        self._factor: tuple[FloatArray, bool] = (np.empty((0, 0)), True)

    def update(self, curvature: FloatArray, diagonal: FloatArray) -> None:
        """Factor a new H."""
        from cloneproof.rewards._kernels import fill_upper

        m = len(diagonal)
        matrix = np.empty((m, m))
        shift = float(diagonal.mean()) / m if self._singular else 0.0
        fill_upper(self._pairs.start, self._pairs.right, curvature, diagonal, shift, matrix)
        # the transpose is in LAPACK's order, so that nothing is copied
        self._factor = cho_factor(matrix.T, lower=True, overwrite_a=True, check_finite=False)

    def solve(self, rhs: FloatArray, tolerance: float) -> FloatArray:  # noqa: ARG002
        """Return ``H^-1 rhs``."""
        return np.asarray(cho_solve(self._factor, rhs, check_finite=False), dtype=np.float64)


class ConjugateGradient:
    """Conjugate gradients with the diagonal as preconditioner: O(n_pairs) an iteration.

    Parameters
    ----------
    pairs : Pairs
    max_iterations : int
        Iterations after which a solve raises `SlowSolveError`: chains of alternatives need about as
        many as the graph is wide, and another solver is then the better one.
    """

    exact = False

    def __init__(self, pairs: Pairs, *, max_iterations: int) -> None:
        self._pairs = pairs
        self._max_iterations = max_iterations
        self._curvature = self._diagonal = np.empty(0)

    def update(self, curvature: FloatArray, diagonal: FloatArray) -> None:
        """Take a new H."""
        self._curvature = curvature
        self._diagonal = np.where(diagonal > 0.0, diagonal, 1.0)

    def solve(self, rhs: FloatArray, tolerance: float) -> FloatArray:
        """Return x with ``|rhs - H x| <= tolerance |rhs|`` in the norm of the inverse diagonal."""
        if rhs.ndim == 2:
            return self._solve_block(np.ascontiguousarray(rhs), tolerance)
        from cloneproof.rewards._kernels import laplacian_product

        x = np.zeros_like(rhs)
        residual = rhs.copy()
        scaled = residual / self._diagonal
        direction = scaled.copy()
        product = np.empty_like(rhs)
        energy = float(residual @ scaled)
        goal = tolerance * tolerance * energy
        for _ in range(self._max_iterations):
            if energy <= goal:
                return x
            laplacian_product(
                self._pairs.start, self._pairs.right, self._curvature, self._diagonal, direction, product
            )
            step = energy / float(direction @ product)
            x += step * direction
            residual -= step * product
            np.divide(residual, self._diagonal, out=scaled)
            previous, energy = energy, float(residual @ scaled)
            direction *= energy / previous
            direction += scaled
        if energy <= goal:
            return x
        raise SlowSolveError

    def _solve_block(self, rhs: FloatArray, tolerance: float) -> FloatArray:
        """Solve for the columns of `rhs` side by side, each with its own step lengths."""
        from cloneproof.rewards._kernels import laplacian_products

        x = np.zeros_like(rhs)
        inverse = 1.0 / self._diagonal[:, None]
        residual = rhs.copy()
        scaled = residual * inverse
        direction = scaled.copy()
        product = np.empty_like(rhs)
        energy = np.einsum("ij,ij->j", residual, scaled)
        goal = tolerance * tolerance * energy
        for _ in range(self._max_iterations):
            if (energy <= goal).all():
                return x
            laplacian_products(
                self._pairs.start, self._pairs.right, self._curvature, self._diagonal, direction, product
            )
            bend = np.einsum("ij,ij->j", direction, product)
            step = np.divide(energy, bend, out=np.zeros_like(bend), where=bend > 0.0)
            x += step * direction
            residual -= step * product
            np.multiply(residual, inverse, out=scaled)
            previous, energy = energy, np.einsum("ij,ij->j", residual, scaled)
            direction *= np.divide(energy, previous, out=np.zeros_like(bend), where=previous > 0.0)
            direction += scaled
        if (energy <= goal).all():
            return x
        raise SlowSolveError


class BandedCholesky:
    """Exact solves for chain-like graphs: Cholesky of the band left by reverse Cuthill-McKee.

    O(m b^2) time and 8 m b bytes for a bandwidth b; a matchmaking ladder has a small one.
    """

    exact = True

    def __init__(self, pairs: Pairs, *, singular: bool) -> None:
        m = pairs.n_alternatives
        graph = coo_array((np.ones(len(pairs)), (pairs.left, pairs.right)), shape=(m, m)).tocsr()
        order = reverse_cuthill_mckee((graph + graph.T).tocsr(), symmetric_mode=True).astype(np.int64)
        place = np.empty(m, dtype=np.int64)
        place[order] = np.arange(m)
        one, other = place[pairs.left], place[pairs.right]
        self._singular = singular
        self._order: IntArray = order
        self._column = np.minimum(one, other)
        self._offset = np.abs(one - other)
        self.bandwidth = int(self._offset.max(initial=0))
        self._factor = np.empty((0, 0))

    @property
    def n_bytes(self) -> int:
        """Memory of the factor."""
        return 8 * len(self._order) * (self.bandwidth + 1)

    def update(self, curvature: FloatArray, diagonal: FloatArray) -> None:
        """Factor a new H; without any ridge the first alternative in order is held in place."""
        band = np.zeros((self.bandwidth + 1, len(diagonal)), order="F")
        band[self._offset, self._column] = -curvature
        ordered = diagonal[self._order]
        band[0] = np.where(ordered > 0.0, ordered, 1.0)
        if self._singular:
            band[0, 0] *= 2.0
        self._factor = cholesky_banded(band, overwrite_ab=True, lower=True, check_finite=False)

    def solve(self, rhs: FloatArray, tolerance: float) -> FloatArray:  # noqa: ARG002
        """Return ``H^-1 rhs`` (up to a constant where H is singular)."""
        x = np.empty_like(rhs)
        x[self._order] = cho_solve_banded((self._factor, True), rhs[self._order], check_finite=False)
        return x
