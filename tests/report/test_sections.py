"""What the sections say, against numbers worked out here."""

from __future__ import annotations

import dataclasses
import html as html_module
import re

import numpy as np
import pytest

from cloneproof.report import make_sections, render_report
from cloneproof.report.budget import fit_texts
from cloneproof.report.differences import common_start, mark_differences, window
from cloneproof.report.html import script_json
from cloneproof.report.projection import project
from cloneproof.report.sections.alternatives_map import make_map
from cloneproof.report.text import cut, reveal
from cloneproof.report.view import AnalysisView
from tests.report.factory import make_analysis


def words_of(body):
    return " ".join(html_module.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def section(analysis, name):
    return next(part for part in make_sections(analysis) if part.id == name)


@pytest.fixture(scope="module")
def analysis():
    return make_analysis(200, seed=4)


def test_headline_names_the_numbers(analysis):
    said = words_of(section(analysis, "findings").body)
    families = analysis.families
    groups = families.size >= 2
    assert f"{int(groups.sum())} families of near-copies" in said
    assert f"{int(families.size[groups].sum())} of 200 alternatives" in said
    assert f"so that each different thing it says has {families.overcount[0]:.1f} votes" in said
    assert "without weights by up to 1.56 (median over the targets 0.94" in said
    assert "with diversity weights by up to 0.08 (median over the targets 0.05" in said
    assert "turns an even chance of winning into 82.6%" in said
    assert "20 times smaller" in said
    assert "1.18 times those without weights, by the median of the fits' own standard errors" in said
    assert "Weights leave it untouched" in said


def test_rewards_are_centred_before_they_are_compared(analysis):
    moved = dataclasses.replace(
        analysis, weighted=dataclasses.replace(analysis.weighted, rewards=analysis.weighted.rewards + 7.0)
    )
    for name in ("rewards", "findings"):
        assert words_of(section(moved, name).body) == words_of(section(analysis, name).body)


def test_cost_without_standard_errors_uses_the_rule():
    analysis = make_analysis(60, errors=False)
    said = words_of(section(analysis, "findings").body)
    growth = np.sqrt(analysis.comparisons.n_comparisons / analysis.effective_comparisons)
    assert f"{growth:.2f} times those without weights, by the rule" in said
    assert "±" not in section(analysis, "rewards").body


def test_surface_encoder_and_notes_stand_as_warnings():
    said = words_of(
        section(
            make_analysis(30, surface_only=True, encoder="surface", notes=("Look here.",)), "findings"
        ).body
    )
    assert "The encoder surface sees spelling only" in said
    assert "Look here." in said


def test_joint_audit_claims_no_spread_over_targets(analysis):
    audit = dataclasses.replace(analysis.audit, options={**analysis.audit.options, "joint": True})
    joint = dataclasses.replace(analysis, audit=audit)
    assert "20 alternatives at once" in words_of(section(joint, "findings").body)
    assert "median" not in words_of(section(joint, "audit").body)
    assert "median target" in words_of(section(analysis, "audit").body)


def test_weighted_rows_carry_the_name_of_the_weighting(analysis):
    rows = tuple(
        dataclasses.replace(row, weighting="weighted") if row.weighting == "diversity" else row
        for row in analysis.audit.rows
    )
    named = dataclasses.replace(analysis, audit=dataclasses.replace(analysis.audit, rows=rows))
    assert section(named, "audit").body == section(analysis, "audit").body
    assert section(named, "findings").body == section(analysis, "findings").body


def test_sections_without_anything_to_say_are_left_out():
    ids = [part.id for part in make_sections(make_analysis(30, audit=False, curve=False))]
    assert ids == ["findings", "map", "families", "rewards", "choices", "provenance", "guide"]
    assert "Robustness was not measured" in render_report(make_analysis(30, audit=False))


def test_families_are_listed_with_their_numbers_and_texts(analysis):
    body = section(analysis, "families").body
    groups = np.flatnonzero(analysis.families.size >= 2)
    assert body.count("<tbody") == len(groups)
    first = words_of(body.split("<tbody")[1])
    assert f"×{analysis.families.overcount[0]:.1f}" in first
    assert f"{100 * analysis.families.share_plain[0]:.1f}%" in first
    assert "4 of 25 texts" in first
    assert "largest weight" in first


def test_many_families_are_cut_and_said():
    analysis = make_analysis(1500, seed=2)
    groups = int((analysis.families.size >= 2).sum())
    assert groups > 200
    body = section(analysis, "families").body
    assert body.count("<tbody") == 200
    assert f"The 200 most over-counted of {groups:,} families are shown" in words_of(body)


def test_no_family_is_said():
    analysis = make_analysis(3, seed=0)
    families = dataclasses.replace(
        analysis.families, labels=np.arange(3), size=np.ones(3, dtype=np.int64), n_distinct=np.ones(3),
        overcount=np.ones(3), share_plain=np.ones(3) / 3, share_weighted=np.ones(3) / 3, n_comparisons=np.ones(3),
        representative=np.arange(3),
    )  # fmt: skip
    alone = dataclasses.replace(analysis, families=families)
    assert "Nothing is over-counted" in words_of(section(alone, "findings").body)
    assert "There are none" in words_of(section(alone, "families").body)


@pytest.mark.parametrize("m", [1, 2, 3])
@pytest.mark.parametrize("texts", [True, False])
def test_smallest_analyses_render(m, texts):
    html = render_report(make_analysis(m, texts=texts, prompts=texts, n_dims=1, audit=m > 1))
    assert html.count("<section") >= 7


def test_values_that_are_not_finite_render():
    analysis = make_analysis(30)
    for table in (analysis.plain, analysis.weighted):
        table.rewards[3] = np.nan
        table.standard_errors[4] = np.nan
    analysis.embeddings[5] = np.nan
    render_report(analysis)
    for part in make_sections(analysis):
        assert not re.search(r"\b(nan|inf)\b", part.body, flags=re.IGNORECASE), part.id
        assert not re.search(r"NaN|Infinity", script_json(dict(part.data)))


def test_movers_table_holds_one_alternative_of_each_family(analysis):
    view = AnalysisView(analysis)
    labels = analysis.families.labels[view.movers_by_family]
    assert len(set(labels)) == len(labels) == analysis.families.n_families
    for family in (0, 5):
        mine = np.flatnonzero(analysis.families.labels == family)
        best = mine[np.argmax(np.abs(view.change[mine]))]
        assert best in view.movers_by_family
    change = np.abs(view.change[view.movers_by_family])
    assert np.all(np.diff(change) <= 0)


def test_beyond_the_limit_the_map_is_a_sample_and_says_so(monkeypatch):
    monkeypatch.setattr("cloneproof.report.sections.alternatives_map.MOST_POINTS", 50)
    analysis = make_analysis(200)
    part = make_map(AnalysisView(analysis))
    assert len(part.data["map-words"]["ids"]) == 50
    assert "50 of 200 alternatives are drawn" in words_of(part.body)
    shown = set(part.data["map-words"]["ids"])
    assert {str(i) for i in AnalysisView(analysis).movers[:2]} <= shown


def test_copies_do_not_turn_the_map():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(60, 8)) * np.arange(8, 0, -1)
    before, explained = project(points, np.full(60, 1 / 60))
    copies = np.vstack([points, np.repeat(points[7:8], 5_000, axis=0)])
    share = np.r_[np.full(60, 1 / 60), np.zeros(5_000)]
    share[[7, *range(60, 5_060)]] = 1 / 60 / 5_001
    after, explained_after = project(copies, share)
    np.testing.assert_allclose(after[:60], before, atol=1e-8)
    np.testing.assert_allclose(explained, explained_after, atol=1e-10)
    singular = np.linalg.svd(points - points.mean(axis=0), compute_uv=False) ** 2
    np.testing.assert_allclose(explained, singular[:2] / singular.sum(), rtol=1e-6)


