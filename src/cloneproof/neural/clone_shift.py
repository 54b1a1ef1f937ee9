"""How far the rewards of a network move when it is trained with and without injected clones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from cloneproof._core.errors import ParameterError
from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import check_integer, check_number
from cloneproof.audit import inject_clones, measure_shift
from cloneproof.neural.reward_network import RewardNetwork
from cloneproof.preferences import Comparisons
from cloneproof.rewards import comparison_weights
from cloneproof.rewards.feature_model_rows import as_embeddings

__all__ = ["NetworkShift", "measure_network_shift"]


@dataclass(frozen=True, kw_only=True)
class NetworkShift:
    """How far rewards moved between networks trained without and with clones, over the originals.

    Parameters
    ----------
    weighting : {"plain", "weighted"}
    copies : int
        Clones of each target.
    noise : float
        Their distance from the original.
    n_targets : int
    n_repeats : int
        Seeds; each is compared with itself, with and without clones.
    max_shift, max_shift_se : float
        Largest centred move of a reward: mean over seeds, and its standard error.
    mean_shift : float
        Mean absolute centred move, mean over seeds.
    seed_shift : float
        The largest centred move between two seeds without clones (mean over neighbouring seeds): what
        moves without any clone. None with one seed.
    kendall_tau : float
        Agreement of the orders before and after, mean over seeds.
    """

    weighting: str
    copies: int
    noise: float
    n_targets: int
    n_repeats: int
    max_shift: float
    max_shift_se: float | None
    mean_shift: float
    seed_shift: float | None
    kendall_tau: float

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return asdict(self)


def measure_network_shift(
    comparisons: Comparisons,
    X: ArrayLike,
    network: RewardNetwork | None = None,
    *,
    weighting: Any,
    copies: int = 10,
    noise: float = 0.0,
    targets: int | Sequence[int] = 20,
    comparison_weights_method: str = "diversity",
    random_state: int = 0,
) -> tuple[NetworkShift, NetworkShift]:
    """Train networks plain and weighted, with and without clones of some alternatives, and compare.

    Parameters
    ----------
    comparisons : Comparisons
    X : array-like of shape (n_alternatives, n_dims)
    network : RewardNetwork, default=None
        Whose options to train with; it is not changed. None: the defaults with 5 repeats.
    weighting : estimator with ``fit(X)`` and ``weights_``
        Fitted anew on the cloned data.
    copies : int, default=10
        Clones of each target; every row of a target is repeated for each.
    noise : float, default=0.0
        Distance of the clones from their originals.
    targets : int or sequence of int, default=20
        Which alternatives to clone, or how many, drawn at random.
    comparison_weights_method : {"product", "balanced", "diversity"}, default="diversity"
        See :func:`cloneproof.comparison_weights`.
    random_state : int, default=0
        Of the targets and the noise; the seeds of training are the network's.

    Returns
    -------
    plain, weighted : NetworkShift

    Notes
    -----
    Four trainings of all repeats. A network's rewards also move with its seed; each seed is compared with
    itself, and `seed_shift` tells how much seeds differ without clones.
    """
    points = as_embeddings(X, comparisons.n_alternatives)
    check_integer("copies", copies, low=1)
    check_number("noise", noise, low=0.0)
    if weighting is None:
        raise ParameterError("weighting must be an estimator such as DiversityWeights(). Got None.")
    like = RewardNetwork(n_repeats=5) if network is None else network
    m = comparisons.n_alternatives
    if isinstance(targets, (int, np.integer)):
        compared = np.union1d(comparisons.left, comparisons.right)
        n = min(check_integer("targets", targets, low=1), len(compared))
        rng = np.random.default_rng([random_state, 0])
        chosen = np.sort(rng.choice(compared, size=n, replace=False)).astype(np.int64)
    else:
        chosen = np.asarray(list(targets), dtype=np.int64)
    cloned = inject_clones(
        comparisons,
        points,
        targets=chosen,
        copies=copies,
        noise=noise,
        random_state=np.random.default_rng([random_state, 1]),
    )
    found = []
    with track("training with and without clones", total=4) as advance:
        for name in ("plain", "weighted"):
            rewards = []
            for c, x in ((comparisons, points), (cloned.comparisons, cloned.embeddings)):
                w = omega = None
                if name == "weighted":
                    fitted = clone(weighting).fit(x)
                    w = np.asarray(fitted.weights_)
                    omega = comparison_weights(
                        c,
                        alternative_weight=w,
                        embeddings=x,
                        method=comparison_weights_method,
                        scale=getattr(fitted, "scale_", None) or "auto",
                    )
                made = like.copy().fit(c, x, w, omega)
                rewards.append(made.repeat_rewards_[:, :m])
                advance(1)
            found.append(_compare(name, rewards[0], rewards[1], copies, noise, len(chosen)))
    return found[0], found[1]


def _compare(
    name: str, before: FloatArray, after: FloatArray, copies: int, noise: float, n_targets: int
) -> NetworkShift:
    shifts = [measure_shift(r, s) for r, s in zip(before, after, strict=True)]
    n = len(shifts)
    largest = np.array([s.max_shift_centred for s in shifts])
    between = [measure_shift(before[k - 1], before[k]).max_shift_centred for k in range(n)] if n > 1 else []
    return NetworkShift(
        weighting=name,
        copies=copies,
        noise=float(noise),
        n_targets=n_targets,
        n_repeats=n,
        max_shift=float(largest.mean()),
        max_shift_se=float(largest.std(ddof=1) / n**0.5) if n > 1 else None,
        mean_shift=float(np.mean([s.mean_shift_centred for s in shifts])),
        seed_shift=float(np.mean(between)) if between else None,
        kendall_tau=float(np.mean([s.kendall_tau for s in shifts])),
    )
