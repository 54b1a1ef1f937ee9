"""The approximate inverse: exact on groups of near-copies, definite always, and what it saves."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from cloneproof.weights import simplex_qp_face
from cloneproof.weights.simplex_qp_face import conjugate_direction
from cloneproof.weights.simplex_qp_precondition import approximate_inverse, strong_pairs
from tests.weights.oracles_diversity import gaussian_kernel


def groups_of_copies(n_groups: int, size: int, noise: float, seed: int = 0) -> np.ndarray:
    """Unit vectors far from one another, each with near-copies."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(n_groups, 40))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    return np.repeat(centres, size, axis=0) + noise * rng.normal(size=(n_groups * size, 40)) / np.sqrt(40)


def cut(kernel: np.ndarray, least: float) -> sp.csr_array:
    return sp.csr_array(np.where(kernel > least, kernel, 0.0))


def dense_inverse(inverse, n: int) -> np.ndarray:
    return np.stack([inverse(row) for row in np.eye(n)])


@pytest.mark.parametrize("size", [1, 2, 5, 17])
def test_it_is_the_inverse_where_groups_have_up_to_17_members(size):
    kernel = cut(gaussian_kernel(groups_of_copies(6, size, 0.2), 0.2), 0.1)
    n = kernel.shape[0]
    blocks = kernel.toarray()
    assert np.array_equal(blocks > 0, np.kron(np.eye(6), np.ones((size, size))) > 0)
    found = dense_inverse(approximate_inverse(strong_pairs(kernel), np.ones(n), np.arange(n)), n)
    np.testing.assert_allclose(found @ blocks, np.eye(n), atol=1e-8)


def test_on_a_face_it_is_the_inverse_of_the_block():
    kernel = cut(gaussian_kernel(groups_of_copies(5, 4, 0.2), 0.2), 0.1)
    face = np.array([0, 2, 3, 7, 8, 9, 10, 19])
    found = dense_inverse(approximate_inverse(strong_pairs(kernel), np.ones(20), face), len(face))
    np.testing.assert_allclose(found @ kernel.toarray()[np.ix_(face, face)], np.eye(len(face)), atol=1e-8)


@pytest.mark.parametrize("kind", ["indefinite", "identical rows", "many neighbours"])
def test_it_is_positive_definite_whatever_the_matrix_is(kind):
    rng = np.random.default_rng(1)
    if kind == "indefinite":
        part = sp.random_array((60, 60), density=0.2, rng=rng, data_sampler=lambda size: -rng.random(size))
        kernel = sp.csr_array(part + part.T + sp.eye_array(60))
        assert np.linalg.eigvalsh(kernel.toarray())[0] < 0
    elif kind == "identical rows":
        kernel = sp.csr_array(np.kron(np.eye(20), np.ones((3, 3))))
    else:
        kernel = sp.csr_array(gaussian_kernel(rng.normal(size=(60, 2)), 2.0))
    found = dense_inverse(approximate_inverse(strong_pairs(kernel), np.ones(60), np.arange(60)), 60)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, found.T, rtol=1e-9, atol=1e-9 * np.abs(found).max())
    values = np.linalg.eigvalsh(found)
    assert values[0] > -1e-13 * values[-1]  # positive up to rounding
    r = rng.normal(size=(60, 20))
    assert (np.einsum("ij,ij->j", r, found @ r) > 0).all()


def test_strong_pairs_are_those_above_a_tenth_of_their_diagonal():
    kernel = sp.csr_array([[4.0, 0.5, 0.0], [0.5, 1.0, 0.05], [0.0, 0.05, 1.0]])
    assert strong_pairs(kernel).toarray().tolist() == [[0, 0.5, 0], [0.5, 0, 0], [0, 0, 0]]


def test_it_saves_most_products_where_near_copies_make_small_eigenvalues(monkeypatch):
    kernel = cut(gaussian_kernel(groups_of_copies(150, 8, 0.06), 0.3), 0.01)
    n = kernel.shape[0]
    product, ones, face = simplex_qp_face.multiply, np.ones(n), np.arange(n)
    g = kernel @ (ones / n) + 1e-3 * np.random.default_rng(2).normal(size=n)
    n_products = 0

    def count(matrix, v):
        nonlocal n_products
        n_products += 1
        return product(matrix, v)

    monkeypatch.setattr(simplex_qp_face, "multiply", count)
    counts = []
    for inverse in (approximate_inverse(strong_pairs(kernel), ones, face), None):
        n_products, level, direction = 0, 1e-6 * np.ptp(g), np.zeros(n)
        while n_products < 3_000 and np.ptp(g + kernel @ direction) > level:  # a call ends at a fiftieth
            step, _ = conjugate_direction(
                kernel, 0 * ones, ones, g + kernel @ direction, face, target=level, inverse=inverse
            )
            direction += step
        assert np.ptp(g + kernel @ direction) <= level
        assert direction.sum() == pytest.approx(0.0, abs=1e-8)
        counts.append(n_products)
    assert counts[0] < 0.3 * counts[1]
