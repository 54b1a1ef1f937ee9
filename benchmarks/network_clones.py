"""What near-copies do to the paper's reward network on real text, plain and weighted.

HH-RLHF's harmless test split (2,312 pairs), MiniLM embeddings. A fifth of the pairs is set aside by prompt
and family; 1 % of the training pairs are copied 100 times, both answers moved by a distance of .2 in random
directions. Networks are trained on the clean and on the cloned pairs, plain and with diversity weights at
the encoder's scale, and evaluated on the clean pairs set aside. Each seed is compared with itself.

    python -m benchmarks.network_clones [--data FOLDER] [--cache FOLDER] [--seeds 5] [--patience 60] [--write]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import cloneproof as cp
from benchmarks.docs_tables import markdown_table, write_table
from cloneproof.audit import evaluate_rewards, measure_shift, split_by_prompt_and_family
from cloneproof.embeddings import embed_with_encoder
from cloneproof.neural import RewardNetwork
from cloneproof.weights import find_families

SHARE, COPIES, NOISE = 0.01, 100, 0.2


def copied_pairs(c: cp.Comparisons, X: np.ndarray, seed: int) -> tuple[cp.Comparisons, np.ndarray]:
    """Add COPIES noisy copies of a random SHARE of the pairs, both sides moved by NOISE."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(c), max(1, round(SHARE * len(c))), replace=False).repeat(COPIES)
    parents = np.concatenate([c.left[rows], c.right[rows]])
    step = rng.standard_normal((len(parents), X.shape[1]))
    step *= NOISE / np.linalg.norm(step, axis=1, keepdims=True)
    m, k = c.n_alternatives, len(rows)
    grown = cp.Comparisons.from_arrays(
        np.concatenate([c.left, np.arange(m, m + k)]),
        np.concatenate([c.right, np.arange(m + k, m + 2 * k)]),
        np.concatenate([c.outcome, c.outcome[rows]]),
        ids=np.arange(m + 2 * k),
    )
    return grown, np.concatenate([X, X[parents] + step])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--patience", type=int, default=60)
    parser.add_argument("--learning-rate", type=float, default=0.003)
    parser.add_argument("--write", action="store_true", help="put the table into docs/reward_network.md")
    asked = parser.parse_args()
    c = cp.read_comparisons(asked.data / "hh_harmless_test.parquet")
    embedded = embed_with_encoder(c, "minilm", cache=asked.cache / "embeddings")
    X, h = np.asarray(embedded.embeddings, dtype=np.float64), float(embedded.scale)
    families = find_families(X, radius=h)
    split = split_by_prompt_and_family(c, families, test_share=0.2, random_state=0)
    train, test = split.divide(c)
    here, there = X[split.train_alternatives], X[split.test_alternatives]
    tested = families[split.test_alternatives]
    print(f"{len(train):,} pairs to train on, {len(test):,} set aside, scale {h:g}, {asked.seeds} seeds")
    rows = []
    sets = {"clean": (train, here), "cloned": copied_pairs(train, here, 1)}
    weights: dict[str, tuple] = {}
    for name, (data, points) in sets.items():
        w = cp.DiversityWeights(scale=h).fit(points).weights_
        omega = cp.comparison_weights(
            data, alternative_weight=w, embeddings=points, method="diversity", scale=h
        )
        weights[name] = (w, omega)
    for stopping in (False, True):
        before: dict[str, np.ndarray] = {}
        for name, (data, points) in sets.items():
            for weighting in ("plain", "weighted"):
                w, omega = weights[name] if weighting == "weighted" else (None, None)
                watched = None
                if stopping:  # without copies of what is trained on: a random share would hold them out too
                    near = find_families(points, radius=h)
                    watched = split_by_prompt_and_family(data, near, test_share=0.1, random_state=0).test
                network = RewardNetwork(
                    n_repeats=asked.seeds,
                    learning_rate=asked.learning_rate,
                    patience=asked.patience if stopping else None,
                    check_every=20,
                    device="cpu",
                ).fit(data, points, w, omega, validation_rows=watched)
                each = network.predict(there, each=True)
                found = [evaluate_rewards(test, r, families=tested) for r in each]
                accuracy, loss = [e.accuracy.value for e in found], [e.log_loss for e in found]
                spread = each.std(axis=1).mean()
                if name == "clean":
                    before[weighting] = each
                    moved = ""
                else:
                    shifts = [
                        measure_shift(a, b).max_shift_centred / a.std()
                        for a, b in zip(before[weighting], each, strict=True)
                    ]
                    moved = f"{np.mean(shifts):.2f}"
                seeds = np.mean(
                    [measure_shift(each[k - 1], each[k]).max_shift_centred for k in range(len(each))]
                )
                rows.append(
                    [
                        "1 % copied 100 times" if name == "cloned" else "clean",
                        weighting,
                        "early" if stopping else "none",
                        f"{np.mean(accuracy):.3f} ± {np.std(accuracy, ddof=1):.3f}",
                        f"{np.mean(loss):.3f}",
                        moved,
                        f"{seeds / spread:.2f}",
                    ]
                )
                print(*rows[-1], sep="  ", flush=True)
    head = ["training pairs", "weights", "stopping", "accuracy", "log loss", "largest move", "between seeds"]
    table = markdown_table(head, rows, "lllrrrr")
    if asked.write:
        write_table("docs/reward_network.md", "network-clones", table)
    print(table)


if __name__ == "__main__":
    main()
