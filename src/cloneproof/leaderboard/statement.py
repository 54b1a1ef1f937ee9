"""What weights do not fix, in the words that stand under every leaderboard of this project."""

from __future__ import annotations

__all__ = ["NOT_FIXED", "VOTES_CAVEAT"]

NOT_FIXED = (
    "What the weights do not fix: if all annotators follow one Bradley-Terry model, the plain table is already "
    "consistent and copies do not bend it; weights matter where tastes differ between opponents. Submitting "
    "many variants and showing the luckiest is a selection effect: weights leave it untouched. Read it from "
    "the family-pooled rating and the expected gain SE x E[max of m normals]."
)
"""Shown wherever a leaderboard is shown (terminal, Markdown, JSON, report page)."""

VOTES_CAVEAT = (
    "Similarity by votes cannot tell a copy from an equal: alternatives that beat the same opponents equally "
    "often share weight, copies or not. Prefer answers or a families file."
)
"""Shown where the similarity comes from the votes."""
