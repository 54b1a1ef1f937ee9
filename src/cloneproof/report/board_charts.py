"""Charts of a leaderboard: the slope of ranks, and ratings with their intervals."""

from __future__ import annotations

import numpy as np

from cloneproof._core.errors import ParameterError
from cloneproof._core.typing import FloatArray
from cloneproof.leaderboard import Board
from cloneproof.report.html import Markup, tag
from cloneproof.report.svg import line, nice_ticks, text
from cloneproof.report.text import one_line

__all__ = ["RATINGS_UP_TO", "SLOPE_UP_TO", "chart_of_ratings", "slope_of_ranks"]

SLOPE_UP_TO = 60
"""Models drawn in the slope; the table holds all."""

RATINGS_UP_TO = 30
"""Models drawn with their intervals."""

ROW = 18.0
NAME_LENGTH = 34


def slope_of_ranks(board: Board, *, up_to: int = SLOPE_UP_TO, width: float = 720.0) -> Markup:
    """Return the chart that joins each model's plain rank (left) to its clone-robust rank (right).

    Models that change place are drawn strong. Of more than `up_to` models the first of either order.
    """
    if board.weighted is None:
        raise ParameterError(
            "the slope of ranks needs a board with weights. Give make_board alternative_weight."
        )
    before, after = _places(board.plain.rating), _places(board.weighted.rating)
    drawn = [i for i in range(len(board.ids)) if min(before[i], after[i]) < up_to]
    rows = 1 + max((max(before[i], after[i]) for i in drawn), default=0)
    height = 34.0 + ROW * rows
    left, right = 0.38 * width, 0.62 * width
    parts: list[Markup] = [
        text(left, 14, "plain rank", "tick strong", "end"),
        text(right, 14, "clone-robust rank", "tick strong", "start"),
    ]
    for i in sorted(drawn, key=lambda i: before[i]):
        y1, y2 = (30.0 + ROW * place[i] for place in (before, after))
        moved = before[i] != after[i]
        name = one_line(board.ids[i], NAME_LENGTH)
        strong = " strong" if moved else ""
        style = "s0" if after[i] < before[i] else "s1"
        parts += [
            line(left + 6, y1 - 4, right - 6, y2 - 4, f"line {style}" if moved else "grid"),
            text(left, y1, f"{name}  {board.plain.rank[i]}", f"tick{strong}", "end"),
            text(right, y2, f"{board.weighted.rank[i]}  {name}", f"tick{strong}", "start"),
        ]
    return tag(
        "svg",
        tag("title", "Ranks of the models, plain and clone-robust"),
        *parts,
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=f"{width:.0f}",
        height=f"{height:.0f}",
        role="img",
        aria_label="Ranks of the models, plain and clone-robust",
    )


def chart_of_ratings(board: Board, *, up_to: int = RATINGS_UP_TO, width: float = 720.0) -> Markup:
    """Return the chart of ratings with their intervals, one model a row, the best above.

    The plain rating is a dot on its interval; a clone-robust one lies just under it. Of more than `up_to`
    models the first of the plain order.
    """
    drawn = board.order.tolist()[:up_to]
    rules = [(board.plain, "s0", -3.5)] if board.weighted is not None else [(board.plain, "s0", 0.0)]
    if board.weighted is not None:
        rules.append((board.weighted, "s1", 3.5))
    ends = np.concatenate([standing.interval[drawn].ravel() for standing, _, _ in rules])
    ticks = nice_ticks(float(ends.min()), float(ends.max()), 9)
    low, high = ticks[0], ticks[-1]
    left, right = 0.36 * width, width - 24.0
    row = ROW if board.weighted is None else 1.2 * ROW
    bottom = 22.0 + row * len(drawn)
    name = "Ratings with their intervals"

    def place(value: float) -> float:
        return left + (value - low) / (high - low) * (right - left)

    parts: list[Markup] = []
    for tick in ticks:
        parts.append(line(place(tick), 20, place(tick), bottom, "grid"))
        parts.append(text(place(tick), 13, f"{tick:g}", "tick", "middle"))
    for k, i in enumerate(drawn):
        y = 20.0 + row * (k + 0.5)
        label = f"{one_line(board.ids[i], NAME_LENGTH)}  {board.plain.rank[i]}"
        parts.append(text(left - 8, y + 4, label, "tick", "end"))
        for standing, style, shift in rules:
            ends_of = standing.interval[i]
            parts.append(line(place(ends_of[0]), y + shift, place(ends_of[1]), y + shift, f"whisker {style}"))
            parts.append(
                tag(
                    "circle",
                    cx=f"{place(standing.rating[i]):.1f}",
                    cy=f"{y + shift:.1f}",
                    r="3",
                    class_=f"marker {style}",
                )
            )
    return tag(
        "svg",
        tag("title", name),
        *parts,
        viewBox=f"0 0 {width:.0f} {bottom + 6:.0f}",
        width=f"{width:.0f}",
        height=f"{bottom + 6:.0f}",
        role="img",
        aria_label=name,
    )


def _places(rating: FloatArray) -> list[int]:
    """Return each model's row in the chart: its place from the best rating, each place once."""
    order = np.argsort(-rating, kind="stable")
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return [int(x) for x in places]
