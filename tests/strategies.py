"""Hypothesis strategies that draw comparisons: ties, repeats, lone pairs, duplicates, soft outcomes."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from cloneproof.preferences import Comparisons

__all__ = ["comparisons", "connected_comparisons", "texts"]

texts = st.text("ab0 ,;\t\n\r\"'\\é\u2028\ufeff\x00\x1f😀:<&", max_size=8)
"""Texts that files find hard: empty, quotes, separators, line breaks, a byte order mark, a zero byte."""

outcomes = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0.0, 1.0, allow_subnormal=False))
counts = st.one_of(st.just(1.0), st.integers(2, 5).map(float), st.floats(0.1, 10.0))


@st.composite
def comparisons(
    draw: st.DrawFn,
    *,
    max_alternatives: int = 8,
    max_rows: int = 24,
    with_texts: bool | None = None,
    with_counts: bool | None = None,
    with_annotators: bool | None = None,
) -> Comparisons:
    """Draw comparisons: repeated rows, both directions, ties, alternatives that no row names.

    `with_texts`, `with_counts`, `with_annotators`: True always, False never, None either. Texts may be
    exact duplicates of each other, also under one prompt.
    """
    m = draw(st.integers(2, max_alternatives))
    sides = st.tuples(st.integers(0, m - 1), st.integers(1, m - 1)).map(lambda x: (x[0], (x[0] + x[1]) % m))
    rows = draw(st.lists(sides, min_size=1, max_size=max_rows))
    if draw(st.booleans()):  # repeat some rows, and some the other way round
        rows += [row[:: draw(st.sampled_from([1, -1]))] for row in rows[: draw(st.integers(0, len(rows)))]]
    n = len(rows)

    def maybe(wanted: bool | None) -> bool:
        return draw(st.booleans()) if wanted is None else wanted

    return Comparisons.from_arrays(
        [a for a, _ in rows],
        [b for _, b in rows],
        outcome=draw(st.lists(outcomes, min_size=n, max_size=n)),
        count=draw(st.lists(counts, min_size=n, max_size=n)) if maybe(with_counts) else None,
        annotator=draw(st.lists(st.sampled_from(["ann", "bo", "cy"]), min_size=n, max_size=n))
        if maybe(with_annotators)
        else None,
        ids=np.array([f"x{k}" for k in range(m)], dtype=object),
        texts=draw(st.lists(texts, min_size=m, max_size=m)) if (has_texts := maybe(with_texts)) else None,
        prompts=draw(st.lists(st.sampled_from(["p", "q", ""]), min_size=m, max_size=m))
        if has_texts
        else None,
    )


@st.composite
def connected_comparisons(draw: st.DrawFn, *, max_alternatives: int = 6, max_rows: int = 20) -> Comparisons:
    """Draw comparisons in which every alternative beats and loses to others: the plain MLE exists."""
    drawn = draw(comparisons(max_alternatives=max_alternatives, max_rows=max_rows, with_annotators=False))
    m = drawn.n_alternatives
    ring = np.arange(m)
    return Comparisons.from_arrays(
        np.concatenate([drawn.left, ring]),
        np.concatenate([drawn.right, (ring + 1) % m]),
        outcome=np.concatenate([drawn.outcome, np.full(m, draw(st.floats(0.2, 0.8)))]),
        count=np.concatenate([drawn.count, np.ones(m)]),
        ids=drawn.ids,
        texts=drawn.texts,
        prompts=drawn.prompts,
    )
