"""Ties as a model, covariates and anchors, against a general optimiser on the formulas as printed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from cloneproof._core.errors import InputError, NoMaximumLikelihoodError, ParameterError
from cloneproof.preferences import Comparisons
from cloneproof.rewards import BradleyTerry, to_rating
from cloneproof.rewards.ties import Davidson, HalfWins, RaoKupper
from tests.rewards.oracles_bt import random_battles

M, N = 6, 900


def world(seed=0):
    """Battles with ties and two covariates."""
    rng = np.random.default_rng(seed)
    truth, z = rng.normal(size=M), rng.normal(size=(N, 2)) * [1, 10]
    left = rng.integers(0, M, N)
    right = (left + rng.integers(1, M, N)) % M
    d = truth[left] - truth[right] + z @ [0.4, -0.03]
    u = rng.random(N)
    won, lost = 1 / (1 + np.exp(0.5 - d)), 1 / (1 + np.exp(0.5 + d))
    outcome = np.where(u < won, 1.0, np.where(u < won + lost, 0.0, 0.5))
    return Comparisons.from_arrays(left, right, outcome, ids=[f"m{k}" for k in range(M)]), z


def printed_loss(parameters, c, ties, z, fixed, w):
    """The formulas of the references, for scipy.optimize."""
    r, k, eta, centre = parameters[:M].copy(), M, 0.0, 0.0
    if ties != "half":
        eta, k = parameters[k], k + 1
    beta = parameters[k : k + z.shape[1]]
    if fixed:
        centre = parameters[-1]
        r[list(fixed)] = list(fixed.values())
    d, y = r[c.left] - r[c.right] + z @ beta, c.outcome
    if ties == "half":
        log_p = -y * np.logaddexp(0, -d) - (1 - y) * np.logaddexp(0, d)
    elif ties == "rao-kupper":
        won, lost = 1 / (1 + np.exp(eta - d)), 1 / (1 + np.exp(eta + d))
        log_p = np.log(np.select([y == 1, y == 0], [won, lost], 1 - won - lost))
    else:
        parts = np.exp(d / 2), np.exp(-d / 2), np.exp(eta) * np.ones(N)
        log_p = np.log(np.select([y == 1, y == 0], parts[:2], parts[2]) / sum(parts))
    omega = w[c.left] * w[c.right]
    pair = np.minimum(c.left, c.right) * M + np.maximum(c.left, c.right)
    omega = omega / np.bincount(pair)[pair]
    omega *= (1 - w @ w) / 2 / omega.sum()
    return -omega @ log_p + 0.01 / 2 * w @ (r - centre) ** 2


@pytest.mark.parametrize("ties", ["half", "rao-kupper", "davidson"])
@pytest.mark.parametrize("with_covariates", [False, True])
@pytest.mark.parametrize("fixed", [None, {0: 1.0, 3: -0.5}])
def test_refined_fits_equal_a_general_optimiser(ties, with_covariates, fixed):
    c, z = world()
    w = np.arange(1, M + 1) / np.arange(1, M + 1).sum()
    scale = np.sqrt((z**2).mean(0))
    table = z / scale if with_covariates else np.empty((N, 0))
    anchors = None if fixed is None else {f"m{k}": value for k, value in fixed.items()}
    bt = BradleyTerry(ties=ties).fit(c, w, covariates=z if with_covariates else None, anchors=anchors)
    start = np.zeros(M + (ties != "half") + table.shape[1] + (fixed is not None))
    if ties != "half":
        start[M] = 0.5
    found = minimize(
        printed_loss, start, args=(c, ties, table, fixed, w), method="BFGS", options={"gtol": 1e-8}
    )
    expected = found.x[:M].copy()
    if fixed:
        expected[list(fixed)] = list(fixed.values())
    np.testing.assert_allclose(bt.rewards_, expected, atol=2e-5)
    if ties != "half":
        assert bt.tie_parameter_ == pytest.approx(np.exp(found.x[M]), abs=1e-4)
    if with_covariates:
        k = M + (ties != "half")
        np.testing.assert_allclose(bt.coefficients_, found.x[k : k + 2], atol=2e-5)
        if ties == "rao-kupper":  # the model that made the data
            np.testing.assert_allclose(bt.coefficients_ / bt.covariate_scale_, [0.4, -0.03], atol=0.15)
    assert bt.gradient_norm_ < 1e-10
    assert (bt.standard_errors_ > 0).sum() == M - len(fixed or {})


@pytest.mark.parametrize("model", [HalfWins(), RaoKupper(), Davidson()])
@pytest.mark.parametrize("scale", [0.1, 3.0])
def test_derivatives_of_tie_models(model, scale):
    rng = np.random.default_rng(0)
    d, eta, h = scale * rng.normal(size=50), 0.7, 1e-5
    weights = tuple(rng.uniform(size=(3, 50)))
    at = model.terms(d, eta, *weights)
    up, down = model.terms(d + h, eta, *weights), model.terms(d - h, eta, *weights)
    np.testing.assert_allclose(at.d, (up.loss - down.loss) / (2 * h), atol=1e-8)
    np.testing.assert_allclose(at.dd, (up.d - down.d) / (2 * h), atol=1e-8)
    more, less = model.terms(d, eta + h, *weights), model.terms(d, eta - h, *weights)
    np.testing.assert_allclose(at.eta, (more.loss - less.loss) / (2 * h), atol=1e-8)
    np.testing.assert_allclose(at.d_eta, (more.d - less.d) / (2 * h), atol=1e-8)
    np.testing.assert_allclose(at.eta_eta, (more.eta - less.eta) / (2 * h), atol=1e-8)
    assert sum(model.outcome_probabilities(1.3, eta)) == pytest.approx(1)


def test_the_share_of_ties_is_recovered():
    rng = np.random.default_rng(1)
    truth, n = np.array([1.0, 0, -1]), 60_000
    left = rng.integers(0, 3, n)
    right = (left + rng.integers(1, 3, n)) % 3
    d, u = truth[left] - truth[right], rng.random(n)
    for ties, model, eta in (("rao-kupper", RaoKupper(), np.log(1.5)), ("davidson", Davidson(), np.log(0.8))):
        chances = {x: model.outcome_probabilities(x, eta) for x in set(d)}
        won = np.array([chances[x][0] for x in d])
        tied = np.array([chances[x][1] for x in d])
        y = np.where(u < won, 1.0, np.where(u < won + tied, 0.5, 0.0))
        bt = BradleyTerry(regularization=0, ties=ties).fit(
            Comparisons.from_arrays(left, right, y, ids=np.arange(3))
        )
        assert bt.tie_parameter_ == pytest.approx(np.exp(eta), abs=0.03)
        assert np.abs(bt.rewards_ - truth).max() < 4 * bt.standard_errors_.max()


def test_without_any_tie_the_tie_models_are_plain():
    c, _ = random_battles(5, 200, np.random.default_rng(0), ties=0)
    plain = BradleyTerry().fit(c).rewards_
    for ties, none in (("rao-kupper", 1.0), ("davidson", 0.0)):
        bt = BradleyTerry(ties=ties).fit(c)
        np.testing.assert_array_equal(bt.rewards_, plain)
        assert bt.tie_parameter_ == none
        assert np.isfinite(bt.log_likelihood)
        assert bt.win_rate(0, 1) == pytest.approx(BradleyTerry().fit(c).win_rate(0, 1))


def test_swapping_sides_turns_covariates_around():
    c, z = world()
    swapped = Comparisons.from_arrays(c.right, c.left, 1 - c.outcome, ids=c.ids)
    one, other = BradleyTerry().fit(c, covariates=z), BradleyTerry().fit(swapped, covariates=-z)
    np.testing.assert_allclose(other.rewards_, one.rewards_, atol=1e-10)
    np.testing.assert_allclose(other.coefficients_, one.coefficients_, atol=1e-10)


def test_one_anchor_shifts_and_changes_no_difference():
    c, _ = world()
    free, held = BradleyTerry().fit(c), BradleyTerry().fit(c, anchors={"m2": 3.0})
    assert held.rewards_[2] == 3.0
    np.testing.assert_allclose(np.diff(held.rewards_), np.diff(free.rewards_), atol=1e-12)
    assert held.standard_errors_[2] == 0
    v = free.uncertainty_.covariance
    expected = np.sqrt(np.diag(v) + v[2, 2] - 2 * v[2])
    np.testing.assert_allclose(held.standard_errors_, expected, atol=1e-9)


def test_what_cannot_be_fitted_is_refused():
    c, z = world()
    with pytest.raises(ParameterError, match="ties must be one of"):
        BradleyTerry(ties="drop").fit(c)
    with pytest.raises(InputError, match="covariates has shape"):
        BradleyTerry().fit(c, covariates=z[:5])
    with pytest.raises(InputError, match="column 1 of covariates is 0"):
        BradleyTerry().fit(c, covariates=z * [1, 0])
    with pytest.raises(InputError, match=r"nan \(row 7, column 0\)"):
        BradleyTerry().fit(c, covariates=np.where(np.arange(N)[:, None] == 7, np.nan, z))
    strength = np.arange(M) ** 2.0
    with pytest.raises(InputError, match="determined by the alternatives"):
        BradleyTerry(regularization=0).fit(c, covariates=strength[c.left] - strength[c.right])
    with pytest.raises(InputError, match="'m9'"):
        BradleyTerry().fit(c, anchors={"m9": 0.0})
    with pytest.raises(InputError, match="finite"):
        BradleyTerry().fit(c, anchors={"m1": np.nan})
    with pytest.raises(ParameterError, match="anchors"):
        BradleyTerry().fit(c, anchors={})
    with pytest.raises(InputError, match="weight 0"):
        BradleyTerry(ties="davidson").fit(c, [0, 1, 1, 1, 1, 1])
    soft = Comparisons.from_arrays(["a", "b"], ["b", "a"], [0.5, 0.3])
    with pytest.raises(InputError, match=r"first: 0\.3 \(row 1\)"):
        BradleyTerry(ties="rao-kupper").fit(soft)
    with pytest.raises(InputError, match="all 2 comparisons are ties"):
        BradleyTerry(ties="davidson").fit(Comparisons.from_arrays(["a", "b"], ["b", "a"], [0.5, 0.5]))
    lopsided = Comparisons.from_arrays(["a", "a", "b"], ["b", "c", "c"], [1, 1, 0.5])
    with pytest.raises(NoMaximumLikelihoodError, match="'a'"):
        BradleyTerry(regularization=0, ties="davidson").fit(lopsided)


def test_ratings_are_for_display():
    assert to_rating([0, np.log(10)]).tolist() == pytest.approx([1000, 1400])
    assert to_rating(1.0, scale=2, base=5).tolist() == 7
    with pytest.raises(ParameterError, match="scale"):
        to_rating([0], scale=0)


@pytest.mark.parametrize("ties", ["half", "rao-kupper", "davidson"])
@pytest.mark.parametrize("fixed", [None, {"m0": 1.0, "m3": -0.5}])
def test_standard_errors_of_all_parameters_by_differences(ties, fixed):
    """The Jacobian of the mean score by central differences, and the scores one row at a time."""
    c, z = world()
    w = np.arange(1, M + 1) / np.arange(1, M + 1).sum()
    bt = BradleyTerry(ties=ties).fit(c, w, covariates=z, anchors=fixed)
    held = [] if fixed is None else [int(name[1:]) for name in fixed]
    eta = [] if ties == "half" else [np.log(bt.tie_parameter_)]
    centre = [] if fixed is None else [float(w @ bt.rewards_)]
    at = np.concatenate([bt.rewards_, eta, bt.coefficients_, centre])
    n_eta = len(eta)
    given = None if fixed is None else {k: bt.rewards_[k] for k in held}
    table = z / bt.covariate_scale_

    def row_losses(parameters):
        r, d = parameters[:M], None
        d = r[c.left] - r[c.right] + table @ parameters[M + n_eta : M + n_eta + 2]
        y, e = c.outcome, parameters[M] if n_eta else 0.0
        if ties == "half":
            loss = y * np.logaddexp(0, -d) + (1 - y) * np.logaddexp(0, d)
        elif ties == "rao-kupper":
            won, lost = 1 / (1 + np.exp(e - d)), 1 / (1 + np.exp(e + d))
            loss = -np.log(np.select([y == 1, y == 0], [won, lost], 1 - won - lost))
        else:
            parts = np.exp(d / 2), np.exp(-d / 2), np.exp(e) * np.ones(N)
            loss = -np.log(np.select([y == 1, y == 0], parts[:2], parts[2]) / sum(parts))
        omega = w[c.left] * w[c.right]
        pair = np.minimum(c.left, c.right) * M + np.maximum(c.left, c.right)
        omega = omega / np.bincount(pair)[pair]
        return omega * (1 - w @ w) / 2 / omega.sum() * loss

    def objective(parameters):
        middle = parameters[-1] if centre else 0.0
        return row_losses(parameters).sum() + 0.005 * w @ (parameters[:M] - middle) ** 2

    assert objective(at) == pytest.approx(
        printed_loss(at, c, ties, table, given, w)
    )  # both write the formulas out
    free = [k for k in range(len(at)) if k not in held]
    h = 1e-4 * np.eye(len(at))[free]
    hessian = np.array(
        [
            [
                (
                    objective(at + a + b)
                    - objective(at + a - b)
                    - objective(at - a + b)
                    + objective(at - a - b)
                )
                for b in h
            ]
            for a in h
        ]
    ) / (4e-8)
    scores = np.array([(row_losses(at + a) - row_losses(at - a)) / 2e-4 for a in h])
    inverse = np.linalg.inv(hessian)
    expected = np.sqrt(np.diag(inverse @ (scores @ scores.T) @ inverse))
    found = bt.uncertainty_.standard_errors[free]
    np.testing.assert_allclose(found, expected, rtol=2e-4)
    np.testing.assert_allclose(
        bt.coefficient_standard_errors_, expected[free.index(M + n_eta) :][:2], rtol=2e-4
    )
