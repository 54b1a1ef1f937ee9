"""
Weights on comparisons, for sparse data
=======================================

In most preference sets each answer is compared once. Weights on alternatives, multiplied, then correct the wrong
thing: a pair of answers that was copied as a pair is corrected twice. Weights on pairs are right.
"""

import numpy as np

import cloneproof as cp

# %%
# Answers are points in the plane and the reward is linear. Two kinds of annotators like opposite directions along the
# second axis, so that what is over-counted decides.

rng = np.random.default_rng(1)
n = 150
left, right = rng.normal(size=(n, 2)), rng.normal(size=(n, 2))
taste = np.where(rng.random(n) < 0.5, 1.0, -1.0)
gap = (left - right) @ np.array([1.0, 0.0]) + 2.0 * taste * (left - right)[:, 1]
won = (gap + rng.logistic(size=n) > 0).astype(float)


def fit(points: np.ndarray, outcome: np.ndarray, method: str | None) -> np.ndarray:
    """Return the linear reward's coefficients; rows are the first half of the points against the second."""
    m = len(outcome)
    c = cp.Comparisons.from_arrays(np.arange(m), np.arange(m) + m, outcome, ids=np.arange(2 * m))
    omega = None
    if method is not None:
        w = cp.DiversityWeights(scale=0.3).fit(points).weights_
        omega = cp.comparison_weights(c, alternative_weight=w, embeddings=points, method=method, scale=0.3)
    reward = cp.LinearReward(regularization=0.001).fit(c, points, comparison_weight=omega)
    return reward.coef_


# %%
# Copy one pair, outcome included, 100 times with a little noise on both sides, and fit again.

k = int(np.argmax(np.abs(left[:, 1] - right[:, 1])))
noise = 0.02 * rng.normal(size=(2, 100, 2))
more_left = np.concatenate([left, left[k] + noise[0]])
more_right = np.concatenate([right, right[k] + noise[1]])
more_won = np.concatenate([won, np.repeat(won[k], 100)])

move = {}
for name, method in (("plain", None), ("product", "product"), ("diversity", "diversity")):
    before = fit(np.concatenate([left, right]), won, method)
    after = fit(np.concatenate([more_left, more_right]), more_won, method)
    move[name] = float(np.abs(after - before).max())
    print(f"{name:10} coefficients {before.round(2)} -> {after.round(2)}, moved by {move[name]:.2f}")

assert move["diversity"] < 0.3 * move["plain"]

# %%
# The package warns about ``product`` here: it gives the copied pair less than one pair's weight (each side's share is divided by the number of copies, so
# their product by its square, and there are only as many rows as copies). ``diversity`` weighs the pairs themselves.
