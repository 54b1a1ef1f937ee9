"""
Choose a scale
==============

Diversity weights have one knob: h, the distance at which two texts count as saying the same. Larger is more robust and
more expensive. This draws both.
"""

import matplotlib.pyplot as plt
import numpy as np

import cloneproof as cp
from cloneproof.data import load_paris
from cloneproof.weights import choose_scale, scale_curve

# %%
# The Paris texts, MiniLM embeddings on the unit sphere. ``scale="auto"`` takes .22 of their weighted spread, by a rule that
# copies do not move.

paris = load_paris()
X = paris.embeddings[::4]
auto = choose_scale(X)
copied = np.concatenate([X, np.repeat(X[:1], 500, axis=0)])
print(f"automatic scale: {auto:.3f}; with 500 copies of the first text: {choose_scale(copied):.3f}")

# %%
# The curve: each of three texts is copied 20 times with noise, and its family's total weight should not grow.

curve = scale_curve(X, np.geomspace(0.08, 0.6, 6), n_copies=20, n_targets=3)
for h, size, inflation in zip(curve.scales, curve.effective_sample_size, curve.inflation, strict=True):
    print(
        f"h = {h:.2f}: effective sample {size:4.0f} of {curve.n_points}, a copied family grows {inflation:.2f} times"
    )

figure, axis = plt.subplots(figsize=(6, 3.4), layout="constrained")
axis.plot(
    curve.scales, curve.effective_sample_size / curve.n_points, marker="o", label="effective sample (share)"
)
axis.plot(curve.scales, 1.0 / curve.inflation, marker="s", label="robustness (1: copies do not count)")
axis.axvline(auto, color="0.6", ls=":", label="automatic")
axis.set(xscale="log", xlabel="scale h", ylim=(0, 1.05))
axis.legend(frameon=False)
plt.show()

# %%
# Look for the h at which robustness is close to 1 and the sample has not yet shrunk much. Here the noise of the copies is
# a tenth of the texts' spread; give ``noise=`` what you expect of copies in your data. At a large h weights sit on few
# outlying texts, and noisy copies of one that had little weight can gain: robustness falls again.

w = cp.DiversityWeights(scale=auto).fit(X)
print(f"at the automatic scale {w.effective_sample_size_:.0f} of {len(X)} texts are effective")
assert curve.inflation.min() < 1.3 < curve.inflation[0]