def test_projection_of_degenerate_points():
    for points in (np.ones((5, 3)), np.ones((1, 3)), np.array([[0.0], [1.0]]), np.full((4, 2), np.nan)):
        places, explained = project(points, np.ones(len(points)))
        assert places.shape == (len(points), 2)
        assert np.isfinite(places).all()
        assert np.isfinite(explained).all()
    np.testing.assert_allclose(project(np.array([[0.0], [1.0]]), np.zeros(2))[1], [1.0, 0.0])


@pytest.mark.parametrize(
    "text", ["plain words ", "<<<<<<<<<<<<", "漢字漢字漢字漢字漢字漢字", "\u202e\u202e\u202e\u202e"]
)
def test_texts_are_cut_to_the_room_that_their_bytes_need(text):
    texts, length = fit_texts([text * 30] * 100, 9_000, 400)
    assert len(script_json(texts).encode()) <= 9_000
    assert set(texts) == {cut(reveal(text * 30), length)}
    assert len(script_json([cut(reveal(text * 30), length + 1)] * 100).encode()) > 9_000
    assert fit_texts(["short"], 9_000, 400) == (["short"], 400)
    assert fit_texts([text * 30] * 100, 10, 400)[1] == 0


def test_differences_are_marked_words_only():
    assert mark_differences("the red cat sat", "the blue cat sat") == "the <mark>red</mark> cat sat"
    assert mark_differences("the cat sat", "the old cat sat").count("<del") == 1
    assert mark_differences("same text", "same text") == "same text"
    assert "<mark" not in mark_differences("nothing alike here", "completely other words stand there, really")
    assert mark_differences("<b>red</b> cat", "<b>blue</b> cat").startswith("&lt;b&gt;<mark>red</mark>")


