"""The weighted reward trainer against duplicated rows, and the ridge against its formula."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from datasets import Dataset
from torch.nn.functional import logsigmoid
from trl import RewardConfig, RewardTrainer

import cloneproof as cp
from cloneproof._core.errors import InputError, ParameterError
from cloneproof.export import training_table
from cloneproof.trl import WeightedGradientError, WeightedRewardMixin, WeightedRewardTrainer
from tests.trl.tiny import ROWS, gradients, largest, largest_gap, tiny_model

pytestmark = pytest.mark.filterwarnings("ignore")


def make(rows, tokenizer, arguments, *, trainer=WeightedRewardTrainer, model=None, **more):
    options = {
        k: v
        for k, v in more.items()
        if k in {"mean_weight", "check_gradient", "eval_dataset", "data_collator"}
    }
    args = RewardConfig(**{**arguments, **{k: v for k, v in more.items() if k not in options}})
    return trainer(
        model=model or tiny_model("reward"),
        args=args,
        train_dataset=Dataset.from_list(rows) if isinstance(rows, list) else rows,
        processing_class=tokenizer,
        **options,
    )


def whole_gradient(trainer):
    """Gradient of one batch that holds the whole training data, without dropout."""
    trainer.model.eval()
    trainer.model.zero_grad()
    rows = [trainer.train_dataset[i] for i in range(len(trainer.train_dataset))]
    loss = trainer.compute_loss(trainer.model, trainer._prepare_inputs(trainer.data_collator(rows)))
    loss.backward()
    return float(loss), gradients(trainer.model)


def duplicated(rows, repeats):
    plain = [{k: v for k, v in row.items() if k != "weight"} for row in rows]
    return [dict(row) for row, k in zip(plain, repeats, strict=True) for _ in range(k)]


REPEATS = [1, 3, 2, 1, 5, 1, 2, 4]


@pytest.mark.parametrize("options", [{}, {"center_rewards_coefficient": 0.1}], ids=["plain", "centred"])
@pytest.mark.parametrize("margin", [False, True], ids=["no margin", "margin"])
def test_weighted_gradient_is_that_of_duplicated_rows(rows, tokenizer, arguments, options, margin):
    for i, row in enumerate(rows):
        row["weight"] = float(REPEATS[i])
        if margin:
            row["margin"] = 0.1 * i
    ours = whole_gradient(make(rows, tokenizer, arguments, **options))
    theirs = whole_gradient(
        make(duplicated(rows, REPEATS), tokenizer, arguments, trainer=RewardTrainer, **options)
    )
    assert largest(theirs[1]) > 0.01
    assert abs(ours[0] - theirs[0]) < 1e-5
    assert largest_gap(ours[1], theirs[1]) < 1e-5


def test_equal_weights_are_stock_training(rows, tokenizer, arguments):
    for row in rows:
        row["weight"] = 7.0
    ours, theirs = (
        make(rows, tokenizer, arguments, trainer=trainer, max_steps=3, per_device_train_batch_size=4)
        for trainer in (WeightedRewardTrainer, RewardTrainer)
    )
    for trainer in (ours, theirs):
        trainer.train()
    assert largest_gap(*(dict(t.model.named_parameters()) for t in (ours, theirs))) < 1e-6


def test_soft_labels_are_two_weighted_rows(tokenizer, arguments):
    texts = [text for row in ROWS[:4] for text in (row["chosen"], row["rejected"])]
    c = cp.Comparisons.from_arrays(
        [0, 2, 4, 6],
        [1, 3, 5, 7],
        outcome=[0.75, 1.0, 0.5, 0.25],
        ids=list("abcdefgh"),
        texts=texts,
        prompts=[row["prompt"] for row in ROWS[:4] for _ in range(2)],
    )
    table = training_table(c, comparison_weight=[1.0, 2.0, 1.0, 3.0])
    assert table.num_rows == 7
    trainer = make(Dataset(table), tokenizer, arguments)
    loss, _ = whole_gradient(trainer)
    scores = rewards_of(trainer, [(c.prompts[i], texts[i]) for i in range(8)])
    gap = scores[[0, 2, 4, 6]] - scores[[1, 3, 5, 7]]
    outcome = torch.tensor([0.75, 1.0, 0.5, 0.25])
    rows = -(outcome * logsigmoid(gap) + (1 - outcome) * logsigmoid(-gap))
    assert loss == pytest.approx(float((rows * torch.tensor([1.0, 2.0, 1.0, 3.0])).sum() / 7), abs=1e-6)


def rewards_of(trainer, pairs):
    """Score prompts and answers one by one, in float64 arithmetic of the results."""
    tokenizer = trainer.processing_class
    scores = []
    with torch.no_grad():
        for prompt, answer in pairs:
            ids = torch.tensor([tokenizer(prompt + answer + tokenizer.eos_token)["input_ids"]])
            scores.append(trainer.model(input_ids=ids).logits[0, 0])
    return torch.stack(scores)


def test_ridge_is_half_lambda_times_the_weighted_sum_of_squares(tokenizer, arguments):
    """The paper's ridge exactly, also where alternatives stand in several rows."""
    texts = [row["chosen"] for row in ROWS]
    left, right = np.array([0, 0, 1, 2, 3, 4, 5, 6]), np.array([1, 2, 2, 3, 4, 5, 6, 7])
    w = np.random.default_rng(0).dirichlet(np.ones(8))
    c = cp.Comparisons.from_arrays(
        left, right, ids=list("abcdefgh"), texts=texts, prompts=["Where is it?"] * 8
    )
    omega, lam = np.arange(1.0, 9.0), 0.7
    with_ridge, without = (
        make(
            Dataset(training_table(c, comparison_weight=omega, alternative_weight=w, regularization=r)),
            tokenizer,
            arguments,
        )
        for r in (lam, 0.0)
    )
    gap = whole_gradient(with_ridge)[0] - whole_gradient(without)[0]
    scores = rewards_of(with_ridge, [("Where is it?", t) for t in texts]).double().numpy()
    assert gap == pytest.approx(lam / 2 * float(w @ scores**2), rel=1e-5)


