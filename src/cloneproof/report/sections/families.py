"""Which families of near-copies there are, how often each counts, and what their texts say."""

from __future__ import annotations

import numpy as np

from cloneproof._core.typing import IntArray
from cloneproof.report.differences import common_start, mark_differences, window
from cloneproof.report.html import Markup, join, tag
from cloneproof.report.labels import alternative_text, label, prompt_of
from cloneproof.report.numbers import count, factor, number, percent
from cloneproof.report.page import Section
from cloneproof.report.tables import Cell, Column, head_row, scrolling, show_all, table_cell
from cloneproof.report.text import one_line
from cloneproof.report.view import AnalysisView

__all__ = ["make_families"]

MOST_FAMILIES = 200
FIRST_ROWS = 15
MOST_EXAMPLES = 4
EXAMPLE_LENGTH = 420
FAMILY_BYTES = 1_100_000  # of the whole table; texts are cut shorter to stay within

_COLUMNS = (
    Column("Family", hint="The text of its alternative of largest weight"),
    Column("Near-copies", numeric=True, hint="Alternatives in the family"),
    Column("Distinct", numeric=True, hint="Effective number of different things they say", narrow=False),
    Column("Over-count", numeric=True, hint="Near-copies per distinct alternative: votes that each one has"),
    Column("Share plain", numeric=True, hint="The family's share of all alternatives", narrow=False),
    Column(
        "Share weighted", numeric=True, hint="The family's share of the clone-robust weights", narrow=False
    ),
    Column("Comparisons", numeric=True, hint="Sides of comparisons that the family fills", narrow=False),
    Column("Texts", sortable=False),
)


def make_families(view: AnalysisView) -> Section:
    """Return the section on families of at least two alternatives."""
    families = view.analysis.families
    intro = tag(
        "p",
        f"Alternatives linked by steps of at most {number(families.radius, 3)} (distance in the embedding) "
        "are one family. "
        "The over-count is how many near-copies stand for each different thing that the family says: without "
        "weights "
        "each of those has that many votes.",
    )
    if not len(view.groups):
        none = f"There are none: no two alternatives lie within {number(families.radius, 3)} of each other."
        return Section(id="families", title="Families of near-copies", body=tag("p", none))
    shown = view.groups[:MOST_FAMILIES]
    limit = None
    if len(view.groups) > len(shown):
        limit = tag(
            "p",
            f"The {len(shown)} most over-counted of {len(view.groups):,} families are shown; the others, and "
            "alternatives "
            "that have no copy, are in the run's alternatives.parquet.",
            class_="limit",
        )
    length = EXAMPLE_LENGTH
    bodies = [_family(view, int(family), length) for family in shown]
    while sum(len(body.encode("utf-8")) for body in bodies) > FAMILY_BYTES and length > 40:
        length //= 2
        bodies = [_family(view, int(family), length) for family in shown]
    table = tag(
        "table",
        tag("caption", "Families of near-copies"),
        head_row(_COLUMNS, sorted_by=3),
        *bodies,
        class_="sortable families",
        data_first=FIRST_ROWS,
        id="family-table",
    )
    return Section(
        id="families",
        title="Families of near-copies",
        body=join(
            intro,
            limit,
            _filters(len(shown)),
            scrolling(table, "Families of near-copies"),
            show_all(len(shown), FIRST_ROWS),
        ),
    )


def _filters(n: int) -> Markup:
    """Return the fields that narrow the table."""
    return tag(
        "div",
        tag("label", "Text contains ", tag("input", type="search", id="family-text", autocomplete="off")),
        tag(
            "label",
            "Over-count at least ",
            tag("input", type="number", id="family-overcount", min="1", step="any", value="1"),
        ),
        tag("output", f"{n} of {n} families", id="family-count", aria_live="polite"),
        class_="filters scripted",
    )


