"""Clones in real preference data: how far rewards of the clean texts move, and what accuracy is left.

Data: HH-RLHF harmless (each pair of answers compared once) and LLMFAO (crowd votes on 59 models x 13
prompts), read from the folder of shared data. A share of the training pairs is copied 20 or 100 times:

- copies: the same rows and texts again, as new alternatives;
- noisy copies: both embeddings moved by .2 in a random direction (unit vectors have length 1);
- copy-edits: both answers edited as a person in a hurry would (words dropped, swapped, misspelt, fillers,
  punctuation) and encoded anew; 20 different edits a pair, cycled for 100 copies.

Reported per method: the largest and the root-mean-square shift of the rewards of the clean training texts,
in standard deviations of the rewards on the clean data (both centred), and the accuracy on held-out clean
pairs, before and after. Clones keep the outcome of their original, and its annotator where there is one
(then every weighting counts an annotator's votes on a pair once).

Run:  python benchmarks/clones_real.py --data ../shared/data --cache .cache --out docs/figures
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq

from cloneproof._core.errors import SparseComparisonsWarning
from cloneproof.embeddings import embed
from cloneproof.preferences import Comparisons
from cloneproof.rewards import LinearReward, comparison_weights
from cloneproof.weights import DiversityWeights, choose_scale

KINDS = ("copies", "noisy copies", "copy-edits")
NOISE, N_EDITS, SHRINKAGE = 0.2, 20, 0.1
MAIN_SCALE, MAIN_SIZE = 0.3, (0.01, 100)
METHODS = {
    "unweighted": None,
    "product, h=.3": ("product", 0.3),
    "balanced, h=.3": ("balanced", 0.3),
    "diversity, h=.3": ("diversity", 0.3),
    "diversity, h=.4": ("diversity", 0.4),
}
SYNONYMS = {"very": "really", "big": "large", "help": "assist", "bad": "awful", "good": "fine", "use": "utilise",
            "because": "since", "can't": "cannot", "don't": "do not", "i'm": "i am", "it's": "it is"}  # fmt: skip
FILLERS = ("Well, ", "Honestly, ", "So, ", "I mean, ", "Okay, ", "To be fair, ", "Look, ", "Sure - ")


@dataclass(frozen=True)
class Data:
    """Clean training rows and held-out rows, with the texts that the alternatives say."""

    train: Comparisons
    test: Comparisons
    X: np.ndarray  # one row per alternative, shared by train and test


def edit(text: str, rng: np.random.Generator) -> str:
    """Edit a text lightly, in two to five places."""
    words = text.split(" ")
    for _ in range(int(rng.integers(2, 6))):
        i = int(rng.integers(len(words)))
        word, choice = words[i], rng.random()
        if word.lower() in SYNONYMS:
            words[i] = SYNONYMS[word.lower()]
        elif choice < 0.2 and len(words) > 3:
            del words[i]
        elif choice < 0.4 and i + 1 < len(words):
            words[i], words[i + 1] = words[i + 1], word
        elif choice < 0.65 and len(word) > 3:
            j = int(rng.integers(1, len(word) - 2))
            words[i] = word[:j] + word[j + 1] + word[j] + word[j + 2 :]
        elif choice < 0.8:
            words[i] = word.strip(".,!?;:").lower()
        else:
            words[i] = word + ("," if word[-1:].isalnum() else "..")
    edited = " ".join(words)
    return str(rng.choice(FILLERS)) + edited[:1].lower() + edited[1:] if rng.random() < 0.4 else edited


def read_hh(folder: Path, cache: Path, rng: np.random.Generator) -> Data:
    """1,500 training pairs, the rest held out."""
    columns = pq.read_table(folder / "hh_harmless_test.parquet").to_pydict()
    n = len(columns["chosen"])
    everything = Comparisons.from_arrays(
        np.arange(n),
        n + np.arange(n),
        ids=np.arange(2 * n),
        texts=columns["chosen"] + columns["rejected"],
        prompts=columns["prompt"] * 2,
    )
    order = rng.permutation(n)
    X = embed(everything, "minilm", cache).astype(np.float64)
    return Data(everything.select(order[:1500]), everything.select(order[1500:]), X)


def read_llmfao(folder: Path, cache: Path, rng: np.random.Generator) -> Data:
    """Crowd votes; a fifth of the compared pairs of responses is held out with all its votes."""
    votes = pyarrow.csv.read_csv(folder / "llmfao_crowd_comparisons.csv.gz").to_pydict()
    responses = pq.read_table(folder / "llmfao_responses.parquet").to_pydict()
    asked = pq.read_table(folder / "llmfao_prompts.parquet").to_pydict()
    prompt_text = dict(zip(asked["id"], asked["text"], strict=True))
    place = {
        (p, name): i for i, (p, name) in enumerate(zip(responses["prompt"], responses["name"], strict=True))
    }
    keep = sorted({place[p, m] for p, *both in zip(votes["prompt"], votes["left"], votes["right"], strict=True)
                   for m in both})  # fmt: skip
    position = {old: new for new, old in enumerate(keep)}
    left, right = (
        np.array([position[place[p, m]] for p, m in zip(votes["prompt"], votes[side], strict=True)])
        for side in ("left", "right")
    )
    outcome = np.array([{"left": 1.0, "tie": 0.5, "right": 0.0}[winner] for winner in votes["winner"]])
    everything = Comparisons.from_arrays(
        left,
        right,
        outcome,
        annotator=votes["worker"],
        ids=np.arange(len(keep)),
        texts=[responses["result"][i] for i in keep],
        prompts=[prompt_text[responses["prompt"][i]] for i in keep],
    )
    _, pair = np.unique(np.minimum(left, right) * len(keep) + np.maximum(left, right), return_inverse=True)
    held_out = (rng.permutation(pair.max() + 1) < 0.2 * (pair.max() + 1))[pair]
    X = embed(everything, "minilm", cache).astype(np.float64)
    return Data(everything.select(~held_out), everything.select(held_out), X)


def add_clones(data: Data, kind: str, share: float, copies: int, seed: int, cache: Path):
    """Return training comparisons and embeddings with a share of the rows copied `copies` times."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    c, m = data.train, len(data.X)
    chosen = np.random.default_rng(seed).choice(len(c), round(share * len(c)), replace=False)
    rows = np.repeat(chosen, copies)
    ends = np.concatenate([c.left[rows], c.right[rows]])
    extra = data.X[ends]
    if kind == "noisy copies":
        noise = rng.standard_normal(extra.shape)
        extra = extra + NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    elif kind == "copy-edits":
        versions = np.resize(np.arange(copies) % N_EDITS, len(rows))
        edits = []
        for end, version in zip(ends.tolist(), np.tile(versions, 2).tolist(), strict=True):
            edits.append(edit(c.texts[end], np.random.default_rng([end, version])))
        prompts = [c.prompts[end] for end in ends.tolist()]
        edited = Comparisons.from_arrays([], [], ids=np.arange(len(edits)), texts=edits, prompts=prompts)
        extra = embed(edited, "minilm", cache).astype(np.float64)
    new = m + np.arange(len(ends))
    grown = Comparisons.from_arrays(
        np.concatenate([c.left, new[: len(rows)]]),
        np.concatenate([c.right, new[len(rows) :]]),
        np.concatenate([c.outcome, c.outcome[rows]]),
        annotator=None if c.annotator is None else np.concatenate([c.annotator, c.annotator[rows]]),
        ids=np.arange(m + len(ends)),
    )
    distance = float(np.median(np.linalg.norm(extra - data.X[ends], axis=1)))
    return grown, np.vstack([data.X, extra]), distance


