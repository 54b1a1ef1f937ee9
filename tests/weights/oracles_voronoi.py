"""Slow twins of the Voronoi half of the room: plain loops and exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np


def nearest_by_loop(samples, alternatives):
    """The two nearest of each sample by float64 differences; the lower position first at equal distance."""
    samples, alternatives = np.asarray(samples, dtype=float), np.asarray(alternatives, dtype=float)
    first, second = [], []
    for sample in samples:
        squares = ((alternatives - sample) ** 2).sum(axis=1)
        order = np.argsort(squares, kind="stable")
        first.append(order[0])
        second.append(order[1] if len(order) > 1 else -1)
    return np.array(first), np.array(second)


def _clip(polygon, a, b, c):
    """Keep the part of a polygon where a x + b y <= c, in whole fractions."""
    kept = []
    for (x, y), (u, v) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        here, there = a * x + b * y - c, a * u + b * v - c
        if here <= 0:
            kept.append((x, y))
        if here * there < 0:
            share = here / (here - there)
            kept.append((x + share * (u - x), y + share * (v - y)))
    return kept


def _area(polygon):
    pairs = zip(polygon, polygon[1:] + polygon[:1], strict=True)
    return sum((x * v - u * y for (x, y), (u, v) in pairs), Fraction(0)) / 2


def areas_by_fractions(points, polygon):
    """Shares of a convex polygon (counter-clockwise corners): every bisector, no rounding at all."""
    sites = [(Fraction(float(x)), Fraction(float(y))) for x, y in points]
    corners = [(Fraction(float(x)), Fraction(float(y))) for x, y in polygon]
    areas = []
    for i, (x, y) in enumerate(sites):
        cell = corners
        for j, (u, v) in enumerate(sites):
            if j != i and cell:
                cell = _clip(cell, 2 * (u - x), 2 * (v - y), u * u + v * v - x * x - y * y)
        areas.append(_area(cell) if cell else Fraction(0))
    return np.array([float(area / sum(areas)) for area in areas])


def lengths_by_fractions(points, low, high):
    """Shares of an interval: for every point, cut by the middles to all others."""
    sites = [Fraction(float(x)) for x in points]
    lengths = []
    for i, x in enumerate(sites):
        begin, end = Fraction(float(low)), Fraction(float(high))
        for j, u in enumerate(sites):
            if j != i:
                middle = (x + u) / 2
                begin, end = (max(begin, middle), end) if u < x else (begin, min(end, middle))
        lengths.append(max(end - begin, Fraction(0)))
    return np.array([float(length / sum(lengths)) for length in lengths])


def duplicates_by_loop(X):
    """First rows, and the group of every row, by comparing tuples."""
    seen: dict[tuple[float, ...], int] = {}
    inverse = [seen.setdefault(tuple(row + 0.0), len(seen)) for row in X]
    first = [inverse.index(group) for group in range(len(seen))]
    return np.array(first), np.array(inverse)
