"""The section on what is proved: bounds beside observations, honest where there is none, text inert."""

from __future__ import annotations

from dataclasses import replace

from cloneproof.audit import AnalysisCertificate, CertificateRow
from cloneproof.report import render_report
from cloneproof.report.sections import make_certificate
from cloneproof.report.view import AnalysisView
from tests.report.factory import make_analysis


def certificate(**changes) -> AnalysisCertificate:
    values = {
        "case": "complete",
        "reason": "every pair is compared",
        "assumptions": ("the region <b>S</b> stays",),
        "reward_range": 2.0,
        "rows": (
            CertificateRow(noise=0.0, bound=0.012, plain_bound=1.5, observed=0.0021, plain_observed=0.9),
            CertificateRow(noise=0.2, bound=7.25, plain_bound=None, observed=0.08, plain_observed=1.1),
            CertificateRow(noise=0.4, bound=None),
        ),
        "notes": ("copies far away are not covered",),
    }
    return AnalysisCertificate(**{**values, **changes})


def section(found: AnalysisCertificate | None):
    return make_certificate(AnalysisView(replace(make_analysis(40), certificate=found)))


def test_bounds_stand_beside_observations() -> None:
    body = section(certificate()).body
    for shown in ("0.012", "0.0021", "1.5", "7.25", "beyond the rewards", "no bound", "not tried"):
        assert shown in body, shown
    assert "<b>S</b>" not in body
    assert "The region &lt;b&gt;S&lt;/b&gt; stays." in body
    assert body.count("Copies far away are not covered.") == 1


def test_rounding_is_not_shown_as_a_move_beyond_the_bound() -> None:
    rows = (CertificateRow(noise=0.0, bound=0.0, observed=5.9e-15, plain_observed=1.97),)
    body = section(certificate(rows=rows)).body
    assert "e−15" not in body
    assert ">0<" in body


def test_without_a_proof_the_section_says_so_and_shows_no_bound() -> None:
    body = section(certificate(case="none", reason="rows are uneven", rows=())).body
    assert "Nothing is proved about these rewards" in body
    assert "rows are uneven" in body
    assert "<table" not in body
    assert section(None) is None


def test_the_page_holds_it_after_the_audit() -> None:
    html = render_report(replace(make_analysis(40), certificate=certificate()))
    assert html.index('id="audit"') < html.index('id="certificate"')
    assert 'id="certificate"' not in render_report(make_analysis(40))


def test_the_sentence_tells_bound_and_observation_or_why_not() -> None:
    assert certificate().sentence() == (
        "exact copies at most 0.012 (observed 0.002); no useful bound for copies within 0.2, 0.4"
    )
    assert certificate(reward_range=0.001).sentence().startswith("the bound exceeds the range")
    assert certificate(case="none", reason="rows are uneven").sentence() == "no bound: rows are uneven"
