"""From comparisons to a trained model in a folder: weigh, train, evaluate, write."""

from __future__ import annotations

import math
import os
import platform
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import datasets
import transformers
from transformers.trainer_callback import PrinterCallback
from trl import DPOConfig, RewardConfig  # type: ignore[attr-defined]  # TRL loads its names lazily

from cloneproof._core.errors import InputError
from cloneproof._core.progress import track
from cloneproof._core.steps import array_digest
from cloneproof.audit import AnalysisOptions
from cloneproof.audit.evaluation import evaluate_rewards
from cloneproof.audit.weighing import package_version
from cloneproof.preferences import Comparisons
from cloneproof.trl.checkpoints import Checkpoints, RunCallback
from cloneproof.trl.dpo import WeightedDPOTrainer
from cloneproof.trl.folder import check_model_folder, write_model_folder
from cloneproof.trl.models import LoadedModel, load_model
from cloneproof.trl.options import TrainingOptions
from cloneproof.trl.reward import WeightedRewardTrainer
from cloneproof.trl.rows import (
    TrainingRows,
    dpo_dataset,
    encode_alternatives,
    prepare_rows,
    reward_dataset,
)
from cloneproof.trl.scoring import score_token_ids

__all__ = ["TrainedModel", "train_model"]

_PACKAGES = ("cloneproof", "trl", "transformers", "torch", "datasets", "accelerate", "numpy")


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainedModel:
    """What a training run made.

    Parameters
    ----------
    folder : Path
        The model, its tokenizer, the model card and the record.
    record : mapping
        What ``cloneproof_training.json`` holds.
    model : transformers model
        As trained, in memory.
    """

    folder: Path
    record: Mapping[str, Any]
    model: Any


def train_model(
    comparisons: Comparisons,
    target: str | os.PathLike[str],
    options: TrainingOptions | None = None,
    analysis: AnalysisOptions | None = None,
    *,
    cache: str | os.PathLike[str] | None = None,
    provenance: Mapping[str, Any] | None = None,
    resume: bool = True,
) -> TrainedModel:
    """Train a language model on preferences in which near-copies share a vote, and write its folder.

    Parameters
    ----------
    comparisons : Comparisons
        With texts.
    target : path-like
        The folder of the model, made or replaced when training and evaluation are done; until then
        it gets a folder ``checkpoints`` only.
    options : TrainingOptions, default=None
        None: the defaults, a reward model from the packaged MiniLM.
    analysis : AnalysisOptions, default=None
        How rows are weighed; ``weights="uniform"`` is plain training.
    cache : path-like, default=None
        Folder for embeddings and finished steps. None: ``target/cache``.
    provenance : mapping, default=None
        What the caller knows of the inputs; kept in the record.
    resume : bool, default=True
        Continue from the last checkpoint of a killed run with the same data, options and model.

    Returns
    -------
    trained : TrainedModel

    Raises
    ------
    InputError, ParameterError
        For data without texts, or options that do not fit the model.
    FileAccessError
        If the model cannot be loaded or the folder cannot be written.

    Notes
    -----
    Weights are learned from the training rows alone; the test shares no prompt, answer or family of
    near-copies with them. The ridge applies to reward models.
    """
    options, analysis = options or TrainingOptions(), analysis or AnalysisOptions()
    place = check_model_folder(target)
    _quiet()
    loaded = load_model(options)
    rows = prepare_rows(
        comparisons,
        replace(analysis, regularization=options.regularization, random_state=options.seed),
        test_share=options.test_share,
        seed=options.seed,
        cache=Path(cache) if cache is not None else place / "cache",
    )
    with warnings.catch_warnings(), track("reading texts", total=None):
        warnings.simplefilter("ignore")
        data, test, test_ids = _datasets(rows, loaded, options)
    if len(data) < 2:
        raise InputError(f"Training needs at least 2 rows. Got {len(data)}.")
    key = {
        "data": _digest(data),
        "options": {**options.to_dict(), "model": loaded.digest, "checkpoint_seconds": None},
        "versions": _versions(),
    }
    checkpoints = Checkpoints(place / "checkpoints", key, resume=resume)
    begun = checkpoints.latest()
    started = time.perf_counter()
    trainer = _trainer(options, loaded, data, test, checkpoints.folder)
    steps = _n_steps(options, len(data))
    with track("training", total=steps) as advance:
        trainer.add_callback(RunCallback(advance, seconds=options.checkpoint_seconds))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trainer.train(resume_from_checkpoint=None if begun is None else str(begun))
    seconds = time.perf_counter() - started
    model = trainer.accelerator.unwrap_model(trainer.model)
    metrics = _evaluate(trainer, model, rows, loaded, options, test_ids)
    record = {
        "tool": "cloneproof",
        "format": 1,
        "kind": "training",
        "method": options.method,
        "input_format": loaded.form.to_dict(),
        "base_model": loaded.name,
        "options": options.to_dict(),
        "weighing": analysis.as_json(),
        "choices": [
            {"name": c.name, "value": c.value, "reason": c.reason, "automatic": c.automatic}
            for c in rows.choices
        ],
        "rows": _row_record(rows),
        "split": None if rows.split is None else rows.split.to_dict(),
        "steps": int(trainer.state.global_step),
        "resumed_from_step": None if begun is None else int(begun.name.removeprefix("checkpoint-")),
        "training_seconds": round(seconds, 1),
        "loss": [
            {"step": entry["step"], "loss": entry["loss"]}
            for entry in trainer.state.log_history
            if "loss" in entry and math.isfinite(entry["loss"])
        ],
        "metrics": metrics,
        "data_sha256": key["data"],
        "versions": key["versions"],
        "python": platform.python_version(),
        **(provenance or {}),
    }
    written = write_model_folder(place, model, loaded.tokenizer, record)
    return TrainedModel(folder=place, record=written, model=model)