def test_weights_are_normalised_after_length_filtering(rows, tokenizer, arguments):
    rows[3]["chosen"] *= 20  # TRL drops it
    trainer = make(rows, tokenizer, arguments, eval_dataset=Dataset.from_list(rows))
    kept = [row["weight"] for i, row in enumerate(rows) if i != 3]
    for dataset in (trainer.train_dataset, trainer.eval_dataset):
        found = np.array(dataset["weight"])
        assert found.mean() == pytest.approx(1.0, abs=1e-12)
        assert found == pytest.approx(np.array(kept) / np.mean(kept))


def test_weights_survive_shuffling_map_and_the_loader(rows, tokenizer, arguments):
    dataset = Dataset.from_list(rows).shuffle(seed=3).map(lambda row: {"extra": len(row["chosen"])})
    trainer = make(dataset, tokenizer, arguments, per_device_train_batch_size=3)
    mean = np.mean([row["weight"] for row in rows])
    expected = {
        tuple(tokenizer(r["prompt"] + r["chosen"] + "</s>")["input_ids"]): r["weight"] / mean for r in rows
    }
    seen = 0
    for batch in trainer.get_train_dataloader():
        n = len(batch["weight"])
        for ids, mask, weight in zip(
            batch["input_ids"][:n], batch["attention_mask"][:n], batch["weight"], strict=True
        ):
            assert float(weight) == pytest.approx(expected[tuple(ids[mask == 1].tolist())], rel=1e-6)
            seen += 1
    assert seen == len(rows)


@pytest.mark.parametrize("drop", [True, False])
def test_remove_unused_columns_keeps_weights(rows, tokenizer, arguments, drop):
    trainer = make(rows, tokenizer, arguments, remove_unused_columns=drop)
    assert "weight" in next(iter(trainer.get_train_dataloader()))


def test_evaluation_loss_is_the_weighted_mean(rows, tokenizer, arguments):
    """Also over batches of unequal size; an evaluation set without weights counts every row once."""
    plain = [{k: v for k, v in row.items() if k != "weight"} for row in rows]
    trainer = make(
        rows,
        tokenizer,
        arguments,
        per_device_eval_batch_size=3,
        eval_dataset={"heavy": Dataset.from_list(rows), "plain": Dataset.from_list(plain)},
    )
    found = trainer.evaluate()
    trainer.model.eval()
    scores = rewards_of(
        trainer, [(r["prompt"], r[side]) for r in rows for side in ("chosen", "rejected")]
    ).view(-1, 2)
    losses = -logsigmoid(scores[:, 0] - scores[:, 1]).numpy()
    weights = np.array([row["weight"] for row in rows])
    assert found["eval_heavy_loss"] == pytest.approx(np.average(losses, weights=weights), abs=1e-5)
    assert found["eval_plain_loss"] == pytest.approx(losses.mean(), abs=1e-5)


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
    start = dict(tiny_model("reward").named_parameters())
    assert largest_gap(start, ended[0]) > 1e-3
    assert largest_gap(*ended) < 1e-5


