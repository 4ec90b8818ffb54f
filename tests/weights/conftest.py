"""A server on this machine that files of weights are taken from."""

from __future__ import annotations

import pytest
from file_server import Server

from visq import weights
from visq.weights import transfer


@pytest.fixture(scope="module")
def _running():
    with Server() as server:
        yield server


@pytest.fixture
def server(_running, monkeypatch, tmp_path):
    """A server on this machine; a cache of its own; nothing waits long."""
    _running.asked.clear()
    _running.ranges.clear()
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    monkeypatch.setenv(weights.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv(weights.VARIABLE, raising=False)
    monkeypatch.setattr(transfer, "QUIET_SECONDS", 0.3)
    monkeypatch.setattr(transfer, "PAUSE_SECONDS", 0.0)
    return _running
