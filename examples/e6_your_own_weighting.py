"""
Your own weighting, audited
===========================

A weighting is any estimator with ``fit(X)`` and ``weights_``. Here is inverse density, a popular one, and what the audit
finds: copies of one text strip its neighbours of their weight.
"""

import numpy as np
from sklearn.base import BaseEstimator

import cloneproof as cp
from cloneproof.data import load_paris

# %%


class InverseDensityWeights(BaseEstimator):
    """Weigh each alternative by one over the number of alternatives near it."""

    def __init__(self, scale: float = 0.3) -> None:
        self.scale = scale

    def fit(self, X) -> "InverseDensityWeights":
        points = np.asarray(X, dtype=float)
        distance = ((points[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)
        density = np.exp(-distance / (2.0 * self.scale**2)).sum(axis=1)
        self.weights_ = (1.0 / density) / (1.0 / density).sum()
        return self


# %%
# Copy one text fifty times. Its family should keep its share, and so should the text next to it.

X = load_paris().embeddings[:64].astype(float)
target = 0
nearest = int(np.argsort(((X - X[target]) ** 2).sum(axis=1))[1])
copied = np.concatenate([X, np.repeat(X[target : target + 1], 50, axis=0)])
family = np.r_[target, np.arange(64, 114)]

kept = {}
for weighting in (InverseDensityWeights(0.5), cp.DiversityWeights(scale=0.5)):
    before, after = weighting.fit(X).weights_, weighting.fit(copied).weights_
    name = type(weighting).__name__
    kept[name] = after[nearest] / before[nearest]
    print(
        f"{name}: the copied family {after[family].sum() / before[target]:.2f} times its share, its neighbour "
        f"{kept[name]:.2f} times"
    )

# %%
# The suite that any weighting should pass says the same, with the smallest example that it found.

check = cp.check_weighting(InverseDensityWeights(), random_state=0)
print(check)
assert {result.name for result in check.failed} >= {"duplicates", "collateral"}

# %%
# An estimator goes wherever the package takes a weighting: ``audit_clones(comparisons, X, weighting=...)``.
