"""Slow twins of the diversity weights: independent roads to the same answer."""

from __future__ import annotations

import clarabel
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Array = NDArray[np.float64]


def gaussian_kernel(points: Array, scale: float) -> Array:
    """Entry by entry, from differences rather than products."""
    m = len(points)
    kernel = np.empty((m, m))
    for i in range(m):
        for j in range(m):
            difference = points[i] - points[j]
            kernel[i, j] = np.exp(-float(difference @ difference) / (2.0 * scale**2))
    return kernel


def clarabel_simplex(kernel: Array, linear: Array | None = None, accuracy: float = 1e-13) -> Array:
    """Minimise v'Kv + 2 b'v over the simplex with a general conic solver."""
    m = len(kernel)
    b = np.zeros(m) if linear is None else linear
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = accuracy
    constraints = sp.csc_matrix(np.vstack([np.ones((1, m)), -np.eye(m)]))
    cones = [clarabel.ZeroConeT(1), clarabel.NonnegativeConeT(m)]
    upper = sp.csc_matrix(np.triu(2.0 * kernel))
    solver = clarabel.DefaultSolver(
        upper, 2.0 * b, constraints, np.append([1.0], np.zeros(m)), cones, settings
    )
    v = np.maximum(np.asarray(solver.solve().x), 0.0)
    return np.asarray(v / v.sum())


def multiplicative_update(kernel: Array, n_steps: int) -> Array:
    """Repeat v <- v / (Kv), scaled to sum to 1: the update that crawls."""
    v = np.full(len(kernel), 1.0 / len(kernel))
    for _ in range(n_steps):
        v = v / (kernel @ v)
        v /= v.sum()
    return v


def relative_gap(kernel: Array, v: Array) -> float:
    """The certificate, from its definition."""
    product = kernel @ v
    value = float(v @ product)
    return (value - float(product.min())) / value
