"""The page of CloneBench: which methods hold under which attacks, and what they cost."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

from cloneproof._core.files import write_text
from cloneproof.audit.suite import ATTACKS, METHODS, MethodSummary, SuiteResult, SuiteRow, summarise
from cloneproof.audit.suite.summary import attack_matrix, dose_table, main_copies, setting_words
from cloneproof.report.html import Markup, join, tag
from cloneproof.report.numbers import count, number, percent, plural
from cloneproof.report.page import Section, render_page
from cloneproof.report.svg import Axis, line, responsive, text
from cloneproof.report.tables import Cell, Column, data_table, definition_list
from cloneproof.report.text import one_line

__all__ = ["make_suite_sections", "strip_of_shifts", "write_suite_report"]

SMALLEST = 0.01
"""Shifts below this many standard deviations are drawn here: no reader can use the difference."""

_ROW, _NAME_LENGTH = 26.0, 24
_STYLES = {"random": 1, "influence": 0, "search": 3}
_TARGETS = {
    "random": "circles: random targets",
    "influence": "diamonds: the most influential targets",
    "search": "squares: worst targets of a search",
}


def make_suite_sections(results: Sequence[SuiteResult]) -> list[Section]:
    """Return the sections of the page: per world what stands, the chart, the tables; then the words."""
    made: list[Section] = []
    for k, result in enumerate(results):
        prefix = f"w{k}-"
        where = f": {one_line(str(result.world['name']), 60)}" if len(results) > 1 else ""
        made += [
            _findings(result, f"{prefix}findings", f"What was found{where}"),
            _strip(result, f"{prefix}strip", f"Every attack on every method{where}"),
            _methods(result, f"{prefix}methods", f"Methods{where}"),
            _attacks(result, f"{prefix}attacks", f"Attacks{where}"),
            _doses(result, f"{prefix}copies", f"More copies{where}"),
            _settings(result, f"{prefix}settings", f"How it was run{where}"),
        ]
    return [*made, _guide()]


def write_suite_report(
    results: SuiteResult | Sequence[SuiteResult], path: str | os.PathLike[str], *, title: str | None = None
) -> Path:
    """Write the page of one or several runs of CloneBench to `path`, whole or not at all."""
    several = [results] if isinstance(results, SuiteResult) else list(results)
    names = ", ".join(one_line(str(result.world["name"]), 60) for result in several)
    cells = sum(len(result.rows) for result in several)
    html = render_page(
        make_suite_sections(several),
        title or f"CloneBench: {names}",
        subtitle=(
            f"{count(len(several[0].methods))} methods under {plural(len(several[0].attacks), 'attack')} that add "
            f"near-copies; {count(cells)} cells."
        ),
        footer="Made by cloneproof. Nothing on this page was loaded from a network.",
    )
    write_text(path, html)
    return Path(path)


def _findings(result: SuiteResult, id_: str, title: str) -> Section:
    """Return the main comparisons in words."""
    found = [
        x for x in summarise(result) if math.isfinite(x.mean_shift_sd) or math.isfinite(x.worst_shift_sd)
    ]
    plain = next((x for x in found if x.method == "plain"), None)
    world, said = result.world, []
    if plain is not None:
        said.append(
            f"Plain: clones move a reward by {_sd(plain.mean_shift_sd)} on average over the attacks, "
            f"{_sd(plain.worst_shift_sd)} at worst ({plain.worst_case})."
        )
    others = sorted((x for x in found if x.method != "plain"), key=_mean_shift)
    told = [x for x in others if "told" not in x.method and "reference" not in x.method]
    if told:
        best = told[0]
        said.append(
            f"Smallest of the methods that are told nothing: {best.method}, {_sd(best.mean_shift_sd)} on average, "
            f"{_sd(best.worst_shift_sd)} at worst"
            + (
                f"; on clean data its accuracy is {best.accuracy_clean:.3f}, plain's {best.accuracy_clean + best.accuracy_cost:.3f}."
                if math.isfinite(best.accuracy_cost)
                else "."
            )
        )
    if plain is not None:
        worse = [x.method for x in others if _mean_shift(x) >= plain.mean_shift_sd]
        if worse:
            said.append(f"No better than plain on average: {', '.join(worse)}.")
    spread = f"{count(world['n_alternatives'])} alternatives and {count(world['n_comparisons'])} comparisons for training"
    held = f", {count(world['n_test'])} held out" if world["n_test"] else ", none held out"
    rewards = (
        "one reward per alternative" if world["reward"] == "tabular" else "a reward linear in the embedding"
    )
    lead = tag("p", f"{spread}{held}; {rewards}; scale h = {number(world['scale'])}.")
    notes = [tag("p", note, class_="limit") for note in result.notes]
    return Section(id=id_, title=title, body=join(lead, tag("ul", *(tag("li", x) for x in said)), *notes))


def _strip(result: SuiteResult, id_: str, title: str) -> Section:
    """Return the chart of all cells."""
    keys = tag(
        "p",
        *(
            tag("span", _TARGETS[name], class_=f"key s{_STYLES[name]}")
            for name in _STYLES
            if result.select(targeting=name)
        ),
        class_="keys",
    )
    note = (
        "Each sign is one attack on one method: how far the clones move the reward of a clean alternative at most, in "
        "standard deviations of the method's own clean rewards, centred. Further left is better; what is left of "
        f"{SMALLEST:g} is drawn there."
    )
    chart = responsive(lambda width: strip_of_shifts(result, width=width))
    return Section(id=id_, title=title, body=join(tag("p", note), keys, chart))


def strip_of_shifts(result: SuiteResult, *, width: float = 860.0) -> Markup:
    """Return the chart with a row for each method and a sign for each cell, on a logarithmic axis."""
    order = sorted(summarise(result), key=_mean_shift)
    fine = [row.max_shift_sd for row in result.rows if row.error is None]
    top = 10.0 ** math.ceil(math.log10(max([*fine, 10 * SMALLEST]) * 1.0001))
    narrow = width < 500
    powers = range(round(math.log10(SMALLEST)), round(math.log10(top)) + 1)
    axis = Axis(
        title=f"largest shift {'(SD)' if narrow else 'of a clean reward (standard deviations)'}",
        low=SMALLEST,
        high=top,
        ticks=tuple((10.0**p, f"{10.0**p:g}") for p in powers),
        log=True,
    )
    length = 17 if narrow else _NAME_LENGTH
    left, right = 7.0 * length + 8, 16.0
    height = 14.0 + _ROW * len(order) + 44.0

    def at(value: float) -> float:
        return left + (width - left - right) * axis.place(min(max(value, SMALLEST), top))

    bottom = 14.0 + _ROW * len(order)
    parts: list[Markup] = []
    for value, words in axis.ticks:
        parts += [
            line(at(value), 8, at(value), bottom, "grid"),
            text(at(value), bottom + 17, words, "tick", "middle"),
        ]
    for k, summary in enumerate(order):
        y = 14.0 + _ROW * (k + 0.5)
        parts.append(text(left - 10, y + 4, one_line(summary.method, length), "tick", "end"))
        parts.append(line(left, y, width - right, y, "grid"))
        cells = result.select(method=summary.method, error=None)
        for row in sorted(cells, key=lambda row: list(_STYLES).index(row.targeting)):  # the worst on top
            parts.append(_sign(at(row.max_shift_sd), y, row))
    parts.append(text(left + (width - left - right) / 2, height - 8, axis.title, "axis-title", "middle"))
    name = "Largest shift of a clean reward, every attack on every method"
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


def _sign(x: float, y: float, row: SuiteRow) -> Markup:
    """Return the sign of a cell: a circle for random targets, a diamond and a square for worst cases."""
    style = _STYLES.get(row.targeting, 1)
    hint = tag("title", f"{row.method}, {setting_words(row)}: {_sd(row.max_shift_sd)}")
    cls = f"marker s{style}"
    if row.targeting == "random":
        return tag("circle", hint, cx=f"{x:.1f}", cy=f"{y:.1f}", r="4", class_=cls)
    if row.targeting == "influence":
        corners = ((0, -6), (6, 0), (0, 6), (-6, 0))
        points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
        return tag("polygon", hint, points=points, class_=cls)
    return tag("rect", hint, x=f"{x - 4.5:.1f}", y=f"{y - 4.5:.1f}", width="9", height="9", class_=cls)


def _methods(result: SuiteResult, id_: str, title: str) -> Section:
    columns = [
        Column("Method"),
        Column("Mean shift", numeric=True, hint="Largest shift (SD), mean over attacks with random targets"),
        Column("Worst shift", numeric=True, hint="Over everything tried"),
        Column("Worst case", narrow=False),
        Column("Worst, log odds", numeric=True, hint="Centred", narrow=False),
        Column("Lowest τ", numeric=True, hint="Kendall's, of the orders before and after", narrow=False),
        Column(
            "Winner flips", numeric=True, hint="Share of attacks (of prompts) with a new best alternative"
        ),
        Column(
            "Best-of-n change",
            numeric=True,
            hint="Share of a best-of-n policy's answers that change",
            narrow=False,
        ),
        Column("ESS, clean", numeric=True, hint="Effective share of the alternatives without clones"),
        Column("Accuracy, clean", numeric=True, hint="On held-out comparisons"),
        Column("attacked", numeric=True, hint="Mean over the attacks"),
        Column("worst", numeric=True, narrow=False),
        Column("Seconds", numeric=True, hint="Median of a fit", narrow=False),
    ]
    rows = []
    for x in summarise(result):
        failed = f" ({plural(x.n_failed, 'cell')} failed)" if x.n_failed else ""
        rows.append(
            [
                Cell(f"{x.method}{failed}", x.method),
                *(_figure(v) for v in (x.mean_shift_sd, x.worst_shift_sd)),
                x.worst_case,
                *(_figure(v) for v in (x.worst_shift, x.kendall_tau)),
                Cell(percent(x.top1_flip), x.top1_flip),
                Cell(percent(x.best_of_n_change), x.best_of_n_change),
                Cell(percent(x.ess_alternatives), x.ess_alternatives),
                *(_figure(v, 3) for v in (x.accuracy_clean, x.accuracy_mean, x.accuracy_worst)),
                _figure(x.seconds),
            ]
        )
    table = data_table(columns, rows, caption="Methods over all attacks; shifts in standard deviations")
    said = [(name, METHODS[name].about) for name in result.methods if name in METHODS]
    return Section(id=id_, title=title, body=join(table, definition_list(said)))


def _attacks(result: SuiteResult, id_: str, title: str) -> Section:
    attacks, matrix = attack_matrix(result)
    columns = [Column("Method"), *(Column(name, numeric=True) for name in attacks)]
    rows = [
        [name, *(_figure(value) for value in values)]
        for name, values in zip(result.methods, matrix, strict=True)
    ]
    copies = main_copies(result)
    caption = f"Mean largest shift (SD), {plural(copies, 'copy', 'copies')} of each target, drawn at random"
    said = [
        (name, " ".join((type(ATTACKS[name]).__doc__ or "").split("\n\n", maxsplit=1)[0].split()))
        for name in attacks
        if name in ATTACKS
    ]
    return Section(
        id=id_, title=title, body=join(data_table(columns, rows, caption=caption), definition_list(said))
    )


def _doses(result: SuiteResult, id_: str, title: str) -> Section:
    copies, table = dose_table(result)
    columns = [Column("Method"), *(Column(f"{k:,} a target", numeric=True) for k in copies)]
    rows = [
        [name, *(_figure(value) for value in values)]
        for name, values in zip(result.methods, table, strict=True)
    ]
    note = "A method that does not count copies has the same figure in every column."
    caption = "Mean largest shift (SD) over the attacks with random targets, by number of copies"
    return Section(id=id_, title=title, body=join(tag("p", note), data_table(columns, rows, caption=caption)))


def _settings(result: SuiteResult, id_: str, title: str) -> Section:
    items = [(str(name), _words(value)) for name, value in {**result.world, **result.options}.items()]
    return Section(id=id_, title=title, body=definition_list(items))


def _guide() -> Section:
    words = [
        (
            "Shift",
            "How far a reward of a clean alternative moves when clones are added and the method is fitted anew, both "
            "centred, in standard deviations of the method's rewards on the clean data.",
        ),
        ("Copies", "Clones of each target; all targets are cloned together."),
        (
            "Worst case",
            "Targets chosen to harm: by their first-order influence on plain rewards, or by a search that refits the "
            "method. A search finds a lower bound of the worst.",
        ),
        (
            "Told",
            "“family-told” knows which alternative is a clone of which, and “voronoi-reference” and “voronoi-told-axes” have a "
            "sample of clean texts. No real attack can be met so; they say what is possible.",
        ),
        (
            "Cost",
            "What a method loses where nothing was cloned: accuracy on held-out comparisons, and effective sample size.",
        ),
    ]
    return Section(id="guide", title="How to read this page", body=definition_list(words))


def _figure(value: float, digits: int = 2) -> Cell:
    return (
        Cell(number(value, digits) if abs(value) >= 0.5 * 10**-digits else f"{0:.{digits}f}", float(value))
        if math.isfinite(value)
        else Cell("–", None)
    )


def _mean_shift(x: MethodSummary) -> float:
    return (
        x.mean_shift_sd
        if math.isfinite(x.mean_shift_sd)
        else x.worst_shift_sd
        if math.isfinite(x.worst_shift_sd)
        else math.inf
    )


def _sd(value: float) -> str:
    return f"{number(value) if not math.isfinite(value) or value >= 0.005 else '0.00'} SD"


def _words(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(str(x) for x in value) or "all"
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
