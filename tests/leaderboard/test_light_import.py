"""A board without weights waits for no library that it does not need."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
from cloneproof import read_comparisons
from cloneproof.leaderboard import make_board
from cloneproof.rewards import BradleyTerry
rows = [{"model_a": a, "model_b": b, "winner": "tie"} for a, b in ("xy", "yz", "zx")] * 50
BradleyTerry(regularization=0).fit(read_comparisons(rows))
heavy = [name for name in ("sklearn", "scipy.stats", "torch", "bokeh") if name in sys.modules]
print(*heavy)
"""


def test_fit_and_board_load_no_scikit_learn():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
