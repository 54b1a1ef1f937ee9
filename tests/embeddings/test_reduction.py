"""Principal components: against a plain decomposition, and where there is little to decompose."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof._core.errors import InputError, ParameterError
from cloneproof.embeddings import reduce_dimension

POINTS = np.random.default_rng(0).normal(size=(30, 6)) * [5, 3, 1, 1, 0.5, 0.1]


def test_equals_a_plain_decomposition():
    reduction = reduce_dimension(POINTS, 2)
    centred = POINTS - POINTS.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs(reduction.embeddings), np.abs(u[:, :2] * s[:2]), atol=1e-4)
    np.testing.assert_allclose(reduction.explained_variance_ratio, (s**2 / (s**2).sum())[:2], rtol=1e-5)
    assert reduction.explained_variance == pytest.approx(reduction.explained_variance_ratio.sum())
    assert reduction.embeddings.dtype == np.float32


def test_the_same_twice_and_equal_rows_stay_equal():
    points = np.vstack([POINTS, POINTS[:5], POINTS[:5]])
    one, two = reduce_dimension(points, 3), reduce_dimension(points, 3)
    np.testing.assert_array_equal(one.embeddings, two.embeddings)
    np.testing.assert_array_equal(one.embeddings[:5], one.embeddings[30:35])
    np.testing.assert_array_equal(one.embeddings[:5], one.embeddings[35:])


def test_all_components_keep_distances():
    reduced = reduce_dimension(POINTS, 6)
    assert reduced.explained_variance == pytest.approx(1)
    np.testing.assert_allclose(
        np.linalg.norm(reduced.embeddings[0] - reduced.embeddings[1]),
        np.linalg.norm(POINTS[0] - POINTS[1]),
        rtol=1e-5,
    )


@pytest.mark.parametrize("points", [np.ones((1, 4)), np.ones((5, 4))])
def test_one_point_or_copies_of_it(points):
    reduction = reduce_dimension(points, 1)
    np.testing.assert_array_equal(reduction.embeddings, np.zeros((len(points), 1)))
    assert reduction.explained_variance == 0


@pytest.mark.parametrize("n_components", [0, 7, 31, 1.5, None])
def test_n_components_is_checked(n_components):
    with pytest.raises(ParameterError, match="n_components"):
        reduce_dimension(POINTS, n_components)


def test_points_are_checked():
    with pytest.raises(InputError, match="row 3"):
        reduce_dimension(np.where(np.arange(30)[:, None] == 3, np.nan, POINTS), 2)
