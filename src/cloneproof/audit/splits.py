"""Divide comparisons into training and test so that no clone of a training answer is tested.

A random split of rows leaves copies of training answers in the test set, and the accuracy then
measures memory. Here rows that share a prompt, an answer, or a family of near-copies, also through
others, are one component, and a component goes to one side as a whole.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cloneproof._core.errors import CloneProofWarning, InputError
from cloneproof._core.typing import IntArray
from cloneproof._core.validation import check_number, generator
from cloneproof.audit.records import FamilyTable
from cloneproof.preferences import Comparisons

__all__ = ["Split", "find_components", "split_by_prompt_and_family"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Rows for training and for testing that share no prompt, no answer and no family.

    Parameters
    ----------
    train, test : int64 ndarray of shape (n_train,) and (n_test,)
        Positions of rows, ascending; together every row once.
    train_alternatives, test_alternatives : int64 ndarray
        Positions of the alternatives of each side, ascending; alternatives that no row names, nor any
        row of their component, are on the training side.
    component : int64 ndarray of shape (n_comparisons,)
        The component of each row, 0 the one with the most rows.
    component_size : int64 ndarray of shape (n_components,)
        Rows in each component, largest first.
    joined_by : tuple of str
        What held rows together: "answer", and "prompt" and "family" where known.
    random_state : int or None
        The seed, where it was an integer.
    """

    train: IntArray
    test: IntArray
    train_alternatives: IntArray
    test_alternatives: IntArray
    component: IntArray
    component_size: IntArray
    joined_by: tuple[str, ...]
    random_state: int | None

    @property
    def n_components(self) -> int:
        """Number of components, each on one side as a whole."""
        return len(self.component_size)

    def divide(self, comparisons: Comparisons) -> tuple[Comparisons, Comparisons]:
        """Return the training and the test comparisons, each over its own alternatives."""
        return (
            comparisons.restrict(self.train, self.train_alternatives),
            comparisons.restrict(self.test, self.test_alternatives),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the sizes as JSON-ready values."""
        n = len(self.component)
        return {
            "n_train": len(self.train),
            "n_test": len(self.test),
            "test_share": len(self.test) / n,
            "n_train_alternatives": len(self.train_alternatives),
            "n_test_alternatives": len(self.test_alternatives),
            "n_components": self.n_components,
            "n_components_test": len(np.unique(self.component[self.test])),
            "largest_component": int(self.component_size[0]),
            "largest_component_share": float(self.component_size[0] / n),
            "joined_by": list(self.joined_by),
            "random_state": self.random_state,
        }


def find_components(comparisons: Comparisons, families: ArrayLike | FamilyTable | None = None) -> IntArray:
    """Return for each alternative the component that holds all it shares a row, prompt or family with.

    Parameters
    ----------
    comparisons : Comparisons
        An empty prompt is no prompt, and joins nothing.
    families : array-like of int of shape (n_alternatives,) or FamilyTable, default=None
        The family of each alternative; None: alternatives are joined by rows and prompts only.

    Returns
    -------
    component : int64 ndarray of shape (n_alternatives,)
        Numbered by first appearance.
    """
    m = comparisons.n_alternatives
    edges: list[tuple[NDArray[Any], NDArray[Any]]] = [(comparisons.left, comparisons.right)]
    n_nodes = m
    groups: list[tuple[NDArray[Any], IntArray]] = []
    if families is not None:
        groups.append((np.arange(m), _as_labels(families, m)))
    if comparisons.prompts is not None:
        asked = np.flatnonzero([bool(p.strip()) for p in comparisons.prompts])
        place: dict[str, int] = {}
        prompts = [place.setdefault(comparisons.prompts[i], len(place)) for i in asked.tolist()]
        groups.append((asked, np.asarray(prompts, dtype=np.int64)))
    for members, label in groups:
        if len(members):
            edges.append((members, n_nodes + label))  # a node for each family and each prompt
            n_nodes += int(label.max()) + 1
    one = np.concatenate([a for a, _ in edges])
    other = np.concatenate([b for _, b in edges])
    graph = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(n_nodes, n_nodes))
    found = connected_components(graph, directed=False)[1][:m]
    return _by_first_appearance(found)


def split_by_prompt_and_family(
    comparisons: Comparisons,
    families: ArrayLike | FamilyTable | None = None,
    *,
    test_share: float = 0.1,
    random_state: int | np.random.Generator | None = 0,
) -> Split:
    """Divide rows into training and test that share no prompt, no answer and no family of near-copies.

    Parameters
    ----------
    comparisons : Comparisons
    families : array-like of int of shape (n_alternatives,) or FamilyTable, default=None
        The family of each alternative (``weigh_comparisons(...).families``). None: exact copies are
        held together through their texts only where they were merged on reading.
    test_share : float, default=0.1
        Share of the rows to test on, in (0, 1). Components are drawn at random and go to the test as
        long as they fit, so that the share is approached from below.
    random_state : int, Generator or None, default=0
        Draws the order of the components.

    Returns
    -------
    split : Split

    Raises
    ------
    InputError
        If no component fits into the test, as where all rows hang together (a leaderboard, where the
        alternatives are models; or a radius that joins everything).

    Warns
    -----
    CloneProofWarning
        If less than half of the rows asked for could be set aside.

    Notes
    -----
    A component larger than the test always trains: where single linkage chains many answers into one
    family, what is tested is the rest, and `Split.to_dict` says how large that component is.
    O(n_comparisons + n_alternatives).

    Examples
    --------
    >>> c = Comparisons.from_arrays([0, 2, 4], [1, 3, 5], ids=list("abcdef"))
    >>> split = split_by_prompt_and_family(c, [0, 1, 0, 2, 3, 4], test_share=0.4)
    >>> split.train.tolist(), split.test.tolist()  # rows 0 and 1 share the family of a and c
    ([0, 1], [2])
    """
    share = check_number("test_share", test_share, low=0.0, high=1.0, low_open=True)
    n = comparisons.n_comparisons
    if n == 0:
        raise InputError("there are no comparisons to divide: expected at least 2 rows, got 0.")
    of_alternative = find_components(comparisons, families)
    of_row = of_alternative[comparisons.left]
    sizes = np.bincount(of_row, minlength=int(of_alternative.max()) + 1)
    target = max(1, round(share * n))
    in_test = _choose(sizes, min(target, n - 1), random_state)
    joined_by = ["answer"]
    if comparisons.prompts is not None and any(p.strip() for p in comparisons.prompts):
        joined_by.append("prompt")
    if families is not None:
        joined_by.append("family")
    n_test = int(sizes[in_test].sum())
    if n_test == 0:
        raise InputError(
            f"no rows can be set aside: of {n:,} rows, {int((sizes > 0).sum()):,} components hang together "
            f"by {', '.join(joined_by)}, the smallest with {int(sizes[sizes > 0].min()):,} rows, and "
            f"{target:,} were asked for. Raise test_share, or lower the radius of the families."
        )
    if n_test < 0.5 * target:
        warnings.warn(
            f"only {n_test:,} of the {target:,} rows asked for could be set aside: the largest of the rows "
            f"that hang together by {', '.join(joined_by)} holds {int(sizes.max()):,} of {n:,}.",
            CloneProofWarning,
            stacklevel=2,
        )
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] > 0]
    rank = np.full(len(sizes), -1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    tested = in_test[of_row]
    alternatives = in_test[of_alternative]
    return Split(
        train=np.flatnonzero(~tested).astype(np.int64),
        test=np.flatnonzero(tested).astype(np.int64),
        train_alternatives=np.flatnonzero(~alternatives).astype(np.int64),
        test_alternatives=np.flatnonzero(alternatives).astype(np.int64),
        component=rank[of_row],
        component_size=sizes[order].astype(np.int64),
        joined_by=tuple(joined_by),
        random_state=int(random_state) if isinstance(random_state, (int, np.integer)) else None,
    )


def _choose(sizes: IntArray, target: int, random_state: Any) -> NDArray[np.bool_]:
    """Draw components for the test, in random order, as long as they fit into `target` rows."""
    chosen = np.zeros(len(sizes), dtype=bool)
    taken = 0
    for component in generator(random_state).permutation(len(sizes)).tolist():
        size = int(sizes[component])
        if size and taken + size <= target:
            chosen[component] = True
            taken += size
            if taken == target:
                break
    return chosen


def _as_labels(families: ArrayLike | FamilyTable, m: int) -> IntArray:
    """Return family labels as 0 .. n_families - 1, one per alternative."""
    labels = np.asarray(families.labels if isinstance(families, FamilyTable) else families)
    if labels.shape != (m,):
        raise InputError(f"families has shape {labels.shape}, expected ({m},): one label per alternative.")
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _by_first_appearance(labels: NDArray[Any]) -> IntArray:
    """Renumber labels in the order in which they come."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[inverse], dtype=np.int64)
