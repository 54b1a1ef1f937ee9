"""Measure the encoders: texts per second, prompt policies on real pairs, and the scale of near-copies.

Run from the checkout, with the extra ``embed`` installed::

    python benchmarks/encoders.py --data FOLDER          # FOLDER/hh_harmless_test.parquet
    python benchmarks/encoders.py --data FOLDER --only speed|policies|scale

Policies: held-out accuracy of a linear reward (logistic regression on differences, 1,500 training
pairs, the ridge chosen per policy from four), mean over 20 splits and its standard error.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from sklearn.linear_model import LogisticRegression

from cloneproof.embeddings import Encoder, SurfaceEncoder, embed, resolve_encoder
from cloneproof.embeddings.texts import prompt_tail

SPLITS, TRAINING = 20, 1_500


class Record:
    """Alternatives with prompts: every chosen answer, then every rejected one."""

    def __init__(self, folder: Path, n: int | None = None) -> None:
        table = pq.read_table(folder / "hh_harmless_test.parquet").slice(0, n).to_pydict()
        self.prompts = table["prompt"] * 2
        self.texts = table["chosen"] + table["rejected"]
        self.ids = np.arange(len(self.texts))
        self.n_pairs = len(table["prompt"])


def accuracy(vectors: np.ndarray, n_pairs: int) -> str:
    difference = (vectors[:n_pairs] - vectors[n_pairs:]).astype(np.float64)
    best = (0.0, 0.0, 0.0)
    for strength in (0.1, 0.3, 1.0, 3.0):
        found = []
        for seed in range(SPLITS):
            chance = np.random.default_rng(seed)
            order = chance.permutation(n_pairs)
            label = chance.random(n_pairs) < 0.5
            signed = np.where(label[:, None], difference, -difference)
            model = LogisticRegression(C=strength, fit_intercept=False, max_iter=300)
            model.fit(signed[order[:TRAINING]], label[order[:TRAINING]])
            found.append(model.score(signed[order[TRAINING:]], label[order[TRAINING:]]))
        best = max(best, (float(np.mean(found)), float(np.std(found) / SPLITS**0.5), strength))
    return f"{best[0]:.3f} +/- {best[1]:.3f} (C = {best[2]:g})"


def policies(data: Path) -> None:
    record = Record(data)
    print(f"\n## Prompt policies, HH harmless, {record.n_pairs:,} pairs, {TRAINING:,} to train")
    print(
        "encoder    policy                                accuracy                   equal   median distance"
    )

    def show(encoder: str, policy: str, vectors: np.ndarray) -> None:
        apart = np.linalg.norm(vectors[: record.n_pairs] - vectors[record.n_pairs :], axis=1)
        equal = int((apart < 1e-6).sum())
        line = f"{accuracy(vectors, record.n_pairs):25s}  {equal:5d}   {np.median(apart):.2f}"
        print(f"{encoder:10s} {policy:37s} {line}", flush=True)

    with tempfile.TemporaryDirectory() as cache:
        encoder = resolve_encoder("minilm").encoder
        tokenizer = encoder._model.tokenizer  # type: ignore[union-attr]
        window = encoder.window  # type: ignore[union-attr]
        joined = [f"{p}\n\n{a}" for p, a in zip(record.prompts, record.texts, strict=True)]
        show("minilm", "one text, cut at its end", encode_cut(encoder, joined, tokenizer, window))
        tails = [fit_tail(p, a, tokenizer, window) for p, a in zip(record.prompts, record.texts, strict=True)]
        show("minilm", "one text, tail of prompt + answer", embed(tails, encoder, cache))
        for share in (0.0, 0.25, 0.5, 0.75):
            show("minilm", f"apart, prompt_share={share}", embed(record, encoder, cache, prompt_share=share))
    for share in (0.0, 0.25, 0.5, 0.75):
        show("surface", f"apart, prompt_share={share}", embed(record, "surface", prompt_share=share))


def encode_cut(encoder: Encoder, texts: list[str], tokenizer: object, window: int) -> np.ndarray:
    """Encode the first `window` tokens only: what a sentence encoder does when left to itself."""
    ends = [tokenizer(t, add_special_tokens=False, return_offsets_mapping=True, verbose=False) for t in texts]  # type: ignore[operator]
    spans = [coded["offset_mapping"] for coded in ends]
    return embed(
        [t if len(s) <= window else t[: s[window - 1][1]] for t, s in zip(texts, spans, strict=True)], encoder
    )


def fit_tail(prompt: str, answer: str, tokenizer: object, window: int) -> str:
    """Return as much of the prompt's end as fits in front of the answer."""
    count = len(tokenizer(answer, add_special_tokens=False, verbose=False)["input_ids"])  # type: ignore[operator]
    spans = tokenizer(prompt, add_special_tokens=False, return_offsets_mapping=True, verbose=False)  # type: ignore[operator]
    offsets = spans["offset_mapping"]
    room = window - count
    if room <= 0:
        return answer
    return f"{prompt if len(offsets) <= room else prompt[offsets[-room][0] :]}\n\n{answer}"


