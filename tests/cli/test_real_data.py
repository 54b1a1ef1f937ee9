"""check and fit, end to end on real data of three shapes. The surface encoder keeps it quick."""

from __future__ import annotations

import gzip

import numpy as np
import pyarrow.parquet as pq
import pytest

from cloneproof.preferences import read_comparisons
from cloneproof.rewards import weighted_win_rate_residual

INSTRUCTIONS = 8


@pytest.fixture
def inputs(shared_data, tmp_path):
    """The words that name each data set; of the two large ones a part."""
    hh = tmp_path / "hh.parquet"
    pq.write_table(pq.read_table(shared_data / "hh_harmless_test.parquet").slice(0, 300), hh)
    alpaca = tmp_path / "alpaca.parquet"
    table = pq.read_table(shared_data / "alpacaeval2_outputs.parquet")
    pq.write_table(table.filter(np.asarray(table["instruction_id"]) < INSTRUCTIONS), alpaca)
    return {
        "hh": [hh],
        "llmfao": [
            shared_data / "llmfao_crowd_comparisons.csv.gz",
            "--answers",
            shared_data / "llmfao_responses.parquet",
            "--prompts",
            shared_data / "llmfao_prompts.parquet",
        ],
        "alpaca": [
            alpaca,
            "--prompts",
            shared_data / "alpacaeval2_instructions.parquet",
            "--pairs",
            "reference",
            "--reference",
            "gpt4_1106_preview",
        ],
    }


EXPECTED = {  # comparisons, reward, rows
    "hh": (300, "linear", "diversity"),
    "llmfao": (8931, "tabular", "balanced"),
    "alpaca": (57 * INSTRUCTIONS, "linear", "diversity"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_check_and_fit(cloneproof, inputs, tmp_path, name):
    words = [*inputs[name], "--encoder", "surface", "--json"]
    n, reward, rows = EXPECTED[name]
    found = cloneproof("check", *words)
    assert found.code == 0, found.err
    assert found.json["n_comparisons"] == n
    assert 1 < found.json["effective_sample_size"] < found.json["n_alternatives"]
    out = tmp_path / "run"
    done = cloneproof("fit", *words, "--out", out, "--targets", "3", "--copies", "1", "10", "--no-report")
    assert done.code == 0, done.err
    assert (done.json["n_comparisons"], done.json["reward"], done.json["comparison_weights"]) == (
        n,
        reward,
        rows,
    )
    assert done.json["max_reward_shift_weighted"] < done.json["max_reward_shift_plain"]
    table = pq.read_table(out / "alternatives.parquet")
    w, r = np.asarray(table["weight"]), np.asarray(table["reward"])
    assert abs(w.sum() - 1) < 1e-9
    assert abs(w @ r) < 1e-8 * max(1.0, np.abs(r).max())
    if name == "alpaca":  # ids are named by model; NullModel's constant answer repeats the most
        assert done.json["n_alternatives"] <= 58 * INSTRUCTIONS


def test_unknown_labels_in_real_votes(cloneproof, shared_data, tmp_path):
    text = gzip.decompress((shared_data / "llmfao_crowd_comparisons.csv.gz").read_bytes()).decode()
    lines = text.splitlines()
    column = lines[0].split(",").index("winner")
    for k in (7, 9):
        cells = lines[k].split(",")
        cells[column] = "both bad"
        lines[k] = ",".join(cells)
    file = tmp_path / "votes.csv"
    file.write_text("\n".join(lines))
    done = cloneproof("fit", file, "--out", tmp_path / "run", "--encoder", "surface")
    assert done.code == 4
    said = done.err.strip().splitlines()[-1]
    assert "'both bad'" in said
    assert "2 of 8,931" in said
    assert not (tmp_path / "run").exists()


def test_the_identity_holds_on_real_votes(shared_data):
    from cloneproof.rewards import BradleyTerry

    c = read_comparisons(shared_data / "llmfao_crowd_comparisons.csv.gz", unit="model")
    w = np.random.default_rng(0).dirichlet(np.ones(c.n_alternatives))
    bt = BradleyTerry().fit(c, w)
    assert weighted_win_rate_residual(bt, c, w) < 1e-10
