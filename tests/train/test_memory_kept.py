"""Large blocks that were freed are taken again without asking the system."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from visq.train.memory import keep_freed

_PROGRAM = """
import json, resource, sys
import numpy as np
from visq.train.memory import keep_freed

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

kept = keep_freed() if sys.argv[1] == "kept" else None
np.ones(12_000_000)  # 96 MB
before = faults()
for _ in range(4):
    np.ones(12_000_000)
print(json.dumps([kept, faults() - before]))
"""


def _asked(how: str) -> tuple[bool | None, int]:
    done = subprocess.run([sys.executable, "-c", _PROGRAM, how], capture_output=True, text=True, check=True)
    kept, faults = json.loads(done.stdout)
    return kept, faults


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_freed_blocks_are_not_asked_for_again():
    kept, few = _asked("kept")
    if not kept:
        pytest.skip("another C library")
    _, many = _asked("otherwise")
    assert few < 100
    assert many > 10 * max(few, 1)


def test_other_systems_are_left_alone(monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    assert keep_freed() is False
