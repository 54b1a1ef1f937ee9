"""The page of CloneBench: what it says, and that names from data are inert."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from cloneproof.audit.suite import CleanRow, SuiteResult, SuiteRow
from cloneproof.report.suite_report import make_suite_sections, strip_of_shifts, write_suite_report

EVIL = "<script>alert(1)</script>"


def row(method: str, shift: float, **other) -> SuiteRow:
    values = dict.fromkeys(
        ["max_shift", "mean_shift", "max_shift_centred", "mean_shift_centred", "rms_shift_sd", "top1_flip"],
        0.5,
    )
    values |= {"kendall_tau": 0.9, "best_of_n_change": 0.1, "ess_alternatives": 0.7, "ess_comparisons": 0.5}
    values |= {"world": "w", "attack": "exact-copies", "copies": 10, "targeting": "random", "repeat": 0}
    values |= {
        "n_targets": 2,
        "n_clones": 20,
        "distance": 0.0,
        "targets": (0, 1),
        "seconds": 0.1,
        "accuracy": 0.6,
    }
    return SuiteRow(**{**values, "method": method, "max_shift_sd": shift, **other})


def clean(method: str, accuracy: float = 0.64, **other) -> CleanRow:
    return CleanRow(
        **{
            "world": "w", "method": method, "accuracy": accuracy, "accuracy_cost": 0.64 - accuracy, "seconds": 0.1,
            "ess_alternatives": 1.0, "ess_comparisons": 1.0, "kendall_tau_with_plain": 1.0, **other,
        }
    )  # fmt: skip


@pytest.fixture
def result() -> SuiteResult:
    return SuiteResult(
        world={
            "name": EVIL,
            "n_alternatives": 10,
            "n_comparisons": 45,
            "n_test": 9,
            "reward": "linear",
            "scale": 0.3,
        },
        rows=(
            row("plain", 1.25),
            row("plain", 2.5, targeting="influence"),
            row("diversity", 0.02),
            row("diversity", 0.0, attack=EVIL),
            row(EVIL, 0.75, error=None),
            row("hdbscan", math.nan, error=f"ValueError: {EVIL}"),
        ),
        clean=(clean("plain"), clean("diversity", 0.63), clean(EVIL), clean("hdbscan")),
        options={"copies": [10], "n_targets": 2},
        notes=(f"hdbscan: failed in some cells: ValueError: {EVIL}",),
    )


def test_nothing_from_data_becomes_markup(result, tmp_path):
    page = write_suite_report(result, tmp_path / "report.html").read_text()
    assert EVIL not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "http" not in re.sub(
        r"http-equiv|http://www.w3.org/\S+", "", page.split("<main>")[1].split("<script")[0]
    )


def test_the_findings_name_who_holds(result):
    findings = str(make_suite_sections([result])[0].body)
    assert "1.25 SD on average" in findings
    assert "2.50 SD at worst" in findings
    assert "Smallest of the methods that are told nothing: diversity, 0.01 SD" in findings
    assert "its accuracy is 0.630, plain&#x27;s 0.640" in findings
    assert "45 comparisons for training, 9 held out" in findings


def test_every_cell_is_a_sign(result):
    chart = str(strip_of_shifts(result))
    assert chart.count("<circle") == 4  # random targets; the failed cell has none
    assert chart.count("<polygon") == 1
    assert chart.index("diversity") < chart.index(">plain")  # smallest mean shift first


def test_several_worlds_share_a_page(result, tmp_path):
    other = replace(result, world={**result.world, "name": "paris"})
    page = write_suite_report([result, other], tmp_path / "r.html").read_text()
    assert "Methods: paris" in page
    assert page.count('id="w1-methods"') == 1
