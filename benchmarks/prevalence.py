"""How often near-copies appear in real preference data, and whether they can do harm there.

Every set in the folder of real data: HH harmless (test split), the LLMFAO crowd votes (answers, and models pooled
over prompts), AlpacaEval 2 (answers to a sample of its instructions; models as an arena), and the Polis
conversations as votes on statements.

Run: python -m benchmarks.prevalence FOLDER [--cache CACHE] [--only NAME] [--write]. Most of the time goes into
embedding; --cache keeps embeddings and finished scales. --write puts tables and figure into docs.

Polis data was gathered using the Polis software (compdemocracy.org/polis) and is sub-licensed under CC BY 4.0 with
Attribution to The Computational Democracy Project.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.docs_tables import ROOT, markdown_table, write_table
from cloneproof import Comparisons, read_comparisons
from cloneproof._core.files import atomic_path, write_text
from cloneproof._core.steps import StepCache
from cloneproof.audit.harm import harm_index
from cloneproof.audit.prevalence import Prevalence, measure_prevalence, normal_text
from cloneproof.embeddings import embed_with_encoder

PAGE = "docs/prevalence.md"
FIGURE = ROOT / "docs" / "figures" / "prevalence.png"
SCALES = (0.1, 0.2, 0.3, 0.4)
INSTRUCTIONS = 40
GROUPS = 20


class Study:
    """Reads, embeds and measures one set after the other."""

    def __init__(self, folder: Path, cache: Path | None, encoder: str) -> None:
        self.folder, self.cache, self.encoder = folder, cache, encoder

    def vectors(self, what: object) -> np.ndarray:
        folder = None if self.cache is None else self.cache / "embeddings"
        return embed_with_encoder(what, self.encoder, cache=folder).embeddings

    def measure(self, name: str, c: Comparisons, *, pairs: bool = True, harm: bool = True) -> Prevalence:
        asked = None if c.prompts is None else self.vectors(list(dict.fromkeys(c.prompts)))
        return measure_prevalence(
            c,
            self.vectors(c),
            SCALES,
            prompt_embeddings=asked,
            scale=0.3,
            encoder=self.encoder,
            pairs=pairs,
            harm=harm,
            source=name,
            steps=StepCache(None if self.cache is None else self.cache / "steps"),
        )

    def hh(self) -> dict:
        c = read_comparisons(self.folder / "hh_harmless_test.parquet")
        return self.measure("HH harmless, test", c).to_dict()

    def llmfao(self) -> dict:
        votes = self.folder / "llmfao_crowd_comparisons.csv.gz"
        c = read_comparisons(
            votes,
            answers=self.folder / "llmfao_responses.parquet",
            prompts=self.folder / "llmfao_prompts.parquet",
        )
        found = self.measure("LLMFAO crowd votes", c).to_dict()
        found["pooled"] = harm_index(read_comparisons(votes, unit="model")).to_dict()
        return found

    def alpaca(self) -> dict:
        """Answers to some instructions, compared with the reference; models compared through it."""
        table = pq.read_table(self.folder / "alpacaeval2_outputs.parquet")
        instructions = pq.read_table(self.folder / "alpacaeval2_instructions.parquet")
        chosen = np.random.default_rng(0).choice(
            np.array(instructions["instruction_id"].to_pylist()), INSTRUCTIONS, replace=False
        )
        some = table.filter(pc.is_in(table["instruction_id"], value_set=_values(chosen)))
        text = dict(
            zip(
                instructions["instruction_id"].to_pylist(),
                instructions["instruction"].to_pylist(),
                strict=True,
            )
        )
        rows = some.to_pylist()
        reference = {r["instruction_id"]: r["output"] for r in rows if r["model"] == "gpt4_1106_preview"}
        position: dict[tuple[str, str], int] = {}

        def place(key: int, output: str) -> int:
            return position.setdefault((text[key], output), len(position))

        left, right = [], []
        for r in rows:
            a, b = (
                place(r["instruction_id"], r["output"]),
                place(r["instruction_id"], reference[r["instruction_id"]]),
            )
            if a != b:
                left.append(a)
                right.append(b)
        c = Comparisons.from_arrays(
            left,
            right,
            ids=np.arange(len(position)),
            texts=[output for _, output in position],
            prompts=[prompt for prompt, _ in position],
        )
        found = self.measure(f"AlpacaEval 2, {INSTRUCTIONS} of 805 instructions", c, harm=False).to_dict()
        found["pooled"] = harm_index(_arena(table)).to_dict()
        return found

    def polis(self, conversation: str) -> dict:
        votes = pq.read_table(
            self.folder / "polis_votes.parquet", filters=[("conversation", "=", conversation)]
        )
        comments = pq.read_table(
            self.folder / "polis_comments.parquet", filters=[("conversation", "=", conversation)]
        )
        comments = comments.filter(pc.greater_equal(comments["moderated"], 0))
        text = dict(zip(comments["comment_id"].to_pylist(), comments["text"].to_pylist(), strict=True))
        place = {key: k for k, key in enumerate(sorted(text))}
        voter, statement, vote = (votes[x].to_numpy() for x in ("voter_id", "comment_id", "vote"))
        kept = np.isin(statement, list(place))
        who = np.unique(voter[kept], return_inverse=True)[1]
        seen = np.full((who.max() + 1, len(place)), np.nan)
        seen[who, [place[x] for x in statement[kept].tolist()]] = vote[kept]
        voted = (~np.isnan(seen)).sum(axis=0) >= 20
        seen, words = seen[:, voted], [text[key] for key, keep in zip(place, voted, strict=True) if keep]
        c = _from_scores(seen, words)
        study = self.measure(f"Polis {conversation}", c, pairs=False, harm=False).to_dict()
        study["harm"] = harm_index(c, n_bootstrap=60).to_dict()
        return study


def whole_alpaca(folder: Path) -> list[str]:
    """Return the row of all of AlpacaEval 2: rates of same texts, which need no embedding.

    Equal answers to one instruction are one alternative, as everywhere in the table.
    """
    table = pq.read_table(folder / "alpacaeval2_outputs.parquet", columns=["instruction_id", "output"])
    answers = {(row["instruction_id"], row["output"]) for row in table.to_pylist()}
    texts = [output for _, output in answers]
    exact, same = len(texts) - len(set(texts)), len(texts) - len({normal_text(text) for text in texts})
    cells = [f"{len(texts):,}", f"{100 * exact / len(texts):.1f}", f"{100 * same / len(texts):.1f}"]
    return ["AlpacaEval 2, all 805 instructions", "answers", *cells, *["" for _ in range(9)]]


def _values(chosen: np.ndarray):
    import pyarrow as pa

    return pa.array(chosen)


def _arena(table) -> Comparisons:
    """Models compared through the reference: on each instruction the one with the higher preference wins."""
    models = sorted(set(table["model"].to_pylist()))
    keys = sorted(set(table["instruction_id"].to_pylist()))
    at, row = {m: k for k, m in enumerate(models)}, {k: i for i, k in enumerate(keys)}
    score = np.full((len(keys), len(models)), np.nan)
    for key, model, value in zip(
        table["instruction_id"].to_pylist(),
        table["model"].to_pylist(),
        table["pref_vs_reference"].to_pylist(),
        strict=True,
    ):
        score[row[key], at[model]] = value
    return _from_scores(score, models)


def _from_scores(score: np.ndarray, texts: list[str]) -> Comparisons:
    """Let each row of scores prefer the higher of any two; rows are put into groups of annotators."""
    group = np.random.default_rng(0).permutation(np.arange(len(score)) % min(GROUPS, len(score)))
    m = score.shape[1]
    low, high = np.triu_indices(m, 1)
    parts = []
    for g in range(group.max() + 1):
        won = np.zeros((m, m))
        for line in score[group == g]:
            known = np.flatnonzero(~np.isnan(line))
            won[np.ix_(known, known)] += line[known][:, None] > line[known][None, :]
        for n, outcome in ((won[low, high], 1.0), (won[high, low], 0.0)):
            rows = n > 0
            parts.append(
                (low[rows], high[rows], np.full(rows.sum(), outcome), n[rows], np.full(rows.sum(), g))
            )
    columns = [np.concatenate(x) for x in zip(*parts, strict=True)]
    return Comparisons.from_arrays(*columns, ids=np.arange(m), texts=texts)


def tables(studies: dict[str, dict], more: list[list[str]]) -> dict[str, str]:
    """Return the page's tables; `more` are rows of the first, after its own."""
    rows, harm = [], []
    for study in studies.values():
        units = {x["unit"]: x for x in study["units"]}
        for unit in units.values():
            by = {x["scale"]: x for x in study["scales"] if x["unit"] == unit["unit"]}
            near = [f"{100 * by[h]['near_rate']:.1f}" for h in SCALES]
            at = by[0.3]
            rows.append(
                [study["source"], unit["unit"], f"{unit['items']:,}", f"{100 * unit['exact_rate']:.1f}",
                 f"{100 * unit['normalised_rate']:.1f}", *near, f"{at['overcount']:.2f}", f"{at['largest_overcount']:.1f}",
                 *(f"{100 * by[h]['effective_sample_size'] / unit['items']:.0f}" for h in (0.2, 0.3, 0.4))]
            )  # fmt: skip
        for label, index in (("", study["harm"]), (", models pooled", study.get("pooled"))):
            if index is not None:
                harm.append([study["source"] + label, *_harm_cells(index)])
    head = ["set", "unit", "items", "exact %", "normalised %", *(f"near {h} %" for h in SCALES), "over-count .3",
            "largest .3", "ESS .2 %", "ESS .3 %", "ESS .4 %"]  # fmt: skip
    harm_head = [
        "set",
        "judgments",
        "pairs",
        "index",
        "over annotators",
        "p, index",
        "p, annotators",
        "cycles",
        "expected",
    ]
    return {
        "prevalence": markdown_table(head, rows + more, "ll" + "r" * 12),
        "prevalence-harm": markdown_table(harm_head, harm, "l" + "r" * 8),
    }


