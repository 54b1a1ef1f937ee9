"""The surface encoder: a slow twin, unit length, near for copy-edits and far for other words."""

from __future__ import annotations

import unicodedata
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloneproof._core.errors import ParameterError
from cloneproof.embeddings import SurfaceEncoder
from cloneproof.embeddings import surface as surface_module

TEXT = "The museum keeps its best paintings upstairs, where the light is soft in the morning."


def distance(a, b):
    x, y = SurfaceEncoder().encode([a, b])
    return float(np.linalg.norm(x - y))


def _mix(value):
    mask = 2**64 - 1
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & mask
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & mask
    return value ^ (value >> 31)


def slow_twin(text, n_dims):
    """The docstring, letter by letter, in Python integers."""
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    padded = f"\x02 {folded} \x02"
    vector = np.zeros(n_dims)
    for n in (3, 4, 5):
        counts = Counter(padded[i : i + n] for i in range(len(padded) - n + 1))
        for gram, count in counts.items():
            value = 0
            for letter in gram:
                value = _mix((value + ord(letter) * 0x9E3779B97F4A7C15) & (2**64 - 1))
            short = value >> 24
            vector[short % n_dims] += (-1 if short >> 39 else 1) * np.sqrt(count)
    return vector / np.linalg.norm(vector)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=6))
def test_equals_the_slow_twin(texts):
    X = SurfaceEncoder(n_dims=64).encode(texts)
    np.testing.assert_allclose(X, [slow_twin(text, 64) for text in texts], atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=5))
def test_unit_length_and_independent_of_company(texts):
    encoder = SurfaceEncoder()
    together = encoder.encode(texts)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(together, np.concatenate([encoder.encode([text]) for text in texts]))


def test_blocks_do_not_change_the_result(monkeypatch):
    texts = [f"{TEXT} {i}" * (i % 3) for i in range(20)]
    whole = SurfaceEncoder().encode(texts)
    monkeypatch.setattr(surface_module, "_BLOCK_CHARACTERS", 100)
    np.testing.assert_array_equal(SurfaceEncoder().encode(texts), whole)


def test_copy_edits_are_within_the_scale_and_paraphrases_are_not():
    scale = SurfaceEncoder.scale
    assert distance(TEXT, TEXT.upper().replace(" ", "  ")) == 0
    assert 0 < distance(TEXT, TEXT.replace("soft", "soft,")) < scale
    assert (
        distance(TEXT, "Upstairs you find the finest pictures of this gallery in gentle early sun.")
        > 2 * scale
    )


def test_empty_and_huge_texts():
    X = SurfaceEncoder().encode(["", "   ", "a", "x" * 2_000_000])
    assert np.isfinite(X).all()
    np.testing.assert_array_equal(X[0], X[1])
    assert SurfaceEncoder().encode([]).shape == (0, 512)


@pytest.mark.parametrize("n_dims", [0, 7, 2.5, True])
def test_n_dims_is_checked(n_dims):
    with pytest.raises(ParameterError, match="n_dims"):
        SurfaceEncoder(n_dims=n_dims)


def test_the_fingerprint_follows_the_options():
    assert SurfaceEncoder().fingerprint != SurfaceEncoder(n_dims=64).fingerprint
