"""Small charts as SVG: crisp on paper, readable without scripts, coloured by the page's stylesheet."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cloneproof.report.html import Markup, tag

__all__ = [
    "Axis",
    "Series",
    "line",
    "line_chart",
    "log_ticks",
    "nice_ticks",
    "responsive",
    "spread_labels",
    "text",
]

WIDE, NARROW = 860.0, 330.0


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One axis: its title with the unit, its range, and where its ticks stand with what they say."""

    title: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    log: bool = False

    def place(self, value: float) -> float:
        """Return where `value` lies between `low` (0) and `high` (1)."""
        low, high = self.low, self.high
        if self.log:
            value, low, high = (math.log(max(v, 1e-300)) for v in (value, low, high))
        return 0.5 if high <= low else (value - low) / (high - low)


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line of a chart: points (x, y), and for each the lower end of a whisker or None."""

    name: str
    points: tuple[tuple[float, float], ...]
    whiskers: tuple[float | None, ...] = ()
    hints: tuple[str, ...] = ()
    style: int = 0


def nice_ticks(low: float, high: float, n: int = 5) -> list[float]:
    """Return about `n` round numbers that cover [low, high], ends included.

    Examples
    --------
    >>> nice_ticks(0, 1.83)
    [0.0, 0.5, 1.0, 1.5, 2.0]
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        centre = low if math.isfinite(low) else 0.0
        half = max(abs(centre) * 0.1, 1e-3)
        low, high = centre - half, centre + half
    rough = (high - low) / max(n - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(k * step, 12 - math.floor(math.log10(step))) + 0.0 for k in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return the numbers 1, 2 and 5 times a power of ten between `low` and `high`.

    Beyond two decades the powers alone; never fewer than the two ends.

    Examples
    --------
    >>> log_ticks(0.09, 1.5)
    [0.1, 0.2, 0.5, 1.0]
    """
    multiples = (1, 2, 5) if high <= 120 * low else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [float(f"{m}e{k}") for k in powers for m in multiples]
    inside = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
    return inside if len(inside) >= 2 else [float(f"{low:.2g}"), float(f"{high:.2g}")]


def responsive(draw: Callable[[float], Markup]) -> Markup:
    """Return a chart drawn for a wide screen and again for a phone; the stylesheet shows one."""
    return tag(
        "div",
        tag("div", draw(WIDE), class_="for-wide"),
        tag("div", draw(NARROW), class_="for-narrow"),
        class_="chart",
    )


def spread_labels(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move labels apart until each has `gap` to the next, as little and in order.

    Labels that wanted to be close form a block around the mean of the places they wanted; where there
    are more than fit between `low` and `high` the gap shrinks.
    """
    n = len(places)
    if n == 0:
        return []
    gap = min(gap, (high - low) / max(n - 1, 1))
    order = sorted(range(n), key=lambda i: places[i])
    blocks: list[list[float]] = []  # [sum of wanted starts, number of labels]
    for i in order:
        blocks.append([places[i], 1.0])
        while len(blocks) > 1 and _top(blocks[-2], gap, low, high) + blocks[-2][1] * gap > _top(
            blocks[-1], gap, low, high
        ):
            total, k = blocks.pop()
            blocks[-1][0] += total - k * blocks[-1][1] * gap
            blocks[-1][1] += k
    moved = [0.0] * n
    j = 0
    for block in blocks:
        top = _top(block, gap, low, high)
        for k in range(int(block[1])):
            moved[order[j]] = top + k * gap
            j += 1
    return moved


def _top(block: list[float], gap: float, low: float, high: float) -> float:
    """Return where the first label of a block stands."""
    return min(max(block[0] / block[1], low), high - (block[1] - 1) * gap)


def line_chart(
    series: Sequence[Series],
    x: Axis,
    y: Axis,
    *,
    name: str,
    width: float,
    height: float = 260.0,
    marks: Sequence[tuple[float, str]] = (),
) -> Markup:
    """Return a chart of lines with markers, whiskers and a legend above.

    Parameters
    ----------
    series : sequence of Series
    x, y : Axis
    name : str
        What the chart shows, for screen readers.
    width, height : float
        In CSS pixels at full size, without the legend.
    marks : sequence of (x, text)
        Vertical lines with a word at their top.
    """
    left = 32.0 + 7.5 * max((len(words) for _, words in y.ticks), default=0)
    right, bottom = 14.0, 44.0
    top = 16.0 + 20.0 * len(series) + (10.0 if marks else 0.0)
    span_x, span_y = width - left - right, height - bottom - 12.0
    height += top - 12.0

    def at(px: float, py: float) -> tuple[float, float]:
        return left + span_x * x.place(px), top + span_y * (1 - y.place(py))

    parts: list[Markup] = []
    for value, words in y.ticks:
        _, py = at(x.low, value)
        parts += [line(left, py, width - right, py, "grid"), text(left - 8, py + 4, words, "tick", "end")]
    for value, words in x.ticks:
        px, _ = at(value, y.low)
        parts.append(text(px, top + span_y + 18, words, "tick", "middle"))
    parts.append(line(left, top + span_y, width - right, top + span_y, "axis"))
    parts.append(text(left + span_x / 2, height - 6, x.title, "axis-title", "middle"))
    middle = top + span_y / 2
    parts.append(
        tag(
            "text",
            y.title,
            class_="axis-title",
            text_anchor="middle",
            transform=f"translate(13 {middle:.1f}) rotate(-90)",
        )
    )
    for value, words in marks:
        px, _ = at(value, y.low)
        parts += [line(px, top, px, top + span_y, "mark"), text(px, top - 6, words, "tick strong", "middle")]
    for row, drawn in enumerate(series):
        parts += _legend(left, 14.0 + 20.0 * row, drawn)
        placed = [at(px, py) for px, py in drawn.points]
        path = " ".join(f"{'L' if i else 'M'}{px:.1f} {py:.1f}" for i, (px, py) in enumerate(placed))
        parts.append(tag("path", d=path, class_=f"line s{drawn.style}"))
        for i, (px, py) in enumerate(placed):
            low = drawn.whiskers[i] if i < len(drawn.whiskers) else None
            if low is not None:
                foot = at(drawn.points[i][0], low)[1]
                parts += [
                    line(px, py, px, foot, f"whisker s{drawn.style}"),
                    line(px - 5, foot, px + 5, foot, f"whisker s{drawn.style}"),
                ]
            parts.append(_marker(px, py, drawn.style, drawn.hints[i] if i < len(drawn.hints) else None))
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


def _legend(left: float, top: float, drawn: Series) -> list[Markup]:
    """Return the legend's entry of one drawn."""
    return [
        line(left, top, left + 26, top, f"line s{drawn.style}"),
        _marker(left + 13, top, drawn.style, None),
        text(left + 34, top + 4, drawn.name, "legend", "start"),
    ]


def _marker(px: float, py: float, style: int, hint: str | None) -> Markup:
    """Return the sign of a series, another shape for each so that colour is not needed."""
    title = tag("title", hint) if hint else None
    cls = f"marker s{style}"
    if style % 4 == 0:
        return tag("rect", title, x=f"{px - 4.5:.1f}", y=f"{py - 4.5:.1f}", width="9", height="9", class_=cls)
    if style % 4 == 1:
        return tag("circle", title, cx=f"{px:.1f}", cy=f"{py:.1f}", r="5", class_=cls)
    shape = [(0, -6), (6, 5), (-6, 5)] if style % 4 == 2 else [(0, -6), (6, 0), (0, 6), (-6, 0)]
    points = " ".join(f"{px + dx:.1f},{py + dy:.1f}" for dx, dy in shape)
    return tag("polygon", title, points=points, class_=cls)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """Return one straight line."""
    return tag("line", x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}", y2=f"{y2:.1f}", class_=class_)


def text(px: float, py: float, words: str, class_: str, anchor: str) -> Markup:
    """Return one line of text."""
    return tag("text", words, x=f"{px:.1f}", y=f"{py:.1f}", class_=class_, text_anchor=anchor)