def fit(
    c: Comparisons, X: np.ndarray, method: tuple[str, float] | None, known: dict[float, np.ndarray]
) -> tuple[LinearReward, float]:
    """Fit the linear reward on the alternatives that are compared, and time the comparison weights.

    `known` keeps the alternative weights of a scale for the next method.
    """
    used, inverse = np.unique(np.concatenate([c.left, c.right]), return_inverse=True)
    n = len(c)
    c = Comparisons.from_arrays(
        inverse[:n], inverse[n:], c.outcome, annotator=c.annotator, ids=np.arange(len(used))
    )
    X = X[used]
    w, omega, began = None, None, time.perf_counter()
    if method is not None:
        name, scale = method
        if scale not in known:
            known[scale] = DiversityWeights(scale=scale, tol=1e-2).fit(X).weights_
        w, began = known[scale], time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SparseComparisonsWarning)
            omega = comparison_weights(
                c, w, X, method=name, scale=scale, by=None if c.annotator is None else "annotator"
            )
    seconds = time.perf_counter() - began
    return LinearReward(shrinkage=SHRINKAGE).fit(c, X, w, omega), seconds


def expected_methods(seed: int, share: float, copies: int) -> list[str]:
    """Return the methods of a setting; the second scale is shown for one seed of the main setting."""
    second = seed == 0 and (share, copies) in {(0.0, 0), MAIN_SIZE}
    return [name for name, method in METHODS.items() if method is None or method[1] == MAIN_SCALE or second]


