"""One weight per comparison row, so that copies of answers and of pairs of answers do not vote twice."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloneproof._core.errors import InputError, ParameterError, SparseComparisonsWarning
from cloneproof._core.typing import FloatArray
from cloneproof._core.validation import as_weights, check_choice, check_number
from cloneproof.preferences import Comparisons
from cloneproof.rewards.comparison_weights_record import ComparisonWeighting
from cloneproof.rewards.comparison_weights_rows import PairRows, group_rows, spread_by_annotator
from cloneproof.rewards.objective import total_comparison_weight

if TYPE_CHECKING:
    from cloneproof.rewards.comparison_weights_diversity import PairWeights

__all__ = ["ComparisonWeighting", "comparison_weights"]

COVERED_FROM = 0.5
"""Share of the weighted pairs that must be observed before `product` and `balanced` go unwarned."""

EVEN_FROM = 0.8
"""Evenness ``(sum n_ab)^2 / (n_pairs sum n_ab^2)`` from which `product` goes unwarned."""


@overload
def comparison_weights(
    comparisons: Comparisons,
    alternative_weight: ArrayLike | None = ...,
    embeddings: ArrayLike | None = ...,
    method: str = ...,
    scale: float | Literal["auto"] = ...,
    by: str | None = ...,
    prompts: str = ...,
    prompt_embeddings: ArrayLike | None = ...,
    tol: float = ...,
    *,
    return_record: Literal[False] = ...,
) -> FloatArray: ...


@overload
def comparison_weights(
    comparisons: Comparisons,
    alternative_weight: ArrayLike | None = ...,
    embeddings: ArrayLike | None = ...,
    method: str = ...,
    scale: float | Literal["auto"] = ...,
    by: str | None = ...,
    prompts: str = ...,
    prompt_embeddings: ArrayLike | None = ...,
    tol: float = ...,
    *,
    return_record: Literal[True],
) -> ComparisonWeighting: ...


def comparison_weights(
    comparisons: Comparisons,
    alternative_weight: ArrayLike | None = None,
    embeddings: ArrayLike | None = None,
    method: str = "diversity",
    scale: float | Literal["auto"] = "auto",
    by: str | None = None,
    prompts: str = "joint",
    prompt_embeddings: ArrayLike | None = None,
    tol: float = 1e-6,
    *,
    return_record: bool = False,
) -> FloatArray | ComparisonWeighting:
    r"""Weigh the rows of a set of comparisons so that copies do not vote twice.

    - ``diversity``: the distribution of greatest diversity on the *pairs* that were compared,

      .. math:: min_p p' K2 p, \quad K2[(a,b),(c,d)] = k(a,c) k(b,d) + k(a,d) k(b,c)

      over the observed unordered pairs and the diagonal pairs (a, a), which carry no information and are
      dropped afterwards; k is the Gaussian kernel of the embeddings at `scale`. Copies of rows, of one
      side, or of whole pairs, in any number and however unevenly compared, share a constant total. On a
      complete design it is ``2 w_a w_b`` with w the diversity weights of the alternatives.
    - ``product``: ``w_a w_b`` for every comparison; assumes all pairs compared equally often.
    - ``balanced``: ``w_a w_b / n_ab``, n_ab the comparisons on the pair: the paper's objective on the
      pairs that were observed; assumes that most pairs were.

    Parameters
    ----------
    comparisons : Comparisons
    alternative_weight : array-like of shape (n_alternatives,), default=None
        w of `product` and `balanced`; None: diversity weights of `embeddings` at `scale`. `diversity`
        weighs pairs by the embeddings alone and takes the weights only to check them.
    embeddings : array-like of shape (n_alternatives, n_dims), default=None
        In the order of ``comparisons.ids``. Needed by `diversity`.
    method : {"product", "balanced", "diversity"}, default="diversity"
    scale : float or "auto", default="auto"
        The distance h at which two texts count as saying the same; "auto" is the rule of
        ``DiversityWeights``, which copies cannot move.
    by : {None, "annotator"}, default=None
        "annotator": all rows of one annotator on a pair count as one comparison together, so that one
        annotator (or script) who repeats a judgment does not outvote the others; under `diversity` also
        where the repetitions are about exact copies of the two texts.
    prompts : {"joint", "separate"}, default="joint"
        Only for `diversity`. "joint": pairs are compared by their embeddings, which should be of
        prompt and answer together, so that answers to different prompts are different points and
        near-duplicate prompts share. "separate": weights of prompts (diversity of the prompts that
        have comparisons) times weights of the pairs within each prompt. Choose it where some prompts have
        many more answers or comparisons than others and each prompt should count by what it asks,
        not by how much was answered; or where prompts are long, so that all answers to one prompt
        look alike in the joint embedding.
    prompt_embeddings : array-like of shape (n_alternatives, n_dims), default=None
        With "separate": the embedding of each alternative's prompt. None: the mean of the distinct
        embeddings of the prompt's alternatives.
    tol : float, default=1e-6
        Relative gap to which the program is solved.
    return_record : bool, default=False
        Return a :class:`ComparisonWeighting` with scale, certificate, effective sample size and time.

    Returns
    -------
    weights : ndarray of shape (n_comparisons,)
        Non-negative, sum to 1. Each is the weight of the whole row: rows on one pair share its weight
        in proportion to their counts.

    Raises
    ------
    ParameterError
        For an unknown option, or a method without what it needs.
    InputError
        For arrays that do not fit the comparisons, or where every row would have weight 0.

    Warns
    -----
    SparseComparisonsWarning
        Where the data breaks what `product` or `balanced` assume, in numbers.

    Notes
    -----
    `product`, `balanced`: O(n log n). `diversity`: with N observed and diagonal pairs left after exact
    copies are grouped, O(N^2) memory and O(N^3) time up to 3,000; no N^2 where there are at most 1,500
    distinct texts; beyond, neighbour lists joined into a sparse kernel: O(m^2 d) for the neighbours
    (approximate ones beyond 300,000 texts), then linear in the entries, of which terms below .01 are left
    out. A diagonal pair takes weight from comparisons of a text with near-copies of
    itself, not from others.

    References
    ----------
    .. [1] Procaccia, Schiffer & Zhang, "Clone-Robust AI Alignment", ICML 2025, arXiv:2501.09254.

    Examples
    --------
    A pair of answers copied three times keeps its total:

    >>> c = Comparisons.from_arrays([0, 1, 1, 1], [1, 2, 2, 2], ids=[0, 1, 2])
    >>> comparison_weights(c, embeddings=[[0.0], [9.0], [18.0]], scale=1.0).round(3)
    array([0.5  , 0.167, 0.167, 0.167])
    """
    # the room of weights brings scikit-learn: loaded here, so that a plain fit does not wait for it
    from cloneproof.rewards.comparison_weights_diversity import weigh_pairs
    from cloneproof.rewards.comparison_weights_prompts import weigh_prompts_and_pairs
    from cloneproof.weights.base import effective_sample_size
    from cloneproof.weights.diversity import DiversityWeights
    from cloneproof.weights.scale import choose_scale

    began = time.perf_counter()
    check_choice("method", method, ("product", "balanced", "diversity"))
    check_choice("prompts", prompts, ("joint", "separate"))
    check_number("tol", tol, low=0.0, high=1.0, low_open=True)
    if by is not None:
        check_choice("by", by, ("annotator",))
    if scale != "auto":
        if isinstance(scale, str):
            raise ParameterError(f"scale must be a positive number or 'auto'. Got {scale!r}.")
        check_number("scale", scale, low=0.0, low_open=True)
    if prompts == "separate" and method != "diversity":
        raise ParameterError(f"prompts='separate' belongs to method='diversity'. Got method={method!r}.")
    if prompt_embeddings is not None and prompts != "separate":
        raise ParameterError("prompt_embeddings are used with prompts='separate' only.")
    rows = group_rows(comparisons, by=by)
    X = None if embeddings is None else _as_points("embeddings", embeddings, comparisons)
    w: FloatArray | None = None
    if alternative_weight is not None:
        m = comparisons.n_alternatives
        w = as_weights(alternative_weight, m, name="alternative_weight", per="alternative")
    used: float | None = None
    solved: PairWeights | None = None
    if method == "diversity":
        if X is None:
            raise ParameterError("method='diversity' needs embeddings, one row per alternative.")
        used = choose_scale(X) if scale == "auto" else float(scale)
        if prompts == "separate":
            by_prompt = (
                None
                if prompt_embeddings is None
                else _as_points("prompt_embeddings", prompt_embeddings, comparisons)
            )
            solved = weigh_prompts_and_pairs(comparisons, X, by_prompt, rows, scale=used, tol=tol)
        else:
            solved = weigh_pairs(X, rows.low, rows.high, scale=used, tol=tol)
        share = float(solved.weights.sum())
        weights = rows.spread(solved.weights)
        if by == "annotator":  # also across copies of the two texts
            weights = spread_by_annotator(comparisons, solved.point[rows.pair], weights)
        weights = _scaled(weights)
    else:
        if w is None:
            if X is None:
                raise ParameterError(
                    f"method={method!r} needs alternative_weight, one per alternative, or embeddings to make "
                    f"diversity weights from."
                )
            estimator = DiversityWeights(scale=scale, tol=tol).fit(X)
            w, used = estimator.weights_, float(estimator.scale_)
        share = _observed_share(rows, w)
        _warn_where_assumptions_break(rows, share, method)
        weights = _scaled(_from_alternatives(rows, w, method))
    if not return_record:
        return weights
    return ComparisonWeighting(
        weights=weights,
        method=method,
        by=by,
        prompts=prompts,
        n_pairs=rows.n_pairs,
        n_points=0 if solved is None else solved.n_points,
        scale=used,
        gap=None if solved is None else solved.gap,
        relative_gap=None if solved is None else solved.relative_gap,
        floor=0.0 if solved is None else solved.floor,
        observed_share=share,
        effective_sample_size=effective_sample_size(weights),
        seconds=time.perf_counter() - began,
    )


def _as_points(name: str, values: ArrayLike, comparisons: Comparisons) -> NDArray[np.floating[Any]]:
    """Return embeddings as a finite table with a row for each alternative; float32 is kept."""
    from cloneproof.weights.base import check_finite

    table = np.asarray(values)
    if table.dtype != np.float32:
        table = table.astype(np.float64)
    m = comparisons.n_alternatives
    if table.ndim != 2 or len(table) != m or table.shape[1] == 0:
        raise InputError(
            f"{name} has shape {table.shape} but the comparisons name {m:,} alternatives. Give one row "
            f"per alternative, in the order of `comparisons.ids`."
        )
    check_finite(table, name=name)
    return table


def _from_alternatives(rows: PairRows, w: FloatArray, method: str) -> FloatArray:
    """Return ``w_a w_b`` per row (`product`) or divided among the rows of the pair (`balanced`)."""
    per_pair = w[rows.low] * w[rows.high]
    if method == "product":
        return np.asarray(per_pair[rows.pair] * rows.count, dtype=np.float64)
    return rows.spread(per_pair)


def _scaled(weights: FloatArray) -> FloatArray:
    """Return the weights scaled to sum to 1."""
    total = float(weights.sum())
    if total <= 0:
        raise InputError(
            f"all {len(weights):,} comparisons would have weight 0: every compared pair has an alternative "
            f"of weight 0. Pass other alternative weights, or use method='diversity'."
        )
    return np.asarray(weights / total, dtype=np.float64)


def _observed_share(rows: PairRows, w: FloatArray) -> float:
    """Return the share of ``sum_{a<b} w_a w_b`` that lies on observed pairs."""
    possible = total_comparison_weight(w)
    return float((w[rows.low] * w[rows.high]).sum()) / possible if possible > 0 else 0.0


def _warn_where_assumptions_break(rows: PairRows, covered: float, method: str) -> None:
    """Say in numbers where `product` or `balanced` is applied to data it does not assume."""
    evenness = float(rows.total.sum() ** 2 / (rows.n_pairs * (rows.total @ rows.total)))
    broken = []
    if covered < COVERED_FROM:
        broken.append(
            f"only {100 * covered:.2g} % of the pairs (by weight) are compared: copies of a whole pair of "
            f"alternatives are not recognised"
        )
    if method == "product" and evenness < EVEN_FROM:
        broken.append(
            f"pairs are compared unevenly, from {rows.total.min():g} to {rows.total.max():g} times (median "
            f"{np.median(rows.total):g}): a pair counts as often as it is compared"
        )
    if broken:
        assumed = "every pair compared equally often" if method == "product" else "every pair compared"
        warnings.warn(
            f"{method} weights assume {assumed}, but {'; '.join(broken)}. Use method='diversity'.",
            SparseComparisonsWarning,
            stacklevel=3,
        )
