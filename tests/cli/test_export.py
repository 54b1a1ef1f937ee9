"""``cloneproof export``: what is written, that it reads back, and the ways it refuses."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from cloneproof import BradleyTerry, read_comparisons
from cloneproof.export import read_weighed_rows, training_table
from tests.cli.conftest import preference_rows


@pytest.fixture
def preferences(tmp_path):
    path = tmp_path / "prefs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in preference_rows(copies=6)))
    return path


def test_trl_rows_are_the_weighted_objective_of_the_library(cloneproof, preferences, tmp_path):
    out = tmp_path / "rows.parquet"
    ran = cloneproof("export", preferences, "--to", "trl", "--out", out, "--encoder", "surface", "--json")
    assert ran.code == 0, ran.err
    table = pq.read_table(out)
    assert table.column_names == ["prompt", "chosen", "rejected", "weight", "l2_chosen", "l2_rejected", "row"]
    assert ran.json["rows"] == table.num_rows
    assert np.mean(table["weight"]) == pytest.approx(1.0)
    lines = [json.loads(line) for line in preferences.read_text().splitlines()]
    for row in table.to_pylist():
        assert lines[row["row"]]["chosen"] == row["chosen"]
    # a linear reward's objective from the exported columns and from the library, at some theta
    import cloneproof as cp
    from cloneproof.export import weigh_rows
    from cloneproof.rewards.feature_model_rows import objective_of
    from cloneproof.rewards.weighting import weigh

    c = read_comparisons(preferences)
    weighed = weigh_rows(c, cp.AnalysisOptions(encoder="surface"))
    r = np.random.default_rng(0).standard_normal(c.n_alternatives)
    place = {text: i for i, text in enumerate(c.texts)}
    chosen = r[[place[x] for x in table["chosen"].to_pylist()]]
    rejected = r[[place[x] for x in table["rejected"].to_pylist()]]
    loss = np.logaddexp(0, rejected - chosen)
    mine = np.mean(
        np.asarray(table["weight"]) * loss
        + np.asarray(table["l2_chosen"]) * chosen**2
        + np.asarray(table["l2_rejected"]) * rejected**2
    )
    design = weigh(c, weighed.alternative_weight, weighed.comparison_weight)
    assert mine * design.total_weight == pytest.approx(objective_of(design, 0.01).value(r))


def test_a_finished_run_is_exported_without_computing_anything(
    cloneproof, preferences, tmp_path, monkeypatch
):
    run = tmp_path / "run"
    assert (
        cloneproof("fit", preferences, "--out", run, "--encoder", "surface", "--no-report", "--no-audit").code
        == 0
    )
    direct = tmp_path / "direct.parquet"
    assert (
        cloneproof("export", preferences, "--to", "weights", "--out", direct, "--encoder", "surface").code
        == 0
    )
    monkeypatch.setattr("cloneproof.audit.weighing.embed_with_encoder", None)
    again = tmp_path / "again.parquet"
    ran = cloneproof("export", run, "--to", "weights", "--out", again)
    assert ran.code == 0, ran.err
    assert pq.read_table(again).equals(pq.read_table(direct))
    refused = cloneproof("export", run, "--to", "weights", "--out", again, "--weights", "voronoi")
    assert refused.code == 2
    assert "options do not apply to it (weights)" in refused.err


def test_weights_are_keyed_by_the_rows_and_the_hash_of_the_input(cloneproof, preferences, tmp_path):
    from hashlib import sha256

    lines = preferences.read_text().splitlines()
    same = {"prompt": "p", "chosen": "alike", "rejected": "alike"}  # holds no preference: dropped
    preferences.write_text("\n".join([json.dumps(same), *lines]) + "\n")
    out = tmp_path / "weights.parquet"
    ran = cloneproof("export", preferences, "--to", "weights", "--out", out, "--encoder", "surface")
    assert ran.code == 0, ran.err
    table = pq.read_table(out)
    assert table["row"].to_pylist() == list(range(1, len(lines) + 1))
    assert set(table["input_sha256"].to_pylist()) == {sha256(preferences.read_bytes()).hexdigest()}
    assert np.mean(table["weight"]) == pytest.approx(1.0)
    edited = np.array(["no. " in json.loads(line)["chosen"] for line in lines])
    weight = np.asarray(table["weight"])
    assert weight[edited].mean() < 0.7 * weight[~edited].mean()


def test_the_folder_is_a_dataset(cloneproof, preferences, tmp_path):
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    out = tmp_path / "my data"
    ran = cloneproof(
        "export", preferences, "--to", "trl", "--out", out, "--encoder", "surface", "--conversational"
    )
    assert ran.code == 0, ran.err
    loaded = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"))["train"]
    assert loaded.column_names[:4] == ["prompt", "chosen", "rejected", "weight"]
    assert loaded[0]["prompt"] == [{"role": "user", "content": "What is the city like?"}]
    assert loaded[0]["chosen"][0]["role"] == "assistant"
    record = json.loads((out / "cloneproof_export.json").read_text())
    assert record["kind"] == "trl"
    assert record["input"]["sha256"]
    assert record["files"].keys() == {"train.parquet", "README.md", "dataset_info.json"}
    (out / "notes.txt").write_text("mine")
    again = cloneproof("export", preferences, "--to", "resampled", "--out", out, "--encoder", "surface")
    assert again.code == 0
    assert (out / "notes.txt").read_text() == "mine"
    plain = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache2"))["train"]
    assert plain.column_names == ["prompt", "chosen", "rejected"]
    entry = json.loads((out / "dataset_info.json").read_text())["my-data"]
    assert entry["ranking"] is True
    assert entry["columns"] == {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}


def test_a_folder_with_other_things_is_left_alone(cloneproof, preferences, tmp_path):
    out = tmp_path / "mine"
    out.mkdir()
    (out / "README.md").write_text("hands off")
    ran = cloneproof("export", preferences, "--to", "trl", "--out", out, "--encoder", "surface")
    assert ran.code == 5
    assert "which no export wrote" in ran.err
    assert (out / "README.md").read_text() == "hands off"


def test_resampled_rows_follow_the_weights_and_the_names_asked_for(cloneproof, preferences, tmp_path):
    out = tmp_path / "rows.jsonl"
    words = ("export", preferences, "--to", "resampled", "--out", out, "--encoder", "surface", "--rows", 3400)
    ran = cloneproof(*words, "--prompt-name", "input", "--seed", 3)
    assert ran.code == 0, ran.err
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(rows) == 3400
    assert rows[0].keys() == {"input", "chosen", "rejected"}
    weights = tmp_path / "weights.parquet"
    cloneproof("export", preferences, "--to", "weights", "--out", weights, "--encoder", "surface")
    expected = np.asarray(pq.read_table(weights)["weight"]) * 3400 / 34
    lines = [json.loads(line) for line in preferences.read_text().splitlines()]
    seen = [sum(r["chosen"] == x["chosen"] and r["rejected"] == x["rejected"] for r in rows) for x in lines]
    assert np.abs(np.array(seen) - expected).max() <= 1


class FakeHub:
    """Remembers what it was asked, or refuses."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls, self.error = [], error

    def create_repo(self, **asked):
        self.calls.append(("create", asked))
        if self.error:
            raise self.error
        return "https://hub.invalid/datasets/me/rows"

    def upload_folder(self, **asked):
        self.calls.append(("upload", asked))


