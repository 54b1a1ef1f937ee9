"""The report verb: the page of a finished run again, from its own folder."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cloneproof.export import read_run
from cloneproof.export.run_reader import _positions


@pytest.fixture
def finished(cloneproof, preference_file, tmp_path):
    out = tmp_path / "run"
    done = cloneproof(
        "fit", preference_file, "--out", out, "--encoder", "surface", "--targets", "2", "--json"
    )
    assert done.code == 0, done.err
    preference_file.unlink()  # the input is not needed any more
    return out


def _numbers(out):
    table = pq.read_table(out / "alternatives.parquet")
    return {name: np.asarray(table[name]) for name in ("weight", "reward", "reward_plain", "rank", "family")}


def test_the_page_comes_back_with_the_same_numbers(cloneproof, finished):
    before, page = _numbers(finished), (finished / "report.html").read_text(encoding="utf-8")
    (finished / "report.html").unlink()
    done = cloneproof("report", finished, "--json")
    assert done.code == 0, done.err
    assert {"weights", "audit"} <= set(done.json["reused"])
    after = _numbers(finished)
    for name, values in before.items():
        assert np.array_equal(values, after[name]), name
    again = (finished / "report.html").read_text(encoding="utf-8")
    assert abs(len(again) - len(page)) < 2000  # seconds per step differ
    manifest = json.loads((finished / "manifest.json").read_text())
    assert manifest["input"]["source"] == "prefs.jsonl"


def test_a_page_elsewhere_leaves_the_run_alone(cloneproof, finished, tmp_path):
    before = {p.name: p.read_bytes() for p in finished.iterdir() if p.is_file()}
    done = cloneproof("report", finished, "--out", tmp_path / "page.html", "--title", "A <b>title</b>")
    assert done.code == 0, done.err
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "A &lt;b&gt;title&lt;/b&gt;" in page
    assert {p.name: p.read_bytes() for p in finished.iterdir() if p.is_file()} == before


def test_a_run_reads_back_as_it_was_written(finished):
    run = read_run(finished)
    table = pq.read_table(finished / "alternatives.parquet")
    assert run.comparisons.ids.tolist() == table["id"].to_pylist()
    rows = pq.read_table(finished / "comparisons.parquet")
    left = run.comparisons.ids[run.comparisons.left].tolist()
    assert left == rows["left"].to_pylist()
    assert run.comparison_weight.sum() == pytest.approx(1.0)
    assert run.options.encoder == "surface"
    assert run.options.targets == 2


def test_a_board_gets_its_page_again(cloneproof, tmp_path):
    battles = tmp_path / "battles.csv"
    battles.write_text("model_a,model_b,winner\n" + "a,b,model_a\nb,c,model_a\na,c,model_b\nc,b,tie\n" * 20)
    assert cloneproof("board", battles, "--out", tmp_path / "board").code == 0
    (tmp_path / "board" / "report.html").unlink()
    done = cloneproof("report", tmp_path / "board", "--json")
    assert done.code == 0, done.err
    assert done.json["kind"] == "board"
    assert "<html" in (tmp_path / "board" / "report.html").read_text(encoding="utf-8")


def test_what_is_no_run_is_told_in_one_line(cloneproof, finished, tmp_path):
    done = cloneproof("report", tmp_path / "nowhere")
    assert done.code == 5
    assert "Is this a run directory?" in done.err
    table = pq.read_table(finished / "comparisons.parquet")
    pq.write_table(table.slice(1), finished / "comparisons.parquet")
    done = cloneproof("report", finished)
    assert done.code == 4
    assert "is not the file that the manifest names" in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_options_of_another_version_are_refused(cloneproof, finished):
    manifest = json.loads((finished / "manifest.json").read_text())
    manifest["options"]["warp"] = 9
    (finished / "manifest.json").write_text(json.dumps(manifest))
    done = cloneproof("report", finished)
    assert done.code == 4
    assert "warp" in done.err


@pytest.mark.parametrize("dictionary", [["x", "y", "z"], ["z", "x"]])
def test_positions_do_not_depend_on_the_dictionary(dictionary):
    names = ["z", "x", "z"]
    column = pa.DictionaryArray.from_arrays(
        pa.array([dictionary.index(name) for name in names], pa.int32()), pa.array(dictionary)
    )
    found = _positions(pa.chunked_array([column]), pa.chunked_array([pa.array(["x", "y", "z"])]))
    assert found.tolist() == [2, 0, 2]
