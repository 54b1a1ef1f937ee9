"""The page of a leaderboard: the slope of ranks, the table, families, and the audits."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cloneproof._core.errors import ParameterError
from cloneproof._core.files import write_text
from cloneproof._core.typing import FloatArray
from cloneproof.leaderboard import Attack, Board, CompositionMove, DropK, FamilySelection, board_rows
from cloneproof.report.html import Markup, join, tag
from cloneproof.report.numbers import NONE, count, number, percent, signed
from cloneproof.report.page import Section, render_page
from cloneproof.report.svg import line, text
from cloneproof.report.tables import Cell, Column, data_table
from cloneproof.report.text import one_line

__all__ = ["make_board_sections", "slope_of_ranks", "write_board_report"]

SLOPE_UP_TO = 60
"""Models drawn in the slope; the table holds all."""

ROW = 18.0
NAME_LENGTH = 34


def make_board_sections(
    board: Board,
    *,
    drop_k: Sequence[DropK] | None = None,
    families: Sequence[FamilySelection] | None = None,
    composition: Sequence[CompositionMove] | None = None,
    attack: Attack | None = None,
    caveats: Sequence[str] = (),
) -> list[Section]:
    """Return the sections of a leaderboard's page; those without data are left out."""
    made = [_headline(board, caveats)]
    if board.weighted is not None:
        made.append(_slope_section(board))
    made.append(_table(board))
    if drop_k:
        made.append(_drop_k(drop_k))
    if families:
        made.append(_families(families))
    if composition:
        made.append(_composition(composition))
    if attack is not None:
        made.append(_attack(attack))
    return made


def write_board_report(
    board: Board,
    path: str | os.PathLike[str],
    *,
    drop_k: Sequence[DropK] | None = None,
    families: Sequence[FamilySelection] | None = None,
    composition: Sequence[CompositionMove] | None = None,
    attack: Attack | None = None,
    caveats: Sequence[str] = (),
) -> Path:
    """Write the page of a leaderboard to `path`, whole or not at all, and return the path."""
    sections = make_board_sections(
        board, drop_k=drop_k, families=families, composition=composition, attack=attack, caveats=caveats
    )
    html = render_page(
        sections,
        "Leaderboard, as it stands and with near-copies sharing a vote",
        subtitle=f"{count(len(board.ids))} models; ratings are 1000 + 400 / ln 10 times the log odds.",
        footer=board.statement,
    )
    write_text(path, html)
    return Path(path)


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


def _places(rating: FloatArray) -> list[int]:
    """Return each model's row in the chart: its place from the best rating, each place once."""
    order = np.argsort(-rating, kind="stable")
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return [int(x) for x in places]


def _headline(board: Board, caveats: Sequence[str]) -> Section:
    leader = board.ids[int(board.order[0])]
    said = [tag("li", f"{leader} leads the plain table.")]
    if board.weighted is not None and board.change is not None and board.weight is not None:
        robust = board.ids[int(board.weighted.rating.argmax())]
        who = "also leads" if robust == leader else f"gives way to {robust}"
        said.append(
            tag("li", f"{leader} {who} when near-copies share a vote ({board.settings.get('how', '')}).")
        )
        balancing = board.settings.get("rank_changes_by_balancing")
        if balancing:
            said.append(
                tag(
                    "li",
                    f"{count(balancing)} ranks change already when every pair counts once, whatever its number "
                    "of comparisons, before any weight.",
                )
            )
        moved = int((board.change != 0).sum())
        effective = 1.0 / float(board.weight @ board.weight)
        said.append(
            tag(
                "li",
                f"{count(moved)} of {count(len(board.ids))} models change rank; the models are worth "
                f"{count(effective)} (effective number).",
            )
        )
    for name, (effect, error) in board.control.items():
        said.append(tag("li", f"Control {name}: {signed(effect)} ± {number(error)} log odds."))
    limits = [tag("p", words, class_="limit") for words in (*caveats, board.statement)]
    return Section(id="findings", title="What stands", body=join(tag("ul", *said), *limits))


def _slope_section(board: Board) -> Section:
    note = "Left the rank as it stands, right the rank when near-copies share a vote."
    if len(board.ids) > SLOPE_UP_TO:
        note += f" The first {SLOPE_UP_TO} of either order are drawn."
    chart = tag("figure", tag("div", slope_of_ranks(board), class_="scroll"), tag("figcaption", note))
    return Section(id="slope", title="Ranks, plain and clone-robust", body=chart)


