"""The exact nearest search on a CUDA or MPS device: bfloat16 candidates, float32 and float64 rescoring."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from cloneproof._core.extras import has_module, require
from cloneproof._core.typing import FloatArray, IndexArray
from cloneproof.weights.nearest import Points
from cloneproof.weights.nearest_blocks import FARTHEST, BlockIndex, score_error

__all__ = ["TorchIndex", "find_device"]

BRAIN_UNIT = 2.0**-8  # bfloat16 keeps 8 bits: rounding moves a number by at most half of this
N_CANDIDATES = 64
BLOCK_SCORES = 2**27  # scores held on the device at a time: 512 MiB in float32


def find_device(*, required: bool) -> str | None:
    """Return the name of the fastest PyTorch device, or None where only processors are.

    PyTorch is imported only if a device may be there (or is required), because the import takes seconds.

    Parameters
    ----------
    required : bool
        Whether to return "cpu", rather than None, where there is no device.

    Raises
    ------
    MissingExtraError
        If PyTorch is required and not installed.
    """
    if not required:
        maybe_cuda = Path("/proc/driver/nvidia/version").exists() or Path("/dev/nvidia0").exists()
        maybe_cuda = maybe_cuda or Path("/dev/kfd").exists() or sys.platform == "win32"
        if not (maybe_cuda or sys.platform == "darwin") or not has_module("torch"):
            return None
    torch = require("torch", extra="torch", purpose='method="torch"')
    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    return "cpu" if required else None


class TorchIndex:
    """Alternatives on a device in bfloat16 and float32, ready for `query`.

    A product in bfloat16 proposes 64 candidates for each sample; float32 scores of those, computed on the
    device, leave the few that its error bound cannot separate; float64 distances decide. A sample whose
    64th candidate is still within the bfloat16 bound goes through `BlockIndex`. The answer is the same.

    Parameters
    ----------
    alternatives : ndarray of shape (n_alternatives, n_dims)
    device : str
        "cuda", "mps" or "cpu".
    n_threads : int
        For the samples that go through `BlockIndex`.
    """

    def __init__(self, alternatives: Points, *, device: str, n_threads: int) -> None:
        self.torch: Any = require("torch", extra="torch", purpose='method="torch"')
        self.blocks = BlockIndex(alternatives, n_threads=n_threads)
        self.device = device
        self.points = self.torch.from_numpy(self.blocks.points).to(device)
        self.rough = self.points.to(self.torch.bfloat16)
        self.half_norms = self.torch.from_numpy(self.blocks.half_norms).to(device)
        self.n_unsure = 0

    def query(self, samples: Points) -> tuple[IndexArray, FloatArray]:
        """Return positions and squared distances of the two nearest, each of shape (n_samples, 2)."""
        n_samples, n_alternatives = samples.shape[0], self.blocks.alternatives.shape[0]
        indices = np.full((n_samples, 2), -1, dtype=np.int32)
        distances = np.full((n_samples, 2), np.inf)
        sure = np.zeros(n_samples, dtype=bool)
        size = max(1, min(8192, BLOCK_SCORES // n_alternatives))
        for begin in range(0, n_samples, size):
            rows = slice(begin, begin + size)
            sure[rows] = self._query_block(samples[rows], indices[rows], distances[rows])
        self.n_unsure = int((~sure).sum())
        if self.n_unsure:
            indices[~sure], distances[~sure] = self.blocks.query(samples[~sure])
        return indices, distances

    def _query_block(self, samples: Points, indices: IndexArray, distances: FloatArray) -> Any:
        """Fill in the samples that 64 candidates suffice for, and tell which these are."""
        from cloneproof.weights import nearest_kernels as kernels

        torch, blocks = self.torch, self.blocks
        n_alternatives, n_dims = blocks.points.shape
        moved = np.ldexp(samples.astype(np.float64) - blocks.centre, -blocks.exponent)
        with np.errstate(over="ignore"):
            norms = np.sqrt(np.einsum("ij,ij->i", moved, moved))
        sure = norms <= FARTHEST
        moved, norms = np.where(sure[:, None], moved, 0.0), np.where(sure, norms, 0.0)
        fine = torch.from_numpy(moved.astype(np.float32)).to(self.device)
        products = (fine.to(torch.bfloat16) @ self.rough.T).to(torch.float32)
        n_asked = min(N_CANDIDATES, n_alternatives)
        rough, found = torch.topk(self.half_norms - products, n_asked, dim=1, largest=False, sorted=True)
        kept = min(2, n_alternatives)
        if n_asked < n_alternatives:  # two inputs and the output are rounded, and the sum is in float32
            slack = 2.0 * (2.0 * BRAIN_UNIT * norms + score_error(norms, n_dims))
            last, kth = rough[:, -1].cpu().numpy(), rough[:, kept - 1].cpu().numpy()
            sure &= last.astype(np.float64) > kth.astype(np.float64) + slack
        scores = self.half_norms[found] - torch.einsum("nd,nkd->nk", fine, self.points[found])
        best = torch.topk(scores, kept, dim=1, largest=False).values[:, -1].cpu().numpy()
        limits = (best.astype(np.float64) + 2.0 * score_error(norms, n_dims)).astype(np.float32)
        kernels.rank_candidates(
            np.ascontiguousarray(samples),
            blocks.alternatives,
            np.nextafter(limits, np.float32(np.inf)),
            found.to(torch.int32).cpu().numpy(),
            scores.cpu().numpy(),
            np.where(sure, n_asked, 0).astype(np.int32),
            indices,
            distances,
        )
        return sure
