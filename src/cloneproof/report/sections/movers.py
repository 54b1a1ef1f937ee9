"""How the weights move each reward: a slope chart and the alternatives that move most."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cloneproof._core.typing import FloatArray
from cloneproof.report.html import Markup, join, tag
from cloneproof.report.labels import label, prompt_of
from cloneproof.report.numbers import count, number, signed
from cloneproof.report.page import Section
from cloneproof.report.svg import WIDE, line, nice_ticks, responsive, spread_labels, text
from cloneproof.report.tables import Cell, Column, data_table
from cloneproof.report.text import fit_columns, one_line
from cloneproof.report.view import AnalysisView

__all__ = ["make_movers"]

MOST_LINES = 300
TABLE_ROWS = 50

_COLUMNS = (
    Column("Alternative"),
    Column("Reward plain", numeric=True, hint="Natural-log odds, mean 0 over the alternatives", narrow=False),
    Column(
        "Reward weighted", numeric=True, hint="Natural-log odds, mean 0 over the alternatives", narrow=False
    ),
    Column("Change", numeric=True, hint="Weighted minus plain"),
    Column("Rank", numeric=True, hint="Plain rank and weighted rank; sorted by the weighted one"),
    Column(
        "Votes", numeric=True, hint="Weight times the number of alternatives; 1 without weights", narrow=False
    ),
    Column("Family", numeric=True, hint="Alternatives in its family of near-copies", narrow=False),
)


def make_movers(view: AnalysisView) -> Section:
    """Return the section on rewards before and after the weights."""
    n_lines = min(view.m, MOST_LINES)
    intro = (
        "Each line is one alternative, from its reward without weights to its reward with "
        f"{view.analysis.weighting} "
        "weights. Both sides have mean 0, so that only differences show."
    )
    limit = None
    if n_lines < view.m:
        limit = tag(
            "p",
            f"{n_lines:,} of {view.m:,} lines are drawn: those that move most and an even sample of the "
            "others.",
            class_="limit",
        )
    rows = [_row(view, int(i)) for i in view.movers_by_family[:TABLE_ROWS]]
    caption = (
        f"The {len(rows):,} largest moves, one alternative of each family"
        if view.m > len(rows)
        else "All alternatives"
    )
    body = join(
        tag("p", intro),
        limit,
        tag(
            "p",
            tag("span", "reward rises", class_="key up"),
            tag("span", "reward falls", class_="key down"),
            tag("span", "other alternatives", class_="key rest"),
            class_="keys",
        ),
        responsive(lambda width: _slopes(view, width)),
        data_table(_COLUMNS, rows, caption=caption, sorted_by=None, first=10),
    )
    return Section(id="rewards", title="Rewards before and after", body=body)


def _row(view: AnalysisView, i: int) -> list[object]:
    """Return the cells of one alternative."""
    analysis = view.analysis
    plain, weighted = analysis.plain, analysis.weighted
    prompt = prompt_of(analysis.comparisons, i)
    name = tag("bdi", label(analysis.comparisons, i, 110), dir="auto")
    if prompt is not None:
        name = join(name, tag("span", one_line(prompt, 90), class_="prompt", dir="auto"))
    size = int(analysis.families.size[analysis.families.labels[i]])
    return [
        Cell(name),
        Cell(_reward(float(view.plain[i]), plain.standard_errors, i), float(view.plain[i])),
        Cell(_reward(float(view.weighted[i]), weighted.standard_errors, i), float(view.weighted[i])),
        Cell(signed(float(view.change[i])), float(view.change[i])),
        Cell(f"{int(plain.rank[i]):,} → {int(weighted.rank[i]):,}", float(weighted.rank[i])),
        Cell(view.votes_shown(i), float(view.votes[i])),
        Cell(count(size), float(size)),
    ]


def _reward(value: float, errors: FloatArray | None, i: int) -> str:
    """Return a reward with its standard error, where the model gives one."""
    margin = "" if errors is None or not np.isfinite(errors[i]) else f" ± {number(float(errors[i]))}"
    return number(value) + margin


def _slopes(view: AnalysisView, width: float) -> Markup:
    """Return the slope chart, the top movers labelled at their right end."""
    wide = width >= WIDE
    n_labels = min(12 if wide else 8, view.m)
    named = [int(i) for i in view.movers_by_family[:n_labels] if abs(view.change[i]) > 1e-12]
    others = view.movers[~np.isin(view.movers, named)]
    room = MOST_LINES - len(named)
    if len(others) > room:
        others = others[np.linspace(0, len(others) - 1, room).round().astype(int)]
    height, top, bottom, left = 440.0, 34.0, 16.0, 52.0
    right = left + (320.0 if wide else 110.0)
    shown = np.r_[np.array(named, dtype=np.int64), others]
    values = np.r_[view.plain[shown], view.weighted[shown]]
    values = values[np.isfinite(values)]
    ticks = nice_ticks(float(values.min()), float(values.max()), 6) if len(values) else [0.0, 1.0]

    def at(value: float) -> float:
        return top + (height - top - bottom) * (ticks[-1] - value) / (ticks[-1] - ticks[0])

    parts: list[Markup] = []
    for tick in ticks:
        parts.append(line(left, at(tick), right, at(tick), "grid"))
        parts.append(text(left - 8, at(tick) + 4, signed(tick, _digits(ticks)), "tick", "end"))
    parts.append(text(left, 12, "plain", "axis-title strong", "middle"))
    parts.append(text(right, 12, "weighted", "axis-title strong", "middle"))
    middle = (top + height - bottom) / 2
    parts.append(
        tag(
            "text",
            "reward (log odds, mean 0)",
            class_="axis-title",
            text_anchor="middle",
            transform=f"translate(12 {middle:.1f}) rotate(-90)",
        )
    )
    parts += [_slope(view, int(i), at, left, right, "rest") for i in others]
    places = spread_labels(
        [at(float(view.weighted[i])) for i in named], 17.0 if wide else 30.0, top, height - bottom
    )
    columns = int((width - right - 84) / 7.4) if wide else int((width - right - 24) / 7.8)
    for i, py in zip(named, places, strict=True):
        kind = "up" if view.change[i] > 0 else "down"
        parts.append(_slope(view, i, at, left, right, kind))
        parts.append(line(right + 5, at(float(view.weighted[i])), right + 20, py, "leader"))
        words = fit_columns(label(view.analysis.comparisons, i, 80), columns)
        amount = signed(float(view.change[i]))
        if wide:
            parts.append(text(right + 64, py + 4, amount, f"amount {kind}", "end"))
            parts.append(text(right + 72, py + 4, words, "name", "start"))
        else:
            parts.append(text(right + 24, py - 2, amount, f"amount {kind}", "start"))
            parts.append(text(right + 24, py + 11, words, "name", "start"))
    name = f"Rewards of {len(shown):,} alternatives without and with weights"
    return tag(
        "svg",
        tag("title", name),
        *parts,
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=f"{width:.0f}",
        height=f"{height:.0f}",
        role="img",
        aria_label=name,
    )


def _slope(
    view: AnalysisView, i: int, at: Callable[[float], float], left: float, right: float, kind: str
) -> Markup:
    """Return the line of one alternative, with its numbers on hover."""
    plain, weighted = float(view.plain[i]), float(view.weighted[i])
    if not (np.isfinite(plain) and np.isfinite(weighted)):
        return Markup("")
    hint = None
    if kind != "rest":
        hint = tag(
            "title", f"{label(view.analysis.comparisons, i, 120)}: {number(plain)} → {number(weighted)}"
        )
    return tag(
        "line",
        hint,
        x1=f"{left:.0f}",
        y1=f"{at(plain):.1f}",
        x2=f"{right:.0f}",
        y2=f"{at(weighted):.1f}",
        class_=f"slope {kind}",
    )


def _digits(ticks: list[float]) -> int:
    """Return the fewest digits that write every tick exactly."""
    return next((n for n in range(6) if all(abs(round(tick, n) - tick) < 1e-9 for tick in ticks)), 6)