EDITS: dict[str, Callable[[str], str]] = {
    "case and whitespace": lambda t: "  ".join(t.upper().split()),
    "a full stop dropped": lambda t: t.rstrip(".!? ") or t,
    "two letters swapped in one word": lambda t: t[:4] + t[5:6] + t[4:5] + t[6:] if len(t) > 8 else t + "x",
    "one word in twenty dropped": lambda t: " ".join(w for i, w in enumerate(t.split()) if i % 20 != 7),
    "a polite sentence added": lambda t: f"{t} I hope that this helps you!",
    "first half only": lambda t: " ".join(t.split()[: max(1, len(t.split()) // 2)]),
}


def scale(data: Path) -> None:
    record = Record(data, 500)
    print("\n## Distances on unit vectors (5 %, median, 95 %), prompt_share=.5, 1,000 HH answers")
    for name in ("minilm", "surface"):
        base = embed(record, name)
        for edit, change in EDITS.items():
            changed = Record(data, 500)
            changed.texts = [change(text) for text in record.texts]
            apart = np.linalg.norm(embed(changed, name) - base, axis=1)
            print(f"{name:8s} {edit:34s} {np.quantile(apart, [0.05, 0.5, 0.95]).round(2)}", flush=True)
        same = np.linalg.norm(base[:500] - base[500:], axis=1)
        print(
            f"{name:8s} {'another answer to the prompt':34s} {np.quantile(same, [0.05, 0.5, 0.95]).round(2)}"
        )
        near = np.sqrt(np.maximum(2 - 2 * base @ base.T, 0)) + 9 * np.eye(len(base))
        print(
            f"{name:8s} {'nearest other answer':34s} {np.quantile(near.min(1), [0.05, 0.5, 0.95]).round(2)}"
        )
        try:
            from cloneproof.weights import DiversityWeights
        except ImportError:
            continue
        for h in (0.1, 0.2, 0.3, 0.4, 0.5, 0.7):
            weights = DiversityWeights(scale=h).fit(base).weights_
            ess = 1 / float(np.square(weights).sum())
            print(
                f"{name:8s} scale {h}: effective sample size {ess / len(base):.3f} of the answers", flush=True
            )


def speed(data: Path) -> None:
    print(f"\n## Texts per second ({platform.machine()}, {os.cpu_count()} cores)")
    texts = Record(data).texts
    print(f"answers of {np.mean([len(t) for t in texts]):.0f} characters on average")

    def show(name: str, n: int, work: Callable[[], object], repeats: int = 3) -> None:
        times = []
        for _ in range(repeats):
            begun = time.perf_counter()
            work()
            times.append(time.perf_counter() - begun)
        rate = n / np.median(times)
        print(
            f"{name:40s} {rate:12,.0f} (of {repeats}: {n / max(times):,.0f} to {n / min(times):,.0f})",
            flush=True,
        )

    many = [f"{i} {text}" for i in range(5) for text in texts]
    show("surface", len(many), lambda: SurfaceEncoder().encode(many))
    encoder = resolve_encoder("minilm").encoder
    few = list(dict.fromkeys(texts))[:1_000]
    embed(few[:64], encoder)  # loads the model
    show("minilm, nothing cached", len(few), lambda: embed(few, encoder))
    with tempfile.TemporaryDirectory() as cache:
        fixed = _Fixed()
        distinct = list(dict.fromkeys(many))
        embed(distinct, fixed, cache)
        show("384 dimensions, all from the cache", len(distinct), lambda: embed(distinct, fixed, cache))
    show("prompt_tail", len(texts), lambda: [prompt_tail(text * 20) for text in texts])


class _Fixed:
    """An encoder that costs nothing, so that the cache is what is measured."""

    name, fingerprint, surface, scale, batch_size = "fixed", "fixed-1", False, None, 4096

    def encode(self, texts: list[str]) -> np.ndarray:
        return np.random.default_rng(0).normal(size=(len(texts), 384)).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", choices=["speed", "policies", "scale"])
    arguments = parser.parse_args()
    for part in (scale, policies, speed):
        if arguments.only in {None, part.__name__}:
            part(arguments.data)


if __name__ == "__main__":
    main()
