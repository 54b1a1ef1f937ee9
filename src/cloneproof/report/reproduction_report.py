"""The page of the reproduced case study: the network's rewards, random populations, and how it was made."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from cloneproof._core.files import write_text
from cloneproof.audit.case_records import Interval
from cloneproof.report.html import Markup, join, tag
from cloneproof.report.numbers import number
from cloneproof.report.page import Section, render_page
from cloneproof.report.paris_report import make_paris_sections
from cloneproof.report.svg import line, nice_ticks, text
from cloneproof.report.tables import Cell, Column, data_table, definition_list
from cloneproof.report.text import cut
from cloneproof.reproduction import PaperReproduction, PopulationStudy

__all__ = ["make_reproduction_sections", "write_reproduction_report"]


def make_reproduction_sections(found: PaperReproduction) -> list[Section]:
    """Return the sections of the page: the case, each kind of population, and the options."""
    return [
        *make_paris_sections(found.case),
        *(_population(study) for study in found.populations),
        _made(found),
    ]


def write_reproduction_report(found: PaperReproduction, path: str | os.PathLike[str]) -> Path:
    """Write the page to `path`, whole or not at all, and return the path."""
    case = found.case
    html = render_page(
        make_reproduction_sections(found),
        "The case study of Clone-Robust AI Alignment, redrawn",
        subtitle=(
            f"{case.n_repeats} repeats of {case.n_comparisons:,} comparisons without and with restaurants, "
            f"two-layer networks, {cut(found.texts, 120)}."
        ),
        footer="After Procaccia, Schiffer and Zhang, Clone-Robust AI Alignment, ICML 2025, arXiv:2501.09254.",
    )
    write_text(path, html)
    return Path(path)


def _population(study: PopulationStudy) -> Section:
    columns = [
        Column("Weighting"),
        Column("Winner changed", numeric=True, hint="Share of the populations, 95 % Wilson interval"),
        Column(
            "best text changed", numeric=True, hint="The best single one of the original texts", narrow=False
        ),
        Column("Largest shift", numeric=True, hint="Centred, mean over the populations, 95 % interval"),
        Column("share of the range", numeric=True, hint="Of the rewards before", narrow=False),
    ]
    rows: list[list[object]] = [
        [
            row.weighting,
            Cell(_percent(row.flip_rate), row.flip_rate.mean),
            Cell(_percent(row.text_flips), row.text_flips.mean),
            Cell(_plain(row.max_shift_centred), row.max_shift_centred.mean),
            Cell(_plain(row.relative_shift), row.relative_shift.mean),
        ]
        for row in study.rows
    ]
    figures = [
        tag(
            "figure",
            tag("figcaption", title),
            _dots([row.weighting for row in study.rows], intervals, factor, title),
        )
        for title, intervals, factor in (
            ("winner changed (%)", [row.flip_rate for row in study.rows], 100.0),
            ("largest centred shift (log odds)", [row.max_shift_centred for row in study.rows], 1.0),
        )
    ]
    note = tag(
        "p",
        f"{study.n_populations:,} populations: {study.description}. Everybody judges every pair: no sampling, no "
        "network; each text has a reward of its own, and what moves it is the weighting.",
    )
    return Section(
        id=f"populations-{study.kind}",
        title=f"Random populations: {study.kind}",
        body=join(
            note,
            tag("div", *figures, class_="small-charts"),
            data_table(columns, rows, caption=f"What restaurants do to random populations ({study.kind})"),
        ),
    )


def _dots(names: Sequence[str], intervals: Sequence[Interval], factor: float, title: str) -> Markup:
    """Return a chart of one dot with whiskers for each name."""
    left, width, step, top = 108.0, 340.0, 26.0, 12.0
    ticks = nice_ticks(0.0, factor * max(*(i.high for i in intervals), 1e-12), 4)
    height = top + step * len(names) + 40.0
    span = width - left - 16.0
    foot = top + step * len(names)

    def at(value: float) -> float:
        return left + span * factor * value / ticks[-1]

    parts: list[Markup] = []
    for tick in ticks:
        x = left + span * tick / ticks[-1]
        parts += [line(x, top, x, foot, "grid"), text(x, foot + 18, f"{tick:g}", "tick", "middle")]
    parts.append(text(left + span / 2, height - 6, title, "axis-title", "middle"))
    for k, (name, interval) in enumerate(zip(names, intervals, strict=True)):
        y = top + step * (k + 0.5)
        hint = tag("title", f"{name}: {factor * interval.mean:.3g}")
        parts += [
            text(left - 8, y + 4, name, "tick", "end"),
            line(at(interval.low), y, at(interval.high), y, "whisker s1"),
            tag("circle", hint, cx=f"{at(interval.mean):.1f}", cy=f"{y:.1f}", r="5", class_="marker s1"),
        ]
    return tag(
        "svg",
        tag("title", title),
        *parts,
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=f"{width:.0f}",
        height=f"{height:.0f}",
        role="img",
        aria_label=title,
    )


def _made(found: PaperReproduction) -> Section:
    facts: list[tuple[str, object]] = [("texts", cut(found.texts, 300))]
    for name, value in found.options.items():
        inner = value if isinstance(value, Mapping) else {"": value}
        for key, one in inner.items():
            words = f"{name} {key}".strip().replace("_", " ").removeprefix("n ")
            facts.append((words, cut(str(one), 300)))
    note = tag(
        "p",
        "Unlike the paper: annotators follow one of three rankings instead of being played by a language model, and "
        "within a topic a coin decides; principal components are those of the texts without restaurants and stay; "
        "the learning rate and lambda are ours.",
        class_="limit",
    )
    return Section(id="made", title="How it was made", body=join(definition_list(facts), note))


def _plain(interval: Interval) -> str:
    mean, low, high = (
        number(end if abs(end) >= 1e-9 else 0.0, 3) for end in (interval.mean, interval.low, interval.high)
    )
    return f"{mean} [{low}, {high}]"


def _percent(interval: Interval) -> str:
    return f"{100 * interval.mean:.1f} % [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"
