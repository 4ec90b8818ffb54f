"""What goes wrong around a run (streams, tables, workers) is one line and an exit code, and loses no score."""

from __future__ import annotations

import csv
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from visq.errors import VisqError
from visq.run.local import in_process

_PROGRAM = (sys.executable, "-c", "import sys; from visq.cli import main; sys.exit(main())")
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")


def _images(path):
    with Path(path).open(newline="", encoding="utf-8") as file:
        return [row["image"] for row in csv.DictReader(file)]


def test_the_module_gives_the_exit_code_of_the_program():
    done = subprocess.run([sys.executable, "-m", "visq", "show", "nothing"], capture_output=True, check=False)
    assert done.returncode == 2


def test_a_closed_standard_input_is_one_line(visq, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    done = visq("score", "-", "-m", "tv")
    assert done.code == 2
    assert done.err.startswith("visq: standard input is closed")


@needs_full
@pytest.mark.parametrize("command", [["score", "a.png", "b.png", "-m", "tv", "-o", "t.csv"], ["list"]])
def test_a_full_disk_behind_standard_output_is_one_line(picture, tmp_path, command):
    for name in ("a.png", "b.png"):
        picture(name)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*_PROGRAM, *command], stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, check=False, timeout=120
        )
    assert done.returncode == 1
    assert b"cannot be written: No space left" in done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr
    if command[0] == "score":
        assert _images(tmp_path / "t.csv") == ["a.png", "b.png"]
        assert not (tmp_path / "t.csv.journal").exists()


def test_a_timeout_that_is_no_number_is_refused(visq, picture):
    picture("a.png")
    done = visq("score", "a.png", "-m", "tv", "--timeout", "nan")
    assert done.code == 2
    assert "--timeout" in done.err


def test_a_pattern_without_a_match_is_a_mistake_in_compare_too(visq, picture):
    picture("a.png")
    done = visq("compare", "a.png", "a.png", "x*.png", "-m", "psnr")
    assert done.code == 2
    assert done.out == ""
    assert "nothing matches 'x*.png'" in done.err


def test_the_folder_of_references_is_walked_once(visq, picture, monkeypatch):
    from visq.run.plan import Finder

    for folder in ("ref", "dist"):
        picture(f"{folder}/a.png")
    walked, real = [], Finder.walk
    monkeypatch.setattr(Finder, "walk", lambda self, root: walked.append(root) or real(self, root))
    assert visq("compare", "ref", "dist", "-m", "psnr").code == 0
    assert sorted(walked) == ["dist", "ref"]


def test_a_damaged_table_is_one_line(visq, picture, tmp_path):
    for index in range(150):
        picture(f"p/{index}{'x' * 150}.png", side=16)
    visq("score", "p", "-m", "tv", "-o", "t.sqlite", "-q")
    table = tmp_path / "t.sqlite"
    data = bytearray(table.read_bytes())
    # The schema and the head of every tree stay whole: the table opens.
    for page in range(8, len(data) // 4096):
        data[page * 4096 : (page + 1) * 4096] = b"\xab" * 4096
    table.write_bytes(data)
    done = visq("score", "p", "-m", "tv", "-o", "t.sqlite", "--resume")
    assert done.code in (1, 2)
    assert "t.sqlite is damaged" in done.err
    assert table.read_bytes() == bytes(data)


def _failing_pool(error):
    """A pool that ends with `error` after two images."""

    class Pool:
        def __init__(self, requests, reading, **_):
            self.settings = requests, reading

        def start(self):
            pass

        def close(self):
            pass

        def run(self, tasks):
            yield from islice(in_process(tasks, *self.settings), 2)
            raise error

    return Pool


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [(VisqError("workers cannot start"), 1, "workers cannot start"), (KeyboardInterrupt(), 130, "2 rows are safe")],
)
def test_a_run_that_ends_early_keeps_what_it_has(visq, picture, scored, monkeypatch, error, code, says):
    for index in range(4):
        picture(f"p/{index}.png", seed=index)
    with monkeypatch.context() as patch:
        patch.setattr("visq.cli.session.Pool", _failing_pool(error))
        done = visq("score", "p", "-m", "tv", "-o", "t.csv", "--overwrite")
    assert done.code == code
    assert says in done.err
    assert not Path("t.csv").exists()
    if code == 130:
        assert "--resume instead of --overwrite" in done.err
    scored.clear()
    assert visq("score", "p", "-m", "tv", "-o", "t.csv", "--resume").code == 0
    assert scored == ["p/2.png", "p/3.png"]
    assert _images("t.csv") == [f"p/{i}.png" for i in range(4)]
