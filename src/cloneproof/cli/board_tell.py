"""What ``cloneproof board`` prints and writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloneproof.cli.board_run import BoardResult
from cloneproof.cli.output import percent, print_json, print_lines, schema_words
from cloneproof.cli.talk import say

if TYPE_CHECKING:
    from cloneproof.leaderboard import Attack, Board, BoardDifference

__all__ = [
    "difference_dict",
    "print_board",
    "print_difference",
    "result_dict",
    "write_board_folder",
]


def result_dict(result: BoardResult) -> dict[str, Any]:
    """Return the board with its audits as one JSON-ready object."""
    from cloneproof.leaderboard import board_to_dict

    made: dict[str, Any] = {**board_to_dict(result.board), "schema": result.provenance}
    made["caveats"] = list(result.caveats)
    for name, found in (
        ("drop_k", result.drop_k),
        ("family_selection", result.families),
        ("composition", result.composition),
    ):
        if found is not None:
            made[name] = [asdict(item) for item in found]
    if result.attack is not None:
        made["attack"] = asdict(result.attack)
    if result.bootstrap is not None:
        made["bootstrap"] = asdict(result.bootstrap)
    if result.reference is not None:
        made["published"] = asdict(result.reference)
    return made


def print_board(result: BoardResult, kind: str) -> None:
    """Print the result on stdout; what is not part of it goes to stderr."""
    from cloneproof.leaderboard import board_to_csv, board_to_markdown

    if kind == "json":
        print_json(result_dict(result))
    elif kind == "csv":
        print(board_to_csv(result.board), end="")
        _audits(result, say)
    elif kind == "md":
        print(board_to_markdown(result.board), end="")
        _audits(result, say)
    else:
        _table(result)
        _audits(result, print)
        print()
        for caveat in result.caveats:
            print(caveat)
        print(result.board.statement)


def write_board_folder(result: BoardResult, folder: Path, write_report: Callable[..., Any] | None) -> None:
    """Write board.json, board.csv, board.md, families.csv and the page, each whole or not at all."""
    from cloneproof._core.files import write_text
    from cloneproof.leaderboard import board_to_csv, board_to_markdown
    from cloneproof.weights import write_families

    board = result.board
    content = json.dumps(result_dict(result), ensure_ascii=False, allow_nan=False, indent=1)
    write_text(folder / "board.json", content + "\n")
    write_text(folder / "board.csv", board_to_csv(board))
    write_text(folder / "board.md", board_to_markdown(board))
    write_families(folder / "families.csv", board.ids, board.families or board.ids)
    if write_report is not None:
        write_report(
            board,
            folder / "report.html",
            drop_k=result.drop_k,
            families=result.families,
            composition=result.composition,
            attack=result.attack,
            reference=result.reference,
            caveats=result.caveats,
        )


def difference_dict(found: BoardDifference) -> dict[str, Any]:
    """Return a difference as one JSON-ready object."""
    made = asdict(found)
    for move, row in zip(found.moves, made["moves"], strict=True):
        row["rating_change"], row["rank_change"] = move.rating_change, move.rank_change
    made["settings"] = {name: list(pair) for name, pair in found.settings.items()}
    return made


def print_difference(found: BoardDifference) -> None:
    """Print what changed between two boards."""
    from cloneproof.report import format_table

    rows = [
        [
            move.new_rank,
            "" if not move.rank_change else f"{move.rank_change:+d}",
            f"{move.new_rating:.1f}",
            f"{move.rating_change:+.1f}",
            _robust(move.old_robust_rank, move.new_robust_rank),
            move.model,
        ]
        for move in found.moves
    ]
    print(format_table(["rank", "change", "rating", "change", "clone-robust", "model"], rows, align="rrrrrl"))
    print()
    lines = [
        (
            "largest change",
            (
                f"{found.largest_change:.3f} points, {found.largest_change_shifted:.3f} after a common shift "
                f"of {found.shift:+.3f}"
            ),
        )
    ]
    lines += [("added", ", ".join(found.added))] if found.added else []
    lines += [("removed", ", ".join(found.removed))] if found.removed else []
    lines += [(f"setting {name}", f"{old!r} -> {new!r}") for name, (old, new) in found.settings.items()]
    print_lines(lines)


def _robust(old: int | None, new: int | None) -> str:
    if old is None and new is None:
        return ""
    return f"{'-' if old is None else old} -> {'-' if new is None else new}"


def _table(result: BoardResult) -> None:
    from cloneproof.leaderboard import board_rows
    from cloneproof.report import format_table

    board, settings = result.board, result.board.settings
    m = len(board.ids)
    ties = settings.get("n_ties")
    tied = f", {ties:,.0f} of them ties" if ties else ""
    lines = [
        ("schema", schema_words(result.provenance)),
        ("models", f"{m:,} in {settings['n_comparisons']:,.0f} comparisons{tied}"),
        ("regularization", f"{settings['regularization']:g} ({settings['regularization_reason']})"),
    ]
    if settings["tie_parameter"] is not None:
        lines.append(("ties", f"{settings['ties']}, parameter {settings['tie_parameter']:.3f}"))
    for name, (effect, error) in board.control.items():
        lines.append((f"control {name}", f"{effect:+.3f} +/- {error:.3f} log odds per root mean square"))
    if board.weighted is not None:
        lines.append(("similarity", _similarity(board)))
        balancing = settings["rank_changes_by_balancing"]
        if balancing:
            lines.append(
                (
                    "rows",
                    (
                        f"balanced; {balancing:,} ranks change already because every pair counts once, before "
                        "any weight (not so with --rows product)"
                    ),
                )
            )
    if result.reference is not None:
        found = result.reference
        others = "" if not found.missing else f"; {len(found.missing):,} of its models are not here"
        lines.append(
            (
                "published",
                (
                    f"{found.n_shared:,} models shared, largest difference {found.largest_difference:.3f} points, "
                    f"{found.largest_difference_shifted:.3f} after a common shift of {found.shift:+.3f} "
                    f"({found.worst}); {found.rank_differences:,} ranks differ{others}"
                ),
            )
        )
    if result.bootstrap is not None:
        check = result.bootstrap
        lines.append(
            (
                "bootstrap",
                (
                    f"{check.n_replicates:,} resamples: standard errors {check.smallest:.2f} to {check.largest:.2f} "
                    f"of the table's, median {check.median:.2f}; furthest from 1: {check.most_apart}"
                ),
            )
        )
        lines += [("", note) for note in check.notes]
    print_lines(lines)
    print()
    weighted = board.weighted is not None
    names, align = ["rank", "model", "rating", "interval", "ranks", "battles"], "rlrrrr"
    if weighted:
        names, align = [*names, "robust", "change", "rating", "votes", "family"], align + "rrrrl"
    rows = []
    for row in board_rows(board):
        cells: list[object] = [
            row["rank"],
            row["model"],
            f"{row['rating']:.1f}",
            f"{row['low']:.0f}-{row['high']:.0f}",
            f"{row['rank_low']}-{row['rank_high']}",
            f"{row['n_comparisons']:,.0f}",
        ]
        if weighted:
            family = row.get("family")
            cells += [
                row["robust_rank"],
                f"{row['change']:+d}" if row["change"] else "",
                f"{row['robust_rating']:.1f}",
                f"{m * row['weight']:.2f}",
                family if family is not None and board.families and board.families.count(family) > 1 else "",
            ]
        rows.append(cells)
    print(format_table(names, rows, align=align))


def _similarity(board: Board) -> str:
    settings, families = board.settings, board.families or ()
    scale = settings.get("scale_of_similarity")
    several = sum(1 for family in set(families) if families.count(family) > 1)
    within = "" if scale is None else f" within {scale:.3g}"
    weight = board.weight
    size = (
        "" if weight is None else f"; {1.0 / float(weight @ weight):.1f} effective models of {len(families)}"
    )
    families_word = "family" if several == 1 else "families"
    return f"{settings['how']}{within}; {several:,} {families_word} of two or more{size}"


def _audits(result: BoardResult, tell: Callable[[str], Any]) -> None:
    from cloneproof.report import format_table

    if result.drop_k is not None:
        tell("\nFewest battles whose removal swaps neighbours (a refit confirms; fewer might do)")
        rows = [
            [
                x.above,
                x.below,
                "none" if x.predicted is None else x.predicted,
                "none" if x.confirmed is None else x.confirmed,
                "" if x.share is None else percent(x.share),
            ]
            for x in result.drop_k
        ]
        tell(format_table(["above", "below", "predicted", "confirmed", "share"], rows, align="llrrr"))
    if result.families:
        tell("\nBest of a family beside the family's votes pooled (gap in standard errors; what luck gives)")
        table = [
            [
                x.family,
                len(x.members),
                f"{x.best_rating:.1f}",
                f"{x.pooled_rating:.1f}",
                f"{x.gap:+.1f}",
                f"{x.expected_gap:.2f}",
                x.members[0],
            ]
            for x in result.families
        ]
        names = ["family", "size", "best", "pooled", "gap", "luck", "best member"]
        tell(format_table(names, table, align="lrrrrrl"))
    if result.composition is not None:
        copies = result.composition[0].copies if result.composition else 1
        tell(
            f"\nWith {copies} exact {'copy' if copies == 1 else 'copies'} of one model: what moves the others most"
        )
        for rule in dict.fromkeys(x.rule for x in result.composition):
            moves = sorted((x for x in result.composition if x.rule == rule), key=lambda x: -x.largest_move)
            flips = sum(x.flips for x in moves)
            tell(
                f"  {rule}: a copied {moves[0].copied} moves {moves[0].moved} by {moves[0].largest_move:.3f} "
                f"points; {flips:,} order {'flip' if flips == 1 else 'flips'} over all {len(moves):,} refits"
            )
    if result.attack is not None:
        _attack(result.attack, tell)


def _attack(attack: Attack, tell: Callable[[str], Any]) -> None:
    tell(f"\nAttack: {attack.name} submitted {attack.copies} more times")
    for move in attack.moves:
        flipped = "; ".join(f"{a} falls under {b}" for a, b in move.flipped[:3])
        tell(
            f"  exact copies, {move.rule}: largest move {move.largest_move:.3f} points ({move.moved}), "
            f"{move.flips:,} order {'flip' if move.flips == 1 else 'flips'}{': ' + flipped if flipped else ''}; {move.leader} leads"
        )
    for rule, gain in attack.best_gain.items():
        tell(
            f"  luckiest of {attack.copies} equal variants, {rule}: {gain:+.1f} +/- {attack.best_gain_error[rule]:.1f}"
            f" points over their mean ({attack.n_repeats} simulations)"
        )
    tell(
        f"  expected gain {attack.expected_gain:.1f} points = {attack.standard_error:.1f} x "
        f"E[max of {attack.copies} normals]; weights do not remove it, pooling the votes does"
    )
