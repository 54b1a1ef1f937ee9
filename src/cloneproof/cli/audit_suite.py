"""``cloneproof audit --suite``: CloneBench on a preference file or on simulated tastes."""

from __future__ import annotations

import json as json_text
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cloneproof._core.errors import InputError, ParameterError
from cloneproof.cli.options import InputOptions, read_input
from cloneproof.cli.output import print_json, schema_words
from cloneproof.cli.talk import say

if TYPE_CHECKING:
    from cloneproof.audit.suite import SuiteOptions, SuiteResult, World

__all__ = ["SuiteRun", "SuiteWords", "run_suite_verb"]

_QUICK_LIMIT, _LIMIT = 150, 600
_SAMPLE = 3  # of the limit: for training, and twice as many for testing


@dataclass(frozen=True, kw_only=True)
class SuiteWords:
    """CloneBench (with --suite).

    Parameters
    ----------
    quick : bool
        About a minute: up to 150 alternatives, ten copies, one draw, no search.
    simulated : str
        Run on simulated tastes instead of a FILE: paris (three tastes) or population (random tastes).
    attack : tuple of str
        Only these attacks; repeatable. Default: all that the data allows.
    method : tuple of str
        Only plain and these methods; repeatable. Default: all.
    estimator : tuple of str
        MODULE:CLASS of a weighting of your own, run as a method; repeatable. Imports the module.
    paraphrases : Path
        CSV, JSONL or Parquet with the columns text and paraphrase, for the attack of that name.
    limit : int
        Alternatives for training at most; of larger files a random sample, and twice as many to measure
        accuracy. Default: 600, with --quick 150.
    hold_out : float
        Share of the compared pairs that is held out to measure accuracy.
    repeats : int
        Draws of random targets. Default: 2, with --quick 1.
    budget : int
        Fits of each search for the worst targets.
    """

    quick: bool = False
    simulated: Literal["paris", "population"] | None = None
    attack: tuple[str, ...] | None = None
    method: tuple[str, ...] | None = None
    estimator: tuple[str, ...] | None = None
    paraphrases: Path | None = None
    limit: int | None = None
    hold_out: float = 0.2
    repeats: int | None = None
    budget: int = 8

    def given(self) -> dict[str, bool]:
        """Return which options were given, by their names on the command line."""
        plain = SuiteWords()
        return {
            f"--{name.replace('_', '-')}": value != getattr(plain, name) for name, value in vars(self).items()
        }


@dataclass(frozen=True, kw_only=True)
class SuiteRun:
    """Everything that one run was asked for."""

    file: str | None
    input_options: InputOptions | None
    words: SuiteWords
    encoder: str
    reward: str
    regularization: float
    shrinkage: Any
    scale: Any
    by: str | None
    copies: Sequence[int] | None
    targets: int | None
    fail_over: Sequence[str]
    out: Path | None
    write_page: Any
    cache: Path | None
    seed: int
    json: bool


def run_suite_verb(run: SuiteRun) -> None:
    """Run CloneBench, print and write what it finds, and hold methods to limits."""
    from cloneproof.audit.gates import SUITE_GATES, check_suite, parse_gates
    from cloneproof.audit.suite import METHODS, load_estimator, register_method, run_suite

    limits = parse_gates(run.fail_over, SUITE_GATES)
    own = [register_method(load_estimator(place)) for place in run.words.estimator or ()]
    try:
        _check_own(own)
        options = _options(run, [method.name for method in own])
        gated = [*(run.words.method or ()), *(method.name for method in own)]
        check_suite(None, limits, gated)  # an error before the work, not after it
        world, schema = _world(run)
        result = run_suite(world, options, cache=run.cache)
    finally:
        for method in own:
            METHODS.pop(method.name, None)
    page = None if run.out is None else _write(result, run.out, run.write_page)
    if run.json:
        where = {"out": None if run.out is None else str(run.out), "report": page}
        print_json({"schema": schema, **result.to_dict(), **where})
    else:
        _tell(result, run.out, page)
    check_suite(result, limits, gated)


def _options(run: SuiteRun, own: Sequence[str]) -> SuiteOptions:
    from cloneproof.audit.suite import ATTACKS, METHODS, SuiteOptions

    words = run.words
    for option, names, known in (
        ("--attack", words.attack or (), ATTACKS),
        ("--method", words.method or (), METHODS),
    ):
        for name in names:
            if name not in known:
                raise ParameterError(f"{option} must be one of {', '.join(map(repr, known))}. Got {name!r}.")
    asked: dict[str, Any] = {"random_state": run.seed, "budget": words.budget, "attacks": words.attack or ()}
    if words.method:
        asked["methods"] = (*words.method, *own)
    if run.copies is not None:
        asked["copies"] = tuple(run.copies)
    if run.targets is not None:
        asked["n_targets"] = run.targets
    if words.repeats is not None:
        asked["n_repeats"] = words.repeats
    return SuiteOptions.quick(**asked) if words.quick else SuiteOptions(**asked)


