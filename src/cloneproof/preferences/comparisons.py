"""The one record of preference data: who was compared with whom, and who won."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError
from cloneproof._core.typing import FloatArray, IndexArray, LabelArray
from cloneproof.preferences._columns import as_column, as_labels, as_positions, check_outcome, constant

__all__ = ["Comparisons"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparisons:
    """Pairwise comparisons of alternatives, as validated read-only columns.

    Build one with :meth:`from_arrays`, :meth:`from_win_rates` or
    :func:`cloneproof.read_comparisons`; the constructor expects columns that are already coded.

    Parameters
    ----------
    ids : ndarray of shape (n_alternatives,)
        Names of the alternatives, each once.
    left, right : int32 ndarray of shape (n_comparisons,)
        Positions into `ids` of the two alternatives of each row.
    outcome : float64 ndarray of shape (n_comparisons,)
        Share of the judgment won by `left`, in [0, 1]; 0.5 is a tie.
    count : float64 ndarray of shape (n_comparisons,)
        How often the row was observed; positive.
    annotator : ndarray of shape (n_comparisons,) or None
        Who judged.
    texts, prompts : tuple of str of length n_alternatives, or None
        What each alternative says, and what it answers.
    source : str or None
        Where the data came from, for messages and manifests.

    Notes
    -----
    Rows are kept as they came: ties, soft outcomes, repeated rows and annotators are not flattened.
    Memory is 16 bytes a row plus 8 for each of `outcome` and `count` that is not constant.
    """

    ids: LabelArray
    left: IndexArray
    right: IndexArray
    outcome: FloatArray
    count: FloatArray
    annotator: LabelArray | None = None
    texts: tuple[str, ...] | None = None
    prompts: tuple[str, ...] | None = None
    source: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Check the shapes and freeze the columns."""
        n, m = len(self.left), len(self.ids)
        for name in ("right", "outcome", "count", "annotator"):
            column = getattr(self, name)
            if column is not None and len(column) != n:
                raise InputError(f"{name} has {len(column):,} rows but left has {n:,}. Give one value a row.")
        for name in ("texts", "prompts"):
            column = getattr(self, name)
            if column is not None and len(column) != m:
                raise InputError(
                    f"{name} has {len(column):,} entries but there are {m:,} alternatives. "
                    f"Give one for each alternative, in the order of ids."
                )
        for name in ("ids", "left", "right", "outcome", "count", "annotator"):
            column = getattr(self, name)
            if column is not None and column.flags.writeable:
                frozen = column.view()
                frozen.flags.writeable = False
                object.__setattr__(self, name, frozen)

    @classmethod
    def from_arrays(
        cls,
        left: ArrayLike,
        right: ArrayLike,
        outcome: ArrayLike | None = None,
        count: ArrayLike | None = None,
        annotator: ArrayLike | None = None,
        ids: ArrayLike | None = None,
        texts: Sequence[str] | None = None,
        prompts: Sequence[str] | None = None,
    ) -> Comparisons:
        """Build comparisons from columns.

        Parameters
        ----------
        left, right : array-like of shape (n_comparisons,)
            Positions into `ids` when `ids` is given; labels otherwise, and `ids` is then their order
            of first appearance, row by row, left before right.
        outcome : array-like of shape (n_comparisons,), default=None
            Share won by `left`, in [0, 1]. None: `left` won every row.
        count : array-like of shape (n_comparisons,), default=None
            How often each row was observed, positive. None: once.
        annotator : array-like of shape (n_comparisons,), default=None
            Who judged each row.
        ids : array-like of shape (n_alternatives,), default=None
            Names of the alternatives; alternatives that no row names are allowed.
        texts, prompts : sequence of str of length n_alternatives, default=None
            What each alternative says, and the prompt that it answers.

        Returns
        -------
        comparisons : Comparisons

        Raises
        ------
        InputError
            For columns of unequal length, positions outside `ids`, an alternative compared with
            itself, outcomes outside [0, 1], or counts that are not positive; the message gives the
            number of such rows and the first.

        Examples
        --------
        >>> c = Comparisons.from_arrays(["a", "a", "b"], ["b", "c", "c"], outcome=[1, 0.5, 0])
        >>> c.ids.tolist(), c.left.tolist(), c.right.tolist()
        (['a', 'b', 'c'], [0, 0, 1], [1, 2, 2])
        """
        positions = as_positions(left, right, ids)
        n = len(positions.left)
        return cls(
            ids=positions.ids,
            left=positions.left,
            right=positions.right,
            outcome=constant(1.0, n) if outcome is None else check_outcome(outcome, n),
            count=constant(1.0, n) if count is None else as_column("count", count, n, low=0.0, low_open=True),
            annotator=None if annotator is None else as_labels("annotator", annotator, n),
            texts=None if texts is None else tuple(texts),
            prompts=None if prompts is None else tuple(prompts),
        )

    @classmethod
    def from_win_rates(cls, win_rates: ArrayLike, ids: ArrayLike | None = None) -> Comparisons:
        """Build the complete design with one row for each unordered pair.

        Parameters
        ----------
        win_rates : array-like of shape (n_alternatives, n_alternatives)
            ``win_rates[a, b]`` is the share of annotators who prefer a to b; ``P + P.T`` is 1 off
            the diagonal, which is ignored.
        ids : array-like of shape (n_alternatives,), default=None
            Names of the alternatives; None: 0, 1, 2, ...

        Returns
        -------
        comparisons : Comparisons
            Rows (a, b) with a < b in row-major order; `outcome` is ``win_rates[a, b]``.

        Raises
        ------
        InputError
            If the table is not square, has fewer than two rows, values outside [0, 1], or pairs that
            do not sum to 1.

        Examples
        --------
        >>> Comparisons.from_win_rates([[0.5, 0.8], [0.2, 0.5]]).outcome
        array([0.8])
        """
        table = np.asarray(win_rates, dtype=np.float64)
        if table.ndim != 2 or table.shape[0] != table.shape[1] or len(table) < 2:
            raise InputError(f"win_rates must be a square table of at least 2 rows. Got shape {table.shape}.")
        m = len(table)
        left, right = np.triu_indices(m, k=1)
        gap = np.abs(table[left, right] + table[right, left] - 1.0)
        wrong = ~(gap <= 1e-9)
        if wrong.any():
            first = int(np.argmax(wrong))
            a, b = int(left[first]), int(right[first])
            raise InputError(
                f"win_rates[a, b] + win_rates[b, a] must be 1; {int(wrong.sum()):,} of {len(gap):,} pairs "
                f"differ, first: ({a}, {b}) with {table[a, b]} + {table[b, a]}."
            )
        return cls.from_arrays(left, right, table[left, right], ids=np.arange(m) if ids is None else ids)

    @property
    def n_alternatives(self) -> int:
        """Number of alternatives."""
        return len(self.ids)

    @property
    def n_comparisons(self) -> int:
        """Number of rows."""
        return len(self.left)

    @property
    def n_annotators(self) -> int | None:
        """Number of annotators, or None where the data does not name them."""
        return None if self.annotator is None else len(set(self.annotator.tolist()))

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.n_comparisons

    def __repr__(self) -> str:
        """Describe the size in one line."""
        of = "" if self.n_annotators is None else f" by {self.n_annotators:,} annotators"
        return f"Comparisons({self.n_comparisons:,} of {self.n_alternatives:,} alternatives{of})"

    def select(self, rows: ArrayLike) -> Comparisons:
        """Return the given rows, with all alternatives kept in their order.

        Parameters
        ----------
        rows : array-like of int or bool
            Positions of rows, or a mask of shape (n_comparisons,).
        """
        chosen: Any = np.asarray(rows)
        return Comparisons(
            ids=self.ids,
            left=self.left[chosen],
            right=self.right[chosen],
            outcome=self.outcome[chosen],
            count=self.count[chosen],
            annotator=None if self.annotator is None else self.annotator[chosen],
            texts=self.texts,
            prompts=self.prompts,
            source=self.source,
        )

    def restrict(self, rows: ArrayLike, alternatives: ArrayLike) -> Comparisons:
        """Return the given rows over the given alternatives only.

        Parameters
        ----------
        rows : array-like of int
            Positions of rows.
        alternatives : array-like of int
            Positions of the alternatives to keep, each once, in their new order; every alternative
            of a chosen row must be among them.

        Raises
        ------
        InputError
            If a chosen row names an alternative that is not kept.
        """
        kept = np.asarray(alternatives, dtype=np.int64)
        place = np.full(self.n_alternatives, -1, dtype=np.int32)
        place[kept] = np.arange(len(kept), dtype=np.int32)
        chosen = self.select(rows)
        left, right = place[chosen.left], place[chosen.right]
        lost = (left < 0) | (right < 0)
        if lost.any():
            raise InputError(
                f"{int(lost.sum()):,} of {len(lost):,} chosen rows name an alternative that is not kept, "
                f"first: row {int(np.argmax(lost))} of them. Keep those alternatives too."
            )
        return Comparisons(
            ids=self.ids[kept],
            left=left,
            right=right,
            outcome=chosen.outcome,
            count=chosen.count,
            annotator=chosen.annotator,
            texts=None if self.texts is None else tuple(self.texts[i] for i in kept),
            prompts=None if self.prompts is None else tuple(self.prompts[i] for i in kept),
            source=self.source,
        )
