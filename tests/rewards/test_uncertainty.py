"""Standard errors: exact, sampled, bootstrapped and simulated; intervals of rewards and ranks."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from cloneproof._core.errors import InputError, UncertaintyWarning
from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry, bootstrap_rewards, uncertainty_system
from tests.rewards.oracles_bt import random_battles, sigmoid


def slow_sandwich(bt, c, omega, clusters=None):
    """``H^-1 (sum_u s_u s_u') H^-1`` with double loops; sum_a w_a r_a = 0."""
    m, w = c.n_alternatives, bt.alternative_weight_
    hessian = np.diag(bt.regularization * w)
    scores = {}
    for e in range(len(c)):
        a, b = int(c.left[e]), int(c.right[e])
        p = sigmoid(bt.rewards_[a] - bt.rewards_[b])
        h = omega[e] * p * (1 - p)
        hessian[a, a] += h
        hessian[b, b] += h
        hessian[a, b] -= h
        hessian[b, a] -= h
        unit = scores.setdefault(e if clusters is None else clusters[e], np.zeros(m))
        root = np.sqrt(c.count[e]) if clusters is None else 1.0
        unit[a] += omega[e] * (p - c.outcome[e]) / root
        unit[b] -= omega[e] * (p - c.outcome[e]) / root
    inverse = np.linalg.pinv(hessian) if bt.regularization == 0 else np.linalg.inv(hessian)
    if bt.regularization == 0:
        inverse = (np.eye(m) - np.outer(np.ones(m), w)) @ inverse
    meat = sum(np.outer(s, s) for s in scores.values())
    if clusters is not None:
        meat = meat * len(scores) / (len(scores) - 1)
    return inverse @ meat @ inverse.T


@pytest.mark.parametrize("strength", [0.0, 0.01])
@pytest.mark.parametrize("how", ["plain", "balanced", "given", "clusters"])
def test_the_formula_with_double_loops(strength, how):
    rng = np.random.default_rng(0)
    c, _ = random_battles(6, 800, rng)
    c = Comparisons.from_arrays(c.left, c.right, c.outcome, count=rng.integers(1, 4, 800), ids=c.ids)
    w = rng.dirichlet(np.ones(6)) if how in ("balanced", "given") else np.full(6, 1 / 6)
    clusters = rng.integers(0, 90, 800) if how == "clusters" else None
    omega = c.count.copy()
    if how == "balanced":
        pair = np.minimum(c.left, c.right) * 6 + np.maximum(c.left, c.right)
        omega = w[c.left] * w[c.right] * c.count / np.bincount(pair, c.count)[pair]
    if how == "given":
        omega = rng.uniform(0.5, 1, 800)
    omega = omega * (1 - w @ w) / 2 / omega.sum()
    bt = BradleyTerry(regularization=strength).fit(
        c,
        None if how in ("plain", "clusters") else w,
        omega if how == "given" else None,
        clusters=clusters,
    )
    expected = slow_sandwich(bt, c, omega, clusters)
    np.testing.assert_allclose(bt.uncertainty_.covariance, expected, atol=1e-9 * expected.max())
    np.testing.assert_allclose(bt.standard_errors_, np.sqrt(np.diag(expected)), rtol=1e-8)


def test_a_count_is_as_many_rows():
    c, _ = random_battles(6, 300, np.random.default_rng(0))
    k = np.random.default_rng(1).integers(1, 5, 300)
    counted = Comparisons.from_arrays(c.left, c.right, c.outcome, count=k, ids=c.ids)
    repeated = c.select(np.repeat(np.arange(300), k))
    np.testing.assert_allclose(
        BradleyTerry().fit(counted).standard_errors_, BradleyTerry().fit(repeated).standard_errors_, rtol=1e-9
    )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("strength", [0.0, 0.01])
def test_sampling_and_bootstrap_agree_with_the_formula(monkeypatch, weighted, strength):
    rng = np.random.default_rng(2)
    c, _ = random_battles(25, 5000, rng)
    w = np.where(np.arange(25) < 2, 0, rng.dirichlet(np.ones(25))) if weighted else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UncertaintyWarning)
        exact = BradleyTerry(regularization=strength).fit(c, w)
        errors = exact.standard_errors_
        monkeypatch.setattr(uncertainty_system, "EXACT_UP_TO", 1)
        sampled = BradleyTerry(regularization=strength).fit(c, w).standard_errors_
    assert np.abs(sampled / errors - 1).max() < 0.05
    again = bootstrap_rewards(c, w, regularization=strength, n_replicates=150, random_state=0)
    ratio = again.std(axis=0, ddof=1) / errors
    assert abs(ratio.mean() - 1) < 0.04  # 25 ratios, each good to 1 / sqrt(300) = 6 %
    assert np.abs(ratio - 1).max() < 4 / np.sqrt(300)


