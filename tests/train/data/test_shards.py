"""Stores of arrays: whole or refused, the same bytes however often a build was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visq.errors import InputError, ReadError, StoreError
from visq.train.data.shards import Plan, Shards, build
from visq.train.data.work import Work

_SHAPES = ((4, 3), (5,), (2, 2, 2), (7,), (1, 1), (6,))


def _planned(**changed):
    return Plan(
        **{"kind": "test", "dtype": "float32", "shapes": _SHAPES, "about": {"seed": 1}, "shard_bytes": 60, **changed}
    )


def _value(i, shapes=_SHAPES):
    return np.random.default_rng(i).random(shapes[i], dtype=np.float32)


def _make(first, end):
    return (_value(i) for i in range(first, end))


def _files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


def test_entries_come_back_as_they_went_in(tmp_path):
    found = build(_planned(), tmp_path / "a", _make)
    assert len(found) == 6
    for i in range(6):
        np.testing.assert_array_equal(found[i], _value(i))
        assert not found[i].flags.writeable
    np.testing.assert_array_equal(found[-1], _value(5))
    with pytest.raises(IndexError):
        found[6]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=20), st.integers(1, 80))
def test_cuts_cover_every_entry_once_and_keep_to_the_size(sizes, most):
    plan = Plan("test", "uint8", tuple((n,) for n in sizes), shard_bytes=most)
    cuts = plan.cuts()
    assert [i for first, end in cuts for i in range(first, end)] == list(range(len(sizes)))
    for first, end in cuts:
        held = sum(sizes[first:end])
        assert held <= most or end - first == 1
        assert end == len(sizes) or held + sizes[end] > most  # no shard is closed too early


def test_the_room_it_takes_is_known_before(tmp_path):
    told = []
    plan = _planned()
    build(plan, tmp_path / "a", _make, work=Work(tell=told.append))
    held = sum(len(data) - 128 for name, data in _files(tmp_path / "a").items() if name.endswith(".npy"))
    assert plan.bytes == held == 4 * (12 + 5 + 8 + 7 + 1 + 6)
    assert "156 B of test to be made" in told[0]


def test_too_little_room_is_told_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr("visq.distortions.synth.estimate.free_bytes", lambda _: 100)
    with pytest.raises(StoreError, match=r"too small; expected 156 B; got 100 B free"):
        build(_planned(), tmp_path / "a", _make)
    assert not list((tmp_path / "a").glob("shard*"))


def test_a_disk_that_is_full_is_told_and_leaves_nothing_half(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("visq.store.tables.os.fsync", full)
    with pytest.raises(StoreError, match=r"cannot be written: No space left on device\. Make room"):
        build(_planned(), tmp_path / "a", _make)
    assert [path.name for path in (tmp_path / "a").iterdir()] == [".lock"]


def test_a_picture_that_cannot_be_read_is_no_file_that_cannot_be_written(tmp_path):
    def unreadable(first, end):
        raise ReadError("a.png: does not exist")
        yield

    with pytest.raises(ReadError, match=r"a\.png: does not exist"):
        build(_planned(), tmp_path / "a", unreadable)


def test_a_build_that_failed_goes_on_and_ends_with_the_same_bytes(tmp_path):
    build(_planned(), tmp_path / "whole", _make)
    made = []

    def failing(first, end):
        for i in range(first, end):
            made.append(i)
            if i == 3:
                raise KeyboardInterrupt
            yield _value(i)

    with pytest.raises(KeyboardInterrupt):
        build(_planned(), tmp_path / "part", failing)
    with pytest.raises(StoreError, match="not complete; expected 3 shards; got 2"):
        Shards(tmp_path / "part")
    made.clear()
    build(_planned(), tmp_path / "part", lambda first, end: (made.append(i) or _value(i) for i in range(first, end)))
    assert 0 not in made
    assert 3 in made
    assert _files(tmp_path / "part") == _files(tmp_path / "whole")


_KILLED = """
import sys, time
import numpy as np
from visq.train.data.shards import Plan, build
plan = Plan("test", "uint8", tuple((1000,) for _ in range(40)), {}, shard_bytes=4000)
def make(first, end):
    for i in range(first, end):
        time.sleep(float(sys.argv[2]))
        yield np.full(1000, i, np.uint8)
build(plan, sys.argv[1], make)
"""


def test_a_killed_build_goes_on_and_ends_with_the_same_bytes(tmp_path):
    command = [sys.executable, "-c", _KILLED]
    subprocess.run([*command, tmp_path / "whole", "0"], check=True)
    killed = subprocess.Popen([*command, tmp_path / "killed", "0.02"])
    deadline = time.monotonic() + 60
    while not list((tmp_path / "killed").glob("shard-00002.json")) and time.monotonic() < deadline:
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    kept = (tmp_path / "killed" / "shard-00001.npy").stat().st_mtime_ns
    assert not (tmp_path / "killed" / "shard-00009.json").exists()
    subprocess.run([*command, tmp_path / "killed", "0"], check=True)
    assert _files(tmp_path / "killed") == _files(tmp_path / "whole")
    assert (tmp_path / "killed" / "shard-00001.npy").stat().st_mtime_ns == kept


_KILLED_ANYWHERE = """
import os, sys
import numpy as np
from pathlib import Path
from visq.train.data.shards import Plan, build
plan = Plan("test", "uint8", tuple((1000,) for _ in range(4)), {}, shard_bytes=2500)
make = lambda first, end: (np.full(1000, i, np.uint8) for i in range(first, end))
files = lambda folder: {p.name: p.read_bytes() for p in folder.iterdir() if p.name != ".lock"}
top, flushed = Path(sys.argv[1]), os.fsync
build(plan, top / "whole", make)
for place in range(1000):
    child = os.fork()
    if not child:
        left = [place]
        def step(event, *rest):
            if event in ("open", "os.rename", "os.remove", "os.mkdir", "flushed"):
                left[0] -= 1
                if left[0] < 0:
                    os._exit(9)
        sys.addaudithook(step)
        os.fsync = lambda handle: (flushed(handle), step("flushed"))
        build(plan, top / str(place), make)
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    build(plan, top / str(place), make).verify()
    assert files(top / str(place)) == files(top / "whole"), place
    if not ended:
        break
