"""Markup that text from data cannot become."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloneproof.report.html import Markup, join, script_json, tag


def test_text_is_escaped_and_markup_is_not():
    inner = tag("b", "1 < 2 & \"3\" 'x'")
    assert inner == "<b>1 &lt; 2 &amp; &quot;3&quot; &#x27;x&#x27;</b>"
    assert tag("p", inner, "<i>", None) == f"<p>{inner}&lt;i&gt;</p>"
    assert isinstance(join(inner, "<"), Markup)


def test_attributes_are_escaped_and_named():
    assert tag("td", class_="a", data_value='"><script>', hidden=True, title=None, open=False) == (
        '<td class="a" data-value="&quot;&gt;&lt;script&gt;" hidden></td>'
    )
    assert tag("br") == "<br>"


@pytest.mark.parametrize(
    "attributes",
    [{"onclick": "x"}, {"style": "x"}, {"src": "x"}, {"srcdoc": "x"}, {"a b": "x"}, {"href": "javascript:x"},
     {"href": "https://example.invalid"}, {"onERROR": "x"}, {"HREF": "//x"}],
)  # fmt: skip
def test_dangerous_attributes_cannot_be_written(attributes):
    with pytest.raises(ValueError, match="cannot be written"):
        tag("a", **attributes)


@pytest.mark.parametrize("name", ["script", "style", "iframe", "base", "a b", "p><script"])
def test_dangerous_elements_cannot_be_written(name):
    with pytest.raises(ValueError, match="cannot be written"):
        tag(name)


@given(st.text())
def test_json_in_a_script_says_the_same_and_cannot_end_it(text):
    written = script_json({"text": [text]})
    assert json.loads(written) == {"text": [text]}
    assert not set(written) & set("<>&\u2028\u2029")


def test_json_without_numbers_it_cannot_say():
    assert script_json([float("nan"), float("inf"), 1.5, None, True]) == "[null,null,1.5,null,true]"
    assert json.loads(script_json("\ud800")) == "?"
