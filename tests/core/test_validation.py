"""Every bad parameter gets one sentence that says what was expected and what came."""

from __future__ import annotations

import numpy as np
import pytest

from cloneproof._core.errors import CloneProofError, InputError, MissingExtraError, ParameterError
from cloneproof._core.extras import has_module, require
from cloneproof._core.progress import report_progress_to, track
from cloneproof._core.validation import as_weights, check_choice, check_integer, check_number, generator


@pytest.mark.parametrize("value", [-1.0, np.inf, np.nan, "1", None, True, 1j])
def test_a_number_outside_its_interval_is_refused(value):
    with pytest.raises(ParameterError, match=r"^regularization must be a number in \[0, inf\)\. Got "):
        check_number("regularization", value, low=0.0)


@pytest.mark.parametrize("value", [0, 1.5, np.float32(2), np.int8(3)])
def test_numbers_of_any_kind_are_taken(value):
    assert check_number("x", value, low=0.0) == float(value)


@pytest.mark.parametrize("value", [0, 1.0, "2", True, None, np.nan])
def test_integers_are_integers(value):
    with pytest.raises(ParameterError, match="n must be an integer of at least 1"):
        check_integer("n", value, low=1)
    assert check_integer("n", np.int64(7), low=1) == 7


def test_a_choice_lists_what_is_known():
    with pytest.raises(ParameterError, match="must be one of 'a', 'b'. Got 'c'"):
        check_choice("option", "c", ("a", "b"))


def test_weights_are_scaled_and_checked():
    np.testing.assert_allclose(as_weights([1, 3], 2, name="w", per="alternative"), [0.25, 0.75])
    with pytest.raises(InputError, match=r"shape \(2,\), expected \(3,\): one per alternative"):
        as_weights([1, 2], 3, name="w", per="alternative")
    with pytest.raises(InputError, match=r"2 of 3 are not, first: nan \(position 1\)"):
        as_weights([1, np.nan, -1], 3, name="w", per="alternative")
    with pytest.raises(InputError, match="positive sum"):
        as_weights([0, 0], 2, name="w", per="alternative")


def test_random_states():
    assert generator(3).integers(1 << 30) == generator(3).integers(1 << 30)
    rng = np.random.default_rng(0)
    assert generator(rng) is rng
    assert isinstance(generator(np.random.RandomState(0)), np.random.Generator)
    for bad in (-1, 1.5, "seed"):
        with pytest.raises(ParameterError, match="random_state must be"):
            generator(bad)


def test_a_missing_extra_holds_the_pip_line():
    assert not has_module("surely_not_installed")
    with pytest.raises(MissingExtraError, match=r'pip install "cloneproof\[trl\]"') as caught:
        require("surely_not_installed", extra="trl", purpose="cloneproof.trl")
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value, CloneProofError)


def test_progress_reaches_the_reporter_and_only_inside():
    seen = []

    class Reporter:
        def start(self, description, total):
            seen.append((description, total))
            return lambda k: seen.append(k)

        def finish(self):
            seen.append("finished")

    with track("before", total=1) as advance:
        advance(1)
    with report_progress_to(Reporter()), pytest.raises(RuntimeError), track("step", total=2) as advance:
        advance(2)
        raise RuntimeError
    assert seen == [("step", 2), 2, "finished"]
