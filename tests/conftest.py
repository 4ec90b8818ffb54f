"""Shared set-up: the tests directory on the path, weights where the reference data has them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from shared_data import WEIGHTS

# Where several processes run tests, each keeps to one thread: those of torch wait for each other busily.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("VISQ_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# The program is run in its own processes too: they find the weights by the same variable.
if WEIGHTS.is_dir():
    os.environ.setdefault("VISQ_WEIGHTS", str(WEIGHTS))

try:
    from hypothesis import settings
except ImportError:
    pass
else:
    # Nothing is written into the tree, and a run does not depend on the run before it.
    settings.register_profile("visq", database=None, deadline=None)
    settings.load_profile("visq")


@pytest.fixture(autouse=True)
def _threads_as_before():
    """How many threads a test asked for is forgotten after it: they decide how the next one's work is shared out."""
    threads = sys.modules.get("visq.ops.threads")
    before = threads._threads if threads else None
    yield
    threads = sys.modules.get("visq.ops.threads")
    if threads:
        threads.set_threads(before)


@pytest.fixture
def classical(monkeypatch, tmp_path_factory):
    """`all` without what rests on networks: their weights are nowhere, no package has them. The metrics of a kind."""
    from visq import catalog

    monkeypatch.setattr("visq.weights.inventory._installed", lambda *_: ())
    monkeypatch.delenv("VISQ_WEIGHTS", raising=False)
    monkeypatch.setenv("VISQ_CACHE", str(tmp_path_factory.mktemp("no_weights")))
    return lambda kind: [s.id for s in catalog.specs(kind) if all(w.ships for w in s.weights)]
