"""Two processes of gloo train as one process does on the same rows."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.trl.tiny import largest_gap, tiny_model

REPOSITORY = Path(__file__).resolve().parents[2]


def start(folder: Path, batch: int, rank: int, world: int, port: int) -> subprocess.Popen:
    folder.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*filter(None, [os.environ.get("PYTHONPATH")]), str(REPOSITORY)]),
        "OMP_NUM_THREADS": "1",
        "GLOO_SOCKET_IFNAME": "lo",
    }
    if world > 1:
        environment |= {
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "WORLD_SIZE": str(world),
            "LOCAL_WORLD_SIZE": str(world),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
            "ACCELERATE_USE_CPU": "true",
        }
    words = [sys.executable, "-m", "tests.trl.run_distributed", str(folder), str(batch)]
    return subprocess.Popen(
        words, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path):
    port = free_port()
    runs = [start(tmp_path / "one", 4, 0, 1, port)]
    runs += [start(tmp_path / "two", 2, rank, 2, port) for rank in range(2)]
    for run in runs:
        said, _ = run.communicate(timeout=240)
        assert run.returncode == 0, said[-3000:]
    for method, kind in (("reward", "reward"), ("dpo", "policy")):
        one, two = (
            torch.load(tmp_path / name / f"{method}.pt", weights_only=True) for name in ("one", "two")
        )
        assert (one["n_processes"], two["n_processes"]) == (1, 2)
        begun = dict(tiny_model(kind).named_parameters())
        assert largest_gap(begun, one["parameters"]) > 1e-4
        assert largest_gap(one["parameters"], two["parameters"]) < 1e-5
