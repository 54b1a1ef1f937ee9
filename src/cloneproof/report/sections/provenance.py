"""Where the numbers come from: inputs, versions, seed, options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cloneproof.audit.records import Analysis
from cloneproof.report.html import Markup, tag
from cloneproof.report.page import Section
from cloneproof.report.tables import definition_list
from cloneproof.report.text import cut

__all__ = ["make_provenance"]

_LONGEST = 400
_MOST = 200


def make_provenance(analysis: Analysis) -> Section:
    """Return the section that lets somebody else make the same report."""
    comparisons = analysis.comparisons
    dimensions = getattr(analysis.embeddings, "shape", (0, 0))
    facts: list[tuple[str, object]] = [
        ("source", comparisons.source or "not recorded"),
        ("alternatives", f"{comparisons.n_alternatives:,}"),
        ("comparisons", f"{comparisons.n_comparisons:,}"),
        ("annotators", "not named" if comparisons.n_annotators is None else f"{comparisons.n_annotators:,}"),
        ("components of the comparison graph", f"{analysis.n_components:,}"),
        ("encoder", f"{analysis.encoder}, {dimensions[-1]:,} dimensions"),
        ("weights", analysis.weighting),
        ("comparison weights", analysis.comparison_weighting),
        ("reward", analysis.reward),
        ("regularization λ", f"{analysis.regularization:g}"),
        ("scale h", "none" if analysis.scale is None else f"{analysis.scale:.4g}"),
        ("gradient of the plain fit", f"{analysis.plain.gradient_norm:.1e}"),
        ("gradient of the weighted fit", f"{analysis.weighted.gradient_norm:.1e}"),
    ]
    groups = [_group("Data and fit", definition_list([(k, cut(str(v), _LONGEST)) for k, v in facts]))]
    loose: list[tuple[str, object]] = []
    for name, value in analysis.provenance.items():
        if isinstance(value, Mapping):
            groups.append(_group(_heading(name), _details(value)))
        else:
            loose.append((str(name), cut(_shown(value), _LONGEST)))
    if loose:
        groups.append(_group("Run", definition_list(loose[:_MOST])))
    return Section(id="provenance", title="Provenance", body=tag("div", *groups, class_="groups"))


def _group(title: str, content: Markup) -> Markup:
    """Return values under a heading."""
    return tag("div", tag("h3", cut(title, 100)), content, class_="group")


def _heading(name: object) -> str:
    """Return the name of a group as a heading."""
    text = str(name).replace("_", " ")
    return text[:1].upper() + text[1:]


def _details(values: Mapping[object, object]) -> Markup:
    """Return one group of values, nested ones spelled with dots."""
    items: list[tuple[str, object]] = []
    stack = [(str(name), value) for name, value in reversed(list(values.items()))]
    while stack and len(items) < _MOST:
        name, value = stack.pop()
        if isinstance(value, Mapping) and value:
            stack += [(f"{name}.{key}", inner) for key, inner in reversed(list(value.items()))]
        else:
            items.append((cut(name, _LONGEST), cut(_shown(value), _LONGEST)))
    return definition_list(items)


def _shown(value: object) -> str:
    """Return a value of the record as text."""
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return ", ".join(_shown(item) for item in list(value)[:50]) + (", …" if len(value) > 50 else "")
    return str(value)
