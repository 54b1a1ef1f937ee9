"""BLAS is held to one thread inside the block, and given back after it."""

from __future__ import annotations

import sys
import types

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from cloneproof._core import blas
from cloneproof._core.blas import one_blas_thread


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_one_thread_inside_and_as_before_afterwards():
    with threadpool_limits(limits=2, user_api="blas"):
        with one_blas_thread():
            assert blas_threads() == {1}
            with one_blas_thread():
                assert blas_threads() == {1}
            assert blas_threads() == {1}
        assert blas_threads() == {2}


def test_an_error_inside_gives_the_threads_back():
    with threadpool_limits(limits=2, user_api="blas"):
        with pytest.raises(KeyError), one_blas_thread():
            raise KeyError
        assert blas_threads() == {2}


def test_libraries_are_looked_for_once_until_a_module_is_imported(monkeypatch):
    looked = []
    real = blas.ThreadpoolController
    monkeypatch.setattr(blas, "ThreadpoolController", lambda: looked.append(1) or real())
    monkeypatch.setattr(blas, "_known", None)
    for _ in range(3):
        with one_blas_thread():
            pass
    assert len(looked) == 1
    monkeypatch.setitem(sys.modules, "a_module_that_brings_its_own_blas", types.ModuleType("m"))
    with one_blas_thread():
        pass
    assert len(looked) == 2
