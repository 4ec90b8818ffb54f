"""What runs over folders promise beyond being killed: vanishing files, a million names, other options, bad company."""

from __future__ import annotations

import contextlib
import csv
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visq import catalog
from visq.cli import main
from visq.run.local import in_process, in_workers
from visq.run.tasks import Request, Task, request
from visq.store.destination import Destination
from visq.store.tables import replacing
from visq.types import ScoreRecord

_PROGRAM = (sys.executable, "-c", "import sys; from visq.cli import main; sys.exit(main())")


def _picture(path, seed=0, side=32):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return str(path)


def _rows(path):
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_files_that_vanish_between_listing_and_reading_are_rows(tmp_path, monkeypatch, capsys):
    """Listed, then gone before the first is opened."""
    names = [_picture(tmp_path / "p" / f"{i:02d}.png", seed=i) for i in range(9)]

    class Vanishing:
        def __init__(self, requests, reading, **_):
            self.requests, self.reading = requests, reading

        def start(self):
            pass

        def close(self):
            pass

        def run(self, tasks):
            listed = list(tasks)
            assert len(listed) == 9
            for name in names[1::3]:
                Path(name).unlink()
            return in_process(listed, self.requests, self.reading)

    monkeypatch.setattr("visq.cli.session.Pool", Vanishing)
    monkeypatch.chdir(tmp_path)
    assert main(["score", "p", "-m", "tv", "-o", "t.csv", "-q"]) == 1
    rows = {Path(r["image"]).name: r for r in _rows("t.csv")}
    assert len(rows) == 9
    assert [n for n, r in rows.items() if r["status"] == "error"] == ["01.png", "04.png", "07.png"]
    assert all("does not exist" in rows[n]["error"] for n in ("01.png", "04.png", "07.png"))
    lines = [line for line in capsys.readouterr().err.splitlines() if "does not exist" in line]
    assert len(lines) == 3


def test_bad_files_change_the_score_of_no_other(tmp_path):
    """Bitwise, whatever stands between the good ones, in one process and in workers."""
    good = [_picture(tmp_path / f"{i}.png", seed=i, side=100) for i in range(6)]
    (tmp_path / "cut.png").write_bytes(Path(good[0]).read_bytes()[:500])
    (tmp_path / "text.png").write_text("no image")
    bad = [str(tmp_path / n) for n in ("cut.png", "text.png", "missing.png")]
    requests = [request(s.id) for s in catalog.specs("nr")]

    def values(paths, engine, **options):
        tasks = [Task(i, p) for i, p in enumerate(paths)]
        return {
            (r.image, r.identity): r.value
            for _, rows in engine(tasks, requests, **options)
            for r in rows
            if r.status == "ok"
        }

    alone = values(good, in_process)
    assert len(alone) == 6 * len(requests)
    mixed = [p for pair in zip(good, bad * 2, strict=True) for p in pair]
    assert values(mixed, in_process) == alone
    assert values(mixed[::-1], in_workers, jobs=2) == alone


