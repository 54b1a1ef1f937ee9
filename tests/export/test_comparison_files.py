"""Comparisons that are written read back the same, in every kind of file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloneproof._core.errors import InputError
from cloneproof.export import labelled_table, weights_table, write_comparisons, write_weights
from cloneproof.preferences import Comparisons, read_comparisons, read_with_report
from tests.strategies import comparisons


@settings(max_examples=80, deadline=None)
@given(comparisons(), st.sampled_from(["parquet", "jsonl", "csv", "tsv"]))
def test_round_trip(c: Comparisons, ending: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        back = read_comparisons(write_comparisons(c, Path(folder) / f"c.{ending}"), unit="model")
    assert [c.ids[k] for k in c.left] == [back.ids[k] for k in back.left]
    assert [c.ids[k] for k in c.right] == [back.ids[k] for k in back.right]
    assert back.outcome.tolist() == c.outcome.tolist()
    assert back.count.tolist() == c.count.tolist()
    assert (None if back.annotator is None else back.annotator.tolist()) == (
        None if c.annotator is None else c.annotator.tolist()
    )
    place = {x: k for k, x in enumerate(c.ids)}
    order = [place[x] for x in back.ids]
    assert back.texts == (None if c.texts is None else tuple(c.texts[k] for k in order))
    assert back.prompts == (None if c.prompts is None else tuple(c.prompts[k] for k in order))


def test_real_rows_round_trip(shared_data: Path, tmp_path: Path) -> None:
    c = read_comparisons(
        shared_data / "llmfao_crowd_comparisons.csv.gz",
        answers=shared_data / "llmfao_responses.parquet",
        prompts=shared_data / "llmfao_prompts.parquet",
    )
    for ending in ("parquet", "csv", "jsonl"):
        back = read_comparisons(write_comparisons(c, tmp_path / f"c.{ending}"))
        assert back.ids.tolist() == c.ids.tolist()
        assert (back.texts, back.prompts) == (c.texts, c.prompts)
        assert back.left.tolist() == c.left.tolist()
        assert back.outcome.tolist() == c.outcome.tolist()
        assert back.annotator is not None
        assert c.annotator is not None
        assert back.annotator.tolist() == c.annotator.tolist()


def test_weights_keyed_by_row(tmp_path: Path) -> None:
    rows = [{"prompt": "p", "chosen": "a", "rejected": r} for r in ("b", "c")]
    reading = read_with_report(rows)
    path = write_weights(
        reading.comparisons, tmp_path / "w.parquet", [1, 3], alternative_weight=[2, 1, 1], rows=reading.rows
    )
    table = pq.read_table(path).to_pydict()
    assert table["row"] == [0, 1]
    assert table["weight"] == [0.5, 1.5]
    assert table["left_weight"] == [0.5, 0.5]
    assert table["right_weight"] == [0.25, 0.25]
    assert table["left"][0] == reading.comparisons.ids[0]
    with pytest.raises(InputError, match="rows must be 2 integers"):
        weights_table(reading.comparisons, [1, 3], rows=[0.5, 1.0])
    with pytest.raises(InputError, match="comparison_weight must be finite"):
        weights_table(reading.comparisons, [1, -3])


def test_weight_column_and_ids_that_look_alike() -> None:
    c = Comparisons.from_arrays([0, 0], [1, 1], ids=np.array([1, "1"], dtype=object))
    with pytest.raises(InputError, match="written alike"):
        labelled_table(c)
    c = Comparisons.from_arrays([0, 0], [1, 1])
    assert labelled_table(c, comparison_weight=[1, 3])["weight"].to_pylist() == [0.25, 0.75]
