"""``cloneproof evaluate``: what it prints, on networks and on language models, and how it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import cloneproof as cp
from tests.cli.conftest import preference_rows

torch = pytest.importorskip("torch")

from cloneproof.neural import RewardNetwork  # noqa: E402


@pytest.fixture
def preferences(tmp_path) -> Path:
    path = tmp_path / "prefs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in preference_rows(copies=6)))
    return path


@pytest.fixture
def network(tmp_path, preferences) -> Path:
    torch.set_num_threads(1)
    c = cp.read_comparisons(preferences)
    X = cp.embed(c, encoder="surface")
    RewardNetwork(n_steps=60, device="cpu", n_repeats=2).fit(c, X).save(tmp_path / "net")
    return tmp_path / "net"


def test_a_network_is_evaluated_as_the_library_does(cloneproof, preferences, network):
    ran = cloneproof("evaluate", preferences, "--model", network, "--encoder", "surface", "--json")
    assert ran.code == 0, ran.err
    c = cp.read_comparisons(preferences)
    X = cp.embed(c, encoder="surface")
    rewards = RewardNetwork.load(network).predict(X)
    right = np.sign(rewards[c.left] - rewards[c.right]) == np.sign(c.outcome - 0.5)
    assert ran.json["accuracy"]["value"] == pytest.approx(right.mean())
    assert ran.json["n_families"] < c.n_alternatives
    assert ran.json["accuracy_by_family"]["n_units"] <= c.n_comparisons
    told = cloneproof("evaluate", preferences, "--model", network, "--encoder", "surface")
    assert told.code == 0
    for words in ("each family once", "log loss", "calibration error", "predicted  observed"):
        assert words in told.out
    apart = cloneproof(
        "evaluate", preferences, "-m", network, "--encoder", "surface", "--no-families", "--json"
    )
    assert apart.json["accuracy_by_family"] is None


def test_two_networks_and_clones_are_compared(cloneproof, preferences, network, tmp_path):
    c = cp.read_comparisons(preferences)
    X = cp.embed(c, encoder="surface")
    RewardNetwork(n_steps=60, device="cpu", random_state=9).fit(c, X).save(tmp_path / "other")
    words = ("evaluate", preferences, "--model", network, "--encoder", "surface")
    ran = cloneproof(*words, "--against", tmp_path / "other", "--clones", 5, "--targets", 2, "--json")
    assert ran.code == 0, ran.err
    other = ran.json["against"]
    mine, others = (RewardNetwork.load(p).predict(X) for p in (network, tmp_path / "other"))
    moved = np.abs((others - others.mean()) - (mine - mine.mean())).max()
    assert other["shift"]["max_shift_centred"] == pytest.approx(moved)
    assert other["max_shift_in_sd"] == pytest.approx(moved / mine.std())
    plain, weighted = ran.json["clone_shift"]
    assert (plain["weighting"], weighted["weighting"]) == ("plain", "weighted")
    assert plain["copies"] == 5
    assert plain["n_repeats"] == 2
    told = cloneproof(*words, "--against", tmp_path / "other", "--clones", 5, "--targets", 2)
    assert "rewards move by" in told.out
    assert "seeds alone differ by" in told.out


def test_the_gate_and_the_ways_to_be_wrong(cloneproof, preferences, network, tmp_path):
    words = ("evaluate", preferences, "--model", network, "--encoder", "surface")
    failed = cloneproof(*words, "--fail-under", "1.01")
    assert failed.code == 3
    assert "under 1.01, as asked" in failed.err
    assert cloneproof(*words, "--fail-under", "0.0").code == 0
    absent = cloneproof("evaluate", preferences, "--model", tmp_path / "nowhere")
    assert absent.code == 5
    assert "There is no folder" in absent.err
    empty = tmp_path / "empty"
    empty.mkdir()
    clones = cloneproof("evaluate", preferences, "--model", empty, "--clones", 3)
    assert clones.code == 2
    assert "--clones trains a RewardNetwork again" in clones.err


def test_annotators_are_told_apart(cloneproof, network, tmp_path):
    rows = [
        {**row, "annotator": "a\x1b[31mb" if i % 3 else "c"}
        for i, row in enumerate(preference_rows(copies=6))
    ]
    path = tmp_path / "who.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ran = cloneproof(
        "evaluate", path, "--model", network, "--encoder", "surface", "--column", "annotator=annotator"
    )
    assert ran.code == 0, ran.err
    assert "annotator" in ran.out
    assert "\x1b" not in ran.out


def test_a_language_model_on_the_rows_it_set_aside(cloneproof, tmp_path):
    pytest.importorskip("trl")
    import warnings

    from tests.trl.tiny import tiny_model, tiny_tokenizer

    base = tmp_path / "base"
    tiny_model("reward").save_pretrained(base)
    tiny_tokenizer().save_pretrained(base)
    rng = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz     "))
    texts = ["".join(rng.choice(letters, 60)) for _ in range(80)]
    rows = [
        {"prompt": f"number {i}?", "chosen": texts[2 * i], "rejected": texts[2 * i + 1]} for i in range(40)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trained = cloneproof(
            "train", path, "--model", base, "--out", tmp_path / "out", "--encoder", "surface", "--steps", 2,
            "--test-share", 0.25, "--limit", 32, "--seed", 3, "--json",
        )  # fmt: skip
        assert trained.code == 0, trained.err
        words = ("evaluate", path, "--model", tmp_path / "out", "--encoder", "surface", "--json")
        ran = cloneproof(*words, "--held-out", "--limit", 32, "--seed", 3)
        assert ran.code == 0, ran.err
        other = cloneproof(*words, "--held-out", "--limit", 20, "--seed", 3)
        whole = cloneproof(*words)
    said = trained.json["metrics"]
    assert ran.json["n_comparisons"] == trained.json["split"]["n_test"] == 8
    assert ran.json["log_loss"] == pytest.approx(said["log_loss"], abs=1e-5)
    assert ran.json["accuracy"]["value"] == pytest.approx(said["accuracy"]["value"])
    assert other.code == 4
    assert "cannot be made again from this file" in other.err
    assert whole.json["n_comparisons"] == 40
    assert "was trained on rows of this file" in whole.err
