"""What tests of training share."""

from __future__ import annotations

import pytest


@pytest.fixture
def one_thread():
    """Sums are cut otherwise with another number of threads."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
