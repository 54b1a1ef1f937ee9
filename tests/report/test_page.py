"""The frame of a page: names, policy, data blocks, files."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

import cloneproof.report.page as page_module
from cloneproof import CloneProofError
from cloneproof._core.errors import MissingExtraError
from cloneproof.report import Section, render_page, render_report, write_page, write_report
from cloneproof.report.html import Markup, tag
from tests.report.factory import make_analysis


def policy_of(html):
    return re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)[1].replace(
        "&#x27;", "'"
    )


def test_policy_names_every_script_and_style_and_nothing_else():
    html = render_report(make_analysis(20))
    policy = policy_of(html)
    found = re.findall(r"<(script|style)>(.*?)</\1>", html, flags=re.DOTALL)
    hashes = {
        f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'" for _, code in found
    }
    assert len(found) == 5
    assert set(re.findall(r"'sha256-[^']*'", policy)) == hashes
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; ")
    assert html.index("Content-Security-Policy") < html.index("<style>")
    assert "sourceMappingURL" not in html
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", html.split("<script>")[0])


def test_sections_need_names_of_their_own():
    section = Section(id="a", title="A", body=Markup(""))
    with pytest.raises(CloneProofError, match="names of their own"):
        render_page([section, section], "t")


@pytest.mark.parametrize("name", ["A", "a b", "", "1a", 'a"', "a\n"])
def test_names_stand_in_the_page_unescaped_and_are_checked(name):
    with pytest.raises(CloneProofError, match="lower-case letters, digits and hyphens"):
        Section(id=name, title="t", body=Markup(""))
    with pytest.raises(CloneProofError, match="lower-case letters, digits and hyphens"):
        Section(id="a", title="t", body=Markup(""), data={name: 1})


def test_a_body_must_be_markup():
    with pytest.raises(CloneProofError, match="must be Markup"):
        Section(id="a", title="t", body="<b>text of the data</b>")


def test_a_script_that_would_end_too_early_is_refused():
    with pytest.raises(CloneProofError, match="would end too early"):
        render_page([Section(id="a", title="t", body=Markup(""), scripts=("'</script>'",))], "t")


def test_data_blocks_are_json_in_place():
    html = render_page([Section(id="a", title="t", body=tag("p"), data={"numbers": ["</script>", 1]})], "<t>")
    assert '<script type="application/json" id="data-numbers">["\\u003c/script\\u003e",1]</script>' in html
    assert "<title>&lt;t&gt;</title>" in html


def test_write_page_and_report_replace_a_file_whole(tmp_path):
    path = tmp_path / "new" / "page.html"
    section = Section(id="a", title="t", body=tag("p", "old"))
    assert write_page([section], path, "t") == path
    before = path.read_bytes()
    with pytest.raises(CloneProofError):
        write_page([section, section], path, "t")
    assert path.read_bytes() == before
    analysis = make_analysis(12)
    assert write_report(analysis, str(path), title="Mine") == path
    assert b"<title>Mine</title>" in path.read_bytes()
    assert [file.name for file in path.parent.iterdir()] == ["page.html"]


def test_without_bokeh_the_error_holds_the_pip_line(monkeypatch):
    def missing(module, *, extra, purpose):
        raise MissingExtraError(f'{purpose} needs bokeh. Run: pip install "cloneproof[{extra}]"')

    monkeypatch.setattr(page_module, "require", missing)
    section = Section(id="a", title="t", body=Markup(""), bokeh={"chart": {}})
    with pytest.raises(MissingExtraError, match=r"cloneproof\[report\]"):
        render_page([section], "t")
