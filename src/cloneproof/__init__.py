"""Preference learning in which near-copies do not vote twice.

The public names load on first use, so that ``import cloneproof`` stays fast and opens no edge room.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cloneproof._core.errors import CloneProofError as CloneProofError
    from cloneproof._core.errors import InputError as InputError
    from cloneproof.audit import AnalysisOptions as AnalysisOptions
    from cloneproof.audit import analyse as analyse
    from cloneproof.audit import audit_clones as audit_clones
    from cloneproof.audit import run_paris_case as run_paris_case
    from cloneproof.audit.axioms import check_weighting as check_weighting
    from cloneproof.audit.certificate import certify as certify
    from cloneproof.embeddings import embed as embed
    from cloneproof.preferences import Comparisons as Comparisons
    from cloneproof.preferences import read_comparisons as read_comparisons
    from cloneproof.rewards import BradleyTerry as BradleyTerry
    from cloneproof.rewards import KernelReward as KernelReward
    from cloneproof.rewards import LinearReward as LinearReward
    from cloneproof.rewards import comparison_weights as comparison_weights
    from cloneproof.rewards import weighted_win_rate_residual as weighted_win_rate_residual
    from cloneproof.weights import DiversityWeights as DiversityWeights
    from cloneproof.weights import FamilyWeights as FamilyWeights
    from cloneproof.weights import ScaleTreeWeights as ScaleTreeWeights
    from cloneproof.weights import UniformWeights as UniformWeights
    from cloneproof.weights import VoronoiWeights as VoronoiWeights
    from cloneproof.weights import effective_sample_size as effective_sample_size
    from cloneproof.weights import find_families as find_families

__version__ = "0.1.0"

_HOMES = {
    "AnalysisOptions": "cloneproof.audit",
    "BradleyTerry": "cloneproof.rewards",
    "CloneProofError": "cloneproof._core.errors",
    "Comparisons": "cloneproof.preferences",
    "DiversityWeights": "cloneproof.weights",
    "FamilyWeights": "cloneproof.weights",
    "InputError": "cloneproof._core.errors",
    "KernelReward": "cloneproof.rewards",
    "LinearReward": "cloneproof.rewards",
    "ScaleTreeWeights": "cloneproof.weights",
    "UniformWeights": "cloneproof.weights",
    "VoronoiWeights": "cloneproof.weights",
    "analyse": "cloneproof.audit",
    "audit_clones": "cloneproof.audit",
    "certify": "cloneproof.audit.certificate",
    "check_weighting": "cloneproof.audit.axioms",
    "comparison_weights": "cloneproof.rewards",
    "effective_sample_size": "cloneproof.weights",
    "embed": "cloneproof.embeddings",
    "find_families": "cloneproof.weights",
    "read_comparisons": "cloneproof.preferences",
    "run_paris_case": "cloneproof.audit",
    "weighted_win_rate_residual": "cloneproof.rewards",
}

__all__ = [
    "AnalysisOptions",
    "BradleyTerry",
    "CloneProofError",
    "Comparisons",
    "DiversityWeights",
    "FamilyWeights",
    "InputError",
    "KernelReward",
    "LinearReward",
    "ScaleTreeWeights",
    "UniformWeights",
    "VoronoiWeights",
    "__version__",
    "analyse",
    "audit_clones",
    "certify",
    "check_weighting",
    "comparison_weights",
    "effective_sample_size",
    "embed",
    "find_families",
    "read_comparisons",
    "run_paris_case",
    "weighted_win_rate_residual",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its room on first use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted(__all__)
