"""The code of docs/clonebench_tutorial.md runs, in its order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cloneproof.audit.suite import ATTACKS, METHODS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "clonebench_tutorial.md"


@pytest.fixture
def restored_registries():
    methods, attacks = dict(METHODS), dict(ATTACKS)
    yield
    for known, before in ((METHODS, methods), (ATTACKS, attacks)):
        known.clear()
        known.update(before)


@pytest.mark.usefixtures("restored_registries")
def test_the_tutorial_runs():
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) >= 6
    names: dict[str, object] = {"__name__": "tutorial"}
    for i, block in enumerate(blocks):
        exec(compile(block, f"{PAGE.name}, block {i}", "exec", dont_inherit=True), names)
    assert {"wins-only"} <= ATTACKS.keys()
    assert {"half-diversity", "averaged-copies"} <= METHODS.keys()
