"""``cloneproof audit``: what added near-copies do to the rewards of a preference file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from cloneproof._core.errors import ParameterError
from cloneproof._core.validation import check_integer, check_number
from cloneproof.cli.audit_suite import SuiteRun, SuiteWords, run_suite_verb
from cloneproof.cli.options import InputOptions, parse_number, read_input
from cloneproof.cli.output import encoder_words, print_json, print_lines, schema_words
from cloneproof.cli.talk import say

if TYPE_CHECKING:
    from cloneproof.audit import Analysis

__all__ = ["audit"]

_DEFAULT_COPIES, _DEFAULT_TARGETS = (1, 10, 100), 20


def audit(
    file: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    /,
    *,
    input_options: Annotated[InputOptions | None, Parameter(name="*")] = None,
    encoder: str = "auto",
    weights: Literal["diversity", "voronoi", "scale-tree", "family", "uniform"] = "diversity",
    comparison_weights: Literal["auto", "product", "balanced", "diversity"] = "auto",
    reward: Literal["auto", "tabular", "linear"] = "auto",
    regularization: float = 0.01,
    shrinkage: str = "auto",
    scale: str = "auto",
    radius: float | None = None,
    by: Literal["row", "annotator"] = "row",
    copies: Annotated[tuple[int, ...] | None, Parameter(consume_multiple=True)] = None,
    noise: Annotated[tuple[float, ...] | None, Parameter(consume_multiple=True)] = None,
    targets: int | None = None,
    suite: bool = False,
    suite_options: Annotated[
        SuiteWords | None, Parameter(name="*", group="CloneBench (with --suite)")
    ] = None,
    fail_over: tuple[str, ...] | None = None,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    report: bool = True,
    cache: Path | None = None,
    seed: int = 0,
    json: bool = False,
) -> None:
    """Add near-copies to a preference file, fit again, and show how far rewards move.

    Without --suite: plain rewards beside one weighting, under exact and noisy copies.

    With --suite (CloneBench): many attacks on many methods, worst cases, and costs on clean data.

    Example: cloneproof audit prefs.jsonl --fail-over shift=0.5

    Example: cloneproof audit prefs.jsonl --suite --quick --out bench

    Example: cloneproof audit --suite --simulated paris --quick

    Parameters
    ----------
    file : str
        JSONL, JSON, CSV, TSV, Parquet or Arrow, also .gz or .zst; - for standard input.
    encoder : str
        auto, minilm, surface, a sentence-transformers model, openai:MODEL, or a file of embeddings.
    weights : str
        The weighting that stands beside plain (not with --suite).
    comparison_weights : str
        How its weights reach the rows. auto: balanced for dense data, diversity for sparse data.
    reward : str
        One reward per alternative (tabular) or a linear function of the embedding. auto: by density.
    regularization : float
        The lambda of (lambda / 2) * sum of w r^2.
    shrinkage : str
        Shrinks the linear reward's coefficients: a number, or auto (chosen by held-out pairs).
    scale : str
        Distance at which two texts count as saying the same: a number, or auto.
    radius : float
        Distance within which alternatives form a family (--weights family). Default: the scale.
    by : str
        annotator: each annotator's rows on a pair get one share.
    copies : tuple of int
        Clones per target. Default: 1 10 100.
    noise : tuple of float
        Distances of the clones from their originals (not with --suite). Default: 0 and half the scale.
    targets : int
        How many alternatives are cloned. Default: 20, one at a time; with --suite 6, together.
    suite : bool
        Run CloneBench; its own options are listed below.
    fail_over : tuple of str
        NAME=VALUE: exit with 3 if a figure of the weighting is over it; repeatable. Names: shift,
        raw-shift, flips, disorder (1 - tau). With --suite, for the --method and --estimator named: shift,
        shift-sd, flips, policy, disorder, accuracy-loss.
    out : Path
        Folder for audit.json, audit.parquet and report.html (with --suite: suite.*); the only place written.
    report : bool
        Write report.html (needs the extra "report").
    cache : Path
        Folder for embeddings and finished steps; a killed run goes on from it. Default: OUT/cache.
    seed : int
        Seed of everything that chance decides.
    json : bool
        Print one JSON object on stdout.
    """
    words = suite_options or SuiteWords()
    kept = cache if cache is not None else None if out is None else out / "cache"
    if suite:
        _refuse({"--noise": noise is not None, "--weights": weights != "diversity",
                 "--comparison-weights": comparison_weights != "auto", "--radius": radius is not None},
                "belongs to the audit without --suite; CloneBench has methods of its own (--method)")  # fmt: skip
        run_suite_verb(
            SuiteRun(
                file=file,
                input_options=input_options,
                words=words,
                encoder=encoder,
                reward=reward,
                regularization=regularization,
                shrinkage=parse_number("--shrinkage", shrinkage),
                scale=parse_number("--scale", scale),
                by="annotator" if by == "annotator" else None,
                copies=copies,
                targets=targets,
                fail_over=fail_over or (),
                out=out,
                write_page=_writer(suite=True) if report and out is not None else None,
                cache=kept,
                seed=seed,
                json=json,
            )
        )
        return
    _refuse(words.given(), "needs --suite")
    if file is None:
        raise ParameterError("audit needs a FILE of preferences. See: cloneproof audit --help")
    from cloneproof.audit import AnalysisOptions, analyse
    from cloneproof.audit.check import check_limits
    from cloneproof.audit.gates import AUDIT_GATES, audit_figures, parse_gates

    limits = parse_gates(fail_over or (), AUDIT_GATES)
    for k in copies or ():
        check_integer("--copies", k, low=1)
    for distance in noise or ():
        check_number("--noise", distance, low=0.0)
    check_integer("--targets", _DEFAULT_TARGETS if targets is None else targets, low=1)
    options = AnalysisOptions(
        encoder=encoder,
        weights=weights,
        comparison_weights=comparison_weights,
        reward=reward,
        regularization=regularization,
        shrinkage=parse_number("--shrinkage", shrinkage),
        scale=parse_number("--scale", scale),
        radius=radius,
        by="annotator" if by == "annotator" else None,
        copies=_DEFAULT_COPIES if copies is None else copies,
        noise=noise,
        targets=_DEFAULT_TARGETS if targets is None else targets,
        random_state=seed,
    )
    write_page = _writer(suite=False) if report and out is not None else None
    comparisons, provenance = read_input(file, input_options)
    say(
        f"read {schema_words(provenance)}: {comparisons.n_comparisons:,} comparisons of "
        f"{comparisons.n_alternatives:,} alternatives"
    )
    analysis = analyse(comparisons, options, cache=kept, provenance={"input": provenance})
    found = _as_dict(analysis)
    page = None if out is None else _write(analysis, found, out, write_page)
    if json:
        print_json({**found, "out": None if out is None else str(out), "report": page})
    else:
        _tell(analysis, out, page)
    if analysis.audit is not None:
        check_limits(audit_figures(analysis.audit), limits, AUDIT_GATES)


def _refuse(given: dict[str, bool], why: str) -> None:
    """Refuse options that would not be used."""
    named = [name for name, is_given in given.items() if is_given]
    if named:
        raise ParameterError(f"{named[0]} {why}.")


def _writer(*, suite: bool) -> Any:
    """Return the writer of the page; before the work starts, so that a missing extra costs nothing."""
    from cloneproof._core.extras import require

    require("bokeh", extra="report", purpose="The report (leave it out with --no-report)")
    from cloneproof.report import write_audit_report, write_suite_report

    return write_suite_report if suite else write_audit_report


def _as_dict(analysis: Analysis) -> dict[str, Any]:
    from cloneproof.audit.gates import audit_figures

    made = analysis.audit
    assert made is not None  # noqa: S101  (audits are always asked for here)
    return {
        "n_alternatives": analysis.comparisons.n_alternatives,
        "n_comparisons": analysis.comparisons.n_comparisons,
        "weights": analysis.weighting,
        "comparison_weights": analysis.comparison_weighting,
        "scale": analysis.scale,
        "encoder": analysis.encoder,
        "plain": audit_figures(made, "plain"),
        "weighted": audit_figures(made, "weighted"),
        "notes": list(analysis.notes),
        **made.to_dict(),
        "schema": analysis.provenance.get("input"),
    }


def _write(analysis: Analysis, found: dict[str, Any], out: Path, write_page: Any) -> str | None:
    """Write audit.json, audit.parquet and the page, each whole or not at all."""
    import json as json_text

    from cloneproof._core.files import write_text
    from cloneproof.export.table_files import write_table

    made = analysis.audit
    assert made is not None  # noqa: S101
    write_text(out / "audit.json", json_text.dumps(found, ensure_ascii=False, indent=1) + "\n")
    write_table(made.to_frame("pyarrow"), out / "audit.parquet")
    return None if write_page is None else str(write_page(analysis, out / "report.html"))


def _tell(analysis: Analysis, out: Path | None, page: str | None) -> None:
    from cloneproof.report import format_table

    made = analysis.audit
    assert made is not None  # noqa: S101
    encoder, *others = analysis.choices
    told = [("encoder", encoder_words(encoder, surface_only=analysis.surface_only))]
    told += [(choice.name, f"{choice.value} ({choice.reason})") for choice in others]
    how = "together, in one refit" if made.options["joint"] else "one at a time, a refit each"
    print_lines([*told, ("targets", f"{len(made.targets):,} alternatives, cloned {how}")])
    print()
    rows = [
        [
            f"{row.copies:,}",
            "exact" if row.noise == 0 else f"{row.noise:.3g}",
            "plain" if row.weighting == "plain" else analysis.weighting,
            f"{row.max_shift_centred:.3f}",
            f"{row.max_shift_centred_median:.3f}",
            f"{row.max_shift:.3f}",
            f"{row.kendall_tau:.3f}",
            f"{100 * row.top1_flip:.0f} %",
        ]
        for row in sorted(made.rows, key=lambda row: (row.noise, row.copies))
    ]
    headers = ["copies", "distance", "weights", "shift", "median", "raw shift", "tau", "new winner"]
    print(format_table(headers, rows, align="rrlrrrrr"))
    print()
    print(
        "shift: largest move of an original's reward, in natural-log odds, centred; median: of that over the targets;"
        "\nraw: with what moves all rewards alike; tau: agreement of the orders (1: the same), mean over the targets."
    )
    if out is not None:
        print()
        print(f"wrote {out}" + (f"; open {page}" if page else ""))
