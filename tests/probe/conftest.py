"""One thread: networks here are so small that sharing them costs more than it brings."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="package")
def _one_thread():
    from visq.ops import threads

    before = threads._threads
    threads.set_threads(1)
    yield
    threads.set_threads(before)