print(place)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_build_killed_before_any_step_goes_on_and_ends_with_the_same_bytes(tmp_path):
    """The process ends, without a last word, before each file it opens, renames or removes, and after each flush."""
    command = [sys.executable, "-c", _KILLED_ANYWHERE, tmp_path]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


def test_what_a_killed_build_had_begun_is_removed(tmp_path):
    build(_planned(), tmp_path / "a", _make)
    (tmp_path / "a" / "shard-00001.json").unlink()
    (tmp_path / "a" / ".shard-00002.npy.tmp").write_bytes(b"half of it")
    build(_planned(), tmp_path / "a", _make)
    assert not list((tmp_path / "a").glob(".*.tmp"))


def test_what_is_complete_is_opened_without_writing(tmp_path):
    build(_planned(), tmp_path / "a", _make)

    def never(first, end):
        raise AssertionError

    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "a").iterdir()}
    build(_planned(), tmp_path / "a", never)
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "a").iterdir()}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"about": {"seed": 2}}, "seed: 1 then, 2 now"),
        ({"shapes": (*_SHAPES[:-1], (8,))}, r"shapes, number 6: \[6\] then, \[8\] now"),
        ({"shapes": _SHAPES[:-1]}, "6 shapes then, 5 now"),
        ({"kind": "other"}, "kind: test then, other now"),
        ({"shard_bytes": 80}, "shard_bytes"),
    ],
)
def test_a_store_of_something_else_is_refused_and_left_as_it_is(tmp_path, changed, said):
    build(_planned(), tmp_path / "a", _make)
    before = _files(tmp_path / "a")
    with pytest.raises(StoreError, match=said):
        build(_planned(**changed), tmp_path / "a", _make)
    assert _files(tmp_path / "a") == before


def test_a_folder_of_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("do not touch")
    with pytest.raises(StoreError, match="holds other files"):
        build(_planned(), tmp_path, _make)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_identity_is_what_is_held_and_not_how_it_is_cut():
    assert _planned().identity == _planned(shard_bytes=10**9).identity
    assert _planned().identity != _planned(about={"seed": 2}).identity


def test_a_flipped_bit_is_found_when_it_is_read(tmp_path):
    build(_planned(), tmp_path / "a", _make)
    path = tmp_path / "a" / "shard-00001.npy"
    data = bytearray(path.read_bytes())
    data[128 + 25] ^= 1  # entry 1 has 20 bytes: this is entry 2
    path.write_bytes(bytes(data))
    found = Shards(tmp_path / "a")
    np.testing.assert_array_equal(found[1], _value(1))
    for read in (lambda: found[2], found.verify):
        with pytest.raises(StoreError, match=r"shard-00001\.npy is damaged: entry 2 .*Remove shard-00001\.npy"):
            read()
    path.unlink()
    np.testing.assert_array_equal(build(_planned(), tmp_path / "a", _make)[2], _value(2))


@pytest.mark.parametrize("kept", [0, 100, 150])
def test_a_shard_that_is_cut_off_is_made_again(tmp_path, kept):
    build(_planned(), tmp_path / "a", _make)
    path = tmp_path / "a" / "shard-00001.npy"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(StoreError, match="not complete"):
        Shards(tmp_path / "a")
    build(_planned(), tmp_path / "a", _make).verify()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "visq shards 9"}'])
def test_a_damaged_index_is_refused(tmp_path, text):
    build(_planned(), tmp_path / "a", _make)
    (tmp_path / "a" / "index.json").write_text(text)
    with pytest.raises(StoreError, match=r"index\.json cannot be read"):
        Shards(tmp_path / "a")


def test_a_damaged_list_of_checksums_is_made_again(tmp_path):
    build(_planned(), tmp_path / "a", _make)
    marker = tmp_path / "a" / "shard-00001.json"
    marker.write_text(json.dumps({"entries": [2, 4], "crc32": [1]}))
    build(_planned(), tmp_path / "a", _make).verify()


def test_entries_other_than_planned_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"entry 0 .* expected \(4, 3\) float32; got \(3,\) float64"):
        build(_planned(), tmp_path / "a", lambda first, end: (np.zeros(3) for _ in range(first, end)))
    with pytest.raises(InputError, match="nothing to keep"):
        build(_planned(shapes=()), tmp_path / "b", _make)


def test_two_builds_at_once_are_refused(tmp_path):
    from visq.store.lock import FileLock

    os.mkdir(tmp_path / "a")  # noqa: PTH102
    with FileLock(str(tmp_path / "a" / ".lock")), pytest.raises(StoreError, match="another run"):
        build(_planned(), tmp_path / "a", _make)
