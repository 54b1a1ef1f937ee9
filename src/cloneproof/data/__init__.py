"""Data written by this project: 256 short descriptions of Paris, the case that the demo tells."""

from cloneproof.data.paris import TOPICS, ParisTexts, load_paris

__all__ = ["TOPICS", "ParisTexts", "load_paris"]
