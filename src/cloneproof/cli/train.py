"""``cloneproof train``: a reward model or a DPO policy from a preference file, near-copies weighed down."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from cloneproof.cli.options import InputOptions, draw_rows, parse_number, read_input
from cloneproof.cli.output import print_json, print_lines, schema_words
from cloneproof.cli.talk import say

__all__ = ["train"]


def train(
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    model: str = "minilm",
    method: Literal["reward", "dpo"] = "reward",
    input_options: Annotated[InputOptions | None, Parameter(name="*")] = None,
    encoder: str = "auto",
    weights: Literal["diversity", "voronoi", "scale-tree", "family", "uniform"] = "diversity",
    comparison_weights: Literal["auto", "product", "balanced", "diversity"] = "auto",
    scale: str = "auto",
    radius: float | None = None,
    by: Literal["row", "annotator"] = "row",
    regularization: float = 0.01,
    test_share: float = 0.1,
    limit: int | None = None,
    max_length: int | None = None,
    epochs: float = 1.0,
    steps: int | None = None,
    batch_size: int = 8,
    gradient_accumulation: int = 1,
    learning_rate: float | None = None,
    beta: float = 0.1,
    precision: Literal["float32", "bfloat16"] = "float32",
    chat: bool | None = None,
    checkpoint_seconds: float = 60.0,
    resume: bool = True,
    seed: int = 0,
    cache: Path | None = None,
    json: bool = False,
) -> None:
    """Train a language model on preferences in which near-copies share a vote; evaluate and write it.

    Writes a Hugging Face model folder with a model card (README.md) and cloneproof_training.json. A run
    that was killed goes on from its last checkpoint when it is started again. Nothing is downloaded and
    nothing leaves this machine.

    Parameters
    ----------
    file : str
        JSONL, JSON, CSV, TSV, Parquet or Arrow, also .gz or .zst; - for standard input.
    out : Path
        The model's folder, made or replaced when all is done; the only place that is written.
    model : str
        A folder with a Hugging Face model, the name of one in the local cache, or minilm.
    method : str
        reward: a reward model (one number per answer). dpo: a model that writes, by direct preference
        optimisation.
    encoder : str
        How near-copies are found: auto, minilm, surface, a sentence-transformers model, openai:MODEL, or
        a file of embeddings.
    weights : str
        How much of the space each answer stands for. uniform: plain training, every comparison once.
    comparison_weights : str
        How those weights reach the rows. auto: balanced for dense data, diversity for sparse data.
    scale : str
        Distance at which two texts count as saying the same: a number, or auto.
    radius : float
        Distance within which answers form a family. Default: the scale.
    by : str
        annotator: each annotator's rows on a pair get one share.
    regularization : float
        The lambda of (lambda / 2) * sum of w r^2 (reward models only).
    test_share : float
        Share of the rows to evaluate on; they share no prompt, answer or family with the training.
    limit : int
        Use so many rows only, drawn at random.
    max_length : int
        Tokens read of prompt and answer, from the end. Default: 512, or what the model takes.
    epochs : float
        Passes over the training rows.
    steps : int
        Steps of the optimizer, in place of --epochs.
    batch_size : int
        Pairs in one forward pass.
    gradient_accumulation : int
        Forward passes for one step.
    learning_rate : float
        Default: TRL's for the method (1e-4 for reward, 1e-6 for dpo).
    beta : float
        Strength of the tie to the reference (dpo only).
    precision : str
        Arithmetic of the forward pass.
    chat : bool
        Write texts by the tokenizer's chat template. Default: where it has one.
    checkpoint_seconds : float
        Time between checkpoints.
    resume : bool
        Go on from the checkpoints of a killed run with the same data, options and model.
    seed : int
        Seed of everything that chance decides.
    cache : Path
        Folder for embeddings and finished steps, to share between runs. Default: OUT/cache.
    json : bool
        Print one JSON object on stdout.
    """
    for name in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "TRANSFORMERS_OFFLINE"):
        os.environ.setdefault(name, "1")  # before the libraries that read them are loaded
    from cloneproof._core.extras import require

    require("trl", extra="trl", purpose="cloneproof train")
    from cloneproof.audit import AnalysisOptions
    from cloneproof.trl.options import TrainingOptions
    from cloneproof.trl.run import train_model

    options = TrainingOptions(
        model=model,
        method=method,
        regularization=regularization,
        test_share=test_share,
        max_length=max_length,
        epochs=epochs,
        steps=steps,
        batch_size=batch_size,
        gradient_accumulation=gradient_accumulation,
        learning_rate=learning_rate,
        beta=beta,
        precision=precision,
        chat=chat,
        checkpoint_seconds=checkpoint_seconds,
        seed=seed,
    )
    analysis = AnalysisOptions(
        encoder=encoder,
        weights=weights,
        comparison_weights=comparison_weights,
        scale=parse_number("--scale", scale),
        radius=radius,
        by="annotator" if by == "annotator" else None,
    )
    comparisons, provenance = read_input(file, input_options)
    comparisons = draw_rows(comparisons, limit, seed)
    say(
        f"read {schema_words(provenance)}: {comparisons.n_comparisons:,} comparisons of "
        f"{comparisons.n_alternatives:,} answers"
    )
    trained = train_model(
        comparisons,
        out,
        options,
        analysis,
        cache=cache,
        provenance={"input": provenance, "limit": limit},
        resume=resume,
    )
    if json:
        print_json({**trained.record, "out": str(out)})
    else:
        _tell(trained.record, out)


def _tell(record: dict[str, Any] | Any, out: Path) -> None:
    rows, metrics, split = record["rows"], record["metrics"], record["split"]
    lines = [(c["name"], f"{c['value']} ({c['reason']})") for c in record["choices"]]
    lines += [
        ("trained on", f"{rows['n_train']:,} rows, worth {rows['effective_comparisons']:,.0f} (ESS)"),
        (
            "answers",
            f"{rows['n_train_alternatives']:,}, worth {rows['effective_sample_size']:,.0f} (ESS); "
            f"{rows['near_duplicates']:,} of all are near-copies of another",
        ),
    ]
    if record["resumed_from_step"]:
        lines.append(("resumed", f"from step {record['resumed_from_step']:,}"))
    lines.append(("steps", f"{record['steps']:,} in {record['training_seconds']:,.0f} s"))
    if split is None:
        lines.append(("held out", "nothing, as asked"))
    else:
        lines.append(
            ("held out", f"{split['n_test']:,} rows that share no {', '.join(split['joined_by'])} with them")
        )
    for name, said in (("accuracy", "accuracy"), ("accuracy_by_family", "by family")):
        if metrics.get(name) is not None:
            lines.append((said, _share(metrics[name])))
    if metrics.get("log_loss") is not None:
        lines.append(("log loss", f"{metrics['log_loss']:.3f} (a coin: 0.693)"))
    print_lines(lines)
    print()
    print(f"wrote {out}")


def _share(value: dict[str, Any] | float) -> str:
    if not isinstance(value, dict):
        return f"{value:.3f}"
    if value["value"] is None:
        return "not known: no side won a row"
    return f"{value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f})"