def test_clusters_follow_the_annotators():
    rng = np.random.default_rng(0)
    c, _ = random_battles(5, 600, rng)
    who = np.repeat(np.arange(60), 10)  # each votes the same way ten times
    first = np.repeat(np.arange(0, 600, 10), 10)
    args = (c.left[first], c.right[first], c.outcome[first])
    named = Comparisons.from_arrays(*args, annotator=[f"w{k}" for k in who], ids=c.ids)
    by_annotator = BradleyTerry().fit(named)
    by_row = BradleyTerry().fit(named, clusters="row")
    # the warning that few independent judgments stand behind the pairs is right, and tested below
    warnings.simplefilter("ignore", UncertaintyWarning)
    given = BradleyTerry().fit(Comparisons.from_arrays(*args, ids=c.ids), clusters=who)
    ratio = by_annotator.standard_errors_ / by_row.standard_errors_
    np.testing.assert_allclose(ratio, np.sqrt(10 * 60 / 59), rtol=1e-9)
    np.testing.assert_allclose(given.standard_errors_, by_annotator.standard_errors_, rtol=1e-12)
    half = (by_annotator.interval()[:, 1] - by_annotator.rewards_) / by_annotator.standard_errors_
    np.testing.assert_allclose(half, 2.00100, atol=1e-4)  # t with 59 degrees of freedom
    for bad, message in ((np.zeros(600), "at least 2"), (np.arange(3), "one per"), ("who", "'row'")):
        with pytest.raises(InputError, match=message):
            _ = BradleyTerry().fit(named, clusters=bad).standard_errors_
    with pytest.raises(InputError, match="name none"):
        _ = BradleyTerry().fit(c, clusters="annotator").standard_errors_


def test_intervals_and_ranks():
    c, _ = random_battles(30, 9000, np.random.default_rng(3), spread=2)
    bt = BradleyTerry().fit(c)
    ends, wide = bt.interval(), bt.interval(simultaneous=True)
    np.testing.assert_allclose((ends[:, 1] - ends[:, 0]) / bt.standard_errors_, 2 * 1.959964, rtol=1e-6)
    factor = (wide[:, 1] - wide[:, 0]) / (ends[:, 1] - ends[:, 0])
    assert 1.4 < factor[0] < 1.7  # 30 nearly independent: 3.13 / 1.96
    ranks = bt.rank_interval()
    place = 1 + (bt.rewards_[None, :] > bt.rewards_[:, None]).sum(1)
    assert (ranks[:, 0] <= place).all()
    assert (place <= ranks[:, 1]).all()
    best = int(np.argmax(bt.rewards_))
    assert ranks[best, 0] == 1
    assert (ranks[:, 1] - ranks[:, 0]).max() < 20
    tighter = bt.rank_interval(0.5)
    assert (tighter[:, 0] >= ranks[:, 0]).all()
    assert (tighter[:, 1] <= ranks[:, 1]).all()


def test_rank_intervals_of_large_boards_rest_on_bands(monkeypatch):
    from cloneproof.rewards import ranks as module

    c, _ = random_battles(30, 9000, np.random.default_rng(3), spread=2)
    bt = BradleyTerry().fit(c)
    close = bt.rank_interval()
    band = bt.interval(simultaneous=True)
    monkeypatch.setattr(module, "PAIRWISE_UP_TO", 1)
    wide = bt.rank_interval()
    slow = [
        [1 + sum(low > band[a, 1] for low, _ in band), 30 - sum(high < band[a, 0] for _, high in band)]
        for a in range(30)
    ]
    assert wide.tolist() == slow
    assert (wide[:, 1] - wide[:, 0]).mean() >= (close[:, 1] - close[:, 0]).mean()


def covered(rng, make, strength, n_simulations):
    """Share of 95 % intervals that hold what endless data of the same design would give."""
    hits = []
    for _ in range(n_simulations):
        left, right, p, count = make(rng)
        wins = rng.binomial(count, p)
        parts = [(left, right, np.ones(len(left)), wins), (left, right, np.zeros(len(left)), count - wins)]
        rows = [np.concatenate(x) for x in zip(*parts, strict=True)]
        there = rows[3] > 0
        m = int(max(left.max(), right.max())) + 1
        c = Comparisons.from_arrays(*(x[there] for x in rows[:3]), count=rows[3][there], ids=np.arange(m))
        target = BradleyTerry(regularization=strength).fit(
            Comparisons.from_arrays(left, right, p, count=count, ids=np.arange(m))
        )
        ends = BradleyTerry(regularization=strength).fit(c).interval()
        hits.append((ends[:, 0] <= target.rewards_) & (target.rewards_ <= ends[:, 1]))
    return np.array(hits)


