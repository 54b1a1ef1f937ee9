"""The reward function of a trained model: the same numbers in training, in the library and in its file."""

from __future__ import annotations

import importlib.util
import inspect
import json
import sys

import numpy as np
import pytest
import torch

from cloneproof._core.errors import FileAccessError, InputError, ParameterError
from cloneproof.export import write_reward_function
from cloneproof.export.model_inputs import TRAINING_FILE, InputFormat, encode_answer
from cloneproof.trl import load_reward_function
from tests.trl.tiny import PAIRS

TEMPLATE = "{% for m in messages %}<{{ m['role'] }}> {{ m['content'] }}</s>{% endfor %}"


@pytest.fixture(params=[False, True], ids=["text", "chat"])
def model_folder(request, tmp_path, reward_model, tokenizer):
    """A tiny reward model as ``cloneproof train`` leaves it, and how its texts are written."""
    folder = tmp_path / "model 'x'"
    if request.param:
        tokenizer.chat_template = TEMPLATE
    reward_model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    tokenizer.chat_template = None
    form = InputFormat(max_length=24, chat=request.param)
    (folder / TRAINING_FILE).write_text(json.dumps({"input_format": form.to_dict()}))
    return folder, form


def direct(folder, form):
    """Score the pairs one by one, unpadded."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        return [
            float(model(input_ids=torch.tensor([encode_answer(tokenizer, p, a, form)])).logits[0, 0])
            for p, a, _ in PAIRS
        ]


def load_file(path):
    spec = importlib.util.spec_from_file_location("written_reward", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["written_reward"] = module
    spec.loader.exec_module(module)
    return module


def test_all_roads_give_the_rewards_of_training(model_folder, tmp_path):
    folder, form = model_folder
    prompts, answers = [p for p, _, _ in PAIRS], [a for _, a, _ in PAIRS]
    expected = direct(folder, form)
    reward = load_reward_function(folder, batch_size=3)
    made = reward(prompts, answers, completion_ids=[[1]] * len(PAIRS), trainer_state=None)
    assert isinstance(made, list)
    assert all(type(x) is float for x in made)
    np.testing.assert_allclose(made, expected, atol=1e-5)
    path = write_reward_function(folder, tmp_path / "sub" / "reward.py", batch_size=3)
    module = load_file(path)
    np.testing.assert_allclose(
        module.reward(prompts=prompts, completions=answers, extra=1), expected, atol=1e-5
    )
    assert "cloneproof" not in {
        line.split()[1].split(".")[0]
        for line in path.read_text().splitlines()
        if line.startswith(("import ", "from "))
    }
    assert len(set(np.round(expected, 6))) == len(PAIRS)


def test_chat_messages_mean_what_their_text_means(model_folder, tmp_path):
    folder, _ = model_folder
    prompts = [[{"role": "user", "content": p}] for p, _, _ in PAIRS]
    answers = [[{"role": "assistant", "content": a}] for _, a, _ in PAIRS]
    reward = load_reward_function(folder)
    plain = reward([p for p, _, _ in PAIRS], [a for _, a, _ in PAIRS])
    assert reward(prompts, answers) == plain
    module = load_file(write_reward_function(folder, tmp_path / "reward.py"))
    np.testing.assert_allclose(module.reward(prompts, answers), plain, atol=1e-6)
    turns = [
        {"role": "user", "content": "Where is it?"},
        {"role": "assistant", "content": "Where is what?"},
        {"role": "user", "content": "The mill."},
    ]
    dialogue = "\n\nHuman: Where is it?\n\nAssistant: Where is what?\n\nHuman: The mill."
    if reward.form.chat:
        said = reward([turns], [" North."])
        assert said == reward([dialogue + "\n\nAssistant:"], [" North."])
    else:
        assert reward([turns], [" North."]) == reward([dialogue], [" North."])


@pytest.mark.filterwarnings("ignore")  # transformers and TRL talk to each other
def test_grpo_takes_it(tmp_path, policy, tokenizer, reward_model):
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    folder = tmp_path / "model"
    reward_model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    seen = []
    reward = load_reward_function(folder)
    scored = reward.score
    reward.score = lambda prompts, answers: seen.append(len(answers)) or scored(prompts, answers)
    trainer = GRPOTrainer(
        model=policy,
        reward_funcs=[reward],
        args=GRPOConfig(
            output_dir=str(tmp_path / "out"),
            use_cpu=True,
            bf16=False,
            max_steps=1,
            num_generations=2,
            per_device_train_batch_size=2,
            max_completion_length=4,
            report_to="none",
            disable_tqdm=True,
            save_strategy="no",
            logging_steps=1,
            gradient_checkpointing=False,
            dataloader_pin_memory=False,
        ),
        train_dataset=Dataset.from_dict({"prompt": [p for p, _, _ in PAIRS[:4]]}),
        processing_class=tokenizer,
    )
    trainer.train()
    assert seen
    logged = {name for entry in trainer.state.log_history for name in entry}
    assert "rewards/cloneproof_reward/mean" in logged


def test_mistakes_are_told(model_folder, tmp_path):
    folder, _ = model_folder
    reward = load_reward_function(folder)
    with pytest.raises(InputError, match="1 prompts but 2 completions"):
        reward(["a"], ["b", "c"])
    assert reward([], []) == []
    with pytest.raises(ParameterError, match="must end in .py"):
        write_reward_function(folder, tmp_path / "reward.txt")
    with pytest.raises(FileAccessError, match=r"holds no config\.json"):
        load_reward_function(tmp_path / "nowhere")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "id2label": {"0": "a", "1": "b"}}))
    with pytest.raises(InputError, match="with 2 labels"):
        load_reward_function(folder)


def test_a_strange_name_cannot_write_code(model_folder, tmp_path):
    from cloneproof.export import reward_function_source

    source = reward_function_source('x"; import os; os.abort() #\n', InputFormat(max_length=16))
    module = compile(source, "reward.py", "exec")
    assert 'os.environ.get("CLONEPROOF_REWARD_MODEL") or \'x"; import os; os.abort() #\\n\'' in source
    assert inspect.iscode(module)
