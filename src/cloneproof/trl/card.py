"""The model card: how a model was trained and weighed, and what it scored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["escape_markdown", "model_card"]


def escape_markdown(value: Any) -> str:
    """Return a value as one line in which nothing is markup or HTML."""
    line = " ".join("".join(x if x.isprintable() else " " for x in str(value)).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]()#|~!])", r"\\\1", line)


def model_card(record: Mapping[str, Any]) -> str:
    """Return the page README.md for the folder of a model.

    Parameters
    ----------
    record : mapping
        What ``cloneproof_training.json`` holds. Every word that comes from data or options is escaped.
    """
    rows, options = record["rows"], record["options"]
    reward = record["method"] == "reward"
    kind = "reward model" if reward else "policy"
    plain = rows["weighting"] == "uniform"
    facts = [
        ("base model", record["base_model"]),
        ("method", "reward model (Bradley-Terry)" if reward else "direct preference optimisation"),
        ("training rows", f"{rows['n_train']:,}, worth {rows['effective_comparisons']:,.0f} (ESS)"),
        (
            "training answers",
            f"{rows['n_train_alternatives']:,}, worth {rows['effective_sample_size']:,.0f} (ESS)",
        ),
        ("weighting", "none: every comparison counts once" if plain else rows["weighting"]),
        *[(c["name"], f"{c['value']} ({c['reason']})") for c in record["choices"]],
        ("near-copies found", f"{rows['near_duplicates']:,} answers beyond the first of a family"),
        ("seed", options["seed"]),
        (
            "steps",
            f"{record['steps']:,} of {options['batch_size']} x {options['gradient_accumulation']} pairs",
        ),
        ("ridge", f"{options['regularization']:g}" if reward else "none"),
        ("tokens", f"{record['input_format']['max_length']}, the end of the text is kept"),
        ("data (SHA-256 of the training rows)", record["data_sha256"]),
        *_inputs(record),
        *[(f"version of {name}", version) for name, version in record["versions"].items() if version],
    ]
    metrics = [(name.replace("_", " "), told) for name, told in _told(record["metrics"])]
    use = _USE_REWARD if reward else _USE_POLICY
    return "\n".join(
        [
            "---",
            "library_name: transformers",
            f"pipeline_tag: {'text-classification' if reward else 'text-generation'}",
            f"tags: [cloneproof, trl, {'reward-model' if reward else 'dpo'}]",
            "---",
            "",
            f"# A {kind} trained {'on plain rows' if plain else 'so that near-copies do not vote twice'}",
            "",
            *_table("training", facts),
            "",
            "## Held-out rows",
            "",
            (
                "Rows that share no prompt, no answer and no family of near-copies with the training."
                if record["split"]
                else "No rows were set aside."
            ),
            "",
            *(_table("metric", metrics) if metrics else []),
            "",
            "## Use",
            "",
            *use,
            "",
            "The weights protect against approximate copies at the scale above, for tastes that change smoothly "
            "with the text. They do not repair wrong labels, and sampling noise remains. "
            "`cloneproof_training.json` beside this page holds every option and the hash of every file.",
            "",
        ]
    )


_USE_REWARD = [
    "```python",
    "from transformers import AutoModelForSequenceClassification, AutoTokenizer",
    "",
    'model = AutoModelForSequenceClassification.from_pretrained("THIS_FOLDER")',
    'tokenizer = AutoTokenizer.from_pretrained("THIS_FOLDER")',
    "```",
    "",
    "The one logit is the reward, in natural-log odds, up to a constant.",
]
_USE_POLICY = [
    "```python",
    "from transformers import AutoModelForCausalLM, AutoTokenizer",
    "",
    'model = AutoModelForCausalLM.from_pretrained("THIS_FOLDER")',
    'tokenizer = AutoTokenizer.from_pretrained("THIS_FOLDER")',
    "```",
]


def _told(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the metrics in words; a share with its interval."""
    rows = []
    for name, value in metrics.items():
        if isinstance(value, Mapping) and value.get("value") is not None:
            rows.append((name, f"{value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f})"))
        elif isinstance(value, (int, float)):
            rows.append((name, f"{value:.4g}"))
    return rows


def _table(head: str, rows: list[tuple[str, Any]]) -> list[str]:
    lines = [f"| {head} | |", "|---|---|"]
    return lines + [f"| {escape_markdown(name)} | {escape_markdown(value)} |" for name, value in rows]


def _inputs(record: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return names and hashes of the input files that the caller told of."""
    found = record.get("input") or {}
    rows = [("input", found["source"])] if found.get("source") else []
    return rows + ([("input (SHA-256)", found["sha256"])] if found.get("sha256") else [])