def run(worlds: list[Data], settings, cache: Path, finished: dict[tuple, dict]):
    """Yield one result per seed, method and setting; a setting is (kind, share of rows, copies).

    `finished` holds the results of an earlier run by their key; only fits to clean data are made anew.
    """
    before: dict[tuple[int, str], tuple[np.ndarray, float]] = {}
    for kind, share, copies in [("clean", 0.0, 0), *settings]:
        for seed, data in enumerate(worlds):
            c, X, distance = data.train, data.X, 0.0
            clean_texts = np.unique(np.concatenate([c.left, c.right]))
            keys = {name: (seed, kind, share, copies, name) for name in METHODS}
            old = [finished[key] for key in keys.values() if key in finished]
            if kind != "clean" and len(old) == len(expected_methods(seed, share, copies)):
                yield from old
                continue
            if kind != "clean":
                c, X, distance = add_clones(data, kind, share, copies, seed, cache)
            known: dict[float, np.ndarray] = {}
            for name in expected_methods(seed, share, copies):
                if kind != "clean" and keys[name] in finished:
                    yield finished[keys[name]]
                    continue
                method = METHODS[name]
                model, seconds = fit(c, X, method, known)
                rewards = model.predict(X[clean_texts])
                rewards = rewards - rewards.mean()
                accuracy = model.accuracy(data.test, X)
                first = before.setdefault((seed, name), (rewards, accuracy))
                shift = np.abs(rewards - first[0]) / first[0].std()
                yield {
                    "seed": seed,
                    "kind": kind,
                    "share": share,
                    "copies": copies,
                    "method": name,
                    "distance": distance,
                    "max_shift": float(shift.max()),
                    "rms_shift": float(np.sqrt((shift**2).mean())),
                    "accuracy_before": first[1],
                    "accuracy": accuracy,
                    "seconds": seconds,
                }


def key_of(result: dict) -> tuple:
    """Return what names a result."""
    return tuple(result[key] for key in ("seed", "kind", "share", "copies", "method"))


def read_record(path: Path | None) -> dict[tuple, dict]:
    """Read the results of an earlier run; a line cut short by a kill is left out."""
    if path is None or not path.exists():
        return {}
    found = {}
    for line in path.read_text().splitlines():
        try:
            result = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[key_of(result)] = result
    return found