def _datasets(
    rows: TrainingRows, loaded: LoadedModel, options: TrainingOptions
) -> tuple[datasets.Dataset, datasets.Dataset | None, list[list[int]] | None]:
    """Return the training data, TRL's test data (dpo) and the test's token ids (reward)."""
    tokenizer, form = loaded.tokenizer, loaded.form
    if options.method == "reward":
        ids = encode_alternatives(rows.train, tokenizer, form)
        data = reward_dataset(rows, ids, regularization=options.regularization)
        return data, None, encode_alternatives(rows.test, tokenizer, form)
    test = dpo_dataset(rows.test, tokenizer, form, None) if rows.test.n_comparisons else None
    return dpo_dataset(rows.train, tokenizer, form, rows.row_weights), test, None


def _trainer(
    options: TrainingOptions,
    loaded: LoadedModel,
    data: datasets.Dataset,
    test: datasets.Dataset | None,
    folder: Path,
) -> Any:
    steps = _n_steps(options, len(data))
    shared: dict[str, Any] = {
        "output_dir": str(folder),
        "per_device_train_batch_size": options.batch_size,
        "per_device_eval_batch_size": options.batch_size,
        "gradient_accumulation_steps": options.gradient_accumulation,
        "max_steps": steps,
        "warmup_steps": min(max(steps // 10, 1), 100),
        "seed": options.seed,
        "bf16": options.precision == "bfloat16",
        "gradient_checkpointing": False,
        "max_length": loaded.form.max_length,
        "report_to": "none",
        "save_strategy": "no",
        "save_total_limit": 2,
        "logging_strategy": "steps",
        "logging_steps": max(steps // 20, 1),
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
    }
    if options.learning_rate is not None:
        shared["learning_rate"] = options.learning_rate
    arguments: dict[str, Any] = {
        "model": loaded.model,
        "train_dataset": data,
        "processing_class": loaded.tokenizer,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if options.method == "reward":
            trainer: Any = WeightedRewardTrainer(args=RewardConfig(**shared), **arguments)
        else:
            config = DPOConfig(**shared, beta=options.beta)
            trainer = WeightedDPOTrainer(args=config, eval_dataset=test, **arguments)
    trainer.remove_callback(PrinterCallback)
    return trainer


def _evaluate(
    trainer: Any,
    model: Any,
    rows: TrainingRows,
    loaded: LoadedModel,
    options: TrainingOptions,
    test_ids: list[list[int]] | None,
) -> dict[str, Any]:
    if rows.test.n_comparisons == 0:
        return {"n": 0}
    if test_ids is not None:
        rewards = score_token_ids(
            model, test_ids, pad_token_id=loaded.tokenizer.pad_token_id, batch_size=2 * options.batch_size
        )
        found = evaluate_rewards(rows.test, rewards, families=rows.test_families).to_dict()
        return {"n": found.pop("n_comparisons"), **{k: v for k, v in found.items() if k != "by_annotator"}}
    with warnings.catch_warnings(), track("evaluating", total=None):
        warnings.simplefilter("ignore")
        found = trainer.evaluate()
        logged = [entry for entry in trainer.state.log_history if "eval_rewards/accuracies" in entry]
    return {
        "n": len(trainer.eval_dataset),
        "accuracy": float(logged[-1]["eval_rewards/accuracies"]),
        "loss": float(found["eval_loss"]),
    }


def _row_record(rows: TrainingRows) -> dict[str, Any]:
    return {
        "n_train": rows.train.n_comparisons,
        "n_train_alternatives": rows.train.n_alternatives,
        "effective_sample_size": rows.effective_sample_size,
        "effective_comparisons": rows.effective_comparisons,
        "weighting": "uniform" if rows.weights is None else str(rows.weighed.weighting),
        "scale": rows.weighed.scale if rows.weights is not None else None,
        "encoder": rows.weighed.encoder.value,
        "surface_only": rows.weighed.surface_only,
        "n_families": rows.weighed.families.n_families,
        "near_duplicates": rows.weighed.near_duplicates,
    }


def _n_steps(options: TrainingOptions, n_rows: int) -> int:
    """Return the optimizer steps, the last incomplete batch of an epoch included."""
    if options.steps is not None:
        return options.steps
    batches = -(-n_rows // options.batch_size)
    return max(math.ceil(options.epochs * -(-batches // options.gradient_accumulation)), 1)


def _digest(data: datasets.Dataset) -> str:
    """Return one SHA-256 over the rows that are trained on, texts or tokens and weights."""
    columns = data.to_dict()
    return array_digest(*[tuple(map(repr, columns[name])) for name in sorted(columns)])


def _versions() -> dict[str, str | None]:
    return {name: package_version(name) for name in _PACKAGES}


def _quiet() -> None:
    """Keep the libraries from talking between the lines of the program."""
    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()
    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
