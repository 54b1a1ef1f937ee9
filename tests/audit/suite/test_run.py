"""A run is the same for the same seed, goes on after a stop, and outlives methods that fail."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

import numpy as np
import pytest

from cloneproof._core.errors import ParameterError
from cloneproof._core.progress import report_progress_to
from cloneproof.audit.suite import (
    METHODS,
    SuiteOptions,
    SuiteResult,
    markdown_tables,
    register_method,
    run_suite,
    summarise,
)
from cloneproof.audit.suite.summary import attack_matrix, dose_table

FEW = SuiteOptions(
    attacks=("exact-copies", "duplicated-pairs"),
    searched=("exact-copies",),
    methods=("drop-duplicates", "diversity", "family-told"),
    copies=(1, 5),
    n_targets=2,
    n_repeats=2,
    budget=3,
)


def told(result):
    return [
        {k: repr(v) for k, v in asdict(row).items() if k != "seconds"}
        for row in (*result.rows, *result.clean)
    ]


def test_the_same_seed_gives_the_same_result(sparse_world):
    one, other = run_suite(sparse_world, FEW), run_suite(sparse_world, FEW)
    assert told(one) == told(other)
    another = run_suite(sparse_world, replace(FEW, random_state=1))
    assert told(one) != told(another)


def test_every_setting_meets_every_method(dense_world):
    result = run_suite(dense_world, FEW)
    # two attacks x (two copies x two draws + influence) + one search, on plain and three methods
    assert len(result.rows) == (2 * 5 + 1) * 4
    assert result.methods == ("plain", "drop-duplicates", "family-told", "diversity")
    worst = result.select(attack="exact-copies", targeting="influence", method="plain")
    assert [row.copies for row in worst] == [5]
    searched = result.select(targeting="search", method="plain")
    assert searched[0].max_shift_sd >= worst[0].max_shift_sd
    same = {row.targets for row in result.select(targeting="random", repeat=0)}
    assert len(same) == 1  # attacks are compared on the same targets
    assert result.select(method="family-told", attack="exact-copies")[0].max_shift_sd < 1e-6


def test_a_stopped_run_goes_on(sparse_world, tmp_path):
    class StopError(Exception):
        pass

    class Reporter:
        """Stops the run after ten cells."""

        def __init__(self, limit):
            self.left = limit

        def start(self, description, total):
            def advance(n):
                if description == "attacks":
                    self.left -= n
                    if self.left == 0:
                        raise StopError

            return advance

        def finish(self):
            pass

    fits = []

    @dataclass(frozen=True)
    class Counting:
        name: str = "counting"
        about: str = "plain, and counts its fits"

        def fit(self, case):
            fits.append(len(case.embeddings))
            return case.fit_rewards()

    register_method(Counting())
    options = replace(FEW, methods=("counting",), targeting=("random",))
    try:
        with pytest.raises(StopError), report_progress_to(Reporter(10)):
            run_suite(sparse_world, options, cache=tmp_path)
        before = len(fits)
        assert 0 < before < 9
        resumed = run_suite(sparse_world, options, cache=tmp_path)
        assert len(fits) == 1 + 8  # the clean fit and each cell once, over both runs
        again = run_suite(sparse_world, options, cache=tmp_path)
        assert len(fits) == 9
        assert asdict(again.rows[0]) == asdict(resumed.rows[0])  # the seconds too: nothing was run
        assert told(resumed) == told(run_suite(sparse_world, options))
        other = replace(sparse_world, regularization=0.02)
        run_suite(other, options, cache=tmp_path)
        assert len(fits) > 18  # another world is another run
    finally:
        METHODS.pop("counting")


def test_a_damaged_cell_is_made_anew(sparse_world, tmp_path):
    options = replace(FEW, methods=("diversity",), attacks=("exact-copies",), targeting=("random",))
    first = run_suite(sparse_world, options, cache=tmp_path)
    cell = next((tmp_path / "cells").glob("cell-*"))
    cell.write_bytes(cell.read_bytes()[:40])
    assert told(run_suite(sparse_world, options, cache=tmp_path)) == told(first)


def test_a_method_that_fails_does_not_end_the_run(sparse_world):
    @dataclass(frozen=True)
    class Fragile:
        name: str = "fragile"
        about: str = "breaks on clones"

        def fit(self, case):
            if len(case.embeddings) > case.world.n_alternatives:
                raise ZeroDivisionError("of <b>course</b>")
            return case.fit_rewards()

    register_method(Fragile())
    try:
        result = run_suite(sparse_world, replace(FEW, methods=("fragile",), targeting=("random", "search")))
    finally:
        METHODS.pop("fragile")
    rows = result.select(method="fragile")
    assert all("ZeroDivisionError" in row.error for row in rows)
    assert all(np.isnan(row.max_shift) for row in rows)
    assert any("fragile: failed" in note for note in result.notes)
    (summary,) = [x for x in summarise(result) if x.method == "fragile"]
    assert summary.n_failed == summary.n_cells == len(rows)
    assert np.isfinite(summarise(result)[0].mean_shift_sd)


def test_results_survive_json_and_frames(dense_world):
    result = run_suite(dense_world, replace(FEW, targeting=("random",)))
    text = json.dumps(result.to_dict(), allow_nan=False)
    back = SuiteResult.from_dict(json.loads(text))
    assert told(back) == told(result)
    frame = result.to_frame("pandas")
    assert len(frame) == len(result.rows)
    assert frame["max_shift"].dtype == float
    assert frame["targets"][0] == " ".join(str(x) for x in result.rows[0].targets)


def test_tables_hold_the_means_of_the_cells(dense_world):
    result = run_suite(dense_world, FEW)
    attacks, table = attack_matrix(result)
    cells = result.select(method="plain", attack=attacks[0], copies=5, targeting="random")
    assert table[0][0] == pytest.approx(np.mean([row.max_shift_sd for row in cells]))
    copies, doses = dose_table(result)
    assert copies == [1, 5]
    assert doses[0][1] > doses[0][0]
    tables = markdown_tables(result)
    assert tables["attacks"].splitlines()[2].startswith("| plain | ")
    assert all(len({x.count("|") for x in t.splitlines()}) == 1 for t in tables.values())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"copies": ()}, "at least one number"),
        ({"copies": (0,)}, "integer of at least 1"),
        ({"targeting": ("luck",)}, "'random'"),
        ({"methods": ("plane",)}, "'plain'"),
        ({"attacks": ("nuke",)}, "'exact-copies'"),
        ({"budget": 0}, "budget"),
    ],
)
def test_wrong_options_are_named(wrong, message):
    with pytest.raises(ParameterError, match=message):
        SuiteOptions(**wrong)