def test_another_option_or_version_is_another_row(tmp_path, monkeypatch):
    _picture(tmp_path / "p" / "a.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("visq.cli.session.Pool", lambda requests, reading, **_: _Here(requests, reading))
    assert main(["score", "p", "-m", "tv:norm=l1", "-o", "t.csv", "-q"]) == 0
    assert main(["score", "p", "-m", "tv:norm=l2", "-o", "t.csv", "-q", "--resume"]) == 0
    first, second = _rows("t.csv")
    assert first["identity"] != second["identity"]
    assert first["value"] != second["value"]
    spec = catalog.get("tv")
    newer = replace(spec, version=f"{spec.version}1")
    assert newer.identity() != spec.identity()
    monkeypatch.setattr("visq.catalog.get", lambda _: newer)
    monkeypatch.setattr("visq.run.tasks.catalog.get", lambda _: newer, raising=False)
    assert request("tv").identity == newer.identity()
    assert main(["score", "p", "-m", "tv:norm=l1", "-o", "t.csv", "-q", "--resume"]) == 0
    assert len({r["identity"] for r in _rows("t.csv")}) == 3


class _Here:
    def __init__(self, requests: list[Request], reading):
        self.requests, self.reading = requests, reading

    def start(self):
        pass

    def close(self):
        pass

    def run(self, tasks):
        return in_process(tasks, self.requests, self.reading)


def test_the_first_of_a_million_names_is_scored_within_ten_seconds(tmp_path):
    """Names arrive through a pipe that is never closed; the journal has rows long before the last."""
    _picture(tmp_path / "a.png")
    process = subprocess.Popen(
        [*_PROGRAM, "score", "-", "-m", "tv", "-o", "t.csv", "-q"],
        cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def feed():
        try:
            process.stdin.write(b"a.png\n")
            for number in range(1_000_000):
                process.stdin.write(b"a-folder/a-photograph-with-a-usual-name-%07d.jpg\n" % number)
        except OSError:  # the run was ended
            return

    began = time.monotonic()
    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    found = []
    try:
        while not found and time.monotonic() - began < 40:
            time.sleep(0.1)
            found = _first_row(tmp_path / "t.csv.journal")
        took = time.monotonic() - began
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 143
    finally:
        process.kill()
        process.wait()
        feeder.join(10)
        with contextlib.suppress(OSError):
            process.stdin.close()
    assert found == [("a.png", "ok")]
    assert took < 10


def _first_row(journal):
    if not journal.exists():
        return []
    try:
        database = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
        try:
            return database.execute("SELECT image, status FROM scores WHERE image = 'a.png'").fetchall()
        finally:
            database.close()
    except sqlite3.OperationalError:
        return []


def test_resuming_a_finished_run_of_ten_thousand_takes_less_than_two_seconds(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    tv = request("tv")
    destination = Destination(str(tmp_path / "t.csv"))
    journal = destination.open()
    for index in range(10_000):
        name = f"photos/{index:05d}.png"
        (tmp_path / name).touch()
        journal.add(index, [ScoreRecord(name, "", "tv", tv.spec.version, index / 7, "ok", "", tv.identity, True)], [0])
    journal.flush()
    destination.write(journal)
    destination.close(journal)
    command = [*_PROGRAM, "score", "photos", "-m", "tv", "-o", "t.csv", "--resume", "-q"]
    times = []
    for _ in range(3):  # processor time, the least of three: other work on the machine is not the program's
        began = _children_seconds()
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
        times.append(_children_seconds() - began)
    assert min(times) < 2, times
    assert len(_rows(tmp_path / "t.csv")) == 10_000


def _children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_table_is_on_the_disk_before_it_takes_the_name(tmp_path, monkeypatch):
    """Temporary file in the same folder, fsync of it, rename, fsync of the folder: in this order."""
    path = tmp_path / "t.csv"
    events = []
    fsync, rename = os.fsync, os.replace

    def watched_fsync(handle):
        events.append("folder" if Path(f"/proc/self/fd/{handle}").resolve() == tmp_path.resolve() else "file")
        fsync(handle)

    def watched_rename(source, target):
        assert Path(source).parent == tmp_path
        assert Path(target) == path
        events.append("rename")
        rename(source, target)

    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_rename)
    with replacing(str(path)) as file:
        file.write(b"new")
    assert events == ["file", "rename", "folder"]
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("command", ["score", "compare"])
def test_an_image_may_take_thirty_seconds_unless_said_otherwise(command):
    import inspect

    from click.testing import CliRunner

    from visq.cli import compare, score
    from visq.run.pool import Pool

    assert inspect.signature(Pool).parameters["timeout"].default == 30.0
    chosen = {"score": score, "compare": compare}[command].command
    [option] = [p for p in chosen.params if p.name == "timeout"]
    assert option.default == 30.0
    assert "[default: 30.0" in " ".join(CliRunner().invoke(chosen, ["--help"]).output.split())
