"""The paper's case study from start to end: texts, weights, networks, random populations."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator

from cloneproof._core.progress import track
from cloneproof._core.steps import StepCache, array_digest
from cloneproof._core.validation import check_integer, check_number
from cloneproof.audit.case_parts import make_situations, weigh_situation
from cloneproof.audit.case_study import default_weightings
from cloneproof.audit.weighing import package_version
from cloneproof.data import ParisTexts, load_paris
from cloneproof.reproduction.network_case import NetworkSettings, run_network_case
from cloneproof.reproduction.population import KINDS, study_populations
from cloneproof.reproduction.records import PaperReproduction
from cloneproof.weights import ScaleTreeWeights

__all__ = ["PaperOptions", "paper_weightings", "reproduce_paper"]


@dataclass(frozen=True, kw_only=True)
class PaperOptions:
    """How the case study is reproduced.

    Parameters
    ----------
    n_repeats : int
        Samples of comparisons and trainings, as in the paper 20; at least 2.
    n_comparisons : int
        Comparisons in each of the two data sets, as in the paper 1,000.
    n_components : int
        Principal components of the embeddings of the original texts.
    n_populations : int
        Random populations of each kind; 0: none.
    random_state : int
    network : NetworkSettings
    """

    n_repeats: int = 20
    n_comparisons: int = 1000
    n_components: int = 8
    n_populations: int = 1500
    random_state: int = 0
    network: NetworkSettings = field(default_factory=NetworkSettings)


def paper_weightings(random_state: int = 0) -> dict[str, BaseEstimator | None]:
    """Return plain, the paper's weights with its two choices of S, and ours.

    "family, told" is told that restaurants are food: what weights can do at best.
    """
    chosen = default_weightings(random_state)
    told = chosen.pop("family, told")
    return {**chosen, "scale tree": ScaleTreeWeights(), "family, told": told}


def reproduce_paper(
    options: PaperOptions | None = None,
    *,
    texts: ParisTexts | None = None,
    described: str = "packaged texts, MiniLM embeddings",
    weightings: Mapping[str, Any] | None = None,
    cache: str | os.PathLike[str] | None = None,
) -> PaperReproduction:
    """Reproduce the case study with the paper's network, and ask random populations the same.

    Two data sets, Original (food, art, romance) and Clones (with restaurants, which are food in other
    words), `n_comparisons` each; embeddings reduced by PCA; a two-layer network trained on each,
    plain and weighted, `n_repeats` times. Then random populations in the limit of everybody judging
    every pair, without any network.

    Parameters
    ----------
    options : PaperOptions, default=None
    texts : ParisTexts, default=None
        None: the packaged ones. See :func:`cloneproof.reproduction.choose_texts` for the paper's setting.
    described : str
        How texts and embeddings were made.
    weightings : mapping of name to estimator or None, default=None
        None: :func:`paper_weightings`.
    cache : path-like, default=None
        Folder in which finished steps are kept: a killed run goes on where it stopped.

    Returns
    -------
    reproduction : PaperReproduction

    Raises
    ------
    ParameterError
        For options out of range.

    References
    ----------
    .. [1] Procaccia, Schiffer & Zhang, "Clone-Robust AI Alignment", ICML 2025, arXiv:2501.09254.
    """
    options = options or PaperOptions()
    check_integer("n_repeats", options.n_repeats, low=2)
    check_integer("n_comparisons", options.n_comparisons, low=10)
    check_integer("n_components", options.n_components, low=2, high=32)
    check_integer("n_populations", options.n_populations, low=0)
    check_integer("random_state", options.random_state, low=0)
    check_integer("n_steps", options.network.n_steps, low=1)
    check_number("regularization", options.network.regularization, low=0.0)
    paris = load_paris() if texts is None else texts
    steps = StepCache(None if cache is None else Path(cache) / "steps")
    chosen = paper_weightings(options.random_state) if weightings is None else dict(weightings)
    situations = make_situations(paris, options.n_components)
    key = {
        "points": array_digest(situations[1].points, situations[1].labels.astype(str)),
        "weightings": {name: repr(estimator) for name, estimator in chosen.items()},
        "version": package_version("cloneproof"),
    }
    with track("weights", total=2 * len(chosen)) as advance:
        weights = {}
        for name, estimator in chosen.items():
            pair = []
            for situation in situations:
                pair.append(weigh_situation(estimator, situation))
                advance(1)
            weights[name] = (pair[0], pair[1])
    case = run_network_case(
        situations,
        weights,
        n_repeats=options.n_repeats,
        n_comparisons=options.n_comparisons,
        random_state=options.random_state,
        settings=options.network,
        steps=steps,
        key=key,
        described={"texts": described, "n_components": options.n_components, "weightings": key["weightings"]},
    )
    populations = tuple(
        study_populations(
            situations,
            weights,
            kind=kind,
            n_populations=options.n_populations,
            regularization=options.network.regularization,
            random_state=options.random_state,
            steps=steps,
            key=key,
        )
        for kind in KINDS
        if options.n_populations
    )
    return PaperReproduction(
        case=case,
        populations=populations,
        texts=described,
        options={
            **asdict(options),
            "weightings": key["weightings"],
            "versions": {name: package_version(name) for name in ("cloneproof", "numpy", "scipy", "torch")},
        },
    )
