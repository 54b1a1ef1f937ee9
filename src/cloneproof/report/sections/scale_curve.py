"""How the number of distinct alternatives depends on the scale at which two count as the same."""

from __future__ import annotations

import math

from cloneproof.report.html import Markup, join, tag
from cloneproof.report.numbers import count, factor, number
from cloneproof.report.page import Section
from cloneproof.report.svg import Axis, Series, line_chart, log_ticks, nice_ticks, responsive
from cloneproof.report.tables import Column, data_table
from cloneproof.report.view import AnalysisView

__all__ = ["make_scale_curve"]


def make_scale_curve(view: AnalysisView) -> Section | None:
    """Return the section on the scale, or None where no curve was computed."""
    curve = [
        (float(h), float(distinct), float(ess))
        for h, distinct, ess, *_ in view.analysis.scale_curve or ()
        if math.isfinite(h + distinct + ess) and h > 0
    ]
    if len(curve) < 2:
        return None
    curve.sort()
    chosen = (
        "" if view.analysis.scale is None else f" The analysis used h = {number(view.analysis.scale, 3)}."
    )
    sampled = max(ess for _, _, ess in curve) < 0.98 * view.analysis.effective_sample_size
    limit = "The curve was computed on a sample of the alternatives: its shape holds for all, its numbers are smaller."
    body = join(
        tag(
            "p",
            "The scale h is the distance at which two texts count as saying the same. A larger h discounts "
            "looser "
            f"copies and costs more precision.{chosen}",
        ),
        tag("p", limit, class_="limit") if sampled else None,
        responsive(lambda width: _chart(view, curve, width)),
        _bargain(view),
    )
    return Section(id="scale", title="How the scale matters", body=body)


def _bargain(view: AnalysisView) -> Markup | None:
    """Return what each scale costs and how robust it is, or None where that was not measured."""
    rows = sorted(
        row for row in view.analysis.scale_curve or () if len(row) == 5 and all(map(math.isfinite, row))
    )
    if not rows:
        return None
    cells = [
        [
            number(h, 3),
            count(round(distinct, 1)),
            count(round(ess, 1)),
            factor(cost),
            factor(inflation),
        ]
        for h, distinct, ess, inflation, cost in rows
    ]
    words = (
        "Growth: what a family's total is multiplied by when it is copied 20 times with noise of a tenth of the "
        "spread. ×1 is perfectly robust, ×21 is one vote a copy. Too small a scale does not see the copies; with too "
        "large a one few alternatives carry all the weight, and copies that stick out shift it."
    )
    return join(tag("p", words), data_table(_COLUMNS, cells, caption="What each scale costs and buys"))


_COLUMNS = (
    Column("scale h", numeric=True, sortable=False),
    Column("distinct", numeric=True, sortable=False),
    Column("ESS", numeric=True, sortable=False),
    Column("intervals wider by", numeric=True, sortable=False),
    Column("growth of a copied family", numeric=True, sortable=False),
)


def _chart(view: AnalysisView, curve: list[tuple[float, float, float]], width: float) -> Markup:
    """Return both numbers against h."""
    highest = max(max(distinct, ess) for _, distinct, ess in curve)
    ticks = nice_ticks(0.0, highest)
    low, high = curve[0][0], curve[-1][0]
    x = Axis(
        title="scale h (distance, log scale)",
        low=low,
        high=high,
        ticks=tuple((tick, f"{tick:g}") for tick in log_ticks(low, high)),
        log=True,
    )
    y = Axis(
        title="alternatives",
        low=0.0,
        high=ticks[-1],
        ticks=tuple(
            (tick, f"{tick:,.0f}" if tick >= 10 or tick.is_integer() else f"{tick:g}") for tick in ticks
        ),
    )
    h = view.analysis.scale
    marks = ((h, f"h = {h:.3g}"),) if h is not None and low <= h <= high else ()
    series = [
        Series(
            name="sample size (effective, ESS)",
            points=tuple((h, ess) for h, _, ess in curve),
            hints=tuple(f"h = {h:.3g}: ESS {count(round(ess, 1))}" for h, _, ess in curve),
            style=1,
        ),
        Series(
            name="distinct alternatives (effective)",
            points=tuple((h, distinct) for h, distinct, _ in curve),
            hints=tuple(f"h = {h:.3g}: {count(round(distinct, 1))} distinct" for h, distinct, _ in curve),
            style=2,
        ),
    ]
    return line_chart(series, x, y, name="Effective numbers against the scale", width=width, marks=marks)
