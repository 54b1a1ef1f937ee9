"""The report on an analysis: its sections in their order."""

from __future__ import annotations

import os
from pathlib import Path

from cloneproof._core.files import write_text
from cloneproof.audit.records import Analysis
from cloneproof.report.page import Section, render_page
from cloneproof.report.sections import (
    make_audit,
    make_certificate,
    make_choices,
    make_families,
    make_guide,
    make_headline,
    make_map,
    make_movers,
    make_provenance,
    make_scale_curve,
)
from cloneproof.report.text import one_line
from cloneproof.report.view import AnalysisView

__all__ = ["make_sections", "render_report", "write_report"]


def make_sections(analysis: Analysis) -> list[Section]:
    """Return the sections of the report; those without anything to say are left out."""
    view = AnalysisView(analysis)
    sections = [
        make_headline(view),
        make_map(view),
        make_families(view),
        make_movers(view),
        make_audit(view),
        make_certificate(view),
        make_scale_curve(view),
        make_choices(analysis),
        make_provenance(analysis),
        make_guide(),
    ]
    return [section for section in sections if section is not None]


def render_report(analysis: Analysis, *, title: str | None = None) -> str:
    """Return the report on an analysis as one HTML file.

    Parameters
    ----------
    analysis : Analysis
    title : str, default=None
        Title of the page. None: names the source of the comparisons.

    Returns
    -------
    html : str
        Self-contained: opens offline, asks the network for nothing, runs only the scripts that its
        content policy names by hash. Text from the data is escaped, and invisible or reordering
        characters in it are written as codes.

    Raises
    ------
    MissingExtraError
        If bokeh is not installed.

    Notes
    -----
    Under 6 MB: beyond 20,000 alternatives the map shows a sample, beyond 200 families the table the
    most over-counted, and long texts are cut; the page says each where it happens.
    """
    comparisons = analysis.comparisons
    if title is None:
        source = one_line(Path(comparisons.source).name, 80) if comparisons.source else ""
        title = f"What counts twice in {source}" if source else "What counts twice"
    subtitle = (
        f"{comparisons.n_comparisons:,} comparisons of {comparisons.n_alternatives:,} alternatives, "
        f"{analysis.reward} rewards, {analysis.weighting} weights, encoder {one_line(analysis.encoder, 80)}"
    )
    return render_page(
        make_sections(analysis),
        title,
        subtitle=subtitle,
        footer="Made by cloneproof. Nothing on this page was loaded from a network.",
    )


def write_report(analysis: Analysis, path: str | os.PathLike[str], *, title: str | None = None) -> Path:
    """Write the report on an analysis as one HTML file, whole or not at all.

    Parameters
    ----------
    analysis : Analysis
    path : path-like
        The file; an old one is replaced in one step.
    title : str, default=None
        Title of the page. None: names the source of the comparisons.

    Returns
    -------
    path : Path

    Raises
    ------
    MissingExtraError
        If bokeh is not installed.
    FileAccessError
        If the file cannot be written.
    """
    path = Path(path)
    write_text(path, render_report(analysis, title=title))
    return path
