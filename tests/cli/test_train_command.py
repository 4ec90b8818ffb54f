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


def _start(*arguments, folder, launcher=(), streams=subprocess.PIPE):
    """The program in a process and a group of its own, with one thread."""
    command = [sys.executable, "-m", *launcher, "visq", "train", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=folder, text=True, start_new_session=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=streams, stderr=streams,
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
    listed = visq("train", "--list").out
    assert listed.splitlines()[0].split(maxsplit=1)[1].startswith("A line")
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
        (("toy.py", "-o", "x" * 300), "cannot be read: File name too long"),
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


def test_a_resume_of_nothing_says_that_it_begins(visq, toy):
    done = visq("train", toy, "-o", "typed_wrongly", *QUICK, "--resume", "epochs=1")
    assert (done.code, done.err) == (0, "visq: no checkpoint to go on from: it begins with step 1\n")


def test_one_epoch_of_the_example_learns(visq):
    found = json.loads(visq("train", "example", "-o", "run", *QUICK, "--json", "epochs=1").out)
    assert found["best"]["srcc"] > 0.4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_process_that_does_not_write_finishes_its_step_too(monkeypatch, number):
    """Of several processes one alone is told of the start; a Ctrl-C reaches all of them at once."""
    from visq import train

    ended = []

    def fit(given, data, *, should_stop, **named):
        assert not should_stop()  # after the first step
        os.kill(os.getpid(), number)
        ended.append(should_stop())
        return train.Fitted(given, Path("run"), "interrupted", 2, 5, (), main=False)

    monkeypatch.setattr(train, "fit", fit)
    code = main(["train", "example", "-o", "absent", "-q"])
    assert (code, ended) == (128 + number, [True])


def test_the_command_that_goes_on_keeps_what_was_asked_for():
    given = {"recipe": "a b.py", "settings": ("epochs=2",), "data": "photos", "cpu": True, "tensorboard": False,
             "checkpoint_steps": 20, "checkpoint_minutes": 2.5, "folder": "run"}  # fmt: skip
    assert command_module._again(given) == (
        "visq train 'a b.py' epochs=2 --data photos --cpu --no-tensorboard --checkpoint-steps 20 "
        "--checkpoint-minutes 2.5 -o run --resume"
    )
    plain = {**given, "data": None, "cpu": False, "tensorboard": True, "checkpoint_steps": None}
    assert (
        command_module._again({**plain, "checkpoint_minutes": 10.0}) == "visq train 'a b.py' epochs=2 -o run --resume"
    )


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
    assert "Ctrl-C once more" not in err, "it is quiet"
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


@pytest.mark.slow
def test_two_processes_validate_what_the_first_keeps(tmp_path, toy, one_thread):
    """Statistics of batch normalisations are those of a process's own share, until they are given to all."""
    import torch
    import toy_training

    from visq.train import Fitted

    process = _start(
        toy, "-o", "two", *QUICK, "epochs=2", folder=tmp_path, launcher=("torch.distributed.run", "--standalone",
        "--nproc-per-node", "2", "-m"),
    )  # fmt: skip
    _, err = _ended(process)
    assert process.returncode == 0, err
    one = recipe("epochs=2")
    network = Fitted(one, tmp_path / "two", "finished", 12, 12, ()).network("last")
    points = list(toy_training.streams(one, None).validation.epoch(0))
    with torch.no_grad():
        outputs = torch.cat([network(batch["features"]) for batch in points])
    wanted = toy_training.measure(outputs, {"score": torch.cat([batch["score"] for batch in points])})
    lines = (tmp_path / "two" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[-1])["error"] == pytest.approx(wanted["error"], rel=1e-5)


@pytest.mark.slow
def test_the_first_interruption_says_how_to_end_at_once(tmp_path, toy):
    process = _start(toy, "-o", "run", *QUICK, *SLOW, folder=tmp_path)
    _until(tmp_path / "run" / "log.jsonl", 3, process)
    process.send_signal(signal.SIGINT)
    _, err = _ended(process)
    assert process.returncode == 130
    said = err.split("visq: ")[1:]
    assert [line.partition(",")[0].partition(" at ")[0] for line in said] == ["finishing the step", "interrupted"], err


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="no terminals of POSIX")
def test_on_a_terminal_lines_do_not_stand_behind_the_bar(tmp_path, toy):
    import pty

    ours, theirs = pty.openpty()
    process = _start(toy, "-o", "run", *QUICK, *SLOW, folder=tmp_path, streams=theirs)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # which is the end, as terminals have it
        while piece := os.read(ours, 1 << 16):
            shown += piece
    _ended(process)
    os.close(ours)
    assert b"steps/s" in shown
    lines = [line for line in shown.decode().splitlines() if "epoch " in line]
    assert len(lines) == 3
    for line in lines:
        erased = line.rpartition("\x1b[2K")[2]
        assert erased.startswith("epoch "), line
