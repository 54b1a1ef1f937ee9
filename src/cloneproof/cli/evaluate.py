"""``cloneproof evaluate``: how well a trained reward predicts comparisons, and what clones did to it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from cloneproof._core.errors import CheckFailedError, FileAccessError, ParameterError
from cloneproof.cli.options import InputOptions, draw_rows, parse_number, read_input
from cloneproof.cli.output import print_json, print_lines, schema_words
from cloneproof.cli.talk import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloneproof.audit import Evaluation
    from cloneproof.preferences import Comparisons

__all__ = ["evaluate"]

_ANNOTATORS_SHOWN = 5


def evaluate(
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    model: Annotated[Path, Parameter(name=["--model", "-m"])],
    against: Path | None = None,
    input_options: Annotated[InputOptions | None, Parameter(name="*")] = None,
    held_out: bool = False,
    encoder: str = "auto",
    radius: str = "auto",
    families: bool = True,
    clones: int | None = None,
    noise: float = 0.0,
    targets: int = 20,
    limit: int | None = None,
    batch_size: int = 32,
    fail_under: float | None = None,
    seed: int = 0,
    cache: Path | None = None,
    json: bool = False,
) -> None:
    """Evaluate a trained reward on comparisons: accuracy, also with each family once, and calibration.

    --model is a folder that cloneproof train --method reward or RewardNetwork.save wrote, or any
    sequence classifier with one label. With --against, a second model of the same kind (one trained with
    and one without near-copies, say): how far rewards moved between them, and which is more accurate.
    Writes nothing, unless --cache names a folder for embeddings.

    Parameters
    ----------
    file : str
        JSONL, JSON, CSV, TSV, Parquet or Arrow, also .gz or .zst; - for standard input.
    model : Path
        The folder of the model.
    against : Path
        The folder of another model, compared with it on the same comparisons.
    held_out : bool
        Use only the rows that cloneproof train set aside; FILE is what it was trained on.
    encoder : str
        What families are found with, and what a RewardNetwork reads: auto, minilm, surface, a
        sentence-transformers model, openai:MODEL, or a file of embeddings.
    radius : str
        Distance within which answers form a family: a number, or auto (the encoder's scale).
    families : bool
        Find families of near-copies, and count each once in a second accuracy.
    clones : int
        RewardNetwork only: train it again on FILE with and without so many clones of each target, plain
        and weighted, and show how far rewards move.
    noise : float
        Distance of those clones from their originals.
    targets : int
        How many alternatives are cloned.
    limit : int
        Use so many rows only, drawn at random (as cloneproof train does).
    batch_size : int
        Answers in one forward pass.
    fail_under : float
        Exit with 3 if the accuracy is under this.
    seed : int
        Draws the rows of --limit, the targets and the noise.
    cache : Path
        Folder in which embeddings are kept. Default: none.
    json : bool
        Print one JSON object on stdout.
    """
    from cloneproof.audit import evaluate_rewards

    for name in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "TRANSFORMERS_OFFLINE"):
        os.environ.setdefault(name, "1")
    parse_number("--radius", radius)
    for folder in (model, *([] if against is None else [against])):
        if not folder.is_dir():
            raise FileAccessError(f"There is no folder {folder} with a model.")
    if clones is not None and not _is_network(model):
        raise ParameterError(
            "--clones trains a RewardNetwork again, and --model is a language model. Train two models with "
            "cloneproof train, with and without near-copies, and give the second as --against."
        )
    comparisons, provenance = read_input(file, input_options)
    comparisons = draw_rows(comparisons, limit, seed)
    say(
        f"read {schema_words(provenance)}: {comparisons.n_comparisons:,} comparisons of "
        f"{comparisons.n_alternatives:,} alternatives"
    )
    labels: Any = None
    if held_out:
        from cloneproof.trl.held_out import held_out_comparisons

        comparisons, labels = held_out_comparisons(comparisons, model, cache=cache)
    else:
        _warn_if_trained_on(model, provenance)
    embedded = _Embedded(comparisons, encoder, cache)
    if families and labels is None:
        labels = _find_families(embedded, radius)
    rewards = _score(model, comparisons, embedded, batch_size)
    found = evaluate_rewards(comparisons, rewards, families=labels if families else None)
    result: dict[str, Any] = {"model": str(model), "file": file, "held_out": held_out, **found.to_dict()}
    if against is not None:
        others = _score(against, comparisons, embedded, batch_size)
        result["against"] = _compare(comparisons, rewards, others, labels if families else None, against)
    if clones is not None:
        result["clone_shift"] = _clone_shift(model, comparisons, embedded, clones, noise, targets, seed)
    if json:
        print_json(result)
    else:
        _tell(found, result)
    accuracy = found.accuracy.value
    if fail_under is not None and not accuracy >= fail_under:
        raise CheckFailedError(f"The accuracy is {accuracy:.3f}, under {fail_under:g}, as asked.")


class _Embedded:
    """The embeddings of the alternatives, made when they are first needed."""

    def __init__(self, comparisons: Comparisons, encoder: str, cache: Path | None) -> None:
        self._make: Callable[[], Any] = lambda: _embed(comparisons, encoder, cache)
        self._made: Any = None

    def __call__(self) -> Any:
        if self._made is None:
            self._made = self._make()
        return self._made


def _embed(comparisons: Comparisons, encoder: str, cache: Path | None) -> Any:
    from cloneproof.embeddings import embed_with_encoder

    return embed_with_encoder(
        comparisons, encoder, cache=None if cache is None else Path(cache) / "embeddings"
    )


def _find_families(embedded: _Embedded, radius: str) -> Any:
    from cloneproof.weights import find_families

    made = embedded()
    within: Any = parse_number("--radius", radius)
    if within == "auto" and made.scale is not None:
        within = float(made.scale)
    return find_families(made.embeddings, radius=within)


def _is_network(folder: Path) -> bool:
    return (folder / "network.json").is_file()


def _score(folder: Path, comparisons: Comparisons, embedded: _Embedded, batch_size: int) -> Any:
    """Return the rewards of all alternatives."""
    if _is_network(folder):
        from cloneproof.neural import RewardNetwork

        return RewardNetwork.load(folder).predict(embedded().embeddings)
    from cloneproof._core.errors import InputError
    from cloneproof.trl import load_reward_function

    if comparisons.texts is None:
        raise InputError(
            "The comparisons hold no texts to score. Read them with --answers to join the texts."
        )
    _quiet()
    prompts = comparisons.prompts or ("",) * comparisons.n_alternatives
    return load_reward_function(folder, batch_size=batch_size).score(prompts, comparisons.texts)


def _quiet() -> None:
    """Keep transformers from talking between the lines of the program."""
    import transformers  # its logging helpers have no annotations

    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def _warn_if_trained_on(model: Path, provenance: dict[str, Any]) -> None:
    if _is_network(model) or not (model / "cloneproof_training.json").is_file():
        return
    from cloneproof.trl.held_out import was_trained_on

    if was_trained_on(model, provenance.get("sha256")):
        say(
            "warning: this model was trained on rows of this file, and predicts them better than others. "
            "--held-out uses the rows that were set aside."
        )


def _compare(
    comparisons: Comparisons, rewards: Any, others: Any, labels: Any, folder: Path
) -> dict[str, Any]:
    """Return how far rewards moved between two models, and the difference of their accuracies."""
    from dataclasses import asdict

    import numpy as np

    from cloneproof.audit import compare_accuracy, evaluate_rewards, measure_shift

    shift = asdict(measure_shift(rewards, others))
    spread = float(np.std(rewards))
    accuracy = compare_accuracy(comparisons, rewards, others, families=labels)
    return {
        "model": str(folder),
        "accuracy": evaluate_rewards(comparisons, others, families=labels).to_dict()["accuracy"],
        "accuracy_difference": {name: None if value != value else value for name, value in accuracy.items()},
        "shift": shift,
        "reward_sd": spread,
        "max_shift_in_sd": shift["max_shift_centred"] / spread if spread > 0 else None,
        "mean_shift_in_sd": shift["mean_shift_centred"] / spread if spread > 0 else None,
    }


def _clone_shift(
    model: Path,
    comparisons: Comparisons,
    embedded: _Embedded,
    clones: int,
    noise: float,
    targets: int,
    seed: int,
) -> list[dict[str, Any]]:
    from cloneproof.neural import RewardNetwork, measure_network_shift
    from cloneproof.weights import DiversityWeights

    made = embedded()
    found = measure_network_shift(
        comparisons,
        made.embeddings,
        RewardNetwork.load(model),
        weighting=DiversityWeights(scale="auto" if made.scale is None else float(made.scale)),
        copies=clones,
        noise=noise,
        targets=targets,
        random_state=seed,
    )
    return [shift.to_dict() for shift in found]


def _tell(found: Evaluation, result: dict[str, Any]) -> None:
    from cloneproof.report import format_table

    each_once = found.accuracy_by_family
    lines = [
        ("comparisons", f"{found.n_comparisons:,}, {found.n_ties:,} of them ties"),
        ("accuracy", _share(found.accuracy)),
    ]
    if each_once is not None:
        lines.append(("each family once", f"{_share(each_once)}, {found.n_families:,} families"))
    scale = "no finite one" if found.best_scale is None else f"{found.best_scale:.2f}"
    lines += [
        ("log loss", f"{found.log_loss:.3f} (a coin: 0.693)"),
        ("Brier score", f"{found.brier:.3f} (a coin: 0.250)"),
        ("calibration error", f"{found.calibration_error:.3f}; rewards fit best times {scale}"),
    ]
    print_lines(lines)
    print()
    rows = [
        [f"{b.low:.2f} to {b.high:.2f}", f"{b.n:,.0f}", f"{b.predicted:.3f}", f"{b.observed:.3f}"]
        for b in found.bins
    ]
    print(format_table(["sure of", "comparisons", "predicted", "observed"], rows, align="lrrr"))
    if found.by_annotator:
        print()
        shown = [
            ["".join(x if x.isprintable() else " " for x in a.annotator)[:24], f"{a.n:,}", _share(a.accuracy)]
            for a in found.by_annotator[:_ANNOTATORS_SHOWN]
        ]
        print(format_table(["annotator", "decided", "accuracy"], shown, align="lrl"))
        more = len(found.by_annotator) - _ANNOTATORS_SHOWN
        if more > 0:
            print(f"and {more:,} more annotators (--json has all)")
    if "against" in result:
        print()
        _tell_other(result["against"])
    for shift in result.get("clone_shift", []):
        seeds = "" if shift["seed_shift"] is None else f"; seeds alone differ by {shift['seed_shift']:.3f}"
        print(
            f"\n{shift['weighting']}: {shift['copies']:,} clones of {shift['n_targets']:,} alternatives move a "
            f"reward by up to {shift['max_shift']:.3f} (mean of {shift['n_repeats']} seeds){seeds}"
        )


def _tell_other(other: dict[str, Any]) -> None:
    difference, shift = other["accuracy_difference"], other["shift"]
    lines = [("against", other["model"])]
    if difference["difference"] is not None:
        lines.append(
            (
                "accuracy",
                f"{difference['difference']:+.3f} ({difference['low']:+.3f} to {difference['high']:+.3f}) with it; "
                f"they disagree on {100 * difference['disagree']:.1f} % of comparisons",
            )
        )
    largest = f"{shift['max_shift_centred']:.3f} at most, {shift['mean_shift_centred']:.3f} on average"
    if other["max_shift_in_sd"] is not None:
        largest += (
            f" ({other['max_shift_in_sd']:.2f} and {other['mean_shift_in_sd']:.2f} standard deviations)"
        )
    lines += [("rewards move by", largest), ("orders agree", f"Kendall's tau {shift['kendall_tau']:.3f}")]
    print_lines(lines)


def _share(share: Any) -> str:
    if share.value != share.value:
        return "not known: no side won a row"
    return f"{share.value:.3f} ({share.low:.3f} to {share.high:.3f})"
