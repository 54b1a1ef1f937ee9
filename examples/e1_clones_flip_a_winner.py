"""
Clones flip a winner
====================

Three things to say about Paris, three tastes. Nobody changes their mind, and yet copies of a text that never
wins decide which of the other two does.
"""

import matplotlib.pyplot as plt
import numpy as np

import cloneproof as cp
from cloneproof.preferences import paris_population, population_win_rates

# %%
# The tastes of the paper's case study: 29 % rank art > food > romance, 50 % romance > art > food,
# 21 % food > romance > art. Romance wins the average of the win rates, art is second.

topics = ["food", "art", "romance"]
P = population_win_rates(paris_population(topics))
print(P.round(2))

# %%
# Now someone adds copies of the food text. They are judged as food is. The plain fit gives each of them a vote in
# everybody's average, and art does well against food.


def fit(n_food: int, weighting) -> np.ndarray:
    """Return the rewards of one food text, art and romance, with food there `n_food` times."""
    names = ["food"] * n_food + ["art", "romance"]
    rates = population_win_rates(paris_population(names))
    points = np.array([[0.0, 0.0]] * n_food + [[1.0, 0.0], [0.0, 1.0]])
    weights = weighting.fit(points).weights_
    comparisons = cp.Comparisons.from_win_rates(rates)
    return cp.BradleyTerry(regularization=0.01).fit(comparisons, alternative_weight=weights).rewards_[-3:]


numbers = np.arange(1, 9)
plain = np.array([fit(n, cp.UniformWeights()) for n in numbers])
weighted = np.array([fit(n, cp.DiversityWeights(scale=0.3)) for n in numbers])
for n, before, after in zip(numbers, plain, weighted, strict=True):
    print(
        f"{n} food texts: plain winner {topics[before.argmax()]:8} weighted winner {topics[after.argmax()]}"
    )

# %%
# With two food texts the plain winner is art. With weights the copies share one vote, and nothing moves.

assert topics[plain[0].argmax()] == "romance"
assert topics[plain[1].argmax()] == "art"
assert np.abs(weighted - weighted[0]).max() < 1e-6

figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True, layout="constrained")
for axis, rewards, title in zip(axes, (plain, weighted), ("plain", "diversity weights"), strict=True):
    for k, topic in enumerate(topics):
        axis.plot(numbers, rewards[:, k], marker="o", label=topic)
    axis.set(title=title, xlabel="food texts")
axes[0].set_ylabel("reward (log odds)")
axes[1].legend(frameon=False)
plt.show()

# %%
# The closed rule behind it is in :func:`cloneproof.audit.harm.clones_flip_winner`.
