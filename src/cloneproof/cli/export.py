"""``cloneproof export``: weights and rows for any trainer, and reward models as a function."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from cloneproof._core.errors import ParameterError
from cloneproof.cli.options import InputOptions, parse_number, read_reading
from cloneproof.cli.output import print_json, print_lines, schema_words
from cloneproof.cli.talk import say

if TYPE_CHECKING:
    from cloneproof.audit import AnalysisOptions
    from cloneproof.export import WeighedRows

__all__ = ["export"]


def export(
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    to: Literal["trl", "resampled", "weights", "reward-function"],
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    input_options: Annotated[InputOptions | None, Parameter(name="*")] = None,
    encoder: str = "auto",
    weights: Literal["diversity", "voronoi", "scale-tree", "family", "uniform"] = "diversity",
    comparison_weights: Literal["auto", "product", "balanced", "diversity"] = "auto",
    regularization: float = 0.01,
    scale: str = "auto",
    radius: float | None = None,
    by: Literal["row", "annotator"] = "row",
    conversational: bool = False,
    rows: int | None = None,
    prompt_name: str = "prompt",
    batch_size: int = 32,
    seed: int = 0,
    cache: Path | None = None,
    push_to_hub: str | None = None,
    public: bool = False,
    json: bool = False,
) -> None:
    """Write weights and training rows in which near-copies share a vote, or a reward model as a function.

    FILE is read and weighed as by fit; a run directory of fit is taken as it is, nothing is computed
    again. --to trl: TRL's columns with weight, l2_chosen and l2_rejected, for cloneproof.trl.
    --to resampled: plain rows repeated in expectation, for any trainer. --to weights: the weight of each
    row of FILE. --to reward-function: FILE is a model directory of cloneproof train.

    Parameters
    ----------
    file : str
        A preference file, - for standard input, or a run directory; a model directory for reward-function.
    to : str
        What to write.
    out : Path
        A file (.parquet, .jsonl, .csv, .tsv; .py for reward-function), or a folder that datasets' load_dataset
        reads (trl, resampled). The only place that is written.
    encoder : str
        auto, minilm, surface, a sentence-transformers model, openai:MODEL, or a file of embeddings.
    weights : str
        How much of the space each alternative stands for.
    comparison_weights : str
        How those weights reach the rows. auto: balanced for dense data, diversity for sparse data.
    regularization : float
        The lambda of (lambda / 2) * sum of w r^2, for l2_chosen and l2_rejected.
    scale : str
        Distance at which two texts count as saying the same: a number, or auto.
    radius : float
        Distance within which alternatives form a family. Default: the scale.
    by : str
        annotator: each annotator's rows on a pair get one share.
    conversational : bool
        Write chat messages instead of text.
    rows : int
        Rows to write, resampled. Default: as many as there are comparisons.
    prompt_name : str
        Name of the prompt's column (axolotl's reward models call it input).
    batch_size : int
        Answers in one forward pass of the reward function.
    seed : int
        Draws the resampled rows.
    cache : Path
        Folder in which embeddings and finished steps are kept. Default: none.
    push_to_hub : str
        Send the folder to the Hugging Face Hub under this name, private.
    public : bool
        Make a new repository on the Hub public.
    json : bool
        Print one JSON object on stdout.
    """
    from cloneproof.audit import AnalysisOptions

    if public and push_to_hub is None:
        raise ParameterError("--public needs --push-to-hub NAME.")
    if rows is not None and to != "resampled":
        raise ParameterError(f"--rows needs --to resampled. Got --to {to}.")
    if to == "reward-function":
        _reward_function(file, out, batch_size=batch_size, hub=push_to_hub, json=json)
        return
    options = AnalysisOptions(
        encoder=encoder,
        weights=weights,
        comparison_weights=comparison_weights,
        regularization=regularization,
        scale=parse_number("--scale", scale),
        radius=radius,
        by="annotator" if by == "annotator" else None,
        random_state=seed,
    )
    is_folder = to != "weights" and out.suffix.lower() not in {".parquet", ".jsonl", ".csv", ".tsv"}
    if push_to_hub is not None and not is_folder:
        raise ParameterError("--push-to-hub needs --to trl or resampled, and a folder as --out.")
    if is_folder:
        from cloneproof.export import check_dataset_folder

        check_dataset_folder(out)
    weighed = _weigh(file, input_options, options, cache)
    written: dict[str, Any] = {"to": to, "out": str(out), **weighed.summary()}
    if to == "weights":
        from cloneproof.export import write_row_weights

        write_row_weights(weighed, out)
        written["rows"] = weighed.comparisons.n_comparisons
    else:
        from cloneproof.export import rows_table, write_dataset_folder, write_table

        table = rows_table(
            weighed,
            to,
            conversational=conversational,
            n_rows=rows,
            random_state=seed,
            prompt_name=prompt_name,
        )
        written["rows"], written["columns"] = table.num_rows, table.column_names
        if is_folder:
            record = {"summary": weighed.summary(), **weighed.provenance, "seed": seed}
            write_dataset_folder(table, out, kind=to, record=record)
        else:
            write_table(table, out)
    if push_to_hub is not None:
        from cloneproof.export import push_folder

        written["hub"] = push_folder(out, push_to_hub, kind="dataset", private=not public)
    _tell(written, json)


def _weigh(
    file: str, input_options: InputOptions | None, options: AnalysisOptions, cache: Path | None
) -> WeighedRows:
    from cloneproof.export import is_run, read_weighed_rows, weigh_rows

    if is_run(file):
        asked = {name for name, value in options.as_json().items() if value != _DEFAULTS(name)}
        if input_options is not None or asked - {"random_state"}:
            what = ", ".join(sorted(asked - {"random_state"})) or "how to read the file"
            raise ParameterError(
                f"{file} is a finished run with weights of its own; options do not apply to it ({what}). "
                f"Leave them out, or export from the preference file."
            )
        weighed = read_weighed_rows(file)
        say(f"took {weighed.comparisons.n_comparisons:,} comparisons and their weights from the run {file}")
        return weighed
    reading = read_reading(file, input_options)
    provenance = reading.report.to_dict()
    say(
        f"read {schema_words(provenance)}: {reading.comparisons.n_comparisons:,} comparisons of "
        f"{reading.comparisons.n_alternatives:,} alternatives"
    )
    return weigh_rows(
        reading.comparisons, options, cache=cache, source_rows=reading.rows, provenance=provenance
    )


def _DEFAULTS(name: str) -> Any:  # noqa: N802
    from cloneproof.audit import AnalysisOptions

    return AnalysisOptions().as_json()[name]


def _reward_function(file: str, out: Path, *, batch_size: int, hub: str | None, json: bool) -> None:
    from cloneproof.export import write_reward_function

    if hub is not None:
        raise ParameterError("--push-to-hub sends datasets; a reward function is one file. Leave it out.")
    write_reward_function(file, out, batch_size=batch_size)
    _tell({"to": "reward-function", "out": str(out), "model": file}, json)


def _tell(written: dict[str, Any], json: bool) -> None:
    if json:
        print_json(written)
        return
    lines = [("wrote", written["out"])]
    if "rows" in written:
        effective = written["effective_comparisons"]
        lines += [
            ("rows", f"{written['rows']:,}"),
            (
                "comparisons",
                f"{written['n_comparisons']:,}, worth {effective:,.0f} (ESS)",
            ),
        ]
    if "columns" in written:
        lines.append(("columns", ", ".join(written["columns"])))
    if "hub" in written:
        lines.append(("on the Hub", written["hub"]))
    if written["to"] == "reward-function":
        lines.append(("use", f"from {Path(written['out']).stem} import reward"))
    print_lines(lines)
