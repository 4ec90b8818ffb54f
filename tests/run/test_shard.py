"""What one scorer keeps from task to task."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from PIL import Image

from visq.errors import VisqWarning
from visq.run import shard
from visq.run.tasks import Task, request


def _pair(folder, seed):
    paths = []
    for name in ("image", "reference"):
        pixels = np.random.default_rng(seed).integers(0, 256, (32, 32, 3), dtype=np.uint8)
        paths.append(str(folder / f"{name}{seed}.png"))
        Image.fromarray(pixels).save(paths[-1])
    return Task(seed, *paths)


@pytest.mark.parametrize(("idle_bytes", "kept"), [(0, 0), (50_000_000, 1)])
def test_a_large_reference_is_given_up_before_the_next_pair_is_read(tmp_path, monkeypatch, idle_bytes, kept):
    monkeypatch.setattr(shard, "_IDLE_BYTES", idle_bytes)
    scorer = shard.Scorer([request("psnr")])
    scorer.score(_pair(tmp_path, 0))
    held = []
    read = scorer._open
    monkeypatch.setattr(scorer, "_open", lambda path: held.append(len(scorer._references)) or read(path))
    [record] = scorer.score(_pair(tmp_path, 1))
    assert held == [kept, kept]
    assert (record.status, record.value) == ("ok", 100.0)


def test_a_reference_that_the_next_task_shares_is_read_once(tmp_path, monkeypatch):
    monkeypatch.setattr(shard, "_IDLE_BYTES", 0)
    scorer = shard.Scorer([request("psnr")])
    opened = []
    read = scorer._open
    monkeypatch.setattr(scorer, "_open", lambda path: opened.append(path) or read(path))
    task = _pair(tmp_path, 0)
    scorer.score(task)
    scorer.score(task)
    assert opened.count(task.reference) == 1


def test_what_a_metric_warns_of_is_in_its_own_record(tmp_path):
    scorer = shard.Scorer([request("psnr"), request("mse")])
    metric = scorer._metrics[scorer.requests[0].identity]
    metric.__dict__["function"] = lambda *_, **__: warnings.warn("small; too small", VisqWarning, stacklevel=2) or 3.0
    for seed in range(2):  # each time, also where Python would tell it once
        first, second = scorer.score(_pair(tmp_path, seed))
        assert (first.value, first.warnings) == (3.0, ("psnr: small, too small",))
        assert (second.status, second.warnings) == ("ok", ())


def test_warnings_of_libraries_stay_what_they_are_and_come_once(tmp_path):
    scorer = shard.Scorer([request("psnr")])
    metric = scorer._metrics[scorer.requests[0].identity]
    metric.__dict__["function"] = lambda *_, **__: warnings.warn("old", FutureWarning, stacklevel=2) or 3.0
    with pytest.warns(FutureWarning, match="old") as found:
        records = [scorer.score(_pair(tmp_path, seed))[0] for seed in range(3)]
    assert [(one.value, one.warnings) for one in records] == [(3.0, ())] * 3
    assert len(found) == 1