def _table(board: Board) -> Section:
    level = 100 * float(board.settings.get("level", 0.95))
    columns = [
        Column("Rank", numeric=True),
        Column("Model"),
        Column("Rating", numeric=True),
        Column(f"{level:g} % interval", numeric=True, narrow=False),
        Column("Ranks", numeric=True, hint="Best and worst rank that the data leave open", narrow=False),
        Column("Comparisons", numeric=True, narrow=False),
    ]
    if board.weighted is not None:
        columns += [
            Column("Clone-robust rank", numeric=True),
            Column("Change", numeric=True),
            Column("Clone-robust rating", numeric=True, narrow=False),
            Column("Votes", numeric=True, hint="Share times the number of models; 1 is a full vote"),
        ]
    columns += [Column("Family", narrow=False)] if board.families is not None else []
    rows: list[list[Cell | object]] = []
    for row in board_rows(board):
        cells: list[Cell | object] = [
            Cell(row["rank"], row["rank"]),
            row["model"],
            Cell(number(row["rating"], 1), row["rating"]),
            Cell(f"{row['low']:.0f} to {row['high']:.0f}", row["low"]),
            Cell(f"{row['rank_low']} to {row['rank_high']}", row["rank_low"]),
            Cell(count(row["n_comparisons"]), row["n_comparisons"]),
        ]
        if board.weighted is not None:
            votes = len(board.ids) * row["weight"]
            cells += [
                Cell(row["robust_rank"], row["robust_rank"]),
                Cell(signed(row["change"], 0) if row["change"] else "", row["change"]),
                Cell(number(row["robust_rating"], 1), row["robust_rating"]),
                Cell(number(votes), votes),
            ]
        if board.families is not None:
            cells.append(row["family"])
        rows.append(cells)
    return Section(
        id="table", title="The table", body=data_table(columns, rows, caption="Leaderboard", first=100)
    )


def _drop_k(found: Sequence[DropK]) -> Section:
    columns = [
        Column("Above"),
        Column("Below"),
        Column("Predicted", numeric=True, hint="By influence", narrow=False),
        Column("Confirmed", numeric=True, hint="By a refit: an upper bound of the fewest"),
        Column("Share", numeric=True, hint="Of all comparisons"),
    ]
    rows = [
        [
            x.above,
            x.below,
            Cell(NONE if x.predicted is None else count(x.predicted), x.predicted),
            Cell(NONE if x.confirmed is None else count(x.confirmed), x.confirmed),
            Cell(percent(x.share), x.share),
        ]
        for x in found
    ]
    note = "How few comparisons must go for two neighbours to swap: a small number is a thin lead."
    table = data_table(columns, rows, caption="Fewest comparisons whose removal swaps neighbours")
    return Section(id="drop-k", title="Thin leads", body=join(tag("p", note), table))


def _families(found: Sequence[FamilySelection]) -> Section:
    columns = [
        Column("Family"),
        Column("Size", numeric=True),
        Column("Best member"),
        Column("Best", numeric=True),
        Column("Pooled", numeric=True, hint="Rating of the family's votes together"),
        Column("Gap", numeric=True, hint="Best less pooled, in standard errors"),
        Column("Luck alone", numeric=True, hint="E[max of n normals]"),
    ]
    rows = [
        [
            x.family,
            Cell(len(x.members), len(x.members)),
            x.members[0],
            Cell(number(x.best_rating, 1), x.best_rating),
            Cell(number(x.pooled_rating, 1), x.pooled_rating),
            Cell(signed(x.gap, 1), x.gap),
            Cell(number(x.expected_gap), x.expected_gap),
        ]
        for x in found
    ]
    note = (
        "A gap near what luck alone gives is no evidence that the best member is better than its siblings; "
        "far above it, they truly differ and the pooled rating undersells the best."
    )
    table = data_table(columns, rows, caption="Best of a family beside its votes pooled")
    return Section(id="families", title="Families as one submitter", body=join(tag("p", note), table))


def _composition(found: Sequence[CompositionMove]) -> Section:
    columns = [
        Column("Copied"),
        Column("Rule"),
        Column("Largest move", numeric=True, hint="Of a rating, in points"),
        Column("Moved most"),
        Column("Flips", numeric=True, hint="Pairs of originals whose order changed"),
        Column("Leader", narrow=False),
    ]
    rows = [
        [
            x.copied,
            x.rule,
            Cell(number(x.largest_move, 3), x.largest_move),
            x.moved,
            Cell(x.flips, x.flips),
            x.leader,
        ]
        for x in sorted(found, key=lambda x: -x.largest_move)
    ]
    note = f"Every model in turn joined by {count(found[0].copies)} exact copies of it."
    table = data_table(columns, rows, caption="What copies of each model do to the others", first=20)
    return Section(id="composition", title="Who else is on the board", body=join(tag("p", note), table))


def _attack(attack: Attack) -> Section:
    said = [
        tag(
            "li",
            f"Exact copies, {move.rule}: largest move {number(move.largest_move, 3)} points ({move.moved}), "
            f"{count(move.flips)} order flips; {move.leader} leads.",
        )
        for move in attack.moves
    ]
    said += [
        tag(
            "li",
            f"Luckiest of {attack.copies} equal variants, {rule}: {signed(gain, 1)} ± "
            f"{number(attack.best_gain_error[rule], 1)} points over their mean.",
        )
        for rule, gain in attack.best_gain.items()
    ]
    said.append(
        tag(
            "li",
            f"Expected gain of the luckiest: {number(attack.expected_gain, 1)} points. Weights do not remove "
            "it; pooling the submitter's votes does.",
        )
    )
    title = f"Attack: {attack.name} submitted {attack.copies} more times"
    return Section(id="attack", title=title, body=tag("ul", *said))
