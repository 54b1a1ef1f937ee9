"""How numbers look."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cloneproof.report.numbers import count, factor, number, percent, plural, signed
from cloneproof.report.svg import log_ticks, nice_ticks, spread_labels


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (number(1.234), "1.23"), (number(-0.5), "−0.50"), (number(0.0), "0.00"), (number(-1e-12), "−1.0e−12"),
        (number(math.nan), "–"), (number(None), "–"), (number(1234567.0), "1.2e6"), (number(12345.6, 1), "12,345.6"),
        (signed(0.25), "+0.25"), (signed(-0.25), "−0.25"), (signed(0.0), "0.00"), (signed(math.inf), "–"),
        (count(1204), "1,204"), (count(1.62), "1.6"), (count(12345.6), "12,346"), (count(0.052), "0.052"),
        (factor(4.171), "×4.17"), (factor(23.13), "×23.1"), (factor(1234.5), "×1,234"), (factor(math.nan), "–"),
        (percent(0.123), "12.3%"), (percent(0.0042), "0.42%"), (percent(1.0), "100%"), (percent(0.0), "0%"),
        (percent(1e-6), "<0.01%"), (percent(None), "–"),
        (plural(1, "family", "families"), "1 family"), (plural(12, "family", "families"), "12 families"),
    ],
)  # fmt: skip
def test_formats(shown, expected):
    assert shown == expected


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1.83), (-3.4, 2.9), (0, 1e-9), (5, 5), (0, 0), (1e6, 3e6), (math.nan, 1)]
)
def test_ticks_cover_the_range_in_even_steps(low, high):
    ticks = nice_ticks(low, high)
    assert 2 <= len(ticks) <= 9
    np.testing.assert_allclose(np.diff(ticks), ticks[1] - ticks[0], rtol=1e-6)
    if math.isfinite(low):
        assert ticks[0] <= low + 1e-15
        assert ticks[-1] >= high - 1e-15


@pytest.mark.parametrize(("low", "high"), [(0.09, 1.5), (0.1, 0.11), (1e-4, 1e4), (3.0, 3.0)])
def test_log_ticks_stay_inside(low, high):
    ticks = log_ticks(low, high)
    assert len(ticks) >= 2
    assert min(ticks) >= low * 0.9
    assert max(ticks) <= high * 1.1


def test_labels_keep_order_gap_and_room():
    wanted = [50.0, 50.0, 52.0, 10.0, 99.0, 98.0]
    places = spread_labels(wanted, 10.0, 0.0, 100.0)
    inorder = sorted(places)
    assert min(np.diff(inorder)) >= 10.0 - 1e-9
    assert inorder[0] >= 0
    assert inorder[-1] <= 100
    assert places[3] == 10.0
    assert np.argsort(places, kind="stable").tolist() == np.argsort(wanted, kind="stable").tolist()
    crowded = spread_labels([5.0] * 30, 10.0, 0.0, 100.0)
    assert max(crowded) <= 100 + 1e-9
    assert spread_labels([], 10.0, 0.0, 100.0) == []
