"""Does the likelihood have a finite maximiser: connected and strongly connected comparison graphs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cloneproof._core.errors import NoMaximumLikelihoodError
from cloneproof._core.typing import IntArray, LabelArray
from cloneproof.rewards.pairs import Pairs

__all__ = ["find_components", "find_dominant_set", "require_maximum"]


def find_components(pairs: Pairs) -> IntArray:
    """Return the connected component of each alternative, numbered from 0.

    Rewards in different components are comparable through the ridge only.
    """
    m = pairs.n_alternatives
    graph = coo_array((np.ones(len(pairs)), (pairs.left, pairs.right)), shape=(m, m))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def find_dominant_set(pairs: Pairs, held: NDArray[np.bool_] | None = None) -> NDArray[np.bool_] | None:
    """Return a set of alternatives that never lost to the others, or None if there is none.

    The unregularised likelihood has a finite maximiser exactly if every set of alternatives both won
    and lost against the rest, that is, if the graph "a won some weight against b" is strongly
    connected (Ford 1957). Otherwise some set can be moved up forever.

    Parameters
    ----------
    pairs : Pairs
    held : bool ndarray of shape (n_alternatives,), default=None
        Alternatives kept in place by a ridge or an anchor; they count as one node.

    Returns
    -------
    dominant : bool ndarray of shape (n_alternatives,) or None
        The smallest witness at either end of the order: a set without `held` members that never lost
        to the rest, or never won.
    """
    if _reaches_all(pairs, held):
        return None
    m = pairs.n_alternatives
    node = np.arange(m)
    if held is not None and held.any():
        node = np.where(held, int(np.argmax(held)), node)
    won, lost = pairs.win > 0, pairs.loss > 0
    winner = np.concatenate([node[pairs.left[won]], node[pairs.right[lost]]])
    loser = np.concatenate([node[pairs.right[won]], node[pairs.left[lost]]])
    graph = coo_array((np.ones(len(winner)), (winner, loser)), shape=(m, m)).tocsr()
    component = connected_components(graph, directed=True, connection="strong")[1][node]
    if (component == component[0]).all():
        return None
    n_components = int(component.max()) + 1
    crossing = component[winner] != component[loser]
    has_lost = np.zeros(n_components, dtype=bool)
    has_lost[component[loser[crossing]]] = True
    has_won = np.zeros(n_components, dtype=bool)
    has_won[component[winner[crossing]]] = True
    ends = ~has_lost | ~has_won
    ends[np.setdiff1d(np.arange(n_components), component)] = False  # merged away into a held node
    if held is not None and held.any():
        ends[component[held]] = False
    size = np.bincount(component, minlength=n_components)
    size[~ends] = m + 1
    return np.asarray(component == int(np.argmin(size)))


def _reaches_all(pairs: Pairs, held: NDArray[np.bool_] | None) -> bool:
    """Tell, within a few passes, whether all alternatives reach each other; False may mean "not sure"."""
    from cloneproof.rewards._kernels import spread_reach

    for beat, beaten in ((pairs.win, pairs.loss), (pairs.loss, pairs.win)):
        reached = np.zeros(pairs.n_alternatives, dtype=bool)
        if held is not None and held.any():
            reached |= held
        else:
            reached[0] = True
        for _ in range(8):
            if not spread_reach(pairs.start, pairs.right, beat, beaten, reached):
                break
        if not reached.all():
            return False
    return True


def require_maximum(
    pairs: Pairs, held: NDArray[np.bool_], active: NDArray[np.bool_], ids: LabelArray
) -> None:
    """Raise unless the likelihood has a finite maximiser over the `active` alternatives.

    Raises
    ------
    NoMaximumLikelihoodError
        Names a set of alternatives that never lost to, never won against, or never met the rest.
    """
    position = np.flatnonzero(active)
    if len(position) < 2 or held[position].all():
        return
    inner = pairs if active.all() else _among(pairs, active)
    found = find_dominant_set(inner, held[position])
    if found is None:
        return
    into = found[inner.left] != found[inner.right]
    inside_left = found[inner.left]
    won = float(np.where(inside_left, inner.win, inner.loss)[into].sum())
    lost = float(np.where(inside_left, inner.loss, inner.win)[into].sum())
    how = (
        "was never compared with"
        if won == lost == 0
        else "never lost to"
        if lost == 0
        else "never won against"
    )
    witness = position[found]
    names = ", ".join(repr(label) for label in ids[witness[:5]].tolist()) + (
        ", ..." if len(witness) > 5 else ""
    )
    rest = len(position) - len(witness)
    raise NoMaximumLikelihoodError(
        f"The likelihood has no finite maximum: the set of {len(witness):,} alternative"
        f"{'s' if len(witness) > 1 else ''} {{{names}}} {how} the other {rest:,}, so nothing bounds the "
        f"distance between them. Use regularization > 0, give every alternative a positive weight, or "
        f"drop these alternatives."
    )


def _among(pairs: Pairs, active: NDArray[np.bool_]) -> Pairs:
    """Return the pairs among the active alternatives, renumbered."""
    kept = active[pairs.left] & active[pairs.right]
    code = np.cumsum(active) - 1
    left = code[pairs.left[kept]].astype(np.int32)
    start = np.zeros(int(active.sum()) + 1, dtype=np.int64)
    np.cumsum(np.bincount(left, minlength=len(start) - 1), out=start[1:])
    return Pairs(
        start=start,
        left=left,
        right=code[pairs.right[kept]].astype(np.int32),
        win=pairs.win[kept],
        loss=pairs.loss[kept],
    )