def table(results: list[dict]) -> str:
    """Means over seeds (and the range of the largest shift) as a Markdown table."""
    lines = [
        "| clones | method | largest shift (SD) | rms shift (SD) | accuracy before | after |",
        "|---|---|---|---|---|---|",
    ]
    cases = [r for r in results if r["kind"] != "clean"]
    for kind, share, copies in dict.fromkeys((r["kind"], r["share"], r["copies"]) for r in cases):
        for name in METHODS:
            rows = [
                r
                for r in cases
                if (r["kind"], r["share"], r["copies"], r["method"]) == (kind, share, copies, name)
            ]
            if not rows:
                continue
            top = [r["max_shift"] for r in rows]
            mean = {
                key: np.mean([r[key] for r in rows]) for key in ("rms_shift", "accuracy_before", "accuracy")
            }
            lines.append(
                f"| {kind}, {100 * share:g} % x {copies} | {name} | {np.mean(top):.2f} ({min(top):.2f}-{max(top):.2f}) "
                f"| {mean['rms_shift']:.2f} | {mean['accuracy_before']:.3f} | {mean['accuracy']:.3f} |"
            )
    return "\n".join(lines)


def draw(results: list[dict], path: Path) -> None:
    """Draw the headline: shift of a clean reward and held-out accuracy, by kind of clone."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    names = ("unweighted", "product, h=.3", "balanced, h=.3", "diversity, h=.3")
    colours = ("#b0413e", "#d9a05b", "#8a8a8a", "#2b6a99")
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.8))
    clean = {
        n: np.mean([r["accuracy"] for r in results if r["kind"] == "clean" and r["method"] == n])
        for n in names
    }
    for column, (key, label) in enumerate([("max_shift", "largest shift of a clean reward (SD)"),
                                           ("accuracy", "accuracy on held-out clean pairs")]):  # fmt: skip
        axis = axes[column]
        for i, (name, colour) in enumerate(zip(names, colours, strict=True)):
            for j, kind in enumerate(KINDS):
                values = [r[key] for r in results
                          if (r["kind"], r.get("share"), r.get("copies"), r["method"]) == (kind, 0.01, 100, name)]  # fmt: skip
                x = j + 0.19 * (i - 1.5)
                axis.bar(x, np.mean(values), 0.17, color=colour, label=name if j == 0 else None)
                axis.plot([x] * len(values), values, "k.", markersize=3)
                if key == "accuracy":
                    axis.plot([x - 0.085, x + 0.085], [clean[name]] * 2, "k-", linewidth=1.2)
        axis.set_xticks(range(len(KINDS)), KINDS)
        axis.set_ylabel(label)
        axis.spines[["top", "right"]].set_visible(False)
    axes[1].set_ylim(0.5, None)
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="lower center", ncols=4, frameon=False, fontsize=9
    )
    axes[1].set_title("black lines: the same weights before the clones were added", fontsize=8)
    figure.suptitle("HH-RLHF harmless, 1 % of the training pairs copied 100 times", fontsize=10)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path(".cache"))
    parser.add_argument(
        "--out",
        type=Path,
        default=None,
        help="folder for the figure and the results; finished settings found there are not run again",
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", choices=["hh", "llmfao"], default=None)
    options = parser.parse_args()
    sizes = (MAIN_SIZE, (0.05, 20), (0.01, 20), (0.05, 100))
    settings = [(kind, *size) for size in sizes for kind in KINDS]
    for name, read in (("hh", read_hh), ("llmfao", read_llmfao)):
        if options.only not in (None, name):
            continue
        worlds = [
            read(options.data, options.cache, np.random.default_rng(seed)) for seed in range(options.seeds)
        ]
        results = []
        record = None if options.out is None else options.out / f"clones_real_{name}.jsonl"
        finished = read_record(record)
        for result in run(worlds, settings, options.cache, finished):
            results.append(result)
            if record is not None and key_of(result) not in finished:
                record.parent.mkdir(parents=True, exist_ok=True)
                with record.open("a") as stream:
                    stream.write(json.dumps(result) + "\n")
            sys.stderr.write(json.dumps(result) + "\n")
        sys.stdout.write(f"\n{name}: scale 'auto' is {choose_scale(worlds[0].X):.3f}\n{table(results)}\n")
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
            (options.out / f"clones_real_{name}.json").write_text(json.dumps(results, indent=1) + "\n")
            if name == "hh":
                draw(results, options.out / "clones_real.png")


if __name__ == "__main__":
    main()
