"""Uniform weights, the effective sample size and the checks that every weighting makes of its input."""

import numpy as np
import pytest

from cloneproof import InputError
from cloneproof.weights import UniformWeights, effective_sample_size
from tests.weights.sklearn_checks import parametrize_checks


@parametrize_checks(UniformWeights())
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def test_every_alternative_counts_once():
    fitted = UniformWeights().fit([[0.0], [1.0], [1.0], [1.0]])
    assert fitted.weights_.tolist() == [0.25] * 4
    assert fitted.effective_sample_size_ == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("weights", "size"), [([1.0], 1.0), ([3.0, 0.0], 1.0), ([2.0, 2.0], 2.0), ([1e-300, 1e-300], 2.0)]
)
def test_effective_sample_size(weights, size):
    assert effective_sample_size(weights) == pytest.approx(size)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([], "not be empty"),
        ([[1.0]], r"shape \(1, 1\)"),
        ([0.0, 0.0], "positive sum"),
        ([1.0, -1.0], r"first: -1\.0 \(position 1\)"),
        ([1.0, np.nan], r"1 of 2 are not, first: nan"),
    ],
)
def test_bad_weights_are_named(weights, message):
    with pytest.raises(InputError, match=message):
        effective_sample_size(weights)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[0.0, 1.0], [np.nan, 1.0]], r"first: nan \(row 1, column 0\)"),
        ([[0.0], [np.inf]], r"first: inf \(row 1, column 0\)"),
        ([[0.0], [1e200]], r"1e\+150"),
        ([1.0, 2.0], "Expected 2D array"),
        (np.empty((0, 3)), "0 sample"),
        ([["a"]], "could not convert"),
    ],
)
def test_bad_tables_are_named(X, message):
    with pytest.raises(InputError, match=message):
        UniformWeights().fit(X)
