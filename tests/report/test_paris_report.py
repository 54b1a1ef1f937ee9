"""The page of the Paris case: a flip can be seen, and one degenerate weighting does not flatten the others."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from cloneproof.audit import run_paris_case
from cloneproof.audit.case_records import Interval
from cloneproof.report.paris_report import make_paris_sections, write_paris_report


@pytest.fixture(scope="module")
def case():
    return run_paris_case(n_repeats=3, n_comparisons=200, random_state=0)


def _ticks(figure: str) -> list[float]:
    return [float(t) for t in re.findall(r'text-anchor="end"[^>]*>(-?[\d.]+)<', figure)]


def _wide(case, factor: float):
    row = case.rows[-1]
    far = {k: Interval(mean=i.mean * factor, low=i.low, high=i.high) for k, i in row.rewards_after.items()}
    return replace(case, rows=(*case.rows[:-1], replace(row, rewards_after=far)))


def test_a_degenerate_weighting_gets_a_scale_of_its_own(case):
    usual = str(make_paris_sections(case)[1].body).split("<figure>")[1]
    page = str(make_paris_sections(_wide(case, 1000.0))[1].body).split("<figure>")
    assert "wider scale" in page[-1]
    assert "wider scale" not in page[1]
    assert _ticks(page[1]) == _ticks(usual)  # the others look as they did
    assert max(_ticks(page[-1])) > 10 * max(_ticks(page[1]))


def test_page_opens_with_the_headline(case, tmp_path):
    page = write_paris_report(case, tmp_path / "report.html").read_text(encoding="utf-8")
    assert case.headline.replace("'", "&#39;") in page.replace("&#x27;", "&#39;")
    assert page.index(case.headline[:40]) < page.index("<svg")
