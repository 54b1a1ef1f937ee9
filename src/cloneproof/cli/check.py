"""``cloneproof check``: what is over-counted in a preference file, and a gate for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from cloneproof.cli.options import InputOptions, parse_number, read_input
from cloneproof.cli.output import (
    encoder_words,
    label,
    overcount_words,
    percent,
    print_json,
    print_lines,
    schema_words,
)

if TYPE_CHECKING:
    from cloneproof.audit import Weighed

__all__ = ["check"]

_FAMILIES_SHOWN = 10


def check(
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    input_options: Annotated[InputOptions | None, Parameter(name="*")] = None,
    encoder: str = "auto",
    scale: str = "auto",
    radius: float | None = None,
    fail_over: tuple[str, ...] | None = None,
    cache: Path | None = None,
    json: bool = False,
) -> None:
    """Show what is over-counted in a preference file: duplicates, families of near-copies, their factors.

    Writes nothing, unless --cache names a folder for embeddings.

    Parameters
    ----------
    file : str
        JSONL, JSON, CSV, TSV, Parquet or Arrow, also .gz or .zst; - for standard input.
    encoder : str
        auto, minilm, surface, a sentence-transformers model, openai:MODEL, or a file of embeddings.
    scale : str
        Distance at which two texts count as saying the same: a number, or auto.
    radius : float
        Distance within which alternatives form a family. Default: the scale.
    fail_over : tuple of str
        NAME=VALUE: exit with 3 if a figure is over it; repeatable. Names: overcount, near-duplicates,
        exact-duplicates, repeated-rows, components.
    cache : Path
        Folder in which embeddings and finished steps are kept. Default: none.
    json : bool
        Print one JSON object on stdout.
    """
    from cloneproof._core.steps import StepCache
    from cloneproof.audit import AnalysisOptions, check_limits, check_summary, parse_limits, weigh_comparisons

    limits = parse_limits(fail_over or ())
    options = AnalysisOptions(encoder=encoder, scale=parse_number("--scale", scale), radius=radius)
    comparisons, provenance = read_input(file, input_options)
    steps = StepCache(None if cache is None else cache / "steps")
    weighed = weigh_comparisons(comparisons, options, cache=cache, steps=steps)
    found = check_summary(weighed)
    if json:
        print_json({"schema": provenance, **found})
    else:
        _tell(weighed, found, provenance)
    check_limits(found, limits)


def _tell(weighed: Weighed, found: dict[str, Any], provenance: dict[str, Any]) -> None:
    from cloneproof.report import format_table

    m, annotators = found["n_alternatives"], found["n_annotators"]
    by = "" if annotators is None else f" by {annotators:,} annotators"
    repeats = (
        "" if not found["exact_duplicate_rows"] else f", the most frequent {found['largest_repeat']:,} times"
    )
    print_lines(
        [
            ("schema", schema_words(provenance)),
            ("comparisons", f"{found['n_comparisons']:,} on {found['n_pairs']:,} pairs{by}"),
            ("repeated rows", f"{found['exact_duplicate_rows']:,}{repeats}"),
            ("alternatives", f"{m:,}, each in {found['median_comparisons']:g} comparisons (median)"),
            ("exact duplicates", f"{found['exact_duplicates']:,} ({percent(found['exact_duplicates'] / m)})"),
            (
                "near duplicates",
                (
                    f"{found['near_duplicates']:,} ({percent(found['near_duplicates'] / m)}), "
                    f"within {found['family_radius']:.3g} of another one"
                ),
            ),
            ("families", f"{found['n_families_of_several']:,} of two or more; {overcount_words(found)}"),
            ("effective sample", f"{found['effective_sample_size']:,.0f} of {m:,} alternatives (ESS)"),
            ("components", f"{found['n_components']:,} connected parts of the comparison graph"),
            ("encoder", encoder_words(weighed.encoder, surface_only=weighed.surface_only)),
            ("scale", f"{weighed.scale_choice.value} ({weighed.scale_choice.reason})"),
        ]
    )
    families = weighed.families
    shown = [f for f in range(min(families.n_families, _FAMILIES_SHOWN)) if families.size[f] > 1]
    if shown:
        print()
        rows = [
            [
                f"{families.overcount[f]:.1f}x",
                f"{families.size[f]:,}",
                f"{families.n_distinct[f]:.1f}",
                percent(families.share_plain[f]),
                percent(families.share_weighted[f]),
                label(weighed.comparisons, int(families.representative[f])),
            ]
            for f in shown
        ]
        names = ["over-count", "size", "distinct", "share", "weighted", "for example"]
        print(format_table(names, rows, align="rrrrrl"))
