"""`visq dataset synth`: the plan, the run, and runs that are killed, interrupted and doubled, as real processes."""

from __future__ import annotations

import csv
import os
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "distortions"))

from kill_and_resume_synth import content, make_photos, pictures, start, torture

_QUICK = ("-t", "gaussian_blur", "-t", "gaussian_noise", "-t", "jpeg", "-t", "kadid10k/18")


def _rows(folder):
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _wait(process, until, seconds=60):
    deadline = time.monotonic() + seconds
    while not until() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is None, process.communicate()


# In this process ---------------------------------------------------------------------------------------------


def test_a_set_from_start_to_end(visq, tmp_path):
    make_photos(tmp_path / "photos", 2)
    done = visq("dataset", "synth", "photos", "-o", "set", *_QUICK, "--levels", "1,5", "--size", "48x40")
    assert done.code == 0
    assert done.out.startswith("16 pictures of 2 photographs in set, ")
    assert done.out.endswith("made now: 16\n")
    plan = done.err.splitlines()
    assert plan[0] == "visq: 2 photographs x 4 types x 2 levels: 16 pictures in set"
    assert plan[1].startswith("visq: 16 pictures and 2 references to make: about ")
    assert " free)" in plan[1]
    assert " with 1 job, " in plan[2]
    assert plan[3] == "visq: no label, as severity does not rise with the level: Mean shift"
    assert len(_rows(tmp_path / "set")) == 18
    again = visq("dataset", "synth", "photos", "-o", "set", *_QUICK, "--levels", "1,5", "--size", "48x40", "--resume")
    assert (again.code, again.err) == (0, "")
    assert again.out.endswith("made now: 0\n")


def test_a_dry_run_of_a_thousand_photographs_says_what_it_would_come_to_and_writes_nothing(visq, tmp_path):
    photos = tmp_path / "photos"
    make_photos(photos, 8)
    for number in range(8, 1000):
        os.link(photos / f"{number % 8:05d}.png", photos / f"{number:05d}.png")
    before = sorted(tmp_path.iterdir())
    done = visq("dataset", "synth", "photos", "-o", "set", "--dry-run", "--jobs", "2")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "1000 photographs x 25 types x 5 levels: 125000 pictures in set"
    assert "125000 pictures and 1000 references to make: about " in lines[1]
    assert "with 2 jobs" in lines[2]
    assert sorted(tmp_path.iterdir()) == before
    few = visq("dataset", "synth", "photos", "-o", "set", "--dry-run", "--photos", "3", *_QUICK)
    assert few.out.startswith("3 photographs x 4 types x 5 levels: 60 pictures")


def test_a_disk_too_small_is_said_before_anything_is_made(visq, tmp_path, monkeypatch):
    monkeypatch.setattr("visq.distortions.synth.estimate.free_bytes", lambda _: 1000)
    make_photos(tmp_path / "photos", 1)
    for more in ((), ("--dry-run",)):
        done = visq("dataset", "synth", "photos", "-o", "set", *_QUICK, *more)
        assert done.code == 2
        assert "the disk of set is too small" in done.err
        assert "1.0 kB free" in done.err
        assert not (tmp_path / "set").exists()


def test_a_broken_photograph_makes_the_exit_code_1(visq, tmp_path):
    make_photos(tmp_path / "photos", 3, broken=3)
    done = visq("dataset", "synth", "photos", "-o", "set", "-t", "jpeg", "-q")
    assert done.code == 1
    assert done.out == ""
    lines = done.err.splitlines()
    assert lines[0].startswith("visq: photos/00002.png: ")
    assert lines[1:] == ["visq: 1 row of manifest.csv with an error"]
    assert [row["status"] for row in _rows(tmp_path / "set")].count("ok") == 12