def test_own_collators_and_subclasses_are_used(rows, tokenizer, arguments):
    calls = []

    class Mine(RewardTrainer):
        def training_step(self, *args, **kwargs):
            calls.append("step")
            return super().training_step(*args, **kwargs)

    class WeightedMine(WeightedRewardMixin, Mine):
        pass

    stock = make(rows, tokenizer, arguments).data_collator.inner

    def collate(examples):
        assert not any("weight" in example for example in examples)
        calls.append("collate")
        return stock(examples)

    trainer = make(
        rows,
        tokenizer,
        arguments,
        trainer=WeightedMine,
        data_collator=collate,
        max_steps=1,
        check_gradient=False,
    )
    trainer.train()
    assert calls == ["collate", "step"] or set(calls) == {"collate", "step"}


def test_a_loss_that_mixes_rows_is_refused_before_training(rows, tokenizer, arguments):
    class Mixing(RewardTrainer):
        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            outputs = model(**inputs)
            chosen, rejected = outputs.logits.squeeze(-1).chunk(2)
            loss = -logsigmoid(chosen.sort().values - rejected.sort().values).mean()
            return (loss, outputs) if return_outputs else loss

    class WeightedMixing(WeightedRewardMixin, Mixing):
        pass

    trainer = make(rows, tokenizer, arguments, trainer=WeightedMixing, max_steps=1)
    before = {k: v.detach().clone() for k, v in trainer.model.named_parameters()}
    with pytest.raises(WeightedGradientError, match="resampled export"):
        trainer.train()
    assert largest_gap(before, dict(trainer.model.named_parameters())) == 0


def test_the_check_leaves_the_run_as_it_was(rows, tokenizer, arguments):
    ended = []
    for check in (True, False):
        model = tiny_model("reward")
        model.config.attention_dropout = 0.3
        trainer = make(rows, tokenizer, arguments, model=model, check_gradient=check, max_steps=2)
        trainer.train()
        ended.append({k: v.detach().clone() for k, v in trainer.model.named_parameters()})
    assert largest_gap(*ended) == 0


def test_training_data_without_weights_is_refused(rows, tokenizer, arguments):
    plain = [{k: v for k, v in row.items() if k != "weight"} for row in rows]
    with pytest.raises(ParameterError, match="needs a column 'weight'.*training_table"):
        make(plain, tokenizer, arguments)


@pytest.mark.parametrize("bad", [-1.0, float("nan"), None], ids=["negative", "nan", "missing"])
def test_bad_weights_name_the_row(rows, tokenizer, arguments, bad):
    rows[2]["weight"] = bad
    with pytest.raises(InputError, match=r"1 of 8 are not, first: .* \(row 2\)"):
        make(rows, tokenizer, arguments)


def test_streams_need_the_mean_weight(rows, tokenizer, arguments):
    stream = Dataset.from_list(rows).to_iterable_dataset()
    with pytest.raises(ParameterError, match="mean weight cannot be measured"):
        make(stream, tokenizer, arguments, max_steps=1)
    trainer = make(stream, tokenizer, arguments, max_steps=1, mean_weight=2.0, per_device_train_batch_size=8)
    batch = next(iter(trainer.get_train_dataloader()))
    assert batch["weight"].tolist() == pytest.approx([row["weight"] / 2 for row in rows])
    trainer.train()


@pytest.mark.slow
def test_minilm_gradient_is_that_of_duplicated_rows(rows, arguments, minilm_folder):
    """A BERT tokenizer has no eos_token, which TRL needs."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    def load():
        torch.manual_seed(0)
        return AutoModelForSequenceClassification.from_pretrained(minilm_folder, num_labels=1)

    tokenizer = AutoTokenizer.from_pretrained(minilm_folder)
    assert tokenizer.eos_token is None
    for row, k in zip(rows, REPEATS, strict=True):
        row["weight"] = float(k)
    ours = whole_gradient(make(rows, tokenizer, arguments, model=load()))
    assert tokenizer.eos_token == tokenizer.sep_token
    theirs = whole_gradient(
        make(duplicated(rows, REPEATS), tokenizer, arguments, trainer=RewardTrainer, model=load())
    )
    assert largest_gap(ours[1], theirs[1]) < 1e-5 * max(1.0, largest(theirs[1]))
