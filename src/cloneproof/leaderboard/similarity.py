"""Which alternatives resemble each other: by their answers, by whom they beat, or by a given list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.preferences import Comparisons, empirical_win_rates
from cloneproof.rewards import BradleyTerry
from cloneproof.rewards.objective import logistic

__all__ = ["Resemblance", "answer_vectors", "vote_profiles", "weigh_by_families", "weigh_by_vectors"]

FEWEST_SHARED = 5
"""Prompts that all alternatives answered, from which on they are compared prompt by prompt."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Resemblance:
    """Weights of the alternatives and the families behind them.

    Parameters
    ----------
    weight : float64 ndarray of shape (n_alternatives,)
        Sums to 1.
    families : tuple of str
        Label of each alternative; families that were found are named after their first member.
    how : str
        Where it comes from, in words.
    scale : float or None
        Distance at which two alternatives count as the same, where one was used.
    """

    weight: FloatArray
    families: tuple[str, ...]
    how: str
    scale: float | None


def answer_vectors(
    names: Sequence[str], alternative: ArrayLike, prompt: ArrayLike, embeddings: ArrayLike
) -> tuple[FloatArray, str]:
    r"""Put each alternative at one point, such that distance is how differently they answer.

    .. math:: |X_a - X_b|^2 = \frac{1}{|Q|} \sum_{q \in Q} |x_{aq} - x_{bq}|^2

    over the prompts Q that all alternatives answered: the vectors of their answers side by side, divided
    by the root of their number. With fewer than 5 such prompts: the mean over an alternative's answers of
    the vector minus the mean vector of the prompt's answers, which is coarser.

    Parameters
    ----------
    names : sequence of str of length n_alternatives
    alternative : array-like of shape (n_answers,)
        Name of who answered; others than `names` are ignored.
    prompt : array-like of shape (n_answers,)
        Key of the prompt.
    embeddings : array-like of shape (n_answers, n_dims)
        One row per answer. Of several answers of one alternative to one prompt the mean is taken.

    Returns
    -------
    vectors : float64 ndarray of shape (n_alternatives, n_columns)
    how : str

    Raises
    ------
    InputError
        If an alternative has no answer, or the columns differ in length.
    """
    table = np.asarray(embeddings, dtype=np.float64)
    who, asked = np.asarray(alternative, dtype=object), np.asarray(prompt, dtype=object)
    if table.ndim != 2 or not len(table) == len(who) == len(asked):
        raise InputError(
            f"each answer needs a name, a prompt and a row of embeddings. "
            f"Got {len(who):,}, {len(asked):,} and shape {table.shape}."
        )
    place = {str(name): k for k, name in enumerate(names)}
    position = np.array([place.get(str(name), -1) for name in who], dtype=np.int64)
    kept = position >= 0
    position, table = position[kept], table[kept]
    _, question = np.unique(np.array([str(q) for q in asked[kept]], dtype=str), return_inverse=True)
    m, n_prompts = len(place), int(question.max(initial=-1)) + 1
    count = np.zeros((m, n_prompts))
    np.add.at(count, (position, question), 1.0)
    absent = np.flatnonzero(count.sum(axis=1) == 0)
    if len(absent):
        raise InputError(
            f"{len(absent):,} of {m:,} alternatives have no answers, first: {names[int(absent[0])]!r}. "
            "Give answers for each, leave it out, or use similarity by votes or a families file."
        )
    shared = np.flatnonzero((count > 0).all(axis=0))
    if len(shared) >= FEWEST_SHARED:
        column = np.full(n_prompts, -1)
        column[shared] = np.arange(len(shared))
        inside = column[question] >= 0
        cube = np.zeros((m, len(shared), table.shape[1]))
        np.add.at(cube, (position[inside], column[question[inside]]), table[inside])
        cube /= count[:, shared, None]
        return cube.reshape(m, -1) / np.sqrt(
            len(shared)
        ), f"answers to {len(shared):,} prompts that all share"
    centre = np.zeros((n_prompts, table.shape[1]))
    np.add.at(centre, question, table)
    centre /= count.sum(axis=0)[:, None]
    total = np.zeros((m, table.shape[1]))
    np.add.at(total, position, table - centre[question])
    return (
        total / count.sum(axis=1)[:, None],
        f"mean answers, less each prompt's mean (prompts that all share: {len(shared)})",
    )


def vote_profiles(comparisons: Comparisons, *, regularization: float = 0.01) -> FloatArray:
    """Return each alternative's win rates against all, divided by the root of their number.

    Pairs that were never compared take the fitted Bradley-Terry win rate. The distance of two rows is the
    root mean square difference of their win rates.

    Returns
    -------
    profiles : float64 ndarray of shape (n_alternatives, n_alternatives)

    Notes
    -----
    Two alternatives of equal strength have equal profiles where one Bradley-Terry model holds: votes
    cannot tell a copy from an equal. Sampling noise of a win rate of n comparisons is about .5 / sqrt(n).
    """
    rates = empirical_win_rates(comparisons)
    r = BradleyTerry(regularization=regularization).fit(comparisons).rewards_
    fitted = logistic(r[:, None] - r[None, :])
    return np.asarray(np.where(np.isnan(rates), fitted, rates) / np.sqrt(len(rates)), dtype=np.float64)


def weigh_by_vectors(
    names: Sequence[str], vectors: ArrayLike, how: str, *, scale: float | str = "auto"
) -> Resemblance:
    """Weigh alternatives by diversity of their vectors, and find families within the same scale."""
    from cloneproof.weights import DiversityWeights, choose_scale, find_families

    table = np.asarray(vectors, dtype=np.float64)
    h = choose_scale(table) if isinstance(scale, str) else float(scale)
    weight = DiversityWeights(scale=h).fit(table).weights_
    labels = find_families(table, radius=h)
    return Resemblance(weight=weight, families=_named(names, labels), how=f"diversity of {how}", scale=h)


def weigh_by_families(names: Sequence[str], labels: Sequence[Any], how: str) -> Resemblance:
    """Give every family one share, split equally among its members."""
    from cloneproof.weights import FamilyWeights

    fitted = FamilyWeights().fit(np.zeros((len(names), 1)), families=labels)
    return Resemblance(
        weight=fitted.weights_, families=tuple(str(x) for x in labels), how=f"families of {how}", scale=None
    )


def _named(names: Sequence[str], labels: IntArray) -> tuple[str, ...]:
    """Name each family after its first member."""
    first: dict[int, str] = {}
    for name, label in zip(names, labels.tolist(), strict=True):
        first.setdefault(label, str(name))
    return tuple(first[label] for label in labels.tolist())
