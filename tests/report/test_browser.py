"""The report in a browser: nothing runs but the page's own scripts, and what it offers works."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cloneproof.audit.records import Choice
from cloneproof.report import Section, render_page, render_report
from cloneproof.report.html import Markup, tag
from tests.report.factory import make_analysis

pytestmark = pytest.mark.browser

PAYLOADS = (
    "<script>attack(1)</script>",
    "</script><script>attack(2)</script>",
    "<img src=x onerror=attack(3)>",
    "<svg/onload=attack(4)>",
    "\"><iframe srcdoc='<script>parent.attack(5)</script>'>",
    "' onmouseover='attack(6)' x='",
    "javascript:attack(7)",
    "<!--<script>attack(8)</script>-->",
    "@{text}{safe} <b onclick=attack(9)>$index{safe}</b>",
    "$$\\href{javascript:attack(10)}{x}$$",
    "</title></style></textarea><script>attack(11)</script>",
    "<base href='https://example.invalid/'><link rel=stylesheet href='//example.invalid/a.css'>",
    "<style>@import url(https://example.invalid/b.css);</style>",
    "{{constructor.constructor('attack(14)')()}}",
    "<a href='https://example.invalid/' ping='https://example.invalid/p'>x</a>",
    "\u2028attack(16)\u2029",
)

PLACE = """(i) => {
  const figure = Bokeh.documents[0].get_model_by_name("map");
  const view = Bokeh.index.roots[0];
  const data = figure.document.get_model_by_name("dots").data_source.data;
  const box = view.canvas_view.el.getBoundingClientRect();
  return [box.left + view.frame_view.x_scale.compute(data.x[i]), box.top + view.frame_view.y_scale.compute(data.y[i])];
}"""


def hover(page, i):
    """Point at dot `i` of the map, with a small move as a hand makes."""
    page.locator("#map-chart").scroll_into_view_if_needed()
    page.wait_for_timeout(150)
    x, y = page.evaluate(PLACE, i)
    page.mouse.move(x - 6, y - 6)
    page.mouse.move(x, y)
    page.wait_for_timeout(150)
    page.mouse.move(x + 0.5, y)
    return x, y


@pytest.fixture(scope="module")
def html():
    return render_report(make_analysis(120, seed=1))


@pytest.fixture(scope="module")
def attacked_html():
    """Every text field that a data set or its owner controls holds an attack."""
    m = 40

    def payload(i, text):
        return f"{PAYLOADS[i % len(PAYLOADS)]} {text}"

    ids = [f"{PAYLOADS[(i + 3) % len(PAYLOADS)]}#{i}" for i in range(m)]
    analysis = make_analysis(
        m, change_text=payload, ids=ids, encoder=PAYLOADS[0] + PAYLOADS[1], surface_only=True, notes=PAYLOADS,
        source="".join(PAYLOADS[:4]),
    )  # fmt: skip
    object.__setattr__(
        analysis.comparisons, "prompts", tuple(PAYLOADS[(i + 7) % len(PAYLOADS)] for i in range(m))
    )
    rows = tuple(
        dataclasses.replace(row, weighting=PAYLOADS[2]) if row.weighting == "diversity" else row
        for row in analysis.audit.rows
    )
    analysis = dataclasses.replace(
        analysis,
        weighting=PAYLOADS[4],
        comparison_weighting=PAYLOADS[5],
        reward=PAYLOADS[3],
        audit=dataclasses.replace(analysis.audit, rows=rows, reward=PAYLOADS[1]),
        choices=tuple(Choice(name=p, value=p, reason=p, automatic=True) for p in PAYLOADS),
        provenance={p: {p: p, "list": [p], "deep": {p: p}} for p in PAYLOADS} | {"seed": PAYLOADS[0]},
    )
    return render_report(analysis, title="".join(PAYLOADS))


def test_page_is_quiet_and_draws_its_charts(visit, html):
    seen = visit(html)
    seen.page.wait_for_timeout(200)
    seen.assert_quiet()
    painted = seen.page.evaluate(
        """() => {
          const canvas = Bokeh.index.roots[0].canvas_view.el.shadowRoot.querySelector("canvas");
          const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
          const colours = new Set();
          for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3] > 200) colours.add(`${pixels[i] >> 5}${pixels[i + 2] >> 5}`);
          return colours.size;
        }"""
    )
    assert painted > 8
    assert seen.page.locator("section > h2").count() == 9
    assert seen.page.locator("svg[role=img] > title").count() >= 4


def test_attacks_in_every_text_field_are_inert(visit, attacked_html):
    seen = visit(attacked_html)
    page = seen.page
    for button in page.locator("button.open").all():
        button.click()
    for i in range(0, 40, 8):
        x, y = hover(page, i)
        page.mouse.click(x, y)
    assert page.locator("#map-detail .reading").count() > 0
    page.locator("#map-search").fill("<")
    page.locator("#family-text").fill("<img")
    page.locator("button.on-map").first.dispatch_event("click")
    page.wait_for_timeout(200)
    seen.assert_quiet()
    assert (
        page.locator(
            "iframe, object, embed, base, img, [onerror], [onload], [onmouseover], [style*=url]"
        ).count()
        == 0
    )
    assert page.locator("a:not([href^='#'])").count() == 0
    assert page.title().startswith("<script>attack(1)</script>")  # shown as text, and only as text
    assert page.locator("h1").inner_text().startswith("<script>attack(1)</script>")


def test_a_policy_violation_would_be_seen(visit):
    section = Section(
        id="x", title="x", body=Markup("<p>x</p><script>attack(1)</script><p style='color:red'>y</p>")
    )
    seen = visit(render_page([section], "x"), ready=False)
    assert seen.page.evaluate("window.attacked") == []
    violated = " ".join(seen.page.evaluate("window.violations"))
    assert "script-src" in violated
    assert "style-src" in violated
    with pytest.raises(AssertionError):
        seen.assert_quiet()


def test_tables_sort_by_mouse_and_keyboard(visit, html):
    page = visit(html).page
    column = "#family-table > tbody:not([hidden]) > tr:first-child > :nth-child({})"

    def values(j):
        return [float(cell.get_attribute("data-value")) for cell in page.locator(column.format(j)).all()]

    heading = page.locator("#family-table thead th").nth(1)
    assert heading.get_attribute("aria-sort") == "none"
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert values(2) == sorted(values(2), reverse=True)
    assert len(set(values(2))) > 1
    heading.locator("button").focus()
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    assert values(2) == sorted(values(2))
    assert page.locator("#family-table thead th[aria-sort=none]").count() == 6
    page.locator("#family-table thead th").nth(0).locator("button").click()
    names = [name.strip() for name in page.locator(column.format(1)).all_inner_texts()]
    assert names == sorted(names, key=str.casefold)


def test_families_filter_and_open(visit, html):
    page = visit(html).page
    bodies = page.locator("#family-table > tbody")
    n = bodies.count()
    assert page.locator("#family-table > tbody:visible").count() == min(15, n)
    page.get_by_role("button", name=f"Show all {n} rows").click()
    assert page.locator("#family-table > tbody:visible").count() == n
    page.locator("#family-overcount").fill("3")
    shown = page.locator("#family-table > tbody:visible")
    assert 0 < shown.count() < n
    assert all(float(body.get_attribute("data-overcount")) >= 3 for body in shown.all())
    assert page.locator("#family-count").inner_text() == f"{shown.count()} of {n} families"
    page.locator("#family-text").fill("no such words anywhere")
    assert shown.count() == 0
    page.locator("#family-text").fill("")
    button = page.locator("button.open").first
    detail = page.locator(f"#{button.get_attribute('aria-controls')}")
    assert not detail.is_visible()
    button.click()
    assert detail.is_visible()
    assert button.get_attribute("aria-expanded") == "true"
    assert detail.locator(".card").count() == 4
    assert page.locator("#family-table mark").count() > 0


def test_map_tells_what_a_dot_says(visit):
    analysis = make_analysis(30, seed=3)
    seen = visit(render_report(analysis))
    page = seen.page
    lonely = int(np.argmax(np.min(np.where(np.eye(30, dtype=bool), np.inf, distances(page, 30)), axis=1)))
    x, y = hover(page, lonely)
    tip = page.locator(".tooltip")
    tip.wait_for(state="visible")
    assert analysis.comparisons.texts[lonely] in tip.inner_text()
    assert analysis.comparisons.prompts[lonely] in tip.inner_text()
    page.mouse.click(x, y)
    assert analysis.comparisons.texts[lonely] in page.locator("#map-detail").inner_text()
    page.mouse.move(5, 5)
    assert not tip.is_visible()
    page.locator("#map-clear").click()
    assert page.locator("#map-detail .reading").count() == 0
    word = analysis.comparisons.texts[0].split()[1]
    page.locator("#map-search").fill(word.upper())
    wanted = sum(word.lower() in text.lower() for text in analysis.comparisons.texts)
    assert page.locator("#map-count").inner_text() == f"{wanted} found"
    page.locator("button.on-map").first.click()
    size = int(analysis.families.size[0])
    assert page.locator("#map-detail").inner_text().startswith(f"{size} chosen")
    seen.assert_quiet()


def distances(page, m):
    places = np.array([page.evaluate(PLACE, i) for i in range(m)])
    return np.linalg.norm(places[:, None] - places[None], axis=2)


@pytest.mark.parametrize("width", [390, 1400])
def test_page_fits_its_window(visit, html, width):
    page = visit(html, width=width).page
    assert page.evaluate("document.documentElement.scrollWidth") == width
    clipped = page.evaluate(
        """() => [...document.querySelectorAll("svg text")].filter((text) => {
          const svg = text.ownerSVGElement.getBoundingClientRect();
          const box = text.getBoundingClientRect();
          return svg.width > 0 && (box.left < svg.left - 1 || box.right > svg.right + 1);
        }).map((text) => text.textContent)"""
    )
    assert clipped == []


def test_dark_mode_repaints_the_map(visit, html):
    page = visit(html, dark=True).page
    ink = "Bokeh.documents[0].get_model_by_name('map').below[0].axis_label_text_color"
    soft = "getComputedStyle(document.documentElement).getPropertyValue('--soft').trim()"
    dark = page.evaluate(ink)
    assert isinstance(dark, str)
    assert dark == page.evaluate(soft)
    page.emulate_media(color_scheme="light")
    for _ in range(30):  # the page's policy forbids the eval that wait_for_function needs
        if page.evaluate(ink) != dark:
            break
        page.wait_for_timeout(50)
    assert page.evaluate(ink) == page.evaluate(soft) != dark


def test_page_reads_without_scripts(browser, tmp_path, html):
    file = tmp_path / "page.html"
    file.write_text(html, encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator("#family-table .card").first.is_visible()
    assert not page.locator("#family-text").is_visible()
    assert page.get_by_text("The map needs JavaScript").is_visible()
    context.close()


def test_twenty_thousand_alternatives_fit_and_open(visit):
    html = render_report(make_analysis(20_000, change_text=lambda i, text: f"{i} {text} " * 4))
    size = len(html.encode("utf-8"))
    assert size < 6_000_000
    seen = visit(html)
    assert (
        seen.page.evaluate("Bokeh.documents[0].get_model_by_name('dots').data_source.data.x.length") == 20_000
    )
    assert "are cut after" in seen.page.locator("#map").inner_text()
    seen.assert_quiet()


def test_strange_writing_keeps_its_place(visit):
    strange = (
        "abc\u202egnp.exe", "zero\u200bwidth\u2060here", "x" * 10_000, "مرحبا بالعالم هذا نص عربي", "👩\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈 👍🏽",
        "Z" + "\u0301\u0489" * 200, "lone \ud800 surrogate", "tab\tand\nnewline\r\nnull \x00 bell \x07", "漢字" * 3000, "",
        "$$x^2$$", "`code` **bold**",
    )  # fmt: skip
    seen = visit(render_report(make_analysis(36, change_text=lambda i, _: strange[i % len(strange)])))
    page = seen.page
    for button in page.locator("button.open").all():
        button.click()
    for i in range(0, 12, 3):
        hover(page, i)
    text = page.locator("main").inner_text()
    assert "‹U+202E›" in text
    assert "\u202e" not in text
    assert "\u200b" not in text
    assert "👩\u200d👩\u200d👧\u200d👦" in page.locator("#data-map-words").text_content()
    assert page.evaluate("document.documentElement.scrollWidth") == 1400
    seen.assert_quiet()


def test_sections_of_other_pages_need_no_bokeh(visit):
    section = Section(id="one", title="A & B", body=tag("p", "text"))
    html = render_page([section], "plain page")
    assert len(html) < 40_000
    seen = visit(html, ready=False)
    seen.assert_quiet()
