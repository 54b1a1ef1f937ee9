"""A map of the alternatives: where they lie, how much each counts, which are near-copies."""

from __future__ import annotations

from typing import Any

import numpy as np

from cloneproof._core.extras import require
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.report.budget import fit_texts
from cloneproof.report.html import Markup, join, tag
from cloneproof.report.labels import alternative_text, prompt_of
from cloneproof.report.numbers import percent
from cloneproof.report.page import Section
from cloneproof.report.projection import project
from cloneproof.report.view import AnalysisView

__all__ = ["make_map"]

MOST_POINTS = 20_000
MOST_LINKS = 5_000
TEXT_BYTES = 1_700_000
PROMPT_BYTES = 500_000
ID_BYTES = 400_000
LONGEST_TEXT = 400

BIN_EDGES = (1 / 8, 1 / 4, 1 / 2, 1 / 1.25, 1.25, 2.0)
BIN_NAMES = ("under ⅛", "⅛ to ¼", "¼ to ½", "½ to 0.8", "about 1", "1.25 to 2", "over 2")


def make_map(view: AnalysisView) -> Section:
    """Return the section with the map and what it says in words."""
    shown = _sample(view)
    places, explained = project(np.asarray(view.analysis.embeddings)[shown], view.analysis.weights[shown])
    votes = view.votes[shown]
    bins = np.searchsorted(BIN_EDGES, votes, side="right")
    links = _links(view, shown)
    words, texts_cut = _words(view, shown)
    limits = [
        f"{len(shown):,} of {view.m:,} alternatives are drawn: all that other sections show and an even "
        "random sample."
        if len(shown) < view.m
        else None,
        texts_cut,
    ]
    body = join(
        tag(
            "p",
            "Each dot is one alternative; near-copies are linked to the one of largest weight in their "
            "family. Area and "
            "colour tell its votes: 1 is what each has without weights, less means that copies share. Point "
            "at a dot, or "
            "tap it, to read it.",
        ),
        *(tag("p", limit, class_="limit") for limit in limits if limit),
        _legend(bins),
        tag(
            "div",
            tag("label", "Find text ", tag("input", type="search", id="map-search", autocomplete="off")),
            tag("button", "Clear", type="button", id="map-clear"),
            tag("output", "", id="map-count", aria_live="polite"),
            class_="filters scripted",
        ),
        tag(
            "div",
            tag("div", id="map-chart", role="group", aria_label=_summary(view, len(shown))),
            tag("div", tag("p", "Nothing chosen yet.", class_="hint"), id="map-detail", aria_live="polite"),
            class_="map scripted",
        ),
        tag("p", "The map needs JavaScript. Everything else on this page does without.", class_="unscripted"),
    )
    return Section(
        id="map",
        title="Map of the alternatives",
        body=body,
        data={"map-words": words},
        bokeh={"map-chart": _figure(places, explained, votes, bins, links)},
    )


