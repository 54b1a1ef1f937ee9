"""Slow twins: removals by trying all subsets, maxima of normals by sampling, boards by simulation."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry


def battles(rewards, n, seed, *, ties=0.0, names=None):
    """Draw n battles of random pairs from one Bradley-Terry model."""
    rng = np.random.default_rng(seed)
    m = len(rewards)
    left = rng.integers(0, m, n)
    right = (left + rng.integers(1, m, n)) % m
    p = 1.0 / (1.0 + np.exp(-(np.asarray(rewards)[left] - np.asarray(rewards)[right])))
    outcome = (rng.random(n) < p).astype(float)
    outcome[rng.random(n) < ties] = 0.5
    ids = [f"m{k}" for k in range(m)] if names is None else names
    return Comparisons.from_arrays(left, right, outcome, ids=np.array(ids, dtype=object))


def difference_without(comparisons, rows, above, below, regularization):
    """Refit without some rows, the ridge as strong as before in units of one comparison."""
    keep = np.setdiff1d(np.arange(len(comparisons)), rows)
    strength = regularization * len(comparisons) / len(keep)
    r = BradleyTerry(regularization=strength, tol=1e-12).fit(comparisons.select(keep)).rewards_
    return r[above] - r[below]


def brute_force_fewest(comparisons, above, below, regularization, most):
    """The fewest rows whose removal swaps two alternatives, by trying all subsets; None beyond `most`."""
    for k in range(1, most + 1):
        for rows in combinations(range(len(comparisons)), k):
            if difference_without(comparisons, list(rows), above, below, regularization) <= 0.0:
                return k
    return None


def conflict(seed=0, n=1200):
    """A cycle of tastes: no Bradley-Terry model fits, so who else is on the board matters."""
    rng = np.random.default_rng(seed)
    p = {(0, 1): 0.8, (1, 2): 0.75, (0, 2): 0.3, (0, 3): 0.6, (1, 3): 0.45, (2, 3): 0.7}
    pairs = list(p)
    drawn = rng.integers(0, len(pairs), n)
    left = [pairs[k][0] for k in drawn]
    right = [pairs[k][1] for k in drawn]
    outcome = [float(rng.random() < p[pairs[k]]) for k in drawn]
    return Comparisons.from_arrays(left, right, outcome, ids=np.array(["a", "b", "c", "d"], dtype=object))
