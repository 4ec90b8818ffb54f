"""Logs of a training: what is in them, and that they can be cut back to a step."""

from __future__ import annotations

import csv
import json
import math
import os
from pathlib import Path

import pytest

from visq.errors import InputError, StoreError
from visq.train.trackers import LOG, TABLES, TENSORBOARD, Trackers


def _row(step, **more):
    return {"step": step, "epoch": 1, "loss": 0.1 * step, **more}


def _fill(trackers, first, last):
    for step in range(first, last + 1):
        trackers.write("train", _row(step))
    trackers.write("validation", {"step": last, "epoch": 1, "srcc": 1 / 3})


def test_rows_are_read_back_exactly(tmp_path):
    trackers = Trackers(tmp_path, tensorboard=False)
    trackers.write("train", _row(1, norm=math.inf))
    trackers.write("validation", {"step": 1, "epoch": 1, "srcc": math.nan, "plcc": 1 / 3})
    trackers.close()
    lines = [json.loads(line) for line in (tmp_path / LOG).read_text(encoding="utf-8").splitlines()]
    assert lines[0] == {"kind": "train", "step": 1, "epoch": 1, "loss": 0.1, "norm": None}
    assert lines[1] == {"kind": "validation", "step": 1, "epoch": 1, "srcc": None, "plcc": 1 / 3}
    with (tmp_path / "validation.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [{"step": "1", "epoch": "1", "srcc": "", "plcc": repr(1 / 3)}]


def test_cut_back_and_written_on_they_are_the_same_bytes(tmp_path):
    for folder in ("whole", "cut"):
        (tmp_path / folder).mkdir()
    whole = Trackers(tmp_path / "whole", tensorboard=False)
    _fill(whole, 1, 4)
    _fill(whole, 5, 8)
    whole.close()
    cut = Trackers(tmp_path / "cut", tensorboard=False)
    _fill(cut, 1, 4)
    sizes = cut.sizes()
    _fill(cut, 5, 7)
    cut.close()
    with (tmp_path / "cut" / LOG).open("ab") as file:
        file.write(b'{"kind": "tr')  # what a process writes that is killed
    again = Trackers(tmp_path / "cut", sizes, 4, tensorboard=False)
    _fill(again, 5, 8)
    again.close()
    for name in (LOG, *TABLES.values()):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_other_columns_than_before_are_refused(tmp_path):
    trackers = Trackers(tmp_path, tensorboard=False)
    trackers.write("train", _row(1))
    sizes = trackers.sizes()
    trackers.close()
    again = Trackers(tmp_path, sizes, 1, tensorboard=False)
    with pytest.raises(InputError, match="other columns than those before; expected step, epoch, loss; got"):
        again.write("train", _row(2, more=1.0))
    again.close()


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / LOG).mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        Trackers(tmp_path, tensorboard=False)


def test_tensorboard_gets_the_same_numbers(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    trackers = Trackers(tmp_path)
    _fill(trackers, 1, 4)
    sizes = trackers.sizes()
    _fill(trackers, 5, 7)
    trackers.close()
    again = Trackers(tmp_path, sizes, 4)
    for step in (5, 6):
        again.write("train", _row(step, loss=9.0))
    again.close()
    events = EventAccumulator(str(tmp_path / TENSORBOARD))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"train/loss", "validation/srcc"}
    points = [(event.step, round(event.value, 4)) for event in events.Scalars("train/loss")]
    assert points == [(1, 0.1), (2, 0.2), (3, 0.3), (4, 0.4), (5, 9.0), (6, 9.0)], "later steps of before are gone"


@pytest.mark.parametrize("kept", ["within a line", "without an end"])
def test_a_log_that_was_shortened_meanwhile_goes_on_with_a_line_of_its_own(tmp_path, kept):
    trackers = Trackers(tmp_path, tensorboard=False)
    _fill(trackers, 1, 4)
    sizes = trackers.sizes()
    trackers.close()
    lines = (tmp_path / "train.csv").read_bytes().splitlines(keepends=True)
    (tmp_path / "train.csv").write_bytes(b"".join(lines)[: -4 if kept == "within a line" else -1])
    again = Trackers(tmp_path, sizes, 4, tensorboard=False)
    again.write("train", _row(5))
    again.close()
    assert (tmp_path / "train.csv").read_bytes() == b"".join(lines[:-1]) + b"5,1,0.5\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_told_once(tmp_path):
    trackers = Trackers(tmp_path, tensorboard=False)
    with Path("/dev/full").open("wb") as full:
        os.dup2(full.fileno(), trackers._files[LOG].fileno())
    with pytest.raises(StoreError, match="a log cannot be written: No space left on device"):
        trackers.write("train", _row(1))
    trackers.close()


def test_a_full_disk_under_tensorboard_is_told_once(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("tensorboard")

    class Full:
        def add_scalar(self, *given):
            raise OSError(28, "No space left on device")

        flush = close = add_scalar

    trackers = Trackers(tmp_path)
    trackers._board.close()
    trackers._board = Full()
    for call in (lambda: trackers.write("train", _row(1)), trackers.sizes):
        with pytest.raises(StoreError, match="a log cannot be written: No space left on device"):
            call()
    trackers.close()


def test_a_place_of_tensorboards_that_is_a_file_is_told(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("tensorboard")
    (tmp_path / TENSORBOARD).touch()
    with pytest.raises(StoreError, match=r"tensorboard cannot be written: .*--no-tensorboard"):
        Trackers(tmp_path)


def test_tensorboard_begins_anew_with_the_training(tmp_path):
    """What a session wrote that was killed before its first checkpoint is hidden."""
    pytest.importorskip("torch")
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for last in (5, 2):
        trackers = Trackers(tmp_path)
        _fill(trackers, 1, last)
        trackers.close()
    events = EventAccumulator(str(tmp_path / TENSORBOARD))
    events.Reload()
    assert [event.step for event in events.Scalars("train/loss")] == [1, 2]
