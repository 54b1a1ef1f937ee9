"""Weights of alternatives that near-copies cannot inflate."""

from cloneproof.weights.base import Weighting, effective_sample_size
from cloneproof.weights.diversity import DiversityWeights
from cloneproof.weights.duplicates import Duplicates, group_duplicates
from cloneproof.weights.families import FamilyCounts, FamilyWeights, count_distinct, find_families
from cloneproof.weights.families_csv import FamilyFile, read_families, write_families
from cloneproof.weights.nearest import Nearest, find_nearest
from cloneproof.weights.nearest_faiss import ApproximateNearest, find_nearest_approximate
from cloneproof.weights.neighbours import gaussian_kernel, radius_neighbours
from cloneproof.weights.region import Ball, Box, Region, Sphere
from cloneproof.weights.scale import choose_scale
from cloneproof.weights.scale_curve import ScaleCurve, scale_curve
from cloneproof.weights.scale_tree import ScaleTreeWeights
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
    "FamilyCounts",
    "FamilyFile",
    "FamilyWeights",
    "Nearest",
    "Region",
    "ScaleCurve",
    "ScaleTreeWeights",
    "SimplexSolution",
    "Sphere",
    "UniformWeights",
    "VoronoiWeights",
    "Weighting",
    "choose_scale",
    "count_distinct",
    "effective_sample_size",
    "find_families",
    "find_nearest",
    "find_nearest_approximate",
    "format_weights",
    "gaussian_kernel",
    "group_duplicates",
    "radius_neighbours",
    "read_families",
    "scale_curve",
    "solve_simplex_qp",
    "write_families",
]
