"""``cloneproof prevalence``: how often near-copies appear in preference files, and whether they can do harm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from cloneproof._core.errors import ParameterError
from cloneproof.cli.options import InputOptions, parse_number, read_input
from cloneproof.cli.output import percent, print_json, print_lines, schema_words

if TYPE_CHECKING:
    from cloneproof.audit import HarmIndex, Prevalence

__all__ = ["prevalence"]

_ENDINGS = (".json", ".csv", ".tsv", ".parquet", ".jsonl")


def prevalence(
    *files: Annotated[str, Parameter(allow_leading_hyphen=True)],
    input_options: Annotated[InputOptions | None, Parameter(name="*")] = None,
    encoder: str = "auto",
    scale: str = "auto",
    scales: tuple[float, ...] | None = None,
    harm: bool = True,
    random_state: int = 0,
    cache: Path | None = None,
    out: Path | None = None,
    json: bool = False,
) -> None:
    """Count exact and near-duplicates of prompts, answers and pairs at several scales, file by file.

    Also measures how far the judgments depart from one Bradley-Terry model: where they do not, copies do
    not move the plain fit in the long run. Writes nothing, unless --out or --cache says where.

    Parameters
    ----------
    files : str
        Preference files, as for check; - for standard input. Options on how they are read hold for all.
    encoder : str
        auto, minilm, surface, a sentence-transformers model, openai:MODEL, or a file of embeddings.
    scale : str
        Distance at which two texts count as saying the same: a number, or auto.
    scales : tuple of float
        Distances to study; repeatable. Default: a third, two thirds, once and four thirds of the scale.
    harm : bool
        Whether to measure the harm index.
    random_state : int
        Seed of the harm index.
    cache : Path
        Folder in which embeddings and finished scales are kept. Default: none.
    out : Path
        File for the numbers, by its ending: .json, .csv, .tsv, .parquet or .jsonl.
    json : bool
        Print one JSON object on stdout.
    """
    if not files:
        raise ParameterError("prevalence takes one or more files. Got none.")
    if out is not None and out.suffix.lower() not in _ENDINGS:
        raise ParameterError(f"--out must end in {', '.join(_ENDINGS)}. Got {out.name!r}.")
    found = []
    for position, file in enumerate(files):
        study, provenance, words = _study(
            file, input_options, encoder, parse_number("--scale", scale), scales, harm, random_state, cache
        )
        found.append({**study.to_dict(), "schema": provenance})
        if not json:
            if position:
                print()
            _tell(study, provenance, words)
        if out is not None:  # after each file: a study that is cut short keeps what is done
            _write(out, found)
    if json:
        print_json({"files": found})


def _study(
    file: str,
    input_options: InputOptions | None,
    encoder: str,
    scale: Any,
    scales: tuple[float, ...] | None,
    harm: bool,
    random_state: int,
    cache: Path | None,
) -> tuple[Prevalence, dict[str, Any], str]:
    """Read and measure one file; return the study, what was read, and the encoder in words."""
    from cloneproof._core.steps import StepCache
    from cloneproof.audit.prevalence import measure_prevalence
    from cloneproof.audit.records import Choice
    from cloneproof.cli.output import encoder_words
    from cloneproof.embeddings import embed_with_encoder

    comparisons, provenance = read_input(file, input_options)
    folder = None if cache is None else cache / "embeddings"
    embedded = embed_with_encoder(comparisons, encoder, cache=folder)
    asked = None
    if comparisons.prompts is not None and embedded.fingerprint:
        prompts = list(dict.fromkeys(comparisons.prompts))
        asked = embed_with_encoder(prompts, encoder, cache=folder).embeddings
    study = measure_prevalence(
        comparisons,
        embedded.embeddings,
        scales,
        prompt_embeddings=asked,
        scale=embedded.scale if scale == "auto" else scale,
        encoder=embedded.name,
        harm=harm,
        source=file,
        steps=StepCache(None if cache is None else cache / "steps"),
        random_state=random_state,
    )
    chosen = Choice(name="encoder", value=embedded.name, reason=embedded.reason, automatic=encoder == "auto")
    return study, provenance, encoder_words(chosen, surface_only=embedded.surface)


def _write(out: Path, found: list[dict[str, Any]]) -> None:
    """Write the studies: nested as JSON, else one row per file, unit and scale."""
    import json as json_format

    import pyarrow as pa

    from cloneproof._core.files import write_text
    from cloneproof.export.table_files import write_table

    if out.suffix.lower() == ".json":
        write_text(out, json_format.dumps({"files": found}, ensure_ascii=False, indent=1) + "\n")
        return
    rows = []
    for study in found:
        units = {unit["unit"]: unit for unit in study["units"]}
        harm = study["harm"] or {}
        for row in study["scales"]:
            unit = units[row["unit"]]
            rows.append(
                {
                    "source": study["source"],
                    "encoder": study["encoder"],
                    **{name: unit[name] for name in ("uses", "exact_rate", "normalised_rate")},
                    **row,
                    "harm_departure": harm.get("departure"),
                    "harm_p_value": harm.get("p_value"),
                }
            )
    write_table(pa.Table.from_pylist(rows), out)


def _tell(study: Prevalence, provenance: dict[str, Any], encoder: str) -> None:
    from cloneproof.report import format_table

    lines = [
        ("file", study.source),
        ("schema", schema_words(provenance)),
        ("judgments", f"{study.n_judgments:,.0f}"),
    ]
    for unit in study.units:
        again = unit.uses / unit.items
        lines.append(
            (
                unit.unit,
                (
                    f"{unit.items:,}, each in {again:.3g} {'sides' if unit.unit == 'answers' else 'judgments'}; word "
                    f"for word again {percent(unit.exact_rate)}, but for case and punctuation "
                    f"{percent(unit.normalised_rate)}"
                ),
            )
        )
    if provenance.get("merged"):
        lines.append(("merged", f"{provenance['merged']:,} answers equal to another one to the same prompt"))
    lines.append(("encoder", encoder))
    if study.harm is not None:
        lines += _harm_lines(study.harm)
    print_lines(lines)
    print()
    names = [
        "unit",
        "scale",
        "near again",
        "families",
        "largest",
        "over-count",
        "largest",
        "effective sample",
    ]
    rows = [
        [
            row.unit,
            f"{row.scale:.3g}",
            percent(row.near_rate),
            f"{row.families_of_several:,}",
            f"{row.largest_family:,}",
            f"{row.overcount:.2f}x",
            f"{row.largest_overcount:.1f}x",
            f"{row.effective_sample_size:,.0f} ({percent(row.effective_sample_size / row.items)})",
        ]
        for row in study.rows
    ]
    print(format_table(names, rows, align="lrrrrrrr"))


def _harm_lines(harm: HarmIndex) -> list[tuple[str, str]]:
    """Return the harm index in words."""
    if not harm.is_identifiable and harm.n_triads == 0:
        return [("harm index", f"cannot be told: {harm.reason}")]
    lines = []
    if harm.is_identifiable:
        known = harm.low == harm.low
        between = f", {harm.low:.3f} to {harm.high:.3f} over annotators" if known else ""
        also = f", p = {harm.annotator_p_value:.2g} over annotators" if known else ""
        lines.append(
            (
                "harm index",
                f"{harm.departure:.3f} of a win rate (root mean square{between}); one Bradley-Terry model: "
                f"p = {harm.p_value:.2g}{also}",
            )
        )
    if harm.n_triads:
        lines.append(
            (
                "cycles",
                f"{percent(harm.cyclic_share)} of {harm.n_triads:,} triads, {percent(harm.cyclic_share_expected)} "
                f"expected of one model (p = {harm.cyclic_p_value:.2g})",
            )
        )
    return lines
