"""What an attack did to one method: shifts, order, policy, sample size, accuracy."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.typing import FloatArray, IntArray
from cloneproof._core.validation import check_integer
from cloneproof.audit.clones import measure_shift
from cloneproof.audit.suite.case import Scored
from cloneproof.audit.suite.world import World
from cloneproof.weights import effective_sample_size

__all__ = ["Measures", "best_of_n_change", "held_out_accuracy", "measure"]


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What an attack did, over the clean alternatives.

    Parameters
    ----------
    max_shift, mean_shift, max_shift_centred, mean_shift_centred : float
        Natural-log odds; see :class:`cloneproof.audit.Shift`.
    max_shift_sd, rms_shift_sd : float
        Largest and root-mean-square centred shift, in standard deviations of the method's own rewards on
        the clean data: methods that shrink rewards gain nothing by it.
    kendall_tau : float
    top1_flip : float
        Whether the best alternative changed; with several answers a prompt, the share of prompts.
    best_of_n_change : float
        Share of the answers of a best-of-n policy that changed, see :func:`best_of_n_change`.
    ess_alternatives, ess_comparisons : float
        Effective sample sizes with the clones in the data, as shares of the clean numbers.
    accuracy : float
        On held-out clean comparisons; NaN where there are none.
    """

    max_shift: float
    mean_shift: float
    max_shift_centred: float
    mean_shift_centred: float
    max_shift_sd: float
    rms_shift_sd: float
    kendall_tau: float
    top1_flip: float
    best_of_n_change: float
    ess_alternatives: float
    ess_comparisons: float
    accuracy: float

    @classmethod
    def missing(cls) -> Measures:
        """Return what stands where a method failed: NaN everywhere."""
        return cls(**{f.name: float("nan") for f in fields(cls)})


def measure(world: World, before: FloatArray, after: Scored, *, best_of: int) -> Measures:
    """Compare a method's rewards on the clean data with those after an attack.

    Parameters
    ----------
    world : World
    before : ndarray of shape (n_alternatives,)
        The method's rewards on the clean data.
    after : Scored
        With clones; the clean alternatives come first.
    best_of : int
        n of the best-of-n policy.
    """
    m, n = world.n_alternatives, float(world.comparisons.count.sum())
    rewards = after.rewards[:m]
    moved = (rewards - rewards.mean()) - (before - before.mean())
    spread = float(before.std()) or 1.0
    groups = world.prompt_groups
    shift = asdict(measure_shift(before, rewards))
    if groups is not None:
        shift["top1_flip"] = _share_of_new_bests(before, rewards, groups)
    w, omega = after.alternative_weight, after.comparison_weight
    return Measures(
        **shift,
        max_shift_sd=float(np.abs(moved).max()) / spread,
        rms_shift_sd=float(np.sqrt(np.square(moved).mean())) / spread,
        best_of_n_change=best_of_n_change(before, rewards, n=best_of, groups=groups),
        ess_alternatives=(len(after.rewards) if w is None else effective_sample_size(w)) / m,
        ess_comparisons=float("nan") if omega is None else effective_sample_size(omega) / n,
        accuracy=held_out_accuracy(world, after),
    )


def best_of_n_change(
    before: ArrayLike, after: ArrayLike, *, n: int = 4, groups: IntArray | None = None
) -> float:
    """Measure how much a best-of-n policy changes when it follows other rewards.

    The policy draws n alternatives at random, with replacement, and gives the one of highest reward. The
    alternative of rank k from below of m is given with probability ``(k^n - (k-1)^n) / m^n``. Returned
    is the total variation distance of the two policies: the share of answers that differ.

    Parameters
    ----------
    before, after : array-like of shape (n_alternatives,)
        Rewards; equal ones share the probability of their ranks.
    n : int, default=4
    groups : int ndarray of shape (n_alternatives,), default=None
        The prompt of each alternative: a policy for each, averaged.

    Returns
    -------
    change : float
        In [0, 1].

    Examples
    --------
    >>> best_of_n_change([0.0, 1.0], [1.0, 0.0], n=2)
    0.5
    """
    check_integer("n", n, low=1)
    r, s = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    labels = np.zeros(len(r), dtype=np.int64) if groups is None else groups
    changes = [
        0.5 * float(np.abs(_policy(r[labels == g], n) - _policy(s[labels == g], n)).sum())
        for g in np.unique(labels)
    ]
    return float(np.mean(changes))


def _policy(rewards: FloatArray, n: int) -> FloatArray:
    """Return the probability with which best-of-n gives each alternative."""
    m = len(rewards)
    values, place, size = np.unique(rewards, return_inverse=True, return_counts=True)
    top = np.cumsum(size) / m
    bottom = top - size / m
    share = (top**n - bottom**n) / size
    return np.asarray(share[place.ravel()] if len(values) else np.zeros(0), dtype=np.float64)


def held_out_accuracy(world: World, scored: Scored) -> float:
    """Return the share of held-out comparisons that rewards predict; equal rewards count half."""
    test = world.test
    if test is None:
        return float("nan")
    if world.test_embeddings is not None:
        if scored.predict is None:
            return float("nan")
        rewards = scored.predict(world.test_embeddings)
    else:
        rewards = scored.rewards[: world.n_alternatives]
    won = np.sign(test.outcome - 0.5)
    decided = won != 0
    if not decided.any():
        return float("nan")
    gap = np.sign(rewards[test.left] - rewards[test.right])[decided]
    return float(np.average(0.5 * (1.0 + gap * won[decided]), weights=test.count[decided]))


def _share_of_new_bests(before: FloatArray, after: FloatArray, groups: IntArray) -> float:
    """Return the share of prompts whose best answer changed."""
    changed = [
        float(np.argmax(before[groups == g]) != np.argmax(after[groups == g])) for g in np.unique(groups)
    ]
    return float(np.mean(changed))