def _family(view: AnalysisView, family: int, length: int) -> Markup:
    """Return one family: its row, and a hidden one with texts side by side."""
    table = view.analysis.families
    detail = f"family-{family}"
    size, over = int(table.size[family]), float(table.overcount[family])
    cells = [
        Cell(
            tag("bdi", label(view.analysis.comparisons, int(table.representative[family]), 80), dir="auto"),
            None,
        ),
        Cell(count(size), float(size)),
        Cell(count(float(table.n_distinct[family])), float(table.n_distinct[family])),
        Cell(tag("strong", factor(over)), over),
        Cell(percent(float(table.share_plain[family])), float(table.share_plain[family])),
        Cell(percent(float(table.share_weighted[family])), float(table.share_weighted[family])),
        Cell(count(float(table.n_comparisons[family])), float(table.n_comparisons[family])),
        Cell(_buttons(family, detail)),
    ]
    first, *others = zip(_COLUMNS, cells, strict=True)
    row = tag("tr", table_cell(*first, heading=True), *(table_cell(column, cell) for column, cell in others))
    texts = tag(
        "tr",
        tag("td", _numbers(view, family), _side_by_side(view, family, length), colspan=len(_COLUMNS)),
        id=detail,
        class_="detail",
    )
    return tag("tbody", row, texts, data_overcount=repr(over))


def _buttons(family: int, detail: str) -> Markup:
    """Return what opens the texts and finds the family on the map."""
    return tag(
        "span",
        tag(
            "button",
            "Compare",
            type="button",
            class_="open scripted",
            aria_expanded="false",
            aria_controls=detail,
        ),
        tag(
            "button",
            "Map",
            type="button",
            class_="on-map scripted",
            data_family=family,
            title="Show on the map",
        ),
        class_="buttons",
    )


def _numbers(view: AnalysisView, family: int) -> Markup:
    """Return the columns that a phone does not show, as a line."""
    table = view.analysis.families
    return tag(
        "p",
        f"{count(float(table.n_distinct[family]))} distinct; {percent(float(table.share_plain[family]))} of "
        "the "
        f"alternatives, {percent(float(table.share_weighted[family]))} of the weight; "
        f"{count(float(table.n_comparisons[family]))} sides of comparisons.",
        class_="narrow-only",
    )


def _side_by_side(view: AnalysisView, family: int, length: int) -> Markup:
    """Return example texts of a family with what differs from the first marked."""
    comparisons = view.analysis.comparisons
    chosen, distances = _examples(view, family)
    texts = [alternative_text(comparisons, i) for i in chosen]
    start = common_start(texts, length)
    windows = [window(text, start, length) for text in texts]
    prompts = [prompt_of(comparisons, i) for i in chosen]
    parts: list[object] = []
    if prompts[0] is not None and len(set(prompts)) == 1:
        parts.append(
            tag("p", "All answer: ", tag("bdi", one_line(prompts[0], 300), dir="auto"), class_="prompt")
        )
    if start:
        parts.append(
            tag("p", f"The texts begin alike; their first {start:,} characters are left out.", class_="limit")
        )
    cards = []
    for k, i in enumerate(chosen):
        shown = join(windows[0]) if k == 0 else mark_differences(windows[k], windows[0])
        where = "largest weight" if k == 0 else f"at distance {number(distances[k], 3)}"
        ask = None
        if prompts[k] is not None and len(set(prompts)) > 1:
            ask = tag("p", tag("bdi", one_line(prompts[k] or "", 120), dir="auto"), class_="prompt")
        cards.append(
            tag(
                "div",
                tag(
                    "p",
                    tag("bdi", one_line(str(comparisons.ids[i]), 40)),
                    f" · {where} · {view.votes_shown(i)} votes",
                    class_="who",
                ),
                ask,
                tag("p", shown, class_="text", dir="auto"),
                class_="card",
            )
        )
    size = int(view.analysis.families.size[family])
    if size > len(chosen):
        parts.append(
            tag(
                "p",
                f"{len(chosen)} of {size:,} texts: the one of largest weight, then from the nearest to it "
                "to the farthest.",
                class_="limit",
            )
        )
    return join(*parts, tag("div", *cards, class_="cards"))


def _examples(view: AnalysisView, family: int) -> tuple[list[int], list[float]]:
    """Return the representative and others from nearest to farthest, with their distances from it."""
    representative = int(view.analysis.families.representative[family])
    members: IntArray = view.members[family]
    members = members[members != representative]
    points = np.asarray(view.analysis.embeddings)
    gaps = np.linalg.norm(
        points[members].astype(np.float64) - points[representative].astype(np.float64), axis=1
    )
    order = np.argsort(gaps, kind="stable")
    picks = np.unique(np.linspace(0, len(order) - 1, min(MOST_EXAMPLES - 1, len(order))).round().astype(int))
    chosen = [int(order[k]) for k in picks]
    return [representative, *(int(members[k]) for k in chosen)], [0.0, *(float(gaps[k]) for k in chosen)]
