"""One self-contained HTML file on an analysis, pages made of sections, tables for a terminal."""

from __future__ import annotations

from cloneproof.report.analysis_report import make_sections, render_report, write_report
from cloneproof.report.audit_report import make_audit_sections, write_audit_report
from cloneproof.report.board_report import make_board_sections, write_board_report
from cloneproof.report.page import Section, render_page, write_page
from cloneproof.report.paris_report import make_paris_sections, write_paris_report
from cloneproof.report.suite_report import make_suite_sections, write_suite_report
from cloneproof.report.terminal import format_table

__all__ = [
    "Section",
    "format_table",
    "make_audit_sections",
    "make_board_sections",
    "make_paris_sections",
    "make_sections",
    "make_suite_sections",
    "render_page",
    "render_report",
    "write_audit_report",
    "write_board_report",
    "write_page",
    "write_paris_report",
    "write_report",
    "write_suite_report",
]
