"""What added copies did to the rewards, plain beside weighted."""

from __future__ import annotations

from collections.abc import Sequence

from cloneproof.audit.records import AuditRow
from cloneproof.report.html import Markup, join, tag
from cloneproof.report.numbers import count, number, percent
from cloneproof.report.page import Section
from cloneproof.report.svg import Axis, Series, line_chart, nice_ticks
from cloneproof.report.tables import Cell, Column, data_table
from cloneproof.report.view import AnalysisView

__all__ = ["make_audit"]


def make_audit(view: AnalysisView) -> Section | None:
    """Return the section on robustness, or None where there was no audit."""
    audit = view.audit
    if audit is None:
        return None
    how = (
        "Copies of all targets are added at once and both fits are repeated once."
        if view.audit_is_joint
        else "Copies are added to one target at a time and both fits are repeated for each."
    )
    body = join(
        tag(
            "p",
            f"{how} Copies lie at the stated distance from their original and repeat its comparisons. A "
            "shift is how "
            "far a reward of an original alternative moves, in natural-log odds; centred shifts leave out "
            "what moves "
            "all rewards alike.",
        ),
        _charts(view),
        data_table(
            _columns(view),
            [_row(view, row) for row in sorted(audit.rows, key=lambda row: (row.noise, row.copies))],
            caption=f"Shifts after adding copies, {audit.reward} rewards",
        ),
    )
    return Section(id="audit", title="What added copies do", body=body)


def _columns(view: AnalysisView) -> list[Column]:
    """Return the headings; the spread over targets only where each had its refit."""
    over_all = "Over alternatives and targets"
    median = Column(
        "median target", numeric=True, hint="Largest over alternatives, median over targets", narrow=False
    )
    spread = [] if view.audit_is_joint else [median]
    winner = "New winner" if view.audit_is_joint else "New winner, share"
    agreement = "Agreement of the rankings before and after; 1: the same"
    return [
        Column("Copies", numeric=True, hint="Copies added for each target"),
        Column("Distance", numeric=True, hint="Of each copy from its original, in units of the embedding"),
        Column("Weighting"),
        Column("Centred shift, largest", numeric=True, hint=over_all),
        *spread,
        Column("mean", numeric=True, hint=over_all, narrow=False),
        Column("Raw shift, largest", numeric=True, hint=over_all, narrow=False),
        *spread,
        Column("mean", numeric=True, hint=over_all, narrow=False),
        Column("Kendall τ", numeric=True, hint=agreement, narrow=False),
        Column(winner, numeric=True, hint="How often the best alternative changed"),
    ]


def _row(view: AnalysisView, row: AuditRow) -> list[object]:
    """Return the cells of one row."""

    def shift(value: float) -> Cell:
        return Cell(number(value, 3), float(value))

    joint = view.audit_is_joint
    return [
        Cell(count(row.copies), float(row.copies)),
        Cell("exact" if row.noise == 0 else number(row.noise), float(row.noise)),
        Cell(
            tag(
                "span",
                view.weighting_name(row.weighting).removesuffix(" weights"),
                class_=f"key s{_style(view, row.weighting)}",
            )
        ),
        shift(row.max_shift_centred),
        *([] if joint else [shift(row.max_shift_centred_median)]),
        shift(row.mean_shift_centred),
        shift(row.max_shift),
        *([] if joint else [shift(row.max_shift_median)]),
        shift(row.mean_shift),
        shift(row.kendall_tau),
        Cell(
            ("yes" if row.top1_flip > 0 else "no") if joint else percent(row.top1_flip), float(row.top1_flip)
        ),
    ]


def _style(view: AnalysisView, name: str) -> int:
    """Return the number of a weighting's colour and sign."""
    return 0 if name == "plain" else 1 + view.others.index(name)


def _charts(view: AnalysisView) -> Markup:
    """Return one chart for each distance of the copies, all on one scale."""
    rows = () if view.audit is None else view.audit.rows
    ticks = nice_ticks(0.0, max(*(row.max_shift_centred for row in rows), 1e-12))
    figures = [
        tag(
            "figure",
            tag("figcaption", "Exact copies" if noise == 0 else f"Copies at distance {number(noise)}"),
            _chart(view, [row for row in rows if row.noise == noise], ticks),
        )
        for noise in sorted({row.noise for row in rows})
    ]
    note = None
    if not view.audit_is_joint:
        note = tag(
            "p",
            "Each sign is the largest shift over the targets; the bar below it ends at their median.",
            class_="limit",
        )
    return join(tag("div", *figures, class_="small-charts"), note)


def _chart(view: AnalysisView, rows: Sequence[AuditRow], ticks: Sequence[float]) -> Markup:
    """Return the largest centred shift against the number of copies."""
    copies = sorted({row.copies for row in rows})
    x = Axis(
        title="copies added per target",
        low=-0.3,
        high=len(copies) - 0.7,
        ticks=tuple((float(i), f"{k:,}") for i, k in enumerate(copies)),
    )
    y = Axis(
        title="largest centred shift (log odds)",
        low=0.0,
        high=ticks[-1],
        ticks=tuple((tick, f"{tick:g}") for tick in ticks),
    )
    series = []
    for name in dict.fromkeys(row.weighting for row in rows):
        mine = sorted((row for row in rows if row.weighting == name), key=lambda row: row.copies)
        series.append(
            Series(
                name=view.weighting_name(name),
                points=tuple((float(copies.index(row.copies)), row.max_shift_centred) for row in mine),
                whiskers=() if view.audit_is_joint else tuple(row.max_shift_centred_median for row in mine),
                hints=tuple(
                    f"{view.weighting_name(name)}, {row.copies:,} copies: {number(row.max_shift_centred, 3)}"
                    for row in mine
                ),
                style=_style(view, name),
            )
        )
    return line_chart(series, x, y, name="Largest centred shift against the copies added", width=340.0)
