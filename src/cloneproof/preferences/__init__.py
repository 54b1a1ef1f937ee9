"""Preference data: the record of comparisons, its readers, win rates and simulated annotators."""

from cloneproof.preferences.comparisons import Comparisons

__all__ = ["Comparisons"]
