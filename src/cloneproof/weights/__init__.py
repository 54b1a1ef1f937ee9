"""Weights of alternatives that near-copies cannot inflate."""

from cloneproof.weights.base import Weighting, effective_sample_size
from cloneproof.weights.diversity import DiversityWeights
from cloneproof.weights.duplicates import Duplicates, group_duplicates
from cloneproof.weights.nearest import Nearest, find_nearest
from cloneproof.weights.nearest_faiss import ApproximateNearest, find_nearest_approximate
from cloneproof.weights.neighbours import gaussian_kernel, radius_neighbours
from cloneproof.weights.region import Ball, Box, Region, Sphere
from cloneproof.weights.scale import choose_scale
from cloneproof.weights.simplex_qp import SimplexSolution, solve_simplex_qp
from cloneproof.weights.uniform import UniformWeights
from cloneproof.weights.voronoi import VoronoiWeights
from cloneproof.weights.voronoi_interval import format_weights

__all__ = [
    "ApproximateNearest",
    "Ball",
    "Box",
    "DiversityWeights",
    "Duplicates",
    "Nearest",
    "Region",
    "SimplexSolution",
    "Sphere",
    "UniformWeights",
    "VoronoiWeights",
    "Weighting",
    "choose_scale",
    "effective_sample_size",
    "find_nearest",
    "find_nearest_approximate",
    "format_weights",
    "gaussian_kernel",
    "group_duplicates",
    "radius_neighbours",
    "solve_simplex_qp",
]
