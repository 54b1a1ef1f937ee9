"""Which alternatives an attacker clones: at random, by influence, or by search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg
from scipy.sparse import csr_array

from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.audit.suite.world import World
from cloneproof.rewards.feature_model_base import mean_variance
from cloneproof.rewards.objective import logistic, total_comparison_weight

__all__ = ["TARGETING", "by_influence", "search_targets", "target_effects"]

TARGETING = ("random", "influence", "search")
"""How targets are chosen; the last two are worst cases: for plain rewards, and for the method at hand."""


def target_effects(world: World, rewards: FloatArray) -> FloatArray:
    """Estimate how far each reward moves per copy of each alternative, to first order.

    Repeating the rows of alternative a once more moves the plain rewards by ``Z H^-1 g_a``, g_a the
    gradient of those rows less their share of all rows' gradient (weights keep their sum), H the Hessian, Z
    the embeddings (linear) or the identity (tabular).

    Parameters
    ----------
    world : World
    rewards : ndarray of shape (n_alternatives,)
        Plain rewards on the clean data.

    Returns
    -------
    effects : ndarray of shape (n_alternatives, n_alternatives)
        ``effects[a]`` is how all rewards move, centred.

    Notes
    -----
    O(n d^2 + d^3 + m^2 d), for tabular rewards d = m. That the clones get a share of the ridge is left out.
    """
    c, m = world.comparisons, world.n_alternatives
    gap = rewards[c.left] - rewards[c.right]
    chosen = logistic(gap)
    pull, curvature = c.count * (c.outcome - chosen), c.count * chosen * (1.0 - chosen)
    n = c.n_comparisons
    rows, ones = np.arange(n), np.ones(n)
    difference: Any = csr_array((ones, (rows, c.left)), shape=(n, m)) - csr_array(
        (ones, (rows, c.right)), shape=(n, m)
    )
    names: Any = abs(difference).T.tocsr()
    names_share = np.asarray(names @ c.count) / c.count.sum()
    total = c.count.sum() / total_comparison_weight(np.full(m, 1.0 / m))  # of the objective, in rows
    if world.reward == "tabular":
        ridge = max(world.regularization * total / m, 1e-9)
        hessian = (difference.T @ (difference * curvature[:, None])).toarray() + ridge * np.eye(m)
        pulls = (names @ (difference * pull[:, None])).toarray()
        pulls -= names_share[:, None] * (difference.T @ pull)
        moved = scipy.linalg.solve(hessian, pulls.T, assume_a="pos").T
    else:
        centred = world.embeddings - world.embeddings.mean(axis=0)
        D = centred[c.left] - centred[c.right]
        unit = mean_variance(centred, np.full(m, 1.0 / m))
        shrink = max(world.shrinkage, 1e-6) * unit * total
        hessian = (D.T * curvature) @ D + (world.regularization * total / m) * centred.T @ centred
        hessian += shrink * np.eye(D.shape[1])
        pulls = names @ (D * pull[:, None]) - names_share[:, None] * (D.T @ pull)
        moved = (centred @ scipy.linalg.solve(hessian, pulls.T, assume_a="pos")).T
    return np.asarray(moved - moved.mean(axis=1, keepdims=True), dtype=np.float64)


def by_influence(effects: FloatArray, candidates: IntArray, n_targets: int) -> IntArray:
    """Choose targets greedily so that their effects together move some reward furthest.

    Parameters
    ----------
    effects : ndarray of shape (n_alternatives, n_alternatives)
        From :func:`target_effects`.
    candidates : int ndarray
    n_targets : int

    Returns
    -------
    targets : int64 ndarray, ascending
    """
    total = np.zeros(effects.shape[1])
    left, chosen = list(candidates.tolist()), []
    for _ in range(min(n_targets, len(left))):
        reached = np.abs(total + effects[left]).max(axis=1)
        best = left.pop(int(np.argmax(reached)))
        chosen.append(best)
        total = total + effects[best]
    return np.sort(np.array(chosen, dtype=np.int64))


def search_targets(
    harm: Callable[[IntArray], float],
    start: IntArray,
    candidates: IntArray,
    *,
    budget: int,
    rng: np.random.Generator,
) -> tuple[IntArray, float]:
    """Search for the targets that harm most, by trying: one target is swapped at a time.

    Parameters
    ----------
    harm : callable
        What the attacker wants to be large, of a set of targets; one refit each.
    start : int64 ndarray
        Where to begin.
    candidates : int64 ndarray
    budget : int
        Number of refits, the start's included.
    rng : Generator

    Returns
    -------
    targets : int64 ndarray, ascending
    harm : float
        Of these targets: at least that of `start`.
    """
    best, worst = np.sort(start), harm(np.sort(start))
    others = np.setdiff1d(candidates, best)
    for _ in range(budget - 1):
        if len(others) == 0:
            break
        trial = best.copy()
        if rng.random() < 0.3:  # a fresh start now and then: swaps alone stay near the first guess
            trial = rng.choice(candidates, size=len(best), replace=False)
        else:
            trial[int(rng.integers(len(trial)))] = int(rng.choice(others))
        trial = np.sort(trial)
        found = harm(trial)
        if found > worst:
            best, worst = trial, found
            others = np.setdiff1d(candidates, best)
    return best, worst
