"""Make a set while killing the program at random moments, resume it, and compare with an uninterrupted run.

    python tests/distortions/kill_and_resume_synth.py --photos 1000 --bank kadid10k --kills 5 --jobs 2

Prints what it saw, and fails unless every file of the two folders is the same, byte for byte.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

PROGRAM = (sys.executable, "-c", "import sys; from visq.cli import main; sys.exit(main())", "dataset", "synth")


@dataclass
class Report:
    """What happened."""

    photos: int
    pictures: int = 0
    uninterrupted_s: float = 0.0
    megabytes: float = 0.0
    kills_in_flight: int = 0
    on_disk_after_each_kill: list[int] = field(default_factory=list)
    made_by_the_last_run: int = 0
    resume_of_finished_s: float = 0.0
    plan: list[str] = field(default_factory=list)


def make_photos(folder: Path, count: int, *, side: int = 64, broken: int = 0) -> None:
    """`count` small pictures, each other than the last; every `broken`th cannot be read."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    for number in range(count):
        path = folder / f"{number:05d}.png"
        if broken and number % broken == broken - 1:
            path.write_bytes(b"\x89PNG\r\n\x1a\nbroken")
            continue
        coarse = rng.integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8)
        noise = rng.integers(-20, 21, (side, side, 3))
        pixels = np.kron(coarse, np.ones((8, 8, 1), np.uint8)) + noise
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)


def start(photos: Path, folder: Path, *options: str) -> subprocess.Popen[str]:
    """The program in a process of its own."""
    return subprocess.Popen(
        [*PROGRAM, str(photos), "-o", str(folder), *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait for it; broken photographs make the code 1."""
    out, err = process.communicate()
    if process.returncode not in (0, 1) or "Traceback" in err:
        raise SystemExit(f"unexpected end ({process.returncode}): {err[-2000:]}")
    return out, err


def content(folder: Path) -> dict[str, str]:
    """Hash of every file."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }  # fmt: skip


def pictures(folder: Path) -> int:
    """Finished pictures on the disk."""
    images = folder / "images"
    return sum(1 for path in images.iterdir() if not path.name.startswith(".")) if images.exists() else 0


def torture(place: Path, *, photos: int, kills: int, jobs: int, options: tuple[str, ...], seed: int = 7) -> Report:
    """Do it all under the folder `place`."""
    chance = random.Random(seed)
    report = Report(photos)
    source = place / "photos"
    make_photos(source, photos, broken=50)
    whole, resumed = place / "whole", place / "resumed"
    began = time.monotonic()
    _, err = finish(start(source, whole, "--jobs", str(jobs), *options))
    report.uninterrupted_s = round(time.monotonic() - began, 1)
    report.plan = [line for line in err.splitlines() if "broken" not in line and "PNG" not in line][:4]
    expected = content(whole)
    report.pictures = pictures(whole)
    report.megabytes = round(sum(p.stat().st_size for p in (whole / "images").iterdir()) / 1e6, 1)

    for number in range(kills):
        resume = ["--resume"] if (resumed / "plan.json").exists() else []
        process = start(source, resumed, "--jobs", str(1 + number % jobs), *options, *resume)
        target = pictures(resumed) + chance.randrange(1, max(2, report.pictures // (kills + 1)))
        while process.poll() is None and pictures(resumed) < target:
            time.sleep(0.02)
        report.kills_in_flight += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
        report.on_disk_after_each_kill.append(pictures(resumed))
    if report.on_disk_after_each_kill != sorted(report.on_disk_after_each_kill):
        raise SystemExit(f"pictures were lost: {report.on_disk_after_each_kill}")
    out, _ = finish(start(source, resumed, "--jobs", str(jobs), *options, "--resume"))
    report.made_by_the_last_run = int(out.rpartition("made now: ")[2])
    found = content(resumed)
    if found != expected:
        differ = {name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)}
        raise SystemExit(f"the sets differ in {len(differ)} files: {sorted(differ)[:5]}; {report}")
    began = time.monotonic()
    finish(start(source, resumed, "--jobs", str(jobs), *options, "--resume"))
    report.resume_of_finished_s = round(time.monotonic() - began, 2)
    if content(resumed) != expected:
        raise SystemExit("resuming a finished set changed it")
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=int, default=100)
    parser.add_argument("--bank", default="kadid10k")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--place", help="folder to work in, on a disk with room")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.place) as place:
        report = torture(
            Path(place), photos=given.photos, kills=given.kills, jobs=given.jobs, options=("--bank", given.bank),
            seed=given.seed,
        )  # fmt: skip
    print(json.dumps(asdict(report)))


if __name__ == "__main__":
    main()
