"""An independent, slow twin of the weighted maximum-likelihood rewards: dense Newton on the identity."""

from __future__ import annotations

import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-np.asarray(x, dtype=float)))


def slow_rewards(win_rates, weights, regularization):
    """Solve ``sum_b w_b (p_ab - s(r_a - r_b)) = lambda r_a`` by damped Newton, one loop a row."""
    p, w = np.asarray(win_rates, dtype=float), np.asarray(weights, dtype=float)
    m = len(w)

    def miss(r):
        out = np.empty(m)
        for a in range(m):
            out[a] = sum(w[b] * (p[a, b] - sigmoid(r[a] - r[b])) for b in range(m) if b != a)
            out[a] -= regularization * r[a]
        return out

    r = np.zeros(m)
    for _ in range(200):
        e = miss(r)
        if np.abs(e).max() < 1e-14:
            break
        slope = sigmoid(r[:, None] - r[None, :])
        slope = slope * (1 - slope) * w[None, :]
        np.fill_diagonal(slope, 0.0)
        jacobian = np.diag(slope.sum(axis=1) + regularization) - slope
        step = np.linalg.solve(jacobian, e)
        length = 1.0
        while np.abs(miss(r + length * step)).max() > (1 - 0.1 * length) * np.abs(e).max() and length > 1e-6:
            length *= 0.5
        r = r + length * step
    return r


def plain_objective(win_rates, rewards, ridge):
    """The standard regularised negative log-likelihood, unweighted, by a double loop."""
    value = 0.0
    for a in range(len(rewards)):
        for b in range(a + 1, len(rewards)):
            s = sigmoid(rewards[a] - rewards[b])
            value -= win_rates[a][b] * np.log(s) + win_rates[b][a] * np.log(1 - s)
    return value + 0.5 * ridge * float(np.sum(np.square(rewards)))