def test_a_common_beginning_is_left_out():
    lead = "word " * 400
    texts = [lead + "one end", lead + "another end"]
    start = common_start(texts, 400)
    assert start % 5 == 0
    assert 1900 < start <= 2000
    assert window(texts[0], start, 400).endswith("one end")
    assert window(texts[0], start, 400).startswith("…")
    assert common_start(["short", "shorter"], 400) == 0
    assert common_start(["a" * 900, "b" * 900], 400) == 0
    assert common_start([], 400) == 0


def test_the_same_analysis_gives_the_same_words(analysis):
    assert [part.body for part in make_sections(analysis)] == [part.body for part in make_sections(analysis)]


def test_a_scale_curve_of_a_sample_is_told(analysis):
    curve = [(h, distinct / 4, ess / 4) for h, distinct, ess, *_ in analysis.scale_curve]
    part = section(dataclasses.replace(analysis, scale_curve=curve), "scale")
    assert "computed on a sample" in words_of(part.body)
    full = [(h, 200.0 / (1 + h), 190.0 / (1 + h)) for h in (0.01, 0.38, 2.0)]
    part = section(dataclasses.replace(analysis, scale_curve=full), "scale")
    assert "computed on a sample" not in words_of(part.body)
    assert "The analysis used h = 0.380" in words_of(part.body)


def test_the_scale_shows_what_each_choice_costs_and_buys(analysis):
    curve = [
        (0.1, 190.0, 195.0, 8.86, 1.012),
        (0.3, 120.0, 150.0, 1.99, 1.155),
        (1.2, 3.0, 30.0, 10.01, 2.58),
    ]
    words = words_of(section(dataclasses.replace(analysis, scale_curve=curve), "scale").body)
    for shown in ("×8.86", "×1.99", "×10.0", "×1.01", "×1.16", "×2.58", "growth of a copied family"):
        assert shown in words
    short = [row[:3] for row in curve]  # from a run before robustness was measured
    words = words_of(section(dataclasses.replace(analysis, scale_curve=short), "scale").body)
    assert "growth of a copied family" not in words


def test_votes_of_a_cell_that_drew_no_sample_are_a_bound(analysis):
    errors = np.full(len(analysis.weights), 1 / 4096)
    weights = np.array(analysis.weights)
    moved = AnalysisView(analysis).movers[0]
    weights[moved] = 0.0
    unseen = dataclasses.replace(analysis, weights=weights, weight_standard_errors=errors)
    bound = f"< {3 / 4096 * len(weights):.1g}"
    assert AnalysisView(unseen).votes_shown(int(moved)) == bound
    assert bound in words_of(section(unseen, "rewards").body)
    exact = dataclasses.replace(unseen, weight_standard_errors=None)
    assert AnalysisView(exact).votes_shown(int(moved)) == "0.00"


def test_a_page_of_nothing_but_escapes_stays_small():
    m = 20_000
    hostile = make_analysis(
        m, change_text=lambda i, _: f"{i}" + "<" * 600, ids=[f"{i}" + "<&" * 200 for i in range(m)]
    )
    object.__setattr__(hostile.comparisons, "prompts", tuple(f"{i}" + "<" * 600 for i in range(m)))
    assert len(render_report(hostile).encode()) < 6_000_000
