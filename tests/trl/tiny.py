"""Models and data small enough for gradients to be compared; also used in processes of their own."""

from __future__ import annotations

from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    PreTrainedTokenizerFast,
)

PAIRS = [
    ("Where is the market?", " By the river, open until noon.", " No idea."),
    ("What should I cook tonight?", " Lentils with lemon.", " Cook something, anything, whatever you like."),
    ("Is the museum free?", " On the first Sunday it is.", " It is not."),
    ("Name a quiet garden.", " The one behind the chapel, with benches in the shade.", " A garden."),
    ("When does the boat leave?", " At nine.", " Boats leave when they leave, ask at the pier or not."),
    ("Who painted this?", " A student of the old school.", " Somebody painted it."),
    ("How far is the station?", " Ten minutes on foot.", " Far away, take a taxi, it is far."),
    ("Which bridge is oldest?", " The stone one near the mill.", " One of them."),
]
WEIGHTS = [0.25, 3.0, 1.0, 0.5, 2.0, 0.75, 1.5, 4.0]
ROWS: list[dict[str, Any]] = [
    {"prompt": prompt, "chosen": chosen, "rejected": rejected, "weight": weight}
    for (prompt, chosen, rejected), weight in zip(PAIRS, WEIGHTS, strict=True)
]


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """Train a word-piece vocabulary on the pairs themselves."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<unk>", "<pad>", "</s>"], show_progress=False
    )
    tokenizer.train_from_iterator(["".join(pair) for pair in PAIRS], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>", eos_token="</s>"
    )


def tiny_model(kind: str, seed: int = 0) -> Any:
    """Return a random Llama of two layers that scores ("reward") or writes ("policy")."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=320,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        pad_token_id=1,
        eos_token_id=2,
        bos_token_id=None,
        num_labels=1,
    )
    model = LlamaForSequenceClassification(config) if kind == "reward" else LlamaForCausalLM(config)
    with torch.no_grad():  # larger than the usual start, so that a wrong gradient is far off
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(8.0)
    return model


def gradients(model: Any) -> dict[str, torch.Tensor]:
    return {name: p.grad.detach().clone() for name, p in model.named_parameters() if p.grad is not None}


def largest_gap(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """Return the largest difference of two sets of gradients (or parameters)."""
    assert one.keys() == other.keys()
    return max(float((one[name] - other[name]).detach().abs().max()) for name in one)


def largest(one: dict[str, torch.Tensor]) -> float:
    return max(float(value.abs().max()) for value in one.values())
