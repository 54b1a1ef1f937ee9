"""The reproduction as Markdown tables: what docs show and ``tables.md`` holds."""

from __future__ import annotations

from collections.abc import Sequence

from cloneproof.audit.case_records import Interval, ParisCase
from cloneproof.reproduction.records import PaperReproduction, PopulationStudy

__all__ = ["paper_tables"]


def paper_tables(found: PaperReproduction) -> dict[str, str]:
    """Return the tables by name: rewards, shifts, and one for each kind of population."""
    tables = {"paper-rewards": _rewards(found.case), "paper-shifts": _shifts(found.case)}
    for study in found.populations:
        tables[f"paper-populations-{study.kind}"] = _populations(study)
    return tables


def _rewards(case: ParisCase) -> str:
    topics = list(case.rows[0].rewards_after)
    rows = []
    for row in case.rows:
        for when, rewards, winner, wins in (
            ("Original", row.rewards_before, row.winner_before, row.wins_before),
            ("Clones", row.rewards_after, row.winner_after, row.wins_after),
        ):
            means = [str(rewards[topic]) if topic in rewards else "" for topic in topics]
            rows.append([row.weighting, when, *means, f"{winner}, {wins[winner]} of {case.n_repeats}"])
    return _table(["weighting", "data set", *topics, "winner"], rows, "ll" + "r" * len(topics) + "l")


def _shifts(case: ParisCase) -> str:
    rows = [
        [
            row.weighting,
            f"{row.wins_before['romance']}, {row.wins_after['romance']}",
            f"{row.n_flips} of {case.n_repeats}",
            _plain(row.max_shift_centred),
            _plain(row.noise_shift_centred),
            f"{row.limit_max_shift_centred:.2f}",
            "yes" if row.flips_in_the_limit else "no",
            f"{row.effective_sample_size_before:.0f}, {row.effective_sample_size_after:.0f}",
            f"{row.food_share_before:.2f}, {row.food_share_after:.2f}",
        ]
        for row in case.rows
    ]
    headers = [
        "weighting",
        "romance first: Original, Clones",
        "winner changed",
        "largest shift",
        "sampling alone",
        "limit: shift",
        "limit: winner changed",
        "ESS",
        "food's share",
    ]
    return _table(headers, rows, "lrrrrrlrr")


def _populations(study: PopulationStudy) -> str:
    rows = [
        [
            row.weighting,
            _share(row.flip_rate),
            _share(row.text_flips),
            _plain(row.max_shift_centred),
            _plain(row.relative_shift),
        ]
        for row in study.rows
    ]
    headers = ["weighting", "winner changed", "best text changed", "largest shift", "as a share of the range"]
    return _table(headers, rows, "lrrrr")


def _plain(interval: Interval) -> str:
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def _share(interval: Interval) -> str:
    return f"{100 * interval.mean:.1f} % [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> str:
    rule = ["---:" if mark == "r" else "---" for mark in align]
    lines = [f"| {' | '.join(cells)} |" for cells in (headers, *rows)]
    return "\n".join([lines[0], f"|{'|'.join(rule)}|", *lines[1:]])