def newcomer(rng):
    """Forty alternatives with 5 million battles, the last of them with 500."""
    m = 40
    left, right = np.triu_indices(m, 1)
    truth = np.linspace(-1.5, 1.5, m)
    truth[-1] = 1.0
    share = rng.lognormal(size=len(left))
    share[right == m - 1] *= 500 / share[right == m - 1].sum() * share[right < m - 1].sum() / 5_000_000
    count = rng.poisson(5_000_000 * share / share.sum())
    kept = count > 0
    p = 1 / (1 + np.exp(truth[right] - truth[left]))
    return left[kept], right[kept], p[kept], count[kept]


def ladder(rng):
    """Thirty alternatives that meet their neighbours only."""
    m = 30
    left = np.concatenate([np.arange(m - k) for k in (1, 2)])
    right = np.concatenate([np.arange(k, m) for k in (1, 2)])
    p = 1 / (1 + np.exp(0.2 * (right - left)))
    return left, right, p, rng.poisson(150, len(left))


@pytest.mark.slow
@pytest.mark.parametrize("make", [newcomer, ladder])
@pytest.mark.parametrize("strength", [0.0, 0.01])
def test_intervals_cover(make, strength):
    hits = covered(np.random.default_rng(0), make, strength, 150)
    error = hits.mean(axis=1).std() / np.sqrt(len(hits))
    assert abs(hits.mean() - 0.95) < 4 * error + 0.005
    assert abs(hits[:, -1].mean() - 0.95) < 4 * np.sqrt(0.95 * 0.05 / len(hits))


def test_warnings_say_why():
    rng = np.random.default_rng(0)
    few, _ = random_battles(6, 60, rng, spread=0.3)
    with pytest.warns(
        UncertaintyWarning, match="6 of 6 alternatives have fewer than 40 comparisons, first: 0"
    ):
        _ = BradleyTerry().fit(few).standard_errors_
    many, _ = random_battles(6, 6000, rng, spread=0.3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _ = BradleyTerry().fit(many).standard_errors_
    with pytest.warns(UncertaintyWarning, match="12 clusters"):
        _ = BradleyTerry().fit(many, clusters=np.arange(6000) % 12).standard_errors_
    apart = np.where(np.arange(6000) % 2, 0, 6)
    sides = [np.asarray(x) + apart for x in (many.left, many.right)]
    parts = Comparisons.from_arrays(*sides, many.outcome, ids=np.arange(12))
    with pytest.warns(UncertaintyWarning, match="fall into 2 parts"):
        _ = BradleyTerry().fit(parts).standard_errors_
    bridge = [np.r_[side, x] for side, x in zip(sides, ([0] * 8, [6] * 8), strict=True)]
    joined = Comparisons.from_arrays(*bridge, np.r_[many.outcome, [0, 1] * 4], ids=np.arange(12))
    with pytest.warns(UncertaintyWarning, match="difference of 0 and 6 rests on about 8 comparisons"):
        _ = BradleyTerry(regularization=0).fit(joined).standard_errors_
    one_way = Comparisons.from_arrays(*bridge, np.r_[many.outcome, np.ones(8)], ids=np.arange(12))
    with pytest.warns(UncertaintyWarning, match="never won or never lost"):
        _ = BradleyTerry().fit(one_way).standard_errors_


def test_resamples_without_a_maximum_are_drawn_again():
    c = Comparisons.from_arrays([0] * 6, [1] * 6, [1, 1, 1, 1, 1, 0], ids=[0, 1])
    with pytest.warns(UncertaintyWarning, match="drawn again"):
        found = bootstrap_rewards(c, regularization=0, n_replicates=20, random_state=0)
    assert np.isfinite(found).all()


def test_bootstrap_draws_each_of_a_count():
    c, _ = random_battles(4, 400, np.random.default_rng(0))
    counted = Comparisons.from_arrays(c.left, c.right, c.outcome, count=np.full(400, 5), ids=c.ids)
    found = bootstrap_rewards(counted, regularization=0.2, n_replicates=200, random_state=0)
    bt = BradleyTerry(regularization=0.2).fit(counted)
    np.testing.assert_allclose(found.mean(axis=0), bt.rewards_, atol=5 * bt.standard_errors_.max() / 14)
    assert np.abs(found.std(axis=0) / bt.standard_errors_ - 1).max() < 4 / np.sqrt(400)


def test_draws_have_the_covariance():
    c, _ = random_battles(8, 2000, np.random.default_rng(0))
    found = BradleyTerry().fit(c).uncertainty_
    sample = np.cov(found.draws.T)
    assert np.abs(sample - found.covariance).max() < 5 * np.sqrt(2 / 2000) * np.diag(found.covariance).max()
