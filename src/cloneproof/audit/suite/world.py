"""A data set under test: clean training comparisons, held-out ones, and how rewards are learned."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import CloneProofWarning, InputError
from cloneproof._core.steps import array_digest
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof._core.validation import check_choice, check_number
from cloneproof.audit.choices import choose_reward, measure_coverage
from cloneproof.audit.options import REWARDS
from cloneproof.audit.sampling import audit_sample
from cloneproof.preferences import Comparisons
from cloneproof.rewards import LinearReward
from cloneproof.weights import choose_scale

__all__ = ["Encode", "World", "make_world"]

_PAIRS_TO_HOLD_OUT = 20
_PAIRS_TO_CHOOSE_SHRINKAGE = 30


class Encode(Protocol):
    """How new texts get embeddings: the encoder that made those of the world."""

    @property
    def name(self) -> str:
        """What the vectors depend on."""

    def __call__(self, texts: Sequence[str], prompts: Sequence[str] | None) -> FloatArray:
        """Return the vectors of texts, shape (n_texts, n_dims)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """A clean data set that attacks are tried on.

    Parameters
    ----------
    name : str
    comparisons : Comparisons
        The training rows, over the alternatives that they name.
    embeddings : float64 ndarray of shape (n_alternatives, n_dims)
    scale : float
        h: the distance at which two texts count as saying the same.
    reward : {"tabular", "linear"}
    regularization, shrinkage : float
        The same for every method, so that what differs is the weights.
    by : {None, "annotator"}
        Passed to :func:`cloneproof.comparison_weights`.
    test : Comparisons or None
        Held-out rows. For tabular rewards over the same alternatives, else over those of
        `test_embeddings`.
    test_embeddings : float64 ndarray of shape (n_test_alternatives, n_dims) or None
    encode : Encode or None
        None: no text can be encoded anew, so that attacks on texts are left out.
    paraphrases : mapping of int to sequence of str, or to an array of shape (n, n_dims)
        For some alternatives (positions) what says the same: texts, or their embeddings.
    """

    name: str
    comparisons: Comparisons
    embeddings: FloatArray
    scale: float
    reward: str
    regularization: float = 0.01
    shrinkage: float = 0.0
    by: str | None = None
    test: Comparisons | None = None
    test_embeddings: FloatArray | None = None
    encode: Encode | None = None
    paraphrases: Mapping[int, Any] = field(default_factory=dict)

    @property
    def n_alternatives(self) -> int:
        """Number of clean alternatives, m."""
        return self.comparisons.n_alternatives

    @property
    def reference(self) -> FloatArray:
        """Points that stand for the space, whatever is cloned: held-out texts, else the clean ones."""
        return self.embeddings if self.test_embeddings is None else self.test_embeddings

    @property
    def prompt_groups(self) -> IntArray | None:
        """The prompt of each alternative as a number, where most prompts have several answers."""
        prompts = self.comparisons.prompts
        if prompts is None:
            return None
        codes: dict[str, int] = {}
        groups = np.fromiter((codes.setdefault(p, len(codes)) for p in prompts), np.int64, len(prompts))
        return groups if np.median(np.bincount(groups)) >= 3 else None

    def key(self) -> dict[str, Any]:
        """Return what every result depends on, JSON-ready."""
        c, t = self.comparisons, self.test
        said = [
            None if self.comparisons.texts is None else array_digest(self.comparisons.texts),
            None if self.comparisons.prompts is None else array_digest(self.comparisons.prompts),
        ]
        others = [array_digest(np.asarray(self.paraphrases[k])) for k in sorted(self.paraphrases)]
        return {
            "train": array_digest(c.left, c.right, c.outcome, c.count, c.annotator, self.embeddings),
            "test": None if t is None else array_digest(t.left, t.right, t.outcome, t.count),
            "test_embeddings": array_digest(self.test_embeddings),
            "texts": said,
            "paraphrases": [sorted(self.paraphrases), others],
            "encode": None if self.encode is None else self.encode.name,
            "options": [self.scale, self.reward, self.regularization, self.shrinkage, self.by],
        }


