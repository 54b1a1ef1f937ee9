"""The page of the Paris case: who wins before and after the restaurants, under each weighting."""

from __future__ import annotations

import os
from pathlib import Path
from statistics import median

from cloneproof._core.files import write_text
from cloneproof.audit.case_records import CaseRow, ParisCase
from cloneproof.report.html import Markup, join, tag
from cloneproof.report.numbers import number, percent
from cloneproof.report.page import Section, render_page
from cloneproof.report.svg import Axis, Series, line_chart, nice_ticks
from cloneproof.report.tables import Cell, Column, data_table

__all__ = ["make_paris_sections", "write_paris_report"]


def make_paris_sections(case: ParisCase) -> list[Section]:
    """Return the sections of the Paris page: what happened, the charts, the rewards, the shifts."""
    return [_headline(case), _charts(case), _rewards(case), _shifts(case)]


def write_paris_report(case: ParisCase, path: str | os.PathLike[str]) -> Path:
    """Write the page of the Paris case to `path`, whole or not at all, and return the path."""
    html = render_page(
        make_paris_sections(case),
        "Paris: when near-copies choose the winner",
        subtitle=(
            "Descriptions of food, art and romance in Paris; then as many on restaurants, near-copies of food. "
            f"{case.n_repeats} repeats of {case.n_comparisons:,} comparisons by simulated annotators."
        ),
        footer="After the case study of Procaccia, Schiffer and Zhang, Clone-Robust AI Alignment, ICML 2025.",
    )
    write_text(path, html)
    return Path(path)


def _headline(case: ParisCase) -> Section:
    said = [tag("li", sentence) for sentence in case.sentences()[:-1]]
    return Section(
        id="findings",
        title="What happened",
        body=join(
            tag("p", tag("strong", case.headline)),
            tag("ul", *said),
            tag("p", case.caveat, class_="limit"),
        ),
    )


def _charts(case: ParisCase) -> Section:
    shared = _shared_ticks(case)
    figures = []
    for row in case.rows:
        ticks = shared
        words = row.weighting
        if not _fits(row, shared):
            ticks = nice_ticks(*_span(row))
            words = f"{row.weighting} (wider scale)"
        figures.append(tag("figure", tag("figcaption", words), _chart(row, ticks)))
    note = tag(
        "p",
        "Mean reward of each topic's texts, over the repeats. The topic on top wins; where lines of art and "
        "romance cross, the winner changed.",
        class_="limit",
    )
    return Section(
        id="slopes",
        title="Before and after the restaurants",
        body=join(tag("div", *figures, class_="small-charts"), note),
    )


def _span(row: CaseRow) -> tuple[float, float]:
    """Return the lowest and the highest mean reward of a chart."""
    means = [i.mean for rewards in (row.rewards_before, row.rewards_after) for i in rewards.values()]
    return min(means), max(means)


def _shared_ticks(case: ParisCase) -> list[float]:
    """Return one scale for all charts but those that span over twice as much as the median one."""
    spans = [_span(row) for row in case.rows]
    widths = [high - low for low, high in spans]
    kept = [s for s, width in zip(spans, widths, strict=True) if width <= 2.0 * median(widths)]
    return nice_ticks(min(low for low, _ in kept), max(high for _, high in kept))


def _fits(row: CaseRow, ticks: list[float]) -> bool:
    low, high = _span(row)
    return ticks[0] <= low and high <= ticks[-1]


def _chart(row: CaseRow, ticks: list[float]) -> Markup:
    """Return the slope of each topic from before to after."""
    topics = list(row.rewards_after)
    series = [
        Series(
            name=topic,
            points=tuple(
                (float(x), rewards[topic].mean)
                for x, rewards in enumerate((row.rewards_before, row.rewards_after))
                if topic in rewards
            ),
            hints=tuple(
                f"{topic}, {when}: {rewards[topic]}"
                for when, rewards in (("before", row.rewards_before), ("after", row.rewards_after))
                if topic in rewards
            ),
            style=i,
        )
        for i, topic in enumerate(topics)
    ]
    x = Axis(title="restaurants", low=-0.3, high=1.3, ticks=((0.0, "without"), (1.0, "with")))
    y = Axis(
        title="reward (log odds)",
        low=ticks[0],
        high=ticks[-1],
        ticks=tuple((tick, f"{tick:g}") for tick in ticks),
    )
    return line_chart(series, x, y, name=f"Rewards of topics under {row.weighting}", width=340.0)


def _rewards(case: ParisCase) -> Section:
    columns = [
        Column("Weighting"),
        Column("Restaurants"),
        *(Column(topic, numeric=True) for topic in case.rows[0].rewards_after),
        Column("Winner"),
        Column("wins", numeric=True, hint="Repeats in which that topic came first", narrow=False),
    ]
    rows = []
    for row in case.rows:
        for when, rewards, winner, wins in (
            ("without", row.rewards_before, row.winner_before, row.wins_before),
            ("with", row.rewards_after, row.winner_after, row.wins_after),
        ):
            cells = [
                Cell(str(rewards[topic]), rewards[topic].mean) if topic in rewards else Cell("", None)
                for topic in row.rewards_after
            ]
            rows.append(
                [
                    row.weighting,
                    when,
                    *cells,
                    winner,
                    Cell(f"{wins[winner]} of {case.n_repeats}", wins[winner]),
                ]
            )
    note = tag(
        "p",
        "Natural-log odds, mean and 95 % interval over the repeats; food, art and romance average 0.",
    )
    table = data_table(columns, rows, caption="Rewards of the topics under each weighting")
    return Section(id="rewards", title="Rewards", body=join(note, table))


def _shifts(case: ParisCase) -> Section:
    columns = [
        Column("Weighting"),
        Column("Centred shift", numeric=True, hint="Largest move of a reward of an original text, centred"),
        Column("sampling alone", numeric=True, hint="The same between two samples without any restaurants"),
        Column(
            "everybody judges every pair", numeric=True, hint="The shift that more comparisons do not remove"
        ),
        Column("Flips", numeric=True, hint="Repeats in which the winner changed"),
        Column("Food's share, without", numeric=True, narrow=False),
        Column("with", numeric=True, hint="Food and restaurants together", narrow=False),
        Column("ESS, without", numeric=True, narrow=False),
        Column("with", numeric=True, narrow=False),
    ]
    rows = [
        [
            row.weighting,
            Cell(str(row.max_shift_centred), row.max_shift_centred.mean),
            Cell(str(row.noise_shift_centred), row.noise_shift_centred.mean),
            Cell(number(row.limit_max_shift_centred, 3), row.limit_max_shift_centred),
            Cell(f"{row.n_flips} of {case.n_repeats}", row.n_flips),
            Cell(percent(row.food_share_before), row.food_share_before),
            Cell(percent(row.food_share_after), row.food_share_after),
            Cell(number(row.effective_sample_size_before, 3), row.effective_sample_size_before),
            Cell(number(row.effective_sample_size_after, 3), row.effective_sample_size_after),
        ]
        for row in case.rows
    ]
    note = tag(
        "p",
        "How far the restaurants moved the rewards of the texts that were there before. A shift of the "
        "size of sampling alone says nothing against a weighting.",
    )
    return Section(
        id="shifts",
        title="Shifts",
        body=join(note, data_table(columns, rows, caption="Shifts under each weighting")),
    )