def _world(run: SuiteRun) -> tuple[World, Any]:
    """Return the data set to try attacks on, and what the file's schema was."""
    from cloneproof.audit.suite import EncoderOf, make_world, read_paraphrases, simulated_world
    from cloneproof.embeddings import embed_with_encoder
    from cloneproof.embeddings.sentence_transformer import has_minilm

    words, embeddings_cache = run.words, None if run.cache is None else run.cache / "embeddings"
    if words.simulated is not None:
        if run.file is not None:
            raise ParameterError(
                f"Give a FILE or --simulated, not both. Got {run.file!r} and {words.simulated!r}."
            )
        if words.paraphrases is not None or words.limit is not None:
            raise ParameterError("--paraphrases and --limit belong to a FILE, not to --simulated.")
        encode = EncoderOf("minilm", embeddings_cache) if has_minilm() else None
        world = simulated_world(words.simulated, encode=encode, random_state=run.seed)
        changed: dict[str, Any] = {"regularization": run.regularization}
        if run.scale != "auto":
            changed["scale"] = run.scale
        return replace(world, **changed), None
    if run.file is None:
        raise ParameterError("audit --suite needs a FILE of preferences, or --simulated paris.")
    paraphrases = None if words.paraphrases is None else read_paraphrases(words.paraphrases)
    comparisons, schema = read_input(run.file, run.input_options)
    say(
        f"read {schema_words(schema)}: {comparisons.n_comparisons:,} comparisons of "
        f"{comparisons.n_alternatives:,} alternatives"
    )
    limit = words.limit if words.limit is not None else _QUICK_LIMIT if words.quick else _LIMIT
    comparisons = _sample(comparisons, limit, run.seed)
    embedded = embed_with_encoder(comparisons, run.encoder, cache=embeddings_cache)
    encoder = EncoderOf(run.encoder, embeddings_cache)
    scale = run.scale if run.scale != "auto" else embedded.scale
    world = make_world(
        Path(run.file).name if run.file != "-" else "standard input",
        comparisons,
        embedded.embeddings,
        scale=scale,
        reward=run.reward,
        regularization=run.regularization,
        shrinkage=run.shrinkage,
        by=run.by,
        hold_out=words.hold_out,
        limit=limit,
        encode=encoder if encoder.can_encode else None,
        paraphrases=paraphrases,
        random_state=run.seed,
    )
    if paraphrases is not None and not world.paraphrases:
        raise InputError(
            f"none of the {len(paraphrases):,} texts of {words.paraphrases} is a text of the comparisons used, letter by "
            f"letter; first: {next(iter(paraphrases))!r:.60}. Raise --limit if they were left out by the sample."
        )
    return world, schema


def _sample(comparisons: Any, limit: int, seed: int) -> Any:
    """Return the part of the comparisons that the world will use, before anything is embedded."""
    from cloneproof.audit.sampling import audit_sample

    if limit < 3:
        raise ParameterError(f"--limit must be at least 3 alternatives. Got {limit}.")
    if comparisons.n_alternatives <= _SAMPLE * limit:
        return comparisons
    rows, kept = audit_sample(comparisons, _SAMPLE * limit, random_state=seed)
    say(f"using a random sample: {len(rows):,} comparisons of {len(kept):,} alternatives (--limit)")
    return comparisons.restrict(rows, kept)


def _check_own(own: Sequence[Any]) -> None:
    """Say which demands on a clone-robust weighting an estimator of the user's does not meet."""
    from cloneproof.audit.axioms import check_weighting

    for method in own:
        found = check_weighting(method.estimator)
        failed = [result.name for result in found.results if result.status == "fails"]
        if failed:
            say(
                f"{method.name}: fails {', '.join(failed)} of the demands on a clone-robust weighting "
                f"(cloneproof.check_weighting tells where)"
            )
        else:
            say(f"{method.name}: meets all demands of cloneproof.check_weighting")


def _write(result: SuiteResult, out: Path, write_page: Any) -> str | None:
    """Write suite.json, suite.parquet, suite.md and the page, each whole or not at all."""
    import pyarrow as pa

    from cloneproof._core.files import write_text
    from cloneproof.audit.suite import markdown_tables
    from cloneproof.export.table_files import write_table

    content = json_text.dumps(result.to_dict(), ensure_ascii=False, allow_nan=False, indent=1)
    write_text(out / "suite.json", content + "\n")
    write_table(pa.table(result.columns()), out / "suite.parquet")
    write_text(out / "suite.md", "\n\n".join(markdown_tables(result).values()) + "\n")
    return None if write_page is None else str(write_page(result, out / "report.html"))


def _tell(result: SuiteResult, out: Path | None, page: str | None) -> None:
    from cloneproof.audit.suite import summarise
    from cloneproof.audit.suite.summary import number_words
    from cloneproof.report import format_table

    world = result.world
    print(
        f"{world['name']}: {world['n_alternatives']:,} alternatives, {world['n_comparisons']:,} comparisons for training, "
        f"{world['n_test']:,} held out; {world['reward']} rewards, scale {world['scale']:.3g}"
    )
    for note in result.notes:
        print(f"note: {note}")
    print()
    rows = [
        [
            x.method,
            number_words(x.mean_shift_sd),
            number_words(x.worst_shift_sd),
            x.worst_case,
            f"{100 * x.top1_flip:.0f} %",
            number_words(x.ess_alternatives),
            number_words(x.accuracy_clean, 3),
            number_words(x.accuracy_worst, 3),
        ]
        for x in summarise(result)
    ]
    headers = ["method", "shift", "worst", "worst case", "flips", "ESS", "accuracy", "worst"]
    print(format_table(headers, rows, align="lrrlrrrr"))
    print()
    print(
        "shift: largest move of a clean reward, in standard deviations, mean over the attacks with random targets; flips:"
        "\nattacks that change the best alternative; ESS and accuracy: without clones (what the method costs)."
    )
    if out is not None:
        print()
        print(f"wrote {out}" + (f"; open {page}" if page else ""))
