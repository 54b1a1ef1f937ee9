"""Weights of alternatives that near-copies cannot inflate."""

from cloneproof.weights.base import Weighting, effective_sample_size
from cloneproof.weights.duplicates import Duplicates, group_duplicates
from cloneproof.weights.nearest import Nearest, find_nearest
from cloneproof.weights.nearest_faiss import ApproximateNearest, find_nearest_approximate
from cloneproof.weights.region import Ball, Box, Region, Sphere
from cloneproof.weights.uniform import UniformWeights
from cloneproof.weights.voronoi import VoronoiWeights
from cloneproof.weights.voronoi_interval import format_weights

__all__ = [
    "ApproximateNearest",
    "Ball",
    "Box",
    "Duplicates",
    "Nearest",
    "Region",
    "Sphere",
    "UniformWeights",
    "VoronoiWeights",
    "Weighting",
    "effective_sample_size",
    "find_nearest",
    "find_nearest_approximate",
    "format_weights",
    "group_duplicates",
]
