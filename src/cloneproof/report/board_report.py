"""The page of a leaderboard: the slope of ranks, the table, families, and the audits."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from cloneproof._core.files import write_text
from cloneproof.leaderboard import (
    Attack,
    Board,
    CompositionMove,
    DropK,
    FamilySelection,
    ReferenceCheck,
    board_rows,
)
from cloneproof.report.board_audits import (
    attack_section,
    composition_section,
    drop_k_section,
    families_section,
)
from cloneproof.report.board_charts import RATINGS_UP_TO, SLOPE_UP_TO, chart_of_ratings, slope_of_ranks
from cloneproof.report.html import join, tag
from cloneproof.report.numbers import count, number, signed
from cloneproof.report.page import Section, render_page
from cloneproof.report.tables import Cell, Column, data_table

__all__ = ["make_board_sections", "slope_of_ranks", "write_board_report"]


def make_board_sections(
    board: Board,
    *,
    drop_k: Sequence[DropK] | None = None,
    families: Sequence[FamilySelection] | None = None,
    composition: Sequence[CompositionMove] | None = None,
    attack: Attack | None = None,
    reference: ReferenceCheck | None = None,
    caveats: Sequence[str] = (),
) -> list[Section]:
    """Return the sections of a leaderboard's page; those without data are left out."""
    made = [_headline(board, drop_k, reference, caveats)]
    if board.weighted is not None:
        made.append(_slope_section(board))
    made += [_ratings(board), _table(board)]
    if board.weighted is not None and _shared_families(board):
        made.append(_shared(board))
    if drop_k:
        made.append(drop_k_section(drop_k))
    if families:
        made.append(families_section(families))
    if composition:
        made.append(composition_section(composition))
    if attack is not None:
        made.append(attack_section(attack))
    return made


def write_board_report(
    board: Board,
    path: str | os.PathLike[str],
    *,
    drop_k: Sequence[DropK] | None = None,
    families: Sequence[FamilySelection] | None = None,
    composition: Sequence[CompositionMove] | None = None,
    attack: Attack | None = None,
    reference: ReferenceCheck | None = None,
    caveats: Sequence[str] = (),
) -> Path:
    """Write the page of a leaderboard to `path`, whole or not at all, and return the path."""
    sections = make_board_sections(
        board,
        drop_k=drop_k,
        families=families,
        composition=composition,
        attack=attack,
        reference=reference,
        caveats=caveats,
    )
    html = render_page(
        sections,
        "Leaderboard, as it stands and with near-copies sharing a vote",
        subtitle=f"{count(len(board.ids))} models; ratings are 1000 + 400 / ln 10 times the log odds.",
        footer=board.statement,
    )
    write_text(path, html)
    return Path(path)


def _headline(
    board: Board,
    drop_k: Sequence[DropK] | None,
    reference: ReferenceCheck | None,
    caveats: Sequence[str],
) -> Section:
    leader = board.ids[int(board.order[0])]
    open_ranks = board.plain.rank_interval[int(board.order[0])]
    reach = "no other rank is" if open_ranks[1] == 1 else f"ranks to {count(open_ranks[1])} are"
    said = [tag("li", f"{leader} leads the plain table; {reach} left open by the data.")]
    if drop_k and drop_k[0].above == leader and drop_k[0].confirmed is not None:
        n = drop_k[0].confirmed
        said.append(
            tag(
                "li",
                f"{count(n)} {'comparison' if n == 1 else 'comparisons'} fewer, well chosen, and "
                f"{drop_k[0].below} is level with {leader} or over it.",
            )
        )
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
    if reference is not None:
        said.append(
            tag(
                "li",
                f"Published table: {count(reference.n_shared)} models shared, largest difference of a rating "
                f"{number(reference.largest_difference, 3)} points, "
                f"{number(reference.largest_difference_shifted, 3)} after a common shift; "
                f"{count(reference.rank_differences)} ranks differ.",
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
    keys = tag(
        "div",
        tag("span", "gains places", class_="key s0"),
        tag("span", "loses places", class_="key s1"),
        class_="keys",
    )
    chart = tag("figure", tag("div", slope_of_ranks(board), class_="scroll"), tag("figcaption", note, keys))
    return Section(id="slope", title="Ranks, plain and clone-robust", body=chart)


def _ratings(board: Board) -> Section:
    level = 100 * float(board.settings.get("level", 0.95))
    note = f"Ratings with their {level:g} % intervals, each on its own."
    if len(board.ids) > RATINGS_UP_TO:
        note += f" The first {RATINGS_UP_TO} are drawn."
    keys = [tag("span", "plain", class_="key s0")]
    if board.weighted is not None:
        keys.append(tag("span", "clone-robust", class_="key s1"))
    legend = tag("div", *keys, class_="keys")
    chart = tag(
        "figure", tag("div", chart_of_ratings(board), class_="scroll"), tag("figcaption", note, legend)
    )
    return Section(id="ratings", title="Ratings and what they leave open", body=chart)


def _shared_families(board: Board) -> list[tuple[str, list[int]]]:
    """Return the families of two or more with their members, largest first."""
    members: dict[str, list[int]] = {}
    for i in board.order.tolist():
        members.setdefault((board.families or board.ids)[i], []).append(i)
    return sorted(((f, m) for f, m in members.items() if len(m) > 1), key=lambda x: -len(x[1]))


def _shared(board: Board) -> Section:
    columns = [
        Column("Family"),
        Column("Size", numeric=True),
        Column("Votes", numeric=True, hint="Of all members together; each would have 1"),
        Column("Members"),
    ]
    rows: list[list[Cell | object]] = []
    for family, members in _shared_families(board):
        votes = 0.0 if board.weight is None else len(board.ids) * float(board.weight[members].sum())
        names = ", ".join(board.ids[i] for i in members)
        rows.append([family, Cell(len(members), len(members)), Cell(number(votes), votes), names])
    note = (
        "Who shares a vote with whom. families.csv beside this page holds the list: edit it and give it back "
        "with --similarity families.csv."
    )
    table = data_table(columns, rows, caption="Families of two or more", first=50)
    return Section(id="shared", title="Families that share votes", body=join(tag("p", note), table))


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
    several = {family for family, _ in _shared_families(board)}
    rows: list[list[Cell | object]] = []
    for row in board_rows(board):
        cells: list[Cell | object] = [
            Cell(row["rank"], row["rank"]),
            row["model"],
            Cell(f"{row['rating']:.1f}", row["rating"]),
            Cell(f"{row['low']:.0f} to {row['high']:.0f}", row["low"]),
            Cell(f"{row['rank_low']} to {row['rank_high']}", row["rank_low"]),
            Cell(count(row["n_comparisons"]), row["n_comparisons"]),
        ]
        if board.weighted is not None:
            votes = len(board.ids) * row["weight"]
            cells += [
                Cell(row["robust_rank"], row["robust_rank"]),
                Cell(signed(row["change"], 0) if row["change"] else "", row["change"]),
                Cell(f"{row['robust_rating']:.1f}", row["robust_rating"]),
                Cell(number(votes), votes),
            ]
        if board.families is not None:
            cells.append(row["family"] if row["family"] in several else "")
        rows.append(cells)
    return Section(
        id="table", title="The table", body=data_table(columns, rows, caption="Leaderboard", first=100)
    )
