"""The array types that the rooms share."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["FloatArray", "IndexArray", "IntArray", "LabelArray", "RandomState"]

FloatArray: TypeAlias = NDArray[np.float64]
"""Real numbers, float64."""

IndexArray: TypeAlias = NDArray[np.int32]
"""Positions of alternatives, int32."""

IntArray: TypeAlias = NDArray[np.int64]
"""Counts and labels, int64."""

LabelArray: TypeAlias = NDArray[Any]
"""Names of alternatives or annotators: integers or Python strings (dtype object)."""

RandomState: TypeAlias = int | np.random.Generator | None
"""What chance may be steered by: a seed, a generator, or None for a fresh seed."""
