"""``cloneproof train`` from a file to a model folder, with a tiny model."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

import cloneproof as cp
from cloneproof._core.errors import FileAccessError
from cloneproof.audit import AnalysisOptions
from cloneproof.cli.app import run
from cloneproof.export.model_inputs import InputFormat, encode_answer, read_input_format
from cloneproof.trl.card import escape_markdown
from cloneproof.trl.options import TrainingOptions
from cloneproof.trl.run import train_model
from cloneproof.trl.scoring import score_token_ids
from tests.trl.tiny import tiny_model, tiny_tokenizer

pytestmark = pytest.mark.filterwarnings("ignore")

SUBJECTS = ["market", "museum", "garden", "station", "bridge", "boat", "cafe", "library", "tower", "bakery"]
VERBS = ["opens at six", "closes at nine", "is free", "lies by the river"]


def preference_rows(copies: int = 8) -> list[dict]:
    """Forty pairs on forty questions; one of them stands there with copy-edits."""
    rows = []
    for i, subject in enumerate(SUBJECTS):
        for k, verb in enumerate(VERBS):
            rows.append(
                {
                    "prompt": f"What about the {subject}, number {i * 7 + k * 3}?",
                    "chosen": f"The {subject} {verb}, and people say {SUBJECTS[(i + k + 1) % 10]} {k}.",
                    "rejected": f"Nobody knows {verb} or {SUBJECTS[(i * 3 + k) % 10]} {i}{k}.",
                }
            )
    rows += [
        {**rows[0], "chosen": rows[0]["chosen"].replace("and", f"and{'!' * n}")} for n in range(1, copies)
    ]
    return rows


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> dict[str, Path]:
    """Folders of a tiny base model and a tiny policy, as people have them on disk."""
    folders = {}
    for kind in ("reward", "policy"):
        folder = tmp_path_factory.mktemp(kind)
        model = tiny_model("policy")
        if kind == "reward":
            model = model.model  # no head: it is drawn from the seed
        model.save_pretrained(folder)
        tiny_tokenizer().save_pretrained(folder)
        folders[kind] = folder
    return folders


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "prefs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in preference_rows()), encoding="utf-8")
    return path


def words(file, model, out, *more) -> list[str]:
    shared = ["--encoder", "surface", "--max-length", "64", "--batch-size", "4", "--learning-rate", "0.001"]
    return ["train", str(file), "--model", str(model), "--out", str(out), *shared, *map(str, more)]


def test_a_reward_model_is_trained_evaluated_and_written(file, models, tmp_path, capsys):
    out = tmp_path / "rm"
    assert run(words(file, models["reward"], out, "--json", "--test-share", "0.25")) == 0
    printed = capsys.readouterr()
    record = json.loads(printed.out)
    assert record["rows"]["n_train"] + record["split"]["n_test"] == 47
    assert record["split"]["joined_by"] == ["answer", "prompt", "family"]
    assert record["rows"]["effective_comparisons"] < record["rows"]["n_train"]
    accuracy = record["metrics"]["accuracy"]
    assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
    assert record["input"]["sha256"]
    assert record["loss"]
    on_disk = json.loads((out / "cloneproof_training.json").read_text())
    assert {**on_disk, "out": str(out)} == record
    assert {path.name for path in out.iterdir()} == {*record["files"], "cloneproof_training.json", "cache"}
    assert not [name for name in record["files"] if name.endswith((".bin", ".pt", ".pkl"))]
    card = (out / "README.md").read_text()
    for said in ("diversity", "surface", "seed", "ESS", record["data_sha256"], record["input"]["sha256"]):
        assert said in card


def test_the_folder_loads_bit_identically(file, models, tmp_path):
    c = cp.read_comparisons(file)
    trained = train_model(
        c,
        tmp_path / "rm",
        TrainingOptions(model=str(models["reward"]), max_length=64, batch_size=4, learning_rate=1e-3),
        AnalysisOptions(encoder="surface"),
    )
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path / "rm")
    ours, theirs = trained.model.state_dict(), loaded.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert loaded.config.num_labels == 1
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "rm")
    form = read_input_format(tmp_path / "rm")
    ids = [encode_answer(tokenizer, p, t, form) for p, t in zip(c.prompts, c.texts, strict=True)]
    scored = [score_token_ids(m, ids, pad_token_id=tokenizer.pad_token_id) for m in (trained.model, loaded)]
    assert np.array_equal(*scored)
    start = load_file(models["reward"] / "model.safetensors")
    assert any(not torch.equal(start[k], ours[f"model.{k}"]) for k in start)


def test_weights_change_what_is_learned_and_uniform_does_not_weigh(file, models, tmp_path, capsys):
    ended = {}
    for name in ("diversity", "uniform"):
        out = tmp_path / name
        assert (
            run(words(file, models["reward"], out, "--weights", name, "--json", "--regularization", 0)) == 0
        )
        record = json.loads(capsys.readouterr().out)
        ended[name] = load_file(out / "model.safetensors")
        if name == "uniform":
            assert record["rows"]["effective_comparisons"] == pytest.approx(record["rows"]["n_train"])
    assert any(not torch.equal(ended["diversity"][k], ended["uniform"][k]) for k in ended["uniform"])


def test_a_policy_is_trained_by_dpo(file, models, tmp_path, capsys):
    out = tmp_path / "policy"
    assert run(words(file, models["policy"], out, "--method", "dpo", "--steps", "4", "--json")) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["steps"] == 4
    assert 0 <= record["metrics"]["accuracy"] <= 1
    AutoModelForCausalLM.from_pretrained(out)
    ended, begun = load_file(out / "model.safetensors"), load_file(models["policy"] / "model.safetensors")
    assert any(not torch.equal(ended[k], begun[k]) for k in begun)


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_as_an_undisturbed_one(file, models, tmp_path, capsys):
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    more = ["--epochs", "6", "--checkpoint-seconds", "0"]
    assert run(words(file, models["reward"], straight, *more)) == 0
    command = [sys.executable, "-m", "cloneproof", *words(file, models["reward"], killed, *more)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}  # as this process: another sum, another rounding
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while not list(killed.glob("checkpoints/checkpoint-*/whole")):
            assert process.poll() is None, "it ended before it was killed"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    assert not (killed / "config.json").exists()
    capsys.readouterr()
    assert run(words(file, models["reward"], killed, *more, "--json")) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["resumed_from_step"] >= 1
    assert not (killed / "checkpoints").exists()
    one, other = (load_file(folder / "model.safetensors") for folder in (straight, killed))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_other_options_start_anew(file, models, tmp_path, capsys):
    """Checkpoints of another run are not continued."""
    out = tmp_path / "rm"
    (out / "checkpoints" / "checkpoint-3").mkdir(parents=True)
    (out / "checkpoints" / "checkpoint-3" / "whole").write_text("")
    (out / "checkpoints" / "run.json").write_text("{}")
    assert run(words(file, models["reward"], out, "--steps", "2", "--json")) == 0
    assert json.loads(capsys.readouterr().out)["resumed_from_step"] is None


def test_notes_beside_the_model_stay_when_it_is_trained_again(file, models, tmp_path, capsys):
    out = tmp_path / "rm"
    assert run(words(file, models["reward"], out, "--steps", "1")) == 0
    (out / "notes.txt").write_text("mine")
    assert run(words(file, models["reward"], out, "--steps", "2")) == 0
    assert (out / "notes.txt").read_text() == "mine"
    assert json.loads((out / "cloneproof_training.json").read_text())["steps"] == 2


def test_the_packaged_minilm_trains(file, tmp_path, minilm_folder, capsys):
    out = tmp_path / "rm"
    assert run(words(file, "minilm", out, "--steps", "1", "--limit", "20", "--json")) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["base_model"] == "minilm"
    assert record["rows"]["n_train"] + record["split"]["n_test"] == 20


def test_errors_say_what_to_do(file, models, tmp_path, capsys):
    def fails(code, *more, model=models["reward"], out="out", data=file):
        capsys.readouterr()
        given = words(data, model, tmp_path / out)
        for option, value in zip(more[::2], [*more[1::2], None], strict=False):
            if option in given:
                given[given.index(option) + 1] = value
            else:
                given += [option] if value is None else [option, value]
        assert run(given) == code
        return capsys.readouterr().err

    assert "hf download no-such/model" in fails(5, model="no-such/model")
    assert "no folder '/no/such/model'" in fails(5, model="/no/such/model")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no config.json" in fails(5, model=empty)
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "README.md").write_text("mine")
    assert "holds README.md" in fails(5, out="taken")
    assert "causal language model" in fails(2, "--method", "dpo")
    assert "at most 128" in fails(2, "--max-length", "256")
    assert "no chat template" in fails(2, "--chat")
    assert "batch_size" in fails(2, "--batch-size", "0")
    votes = tmp_path / "votes.csv"
    votes.write_text("model_a,model_b,winner\nx,y,model_a\ny,z,model_b\nx,z,tie\n")
    assert "no texts to train on" in fails(4, data=votes)


def test_a_model_with_code_or_a_pickle_is_refused(models, tmp_path):
    code = tmp_path / "code"
    code.mkdir()
    config = json.loads((models["reward"] / "config.json").read_text())
    (code / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "evil.Model"}}))
    c = cp.Comparisons.from_arrays([0], [1], ids=["a", "b"], texts=["one", "two"])
    with pytest.raises(cp.CloneProofError, match="code of its own"):
        train_model(c, tmp_path / "out", TrainingOptions(model=str(code)))
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    (pickled / "config.json").write_text(json.dumps(config))
    tiny_tokenizer().save_pretrained(pickled)
    torch.save(tiny_model("policy").state_dict(), pickled / "pytorch_model.bin")
    with pytest.raises(FileAccessError, match="safetensors"):
        train_model(c, tmp_path / "out", TrainingOptions(model=str(pickled)))


def test_no_clone_of_a_training_answer_is_tested(file, tmp_path):
    from cloneproof.trl.rows import prepare_rows

    c = cp.read_comparisons(file)
    for seed in range(5):
        rows = prepare_rows(c, AnalysisOptions(encoder="surface"), test_share=0.4, seed=seed)
        families = rows.weighed.families.labels
        train = {families[i] for i in rows.split.train_alternatives}
        assert not train & set(rows.test_families.tolist())
        assert not set(rows.train.prompts) & set(rows.test.prompts)


def test_long_texts_lose_their_beginning(tokenizer):
    ids = encode_answer(tokenizer, "Where is the market? " * 9, "By the river.", InputFormat(max_length=12))
    whole = encode_answer(tokenizer, "", "By the river.", InputFormat(max_length=64))
    assert len(ids) == 12
    assert ids[-1] == tokenizer.eos_token_id
    assert ids[-len(whole) + 2 :] == whole[2:]


def test_words_of_the_data_are_no_markup():
    assert escape_markdown("a|b\n# c <script>[x](y) `z` **") == (
        r"a\|b \# c &lt;script&gt;\[x\]\(y\) \`z\` \*\*"
    )


def test_plain_and_weighted_runs_are_tested_on_the_same_rows(file):
    from cloneproof.trl.rows import prepare_rows

    c = cp.read_comparisons(file)
    plain, weighted = (
        prepare_rows(c, AnalysisOptions(encoder="surface", weights=w), test_share=0.3, seed=1)
        for w in ("uniform", "diversity")
    )
    assert np.array_equal(plain.split.test, weighted.split.test)
    assert plain.row_weights is None
    assert weighted.row_weights.sum() == pytest.approx(1.0)


def test_rows_that_hang_together_can_be_trained_without_a_test(models, tmp_path, capsys):
    path = tmp_path / "one.jsonl"
    rows = [{**row, "prompt": "What is it like?"} for row in preference_rows()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    given = words(path, models["reward"], tmp_path / "rm", "--steps", "1")
    assert run(given) == 4
    assert "--test-share 0" in capsys.readouterr().err
    assert run([*given, "--test-share", "0", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["rows"]["n_train"] == len(rows)
    assert record["split"] is None


CHAT = (
    "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


@pytest.mark.parametrize("method", ["reward", "dpo"])
def test_chat_templates_write_the_turns(file, models, tmp_path, capsys, method):
    base = tmp_path / "chat"
    shutil.copytree(models["policy"], base)
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(base)
    form = InputFormat(max_length=64, chat=True)
    written = tokenizer("user: Where?</s>assistant: There.</s>")["input_ids"]
    assert encode_answer(tokenizer, "Where?", "There.", form) == written
    turns = [{"role": "user", "content": "Where?"}], [{"role": "assistant", "content": "There."}]
    assert encode_answer(tokenizer, *turns, form) == written
    out = tmp_path / "out"
    assert run(words(file, base, out, "--method", method, "--steps", "2", "--json")) == 0
    assert json.loads(capsys.readouterr().out)["input_format"] == {"max_length": 64, "chat": True}
    assert read_input_format(out).chat
    assert AutoTokenizer.from_pretrained(out).chat_template == CHAT


def test_names_of_files_are_no_markup_in_the_card(models, tmp_path):
    path = tmp_path / "a|<img src=x onerror=alert(1)>.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in preference_rows()), encoding="utf-8")
    assert run(words(path, models["reward"], tmp_path / "rm", "--steps", "1")) == 0
    card = (tmp_path / "rm" / "README.md").read_text()
    assert "<img" not in card
    assert r"a\|&lt;img" in card


def test_crowd_votes_with_joined_answers(shared_data, models, tmp_path, capsys):
    """A/B data whose texts stand in other tables, read by the options that all verbs share."""
    out = tmp_path / "rm"
    given = words(shared_data / "llmfao_crowd_comparisons.csv.gz", models["reward"], out)
    given += ["--answers", str(shared_data / "llmfao_responses.parquet")]
    given += ["--prompts", str(shared_data / "llmfao_prompts.parquet")]
    assert run([*given, "--limit", "60", "--steps", "2", "--test-share", "0.3", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["rows"]["n_train"] + record["split"]["n_test"] == 60
    assert record["split"]["n_test"] > 0
