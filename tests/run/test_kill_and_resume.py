"""Runs that are killed, interrupted, doubled, cut off from their disk, and resumed: as real processes."""

from __future__ import annotations

import csv
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from kill_and_resume import make_images, torture
from PIL import Image

from visq.store.destination import Destination
from visq.store.journal import BATCH_ROWS
from visq.types import ScoreRecord

_PROGRAM = (sys.executable, "-c", "import sys; from visq.cli import main; sys.exit(main())")


def _visq(*arguments, cwd, before=None):
    done = subprocess.run(
        [*_PROGRAM, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False, preexec_fn=before
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def _rows(path):
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_killed_and_resumed_runs_give_the_table_of_an_uninterrupted_one(tmp_path):
    report = torture(tmp_path, files=200, kills=4, batch_rows=20)
    assert report.rows == 200
    assert report.kills_in_flight >= 1


@pytest.mark.parametrize(
    ("number", "code", "jobs"), [(signal.SIGINT, 130, "2"), (signal.SIGTERM, 143, "2"), (signal.SIGINT, 130, "")]
)
def test_a_signal_ends_the_run_in_good_order(tmp_path, number, code, jobs):
    make_images(tmp_path / "photos", 600)
    command = [*_PROGRAM, "score", "photos", "-m", "tv,piqe,uciqe", "-o", "t.csv", *(["--jobs", jobs] if jobs else [])]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    journal = tmp_path / "t.csv.journal"
    deadline = time.monotonic() + 60
    while not (journal.exists() and _committed(journal) > 0) and time.monotonic() < deadline:
        time.sleep(0.05)
    sent = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - sent < 10
    assert process.returncode == code
    assert out == ""
    assert err.startswith("visq: interrupted: ")
    assert err.count("\n") == 1
    assert "--resume" in err
    assert 0 < _committed(journal) < 1800
    resumed = _visq("score", "photos", "-m", "tv,piqe,uciqe", "-o", "t.csv", "--resume", "-q", cwd=tmp_path)
    assert resumed.returncode == 1
    assert len({(r["image"], r["metric"]) for r in _rows(tmp_path / "t.csv")}) == 1800
    assert not journal.exists()


def _committed(journal):
    import sqlite3

    try:
        database = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
        try:
            return database.execute("SELECT count(*) FROM scores").fetchone()[0]
        finally:
            database.close()
    except sqlite3.OperationalError:
        return 0


def test_an_interrupted_run_without_a_table_says_that_nothing_is_kept(tmp_path):
    # Names come from a pipe that stays open: the run cannot end by itself.
    process = subprocess.Popen(
        [*_PROGRAM, "score", "-", "-m", "tv"],
        cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    process.stdin.write(b"no-such-file.png\n")
    process.stdin.flush()
    _wait_for_a_child(process.pid)
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    err = process.stderr.read()
    assert process.wait(timeout=30) == 130
    assert time.monotonic() - sent < 10
    for pipe in (process.stdin, process.stdout, process.stderr):
        pipe.close()
    assert err == b"visq: interrupted: nothing is kept without -o\n"


def _wait_for_a_child(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children")
    if not children.exists():
        time.sleep(4)
        return
    deadline = time.monotonic() + 60
    while not children.read_text().strip() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.2)


def test_a_second_run_on_the_same_table_refuses_at_once(tmp_path):
    make_images(tmp_path / "photos", 400)
    first = subprocess.Popen(
        [*_PROGRAM, "score", "photos", "-m", "tv,piqe", "-o", "t.csv"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not (tmp_path / "t.csv.journal").exists():
            time.sleep(0.01)
        for flag in ("--resume", "--overwrite", "--quiet"):
            second = _visq("score", "photos", "-m", "tv,piqe", "-o", "t.csv", flag, cwd=tmp_path)
            assert second.returncode == 2
            assert second.stderr.startswith("visq: another run is writing to t.csv.journal")
            assert second.stderr.count("\n") == 1
    finally:
        first.wait()
    assert first.returncode == 1
    assert len(_rows(tmp_path / "t.csv")) == 800


def test_resuming_with_another_metric_keeps_the_rows_apart(tmp_path):
    make_images(tmp_path / "photos", 10)
    assert _visq("score", "photos", "-m", "tv", "-o", "t.csv", cwd=tmp_path).returncode == 0
    before = {r["image"]: r for r in _rows(tmp_path / "t.csv")}
    assert _visq("score", "photos", "-m", "tv,uciqe", "-o", "t.csv", "--resume", cwd=tmp_path).returncode == 0
    after = _rows(tmp_path / "t.csv")
    assert [r["metric"] for r in after] == ["tv", "uciqe"] * 10
    assert {r["image"]: r for r in after if r["metric"] == "tv"} == before


def test_inputs_added_and_removed_between_runs(tmp_path):
    make_images(tmp_path / "photos", 50)
    assert _visq("score", "photos", "-m", "tv", "-o", "t.csv", cwd=tmp_path).returncode == 1
    [broken] = [r["image"] for r in _rows(tmp_path / "t.csv") if r["status"] == "error"]
    (tmp_path / broken).unlink()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "photos" / "0first.png")
    done = _visq("score", "photos", "-m", "tv", "-o", "t.csv", "--resume", cwd=tmp_path)
    rows = _rows(tmp_path / "t.csv")
    assert done.returncode == 0
    assert "1 row of the table belongs to other inputs or metrics" in done.stderr
    assert len(rows) == 51
    assert rows[0]["image"] == "photos/0first.png"
    assert rows[-1]["image"] == broken
    assert [r["image"] for r in rows[:-1]] == sorted(r["image"] for r in rows[:-1])


def test_errors_are_tried_again_only_on_request(tmp_path):
    make_images(tmp_path / "photos", 50)
    assert _visq("score", "photos", "-m", "tv", "-o", "t.csv", cwd=tmp_path).returncode == 1
    [broken] = [r["image"] for r in _rows(tmp_path / "t.csv") if r["status"] == "error"]
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / broken)
    assert _visq("score", "photos", "-m", "tv", "-o", "t.csv", "--resume", cwd=tmp_path).returncode == 1
    again = _visq("score", "photos", "-m", "tv", "-o", "t.csv", "--resume", "--retry-errors", cwd=tmp_path)
    assert again.returncode == 0
    rows = _rows(tmp_path / "t.csv")
    assert {r["status"] for r in rows} == {"ok"}
    assert [r["image"] for r in rows] == sorted(r["image"] for r in rows)
    assert len(rows) == 50


def test_resuming_a_finished_run_of_ten_thousand_starts_no_worker(tmp_path, monkeypatch):
    from visq.cli import main

    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(10_000):
        (folder / f"{index:05d}.png").touch()
    destination = Destination(str(tmp_path / "t.csv"))
    journal = destination.open()
    from visq.run.tasks import request

    tv = request("tv")
    for index in range(10_000):
        record = ScoreRecord(
            f"photos/{index:05d}.png", "", "tv", tv.spec.version, index / 7, "ok", "", tv.identity, True
        )
        journal.add(index, [record], [0])
    journal.flush()
    destination.write(journal)
    destination.close(journal)
    before = (tmp_path / "t.csv").read_bytes()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("visq.run.processes.subprocess.Popen", lambda *_, **__: pytest.fail("a worker was started"))
    assert main(["score", "photos", "-m", "tv", "-o", "t.csv", "--resume"]) == 0
    assert (tmp_path / "t.csv").read_bytes() == before


def test_a_full_disk_is_one_line_and_the_run_is_finished_later(tmp_path):
    make_images(tmp_path / "photos", BATCH_ROWS + 100)

    def small_files():
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    done = _visq("score", "photos", "-m", "tv", "-o", "t.csv", "--quiet", cwd=tmp_path, before=small_files)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("visq: t.csv")
    assert "cannot be written" in last
    assert "--resume" in last
    assert not (tmp_path / "t.csv").exists()
    assert _visq("score", "photos", "-m", "tv", "-o", "t.csv", "--resume", "-q", cwd=tmp_path).returncode == 1
    assert len(_rows(tmp_path / "t.csv")) == BATCH_ROWS + 100
    assert sorted(p.name for p in tmp_path.iterdir()) == ["photos", "t.csv"]


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_read_only_folder_is_told_before_the_first_image(tmp_path):
    make_images(tmp_path / "photos", 2)
    (tmp_path / "locked").mkdir(mode=0o555)
    done = _visq("score", "photos", "-m", "tv", "-o", "locked/t.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert "locked/t.csv.journal cannot be written" in done.stderr


def test_a_place_that_takes_no_files_is_told_before_the_first_image(tmp_path):
    if not Path("/proc/self").exists():
        pytest.skip("needs /proc")
    make_images(tmp_path / "photos", 2)
    done = _visq("score", "photos", "-m", "tv", "-o", "/proc/t.csv", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("visq: /proc/t.csv.journal cannot be written")


def test_a_reader_that_goes_away_is_no_trouble(tmp_path):
    make_images(tmp_path / "photos", 40)
    process = subprocess.Popen(
        [*_PROGRAM, "score", "photos", "-m", "tv", "-q"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 0
    assert err == b""


def test_a_terminal_gets_a_progress_bar_with_rate_and_time_left(tmp_path):
    make_images(tmp_path / "photos", 1200, side=160)
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*_PROGRAM, "score", "photos", "-m", "tv,piqe", "-o", "t.csv"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=follower, env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(follower)
    seen = b""
    while select.select([leader], [], [], 60)[0]:
        try:
            block = os.read(leader, 65536)
        except OSError:
            break
        if not block:
            break
        seen += block
    os.close(leader)
    process.wait(timeout=60)
    assert b"/1200" in seen
    assert b"images/s" in seen
    assert b"0:00:0" in seen


def test_memory_does_not_grow_with_the_names(tmp_path):
    """Peak memory of the whole program, 20,000 names more."""
    script = (
        "import sys, resource; from visq.cli import main; code = main();"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr); sys.exit(code)"
    )

    def peak(count):
        names = b"".join(b"a-folder/a-photograph-with-a-usual-name-%07d.jpg\n" % i for i in range(count))
        done = subprocess.run(
            [sys.executable, "-c", script, "score", "-", "-m", "tv", "-o", f"t{count}.csv", "-q"],
            input=names, cwd=tmp_path, capture_output=True, timeout=200, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        assert len(_rows(tmp_path / f"t{count}.csv")) == count
        return int(done.stderr.splitlines()[-1]) * (1024 if sys.platform != "darwin" else 1)

    assert (peak(21_000) - peak(1_000)) / 20_000 < 500
