"""Theorem: the weighted MLE is the standard MLE over all of S, every point projected on its nearest alternative.

Put alternatives everywhere in S and let each be judged as the alternative nearest to it; the standard MLE of
that (huge) data set gives every point the weighted reward of its projection, the weights being the shares of
S. Here S is a finite sample, so that both sides are exact.
"""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof._core.errors import EmptyCellWarning
from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry
from cloneproof.weights import VoronoiWeights


@pytest.mark.parametrize("n_dims", [1, 2, 5])
def test_the_standard_rewards_of_all_of_s_are_the_weighted_rewards_of_the_projections(
    n_dims: int, smooth_tastes
) -> None:
    rng = np.random.default_rng(n_dims)
    alternatives, s = rng.random((6, n_dims)), rng.random((150, n_dims))
    nearest = np.argmin(((s[:, None] - alternatives[None]) ** 2).sum(axis=-1), axis=1)
    assert len(set(nearest)) == 6
    p = smooth_tastes(n_dims).win_rates(alternatives)

    everywhere = Comparisons.from_win_rates(p[np.ix_(nearest, nearest)])
    over_s = BradleyTerry(regularization=0.01).fit(everywhere).rewards_

    w = VoronoiWeights(region=s).fit(alternatives).weights_
    np.testing.assert_allclose(w, np.bincount(nearest, minlength=6) / 150, atol=1e-12)
    weighted = (
        BradleyTerry(regularization=0.01).fit(Comparisons.from_win_rates(p), alternative_weight=w).rewards_
    )
    np.testing.assert_allclose(over_s, weighted[nearest], atol=1e-8)


def test_an_alternative_nearest_to_nothing_gets_the_reward_it_would_have_in_s(smooth_tastes) -> None:
    """Weight 0: its reward is that of a point of S so small that it moves nobody."""
    alternatives = np.array([[0.2], [0.8], [5.0]])
    s = np.linspace(0, 1, 400)[:, None]
    p = smooth_tastes(1).win_rates(alternatives)
    with pytest.warns(EmptyCellWarning, match="1 of 3 alternatives"):
        w = VoronoiWeights(region=s).fit(alternatives).weights_
    assert w[2] == 0.0
    c = Comparisons.from_win_rates(p)
    limit = BradleyTerry(regularization=0.01).fit(c, alternative_weight=w).rewards_
    nearest = np.append((s[:, 0] > 0.5).astype(int), 2)  # one point of 401 at the far alternative
    grown = (
        BradleyTerry(regularization=0.01)
        .fit(Comparisons.from_win_rates(p[np.ix_(nearest, nearest)]))
        .rewards_
    )
    assert limit[2] == pytest.approx(grown[-1], abs=0.02)