@pytest.fixture
def hub(monkeypatch):
    package = pytest.importorskip("huggingface_hub")
    fake = FakeHub()
    monkeypatch.setattr(package, "HfApi", lambda: fake)
    monkeypatch.setattr(package.constants, "HF_HUB_OFFLINE", False)
    return fake


def push(cloneproof, preferences, out, *more):
    words = ("export", preferences, "--to", "trl", "--out", out, "--encoder", "surface")
    return cloneproof(*words, "--push-to-hub", "me/rows", *more)


def test_the_hub_gets_the_folder_privately_unless_asked(cloneproof, preferences, tmp_path, hub):
    ran = push(cloneproof, preferences, tmp_path / "rows", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["hub"] == "https://hub.invalid/datasets/me/rows"
    (_, created), (_, uploaded) = hub.calls
    assert created == {"repo_id": "me/rows", "repo_type": "dataset", "private": True, "exist_ok": True}
    assert uploaded["folder_path"] == str(tmp_path / "rows")
    assert push(cloneproof, preferences, tmp_path / "rows", "--public").code == 0
    assert hub.calls[2][1]["private"] is False


def test_a_hub_that_fails_or_is_offline_exits_with_six(cloneproof, preferences, tmp_path, hub, monkeypatch):
    hub.error = ConnectionError("no route to host")
    ran = push(cloneproof, preferences, tmp_path / "rows")
    assert ran.code == 6
    assert "Cannot push to me/rows on the Hub: no route to host" in ran.err
    assert (tmp_path / "rows" / "train.parquet").exists()
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    ran = push(cloneproof, preferences, tmp_path / "rows")
    assert ran.code == 6
    assert "set offline (HF_HUB_OFFLINE=1)" in ran.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--to", "trl", "--public"), "--public needs --push-to-hub"),
        (("--to", "trl", "--rows", "5"), "--rows needs --to resampled"),
        (("--to", "weights", "--push-to-hub", "me/x"), "--push-to-hub needs --to trl or resampled"),
        (("--to", "trl", "--push-to-hub", "me/x/y"), "--push-to-hub takes user/name"),
    ],
)
def test_options_that_do_not_fit_are_usage_errors(cloneproof, preferences, tmp_path, hub, words, message):
    name = "x.parquet" if "weights" in words else "x"
    ran = cloneproof("export", preferences, "--out", tmp_path / name, "--encoder", "surface", *words)
    assert ran.code == 2
    assert message in ran.err


def test_models_that_are_none_are_told(cloneproof, tmp_path):
    ran = cloneproof("export", tmp_path, "--to", "reward-function", "--out", tmp_path / "r.py")
    assert ran.code == 5
    assert "holds no config.json" in ran.err
    (tmp_path / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    ran = cloneproof("export", tmp_path, "--to", "reward-function", "--out", tmp_path / "r.py")
    assert ran.code == 4
    assert "is no reward model" in ran.err


def test_weighed_rows_of_a_run_train_to_its_own_rewards(cloneproof, preferences, tmp_path):
    run = tmp_path / "run"
    words = ("fit", preferences, "--out", run, "--encoder", "surface", "--no-report", "--no-audit")
    assert cloneproof(*words, "--reward", "tabular").code == 0
    rows = read_weighed_rows(run)
    rewards = pq.read_table(run / "alternatives.parquet")["reward"].to_numpy()
    fitted = BradleyTerry(regularization=rows.regularization).fit(
        rows.comparisons, rows.alternative_weight, rows.comparison_weight
    )
    np.testing.assert_allclose(fitted.rewards_, rewards, atol=1e-8)
    table = training_table(rows.comparisons, comparison_weight=rows.comparison_weight)
    assert table.num_rows == rows.comparisons.n_comparisons
