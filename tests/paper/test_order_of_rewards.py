"""Theorem: rewards are ordered as the weighted average win rates.

From the identity: ``x -> sum_b w_b s(x - r_b) + lambda x`` is strictly increasing, and its value at r_a is the
weighted average win rate of a. So the weighted MLE elects by weighted Borda score, as the standard MLE does by
Borda score (its uniform case); ties in the score are ties in the reward.
"""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cloneproof.preferences import Comparisons, average_win_rates
from cloneproof.rewards import BradleyTerry


@st.composite
def designs(draw):
    m = draw(st.integers(2, 7))
    quarters = draw(hnp.arrays(np.int64, (m, m), elements=st.integers(0, 20)))
    p = np.triu(quarters / 20, 1)
    p = p + np.tril(1 - p.T, -1)
    np.fill_diagonal(p, 0.5)
    w = draw(hnp.arrays(np.int64, m, elements=st.integers(0, 5)).filter(lambda x: (x > 0).sum() >= 2))
    return p, w / w.sum()


@settings(max_examples=60, deadline=None)
@given(designs(), st.sampled_from([0.003, 0.1, 3.0]))
def test_rewards_and_weighted_average_win_rates_have_the_same_order(design, regularization) -> None:
    p, w = design
    r = (
        BradleyTerry(regularization=regularization)
        .fit(Comparisons.from_win_rates(p), alternative_weight=w)
        .rewards_
    )
    score = average_win_rates(p, w)
    for a in range(len(w)):
        for b in range(len(w)):
            if score[a] > score[b] + 1e-9:
                assert r[a] > r[b]
            elif abs(score[a] - score[b]) <= 1e-12:
                assert abs(r[a] - r[b]) <= 1e-6


def test_under_other_weights_the_order_is_another() -> None:
    """The theorem ties the order to the same weights: here the uniform winner loses."""
    p = np.array([[0.5, 0.9, 0.2], [0.1, 0.5, 0.9], [0.8, 0.1, 0.5]])
    c = Comparisons.from_win_rates(p)
    heavy = BradleyTerry(regularization=0.01).fit(c, alternative_weight=[0.9, 0.05, 0.05]).rewards_
    plain = BradleyTerry(regularization=0.01).fit(c).rewards_
    assert np.argmax(plain) == 0
    assert np.argmax(heavy) == 2
