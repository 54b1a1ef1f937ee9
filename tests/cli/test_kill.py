"""``kill -9`` at any moment of ``fit`` leaves the old result or the new one, whole."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FILES = {"alternatives.parquet", "comparisons.parquet", "audit.json", "report.html"}

# One process loads the program and makes the first run; each of 50 forks of it fits once more with
# another option, and is killed at a random moment of that.
NURSERY = """
import os, random, signal, sys, time
from cloneproof.cli.app import run

words = sys.argv[1:]
begun = time.monotonic()
assert run([*words, "--regularization", "0.01"]) == 0
begun = time.monotonic()
assert run([*words, "--regularization", "0.02", "--seed", "99"]) == 0
duration = time.monotonic() - begun
rng = random.Random(0)
for kill in range(50):
    child = os.fork()
    if child == 0:
        os._exit(run([*words, "--regularization", ["0.01", "0.02"][kill % 2], "--seed", str(kill)]))
    time.sleep(rng.uniform(0.0, 1.5 * duration))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print("killed", kill, flush=True)
    assert sys.stdin.readline()
"""


def whole(run: Path) -> int:
    """Check a run directory against its manifest and return the seed of the run that it is."""
    manifest = json.loads((run / "manifest.json").read_text())
    assert set(manifest["files"]) == FILES
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((run / name).read_bytes()).hexdigest() == digest, name
    return manifest["options"]["random_state"]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_fifty_kills_leave_whole_results(preference_file, tmp_path):
    out = tmp_path / "run"
    words = ["fit", str(preference_file), "--out", str(out), "--encoder", "surface", "--targets", "2"]
    nursery = subprocess.Popen(
        [sys.executable, "-c", NURSERY, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"},
    )
    seen = []
    with nursery:
        for line in nursery.stdout:
            if not line.startswith("killed"):
                continue
            seen.append(whole(out))
            nursery.stdin.write("\n")
            nursery.stdin.flush()
        errors = nursery.stderr.read()
    assert nursery.returncode == 0, errors
    assert len(seen) == 50
    assert len(set(seen)) > 3  # some runs ended before the kill, so the old result is not all that was seen
    leftovers = {p.name for p in tmp_path.iterdir()} - {"run", "prefs.jsonl"}
    assert all(name.endswith(".part") for name in leftovers)
