"""The weighted DPO trainer against duplicated rows, loss by loss."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
import trl.trainer.dpo_trainer as stock
from datasets import Dataset
from trl import DPOConfig, DPOTrainer

from cloneproof._core.errors import InputError, ParameterError
from cloneproof.trl import WeightedDPOTrainer, WeightedGradientError
from cloneproof.trl.gradient_scale import ScaledGradientModel
from tests.trl.tiny import gradients, largest, largest_gap, tiny_model

pytestmark = pytest.mark.filterwarnings("ignore")

REPEATS = [1, 3, 2, 1, 5, 1, 2, 4]
LOSSES = {
    "sigmoid": {},
    "smoothed": {"loss_type": "sigmoid", "label_smoothing": 0.1},
    "hinge": {},
    "ipo": {},
    "exo_pair": {"label_smoothing": 0.1},
    "nca_pair": {},
    "robust": {"label_smoothing": 0.1},
    "bco_pair": {},
    "sppo_hard": {},
    "apo_zero": {},
    "apo_down": {},
    "discopop": {},
    "sigmoid_norm": {},
    "several": {"loss_type": ["sigmoid", "apo_zero"], "loss_weights": [0.7, 0.3]},
    "ld_alpha": {"loss_type": "sigmoid", "ld_alpha": 0.5},
    "wpo": {"loss_type": "sigmoid", "use_weighting": True},
    "forward_kl": {"loss_type": "sigmoid", "f_divergence_type": "forward_kl"},
}


def make(rows, tokenizer, arguments, *, trainer=WeightedDPOTrainer, seed=1, **more):
    options = {k: more.pop(k) for k in ("mean_weight", "check_gradient", "eval_dataset") if k in more}
    return trainer(
        model=tiny_model("policy"),
        ref_model=tiny_model("policy", seed=seed),
        args=DPOConfig(**{**arguments, "beta": 0.02, **more}),
        train_dataset=Dataset.from_list(rows) if isinstance(rows, list) else rows,
        processing_class=tokenizer,
        **options,
    )


def whole_gradient(trainer):
    trainer.model.train()
    trainer.model.zero_grad()
    rows = [trainer.train_dataset[i] for i in range(len(trainer.train_dataset))]
    loss = trainer.compute_loss(trainer.model, trainer._prepare_inputs(trainer.data_collator(rows)))
    loss.backward()
    return gradients(trainer.model)


def weighted_and_duplicated(rows):
    plain = [{k: v for k, v in row.items() if k != "weight"} for row in rows]
    weighted = [{**row, "weight": float(k)} for row, k in zip(plain, REPEATS, strict=True)]
    return weighted, [dict(row) for row, k in zip(plain, REPEATS, strict=True) for _ in range(k)]


def options_of(loss: str) -> dict:
    options = {"loss_type": loss, **LOSSES[loss]}
    known = inspect.getsource(stock)
    names = options["loss_type"] if isinstance(options["loss_type"], list) else [options["loss_type"]]
    if not all(f'"{name}"' in known for name in names):
        pytest.skip(f"this version of TRL has no loss {names}")
    fields = DPOConfig.__dataclass_fields__
    if not set(options) <= set(fields):
        pytest.skip("this version of TRL has no such option")
    return options


@pytest.mark.parametrize("loss", LOSSES)
def test_weighted_gradient_is_that_of_duplicated_rows(rows, tokenizer, arguments, loss):
    options = options_of(loss)
    weighted, repeated = weighted_and_duplicated(rows)
    ours = whole_gradient(make(weighted, tokenizer, arguments, **options))
    theirs = whole_gradient(make(repeated, tokenizer, arguments, trainer=DPOTrainer, **options))
    plain = whole_gradient(make(weighted, tokenizer, arguments, trainer=DPOTrainer, **options))
    size = largest(theirs)
    assert size > 1e-4
    assert largest_gap(ours, theirs) < 1e-5 * max(1.0, size)
    assert largest_gap(plain, theirs) > 1e-2 * size  # the weights matter here


@pytest.mark.parametrize("loss", ["aot", "aot_unpaired"])
def test_losses_that_sort_rows_are_refused(rows, tokenizer, arguments, loss):
    with pytest.raises(ParameterError, match="sorts the rows.*resampled export"):
        make(rows, tokenizer, arguments, loss_type=loss)


def test_a_loss_over_the_tokens_of_a_batch_is_refused_before_training(rows, tokenizer, arguments):
    trainer = make(rows, tokenizer, arguments, loss_type="sft", max_steps=1)
    with pytest.raises(WeightedGradientError, match="resampled export"):
        trainer.train()


def test_equal_weights_are_stock_training(rows, tokenizer, arguments):
    for row in rows:
        row["weight"] = 7.0
    ours, theirs = (
        make(rows, tokenizer, arguments, trainer=trainer, max_steps=3, per_device_train_batch_size=4)
        for trainer in (WeightedDPOTrainer, DPOTrainer)
    )
    for trainer in (ours, theirs):
        trainer.train()
    start = dict(tiny_model("policy").named_parameters())
    assert largest_gap(start, dict(theirs.model.named_parameters())) > 1e-5
    assert largest_gap(*(dict(t.model.named_parameters()) for t in (ours, theirs))) < 1e-7


def test_gradient_accumulation_equals_one_batch(rows, tokenizer, arguments):
    ended = []
    for size, steps in ((8, 1), (2, 4)):
        trainer = make(
            rows,
            tokenizer,
            arguments,
            per_device_train_batch_size=size,
            gradient_accumulation_steps=steps,
            max_steps=3,
        )
        trainer.train()
        ended.append({k: v.detach().clone() for k, v in trainer.model.named_parameters()})
    assert largest_gap(dict(tiny_model("policy").named_parameters()), ended[0]) > 1e-4
    assert largest_gap(*ended) < 1e-5


def test_precomputed_reference_and_evaluation(rows, tokenizer, arguments, tmp_path):
    """Data on disk: TRL 1.8 itself cannot precompute for data in memory."""
    Dataset.from_list(rows).to_parquet(tmp_path / "rows.parquet")
    stored = Dataset.from_parquet(str(tmp_path / "rows.parquet"), cache_dir=str(tmp_path / "cache"))
    evaluation = stored.select(range(4))
    found = []
    for precompute in (False, True):
        trainer = make(
            stored,
            tokenizer,
            arguments,
            precompute_ref_log_probs=precompute,
            eval_dataset=evaluation,
            max_steps=1,
            per_device_train_batch_size=8,
        )
        assert np.mean(trainer.eval_dataset["weight"]) == pytest.approx(1.0)
        trainer.train()
        found.append((trainer.evaluate()["eval_loss"], dict(trainer.model.named_parameters())))
    assert found[0][0] == pytest.approx(found[1][0], abs=1e-6)
    assert largest_gap(found[0][1], found[1][1]) < 1e-6


def test_reference_scores_need_no_side_columns(rows, tokenizer, arguments):
    """TRL hands all that a batch holds to the model; the two versions of its signature."""
    trainer = make(rows, tokenizer, arguments)
    batch = trainer.data_collator([trainer.train_dataset[i] for i in range(3)])
    assert "weight" in batch
    takes_model = "model" in inspect.signature(DPOTrainer.compute_ref_log_probs).parameters
    given = [trainer.ref_model] if takes_model else []
    for scores in (
        trainer.compute_ref_log_probs(*given, batch),
        trainer.compute_ref_log_probs(*given, inputs=batch),
    ):
        assert [len(side) for side in scores] == [3, 3]
    assert "weight" in batch


def test_the_ridge_is_refused(rows, tokenizer, arguments):
    for row in rows:
        row["l2_chosen"] = row["l2_rejected"] = 0.1
    with pytest.raises(InputError, match="'l2_chosen'.*without regularization"):
        make(rows, tokenizer, arguments)


def test_every_kind_of_output_is_scaled():
    """Tensors with an entry per row, wherever they are; others as they were."""
    weight = torch.tensor([2.0, 5.0])
    base = torch.ones(4, 3, requires_grad=True)

    def model():
        rows = base * 1.0
        return {"logits": rows, "scalar": rows.sum(), "nested": (rows * 2, "text"), "fixed": torch.ones(4)}

    scaled = ScaledGradientModel(model, weight)
    out = scaled()
    assert torch.equal(out["logits"], torch.ones(4, 3))
    out["logits"].sum().backward()
    assert base.grad[:, 0].tolist() == [2.0, 5.0, 2.0, 5.0]
    base.grad = None
    scaled()["nested"][0].sum().backward()
    assert base.grad[:, 0].tolist() == [4.0, 10.0, 4.0, 10.0]
    base.grad = None
    scaled()["scalar"].backward()
    assert base.grad[:, 0].tolist() == [1.0] * 4
    assert scaled.n_scaled == 6
