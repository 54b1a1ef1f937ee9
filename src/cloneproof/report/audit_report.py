"""The page of a clone audit: what added copies do, how it was found, and the words."""

from __future__ import annotations

import os
from pathlib import Path

from cloneproof._core.files import write_text
from cloneproof.audit import Analysis
from cloneproof.report.html import Markup, join, tag
from cloneproof.report.numbers import number, percent
from cloneproof.report.page import Section, render_page
from cloneproof.report.sections import make_audit, make_choices, make_guide, make_provenance
from cloneproof.report.text import one_line
from cloneproof.report.view import AnalysisView

__all__ = ["make_audit_sections", "write_audit_report"]


def make_audit_sections(analysis: Analysis) -> list[Section]:
    """Return the sections of an audit's page."""
    view = AnalysisView(analysis)
    sections = [
        _findings(analysis),
        make_audit(view),
        make_choices(analysis),
        make_provenance(analysis),
        make_guide(),
    ]
    return [section for section in sections if section is not None]


def write_audit_report(analysis: Analysis, path: str | os.PathLike[str]) -> Path:
    """Write the page of a clone audit to `path`, whole or not at all, and return the path."""
    c = analysis.comparisons
    source = one_line(Path(c.source).name, 80) if c.source else "these comparisons"
    html = render_page(
        make_audit_sections(analysis),
        f"What added copies do to rewards: {source}",
        subtitle=(
            f"{c.n_comparisons:,} comparisons of {c.n_alternatives:,} alternatives, {analysis.reward} rewards, "
            f"{analysis.weighting} weights, encoder {one_line(analysis.encoder, 80)}"
        ),
        footer="Made by cloneproof. Nothing on this page was loaded from a network.",
    )
    write_text(path, html)
    return Path(path)


def _findings(analysis: Analysis) -> Section:
    """Return the worst figures of both fits in words."""
    audit = analysis.audit
    said: list[Markup] = []
    if audit is not None:
        for name in audit.weightings:
            rows = [row for row in audit.rows if row.weighting == name]
            worst = max(rows, key=lambda row: row.max_shift_centred)
            called = "Plain" if name == "plain" else f"With {analysis.weighting} weights"
            where = "exact copies" if worst.noise == 0 else f"copies at distance {number(worst.noise)}"
            said.append(
                tag(
                    "li",
                    f"{called}: {worst.copies:,} {where} a target move a reward by up to "
                    f"{number(worst.max_shift_centred)} log odds; the best alternative changes in "
                    f"{percent(max(row.top1_flip for row in rows))} of the refits at most; the order of all keeps a "
                    f"Kendall τ of {number(min(row.kendall_tau for row in rows))} at worst.",
                )
            )
    notes = [tag("p", note, class_="limit") for note in analysis.notes]
    return Section(id="findings", title="What was found", body=join(tag("ul", *said), *notes))
