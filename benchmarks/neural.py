"""Many repeats of the paper's reward network at once, against a plain loop of PyTorch models.

The peer is what one writes first: an ``nn.Module``, ``torch.optim.Adam``, a batch of 512 comparisons
drawn at random, 500 steps, one repeat after the other. Both train on the same comparisons, with the same
layers, batch size, steps and learning rate. Times are medians over runs that take turns; ratios, since
seconds depend on the machine.

    python -m benchmarks.neural [--runs 3] [--steps 500] [--repeats 20] [--write]
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
import torch
from torch import nn

from benchmarks.docs_tables import markdown_table, write_table
from cloneproof import Comparisons
from cloneproof.neural import RewardNetwork

HIDDEN, BATCH, RATE, RIDGE = 32, 512, 0.01, 0.01


def plain_loop(repeats: list[Comparisons], X: np.ndarray, n_steps: int) -> np.ndarray:
    """Train one module after the other; return rewards of shape (n_repeats, n_alternatives)."""
    points = torch.as_tensor(X, dtype=torch.float32)
    m = len(points)
    total = (1 - 1 / m) / 2
    found = []
    for seed, c in enumerate(repeats):
        torch.manual_seed(seed)
        left, right = torch.as_tensor(c.left.astype(np.int64)), torch.as_tensor(c.right.astype(np.int64))
        outcome = torch.as_tensor(np.array(c.outcome), dtype=torch.float32)
        model = nn.Sequential(nn.Linear(X.shape[1], HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))
        adam = torch.optim.Adam(model.parameters(), lr=RATE)
        loss_of = nn.BCEWithLogitsLoss()
        sides = np.bincount(c.left, minlength=m) + np.bincount(c.right, minlength=m)
        share = torch.as_tensor(1 / (m * np.maximum(sides, 1)), dtype=torch.float32)
        for _ in range(n_steps):
            rows = torch.randint(len(c), (BATCH,))
            a, b = left[rows], right[rows]
            r_a, r_b = model(points[a]).squeeze(1), model(points[b]).squeeze(1)
            ridge = (share[a] * r_a**2 + share[b] * r_b**2).sum() * len(c) / BATCH
            loss = total * loss_of(r_a - r_b, outcome[rows]) + RIDGE / 2 * ridge
            adam.zero_grad()
            loss.backward()
            adam.step()
        with torch.no_grad():
            found.append(model(points).squeeze(1).numpy())
    return np.stack(found)


def at_once(repeats: list[Comparisons], X: np.ndarray, n_steps: int) -> np.ndarray:
    """Train all repeats together."""
    network = RewardNetwork(
        hidden=HIDDEN,
        batch_size=BATCH,
        learning_rate=RATE,
        regularization=RIDGE,
        n_steps=n_steps,
        n_repeats=len(repeats),
        device="cpu",
    )
    return network.fit(repeats, X).repeat_rewards_


def make(m: int, d: int, n: int, n_repeats: int) -> tuple[list[Comparisons], np.ndarray]:
    """Return comparisons of unit vectors, drawn anew for each repeat, by a nonlinear taste."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((m, d)) + 0.5
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    taste = 2.0 * np.tanh(X @ rng.standard_normal((d, 4))).sum(axis=1)
    sets = []
    for _ in range(n_repeats):
        left = rng.integers(0, m, n)
        right = (left + rng.integers(1, m, n)) % m
        won = rng.random(n) < 1 / (1 + np.exp(taste[right] - taste[left]))
        sets.append(Comparisons.from_arrays(left, right, won.astype(float), ids=np.arange(m)))
    return sets, X


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--cases", nargs="*", default=["paris-8", "paris-384", "sparse-384"])
    parser.add_argument("--write", action="store_true", help="put the table into docs/reward_network.md")
    parser.add_argument("--threads", type=int, default=None, help="of torch; None: as many as it takes")
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    cases = {
        "paris-8": (256, 8, 1000, 1),  # the case study after PCA to 8 dimensions
        "paris-384": (256, 384, 1000, 1),  # on the raw sentence embeddings
        # each answer in one comparison, as HH-RLHF's harmless test; a fifth of the steps, to save time
        "sparse-384": (4624, 384, 2312, 5),
    }
    print(f"{asked.repeats} repeats, {asked.steps} steps, batch {BATCH}, {torch.get_num_threads()} threads")
    lines = []
    for name in asked.cases:
        m, d, n, fewer = cases[name]
        steps = max(asked.steps // fewer, 1)
        sets, X = make(m, d, n, asked.repeats)
        at_once(sets[:2], X, 5), plain_loop(sets[:1], X, 5)  # warm up
        times: dict[str, list[float]] = {"loop": [], "once": [], "loop cpu": [], "once cpu": []}
        for _ in range(asked.runs):
            start, busy = time.perf_counter(), time.process_time()
            slow = plain_loop(sets, X, steps)
            times["loop"].append(time.perf_counter() - start)
            times["loop cpu"].append(time.process_time() - busy)
            start, busy = time.perf_counter(), time.process_time()
            fast = at_once(sets, X, steps)
            times["once"].append(time.perf_counter() - start)
            times["once cpu"].append(time.process_time() - busy)
        ratios = [a / b for a, b in zip(times["loop"], times["once"], strict=True)]
        alike = np.corrcoef(slow.mean(axis=0), fast.mean(axis=0))[0, 1]
        middle = {name: statistics.median(values) for name, values in times.items()}
        ratio, cpu = middle["loop"] / middle["once"], middle["loop cpu"] / middle["once cpu"]
        spread = f"{min(ratios):.1f} to {max(ratios):.1f}"
        lines.append([name, f"{m:,}", d, f"{n:,}", f"{ratio:.1f} x", spread, f"{cpu:.1f} x", f"{alike:.3f}"])
        print(*lines[-1], sep="  ", flush=True)
    head = [
        "case",
        "alternatives",
        "dimensions",
        "comparisons",
        "loop / at once",
        "runs",
        "in CPU time",
        "correlation",
    ]
    table = markdown_table(head, lines, "lrrrrrrr")
    if asked.write:
        write_table("docs/reward_network.md", "network-speed", table)
    print(table)


if __name__ == "__main__":
    main()
