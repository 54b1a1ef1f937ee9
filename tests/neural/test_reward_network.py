"""The reward network: its gradient, its objective, its repeats, and its files."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cloneproof import BradleyTerry, Comparisons, InputError, LinearReward
from cloneproof._core.errors import FileAccessError, ParameterError

torch = pytest.importorskip("torch")

from cloneproof.neural import RewardNetwork  # noqa: E402
from cloneproof.neural.network import Networks, draw_parameters  # noqa: E402
from cloneproof.neural.rows import BatchStream, collect_rows  # noqa: E402
from cloneproof.rewards.feature_model_rows import objective_of  # noqa: E402
from cloneproof.rewards.weighting import weigh  # noqa: E402


@pytest.fixture
def data():
    """Some 200 soft comparisons of 30 alternatives in 6 dimensions, with weights."""
    rng = np.random.default_rng(1)
    m, n = 30, 200
    left = rng.integers(0, m, n)
    right = (left + rng.integers(1, m, n)) % m
    c = Comparisons.from_arrays(left, right, rng.random(n).round(2), rng.integers(1, 4, n), ids=np.arange(m))
    return c, rng.standard_normal((m, 6)), rng.random(m) + 0.1, rng.random(n)


def objective(c, w, omega, ridge=0.05):
    return objective_of(weigh(c, w, omega), ridge)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("hidden", [(), (5,), (5, 4)])
@pytest.mark.parametrize("shared", [True, False])
def test_the_written_gradient_is_that_of_autograd(activation, hidden, shared):
    rng = np.random.default_rng(0)
    layers = [draw_parameters(rng, [3, *hidden, 1]) for _ in range(4)]
    network = Networks(layers, activation=activation, dtype=torch.float64, device=torch.device("cpu"))
    points = torch.as_tensor(rng.standard_normal((7, 3) if shared else (4, 7, 3)))
    slope = torch.as_tensor(rng.standard_normal((4, 7)))
    with torch.no_grad():
        made = network.forward(points)
        network.backward(made, slope)
    for k in range(4):
        parameters = [torch.tensor(x, requires_grad=True) for layer in layers[k] for x in layer]
        out = points if shared else points[k]
        for depth, (weight, bias) in enumerate(zip(parameters[::2], parameters[1::2], strict=True)):
            if depth:
                out = torch.relu(out) if activation == "relu" else torch.tanh(out)
            out = out @ weight + bias
        torch.testing.assert_close(made.rewards[k], out.squeeze(1).detach(), rtol=1e-12, atol=1e-12)
        (slope[k] @ out.squeeze(1)).backward()
        for depth in range(len(layers[0])):
            grad = network.weights[depth].grad
            mine = grad[:, k] if depth == 0 else grad[k]
            torch.testing.assert_close(mine, parameters[2 * depth].grad, rtol=1e-10, atol=1e-12)
            torch.testing.assert_close(
                network.biases[depth].grad[k], parameters[2 * depth + 1].grad, rtol=1e-10, atol=1e-12
            )


@pytest.mark.parametrize("weights", ["plain", "balanced", "given"])
def test_a_network_that_can_take_any_rewards_converges_to_bradley_terry(data, weights):
    c, _, w, omega = data
    w, omega = {"plain": (None, None), "balanced": (w, None), "given": (w, omega)}[weights]
    exact = BradleyTerry(regularization=0.05).fit(c, w, omega)
    network = RewardNetwork(
        hidden=64, regularization=0.05, n_steps=2000, decay="cosine", precision="double", device="cpu"
    ).fit(c, np.eye(30), w, omega)
    assert np.abs(network.rewards_ - exact.rewards_).max() < 1e-4
    best = objective(c, w, omega).value(exact.rewards_)
    assert best - 1e-12 <= network.objective_[0] < best + 1e-8
    assert network.gradient_norm_[0] < 1e-4
    assert network.win_rate(0, 1) == pytest.approx(exact.win_rate(0, 1), abs=1e-4)


def test_without_hidden_layers_it_is_the_linear_reward(data):
    c, X, w, omega = data
    exact = LinearReward(regularization=0.05).fit(c, X, w, omega)
    network = RewardNetwork(
        hidden=(), regularization=0.05, n_steps=1500, decay="cosine", precision="double", device="cpu"
    ).fit(c, X, w, omega)
    assert np.abs(network.rewards_ - exact.rewards_).max() < 1e-5
    assert np.abs(network.predict(X[:5] + 1.0) - exact.predict(X[:5] + 1.0)).max() < 1e-5


def test_side_by_side_and_one_by_one_agree(data):
    c, X, w, omega = data
    options = {"n_steps": 60, "batch_size": 32, "precision": "double", "device": "cpu"}
    together = RewardNetwork(n_repeats=5, random_state=3, **options).fit(c, X, w, omega)
    for k in range(5):
        alone = RewardNetwork(random_state=3 + k, **options).fit(c, X, w, omega)
        np.testing.assert_allclose(together.repeat_rewards_[k], alone.rewards_, rtol=0, atol=1e-10)
        np.testing.assert_allclose(together.history_.objective[:, k], alone.history_.objective[:, 0])
    assert np.ptp(together.repeat_rewards_, axis=0).max() > 1e-3
    np.testing.assert_allclose(together.rewards_, together.repeat_rewards_.mean(axis=0))
    np.testing.assert_allclose(
        (together.alternative_weight_ * together.repeat_rewards_).sum(axis=1), 0, atol=1e-9
    )


def test_in_single_precision_they_agree_to_single_precision(data):
    c, X, w, omega = data
    together = RewardNetwork(n_repeats=20, n_steps=100, batch_size=64, device="cpu").fit(c, X, w, omega)
    alone = RewardNetwork(random_state=7, n_steps=100, batch_size=64, device="cpu").fit(c, X, w, omega)
    np.testing.assert_allclose(together.repeat_rewards_[7], alone.rewards_, rtol=0, atol=2e-3)
    again = RewardNetwork(random_state=7, n_steps=100, batch_size=64, device="cpu").fit(c, X, w, omega)
    assert np.array_equal(alone.rewards_, again.rewards_)


def test_each_repeat_may_have_comparisons_and_weights_of_its_own(data):
    c, X, w, omega = data
    parts = [c.select(np.arange(0, 50)), c.select(np.arange(20, 200)), c]
    weights = [omega[:50], None, omega]
    options = {"n_steps": 40, "batch_size": 64, "precision": "double", "device": "cpu"}
    together = RewardNetwork(n_repeats=3, **options).fit(parts, X, [w, None, w], weights)
    for k in range(3):
        own = [w, None, w][k]
        alone = RewardNetwork(random_state=k, **options).fit(parts[k], X, own, weights[k])
        np.testing.assert_allclose(together.repeat_rewards_[k], alone.rewards_, rtol=0, atol=1e-10)


def test_both_ways_to_take_a_step_estimate_the_same_gradient(data):
    """Over one epoch, batches of sides and batches over all alternatives sum to the whole gradient."""
    c, _, w, _ = data
    lonely = Comparisons.from_arrays(c.left, c.right, c.outcome, c.count, ids=np.arange(33))
    o = objective(lonely, np.concatenate([w, [0.5, 0.2, 0.0]]), None)
    rewards = np.random.default_rng(2).standard_normal(33)
    store = collect_rows([o], spread_ridge=True)
    n = int(store.n_rows[0])
    stream = BatchStream(store, 16, [np.random.default_rng(0)])
    summed, steps = np.zeros(33), 0
    counted = np.zeros(n, dtype=int)
    while steps * 16 % n or not steps:
        index = stream.take(1)[0, 0]
        counted += np.bincount(index, minlength=n + 1)[:n]
        left, right = store.left[index], store.right[index]
        d = rewards[left] - rewards[right]
        slope = (store.win + store.loss)[index] / (1 + np.exp(-d)) - store.win[index]
        for side, values in (
            (left, slope + store.ridge_left[index] * rewards[left]),
            (right, -slope + store.ridge_right[index] * rewards[right]),
        ):
            summed += np.bincount(side, values * stream.factor[0], minlength=33)
        steps += 1
    assert counted.min() == counted.max()
    np.testing.assert_allclose(summed / steps, o.gradient(rewards), rtol=1e-9, atol=1e-12)


def test_batches_of_sides_learn_the_same_rewards(data, monkeypatch):
    c, X, w, omega = data
    options = {"n_steps": 800, "decay": "cosine", "precision": "double", "device": "cpu", "hidden": ()}
    whole = RewardNetwork(**options).fit(c, X, w, omega)
    monkeypatch.setattr("cloneproof.neural.training.evaluates_all", lambda m, b: False)
    monkeypatch.setattr("cloneproof.neural.reward_network.evaluates_all", lambda m, b: False)
    monkeypatch.setattr("cloneproof.neural.reward_network.MEMORY_FOR_SIDES", 1)
    sides = RewardNetwork(n_repeats=2, **options).fit(c, X, w, omega)
    np.testing.assert_allclose(sides.repeat_rewards_, np.stack([whole.rewards_] * 2), atol=1e-4)


def test_early_stopping_keeps_the_best_step_of_each_repeat_and_leaves_others_alone(data):
    c, X, w, _ = data
    options = {
        "n_steps": 400,
        "check_every": 5,
        "precision": "double",
        "device": "cpu",
        "learning_rate": 0.05,
    }
    together = RewardNetwork(n_repeats=4, patience=20, validation_share=0.3, **options).fit(c, X, w)
    held_out, steps = together.history_.held_out, together.history_.steps
    for k in range(4):
        kept = together.n_steps_[k]
        until = steps <= kept + 20
        assert kept == steps[until][np.argmin(held_out[until, k])]
        alone = RewardNetwork(random_state=k, patience=20, validation_share=0.3, **options).fit(c, X, w)
        assert alone.n_steps_[0] == kept
        np.testing.assert_allclose(alone.rewards_, together.repeat_rewards_[k], atol=1e-9)
    assert (together.n_steps_ < 400).all()
    told = RewardNetwork(patience=20, **options).fit(c, X, w, validation_rows=np.arange(40))
    same = RewardNetwork(patience=20, **options).fit(c, X, w, validation_rows=np.arange(200) < 40)
    assert np.array_equal(told.rewards_, same.rewards_)


def test_copies_of_a_pair_are_held_out_together():
    from cloneproof.neural.holdout import hold_out
    from cloneproof.neural.repeats import design_repeats

    c = Comparisons.from_arrays([0, 2, 4, 6, 8] * 2, [1, 3, 5, 7, 9] * 2, ids=np.arange(10))
    X = np.arange(10.0)[:, None]
    X[6], X[7] = X[0], X[1]  # the pair (6, 7) is a copy of (0, 1)
    for seed in range(20):
        parts = hold_out(
            design_repeats(c, None, None, 1),
            0,
            X,
            share=0.4,
            rows=None,
            random_state=np.random.default_rng(seed),
        )
        test = parts.test.comparisons
        pairs = list(zip(test.left.tolist(), test.right.tolist(), strict=True))
        assert pairs.count((0, 1)) == pairs.count((6, 7)) in {0, 2}


def test_saved_and_loaded_it_predicts_the_same_to_the_bit(data, tmp_path):
    c, X, w, omega = data
    fitted = RewardNetwork(hidden=(8, 4), n_repeats=3, n_steps=20, patience=10, device="cpu").fit(
        c, X, w, omega
    )
    fitted.save(tmp_path / "net")
    loaded = RewardNetwork.load(tmp_path / "net")
    assert np.array_equal(loaded.predict(X, each=True), fitted.predict(X, each=True))
    assert np.array_equal(loaded.rewards_, fitted.rewards_)
    np.testing.assert_allclose(fitted.predict(X), fitted.rewards_, atol=1e-12)
    assert np.array_equal(loaded.history_.held_out, fitted.history_.held_out)
    assert loaded.n_repeats == 3
    assert sorted(p.name for p in (tmp_path / "net").iterdir()) == ["network.json", "network.safetensors"]
    again = RewardNetwork(**json.loads((tmp_path / "net" / "network.json").read_text())["options"])
    assert np.array_equal(again.fit(c, X, w, omega).rewards_, fitted.rewards_)


def test_files_that_are_no_network_are_refused(data, tmp_path):
    c, X, _, _ = data
    with pytest.raises(FileAccessError, match="Is this a saved network"):
        RewardNetwork.load(tmp_path)
    folder = RewardNetwork(n_steps=2, device="cpu").fit(c, X).save(tmp_path / "net")
    words = json.loads((folder / "network.json").read_text())
    for change, message in (
        ({"kind": "other"}, "does not describe"),
        ({"format": 2}, "format 2"),
        ({"options": {"hidden": 0}}, "no network that can be loaded"),
        ({"options": {"shell": "rm"}}, "no network that can be loaded"),
        ({"n_layers": 7}, "no network that can be loaded"),
    ):
        (folder / "network.json").write_text(json.dumps({**words, **change}))
        with pytest.raises(InputError, match=message):
            RewardNetwork.load(folder)
    (folder / "network.json").write_text(json.dumps(words))
    numbers = bytearray((folder / "network.safetensors").read_bytes())
    numbers[-1] ^= 1
    (folder / "network.safetensors").write_bytes(bytes(numbers))
    with pytest.raises(InputError, match="its hash differs"):
        RewardNetwork.load(folder)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": 0}, "hidden must be an integer of at least 1"),
        ({"n_repeats": 0}, "n_repeats must be"),
        ({"learning_rate": 0.0}, "learning_rate must be"),
        ({"decay": "linear"}, "decay must be one of"),
        ({"precision": "half"}, "precision must be one of"),
        ({"device": "abacus"}, "device must be 'auto'"),
        ({"patience": 0}, "patience must be"),
        ({"random_state": -1}, "random_state must be"),
    ],
)
def test_options_out_of_range_are_told(data, options, message):
    c, X, _, _ = data
    with pytest.raises(ParameterError, match=message):
        RewardNetwork(**options).fit(c, X)


def test_input_that_does_not_fit_is_told(data):
    c, X, w, _ = data
    with pytest.raises(InputError, match="has shape"):
        RewardNetwork().fit(c, X[:-1])
    with pytest.raises(InputError, match="2 sets of comparisons were given for n_repeats=3"):
        RewardNetwork(n_repeats=3).fit([c, c], X)
    with pytest.raises(InputError, match="alternative_weight must be one array for all"):
        RewardNetwork(n_repeats=3).fit(c, X, [w, w])
    with pytest.raises(ParameterError, match="validation_rows needs patience"):
        RewardNetwork().fit(c, X, validation_rows=[0])
    with pytest.raises(ParameterError, match="not fitted"):
        RewardNetwork().save("nowhere")
    fitted = RewardNetwork(n_steps=2, device="cpu").fit(c, X)
    with pytest.raises(ParameterError, match="a must be a position from 0 to 29"):
        fitted.win_rate(30, 0)
    with pytest.raises(InputError, match="fitted on 6 dimensions"):
        fitted.predict(X[:, :5])


def test_a_missing_extra_gives_the_pip_line(monkeypatch):
    import sys

    for name in [n for n in sys.modules if n.startswith("cloneproof.neural")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r'pip install "cloneproof\[torch\]"'):
        import cloneproof.neural  # noqa: F401
