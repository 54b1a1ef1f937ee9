"""
Export to TRL
=============

Weights as columns beside TRL's own, and rows drawn by weight for trainers that take none.
"""

import json
import tempfile
from pathlib import Path

import numpy as np

import cloneproof as cp
from cloneproof.data import load_paris
from cloneproof.export import write_resampled, write_training

# %%
# Sixty pairs of texts, one of them eight times over.

paris = load_paris()
rng = np.random.default_rng(0)
pairs = rng.permutation(120).reshape(60, 2)
pairs = np.concatenate([pairs, np.repeat(pairs[:1], 8, axis=0)])
rows = [{"prompt": "Describe Paris.", "chosen": paris.texts[a], "rejected": paris.texts[b]} for a, b in pairs]
c = cp.read_comparisons(rows)
X = np.stack([paris.embeddings[paris.texts.index(text)] for text in c.texts]).astype(float)

omega = cp.comparison_weights(c, embeddings=X, method="diversity", scale=0.3)
repeated = np.arange(len(c)) >= 60
repeated[0] = True
print(
    f"the pair that stands there nine times: {repeated.mean():.0%} of the rows, {omega[repeated].sum():.1%} of the weight"
)

# %%
# The training file has TRL's columns and a weight per row. **TRL ignores a weight column** unless the collator carries it
# and the loss uses it: ``cloneproof train`` and ``cloneproof.trl`` do.

folder = Path(tempfile.mkdtemp())
path = write_training(c, folder / "train.jsonl", comparison_weight=omega)
lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
print({name: str(value)[:40] for name, value in lines[0].items()})

# %%
# For a trainer without weights: rows drawn with probability proportional to their weight.

drawn = write_resampled(c, folder / "drawn.jsonl", comparison_weight=omega, n_rows=600, random_state=0)
texts = [json.loads(line)["chosen"] for line in drawn.read_text(encoding="utf-8").splitlines()]
share = np.mean([text == rows[0]["chosen"] for text in texts])
print(f"among 600 rows drawn, that pair is {share:.1%}")
assert abs(share - omega[repeated].sum()) < 0.03
