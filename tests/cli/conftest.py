"""Two ways to run the command line: in this process, and as the program a user starts."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from visq.cli import main
from visq.run.local import in_process

PROGRAM = (sys.executable, "-c", "import sys; from visq.cli import main; sys.exit(main())")


@dataclass
class Done:
    """How a call ended."""

    code: int
    out: str
    err: str


class _InProcessPool:
    """Stands in for the pool of workers, which costs a second a call."""

    def __init__(self, requests, reading, **_):
        self._requests, self._reading = requests, reading

    def start(self):
        pass

    def close(self):
        pass

    def run(self, tasks):
        return in_process(tasks, self._requests, self._reading)


@pytest.fixture
def visq(monkeypatch, capsys, tmp_path):
    """`visq(arguments...)` in this process, without workers, in `tmp_path`."""
    monkeypatch.setattr("visq.cli.session.Pool", _InProcessPool)
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        capsys.readouterr()
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Done(code, out, err)

    return call


@pytest.fixture
def evaluate(visq):
    """`visq evaluate` with its arguments, without intervals unless they are asked for."""

    def call(*arguments):
        given = [str(a) for a in arguments]
        return visq("evaluate", *given, *([] if "--samples" in given else ["--samples", "0"]))

    return call


@pytest.fixture
def program(tmp_path):
    """`program(arguments..., stdin=b"")` as a process of its own, with real workers, in `tmp_path`."""

    def call(*arguments, stdin=b""):
        done = subprocess.run(
            [*PROGRAM, *arguments], input=stdin, capture_output=True, cwd=tmp_path, timeout=120, check=False
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in err, err
        return Done(done.returncode, out, err)

    return call


@pytest.fixture
def picture(tmp_path):
    """`picture(name, seed=0, side=32)` writes a small picture under `tmp_path`; the name's ending is its format."""

    def write(name, seed=0, side=32, **options):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = np.random.default_rng(seed).integers(0, 256, (side // 4, side // 4, 3), dtype=np.uint8)
        Image.fromarray(np.kron(coarse, np.ones((4, 4, 1), np.uint8))).save(path, **options)
        return path

    return write


@pytest.fixture
def scored(monkeypatch):
    """Images whose scores are computed."""
    from visq.run.shard import Scorer

    names, real = [], Scorer.score

    def score(self, task):
        names.append(task.image)
        return real(self, task)

    monkeypatch.setattr(Scorer, "score", score)
    return names