def test_a_set_inside_the_folder_of_photographs_does_not_take_its_own_pictures(visq, tmp_path):
    make_photos(tmp_path / "photos", 1)
    arguments = ("dataset", "synth", "photos", "-o", "photos/set", "-t", "jpeg", "-q")
    assert visq(*arguments).code == 0
    assert visq(*arguments, "--resume").code == 0
    assert len(_rows(tmp_path / "photos" / "set")) == 6


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["photos", "-o", "set", "--bank", "kadid10k", "-t", "jpeg"], "a bank or names of distortions, not both"),
        (["photos", "-o", "set", "-t", "jpeg:3"], "one strength"),
        (["photos", "-o", "set", "--levels", "7"], "levels are not readable"),
        (["photos", "-o", "set", "--size", "big"], "the size is not readable"),
        (["photos", "-o", "set", "--jobs", "many"], "--jobs is not a number"),
        (["photos", "-o", "set", "--dry-run", "--resume"], "exclude each other"),
        (["empty", "-o", "set"], "no photographs found"),
        (["*.tif", "-o", "set"], "nothing matches"),
        (["photos", "-o", "photos", "-t", "jpeg"], "photos is not empty"),
        (["photos", "-o", "photos", "-t", "jpeg", "--resume"], "holds no set"),
        (["photos", "-o", "file", "-t", "jpeg"], "file is a file"),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(visq, tmp_path, arguments, text):
    make_photos(tmp_path / "photos", 1)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    before = content(tmp_path)
    done = visq("dataset", "synth", *arguments)
    assert done.code == 2
    assert text in done.err
    assert done.err.count("\n") == 1
    assert content(tmp_path) == before


# As processes ------------------------------------------------------------------------------------------------


def test_killed_and_resumed_runs_give_the_set_of_an_uninterrupted_one(tmp_path):
    report = torture(tmp_path, photos=20, kills=2, jobs=2, options=_QUICK)
    assert report.pictures == 20 * 21
    assert report.kills_in_flight >= 1
    assert report.resume_of_finished_s < 5


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_in_good_order(tmp_path, number, code):
    make_photos(tmp_path / "photos", 200)
    folder = tmp_path / "set"
    process = start(tmp_path / "photos", folder, *_QUICK, "--jobs", "2")
    _wait(process, lambda: pictures(folder) > 300)
    sent = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - sent < 10
    assert process.returncode == code
    assert out == ""
    last = err.splitlines()[-1]
    assert last.startswith("visq: interrupted: ")
    assert last.endswith("of 4200 are safe; run the same command with --resume to go on")
    safe = int(last.split()[2])
    assert 0 < safe <= pictures(folder)
    assert not (folder / "manifest.csv").exists()
    # Its workers are gone: nothing is written any more.
    count = pictures(folder)
    time.sleep(0.5)
    assert pictures(folder) == count


def test_a_worker_that_is_killed_loses_nothing_and_a_second_run_refuses(tmp_path):
    if not Path("/proc/self/task").exists():
        pytest.skip("needs /proc")
    make_photos(tmp_path / "photos", 30)
    folder = tmp_path / "set"
    process = start(tmp_path / "photos", folder, *_QUICK, "--jobs", "2")
    _wait(process, lambda: pictures(folder) > 40)
    second = start(tmp_path / "photos", folder, *_QUICK, "--resume")
    killed = _workers(process.pid)[0]
    os.kill(killed, signal.SIGKILL)
    _, err = second.communicate(timeout=60)
    assert (second.returncode, "another run is writing" in err) == (2, True)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert out.endswith("made now: 600\n")
    assert len({row["image"] for row in _rows(folder)}) == len(_rows(folder)) == 630
    assert pictures(folder) == 630


def _workers(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [int(c) for c in children if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()]


def test_workers_end_with_the_program_that_started_them(tmp_path):
    if not Path("/proc/self/task").exists():
        pytest.skip("needs /proc")
    make_photos(tmp_path / "photos", 100)
    folder = tmp_path / "set"
    process = start(tmp_path / "photos", folder, *_QUICK, "--jobs", "2")
    _wait(process, lambda: pictures(folder) > 150)
    workers = _workers(process.pid)
    assert workers
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 10
    while any(map(_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [w for w in workers if _alive(w)]


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""  # empty: dead, and nobody has asked after it
    except OSError:
        return False


@pytest.mark.slow
def test_a_whole_bank_survives_being_killed(tmp_path):
    report = torture(tmp_path, photos=12, kills=3, jobs=2, options=("--bank", "kadid10k"))
    assert report.pictures == 12 * 126
