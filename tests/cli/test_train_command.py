"""`visq train`: what it prints, how it ends, and that a killed training goes on as if nothing had been."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("accelerate")

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "train"))

from toy_training import SAME, fitted, recipe

from visq.cli import main
from visq.cli import train as command_module

TOY = Path(__file__).resolve().parents[1] / "train" / "toy_training.py"
QUICK = ("--cpu", "--no-tensorboard")
SLOW = ("epochs=3", "options.pause=0.05")


@pytest.fixture
def one_thread():
    """As the programs that are started here have it."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def toy(tmp_path):
    """The recipe as a file of the user's."""
    return shutil.copy(TOY, tmp_path / "toy.py")


def _start(*arguments, folder, launcher=()):
    """The program in a process and a group of its own, with one thread."""
    command = [sys.executable, "-m", *launcher, "visq", "train", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=folder, text=True, start_new_session=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def _ended(process):
    """What it printed; nothing of it is left running, whatever happens."""
    try:
        return process.communicate(timeout=100)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _until(path, lines, process):
    """Wait until a log has so many lines."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if path.exists() and path.read_bytes().count(b"\n") >= lines:
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)
    raise AssertionError(f"{path} never had {lines} lines")


def _bytes(folder):
    return {name: (folder / name).read_bytes() for name in SAME}


def test_it_trains_and_says_what_came_of_it(visq, tmp_path, toy):
    done = visq("train", toy, "-o", "run", *QUICK, "epochs=2")
    assert done.code == 0
    lines = done.out.splitlines()
    assert [line.split("\t")[:2] for line in lines[:2]] == [["epoch 1", "step 6"], ["epoch 2", "step 12"]]
    assert lines[0].split("\t")[3].startswith("error 0.")
    assert lines[2].startswith("best\tstep 12\terror 0.")
    assert lines[2].endswith("run/best.safetensors")
    assert (tmp_path / "run" / "last.safetensors").exists()


def test_quiet_and_json(visq, toy):
    assert visq("train", toy, "-o", "a", *QUICK, "-q", "epochs=1").out == ""
    done = visq("train", toy, "-o", "b", *QUICK, "--json", "epochs=1")
    found = json.loads(done.out)
    assert (found["reason"], found["step"], found["best_step"]) == ("finished", 6, 6)
    assert set(found["best"]) == {"error", "bias"}


def test_the_list_and_the_plan(visq, tmp_path, toy):
    assert visq("train", "--list").out.startswith("example  A line")
    done = visq("train", toy, "--dry-run", "--cpu", "accumulation=2")
    assert done.code == 0
    assert "toy: 81 parameters, 81 of them trained" in done.out
    assert "9 steps: 3 epochs of 3 (6 batches of 16, 2 a step), 3 validations of 2 batches" in done.out
    assert "cpu, float32: about " in done.out
    found = json.loads(visq("train", toy, "--dry-run", "--cpu", "--json").out)
    assert (found["steps"], found["moving"]) == (18, 81)
    assert {p.name for p in tmp_path.iterdir()} <= {"__pycache__", "toy.py"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "RECIPE is missing"),
        (("toy.py",), "-o FOLDER is missing"),
        (("toy.py", "-o", "run", "epoch=3"), "did you mean 'epochs'"),
        (("toy.py", "-o", "run", "options.drop=high"), "options.drop: expected a number, got 'high'"),
        (("toy.py", "-o", "run", "--data", "x"), "makes its own data"),
        (("toy.py", "-o", "run", "validation.split=test"), "is a test split"),
        (("nothing", "-o", "run"), "no recipe is called 'nothing'"),
        (("absent.py", "-o", "run"), "absent.py is not there"),
        (("toy.py", "-o", "full"), "exists already and is not empty. --resume"),
        (("toy.py", "-o", "full", "--resume"), "holds no training to go on with"),
        (("toy.py", "-o", "run", "precision=fp16"), "needs a GPU"),
    ],
)
def test_mistakes_are_one_line_and_cost_nothing(visq, tmp_path, toy, arguments, said):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").touch()
    done = visq("train", *arguments, "--cpu")
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "run" / "log.jsonl").exists()


def test_a_loss_that_is_not_finite_ends_with_1_and_names_its_place(visq, tmp_path, toy):
    done = visq("train", toy, "-o", "run", *QUICK, "options.nan_at=1,2", "-q")
    assert done.code == 1
    assert "the loss is not finite at step 9 of epoch 2: the term 'square' is nan in batch 3" in done.err
    assert (tmp_path / "run" / "last.safetensors").exists()


def test_the_first_signal_finishes_the_step_and_the_run_goes_on_later(visq, tmp_path, toy, monkeypatch):
    """In this process: the signal is sent from within the fourth step."""
    real = command_module._Screen.show

    def show(self, kind, row):
        real(self, kind, row)
        if row["step"] == 4:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(command_module._Screen, "show", show)
        done = visq("train", toy, "-o", "run", *QUICK, "epochs=2")
    assert done.code == 143
    assert "interrupted at step 5 of 12; to go on: visq train" in done.err
    again = done.err.partition("to go on: visq ")[2].split()
    assert again[-2:] == ["run", "--resume"]
    assert visq(*again, "--no-tensorboard").code == 0
    assert visq("train", toy, "-o", "whole", *QUICK, "epochs=2").code == 0
    assert _bytes(tmp_path / "run") == _bytes(tmp_path / "whole")


def test_a_resumed_run_says_so(visq, toy):
    visq("train", toy, "-o", "run", *QUICK, "-q")
    done = visq("train", toy, "-o", "run", *QUICK, "--resume")
    assert (done.code, done.err) == (0, "visq: going on after step 18 of 18\n")
    changed = visq("train", toy, "-o", "run", *QUICK, "--resume", "seed=3")
    assert changed.code == 2
    assert "seed was 0, is 3" in changed.err


def test_without_the_extra_it_says_how_to_install_it(visq, toy, monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    done = visq("train", toy, "-o", "run")
    assert done.code == 2
    assert "training needs accelerate, which is not installed. Run: pip install 'visq[train]'." in done.err


@pytest.mark.slow
def test_killed_by_the_system_and_gone_on_with_is_the_same_to_the_byte(tmp_path, toy, one_thread):
    """SIGKILL in the middle, then Ctrl-C, then to the end. Bytes are those of one run that nobody ended."""
    given = (toy, "-o", "run", *QUICK, *SLOW, "--checkpoint-steps", "4", "--resume", "-q")
    log = tmp_path / "run" / "log.jsonl"
    process = _start(*given, folder=tmp_path)
    _until(log, 10, process)
    process.send_signal(signal.SIGKILL)
    _ended(process)
    assert process.returncode == -signal.SIGKILL
    process = _start(*given, folder=tmp_path)
    _until(log, 15, process)
    process.send_signal(signal.SIGINT)
    _, err = _ended(process)
    assert process.returncode == 130, err
    assert "interrupted at step" in err
    assert "Traceback" not in err
    process = _start(*given, folder=tmp_path)
    _, err = _ended(process)
    assert (process.returncode, err) == (0, "")
    whole = main(["train", str(toy), "-o", str(tmp_path / "whole"), *QUICK, *SLOW, "-q"])
    assert whole == 0
    assert _bytes(tmp_path / "run") == _bytes(tmp_path / "whole")


@pytest.mark.slow
def test_two_processes_come_to_what_one_does(tmp_path, toy, one_thread):
    """Each takes its share of every batch; without batch statistics and dropout only the order of sums differs."""
    import torch

    from visq.train.checkpoints import read

    plain = ("epochs=2", "options.norm=false", "options.drop=0", "options.double=true", "accumulation=4", "batch=15")
    process = _start(
        toy, "-o", "two", *QUICK, *plain, folder=tmp_path, launcher=("torch.distributed.run", "--standalone",
        "--nproc-per-node", "2", "-m"),
    )  # fmt: skip
    out, err = _ended(process)
    assert process.returncode == 0, err
    assert out.count("best\t") == 1, "one process speaks"
    alone = fitted(recipe(*plain), tmp_path / "one")  # the functions are the same, whatever module they come from
    ours, theirs = (read(f / "last.safetensors") for f in (tmp_path / "two", alone.folder))
    assert ours.about["hardware"]["processes"] == 2
    for name, value in theirs.part("weights").items():
        assert torch.allclose(ours.part("weights")[name], value, rtol=0, atol=1e-12), name
    for one, other in zip(ours.about["history"], theirs.about["history"], strict=True):
        assert one["measures"] == pytest.approx(other["measures"], rel=1e-9)