def _sample(view: AnalysisView) -> IntArray:
    """Return which alternatives are drawn: all, or those that matter and a random sample."""
    if view.m <= MOST_POINTS:
        return np.arange(view.m)
    rng = np.random.default_rng(0)
    first = np.concatenate(
        [
            view.analysis.families.representative[view.groups[: MOST_POINTS // 4]],
            view.movers[: MOST_POINTS // 20],
        ]
    )
    priority = rng.random(view.m)
    priority[first] = -1.0
    chosen: IntArray = np.sort(np.argsort(priority, kind="stable")[:MOST_POINTS])
    return chosen


def _links(view: AnalysisView, shown: IntArray) -> IntArray:
    """Return pairs of drawn alternatives: a near-copy and the representative of its family."""
    families = view.analysis.families
    where = np.full(view.m, -1, dtype=np.int64)
    where[shown] = np.arange(len(shown))
    centre = where[families.representative[families.labels[shown]]]
    pairs = np.column_stack([np.arange(len(shown)), centre])
    pairs = pairs[(pairs[:, 1] >= 0) & (pairs[:, 0] != pairs[:, 1])]
    linked: IntArray = pairs[:MOST_LINKS]
    return linked


def _words(view: AnalysisView, shown: IntArray) -> tuple[dict[str, object], str | None]:
    """Return what the map says of each dot, in as many bytes as the page has room for."""
    analysis = view.analysis
    comparisons, families = analysis.comparisons, analysis.families
    positions = [int(i) for i in shown]
    texts, longest = fit_texts(
        [alternative_text(comparisons, i) for i in positions], TEXT_BYTES, LONGEST_TEXT
    )
    ids, _ = fit_texts([str(comparisons.ids[i]) for i in positions], ID_BYTES, 80)
    prompts: list[str] = []
    asked: list[int] = []
    if comparisons.prompts is not None:
        table: dict[str, int] = {}
        asked = [table.setdefault(prompt_of(comparisons, i) or "", len(table)) for i in positions]
        prompts, _ = fit_texts(list(table), PROMPT_BYTES, 240)
    labels = families.labels[shown]
    words = {
        "ids": ids,
        "texts": texts if comparisons.texts is not None else [],
        "prompts": prompts,
        "prompt": asked,
        "family": labels.tolist(),
        "size": families.size[labels].tolist(),
        "votes": _short(view.votes[shown]),
        "plain": _short(view.plain[shown]),
        "weighted": _short(view.weighted[shown]),
    }
    cut = comparisons.texts is not None and any(len(comparisons.texts[i]) > longest for i in positions)
    return words, f"Texts on the map are cut after {longest:,} characters." if cut else None


def _short(values: FloatArray) -> list[float | None]:
    """Return numbers with the digits that are shown."""
    return [float(f"{value:.3g}") if np.isfinite(value) else None for value in values.tolist()]


def _summary(view: AnalysisView, n: int) -> str:
    """Return what somebody who cannot see the map should know of it."""
    return (
        f"Map of {n:,} alternatives in two dimensions, {len(view.groups):,} families of near-copies linked. "
        "The tables below hold its numbers."
    )


def _legend(bins: IntArray) -> Markup:
    """Return the colours with the votes that they stand for."""
    counts = np.bincount(bins, minlength=len(BIN_NAMES))
    items = [
        tag("li", tag("span", class_=f"dot bin{i}"), f"{name} ", tag("small", f"({counts[i]:,})"))
        for i, name in enumerate(BIN_NAMES)
    ]
    return tag("div", tag("span", "Votes:", class_="legend-title"), tag("ul", *items), class_="legend")


def _figure(
    places: FloatArray, explained: FloatArray, votes: FloatArray, bins: IntArray, links: IntArray
) -> Any:
    """Return the map as a Bokeh document; numbers only, no text from the data."""
    models = require("bokeh.models", extra="report", purpose="the map of cloneproof.report")
    plotting = require("bokeh.plotting", extra="report", purpose="the map of cloneproof.report")
    embed = require("bokeh.embed", extra="report", purpose="the map of cloneproof.report")
    base = float(np.clip(300.0 / np.sqrt(max(len(places), 1)), 3.5, 9.0))
    xy = places.astype(np.float32)
    source = models.ColumnDataSource(
        data={
            "x": xy[:, 0],
            "y": xy[:, 1],
            "size": np.clip(base * np.sqrt(np.maximum(votes, 0.0)), min(3.0, 0.75 * base), 3.2 * base).astype(
                np.float32
            ),
            "bin": bins.astype(np.int8),
        },
    )
    lines = models.ColumnDataSource(
        data={
            "x0": xy[links[:, 0], 0],
            "y0": xy[links[:, 0], 1],
            "x1": xy[links[:, 1], 0],
            "y1": xy[links[:, 1], 1],
        },
    )
    figure = plotting.figure(
        height=520,
        sizing_mode="stretch_width",
        tools="pan,wheel_zoom,box_zoom,tap,reset,save",
        active_scroll=None,
        match_aspect=True,
        x_axis_label=f"component 1 ({percent(float(explained[0]))} of the weighted variance)",
        y_axis_label=f"component 2 ({percent(float(explained[1]))})",
        background_fill_color=None,
        border_fill_color=None,
        name="map",
    )
    for axis in (*figure.xaxis, *figure.yaxis):
        axis.axis_label_text_font = axis.major_label_text_font = "system-ui, sans-serif"
        axis.axis_label_text_font_style = "normal"
    figure.toolbar.logo = None
    figure.toolbar.autohide = False
    figure.segment("x0", "y0", "x1", "y1", source=lines, line_width=1, line_alpha=0.35, name="links")
    mapper = models.LinearColorMapper(
        palette=["#888888"] * len(BIN_NAMES), low=-0.5, high=len(BIN_NAMES) - 0.5, name="votes"
    )
    dots = figure.scatter(
        "x",
        "y",
        size="size",
        source=source,
        fill_color={"field": "bin", "transform": mapper},
        fill_alpha=0.85,
        line_width=0.7,
        line_alpha=0.8,
        nonselection_fill_alpha=0.08,
        nonselection_line_alpha=0.08,
        name="dots",
    )
    figure.add_tools(
        models.HoverTool(renderers=[dots], tooltips=None, name="hover", point_policy="follow_mouse")
    )
    return embed.json_item(figure, "map-chart")
