"""The nearest search beyond what is affordable exactly: a faiss inverted file whose error is audited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import beta

from cloneproof._core.extras import require
from cloneproof._core.progress import track
from cloneproof._core.typing import IndexArray, RandomState
from cloneproof._core.validation import check_integer, generator
from cloneproof.weights.nearest import as_points, check_tables, count_threads, make_index
from cloneproof.weights.nearest_blocks import centre_and_exponent

__all__ = ["ApproximateNearest", "find_nearest_approximate"]


@dataclass(frozen=True, kw_only=True, eq=False)
class ApproximateNearest:
    """Nearest alternatives, some of them wrong, and a bound on how many.

    Attributes
    ----------
    index : ndarray of shape (n_samples,), int32
        Position of an alternative that is nearest, or near.
    nprobe, nlist : int
        Lists searched, of how many.
    wrong_share : float
        Share of wrong assignments in the audited subsample.
    bias_bound : float
        With 95 % confidence at most this share of all assignments is wrong; it bounds the total variation
        distance between the weights found and those of an exact search.
    sampling_noise : float
        The total variation distance that the finite number of samples causes anyway.
    n_audited : int
        Samples that were searched exactly.
    """

    index: IndexArray
    nprobe: int
    nlist: int
    wrong_share: float
    bias_bound: float
    sampling_noise: float
    n_audited: int


def find_nearest_approximate(
    samples: ArrayLike,
    alternatives: ArrayLike,
    *,
    nlist: int | None = None,
    n_audited: int = 2048,
    n_jobs: int | None = None,
    random_state: RandomState = None,
) -> ApproximateNearest:
    """Find the nearest alternatives with faiss, raising `nprobe` until the bias is below the noise.

    Parameters
    ----------
    samples : array-like of shape (n_samples, n_dims)
    alternatives : array-like of shape (n_alternatives, n_dims)
    nlist : int, optional
        Lists of the inverted file; ``4 sqrt(n_alternatives)`` by default.
    n_audited : int, default=2048
        Samples, drawn at random, whose nearest alternative is also found exactly.
    n_jobs : int, optional
        Threads; all processors by default.
    random_state : int, Generator or None, default=None
        Chooses the audited samples.

    Returns
    -------
    found : ApproximateNearest
        ``bias_bound <= sampling_noise``, or all lists were searched.

    Raises
    ------
    MissingExtraError
        If faiss is not installed.
    InputError
        If the tables are not as in `find_nearest`.

    Notes
    -----
    `nprobe` doubles on the audited samples only; the rest is searched once. The noise is the expected
    ``sum |w - w'| / 2`` of shares counted from n independent samples,
    ``sum sqrt(w (1 - w) / n) / sqrt(2 pi)``, with the shares that the audited samples' exact search gives;
    cells that none of those fell into are left out, so it errs on the small side. Cost of the audit:
    ``2 n_audited n_alternatives n_dims`` operations.
    """
    tables = as_points(samples, name="samples"), as_points(alternatives, name="alternatives")
    check_tables(*tables)
    points, (n_alternatives, n_dims) = tables[0], tables[1].shape
    check_integer("n_audited", n_audited, low=1)
    n_lists = max(1, round(4 * np.sqrt(n_alternatives))) if nlist is None else nlist
    n_lists = min(check_integer("nlist", n_lists, low=1), n_alternatives)
    faiss: Any = require("faiss", extra="faiss", purpose="the approximate nearest search")
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count_threads(n_jobs))
    try:
        centre, exponent = centre_and_exponent(tables[1])

        def moved(rows: Any) -> Any:
            return np.ldexp(rows.astype(np.float64) - centre, -exponent).astype(np.float32)

        index = faiss.IndexIVFFlat(faiss.IndexFlatL2(n_dims), n_dims, n_lists)
        index.cp.min_points_per_centroid = 1  # the audit, not a rule of thumb, says whether it is good
        near = moved(tables[1])
        index.train(near)
        index.add(near)
        n_audited = min(n_audited, points.shape[0])
        chosen = np.sort(generator(random_state).choice(points.shape[0], n_audited, replace=False))
        audited = points[chosen]
        exact = make_index(tables[1], n_jobs=n_jobs).query(audited)[0][:, 0]
        shares = np.bincount(exact, minlength=n_alternatives) / max(1, n_audited)
        noise = float(np.sqrt(shares * (1.0 - shares) / max(1, points.shape[0])).sum() / np.sqrt(2.0 * np.pi))
        nprobe = 1
        while True:
            index.nprobe = nprobe
            n_wrong = int((index.search(moved(audited), 1)[1][:, 0] != exact).sum())
            bound = float(beta.ppf(0.95, n_wrong + 1, n_audited - n_wrong)) if n_wrong < n_audited else 1.0
            if bound <= noise or nprobe == n_lists:
                break
            nprobe = min(2 * nprobe, n_lists)
        found = np.empty(points.shape[0], dtype=np.int32)
        with track("nearest alternatives (faiss)", total=points.shape[0]) as advance:
            for begin in range(0, points.shape[0], 8192):
                block = moved(points[begin : begin + 8192])
                found[begin : begin + 8192] = index.search(block, 1)[1][:, 0]
                advance(len(block))
        found[chosen] = exact
    finally:
        faiss.omp_set_num_threads(threads)
    return ApproximateNearest(
        index=found,
        nprobe=nprobe,
        nlist=n_lists,
        wrong_share=n_wrong / max(1, n_audited),
        bias_bound=bound,
        sampling_noise=noise,
        n_audited=n_audited,
    )
