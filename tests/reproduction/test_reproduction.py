"""The reproduced case study: exact where it can be, resumable, and honest about what it was made of."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from scipy.stats import binomtest

from cloneproof._core.errors import FileAccessError, ParameterError, RemoteServiceError
from cloneproof._core.steps import StepCache
from cloneproof.audit.case_parts import ORIGINAL_TOPICS, make_situations, weigh_situation
from cloneproof.cli.app import run
from cloneproof.data import TOPICS, load_paris
from cloneproof.preferences import Comparisons, Population, Taste, population_win_rates
from cloneproof.reproduction import (
    NetworkSettings,
    PaperOptions,
    choose_texts,
    paper_tables,
    paper_weightings,
    reproduce_paper,
    study_populations,
)
from cloneproof.reproduction import network_case as case_module
from cloneproof.reproduction.population import wilson_interval
from cloneproof.rewards import BradleyTerry
from tests.embeddings.fake_endpoint import fake_endpoint

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

SMALL = PaperOptions(n_repeats=2, n_comparisons=100, n_populations=3, network=NetworkSettings(n_steps=4))


@pytest.fixture(scope="module")
def situations():
    return make_situations(load_paris(), 8)


@pytest.fixture(scope="module")
def weights(situations):
    chosen = {name: paper_weightings()[name] for name in ("plain", "diversity", "family, told")}
    return {name: tuple(weigh_situation(e, s) for s in situations) for name, e in chosen.items()}


# ---- random populations --------------------------------------------------------------------------


def test_topics_with_summed_weights_are_exactly_what_all_texts_give(situations, weights) -> None:
    """The shortcut of ranking populations against fits of 192 and 256 texts."""
    study = study_populations(situations, weights, kind="rankings", n_populations=2, random_state=5)
    for name, pair in weights.items():
        shifts = []
        for k in range(2):
            rng = np.random.default_rng([5, 0, k])
            shares = rng.dirichlet(np.ones(6))
            sides = []
            for situation, w in zip(situations, pair, strict=True):
                tastes = tuple(
                    Taste.from_ranking(
                        float(share),
                        [t.replace("food", "food=restaurants") for t in ranking],
                        situation.labels,
                    )
                    for share, ranking in zip(
                        shares / shares.sum(), itertools.permutations(ORIGINAL_TOPICS), strict=True
                    )
                )
                c = Comparisons.from_win_rates(population_win_rates(Population(tastes=tastes, noise=0.0)))
                full = np.full(len(situation.points), 1.0 / len(situation.points)) if w is None else w
                sides.append(BradleyTerry(regularization=0.01).fit(c, alternative_weight=full).rewards_)
            stayed = np.isin(situations[1].positions, situations[0].positions)
            move = sides[1][stayed] - sides[0]
            shifts.append(np.abs(move - move.mean()).max())
        assert study[name].max_shift_centred.mean == pytest.approx(np.mean(shifts), abs=1e-7)


def test_told_families_never_flip_and_plain_does_sometimes(situations, weights) -> None:
    study = study_populations(situations, weights, kind="rankings", n_populations=150, random_state=0)
    assert study["family, told"].n_flips == 0
    assert study["family, told"].max_shift_centred.mean < 1e-6
    plain = study["plain"]
    assert 2 <= plain.n_flips <= 20  # 5 % of 20,000 in tests/audit/test_case_study.py
    assert study["diversity"].max_shift_centred.mean < 0.5 * plain.max_shift_centred.mean
    assert f"plain: {plain.flip_rate.mean:.1%}" in study.sentence()


def test_linear_tastes_move_single_texts_under_every_weighting(situations, weights) -> None:
    study = study_populations(situations, weights, kind="linear", n_populations=3, random_state=1)
    for row in study.rows:
        assert row.max_shift_centred.mean > 0
        assert 0 < row.relative_shift.mean < 0.2


def test_populations_are_found_again_in_the_cache(situations, weights, tmp_path) -> None:
    steps = StepCache(tmp_path)
    first = study_populations(situations, weights, kind="rankings", n_populations=60, steps=steps)
    assert steps.reused == []
    again = StepCache(tmp_path)
    assert study_populations(situations, weights, kind="rankings", n_populations=60, steps=again) == first
    assert again.reused == ["populations", "populations"]
    assert first != study_populations(situations, weights, kind="rankings", n_populations=60, random_state=1)
    with pytest.raises(ParameterError, match="kind"):
        study_populations(situations, weights, kind="quadratic")


@pytest.mark.parametrize(("count", "total"), [(0, 40), (3, 40), (40, 40)])
def test_wilson_interval_is_scipys(count: int, total: int) -> None:
    found = wilson_interval(count, total)
    expected = binomtest(count, total).proportion_ci(0.95, method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


# ---- the networks ----------------------------------------------------------------------------------


def test_a_killed_run_goes_on_where_it_stopped(tmp_path, monkeypatch) -> None:
    calls = []
    train = case_module.train_networks

    def counted(samples, *arguments, **options):
        calls.append(len(samples))
        if len(calls) == 7 and not (tmp_path / "stopped").exists():
            (tmp_path / "stopped").touch()
            raise KeyboardInterrupt
        return train(samples, *arguments, **options)

    monkeypatch.setattr(case_module, "train_networks", counted)
    chosen = {name: paper_weightings()[name] for name in ("plain", "diversity")}
    options = PaperOptions(
        n_repeats=2, n_comparisons=100, n_populations=0, network=NetworkSettings(n_steps=4)
    )
    with pytest.raises(KeyboardInterrupt):
        reproduce_paper(options, weightings=chosen, cache=tmp_path)
    resumed = reproduce_paper(options, weightings=chosen, cache=tmp_path)
    assert len(calls) == 6 + 1 + 4  # ten steps; the interrupted one and those after it are made anew
    fresh = reproduce_paper(options, weightings=chosen)
    assert json.dumps(resumed.to_dict()) == json.dumps(fresh.to_dict())
    assert resumed.populations == ()


def test_training_brings_out_what_annotators_prefer(situations) -> None:
    c = Comparisons.from_win_rates(population_win_rates(situations[0].population))
    rewards = case_module.train_networks(
        [c, c], situations[0].points, None, NetworkSettings(), random_state=0
    )
    assert rewards.shape == (2, 192)
    for row in rewards:
        means = {topic: row[situations[0].labels == topic].mean() for topic in ORIGINAL_TOPICS}
        assert max(means, key=means.__getitem__) == "romance"
        assert min(means, key=means.__getitem__) == "food"


# ---- the command -----------------------------------------------------------------------------------


def test_the_command_writes_tables_figures_and_a_page(tmp_path, capsys) -> None:
    out = tmp_path / "paper"
    words = [
        "reproduce",
        "paper",
        "--out",
        str(out),
        "--repeats",
        "2",
        "--comparisons",
        "100",
        "--steps",
        "4",
        "--populations",
        "3",
    ]
    assert run([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {p.name for p in out.iterdir()} == {"results.json", "tables.md", "figures", "report.html", "cache"}
    assert {p.name for p in (out / "figures").iterdir()} == {
        f"{name}.{kind}" for name in ("rewards", "shifts", "populations") for kind in ("png", "svg")
    }
    assert (out / "figures" / "rewards.png").read_bytes().startswith(b"\x89PNG")
    assert (out / "figures" / "rewards.svg").read_text().startswith("<?xml")
    page = (out / "report.html").read_text()
    for part in (
        'id="rewards"',
        'id="shifts"',
        'id="populations-rankings"',
        'id="populations-linear"',
        'id="made"',
        "Content-Security-Policy",
    ):
        assert part in page, part
    kept = json.loads((out / "results.json").read_text())
    assert kept["study"] == "paper"
    assert kept["case"] == told["case"]
    assert [row["weighting"] for row in kept["case"]["rows"]] == list(paper_weightings())
    figure = (out / "figures" / "shifts.svg").read_bytes()
    assert run(words) == 0  # everything from the cache, and the same bytes
    printed = capsys.readouterr().out
    assert (out / "figures" / "shifts.svg").read_bytes() == figure
    assert (out / "tables.md").read_text().split("\n\n")[1] in printed
    assert "near-copies of food change the winner" in printed


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path, capsys) -> None:
    (tmp_path / "report.html").write_text("mine")
    assert run(["reproduce", "paper", "--out", str(tmp_path)]) == FileAccessError.exit_code
    assert "which no reproduction wrote" in capsys.readouterr().err
    assert (tmp_path / "report.html").read_text() == "mine"
    assert run(["reproduce", "paper", "--out", str(tmp_path / "report.html")]) == 5
    assert run(["reproduce", "paper", "--out", str(tmp_path / "new"), "--repeats", "1"]) == 2
    assert not (tmp_path / "new" / "results.json").exists()


def test_tables_hold_every_weighting() -> None:
    chosen = {name: paper_weightings()[name] for name in ("plain", "family, told")}
    tables = paper_tables(reproduce_paper(SMALL, weightings=chosen))
    assert list(tables) == [
        "paper-rewards",
        "paper-shifts",
        "paper-populations-rankings",
        "paper-populations-linear",
    ]
    for body in tables.values():
        widths = {line.count("|") for line in body.splitlines()}
        assert len(widths) == 1
        assert "family, told" in body


# ---- the paper's own setting through an endpoint -------------------------------------------------------


def chat_answer(text: str):
    message = {"role": "assistant", "content": text}
    body = {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
    }
    return (200, body, None)


def test_texts_and_embeddings_come_from_an_endpoint_and_are_paid_once(tmp_path, monkeypatch) -> None:
    pytest.importorskip("openai")
    with fake_endpoint() as endpoint:
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
        endpoint.tricks = [chat_answer(f" Paris,\n number {k} ") for k in range(9)] + [chat_answer("  ")]
        with pytest.raises(RemoteServiceError, match="empty text"):
            choose_texts(encoder="openai:small", chat_model="gpt-4o-mini", n_per_topic=4, cache=tmp_path)
        asked = len(endpoint.requests)
        assert asked == 10
        assert "food" in endpoint.requests[0]["messages"][0]["content"]
        endpoint.tricks = [chat_answer(f"Paris again, number {k}") for k in range(7)]
        paris, described = choose_texts(
            encoder="openai:small", chat_model="gpt-4o-mini", n_per_topic=4, cache=tmp_path
        )
        chats = [request for request in endpoint.requests if "messages" in request]
        assert len(chats) == 10 + 7
        assert paris.texts[0] == "Paris, number 0"
        assert list(paris.topics) == [topic for topic in TOPICS for _ in range(4)]
        assert paris.embeddings.shape == (16, 5)
        assert described == "texts by gpt-4o-mini, embeddings by openai:small"
        before = len(endpoint.requests)
        again, _ = choose_texts(
            encoder="openai:small", chat_model="gpt-4o-mini", n_per_topic=4, cache=tmp_path
        )
        assert len(endpoint.requests) == before
        np.testing.assert_array_equal(again.embeddings, paris.embeddings)
        options = PaperOptions(
            n_repeats=2, n_comparisons=50, n_components=2, n_populations=2, network=NetworkSettings(n_steps=3)
        )
        found = reproduce_paper(options, texts=paris, described=described, weightings={"plain": None})
        assert found.to_dict()["texts"] == described
    assert "sk-secret" not in "".join(
        p.read_text(errors="replace") for p in tmp_path.rglob("*") if p.is_file()
    )


def test_a_missing_key_is_named_and_an_error_hides_it(monkeypatch) -> None:
    pytest.importorskip("openai")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ParameterError, match="OPENAI_API_KEY"):
        choose_texts(encoder="minilm", chat_model="gpt-4o-mini")
    with pytest.raises(ParameterError, match="need an encoder"):
        choose_texts(chat_model="gpt-4o-mini")
    with fake_endpoint() as endpoint:
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
        endpoint.tricks = [(401, {"error": {"message": "bad key sk-secret"}}, None)]
        with pytest.raises(RemoteServiceError) as caught:
            choose_texts(encoder="openai:small", chat_model="gpt-4o-mini", n_per_topic=4)
    assert "sk-secret" not in str(caught.value)
    assert "***" in str(caught.value)


def test_the_packaged_texts_need_nothing() -> None:
    paris, described = choose_texts()
    assert paris.n_alternatives == 256
    assert described == "packaged texts, MiniLM embeddings"
