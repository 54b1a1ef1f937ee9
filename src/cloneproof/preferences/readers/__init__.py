"""Readers of preference data: from a file, frame or iterable to coded judgments."""
