"""Processor times: of the right thing, on the same pictures, and measured once."""

from __future__ import annotations

import time

import pytest

from visq.bench import provenance, timing
from visq.bench.timing import Time


def test_processor_time_and_not_wall_time_is_taken():
    asleep = timing.seconds(lambda: time.sleep(0.02))
    assert asleep < 0.01

    def busy():
        begun = time.process_time()
        while time.process_time() - begun < 0.02:
            pass

    assert 0.02 <= timing.seconds(busy) < 0.05


def test_the_shortest_of_several_calls_counts_and_a_slow_one_is_called_once(monkeypatch):
    clock = iter([0.0, 0.2, 0.2, 0.3, 0.3, 0.7, 9.0])
    monkeypatch.setattr(timing.time, "process_time", lambda: next(clock))
    calls = []
    assert timing.seconds(lambda: calls.append(1)) == pytest.approx(0.1)
    assert len(calls) == 3  # 0.2 + 0.1 + 0.4 s: enough
    clock = iter([0.0, 3.0])
    assert timing.seconds(lambda: None) == 3.0


def test_times_are_measured_in_a_process_and_kept(folder, plan_of, tmp_path, monkeypatch):
    made = plan_of(folder, "mse,ssim,niqe")
    done = []
    facts = provenance.made_with()
    found = timing.measure(made, str(tmp_path), facts, on_done=lambda: done.append(1))
    # NIQE does not take pictures so small: it has no time.
    assert set(found) == {"mse@1", made.requests[1].identity}
    assert found["mse@1"].pictures == timing.PICTURES
    assert 0 < found["mse@1"].seconds < found[made.requests[1].identity].seconds < 5
    assert found["mse@1"].per_megapixel == pytest.approx(found["mse@1"].seconds / (64 * 64 / 1e6), rel=1e-9)
    assert len(done) == 2 * timing.PICTURES <= timing.count(made)

    def started(*_, **__):
        raise AssertionError("measured again")

    monkeypatch.setattr(timing.subprocess, "Popen", started)
    kept = timing.measure(plan_of(folder, "mse"), str(tmp_path), facts)
    assert kept == {"mse@1": found["mse@1"]}
    other = facts | {"machine": facts["machine"] | {"processor": "another"}}
    with pytest.raises(AssertionError, match="measured again"):
        timing.measure(made, str(tmp_path), other)


def test_metrics_that_gave_no_score_are_not_timed(folder, plan_of, tmp_path, monkeypatch):
    monkeypatch.setattr(timing, "_run", lambda requests, *_: {r.identity: {"0": 1.0} for r in requests})
    made = plan_of(folder, "psnr,mse")
    assert set(timing.measure(made, str(tmp_path), provenance.made_with(), skip=["mse@1"])) == {"psnr@1"}


def test_the_median_over_pictures_is_reported():
    assert timing._time({"0": 1.0, "1": 5.0, "2": 2.0}, {"0": 0.5, "1": 0.5, "2": 0.5}) == Time(2.0, 4.0, 3)
