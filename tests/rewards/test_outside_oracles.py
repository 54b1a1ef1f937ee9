"""Fits equal those of scikit-learn's logistic regression: plain, soft, counted, weighted."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry, total_comparison_weight

STRENGTH = 0.05


def logistic_regression(c, w, omega, strength):
    """Minimise the same objective, in coordinates in which the ridge is the same for all."""
    n, m = len(c), c.n_alternatives
    x = np.zeros((n, m))
    x[np.arange(n), c.left] += 1.0
    x[np.arange(n), c.right] -= 1.0
    scale = 1.0 / np.sqrt(w)
    x *= scale  # r_a = z_a / sqrt(w_a): (lambda / 2) sum w_a r_a^2 = (lambda / 2) |z|^2
    omega = omega / omega.sum() * total_comparison_weight(w)
    rows, labels = np.vstack([x, x]), np.r_[np.ones(n), np.zeros(n)]
    weight = np.r_[omega * c.outcome, omega * (1.0 - c.outcome)]
    kept = weight > 0
    model = LogisticRegression(C=1.0 / strength, fit_intercept=False, solver="newton-cholesky", tol=1e-12)
    model.fit(rows[kept], labels[kept], sample_weight=weight[kept])
    return model.coef_[0] * scale


@pytest.fixture(params=["ties", "soft"])
def counted(request):
    rng = np.random.default_rng(0)
    m, n = 12, 300
    left = rng.integers(0, m, n)
    right = (left + rng.integers(1, m, n)) % m
    outcome = rng.choice([0.0, 0.5, 1.0], n) if request.param == "ties" else rng.random(n)
    return Comparisons.from_arrays(left, right, outcome, count=rng.integers(1, 5, n), ids=np.arange(m))


def test_plain(counted):
    m = counted.n_alternatives
    there = logistic_regression(counted, np.full(m, 1.0 / m), counted.count, STRENGTH)
    np.testing.assert_allclose(BradleyTerry(regularization=STRENGTH).fit(counted).rewards_, there, atol=1e-7)


def test_weighted(counted):
    rng = np.random.default_rng(1)
    w = rng.dirichlet(np.ones(counted.n_alternatives))
    omega = w[counted.left] * w[counted.right] * counted.count
    there = logistic_regression(counted, w, omega, STRENGTH)
    found = BradleyTerry(regularization=STRENGTH).fit(counted, w, omega).rewards_
    np.testing.assert_allclose(found, there, atol=1e-6)


def test_balanced(counted):
    """Given alternative weights alone, each observed pair has ``w_a w_b``, shared by its comparisons."""
    rng = np.random.default_rng(2)
    m = counted.n_alternatives
    w = rng.dirichlet(np.ones(m))
    low, high = np.minimum(counted.left, counted.right), np.maximum(counted.left, counted.right)
    n_pair = np.bincount(low * m + high, counted.count, m * m)[low * m + high]
    there = logistic_regression(counted, w, w[low] * w[high] * counted.count / n_pair, STRENGTH)
    np.testing.assert_allclose(
        BradleyTerry(regularization=STRENGTH).fit(counted, w).rewards_, there, atol=1e-6
    )
