"""Train a few steps as one of several processes (gloo) and save the parameters; called by a test."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from datasets import Dataset
from trl import DPOConfig, RewardConfig

from cloneproof.trl import WeightedDPOTrainer, WeightedRewardTrainer
from tests.trl.tiny import ROWS, tiny_model, tiny_tokenizer


def main(folder: str, batch: int) -> None:
    torch.set_num_threads(1)
    for method in ("reward", "dpo"):
        run(method, folder, batch)
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def run(method: str, folder: str, batch: int) -> None:
    shared = {
        "output_dir": f"{folder}/out",
        "use_cpu": True,
        "bf16": False,
        "report_to": "none",
        "optim": "sgd",
        "learning_rate": 0.05,
        "lr_scheduler_type": "constant",
        "max_grad_norm": 0.0,
        "logging_strategy": "no",
        "save_strategy": "no",
        "disable_tqdm": True,
        "gradient_checkpointing": False,
        "per_device_train_batch_size": batch,
        "max_steps": 3,
        "max_length": 64,
        "dataloader_pin_memory": False,
    }
    data = Dataset.from_list([dict(row) for row in ROWS])
    if method == "reward":
        trainer = WeightedRewardTrainer(
            model=tiny_model("reward"),
            args=RewardConfig(**shared),
            train_dataset=data,
            processing_class=tiny_tokenizer(),
        )
    else:
        trainer = WeightedDPOTrainer(
            model=tiny_model("policy"),
            ref_model=tiny_model("policy", seed=1),
            args=DPOConfig(**shared, beta=0.02),
            train_dataset=data,
            processing_class=tiny_tokenizer(),
        )
    trainer.train()
    if trainer.accelerator.is_main_process:
        n = trainer.accelerator.num_processes
        values = {k: v.detach().clone() for k, v in trainer.model.named_parameters()}
        torch.save({"n_processes": n, "parameters": values}, Path(folder) / f"{method}.pt")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
