"""`visq recover`: strips, frames, traces, interruption, and what is refused."""

from __future__ import annotations

import csv
import json
import signal

import numpy as np
import pytest
from PIL import Image

from visq.recovery import recover
from visq.recovery.results import eight_bit
from visq.recovery.settings import moments

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _pixels(path):
    return np.asarray(Image.open(path))


def _smooth(path, side=32, height=None):
    y, x = np.mgrid[0 : height or side, 0:side] / side
    pixels = eight_bit(np.stack([0.2 + 0.6 * x, 0.8 - 0.5 * y, 0.3 + 0.4 * (x > y)], axis=-1))
    Image.fromarray(pixels).save(path)
    return pixels


def test_a_strip_a_folder_and_a_trace_are_those_of_the_library(visq, tmp_path):
    pixels = _smooth(tmp_path / "a.png")
    done = visq("recover", "a.png", "-m", "mse,ssim", "-m", "mse:channels=luma", "--steps", "6", "--seed", "2",
                "--frames", "3", "-o", "strip.png", "--save", "frames", "--trace", "trace.csv")  # fmt: skip
    assert (done.code, done.err) == (0, "")
    walk = recover(pixels, "ssim", steps=6, seed=2, frames=3)
    assert done.out.splitlines()[1].split("\t") == [
        "ssim", "step 6", f"loss {walk.last.loss:.6g}", f"{walk.last.psnr:.2f} dB", f"SSIM {walk.last.ssim:.4f}",
    ]  # fmt: skip
    names = sorted(path.name for path in (tmp_path / "frames").iterdir())
    labels = ("mse", "mse-channels=luma", "ssim")
    assert names == sorted(f"{label}_{step:06d}.png" for label in labels for step in moments(6, 3))
    assert np.array_equal(_pixels(tmp_path / "frames" / "ssim_000006.png"), eight_bit(walk.image))
    with (tmp_path / "trace.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["metric"] for row in rows] == ["mse@1"] * 7 + ["ssim@1"] * 7 + ["mse@1(channels=luma)"] * 7
    assert [float(row["loss"]) for row in rows[7:14]] == [step.loss for step in walk.trace]
    assert rows[7]["ssim"]
    strip = _pixels(tmp_path / "strip.png")
    assert strip.shape[0] > 3 * 192  # three rows of pictures enlarged six times
    assert strip.shape[1] > 4 * 192


def test_the_final_picture_and_the_trace_as_json(visq, tmp_path):
    pixels = _smooth(tmp_path / "a.png")
    done = visq("recover", "a.png", "-m", "mse", "--start", "gaussian_blur:5", "--steps", "150", "--rate", "0.02",
                "--halve-every", "40", "--final", "out.png", "--trace", "t.json", "--json")  # fmt: skip
    assert done.code == 0
    [record] = json.loads(done.out)
    assert (record["reached"], record["status"], record["start"]) == (150, "ok", "gaussian_blur:5")
    assert record["rate"] == "0.02 halved every 40 down to 1e-05"
    assert record["psnr"] > 40
    assert np.abs(_pixels(tmp_path / "out.png").astype(int) - pixels).max() <= 2
    [traced] = json.loads((tmp_path / "t.json").read_text())
    assert [row["rate"] for row in traced["trace"]][::40] == [0.02, 0.01, 0.005, 0.0025]
    assert len(traced["trace"]) == 151


def test_the_same_seed_gives_the_same_files(visq, tmp_path):
    _smooth(tmp_path / "a.png")
    for folder, seed in (("x", 1), ("y", 1), ("z", 2)):
        visq("recover", "a.png", "-m", "ssim", "--steps", "5", "--seed", seed, "-o", f"{folder}/s.png", "-q")
    x, y, z = ((tmp_path / folder / "s.png").read_bytes() for folder in "xyz")
    assert x == y
    assert x != z


def test_making_it_smaller_is_said(visq, tmp_path):
    _smooth(tmp_path / "a.png", side=60, height=40)
    done = visq("recover", "a.png", "-m", "mse", "--steps", "0", "--size", "30", "--final", "out.png")
    assert "visq: a.png: altered or noted on reading: resized: 60x40 to 30x20" in done.err
    assert _pixels(tmp_path / "out.png").shape == (20, 30, 3)
    done = visq("recover", "a.png", "-m", "mse", "--steps", "0", "--size", "0", "--final", "full.png")
    assert done.err == ""
    assert _pixels(tmp_path / "full.png").shape == (40, 60, 3)


def test_a_metric_that_cannot_go_on_leaves_the_others(visq, tmp_path):
    _smooth(tmp_path / "a.png")
    done = visq("recover", "a.png", "-m", "ms_ssim,mse", "--steps", "3", "-o", "s.png", "--trace", "t.json")
    assert done.code == 1
    assert "visq: ms_ssim: image is too small; expected at least 161x161 pixels" in done.err
    assert "1 of 2 recoveries did not reach the end" in done.err
    assert done.out.startswith("mse\tstep 3")
    small, good = json.loads((tmp_path / "t.json").read_text())
    assert (small["status"], small["reached"], small["trace"]) == ("error", None, [])
    assert (good["status"], good["reached"]) == ("ok", 3)
    alone = visq("recover", "a.png", "-m", "ms_ssim", "--steps", "3", "-o", "other.png")
    assert alone.code == 2
    assert not (tmp_path / "other.png").exists()


def test_a_gradient_that_is_not_finite_leaves_the_strip_of_what_was_reached(visq, tmp_path, monkeypatch):
    _smooth(tmp_path / "a.png")
    calls = []

    def loss(name):
        def cost(image, reference):
            calls.append(name)
            return (image - reference).square().sum() * (float("nan") if len(calls) == 4 else 1.0)

        return cost

    monkeypatch.setattr("visq.recovery.descent.loss", loss)
    done = visq("recover", "a.png", "-m", "mse", "--steps", "9", "-o", "s.png", "--trace", "t.json")
    assert done.code == 1
    assert "visq: mse: the loss is nan at step 3" in done.err
    assert (tmp_path / "s.png").exists()
    [record] = json.loads((tmp_path / "t.json").read_text())
    assert record["reached"] == 2
    assert "step 3" in record["error"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_keeps_what_was_reached(visq, tmp_path, monkeypatch, number, code):
    _smooth(tmp_path / "a.png")
    from visq.losses import loss as real

    calls = []

    def loss(name):
        def cost(image, reference):
            calls.append(name)
            if len(calls) == 15:
                signal.raise_signal(number)
            return real(name)(image, reference)

        return cost

    monkeypatch.setattr("visq.recovery.descent.loss", loss)
    done = visq("recover", "a.png", "-m", "mse,ssim,nlpd", "--steps", "9", "-o", "s.png", "--trace", "t.json")
    assert done.code == code
    assert "interrupted: ssim had made 3 of 9 steps; what was reached is in s.png and t.json" in done.err
    first, second = json.loads((tmp_path / "t.json").read_text())
    assert (first["reached"], second["reached"]) == (9, 3)
    assert _pixels(tmp_path / "s.png").shape[0] > 2 * 192


@pytest.mark.parametrize(("metrics", "said"), [
    ("ms_ssim,nlpd", "interrupted: nothing was reached, and nothing was written"),
    ("mse,ms_ssim,nlpd", "interrupted: mse had made 2 of 2 steps; what was reached is in s.png"),
])  # fmt: skip
def test_an_interrupt_after_a_metric_that_refused_keeps_its_exit_code(visq, tmp_path, monkeypatch, metrics, said):
    _smooth(tmp_path / "a.png")
    from visq.losses import loss as real

    def loss(name):
        if name == "nlpd":
            signal.raise_signal(signal.SIGINT)
        return real(name)

    monkeypatch.setattr("visq.recovery.descent.loss", loss)
    done = visq("recover", "a.png", "-m", metrics, "--steps", "2", "-o", "s.png")
    assert done.code == 130
    assert said in done.err
    assert (tmp_path / "s.png").exists() == ("s.png" in said)


@pytest.mark.parametrize("stopped", [False, True])
def test_a_strip_that_cannot_be_written_is_said_and_not_called_kept(visq, tmp_path, monkeypatch, stopped):
    _smooth(tmp_path / "a.png")
    from visq.losses import loss as real

    def loss(name):
        if stopped and name == "nlpd":
            signal.raise_signal(signal.SIGINT)
        return real(name)

    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("visq.recovery.descent.loss", loss)
    monkeypatch.setattr("visq.media.lossless.replace", full)
    done = visq("recover", "a.png", "-m", "mse,nlpd", "--steps", "1", "-o", "s.png")
    assert done.code == (130 if stopped else 1)
    assert "s.png cannot be written: No space left on device" in done.err
    assert "what was reached is in" not in done.err
    assert "mse\tstep 1" in done.out


def test_folders_are_made_once_the_reference_was_read(visq, tmp_path):
    done = visq("recover", "nosuch.png", "-m", "mse", "-o", "new/dir/s.png", "--save", "frames")
    assert done.code == 2
    assert "nosuch.png" in done.err
    assert list(tmp_path.iterdir()) == []
    _smooth(tmp_path / "a.png")
    assert visq("recover", "a.png", "-m", "mse", "--steps", "0", "-o", "new/dir/s.png").code == 0
    assert (tmp_path / "new" / "dir" / "s.png").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-m", "mse"], "-o is missing"),
        (["-o", "s.png"], "Missing option '-m'"),
        (["-m", "niqe", "-o", "s.png"], "niqe is no full-reference metric"),
        (["-m", "no_such", "-o", "s.png"], "no metric is called 'no_such'"),
        (["-m", "ssim:nothing=1", "-o", "s.png"], "has no option 'nothing'"),
        (["-m", "mse", "-o", "s.jpg"], ".jpg would alter the picture"),
        (["-m", "mse", "--trace", "t.txt"], "unknown kind of table"),
        (["-m", "mse,ssim", "--final", "f.png"], "--final is one picture"),
        (["-m", "mse", "-o", "s.png", "--final", "./s.png"], "two outputs have one name"),
        (["-m", "mse", "-o", "a.png"], "a.png is a picture to be read"),
        (["-m", "mse", "-o", "there.png"], "there.png exists already"),
        (["-m", "mse", "--save", "full"], "full is not empty"),
        (["-m", "mse", "-o", "s.png", "--start", "blurr"], "nothing to start from"),
        (["-m", "mse", "-o", "s.png", "--start", "none.png"], "none.png"),
        (["-m", "mse", "-o", "s.png", "--rate", "-1"], "learning rate"),
        (["-m", "mse", "-o", "s.png", "--frames", "1"], "--frames"),
        (["-m", "mse", "-o", "s.png", "--device", "nowhere"], "nowhere"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_refused_writes_nothing(visq, tmp_path, arguments, words):
    _smooth(tmp_path / "a.png")
    (tmp_path / "there.png").write_bytes(b"mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_bytes(b"")
    before = sorted(tmp_path.rglob("*"))
    done = visq("recover", "a.png", "--steps", "1", *arguments)
    assert done.code == 2
    assert words in done.err
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "there.png").read_bytes() == b"mine"


def test_overwriting_has_to_be_asked_for(visq, tmp_path):
    _smooth(tmp_path / "a.png")
    (tmp_path / "s.png").write_bytes(b"old")
    done = visq("recover", "a.png", "-m", "mse", "--steps", "1", "-o", "s.png", "--overwrite")
    assert done.code == 0
    assert _pixels(tmp_path / "s.png").ndim == 3
    missing = visq("recover", "none.png", "-m", "mse", "-o", "t.png")
    assert missing.code == 2
    assert "none.png" in missing.err


def test_all_stands_for_every_metric_with_a_gradient_that_can_be_computed_here(classical, capsys):
    from visq.cli.recover import _metrics
    from visq.recovery.metrics import candidates

    assert [one.id for one in _metrics(("all",))] == [name for name in candidates() if name in classical("fr")]
    assert "without lpips" in capsys.readouterr().err
    assert [one.identity for one in _metrics(("mse,ssim", "mse"))] == ["mse@1", "ssim@1"]
