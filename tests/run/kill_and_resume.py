"""Score a folder while killing the program at random moments, resume it, and compare with an uninterrupted run.

    python tests/run/kill_and_resume.py --files 3000 --kills 10 --jobs 2

Prints what it saw, and fails unless every file is in the table exactly once with every column equal. After each kill
the journal is opened with plain SQLite and must be whole.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

METRIC = "tv"
_PROGRAM = (
    "import sys; import visq.store.journal as j; j.BATCH_ROWS = {rows}; from visq.cli import main; sys.exit(main())"
)


@dataclass
class Report:
    """What happened."""

    files: int
    rows: int = 0
    uninterrupted_s: float = 0.0
    kills_in_flight: int = 0
    kills_after_the_end: int = 0
    rows_after_each_kill: list[int] = field(default_factory=list)
    resume_of_finished_s: float = 0.0


def make_images(folder: Path, count: int, *, side: int = 64, seed: int = 1) -> None:
    """`count` small PNGs in a few sub-folders, one in fifty of them broken."""
    generator = np.random.default_rng(seed)
    for index in range(count):
        path = folder / f"set {index % 3}" / f"{index:05d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if index % 50 == 49:
            path.write_bytes(b"\x89PNG\r\n\x1a\nbroken")
            continue
        coarse = generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(np.kron(coarse, np.ones((side // 8, side // 8, 1), np.uint8))).save(path, compress_level=1)


def start(folder: Path, table: Path, *, jobs: int, batch_rows: int, resume: bool = True) -> subprocess.Popen[bytes]:
    """The program in a process of its own."""
    arguments = ["score", str(folder), "-m", METRIC, "-o", str(table), "--jobs", str(jobs), "--quiet"]
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM.format(rows=batch_rows), *arguments, *(["--resume"] if resume else [])],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    """Wait for it; the broken files make the code 1."""
    _, errors = process.communicate()
    if process.returncode not in (0, 1) or b"Traceback" in errors:
        raise SystemExit(f"unexpected end ({process.returncode}): {errors.decode()[-2000:]}")


def rows_in_journal(journal: Path) -> int:
    """Rows a stranger with SQLite sees; each key once, the file whole."""
    if not journal.exists():
        return 0
    with sqlite3.connect(journal) as database:
        if not database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'scores'").fetchone()[0]:
            return 0
        [whole] = database.execute("PRAGMA integrity_check").fetchone()
        rows, keys = database.execute("SELECT count(*), count(DISTINCT image) FROM scores").fetchone()
    database.close()
    if whole != "ok" or rows != keys:
        raise SystemExit(f"after a kill: integrity {whole}, {rows} rows, {keys} images")
    return rows


def torture(place: Path, *, files: int, kills: int, jobs: int = 2, batch_rows: int = 500, seed: int = 7) -> Report:
    """Do it all under the folder `place`."""
    chance = random.Random(seed)
    report = Report(files)
    folder = place / "photos"
    make_images(folder, files)

    one = place / "one"
    make_images(one, 1)
    began = time.monotonic()
    finish(start(one, place / "one.csv", jobs=jobs, batch_rows=batch_rows, resume=False))
    start_up = time.monotonic() - began

    whole, resumed = place / "whole.csv", place / "resumed.csv"
    began = time.monotonic()
    finish(start(folder, whole, jobs=jobs, batch_rows=batch_rows, resume=False))
    report.uninterrupted_s = round(time.monotonic() - began, 2)
    start_up = min(start_up, report.uninterrupted_s)

    journal = place / "resumed.csv.journal"
    for _ in range(kills):
        process = start(folder, resumed, jobs=jobs, batch_rows=batch_rows)
        left = 1 - (report.rows_after_each_kill or [0])[-1] / files
        work = left * (report.uninterrupted_s - start_up)
        time.sleep(start_up * chance.uniform(0.2, 1) + chance.random() * work)
        in_flight = process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
        report.kills_in_flight += in_flight
        report.kills_after_the_end += not in_flight
        report.rows_after_each_kill.append(files if resumed.exists() else rows_in_journal(journal))
    if report.rows_after_each_kill != sorted(report.rows_after_each_kill):
        raise SystemExit(f"rows were lost: {report.rows_after_each_kill}")
    finish(start(folder, resumed, jobs=jobs, batch_rows=batch_rows))

    expected, got = whole.read_bytes(), resumed.read_bytes()
    report.rows = got.count(b"\n") - 1
    if report.rows != files or expected != got:
        raise SystemExit(f"the tables differ: {report}")
    left_over = {p.name for p in place.iterdir()} - {"photos", "one", "one.csv", "whole.csv", "resumed.csv"}
    if left_over:
        raise SystemExit(f"left behind: {left_over}")
    began = time.monotonic()
    finish(start(folder, resumed, jobs=jobs, batch_rows=batch_rows))
    report.resume_of_finished_s = round(time.monotonic() - began, 2)
    if resumed.read_bytes() != expected:
        raise SystemExit("resuming a finished run changed its table")
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=3000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--batch-rows", type=int, default=500)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        report = torture(
            Path(place),
            files=given.files,
            kills=given.kills,
            jobs=given.jobs,
            batch_rows=given.batch_rows,
            seed=given.seed,
        )
    print(json.dumps(asdict(report)))


if __name__ == "__main__":
    main()
