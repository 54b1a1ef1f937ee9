"""Finished steps are found again, and only for the same inputs."""

from __future__ import annotations

import numpy as np

from cloneproof._core.steps import StepCache, array_digest


def test_a_step_is_made_once_per_key(tmp_path):
    made = []

    def make():
        made.append(1)
        return {"w": np.arange(3.0), "s": np.float64(0.5)}

    for _ in range(2):
        cache = StepCache(tmp_path)
        found = cache.arrays("weights", {"h": 0.3}, make)
        np.testing.assert_array_equal(found["w"], [0.0, 1.0, 2.0])
        assert float(found["s"]) == 0.5
    assert cache.reused == ["weights"]
    assert len(made) == 1
    StepCache(tmp_path).arrays("weights", {"h": 0.4}, make)
    assert len(made) == 2


def test_a_damaged_entry_is_made_anew(tmp_path):
    cache = StepCache(tmp_path)
    cache.record("audit", {}, lambda: [1, {"a": None}])
    (entry,) = tmp_path.iterdir()
    for damage in (b"", b"not a zip", entry.read_bytes()[:-30]):
        entry.write_bytes(damage)
        assert StepCache(tmp_path).record("audit", {}, lambda: [2]) == [2]
        assert StepCache(tmp_path).record("audit", {}, lambda: [3]) == [2]


def test_without_a_folder_nothing_is_kept():
    cache = StepCache(None)
    assert cache.record("audit", {}, lambda: 1) == 1
    assert cache.record("audit", {}, lambda: 2) == 2


def test_the_digest_sees_shape_type_and_content():
    a = np.arange(6.0)
    others = [
        a.reshape(2, 3),
        a.astype(np.float32),
        a + 1e-12,
        None,
        np.array(["a", "b"], dtype=object),
        ["a", "c"],
    ]
    digests = {array_digest(x) for x in [a, *others]}
    assert len(digests) == len(others) + 1
    assert array_digest(a, None) == array_digest(np.arange(6.0), None)
