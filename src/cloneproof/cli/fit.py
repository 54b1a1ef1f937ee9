"""``cloneproof fit``: from a preference file to weights, rewards, an audit and a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from cloneproof.cli.options import InputOptions, parse_number, read_input
from cloneproof.cli.output import (
    encoder_words,
    label,
    overcount_words,
    print_json,
    print_lines,
    schema_words,
    shift_words,
)
from cloneproof.cli.talk import say

if TYPE_CHECKING:
    from cloneproof.audit import Analysis

__all__ = ["fit"]


def fit(
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    input_options: Annotated[InputOptions | None, Parameter(name="*")] = None,
    encoder: str = "auto",
    weights: Literal["diversity", "voronoi", "scale-tree", "family", "uniform"] = "diversity",
    comparison_weights: Literal["auto", "product", "balanced", "diversity"] = "auto",
    prompt_weights: Literal["joint", "separate"] = "joint",
    reward: Literal["auto", "tabular", "linear", "kernel"] = "auto",
    regularization: float = 0.01,
    shrinkage: str = "auto",
    scale: str = "auto",
    radius: float | None = None,
    by: Literal["row", "annotator"] = "row",
    audit: bool = True,
    copies: Annotated[tuple[int, ...], Parameter(consume_multiple=True)] = (1, 10, 100),
    noise: Annotated[tuple[float, ...] | None, Parameter(consume_multiple=True)] = None,
    targets: int = 20,
    seed: int = 0,
    cache: Path | None = None,
    report: bool = True,
    json: bool = False,
) -> None:
    """Weigh a preference file so that near-copies share a vote; fit, audit and report.

    Writes a run directory: manifest.json, alternatives.parquet, comparisons.parquet, audit.json and
    report.html. Running again with the same input and options finds finished steps in its cache; a
    killed run leaves the old result whole.

    Parameters
    ----------
    file : str
        JSONL, JSON, CSV, TSV, Parquet or Arrow, also .gz or .zst; - for standard input.
    out : Path
        The run directory, made or replaced; the only place that is written.
    encoder : str
        auto, minilm, surface, a sentence-transformers model, openai:MODEL, or a file of embeddings
        (.npy, .safetensors, .parquet). auto: MiniLM where the extra "embed" is installed, else surface.
    weights : str
        How much of the space each alternative stands for.
    comparison_weights : str
        How those weights reach the rows. auto: balanced for dense data, diversity for sparse data.
    prompt_weights : str
        joint: embeddings of prompt and answer decide what is near. separate: diversity of the prompts, times
        that of the pairs within each prompt; for prompts with very different numbers of answers.
    reward : str
        One reward per alternative (tabular), or a linear or a smooth (kernel) function of the embedding.
        auto: tabular or linear, by density.
    regularization : float
        The lambda of (lambda / 2) * sum of w r^2.
    shrinkage : str
        Shrinks the linear or kernel reward: a number, or auto (chosen by held-out pairs).
    scale : str
        Distance at which two texts count as saying the same: a number, or auto.
    radius : float
        Distance within which alternatives form a family. Default: the scale.
    by : str
        annotator: each annotator's rows on a pair get one share.
    audit : bool
        Inject clones and measure how far rewards move.
    copies : tuple of int
        Clones per target in the audit.
    noise : tuple of float
        Distances of the clones from their originals. Default: 0 and half the scale.
    targets : int
        How many alternatives the audit clones.
    seed : int
        Seed of everything that chance decides.
    cache : Path
        Folder for embeddings and finished steps, to share between runs. Default: OUT/cache.
    report : bool
        Write report.html (needs the extra "report").
    json : bool
        Print one JSON object on stdout.
    """
    from cloneproof.audit import AnalysisOptions, analyse
    from cloneproof.export import check_run_directory, summary, write_run

    options = AnalysisOptions(
        encoder=encoder,
        weights=weights,
        comparison_weights=comparison_weights,
        prompts=prompt_weights,
        reward=reward,
        regularization=regularization,
        shrinkage=parse_number("--shrinkage", shrinkage),
        scale=parse_number("--scale", scale),
        radius=radius,
        by="annotator" if by == "annotator" else None,
        audit=audit,
        copies=copies,
        noise=noise,
        targets=targets,
        random_state=seed,
    )
    check_run_directory(out)
    writer = _report_writer() if report else None
    comparisons, provenance = read_input(file, input_options)
    say(
        f"read {schema_words(provenance)}: {comparisons.n_comparisons:,} comparisons of "
        f"{comparisons.n_alternatives:,} alternatives"
    )
    analysis = analyse(comparisons, options, cache=cache or out / "cache", provenance={"input": provenance})
    write_run(analysis, out, write_report=writer)
    page = str(out / "report.html") if writer else None
    if json:
        print_json({**summary(analysis), "out": str(out), "report": page})
    else:
        _tell(analysis, out, page)


def _report_writer() -> Any:
    """Return the writer of reports; before the work starts, so that a missing extra costs nothing."""
    from cloneproof._core.extras import require

    require("bokeh", extra="report", purpose="The report (leave it out with --no-report)")
    from cloneproof.report import write_report

    return write_report


def _tell(analysis: Analysis, out: Path, page: str | None) -> None:
    from cloneproof.export import summary
    from cloneproof.report import format_table

    found = summary(analysis)
    ranks, c = analysis.weighted, analysis.comparisons
    lines = [
        ("alternatives", f"{found['n_alternatives']:,}, worth {found['effective_sample_size']:,.0f} (ESS)"),
        ("comparisons", f"{found['n_comparisons']:,}, worth {found['effective_comparisons']:,.0f} (ESS)"),
        ("families", f"{found['n_families']:,}; the most over-counted one: {overcount_words(found)}"),
    ]
    if analysis.audit is not None:
        plain, weighted = (found[f"max_reward_shift_{name}"] for name in ("plain", "weighted"))
        lines.append(
            ("clones move a reward", f"plain {shift_words(plain)}, weighted {shift_words(weighted)}")
        )
    if analysis.certificate is not None:
        lines.append(("proved for any number", analysis.certificate.sentence()))
    if analysis.cost is not None:
        lines.append(("cost of the weights", f"{analysis.cost.recommendation}: {analysis.cost.reason}"))
    encoder, *others = analysis.choices
    told = [("encoder", encoder_words(encoder, surface_only=analysis.surface_only))]
    told += [(choice.name, f"{choice.value} ({choice.reason})") for choice in others]
    print_lines([*told, *lines])
    print()
    top = [
        [int(ranks.rank[i]), int(analysis.plain.rank[i]), f"{ranks.rewards[i]:+.3f}", label(c, int(i))]
        for i in ranks.rank.argsort()[:10]
    ]
    print(format_table(["rank", "plain", "reward", "alternative"], top, align="rrrl"))
    print()
    print(f"wrote {out}" + (f"; open {page}" if page else ""))
