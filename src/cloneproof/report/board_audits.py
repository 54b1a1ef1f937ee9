"""Sections of a leaderboard's page that tell its audits: thin leads, families, copies, the attack."""

from __future__ import annotations

from collections.abc import Sequence

from cloneproof.leaderboard import Attack, CompositionMove, DropK, FamilySelection
from cloneproof.report.html import join, tag
from cloneproof.report.numbers import NONE, count, number, percent, signed
from cloneproof.report.page import Section
from cloneproof.report.tables import Cell, Column, data_table

__all__ = ["attack_section", "composition_section", "drop_k_section", "families_section"]


def drop_k_section(found: Sequence[DropK]) -> Section:
    """Tell how few comparisons must go for neighbours to swap."""
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


def families_section(found: Sequence[FamilySelection]) -> Section:
    """Tell the best of each family beside its votes pooled."""
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
            Cell(f"{x.best_rating:.1f}", x.best_rating),
            Cell(f"{x.pooled_rating:.1f}", x.pooled_rating),
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


def composition_section(found: Sequence[CompositionMove]) -> Section:
    """Tell what exact copies of each model do to the others."""
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


def attack_section(attack: Attack) -> Section:
    """Tell what many submissions of one model do under both rules."""
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
