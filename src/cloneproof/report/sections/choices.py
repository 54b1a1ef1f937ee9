"""Which choices were made, by whom, and why."""

from __future__ import annotations

from cloneproof.audit.records import Analysis
from cloneproof.report.html import join, tag
from cloneproof.report.page import Section
from cloneproof.report.tables import Column, data_table
from cloneproof.report.text import cut

__all__ = ["make_choices"]

_COLUMNS = (
    Column("Option", sortable=False),
    Column("Chosen", sortable=False),
    Column("By", sortable=False, narrow=False),
    Column("Why", sortable=False),
)


def make_choices(analysis: Analysis) -> Section | None:
    """Return the section on choices, or None where none is recorded."""
    if not analysis.choices:
        return None
    rows = [
        [
            tag("code", choice.name),
            tag("strong", cut(choice.value, 200)),
            "automatic" if choice.automatic else "asked for",
            cut(choice.reason, 1000),
        ]
        for choice in analysis.choices
    ]
    body = join(
        tag("p", "Each automatic choice can be overridden by the option of the same name."),
        data_table(_COLUMNS, rows, caption="Choices and their reasons", class_="choices"),
    )
    return Section(id="choices", title="Choices made, and why", body=body)
