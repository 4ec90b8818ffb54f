"""What tests of PMT share."""

from __future__ import annotations

import pytest

import visq


@pytest.fixture
def one_thread():
    """Sums are cut otherwise with another number of threads; and several wait for each other busily."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    visq.set_threads(1)
    yield
    visq.set_threads(None)
    torch.set_num_threads(before)
