"""Rated folders, and scoring without worker processes."""

from __future__ import annotations

import pytest

from rated_folders import rated
from visq.bench import plan
from visq.run.local import in_process


class InProcessPool:
    """Stands in for the pool of workers, which costs a second a call."""

    def __init__(self, requests, reading, **_):
        self._requests, self._reading = requests, reading

    def close(self):
        pass

    def run(self, tasks):
        return in_process(tasks, self._requests, self._reading)


@pytest.fixture
def folder(tmp_path):
    """A folder of 30 rated pictures with references."""
    path = tmp_path / "rated"
    rated(path)
    return path


@pytest.fixture
def plan_of():
    """`plan_of(folder, metrics, ...)`: the plan of one folder."""

    def make(path, metrics="psnr,mse", **options):
        [made] = plan.make([plan.source(f"folder={path}")], [metrics], **options)
        return made

    return make


@pytest.fixture
def scored(monkeypatch):
    """(picture, metrics) of every score that is computed, in this process."""
    from visq.run.shard import Scorer
    from visq.run.tasks import wanted_by

    found, real = [], Scorer.score

    def score(self, task):
        found.append((task.image, tuple(one.id for one in wanted_by(task, self.requests))))
        return real(self, task)

    monkeypatch.setattr(Scorer, "score", score)
    monkeypatch.setattr("visq.bench.scoring.Pool", InProcessPool)
    return found
