"""How to read the report."""

from __future__ import annotations

from cloneproof.report.html import join, tag
from cloneproof.report.page import Section
from cloneproof.report.tables import definition_list

__all__ = ["make_guide"]

_WORDS: tuple[tuple[str, str], ...] = (
    (
        "Reward",
        (
            "How much an alternative is preferred, on the scale of natural-log odds: a difference of 1 means a "
            "win rate of "
            "73%, of 2 means 88%. Only differences mean something, so each column has mean 0 over the "
            "alternatives."
        ),
    ),
    ("Plain", "The fit in which every comparison counts once and every alternative has one vote."),
    (
        "Weighted",
        (
            "The fit in which near-copies share votes, so that adding more of them changes little. The choices "
            "above say "
            "which weights were used."
        ),
    ),
    (
        "Votes",
        "An alternative's weight times the number of alternatives. 1 is what each has without weights.",
    ),
    (
        "Family, near-copies",
        (
            "Alternatives that are linked by steps no longer than the radius. Steps can chain, so that the ends "
            "of a long "
            "family may differ; look at its texts."
        ),
    ),
    (
        "Distinct",
        (
            "The effective number of different things that a family says. Five copies of one sentence are 1; "
            "five sentences "
            "with nothing in common are 5."
        ),
    ),
    (
        "Over-count",
        (
            "Near-copies divided by distinct. At ×20 each different thing that the family says has 20 votes "
            "where another "
            "alternative has one."
        ),
    ),
    (
        "Effective sample size (ESS)",
        (
            "1 / Σ w². As many equally weighted alternatives (or comparisons) would be as informative. The "
            "standard error "
            "of a mean grows by about √(n / ESS)."
        ),
    ),
    (
        "Shift",
        (
            "How far a reward of an original alternative moves when copies are added. Raw shifts include what "
            "moves all "
            "rewards alike and changes no comparison; centred shifts leave that out."
        ),
    ),
    (
        "Kendall's τ",
        "Agreement of two rankings: 1 for the same order, 0 for unrelated ones, −1 for the reverse.",
    ),
    (
        "The map",
        (
            "Two directions in which the embeddings differ most, each alternative counted by its weight. Much of "
            "the "
            "distance lies in other directions: points that touch may differ, families are found in all "
            "dimensions."
        ),
    ),
    (
        "± after a reward",
        "One standard error, where the model gives one. A 95% interval is about twice as wide each way.",
    ),
)


def make_guide() -> Section:
    """Return the section that explains each word of the report."""
    body = join(
        tag("p", "The words of this page, in the order in which they matter."),
        definition_list([(name, meaning) for name, meaning in _WORDS]),
        tag(
            "p",
            "The weights implement and extend “Clone-Robust AI Alignment” (Procaccia, Schiffer and Zhang, "
            "ICML 2025, "
            "arXiv:2501.09254).",
        ),
    )
    return Section(id="guide", title="How to read this page", body=body)
