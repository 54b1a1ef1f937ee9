"""Compiled inner loops of the nearest-alternative search (imported on first use: numba is heavy)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloneproof._core.compiled import compiled

__all__ = ["collect_candidates", "distances_to", "merge_rows", "rank_candidates", "scan_tile"]

CHUNK = 64
Floats = NDArray[np.floating[Any]]


@compiled(nogil=True)
def squared_distance(a: Floats, b: Floats) -> float:
    """Return sum (a_i - b_i)^2 in float64, always summed in the same order.

    The one distance that decides: every road to the nearest alternative ends in it.
    """
    n = a.shape[0]
    s0 = s1 = s2 = s3 = 0.0
    whole = n - n % 4
    for i in range(0, whole, 4):
        d0 = np.float64(a[i]) - np.float64(b[i])
        d1 = np.float64(a[i + 1]) - np.float64(b[i + 1])
        d2 = np.float64(a[i + 2]) - np.float64(b[i + 2])
        d3 = np.float64(a[i + 3]) - np.float64(b[i + 3])
        s0 += d0 * d0
        s1 += d1 * d1
        s2 += d2 * d2
        s3 += d3 * d3
    for i in range(whole, n):
        d0 = np.float64(a[i]) - np.float64(b[i])
        s0 += d0 * d0
    return (s0 + s1) + (s2 + s3)


@compiled(nogil=True)
def scan_tile(
    products: NDArray[np.float32],
    half_norms: NDArray[np.float32],
    offset: int,
    tolerance: NDArray[np.float32],
    kept: NDArray[np.float32],
    candidates: NDArray[np.int32],
    scores: NDArray[np.float32],
    n_candidates: NDArray[np.int32],
) -> None:
    """Fold one tile of products s.y into each sample's list of candidates.

    Parameters
    ----------
    products : ndarray of shape (n_samples, n_tile)
        Inner products of samples and alternatives.
    half_norms : ndarray of shape (n_tile,)
        ``|y|^2 / 2``; the score ``half_norm - product`` orders alternatives by distance.
    offset : int
        Position of the tile's first alternative.
    tolerance : ndarray of shape (n_samples,)
        Scores this close may be in the wrong order.
    kept : ndarray of shape (n_samples, k)
        The k smallest scores so far, increasing. Updated.
    candidates, scores : ndarray of shape (n_samples, capacity)
        What may be among the k nearest. Updated.
    n_candidates : ndarray of shape (n_samples,)
        How many there are; -1 once they did not fit. Updated.
    """
    n_samples, n_tile = products.shape
    k = kept.shape[1]
    capacity = candidates.shape[1]
    for i in range(n_samples):
        limit = kept[i, k - 1] + tolerance[i]
        row = products[i]
        for start in range(0, n_tile, CHUNK):
            stop = min(start + CHUNK, n_tile)
            part, halves = row[start:stop], half_norms[start:stop]
            n_hits = np.int32(0)  # counted, not joined by "or": this loop becomes vector instructions
            for j in range(part.shape[0]):
                n_hits += np.int32(1) if halves[j] - part[j] <= limit else np.int32(0)
            if n_hits == 0:
                continue
            for j in range(start, stop):
                score = half_norms[j] - row[j]
                if score > limit:
                    continue
                place = k
                while place > 0 and score < kept[i, place - 1]:
                    place -= 1
                if place < k:
                    for p in range(k - 1, place, -1):
                        kept[i, p] = kept[i, p - 1]
                    kept[i, place] = score
                    limit = kept[i, k - 1] + tolerance[i]
                n = n_candidates[i]
                if n < 0:
                    continue
                if n == capacity:  # drop what is no longer close enough
                    n = 0
                    for c in range(capacity):
                        if scores[i, c] <= limit:
                            scores[i, n] = scores[i, c]
                            candidates[i, n] = candidates[i, c]
                            n += 1
                    if n == capacity:
                        n_candidates[i] = -1
                        continue
                scores[i, n] = score
                candidates[i, n] = offset + j
                n_candidates[i] = n + 1


@compiled(nogil=True)
def rank_candidates(
    samples: Floats,
    alternatives: Floats,
    limits: NDArray[np.float32],
    candidates: NDArray[np.int32],
    scores: NDArray[np.float32],
    n_candidates: NDArray[np.int32],
    indices: NDArray[np.int32],
    distances: NDArray[np.float64],
) -> None:
    """Write each sample's k nearest among its candidates, by float64 distance, then by position.

    Samples whose candidates did not fit (-1) are left untouched. Every other one has at least k
    candidates with a score up to its limit.
    """
    for i in range(samples.shape[0]):
        for c in range(n_candidates[i]):
            if scores[i, c] <= limits[i]:
                alternative = candidates[i, c]
                place_nearest(
                    indices[i],
                    distances[i],
                    alternative,
                    squared_distance(samples[i], alternatives[alternative]),
                )


@compiled(nogil=True)
def place_nearest(
    indices: NDArray[np.int32], distances: NDArray[np.float64], alternative: int, distance: float
) -> None:
    """Insert one alternative into a list of the k nearest, ordered by (distance, position)."""
    place = indices.shape[0]
    while place > 0 and (
        distance < distances[place - 1]
        or (distance == distances[place - 1] and alternative < indices[place - 1])
    ):
        place -= 1
    for p in range(indices.shape[0] - 1, place, -1):
        indices[p] = indices[p - 1]
        distances[p] = distances[p - 1]
    if place < indices.shape[0]:
        indices[place] = alternative
        distances[place] = distance


@compiled(nogil=True)
def collect_candidates(
    products: NDArray[np.float32],
    half_norms: NDArray[np.float32],
    offset: int,
    limits: NDArray[np.float32],
    samples: Floats,
    alternatives: Floats,
    indices: NDArray[np.int32],
    distances: NDArray[np.float64],
) -> None:
    """Rank every alternative of a tile whose score is within its sample's limit, however many there are."""
    for i in range(products.shape[0]):
        for j in range(products.shape[1]):
            if half_norms[j] - products[i, j] <= limits[i]:
                place_nearest(
                    indices[i],
                    distances[i],
                    offset + j,
                    squared_distance(samples[i], alternatives[offset + j]),
                )


@compiled(nogil=True)
def merge_rows(
    samples: Floats,
    alternatives: Floats,
    names: NDArray[np.int32],
    indices: NDArray[np.int32],
    distances: NDArray[np.float64],
) -> None:
    """Rank `alternatives`, called `names`, into each sample's k nearest by plain double loop."""
    for i in range(samples.shape[0]):
        for j in range(alternatives.shape[0]):
            distance = squared_distance(samples[i], alternatives[j])
            if distance <= distances[i, distances.shape[1] - 1]:
                place_nearest(indices[i], distances[i], names[j], distance)


@compiled(nogil=True)
def distances_to(
    samples: Floats, alternatives: Floats, indices: NDArray[np.int32], distances: NDArray[np.float64]
) -> None:
    """Fill in the float64 squared distance of each sample to each alternative in its row of `indices`."""
    for i in range(indices.shape[0]):
        for k in range(indices.shape[1]):
            distances[i, k] = squared_distance(samples[i], alternatives[indices[i, k]])
