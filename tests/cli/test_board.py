"""``board`` prints the table in every form, audits it, and refuses what it would not use."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

NAMES = ["north", "south", "east", "west", "west-2"]


def battle_rows(n: int = 900, seed: int = 0) -> list[dict]:
    """Battles of five models, west-2 a copy of west; the longer answer wins somewhat more often."""
    rng = np.random.default_rng(seed)
    strength = np.array([0.7, 0.3, 0.0, -0.4, -0.4])
    rows = []
    for _ in range(n):
        a, b = rng.choice(5, 2, replace=False)
        p = int(rng.integers(6))
        texts = [f"{NAMES[k].removesuffix('-2')} answers {p}, " + "at length " * (k + 1) for k in (a, b)]
        d = strength[a] - strength[b] + 0.2 * (a - b)
        winner = (
            "tie" if rng.random() < 0.1 else "model_a" if rng.random() < 1 / (1 + np.exp(-d)) else "model_b"
        )
        rows.append(
            {
                "model_a": NAMES[a],
                "model_b": NAMES[b],
                "response_a": texts[0].replace("at length " * 5, "at length " * 4),
                "response_b": texts[1].replace("at length " * 5, "at length " * 4),
                "prompt": f"question {p}",
                "winner": winner,
            }
        )
    return rows


@pytest.fixture
def battles(tmp_path):
    path = tmp_path / "battles.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in battle_rows()))
    return path


@pytest.fixture
def families(tmp_path):
    path = tmp_path / "families.csv"
    path.write_text("id,family\n" + "".join(f"{x},{x.removesuffix('-2')}\n" for x in NAMES))
    return path


def test_the_table(cloneproof, battles):
    done = cloneproof("board", battles)
    assert done.code == 0, done.err
    assert "5 in 900 comparisons" in done.out
    assert "What the weights do not fix" in done.out
    assert "robust" not in done.out
    assert done.out.index("north") < done.out.index("west-2")


def test_json_csv_and_markdown_agree(cloneproof, battles, families):
    words = ("board", battles, "--similarity", families)
    as_json = cloneproof(*words, "--json").json
    rows = list(csv.DictReader(io.StringIO(cloneproof(*words, "--to", "csv").out)))
    text = cloneproof(*words, "--to", "md").out
    assert [row["model"] for row in rows] == [row["model"] for row in as_json["alternatives"]]
    assert float(rows[0]["robust_rating"]) == as_json["alternatives"][0]["robust_rating"]
    assert text.count("\n| ") == 1 + 5  # the rule and the models
    by_name = {row["model"]: row for row in as_json["alternatives"]}
    assert by_name["west"]["weight"] == by_name["west-2"]["weight"] == 0.125
    assert by_name["north"]["weight"] == 0.25
    assert "do not fix" in as_json["statement"]


def test_answers_find_the_copy(cloneproof, battles):
    done = cloneproof(
        "board", battles, "--similarity", "answers", "--encoder", "surface", "--scale", "0.4", "--json"
    )
    assert done.code == 0, done.err
    by_name = {row["model"]: row for row in done.json["alternatives"]}
    assert by_name["west"]["family"] == by_name["west-2"]["family"]
    assert by_name["west"]["weight"] + by_name["west-2"]["weight"] == pytest.approx(
        by_name["south"]["weight"], rel=0.35
    )
    assert "6 prompts that all share" in done.json["settings"]["how"]


def test_votes_say_what_they_cannot(cloneproof, battles):
    done = cloneproof("board", battles, "--similarity", "votes")
    assert done.code == 0, done.err
    assert "cannot tell a copy from an equal" in done.out


def test_the_folder_and_editing_families(cloneproof, battles, tmp_path):
    out = tmp_path / "out"
    done = cloneproof(
        "board",
        battles,
        "--similarity",
        "answers",
        "--encoder",
        "surface",
        "--scale",
        "0.4",
        "--audit",
        "-o",
        out,
    )
    assert done.code == 0, done.err
    assert sorted(p.name for p in out.iterdir()) == [
        "board.csv", "board.json", "board.md", "families.csv", "report.html"
    ]  # fmt: skip
    page = (out / "report.html").read_text()
    assert "Ranks, plain and clone-robust" in page
    assert "Thin leads" in page
    listed = (out / "families.csv").read_text()
    edited = tmp_path / "edited.csv"
    edited.write_text(listed.replace("south,south", "south,north"))
    again = cloneproof("board", battles, "--similarity", edited, "--json").json
    by_name = {row["model"]: row for row in again["alternatives"]}
    assert by_name["south"]["family"] == "north"
    assert by_name["south"]["weight"] == pytest.approx(1 / 6)


def test_no_report_writes_none(cloneproof, battles, tmp_path):
    assert cloneproof("board", battles, "-o", tmp_path / "o", "--no-report").code == 0
    assert not (tmp_path / "o" / "report.html").exists()


def test_difference_of_two_runs(cloneproof, battles, tmp_path):
    for name, words in (("old", ()), ("new", ("--without", "east", "--regularization", "0.05"))):
        (tmp_path / f"{name}.json").write_text(cloneproof("board", battles, "--json", *words).out)
    done = cloneproof("board", "--diff", tmp_path / "old.json", tmp_path / "new.json")
    assert done.code == 0, done.err
    assert "removed" in done.out
    assert "east" in done.out
    found = cloneproof("board", "--diff", tmp_path / "old.json", tmp_path / "new.json", "--json").json
    assert found["removed"] == ["east"]
    assert found["settings"]["regularization"] == [0.0, 0.05]


def test_a_published_table_is_reproduced(cloneproof, battles, tmp_path):
    published = tmp_path / "published.csv"
    published.write_text(cloneproof("board", battles, "--to", "csv").out)
    done = cloneproof("board", battles, "--published", published)
    assert "largest difference 0.000 points" in done.out
    assert "0 ranks differ" in done.out
    assert cloneproof("board", battles, "--reference", published).out == done.out
    twice = cloneproof("board", battles, "--reference", published, "--published", published)
    assert (twice.code, "Leave one out" in twice.err) == (2, True)
    found = cloneproof("board", battles, "--published", published, "--anchor", "north=1500", "--json").json
    assert found["published"]["largest_difference"] > 100
    assert found["published"]["largest_difference_shifted"] < 1e-6
    assert found["alternatives"][0]["rating"] == pytest.approx(1500)


def test_audits_and_the_attack(cloneproof, battles, families):
    found = cloneproof(
        "board",
        battles,
        "--similarity",
        families,
        "--audit",
        "--top",
        "3",
        "--attack",
        "south",
        "--copies",
        "5",
        "--json",
    ).json
    assert len(found["drop_k"]) == 2
    assert found["drop_k"][0]["confirmed"] > 0
    assert [x["family"] for x in found["family_selection"]] == ["west"]
    weighted = [x for x in found["composition"] if x["rule"] == "weighted"]
    assert max(x["largest_move"] for x in weighted) < 1e-6
    assert {x["copies"] for x in weighted} == {5}
    assert found["attack"]["copies"] == 5
    assert found["attack"]["best_gain"]["weighted"] > 0
    told = cloneproof("board", battles, "--similarity", families, "--audit", "--attack", "south")
    assert "submitted 27 more times" in told.out
    assert "weights do not remove it" in told.out


def test_length_is_controlled(cloneproof, battles):
    plain = cloneproof("board", battles, "--json").json
    held = cloneproof("board", battles, "--control", "length", "--json").json
    assert held["control"]["length"]["effect"] != 0.0
    spread = [x["alternatives"][0]["rating"] - x["alternatives"][-1]["rating"] for x in (plain, held)]
    assert abs(spread[0] - spread[1]) > 5
    assert "control length" in cloneproof("board", battles, "--control", "length").out


def test_clusters_widen_intervals(cloneproof, tmp_path):
    rows = [row | {"session": k} for k, row in enumerate(battle_rows(300)) for _ in range(4)]
    path = tmp_path / "repeated.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    alone = cloneproof("board", path, "--json").json["alternatives"][0]["standard_error"]
    told = cloneproof("board", path, "--cluster", "session", "--json").json["alternatives"][0][
        "standard_error"
    ]
    assert told == pytest.approx(2 * alone, rel=0.05)


def test_the_bootstrap_checks_the_intervals(cloneproof, battles):
    done = cloneproof("board", battles, "--bootstrap", "40")
    assert "40 resamples: standard errors" in done.out
    found = cloneproof("board", battles, "--bootstrap", "40", "--json").json["bootstrap"]
    assert 0.7 < found["smallest"] <= found["median"] <= found["largest"] < 1.4
    assert set(found["ratio"]) == set(NAMES)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--copies", "3"), 2, "--copies needs"),
        (("--scale", "0.3"), 2, "need --similarity"),
        (("--rows", "product"), 2, "--rows needs --similarity"),
        (("--encoder", "surface", "--similarity", "votes"), 2, "--encoder needs"),
        (("--similarity", "vote"), 2, "takes answers, votes or a CSV"),
        (("--similarity", "none.csv"), 5, "Cannot read"),
        (("--regularization", "small"), 2, "a number or 'auto'"),
        (("--anchor", "north=high"), 2, "takes a number"),
        (("--anchor", "nobody=1000"), 4, "'nobody'"),
        (("--without", "nobody"), 4, "'nobody'"),
        (("--attack", "nobody"), 4, "'nobody'"),
        (("--control", "none"), 4, "has no column 'none'. It has: "),
        (("--cluster", "none"), 4, "none"),
        (("--published", "none.csv"), 5, "none.csv"),
        (("--reference", "none.csv"), 5, "none.csv"),
        (("--bootstrap", "9", "--ties", "davidson"), 2, "leave out"),
        (("--bootstrap", "0"), 2, "n_replicates"),
        (("--reference", "north", "--pairs", "reference"), 2, "no meaning for the shape"),
        (("--diff", "a.json", "b.json"), 2, "reads no file"),
    ],
)
def test_what_is_refused(cloneproof, battles, words, code, message):
    done = cloneproof("board", battles, *words)
    assert done.code == code, done.err
    assert message in done.err


def test_no_file_and_unknown_labels(cloneproof, tmp_path):
    assert cloneproof("board").code == 2
    path = tmp_path / "x.csv"
    path.write_text("model_a,model_b,winner\nx,y,model_a\nx,y,both sad\n")
    done = cloneproof("board", path)
    assert done.code == 4
    assert "--outcome 'both sad=0.5'" in done.err
    assert cloneproof("board", path, "--outcome", "both sad=0.5").code == 0
    path.write_text("model_a,model_b,winner\nx,y,model_a\nx,y,\n")
    assert "give --missing drop" in cloneproof("board", path).err
    path.write_text("one,other,winner\nx,y,model_a\n")
    assert "Name them: --column PART=COLUMN." in cloneproof("board", path).err
