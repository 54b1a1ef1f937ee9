"""Compiled loops work where nothing can be kept on disk."""

from __future__ import annotations

import numpy as np
import pytest
from numba import types
from numba.core import caching

from cloneproof._core.compiled import compiled


def double(x):
    return 2.0 * x


@pytest.mark.parametrize("signature", [None, types.float64(types.float64)])
def test_without_a_place_for_the_cache(monkeypatch, signature):
    for kind in (caching.CacheImpl, *caching.CacheImpl.__subclasses__()):
        monkeypatch.setattr(kind, "_locator_classes", [], raising=False)
    with pytest.raises(RuntimeError, match="locator"):
        caching.FunctionCache(double)
    assert compiled(signature, nogil=True)(double)(21.0) == 42.0


def test_with_a_place_it_is_kept(tmp_path, monkeypatch):
    module = tmp_path / "loops.py"
    module.write_text("def triple(x):\n    return 3.0 * x\n")
    monkeypatch.syspath_prepend(tmp_path)
    from loops import triple

    assert compiled(types.float64(types.float64))(triple)(np.float64(2.0)) == 6.0
    assert any(tmp_path.rglob("*.nbc"))


def test_other_errors_are_not_hidden():
    with pytest.raises(ValueError, match="parallel"):
        compiled(types.float64(types.float64), parallel="perhaps")(double)
