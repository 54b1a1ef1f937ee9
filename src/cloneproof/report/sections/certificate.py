"""What any number of copies can do at most, where that is proved, beside what was observed."""

from __future__ import annotations

from cloneproof.audit import AnalysisCertificate, CertificateRow
from cloneproof.report.html import Markup, join, tag
from cloneproof.report.numbers import number
from cloneproof.report.page import Section
from cloneproof.report.tables import Cell, Column, data_table
from cloneproof.report.text import cut
from cloneproof.report.view import AnalysisView

__all__ = ["make_certificate"]

ROUNDING = 1e-9
"""Moves below this come from arithmetic."""


def make_certificate(view: AnalysisView) -> Section | None:
    """Return the section on what is proved, or None where no certificate was asked for."""
    found = view.analysis.certificate
    if found is None:
        return None
    if found.case == "none":
        body = join(
            tag("p", tag("strong", "Nothing is proved about these rewards: "), f"{cut(found.reason, 400)}."),
            tag("p", "What the audit observed is all that is known here.", class_="limit"),
        )
        return Section(id="certificate", title="What copies can do at most", body=body)
    body = join(
        tag(
            "p",
            tag("strong", "A bound, not a measurement. "),
            "No number of copies, of any alternatives, moves a centred reward further, under the assumptions below; "
            "the audit tried some. The rewards range over "
            f"{number(found.reward_range, 3)}: a bound beyond that says nothing. Here {cut(found.reason, 300)}.",
        ),
        data_table(
            _columns(found),
            [_row(found, row) for row in found.rows],
            caption="Moves of centred rewards: proved and observed (log odds)",
        ),
        *(tag("p", f"{_capital(cut(note, 400))}.", class_="limit") for note in found.notes),
        tag("h3", "What it takes for granted"),
        tag("ul", *(tag("li", f"{_capital(cut(sentence, 400))}.") for sentence in found.assumptions)),
    )
    return Section(id="certificate", title="What copies can do at most", body=body)


def _has_plain(found: AnalysisCertificate) -> bool:
    return any(row.plain_bound is not None for row in found.rows)


def _columns(found: AnalysisCertificate) -> list[Column]:
    plain = [Column("Plain, at most", numeric=True, hint="Without weights", narrow=False)]
    return [
        Column("Copies", hint="How far each may lie from its original, in units of the embedding"),
        Column("Weighted, at most", numeric=True, hint="Proved for any number of copies"),
        Column("observed", numeric=True, hint="Largest in the audit"),
        *(plain if _has_plain(found) else []),
        Column("Plain, observed", numeric=True, hint="Largest in the audit, without weights", narrow=False),
        Column("Does the bound say something?"),
    ]


def _row(found: AnalysisCertificate, row: CertificateRow) -> list[object]:
    plain = [_shift(row.plain_bound, "none")] if _has_plain(found) else []
    says = "yes" if found.is_informative(row) else "no, beyond the rewards' range"
    return [
        "exact" if row.noise == 0.0 else f"within {number(row.noise)}",
        _shift(row.bound, "none"),
        _shift(row.observed, "not tried"),
        *plain,
        _shift(row.plain_observed, "not tried"),
        "no bound" if row.bound is None else says,
    ]


def _shift(value: float | None, otherwise: str) -> Cell | Markup:
    """Return a move; what only rounding makes is 0."""
    if value is None:
        return Cell(otherwise, None)
    return Cell("0" if value < ROUNDING else number(value, 3), float(value))


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
