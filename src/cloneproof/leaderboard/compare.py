"""One board beside another: an older run, or a published table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cloneproof._core.errors import InputError
from cloneproof.leaderboard.board import Board, rank_of
from cloneproof.preferences.readers.coding import code, numbers
from cloneproof.preferences.readers.sources import open_source

__all__ = ["BoardDifference", "Move", "ReferenceCheck", "check_reference", "diff_boards", "read_reference"]

_NAMES = ("model", "name", "id", "key", "alternative", "model_name")
_RATINGS = ("rating", "elo", "score", "arena_score", "elo_rating", "bt", "reward", "value")


@dataclass(frozen=True, kw_only=True)
class Move:
    """One alternative on two boards."""

    model: str
    old_rank: int
    new_rank: int
    old_rating: float
    new_rating: float
    old_robust_rank: int | None
    new_robust_rank: int | None

    @property
    def rating_change(self) -> float:
        """New minus old rating."""
        return self.new_rating - self.old_rating

    @property
    def rank_change(self) -> int:
        """Places gained; positive is better."""
        return self.old_rank - self.new_rank


@dataclass(frozen=True, kw_only=True)
class BoardDifference:
    """What changed between two boards.

    Parameters
    ----------
    moves : tuple of Move
        Alternatives on both, in the new order.
    added, removed : tuple of str
        Only on the new board; only on the old one.
    largest_change : float
        Of a rating, in points.
    largest_change_shifted : float
        The same after the median change is taken out: ratings have a common constant, which moves with
        who is on the board.
    shift : float
        Median change of a rating.
    settings : dict of str to (old, new)
        Settings that differ.
    """

    moves: tuple[Move, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    largest_change: float
    largest_change_shifted: float
    shift: float
    settings: dict[str, tuple[Any, Any]]


def diff_boards(old: Board, new: Board) -> BoardDifference:
    """Compare two boards by name.

    Raises
    ------
    InputError
        If they share no alternative.
    """
    before = {name: i for i, name in enumerate(old.ids)}
    after = set(new.ids)
    moves = []
    for j in new.order.tolist():
        i = before.get(new.ids[j])
        if i is None:
            continue
        moves.append(
            Move(
                model=new.ids[j],
                old_rank=int(old.plain.rank[i]),
                new_rank=int(new.plain.rank[j]),
                old_rating=float(old.plain.rating[i]),
                new_rating=float(new.plain.rating[j]),
                old_robust_rank=None if old.weighted is None else int(old.weighted.rank[i]),
                new_robust_rank=None if new.weighted is None else int(new.weighted.rank[j]),
            )
        )
    if not moves:
        raise InputError("the two boards share no alternative. Are they of the same arena?")
    changes = np.array([move.rating_change for move in moves])
    shift = float(np.median(changes))
    keys = dict.fromkeys([*old.settings, *new.settings])
    return BoardDifference(
        moves=tuple(moves),
        added=tuple(new.ids[j] for j in new.order.tolist() if new.ids[j] not in before),
        removed=tuple(old.ids[i] for i in old.order.tolist() if old.ids[i] not in after),
        largest_change=float(np.abs(changes).max()),
        largest_change_shifted=float(np.abs(changes - shift).max()),
        shift=shift,
        settings={
            key: (old.settings.get(key), new.settings.get(key))
            for key in keys
            if old.settings.get(key) != new.settings.get(key)
        },
    )


@dataclass(frozen=True, kw_only=True)
class ReferenceCheck:
    """How far a board is from a published table.

    Parameters
    ----------
    n_shared : int
    largest_difference : float
        Largest difference of a rating, as published.
    largest_difference_shifted : float
        The same after the mean difference is taken out: the additive constant is a convention.
    shift : float
        Mean of ours minus theirs.
    worst : str
        The alternative of the largest difference after the shift.
    rank_differences : int
        Shared alternatives that stand at another rank among the shared ones.
    missing, extra : tuple of str
        Only in the published table; only on the board.
    """

    n_shared: int
    largest_difference: float
    largest_difference_shifted: float
    shift: float
    worst: str
    rank_differences: int
    missing: tuple[str, ...]
    extra: tuple[str, ...]


def read_reference(path: str | os.PathLike[str]) -> dict[str, float]:
    """Read a published table: any kind of file that comparisons can be in, a name and a rating a row.

    The name is the column model, name, id, key, alternative or model_name; the rating is rating, elo,
    score, arena_score, elo_rating, bt, reward or value; the first that is there, in any case.

    Raises
    ------
    InputError, FileAccessError
        If it cannot be read, lacks those columns, or names an alternative twice.
    """
    table = open_source(path, what="reference")
    lower = {name.lower(): name for name in table.columns}
    name = next((lower[x] for x in _NAMES if x in lower), None)
    rating = next((lower[x] for x in _RATINGS if x in lower), None)
    if name is None or rating is None:
        raise InputError(
            f"{table.name} needs a column with the name ({', '.join(_NAMES)}) and one with the rating "
            f"({', '.join(_RATINGS)}). Found: {', '.join(table.columns)}."
        )
    names = [str(x) for x in code(table.column(name), name).tolist()]
    values = numbers(table.column(rating), rating)
    if not np.isfinite(values).all():
        first = int(np.argmin(np.isfinite(values)))
        raise InputError(f"{table.name}: {rating!r} has no finite number in row {first}.")
    seen: set[str] = set()
    for x in names:
        if x in seen:
            raise InputError(f"{table.name} names {x!r} twice. Keep one row.")
        seen.add(x)
    return dict(zip(names, values.tolist(), strict=True))


def check_reference(board: Board, reference: Mapping[str, float]) -> ReferenceCheck:
    """Compare the plain ratings with a published table.

    Raises
    ------
    InputError
        If they share no name.
    """
    shared = [name for name in board.ids if name in reference]
    if not shared:
        raise InputError(
            f"none of {len(reference):,} names of the published table is on the board, such as "
            f"{next(iter(reference), '')!r}."
        )
    place = {name: i for i, name in enumerate(board.ids)}
    ours = board.plain.rating[[place[name] for name in shared]]
    theirs = np.array([reference[name] for name in shared])
    difference = ours - theirs
    shift = float(difference.mean())
    worst = int(np.argmax(np.abs(difference - shift)))
    return ReferenceCheck(
        n_shared=len(shared),
        largest_difference=float(np.abs(difference).max()),
        largest_difference_shifted=float(np.abs(difference - shift).max()),
        shift=shift,
        worst=shared[worst],
        rank_differences=int((rank_of(ours) != rank_of(theirs)).sum()),
        missing=tuple(name for name in reference if name not in place),
        extra=tuple(name for name in board.ids if name not in reference),
    )
