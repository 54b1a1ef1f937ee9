"""Slow twins of the Bradley-Terry engine: double loops and textbook Newton, nothing shared with it."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from cloneproof.preferences import Comparisons


def sigmoid(d):
    return 1 / (1 + math.exp(-d)) if d >= 0 else math.exp(d) / (1 + math.exp(d))


def slow_objective(r, rows, omega, w, strength):
    """The objective of the module docstring, one row after the other."""
    value = 0.0
    for (a, b, y), weight in zip(rows, omega, strict=True):
        d = r[a] - r[b]
        value += weight * (y * math.log1p(math.exp(-d)) + (1 - y) * math.log1p(math.exp(d)))
    return value + strength / 2 * sum(wa * x * x for wa, x in zip(w, r, strict=True))


def slow_newton(c, w=None, omega=None, strength=0.01):
    """Rewards by Newton's method with double loops; `omega` as given, or balanced for w, or plain."""
    m = c.n_alternatives
    rows = list(zip(c.left.tolist(), c.right.tolist(), c.outcome.tolist(), strict=True))
    count = c.count.tolist()
    if omega is None and w is not None:
        seen = {}
        for (a, b, _), k in zip(rows, count, strict=True):
            seen[frozenset((a, b))] = seen.get(frozenset((a, b)), 0) + k
        omega = [w[a] * w[b] * k / seen[frozenset((a, b))] for (a, b, _), k in zip(rows, count, strict=True)]
    elif omega is None:
        omega = count
    w = [1 / m] * m if w is None else [x / sum(w) for x in w]
    total = (1 - sum(x * x for x in w)) / 2
    omega = [x * total / sum(omega) for x in omega]
    r = np.zeros(m)
    for _ in range(200):
        gradient, hessian = np.zeros(m), np.zeros((m, m))
        for a in range(m):
            gradient[a] += strength * w[a] * r[a]
            hessian[a, a] += strength * w[a]
        for (a, b, y), weight in zip(rows, omega, strict=True):
            p = sigmoid(r[a] - r[b])
            gradient[a] += weight * (p - y)
            gradient[b] -= weight * (p - y)
            h = weight * p * (1 - p)
            hessian[a, a] += h
            hessian[b, b] += h
            hessian[a, b] -= h
            hessian[b, a] -= h
        if strength == 0:
            hessian += np.outer(w, w)
        step = np.linalg.solve(hessian, gradient)
        step *= min(1.0, 1.0 / max(np.abs(step).max(), 1e-300))
        r = r - step
        if np.abs(step).max() < 1e-14:
            break
    return r - np.dot(w, r)


def slow_dense_newton(P, w, strength=0.01):
    """Solve ``sum_b w_b (p_ab - s(r_a - r_b)) = lambda r_a`` for all a, also those of weight 0."""
    m, r = len(P), np.zeros(len(P))
    off = 1 - np.eye(m)
    for _ in range(200):
        s = 1 / (1 + np.exp(r[None, :] - r[:, None]))
        miss = ((P - s) * off) @ w - strength * r
        bend = s * (1 - s) * off * w[None, :]
        step = np.linalg.solve(np.diag(bend.sum(1) + strength) - bend, miss)
        step *= min(1.0, 1.0 / max(np.abs(step).max(), 1e-300))
        r = r + step
        if np.abs(step).max() < 1e-15:
            break
    return r


def random_win_rates(m, rng):
    P = np.triu(rng.uniform(0.02, 0.98, (m, m)), 1)
    return P + np.tril(1 - P.T, -1) + 0.5 * np.eye(m)


def random_battles(m, n, rng, *, spread=1.0, ties=0.1):
    """Battles of a Bradley-Terry world, with some ties; returns comparisons and true rewards."""
    truth = rng.normal(scale=spread, size=m)
    left = rng.integers(0, m, n)
    right = (left + rng.integers(1, m, n)) % m
    p = 1 / (1 + np.exp(truth[right] - truth[left]))
    u = rng.random(n)
    outcome = np.where(u < ties, 0.5, (u - ties < (1 - ties) * p).astype(float))
    return Comparisons.from_arrays(left, right, outcome, ids=np.arange(m)), truth


@st.composite
def comparisons(draw, max_alternatives=7, max_rows=25):
    """Comparisons with ties, soft outcomes, repeats, lone pairs, counts and idle alternatives."""
    m = draw(st.integers(2, max_alternatives))
    n = draw(st.integers(1, max_rows))
    left = draw(st.lists(st.integers(0, m - 1), min_size=n, max_size=n))
    shift = draw(st.lists(st.integers(1, m - 1), min_size=n, max_size=n))
    outcome = draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 0.3]), min_size=n, max_size=n))
    count = draw(st.lists(st.sampled_from([1.0, 1.0, 2.0, 7.0]), min_size=n, max_size=n))
    right = [(a + s) % m for a, s in zip(left, shift, strict=True)]
    return Comparisons.from_arrays(left, right, outcome, count=count, ids=np.arange(m))
