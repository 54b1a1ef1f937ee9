"""Every story of the gallery runs, and its assertions hold."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.py"))


def test_the_gallery_is_there():
    assert len(EXAMPLES) >= 6
    for path in EXAMPLES:
        assert path.read_text(encoding="utf-8").startswith('"""\n'), f"{path.name}: a title comes first"


@pytest.mark.filterwarnings("ignore::cloneproof._core.errors.SparseComparisonsWarning")
@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_story_runs(path, monkeypatch, capsys):
    if "matplotlib" in path.read_text(encoding="utf-8"):
        pytest.importorskip("matplotlib")
        monkeypatch.setenv("MPLBACKEND", "agg")
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out
