"""The approximate search: its audit bounds what it gets wrong."""

import sys

import numpy as np
import pytest

from cloneproof.weights import find_nearest, find_nearest_approximate

pytest.importorskip("faiss")


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(0)
    return rng.normal(size=(3000, 24)), rng.normal(size=(2000, 24)) + 5.0


def test_the_bias_is_below_the_noise_and_the_bound_holds(tables):
    samples, alternatives = tables
    found = find_nearest_approximate(samples + 5.0, alternatives, n_audited=512, random_state=0)
    exact = find_nearest(samples + 5.0, alternatives).index
    wrong = (found.index != exact).mean()
    assert wrong <= found.bias_bound
    assert found.bias_bound <= found.sampling_noise or found.nprobe == found.nlist
    assert found.n_audited == 512
    assert found.nprobe > 1  # one list is not enough on these data
    weights = np.bincount(found.index, minlength=2000) / 3000
    assert np.abs(weights - np.bincount(exact, minlength=2000) / 3000).sum() / 2 <= found.bias_bound


def test_all_lists_are_searched_where_the_noise_is_tiny(tables):
    samples, alternatives = tables
    found = find_nearest_approximate(samples, alternatives[:3], nlist=3, n_audited=100, random_state=0)
    assert found.nprobe == found.nlist
    assert (found.index == find_nearest(samples, alternatives[:3]).index).all()


def test_missing_faiss_names_the_extra(monkeypatch, tables):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ImportError, match=r'pip install "cloneproof\[faiss\]"'):
        find_nearest_approximate(*tables)