def make_world(
    name: str,
    comparisons: Comparisons,
    embeddings: ArrayLike,
    *,
    scale: float | None = None,
    reward: str = "auto",
    regularization: float = 0.01,
    shrinkage: float | str = "auto",
    by: str | None = None,
    hold_out: float = 0.2,
    limit: int = 1_200,
    encode: Encode | None = None,
    paraphrases: Mapping[str, Sequence[str]] | None = None,
    random_state: int = 0,
) -> World:
    """Make a world of real comparisons: a sample of them, with a share of the pairs held out.

    Parameters
    ----------
    name : str
    comparisons : Comparisons
    embeddings : array-like of shape (n_alternatives, n_dims)
    scale : float, default=None
        h; None: :func:`cloneproof.weights.choose_scale` of the training alternatives.
    reward : {"auto", "tabular", "linear"}, default="auto"
        "auto": tabular where an alternative has ten or more comparisons (median), else linear.
    regularization : float, default=0.01
    shrinkage : float or "auto", default="auto"
        The linear reward's; "auto": by held-out likelihood of the plain fit on the clean training rows.
    by : {None, "annotator"}, default=None
    hold_out : float, default=0.2
        Share of the compared pairs (all rows on a pair together) kept for measuring accuracy. With
        fewer than 20 pairs none. Where `limit` leaves out at least as many rows, those are used
        instead (linear rewards). 0: none.
    limit : int, default=1_200
        Alternatives for training at most; beyond, a random sample of the rows, whole prompts where there
        are prompts.
    encode : Encode, default=None
    paraphrases : mapping of text to sequence of texts, default=None
        What says the same as a text of the comparisons.
    random_state : int, default=0

    Raises
    ------
    InputError
        If embeddings do not fit, or fewer than three alternatives are left for training.
    """
    points = np.asarray(embeddings, dtype=np.float64)
    if points.ndim != 2 or len(points) != comparisons.n_alternatives:
        raise InputError(
            f"embeddings has shape {points.shape} but the comparisons name "
            f"{comparisons.n_alternatives:,} alternatives. Give one row per alternative."
        )
    share = check_number("hold_out", hold_out, low=0.0, high=1.0)
    rows, kept = audit_sample(comparisons, limit, random_state=random_state)
    sample = comparisons.restrict(rows, kept)
    asked = check_choice("reward", reward, ("auto", *REWARDS))
    kind = choose_reward(measure_coverage(sample), asked).value
    others = np.setdiff1d(np.arange(comparisons.n_comparisons), rows) if kind == "linear" else rows[:0]
    enough = len(others) >= share * len(rows) > 0  # rows beyond the sample test it without costing any
    held_out = np.zeros(len(rows), dtype=bool) if enough else _hold_out(sample, share, random_state)
    train_rows, test_rows = rows[~held_out], others if enough else rows[held_out]
    used = np.union1d(comparisons.left[train_rows], comparisons.right[train_rows]).astype(np.int64)
    if len(used) < 3:
        raise InputError(f"A clone audit needs at least 3 alternatives that are compared. Got {len(used)}.")
    train = comparisons.restrict(train_rows, used)
    if kind == "tabular":
        known = np.isin(comparisons.left[test_rows], used) & np.isin(comparisons.right[test_rows], used)
        test_rows, test_over = test_rows[known], used
    else:
        test_over = np.union1d(comparisons.left[test_rows], comparisons.right[test_rows]).astype(np.int64)
    test = comparisons.restrict(test_rows, test_over) if len(test_rows) else None
    inside = points[used]
    return World(
        name=name,
        comparisons=train,
        embeddings=inside,
        scale=float(choose_scale(inside)) if scale is None else check_number("scale", scale, low=0.0),
        reward=kind,
        regularization=check_number("regularization", regularization, low=0.0),
        shrinkage=_fix_shrinkage(train, inside, kind, regularization, shrinkage),
        by=by,
        test=test,
        test_embeddings=None if test is None or kind == "tabular" else points[test_over],
        encode=encode,
        paraphrases=_place_paraphrases(train, paraphrases or {}),
    )


def _hold_out(comparisons: Comparisons, share: float, seed: int) -> Any:
    """Return a mask of the rows whose unordered pair is held out."""
    low = np.minimum(comparisons.left, comparisons.right).astype(np.int64)
    high = np.maximum(comparisons.left, comparisons.right).astype(np.int64)
    pairs, pair = np.unique(low * comparisons.n_alternatives + high, return_inverse=True)
    if len(pairs) < _PAIRS_TO_HOLD_OUT:
        return np.zeros(comparisons.n_comparisons, dtype=bool)
    order = np.random.default_rng([seed, 3]).permutation(len(pairs))
    return (order < round(share * len(pairs)))[pair.ravel()]


def _fix_shrinkage(
    train: Comparisons, points: FloatArray, kind: str, regularization: float, shrinkage: float | str
) -> float:
    """Return the shrinkage that every method uses."""
    if kind != "linear":
        return 0.0
    if not isinstance(shrinkage, str):
        return check_number("shrinkage", shrinkage, low=0.0)
    check_choice("shrinkage", shrinkage, ("auto",))
    if measure_coverage(train).n_pairs < _PAIRS_TO_CHOOSE_SHRINKAGE:
        return 0.1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CloneProofWarning)
        plain = LinearReward(regularization=regularization, shrinkage="auto").fit(train, points)
    return float(plain.shrinkage_)


def _place_paraphrases(train: Comparisons, known: Mapping[str, Sequence[str]]) -> dict[int, Any]:
    """Return the paraphrases of the texts that the training rows hold, by position."""
    if train.texts is None:
        return {}
    return {i: tuple(known[text]) for i, text in enumerate(train.texts) if known.get(text)}
