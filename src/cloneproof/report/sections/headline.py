"""The findings in words, with their margins, and what they do not say."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import kendalltau

from cloneproof.audit.records import Analysis
from cloneproof.report.html import Markup, join, tag
from cloneproof.report.labels import label
from cloneproof.report.numbers import count, factor, number, percent, plural
from cloneproof.report.page import Section
from cloneproof.report.text import cut
from cloneproof.report.view import AnalysisView

__all__ = ["make_headline"]


def make_headline(view: AnalysisView) -> Section:
    """Return the section that opens the report."""
    body = join(
        tag("div", *_tiles(view), class_="tiles"),
        tag("ul", *(tag("li", finding) for finding in _findings(view)), class_="findings"),
        _notes(view),
        tag(
            "details",
            tag("summary", "What the weights do not fix"),
            tag("ul", *(tag("li", caveat) for caveat in _caveats(view))),
            open=True,
            class_="caveats",
        ),
    )
    return Section(id="findings", title="What was found", body=body)


def _tiles(view: AnalysisView) -> list[Markup]:
    """Return the four numbers that matter most."""
    analysis = view.analysis
    tiles = []
    if len(view.groups):
        top = int(view.groups[0])
        tiles.append(
            _tile(
                factor(float(analysis.families.overcount[top])),
                "largest over-count",
                f"{count(analysis.families.size[top])} near-copies say "
                f"{count(float(analysis.families.n_distinct[top]))} "
                "different things",
            )
        )
    else:
        tiles.append(_tile("none", "over-counted", "no two alternatives are near-copies"))
    if view.audit is not None:
        plain = view.audit.largest_shift("plain")
        tiles.append(_tile(number(plain), "reward moved by copies, plain", f"at most, {_audit_scope(view)}"))
        for name in view.others[:1]:
            shift = view.audit.largest_shift(name)
            tiles.append(
                _tile(number(shift), f"the same, {view.weighting_name(name)}", _ratio_words(plain, shift))
            )
    share = analysis.effective_sample_size / max(view.m, 1)
    tiles.append(
        _tile(
            count(round(analysis.effective_sample_size)),
            "effective alternatives (ESS)",
            f"of {view.m:,}: {percent(min(share, 1.0))}",
        )
    )
    return tiles


def _tile(value: str, name: str, detail: str) -> Markup:
    """Return one number with its name under it."""
    return tag(
        "div",
        tag("p", value, class_="value"),
        tag("p", name, class_="name"),
        tag("p", detail, class_="detail"),
        class_="tile",
    )


def _findings(view: AnalysisView) -> list[Markup]:
    """Return one sentence or two for each finding."""
    return [
        finding
        for finding in (_overcounted(view), _robustness(view), _moved(view), _cost(view))
        if finding is not None
    ]


def _overcounted(view: AnalysisView) -> Markup:
    """Say what is over-counted, and by how much."""
    families = view.analysis.families
    if not len(view.groups):
        return join(
            tag("strong", "Nothing is over-counted. "),
            f"No two of the {view.m:,} alternatives lie within {number(families.radius, 3)} of each other.",
        )
    top = int(view.groups[0])
    held = int(np.sum(families.size[view.groups]))
    distinct = float(np.sum(families.n_distinct[view.groups]))
    name = label(view.analysis.comparisons, int(families.representative[top]), 90)
    return join(
        tag("strong", f"{plural(len(view.groups), 'family', 'families')} of near-copies: "),
        f"{held:,} of {view.m:,} alternatives ({percent(held / view.m)}) say only about {count(distinct)} "
        "different "
        "things. The most over-counted begins ",
        tag("q", tag("bdi", name)),
        f": {plural(int(families.size[top]), 'near-copy', 'near-copies')}, so that each different thing it "
        "says has "
        f"{factor(float(families.overcount[top]))[1:]} votes. It holds "
        f"{percent(float(families.share_plain[top]))} of "
        f"the alternatives, and {percent(float(families.share_weighted[top]))} of the weight once copies are "
        "discounted.",
    )


def _robustness(view: AnalysisView) -> Markup | None:
    """Say how far rewards move when copies are added, plain and weighted."""
    audit = view.audit
    if audit is None:
        return join(
            tag("strong", "Robustness was not measured. "),
            "The audit, which adds copies and refits, was switched off.",
        )
    parts = []
    for name in audit.weightings:
        rows = [row for row in audit.rows if row.weighting == name]
        worst = max(rows, key=lambda row: row.max_shift_centred)
        flips = max(row.top1_flip for row in rows)
        parts.append(
            f"{'without weights' if name == 'plain' else f'with {view.weighting_name(name)}'} by up to "
            f"{number(worst.max_shift_centred)} ({_margin(view, worst.max_shift_centred_median, flips)})"
        )
    plain = audit.largest_shift("plain")
    return join(
        tag("strong", "Adding copies moves rewards "),
        f"{', '.join(parts)}; {_audit_scope(view)}. ",
        f"For scale: a shift of {number(plain)} turns an even chance of winning into "
        f"{percent(_even_to(plain))}.",
    )


def _margin(view: AnalysisView, median: float, flips: float) -> str:
    """Say how the targets of the audit differ from each other."""
    if view.audit_is_joint:
        return f"the best alternative {'changed' if flips > 0 else 'stayed the same'}"
    return (
        f"median over the targets {number(median)}; the best alternative changed for at most "
        f"{percent(flips)} of them"
    )


def _audit_scope(view: AnalysisView) -> str:
    """Say how many copies of how many targets were added."""
    rows = () if view.audit is None else view.audit.rows
    copies = max(row.copies for row in rows)
    noise = max(row.noise for row in rows)
    n = max(row.n_targets for row in rows)
    near = f"exact or {number(noise)} away" if noise > 0 else "exact"
    added = f"adding up to {plural(copies, 'copy', 'copies')} ({near}) of "
    if view.audit_is_joint:
        return added + f"{plural(n, 'alternative')} at once"
    return added + f"one alternative at a time, {plural(n, 'target')}"


def _moved(view: AnalysisView) -> Markup | None:
    """Say what the weights change in the ranking of this data."""
    analysis = view.analysis
    if view.m < 2:
        return None
    tau = kendalltau(view.plain, view.weighted).statistic if view.m >= 2 else math.nan
    first, second = int(np.argmin(analysis.plain.rank)), int(np.argmin(analysis.weighted.rank))
    mover = int(view.movers[0])
    rank = int(analysis.weighted.rank[first])
    same = (
        "The best alternative stays the same. "
        if first == second
        else f"The best alternative changes: the plain winner is number {rank:,} now. "
    )
    return join(
        tag("strong", "In this data the weights move rewards "),
        f"by {number(float(np.nanmedian(np.abs(view.change))))} in the median and "
        f"{number(abs(float(view.change[mover])))} "
        f"at most; the two rankings agree with Kendall's τ = {number(float(tau))}. ",
        same,
    )


def _cost(view: AnalysisView) -> Markup | None:
    """Say what the weights cost."""
    analysis = view.analysis
    n = analysis.comparisons.n_comparisons
    growth = view.error_growth
    if growth is None:
        return None
    source = (
        "by the median of the fits' own standard errors"
        if view.error_growth_is_measured
        else "by the rule √(n / effective n)"
    )
    return join(
        tag("strong", "The price is precision. "),
        f"The weighted comparisons inform as much as {count(round(analysis.effective_comparisons))} of the "
        f"{n:,} rows "
        f"would ({percent(min(analysis.effective_comparisons / max(n, 1), 1.0))}), and standard errors are "
        f"{factor(growth)[1:]} times those without weights, {source}. ",
        _recommendation(analysis),
    )


def _recommendation(analysis: Analysis) -> str:
    """Say whether the weights bring more than they cost."""
    if analysis.cost is None:
        return ""
    advice = {
        "keep": "Keep the weights",
        "not needed": "The weights are hardly needed",
        "weaker": "Consider weaker weights",
    }[analysis.cost.recommendation]
    return f"{advice}: {analysis.cost.reason}"


def _ratio_words(plain: float, shift: float) -> str:
    """Say how much smaller the weighted shift is."""
    if shift <= 1e-9 * max(plain, 1e-300):
        return "no move that arithmetic can tell from zero"
    if plain <= 0:
        return "plain moves nothing either"
    ratio = plain / shift
    return (
        f"{count(round(ratio, 1))} times smaller"
        if ratio >= 1.05
        else (f"{count(round(1 / ratio, 1))} times larger" if ratio <= 0.95 else "about as much")
    )


def _even_to(shift: float) -> float:
    """Return the win rate that a reward shift makes of one half."""
    return 1.0 / (1.0 + math.exp(-min(shift, 700.0)))


def _notes(view: AnalysisView) -> Markup | None:
    """Return the warnings given on the way."""
    notes = [cut(note, 600) for note in view.analysis.notes[:20]]
    if view.analysis.surface_only:
        notes.insert(
            0,
            f"The encoder {cut(view.analysis.encoder, 80)} sees spelling only: it finds copies and small "
            "edits, and takes "
            "paraphrases for different texts.",
        )
    left = len(view.analysis.notes) - 20
    if left > 0:
        notes.append(f"{left:,} more warnings are in the run's manifest.")
    if not notes:
        return None
    return tag(
        "div",
        tag("h3", "Warnings"),
        tag("ul", *(tag("li", note) for note in notes)),
        class_="warnings",
        role="note",
    )


def _caveats(view: AnalysisView) -> list[str]:
    """Return what the numbers above must not be read as."""
    caveats = [
        (
            "The guarantee is for approximate copies and smooth tastes: a small change of text that changes what "
            "people "
            "think of it is not a copy, however close the encoder puts the two."
        ),
        (
            "Noise of sampling remains. Weights change whose votes count, not how many there are; few "
            "comparisons stay few."
        ),
        (
            "If all annotators share one taste, the plain fit is already right in the long run and the weights "
            "only cost "
            "precision. Copies do harm where tastes differ."
        ),
        (
            "Publishing the luckiest of many private variants is an effect of selection. Weights leave it "
            "untouched."
        ),
        (
            "What counts as a copy rests on the encoder and on the scale; distances alone do not separate "
            "paraphrases from "
            "different content."
        ),
    ]
    if view.analysis.n_components > 1:
        caveats.append(
            f"The comparisons fall into {view.analysis.n_components:,} groups that were never compared with "
            "each other; "
            "rewards across groups rest on the regularization or on the embedding."
        )
    return caveats
