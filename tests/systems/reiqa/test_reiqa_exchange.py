"""Keys across processes: each is made in a share drawn at random, and everybody gets all of them in order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

_SOURCE = Path(__file__).with_name("exchange_process.py")


def test_one_process_works_alone():
    import torch

    from visq.systems.reiqa.exchange import shuffled

    made, first = shuffled(torch.arange(4), lambda rows: rows + 1)
    assert made.tolist() == [1, 2, 3, 4]
    assert first == 0


@pytest.mark.slow
def test_two_processes_have_the_same_keys_in_order(tmp_path):
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(_SOURCE)]
    started = [
        subprocess.Popen([*command, str(rank), "2", str(tmp_path / "store")], stdout=subprocess.PIPE, text=True,
                         env=environment)
        for rank in range(2)
    ]  # fmt: skip
    found = [json.loads(one.communicate(timeout=120)[0].splitlines()[-1]) for one in started]
    assert [one["first"] for one in found] == [0, 3]
    assert found[0]["made"] == found[1]["made"]
    assert [row[0] for row in found[0]["made"]] == [0.0, 10.0, 20.0, 30.0, 40.0]
    # Two of five rows are made by the first process and three by the second, whoever brought them.
    assert sorted(row[1] for row in found[0]["made"]) == [0.0, 0.0, 1.0, 1.0, 1.0]
