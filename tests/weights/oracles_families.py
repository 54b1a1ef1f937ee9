"""Slow twins of families, linkage and neighbours: loops over all pairs."""

from __future__ import annotations

import numpy as np


def distances(X):
    """All distances, from differences, entry by entry."""
    X = np.asarray(X, dtype=np.float64)
    return np.array([[np.sqrt(float(((a - b) ** 2).sum())) for b in X] for a in X])


def pairs_within(X, radius):
    """All ordered pairs within a radius, the diagonal too, with their distances."""
    away = distances(X)
    return {(i, j): away[i, j] for i in range(len(away)) for j in range(len(away)) if away[i, j] <= radius}


def components(X, radius):
    """Single linkage by flooding: 0, 1, ... in order of first appearance."""
    away = distances(X)
    labels = [-1] * len(away)
    following = 0
    for start in range(len(away)):
        if labels[start] >= 0:
            continue
        labels[start], waiting = following, [start]
        while waiting:
            i = waiting.pop()
            for j in range(len(away)):
                if labels[j] < 0 and away[i, j] <= radius:
                    labels[j] = following
                    waiting.append(j)
        following += 1
    return np.array(labels)


def same_partition(a, b):
    """Whether two labelings group alike."""
    a, b = np.asarray(a), np.asarray(b)
    return bool(((a[:, None] == a) == (b[:, None] == b)).all())


def tree_weights(X, radii, shares_of):
    """The formula of the scale tree, term by term; ``shares_of(points)`` weighs one component."""
    X = np.asarray(X, dtype=np.float64)
    total = np.zeros(len(X))
    for radius in radii:
        labels = components(X, radius)
        for component in set(labels):
            inside = np.flatnonzero(labels == component)
            total[inside] += shares_of(X[inside]) / (len(set(labels)) * len(radii))
    return total
