"""What tests of LoDa share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _repeatable(monkeypatch):
    """Sums are cut otherwise with another number of threads; what is drawn is the same on every run."""
    torch = pytest.importorskip("torch")
    monkeypatch.setenv("VISQ_THREADS", "1")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def rated_pictures(tmp_path_factory):
    """A folder of thirty rated pictures, and one for caches of it."""
    import loda_small

    folder = tmp_path_factory.mktemp("loda_rated")
    return loda_small.database(folder / "pictures"), folder / "caches"
