"""
Weigh a preference file
=======================

A preference file in which one comparison was pasted thirty times with small edits: what is over-counted, and which
weight does each row get?
"""

import json
import tempfile
from pathlib import Path

import numpy as np

import cloneproof as cp
from cloneproof.audit import measure_prevalence
from cloneproof.data import load_paris

# %%
# Forty descriptions of Paris, compared at random; then one against another, thirty times, with a number added.

paris = load_paris()
rng = np.random.default_rng(0)
texts = [paris.texts[k] for k in rng.permutation(paris.n_alternatives)[:40]]
rows = []
for _ in range(120):
    a, b = rng.choice(40, size=2, replace=False)
    rows.append({"prompt": "Describe Paris.", "chosen": texts[a], "rejected": texts[b]})
for k in range(30):
    edited = f"{texts[0]} ({k + 1})"
    rows.append({"prompt": "Describe Paris.", "chosen": edited, "rejected": texts[1]})

file = Path(tempfile.mkdtemp()) / "prefs.jsonl"
file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

# %%
# On the command line this is ``cloneproof check prefs.jsonl`` and ``cloneproof prevalence prefs.jsonl``. In Python:

comparisons = cp.read_comparisons(file)
X = cp.embed(
    comparisons, encoder="surface"
)  # sees copy-edits; MiniLM (the default) sees close paraphrases too
print(comparisons)

study = measure_prevalence(comparisons, X, scales=[0.2, 0.3], harm=False)
for row in study.rows:
    print(
        f"{row.unit:8} h = {row.scale}: {100 * row.near_rate:.0f} % nearly repeat another one, the largest family of "
        f"{row.largest_family} counts {row.largest_overcount:.0f} times"
    )

# %%
# Comparison weights: the pasted rows share what one of them would have.

omega = cp.comparison_weights(comparisons, embeddings=X, method="diversity", scale=0.3)
pasted = np.arange(len(comparisons)) >= 120
print(f"the pasted rows: {pasted.mean():.0%} of the rows, {omega[pasted].sum():.1%} of the weight")
assert omega[pasted].sum() < 0.1 * pasted.mean()

# %%
# Rewards as a function of the text, with and without. The pasted answer won every time: unweighted, that is 30 judgments.

target = comparisons.texts.index(rows[-1]["chosen"])
for name, weight in (("plain", None), ("weighted", omega)):
    reward = cp.LinearReward(regularization=0.01, shrinkage=0.1).fit(comparisons, X, comparison_weight=weight)
    print(f"{name:9} reward of the pasted answer {reward.rewards_[target]:.2f}")
