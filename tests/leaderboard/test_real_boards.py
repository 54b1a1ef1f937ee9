"""Boards on real data: crowd votes with ties, AlpacaEval 2 as an arena, statements of a conversation."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from cloneproof._core.errors import UncertaintyWarning
from cloneproof.leaderboard import (
    answer_vectors,
    audit_composition,
    audit_neighbours,
    leave_out,
    make_board,
    read_answers,
    weigh_by_families,
)
from cloneproof.preferences import read_comparisons, read_with_report
from cloneproof.rewards import BradleyTerry

GEMMA, REFERENCE = "FuseChat-Gemma-2-9B-Instruct", "gpt4_1106_preview"


@pytest.fixture(autouse=True)
def _warnings_on_intervals():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UncertaintyWarning)
        yield


def load_benchmark(name: str):
    path = Path(__file__).parents[2] / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def crowd(shared_data):
    return read_comparisons(shared_data / "llmfao_crowd_comparisons.csv.gz", unit="model")


def test_crowd_votes(crowd):
    board = make_board(crowd)
    assert len(board.ids) == 59
    assert crowd.n_annotators == 124
    assert (crowd.outcome == 0.5).sum() == 3471
    assert board.settings["regularization"] == 0.0
    assert board.ids[board.order[0]] == "GPT 4"
    davidson = make_board(crowd, ties="davidson")
    assert davidson.settings["tie_parameter"] > 0.5
    assert np.corrcoef(davidson.plain.rank, board.plain.rank)[0, 1] > 0.98


def test_crowd_votes_as_evalica_has_them(crowd):
    evalica = pytest.importorskip("evalica")
    winner = [
        evalica.Winner.X if y == 1 else evalica.Winner.Y if y == 0 else evalica.Winner.Draw
        for y in crowd.outcome
    ]
    names = crowd.ids.astype(object)
    found = evalica.bradley_terry(
        names[crowd.left].tolist(),
        names[crowd.right].tolist(),
        winner,
        tie_weight=0.5,
        tolerance=1e-12,
        limit=20_000,
    )
    published = 400 / np.log(10) * np.log(found.scores[list(crowd.ids)].to_numpy())
    ours = make_board(crowd).plain.rating
    difference = ours - published
    assert np.ptp(difference) < 0.01  # hundredths of a point, after the additive constant


def test_crowd_answers_name_the_models(crowd, shared_data):
    answers = read_answers(shared_data / "llmfao_responses.parquet")
    assert set(crowd.ids) <= set(answers.name)
    rng = np.random.default_rng(0)
    texts = {text: rng.normal(size=4) for text in dict.fromkeys(answers.text)}
    vectors, how = answer_vectors(
        crowd.ids.tolist(), answers.name, answers.prompt, np.array([texts[t] for t in answers.text])
    )
    assert len(vectors) == 59
    assert "11 prompts that all share" in how


def test_thin_leads_and_copies_of_the_crowd(crowd):
    leads = audit_neighbours(crowd, top=4)
    assert all(x.confirmed is not None and x.confirmed <= 40 for x in leads)
    moves = audit_composition(crowd, np.ones(59), rows="product")
    assert max(x.largest_move for x in moves if x.rule == "plain") > 5
    assert max(x.largest_move for x in moves if x.rule == "weighted") < 1e-6


@pytest.mark.slow
def test_four_siblings_decide_who_leads(shared_data):
    """Selected, and dependent on the tie band: with a band of .1 the order is the same with and without them."""
    gaps = {}
    for band in (0.01, 0.1):
        reading = read_with_report(
            shared_data / "alpacaeval2_outputs.parquet",
            "scored",
            columns={"prompt": "instruction_id"},
            unit="model",
            tie_band=band,
        )
        arena, _ = leave_out(reading.comparisons, ["NullModel"])
        siblings = [x for x in arena.ids if x.startswith("FuseChat") and x != GEMMA]
        without, _ = leave_out(arena, siblings)
        names = arena.ids.tolist()
        family = weigh_by_families(names, ["F" if x.startswith("FuseChat") else x for x in names], "test")
        assert len(siblings) == 4
        assert len(names) == 57
        for rule, c, w in (
            ("all", arena, None),
            ("without", without, None),
            ("weighted", arena, family.weight),
        ):
            r = BradleyTerry(regularization=0).fit(c, w).rewards_
            place = c.ids.tolist()
            gaps[rule, band] = 400 / np.log(10) * (r[place.index(GEMMA)] - r[place.index(REFERENCE)])
    assert gaps["all", 0.01] == pytest.approx(14.5, abs=0.1)
    assert gaps["without", 0.01] == pytest.approx(-18.2, abs=0.1)
    assert gaps["weighted", 0.01] == pytest.approx(-19.1, abs=0.1)
    assert all(gaps[rule, 0.1] < 0 for rule in ("all", "without", "weighted"))


@pytest.mark.slow
def test_the_benchmark_agrees_with_the_reader(shared_data):
    module = load_benchmark("alpaca_fusechat")
    arena = module.read_arena(shared_data)
    found = module.battles(arena.scores, 0.01)
    gaps = module.gaps(arena, found.comparisons(np.ones(len(arena.scores)), arena.models))
    np.testing.assert_allclose(gaps, [14.52, -18.24, -19.08], atol=0.01)
    draws = module.bootstrap(arena, found, 20, 0)
    fall = draws[:, 0] - draws[:, 2]
    assert (fall > 20).all()  # what the weights take is sure; on which side of 0 the gap lies is not


def test_statements_of_a_conversation(shared_data):
    module = load_benchmark("polis_boards")
    c, texts = module.read_conversation(shared_data, "brexit-consensus")
    assert c.n_alternatives == len(texts) == 50
    board = module.board_of(c, texts, "surface")
    again = read_votes_by_reader(shared_data, texts)
    by_name = dict(zip(board.ids, board.plain.rating, strict=True))
    ours = make_board(again, regularization=0.01).plain.rating
    np.testing.assert_allclose(ours, [by_name[str(x)] for x in again.ids], atol=1e-6)


def read_votes_by_reader(folder, texts):
    """The same comparisons by the reader of scored rows: voters as prompts, statements as models."""
    import pyarrow.parquet as pq

    table = pq.read_table(folder / "polis_votes.parquet", filters=[("conversation", "=", "brexit-consensus")])
    return read_comparisons(
        table.select(["voter_id", "comment_id", "vote"]),
        "scored",
        columns={"prompt": "voter_id", "name": "comment_id", "score": "vote"},
        unit="model",
    )
