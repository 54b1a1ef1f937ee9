"""Which alternatives an attacker clones: at random, by influence, or by search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg
from scipy.sparse import csr_array

from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.audit.suite.world import World
from cloneproof.rewards.objective import logistic

__all__ = ["TARGETING", "by_influence", "search_targets", "target_effects"]

TARGETING = ("random", "influence", "search")
"""How targets are chosen; the last two are worst cases: for plain rewards, and for the method at hand."""

_TABULAR_UP_TO = 3_000


def target_effects(world: World, rewards: FloatArray) -> FloatArray:
    """Estimate how far each reward moves per copy of each alternative, to first order.

    Repeating the rows of alternative a once more moves the plain rewards by ``Z H^-1 g_a``, g_a the
    gradient of those rows, H the Hessian, Z the embeddings (linear) or the identity (tabular).

    Parameters
    ----------
    world : World
    rewards : ndarray of shape (n_alternatives,)
        Plain rewards on the clean data.

    Returns
    -------
    effects : ndarray of shape (n_alternatives, n_alternatives)
        ``effects[a]`` moves all rewards, centred; up to one common factor.

    Notes
    -----
    O(n d^2 + d^3 + m^2 d). What the linear reward's shrinkage adds to H is taken as the mean variance of
    the embeddings: the order of alternatives is what matters here.
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
    ridge = world.regularization * c.count.sum() / m
    if world.reward == "tabular":
        laplacian = (difference.T @ (difference * curvature[:, None])).toarray()
        pulls = (names @ (difference * pull[:, None])).toarray()
        hessian = laplacian + max(ridge, 1e-9) * np.eye(m)
        moved = scipy.linalg.solve(hessian, pulls.T, assume_a="pos").T
    else:
        centred = world.embeddings - world.embeddings.mean(axis=0)
        D = centred[c.left] - centred[c.right]
        shrink = max(world.shrinkage, 1e-6) * float(np.square(centred).mean()) * c.count.sum()
        hessian = (D.T * curvature) @ D + ridge * centred.T @ centred + shrink * np.eye(D.shape[1])
        moved = (centred @ scipy.linalg.solve(hessian, (names @ (D * pull[:, None])).T, assume_a="pos")).T
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