def _harm_cells(index: dict) -> list[str]:
    def show(name: str, form: str) -> str:
        return "" if index[name] is None else format(index[name], form)

    if index["departure"] is None:
        return [f"{index['n_judgments']:,}", f"{index['n_pairs']:,}", "cannot be told", *[""] * 5]
    between = "" if index["low"] is None else f"{index['low']:.3f} to {index['high']:.3f}"
    p = show("annotator_p_value", ".2g")
    return [
        f"{index['n_judgments']:,}",
        f"{index['n_pairs']:,}",
        show("departure", ".3f"),
        between,
        show("p_value", ".2g"),
        p,
        show("cyclic_share", ".3f"),
        show("cyclic_share_expected", ".3f"),
    ]


def draw(studies: dict[str, dict]) -> None:
    """Draw near-duplicate rates and effective sizes of answers against the scale."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.8), layout="constrained")
    others = [k for k in studies if not k.startswith("polis:")]
    for name, study in studies.items():
        rows = [x for x in study["scales"] if x["unit"] == "answers"]
        h = [x["scale"] for x in rows]
        polis = name not in others
        style = {"color": "0.65", "lw": 1.0} if polis else {"lw": 2.0, "marker": "o"}
        first = polis and name == next(k for k in studies if k.startswith("polis:"))
        label = "Polis conversations" if first else None if polis else study["source"]
        axes[0].plot(h, [100 * x["near_rate"] for x in rows], label=label, **style)
        axes[1].plot(h, [100 * x["effective_sample_size"] / x["items"] for x in rows], label=label, **style)
    axes[0].set(xlabel="scale h", ylabel="near-duplicates, % of answers", ylim=(0, None))
    axes[1].set(xlabel="scale h", ylabel="effective sample, % of answers", ylim=(0, 102))
    axes[0].legend(frameon=False, fontsize=8)
    FIGURE.parent.mkdir(exist_ok=True)
    with atomic_path(FIGURE) as temporary:
        figure.savefig(temporary, dpi=110, format="png")


def main() -> None:
    """Measure every set, one JSON file each, then print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cache", type=Path, default=Path("runs/prevalence"))
    parser.add_argument("--only", default=None, help="one of hh, llmfao, alpaca, polis")
    parser.add_argument("--encoder", default="minilm")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    study = Study(options.folder, options.cache, options.encoder)
    conversations = sorted(
        set(
            pq.read_table(options.folder / "polis_comments.parquet", columns=["conversation"])[
                "conversation"
            ].to_pylist()
        )
    )
    jobs: dict[str, Callable[[], dict]] = {"llmfao": study.llmfao, "hh": study.hh, "alpaca": study.alpaca}
    jobs |= {f"polis:{name}": lambda name=name: study.polis(name) for name in conversations}
    found = {}
    for name, job in jobs.items():
        kept = options.cache / f"{name.replace(':', '-')}-{options.encoder}.json"
        if kept.exists():
            found[name] = json.loads(kept.read_text(encoding="utf-8"))
        elif options.only is None or name.startswith(options.only):
            found[name] = job()
            write_text(kept, json.dumps(found[name]))
            print(f"{name} done", flush=True)
    more = [whole_alpaca(options.folder)] if options.only in (None, "alpaca") else []
    for name, table in tables(found, more).items():
        print(f"\n{name}\n\n{table}")
        if options.write:
            write_table(PAGE, name, table)
    if options.write:
        draw(found)


if __name__ == "__main__":
    main()
