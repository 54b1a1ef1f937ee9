"""From comparisons to the datasets that are trained and evaluated on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import datasets
import numpy as np
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError
from cloneproof._core.steps import StepCache
from cloneproof._core.typing import FloatArray
from cloneproof.audit import AnalysisOptions, Choice, Weighed, weigh_comparisons
from cloneproof.audit.choices import choose_comparison_weights
from cloneproof.audit.splits import Split, split_by_prompt_and_family
from cloneproof.export import training_table
from cloneproof.export.model_inputs import InputFormat, encode_answer, join_text
from cloneproof.preferences import Comparisons
from cloneproof.rewards import comparison_weights
from cloneproof.weights import effective_sample_size

__all__ = ["TrainingRows", "dpo_dataset", "encode_alternatives", "prepare_rows", "reward_dataset"]


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingRows:
    """Comparisons divided into training and test, the training rows weighed.

    Parameters
    ----------
    weighed : Weighed
        All comparisons with embeddings and families.
    split : Split or None
        None: everything is trained on.
    train, test : Comparisons
        Each over its own alternatives; the test is empty without a split.
    test_families : ndarray of shape (n_test_alternatives,)
        The family of each alternative of the test.
    weights : float64 ndarray of shape (n_train_alternatives,) or None
        Alternative weights; None: plain, every comparison counts once.
    row_weights : float64 ndarray of shape (n_train,) or None
    choices : tuple of Choice
        What was chosen, and why.
    """

    weighed: Weighed
    split: Split | None
    train: Comparisons
    test: Comparisons
    test_families: Any
    weights: FloatArray | None
    row_weights: FloatArray | None
    choices: tuple[Choice, ...]

    @property
    def effective_sample_size(self) -> float:
        """Training alternatives worth, ``1 / sum w^2``."""
        m = self.train.n_alternatives
        return float(m if self.weights is None else effective_sample_size(self.weights))

    @property
    def effective_comparisons(self) -> float:
        """Training rows worth, ``1 / sum omega^2``."""
        rows = self.train.count if self.row_weights is None else self.row_weights
        return float(effective_sample_size(np.asarray(rows) / np.sum(rows)))


def prepare_rows(
    comparisons: Comparisons,
    options: AnalysisOptions,
    *,
    test_share: float,
    seed: int,
    cache: Any = None,
) -> TrainingRows:
    """Find families, set a test aside that shares none with the training, and weigh the training rows.

    Parameters
    ----------
    comparisons : Comparisons
        With texts.
    options : AnalysisOptions
        With ``weights="uniform"`` every comparison counts once (plain training).
    test_share : float
        Share of the rows to set aside; 0: none.
    seed : int
        Draws the test.
    cache : path-like, default=None
        Folder for embeddings and finished steps.

    Raises
    ------
    InputError
        Without texts, or where the rows hang together so that none can be set aside.
    """
    if comparisons.texts is None:
        raise InputError(
            "The comparisons hold no texts to train on. Read them with answers= (--answers) to join the texts."
        )
    steps = StepCache(None if cache is None else cache / "steps")
    weighed = weigh_comparisons(comparisons, options, cache=cache, steps=steps)
    everyone, none = np.arange(comparisons.n_alternatives), np.zeros(0, dtype=np.int64)
    if test_share == 0:
        split, kept = None, everyone
        train, test = comparisons, comparisons.restrict(none, none)
        tested: Any = weighed.families.labels[:0]
    else:
        try:
            split = split_by_prompt_and_family(
                comparisons, weighed.families, test_share=test_share, random_state=seed
            )
        except InputError as error:
            raise InputError(
                f"{error} With test_share=0 (--test-share 0) all rows train, and nothing is evaluated."
            ) from error
        kept = split.train_alternatives
        train, test = split.divide(comparisons)
        tested = weighed.families.labels[split.test_alternatives]
    choices = [weighed.encoder]
    weights = rows = None
    if options.weights != "uniform":
        part = weighed
        if split is not None:
            scale = options.scale if weighed.scale is None else weighed.scale
            part = weigh_comparisons(
                train, replace(options, encoder=weighed.embeddings[kept], scale=scale), steps=steps
            )
        weights = part.weights
        choice = choose_comparison_weights(part.coverage, options.comparison_weights)
        choices += [weighed.scale_choice, choice]
        rows = np.asarray(
            comparison_weights(
                train,
                alternative_weight=weights,
                embeddings=part.embeddings,
                method=choice.value,
                scale=part.scale or "auto",
                by=options.by,
            ),
            dtype=np.float64,
        )
    return TrainingRows(
        weighed=weighed,
        split=split,
        train=train,
        test=test,
        test_families=tested,
        weights=weights,
        row_weights=rows,
        choices=tuple(choices),
    )


def encode_alternatives(comparisons: Comparisons, tokenizer: Any, form: InputFormat) -> list[list[int]]:
    """Return the token ids of every alternative with its prompt."""
    prompts = comparisons.prompts or [""] * comparisons.n_alternatives
    texts = comparisons.texts or ()
    return [encode_answer(tokenizer, p, t, form) for p, t in zip(prompts, texts, strict=True)]


def reward_dataset(rows: TrainingRows, ids: list[list[int]], *, regularization: float) -> datasets.Dataset:
    """Return tokenised training rows with weights and the ridge.

    Parameters
    ----------
    rows : TrainingRows
    ids : list of list of int
        Token ids of the training alternatives.
    regularization : float
        The lambda on the scale of ``BradleyTerry``, whose row weights sum to ``S = (1 - sum w^2) / 2``.
    """
    train = rows.train
    positions = np.arange(train.n_alternatives)
    coded = Comparisons.from_arrays(
        train.left, train.right, train.outcome, train.count, ids=positions, texts=[str(i) for i in positions]
    )
    share = (1.0 - 1.0 / rows.effective_sample_size) / 2.0
    table = training_table(
        coded,
        comparison_weight=rows.row_weights,
        alternative_weight=rows.weights if regularization > 0 else None,
        regularization=regularization / share if regularization > 0 else None,
    )
    columns = table.drop_columns(["chosen", "rejected", "row"]).to_pydict()
    for side in ("chosen", "rejected"):
        columns[f"{side}_ids"] = [ids[int(i)] for i in table.column(side).to_pylist()]
    return datasets.Dataset.from_dict(columns)


def dpo_dataset(
    comparisons: Comparisons, tokenizer: Any, form: InputFormat, row_weights: ArrayLike | None
) -> datasets.Dataset:
    """Return prompts, answers and weights as TRL's DPO trainer tokenises them.

    Prompts are cut from their beginning to half of the tokens, so that TRL, which cuts the end, leaves
    room for the answers.
    """
    table = training_table(comparisons, comparison_weight=row_weights, conversational=form.chat)
    columns = table.drop_columns(["row"]).to_pydict()
    if "prompt" not in columns:
        raise InputError("--method dpo needs prompts, and the data holds none. Use --method reward.")
    if not form.chat:
        cut = {p: _end_of(tokenizer, p, form.max_length // 2) for p in set(columns["prompt"])}
        columns["prompt"] = [cut[p] for p in columns["prompt"]]
        for side in ("chosen", "rejected"):
            pairs = zip(columns["prompt"], columns[side], strict=True)
            columns[side] = [join_text(p, a)[len(p) :] for p, a in pairs]
    return datasets.Dataset.from_dict(columns)


def _end_of(tokenizer: Any, text: str, n_tokens: int) -> str:
    """Return the last tokens of a text, as text."""
    places = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    return text if len(places) <= n_tokens else text[places[len(places) - n_tokens][0] :]
