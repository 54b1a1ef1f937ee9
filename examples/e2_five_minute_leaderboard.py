"""
A leaderboard in five minutes
=============================

Ten models, one of which entered the arena four more times under other names. What does that do to the others, and
what does the clone-robust table say?
"""

import numpy as np

from cloneproof.audit import harm_index
from cloneproof.leaderboard import audit_composition, make_board, weigh_by_vectors
from cloneproof.preferences import make_linear_population, sample_comparisons

# %%
# Models have a style, a point in the plane; four kinds of voters like different directions. Model 0 has four
# near-copies of itself in the arena.

rng = np.random.default_rng(4)
style = rng.normal(size=(10, 2))
style = np.concatenate([style, style[:1] + 0.02 * rng.normal(size=(4, 2))])
names = [f"model-{k}" for k in range(10)] + [f"model-0-v{k}" for k in range(2, 6)]
voters = make_linear_population(style, n_tastes=4, spread=3.0, random_state=4)
battles = sample_comparisons(voters, 6_000, n_annotators=500, ids=names, random_state=4)
print(battles)

# %%
# Do voters differ so much that copies can matter? The harm index compares the battles with one Bradley-Terry model.

found = harm_index(battles)
print(f"a typical win rate misses one model by {found.departure:.3f} (p = {found.p_value:.2g})")

# %%
# Weights come from how alike the models are. Here their styles stand for the embedded answers; on your
# board, ``cloneproof board battles.jsonl --similarity answers`` makes them.

alike = weigh_by_vectors(names, style, "styles", scale=0.3)
board = make_board(battles, alternative_weight=alike.weight, families=alike.families, regularization=0.01)
print(f"{'model':12} {'rating':>7} {'rank':>5} {'robust':>7} {'rank':>5}  family")
for k in board.order:
    print(
        f"{board.ids[k]:12} {board.plain.rating[k]:7.0f} {board.plain.rank[k]:5d} "
        f"{board.weighted.rating[k]:7.0f} {board.weighted.rank[k]:5d}  {board.families[k]}"
    )

# %%
# What would one more copy of each model do? The plain table moves, the weighted one does not.

moves = audit_composition(battles, alike.weight, regularization=0.01)
for rule in ("plain", "weighted"):
    worst = max((move for move in moves if move.rule == rule), key=lambda move: move.largest_move)
    print(f"{rule}: a copy of {worst.copied} moves {worst.moved} by {worst.largest_move:.2f} points")

largest = {rule: max(x.largest_move for x in moves if x.rule == rule) for rule in ("plain", "weighted")}
assert largest["weighted"] < 0.1 * largest["plain"]

# %%
# The table never says this by itself: weights do not undo the luck of whoever enters many variants and reports the
# best one.

print(board.statement)
