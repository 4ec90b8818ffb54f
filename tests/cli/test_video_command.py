"""`visq video`: what it prints, writes, draws and refuses."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import video_clips as clips
import visq as package
from visq.cli import main

CLIPS = Path(__file__).resolve().parents[2] / "examples" / "clips"


@pytest.fixture
def pair(tmp_path):
    """A reference and two distorted clips in `tmp_path`: ref.y4m, a.y4m, b.y4m."""
    pytest.importorskip("av", reason="video needs PyAV")
    frames = clips.yuv(6)
    worse = [[np.where(p > 100, p - 9, p).astype(np.uint8) for p in planes] for planes in frames]
    for name, content in (("ref", frames), ("a", clips.yuv(6, damaged=True)), ("b", worse)):
        (tmp_path / f"{name}.y4m").write_bytes(clips.y4m(content))
    return tmp_path


def _lines(text):
    return [line.split("\t") for line in text.splitlines()]


def test_lines_for_programs(visq, pair):
    done = visq("video", "a.y4m", "b.y4m", "-r", "ref.y4m", "-m", "psnr,ssim", "--pool", "mean,harmonic,p5", "-q")
    assert (done.code, done.err) == (0, "")
    header, *rows = _lines(done.out)
    assert header == ["video", "metric", "frames", "mean", "harmonic", "p5"]
    assert [row[:3] for row in rows] == [[v, m, "6"] for v in ("a.y4m", "b.y4m") for m in ("psnr", "ssim")]
    for video, metric, _, *values in rows:
        curve = package.compare_videos("ref.y4m", video, metric)[metric]
        assert [float(v) for v in values] == [curve.pool(how) for how in ("mean", "harmonic", "p5")]


def test_no_reference_metrics_are_the_default_without_one(visq, pair):
    done = visq("video", CLIPS / "lighthouse-crf36.mp4", "--frames", "1", "-q")
    assert [row[1] for row in _lines(done.out)[1:]] == ["visq_nr"]
    done = visq("video", "a.y4m", "-r", "ref.y4m", "-m", "mse", "--frames", "2", "-q")
    assert done.code == 0


def test_json(visq, pair):
    done = visq("video", "a.y4m", "--reference", "ref.y4m", "-m", "mse,psnr:channels=luma", "--json", "--every", "2")
    records = json.loads(done.out)
    assert [r["identity"] for r in records] == ["mse@1", "psnr@1(channels=luma)"]
    first = records[0]
    assert set(first["pooled"]) == {"mean", "median", "min", "max"}
    assert first["pooled"]["max"] >= first["pooled"]["mean"] > 0
    assert (first["video"], first["reference"], first["status"], first["error"]) == ("a.y4m", "ref.y4m", "ok", "")
    assert (first["frames"], first["failed_frames"], first["rate"]) == (3, 0, 25.0)
    assert (first["width"], first["height"], first["bit_depth"], first["plane"]) == (64, 48, 8, "rgb")
    assert first["lower_is_better"] is True
    assert "matrix-assumed: bt601" in first["warnings"]
    assert "docs/video.md" in done.err


def test_the_table_of_frames_and_the_picture(visq, pair):
    pytest.importorskip("matplotlib", reason="drawing needs matplotlib")
    given = ("video", "a.y4m", "b.y4m", "-r", "ref.y4m", "-m", "psnr,mse", "-o", "curve.csv", "--plot", "curve.png")
    done = visq(*given)
    assert done.code == 0
    assert "scores of each frame are in curve.csv" in done.err
    with (pair / "curve.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["video"], r["frame"]) for r in rows] == [(v, str(i)) for v in ("a.y4m", "b.y4m") for i in range(6)]
    curve = package.compare_videos("ref.y4m", "b.y4m", "psnr")["psnr"]
    assert [float(r["psnr"]) for r in rows[6:]] == curve.values.tolist()
    assert [float(r["time"]) for r in rows[:3]] == [0.0, 0.04, 0.08]
    assert (pair / "curve.png").read_bytes().startswith(b"\x89PNG")
    again = visq(*given)
    assert again.code == 2
    assert "curve.png exists already. Use --overwrite to replace it" in again.err
    (pair / "curve.png").unlink()
    again = visq(*given)
    assert again.code == 2
    assert "curve.csv exists already. --overwrite replaces it." in again.err
    assert not (pair / "curve.png").exists()
    assert visq(*given, "--overwrite").code == 0


def test_raw_video(visq, pair):
    for name, damaged in (("ref", False), ("a", True)):
        (pair / f"{name}.yuv").write_bytes(clips.raw(clips.yuv(3, bits=10, damaged=damaged)))
    done = visq("video", "a.yuv", "-r", "ref.yuv", "-m", "psnr", "--size", "64x48", "--pix-fmt", "yuv420p10le",
                "--plane", "y", "--pool", "min")  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert _lines(done.out)[1][1:3] == ["psnr", "3"]
    without = visq("video", "a.yuv", "-r", "ref.yuv", "-m", "psnr")
    assert without.code == 1
    assert "raw samples need --size" in without.err


def test_a_metric_of_videos_has_a_result_beside_the_pooled_scores(visq, pair):
    for name, damaged in (("ref", False), ("a", True)):
        (pair / f"{name}.y4m").write_bytes(clips.y4m(clips.yuv(4, 72, 80, damaged=damaged)))
    done = visq("video", "a.y4m", "-r", "ref.y4m", "-m", "mse,st_rred", "--pool", "mean", "-q", "-o", "c.csv")
    header, mse, st_rred = _lines(done.out)
    assert header[2:] == ["frames", "mean", "result"]
    assert (mse[4], st_rred[3]) == ("-", "-")
    assert float(st_rred[4]) == package.compare_videos("ref.y4m", "a.y4m", "st_rred")["st_rred"].value
    assert visq("video", "a.y4m", "-r", "ref.y4m", "-m", "st_rred", "--fail-under", "st_rred=1e-9").code == 3
    done = visq("video", "a.y4m", "-r", "ref.y4m", "-m", "st_rred", "--frames", "1", "-q")
    assert done.code == 1
    assert done.err.startswith("visq: a.y4m: too few frames; expected two or more")


# Errors -----------------------------------------------------------------------------------------------------------


def test_one_bad_file_leaves_the_others(visq, pair):
    (pair / "cut.y4m").write_bytes((pair / "a.y4m").read_bytes()[:-5])
    (pair / "short.y4m").write_bytes(clips.y4m(clips.yuv(4)))
    done = visq("video", "none.mp4", "cut.y4m", "short.y4m", "a.y4m", "-r", "ref.y4m", "-m", "mse", "-o", "c.csv", "-q")
    assert done.code == 1
    none, cut, short = done.err.splitlines()
    assert none == "visq: none.mp4: does not exist. Check the name and the folder you are in."
    assert cut.startswith("visq: cut.y4m: truncated: its frame 5 is not whole")
    assert "--allow-truncated" in cut
    assert short.startswith("visq: short.y4m and its reference differ in their number of frames; expected at least 5")
    assert "--allow-shorter" in short
    rows = _lines(done.out)[1:]
    assert [row[:2] for row in rows] == [[n, "mse"] for n in ("none.mp4", "cut.y4m", "short.y4m", "a.y4m")]
    assert [row[3] for row in rows[:3]] == ["error"] * 3
    assert float(rows[3][3]) > 0
    # Frames that were scored before the end was found to be early are kept.
    with (pair / "c.csv").open(newline="") as file:
        assert [r["video"] for r in csv.DictReader(file)] == ["short.y4m"] * 4 + ["a.y4m"] * 6
    done = visq("video", "none.mp4", "-r", "ref.y4m", "-m", "mse", "--json", "-q")
    [record] = json.loads(done.out)
    assert (record["status"], record["pooled"], record["video"]) == ("error", {}, "none.mp4")
    assert "does not exist" in record["error"]


def test_a_pooling_without_sense_is_said_and_the_others_stand(visq, pair, monkeypatch):
    from visq.metrics import psnr

    monkeypatch.setattr(psnr, "psnr", lambda *_, **__: -2.0)
    done = visq("video", "a.y4m", "-r", "ref.y4m", "-m", "psnr", "--pool", "mean,harmonic", "-q")
    assert done.code == 1
    assert done.err.startswith("visq: a.y4m: psnr: the harmonic mean is not defined for these scores")
    assert _lines(done.out)[1] == ["a.y4m", "psnr", "6", "-2.0", "error"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-m", "psnr"], "psnr needs a reference. Give the pristine video too (--reference REF)."),
        (["-r", "ref.y4m", "-m", "niqe"], "niqe judges frames by themselves"),
        (["-m", "simm"], "no metric is called 'simm'"),
        (["-m", "tv", "--pool", "average"], "unknown pooling"),
        (["-m", "tv", "-o", "curve.txt"], "a name ending in .csv or .jsonl"),
        (["-m", "tv", "--plot", "curve.gif"], "unknown kind of picture"),
        (["-m", "tv", "--plot", "nowhere/curve.png"], "there is no such folder"),
        (["-m", "tv", "--overwrite"], "--overwrite needs -o FILE or --plot FILE"),
        (["-m", "tv", "--size", "64"], "--size is not readable; expected WxH"),
        (["-m", "tv", "--every", "0"], "--every"),
        (["-m", "tv", "--fail-under", "niqe=5"], "niqe is not being measured"),
        (["-m", "tv", "--matrix", "bt470"], "--matrix"),
        (["-m", "tv", "--pix-fmt", "yuv444p"], "those of raw samples, which need their size too (--size)"),
        (["-m", "tv", "--rate", "25"], "those of raw samples, which need their size too (--size)"),
        (["-m", "tv", "--plane", "y", "--matrix", "bt709"], "taken as it was coded, without matrix and range"),
        (["-m", "tv", "--plane", "y", "--range", "full"], "taken as it was coded, without matrix and range"),
    ],
)
def test_wrong_usage(visq, pair, arguments, words):
    done = visq("video", "a.y4m", *arguments)
    assert done.code == 2
    assert words in done.err
    assert done.out == ""
    assert len(done.err.splitlines()) == 1


def test_without_pyav(visq, pair, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    done = visq("video", "a.y4m", "-m", "tv")
    assert done.code == 2
    assert done.err == "visq: reading video needs PyAV, which is not installed. Run: pip install 'visq[video]'\n"


def test_without_matplotlib(visq, pair, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    done = visq("video", "a.y4m", "-m", "tv", "--plot", "curve.png")
    assert (done.code, done.out) == (2, "")
    assert "pip install 'visq[plot]'" in done.err


def test_gates(visq, pair):
    given = ("video", "a.y4m", "b.y4m", "-r", "ref.y4m", "-m", "psnr,mse", "--pool", "min,mean", "-q")
    lowest = {
        name: package.compare_videos("ref.y4m", f"{name}.y4m", ["psnr"])["psnr"].pool("min") for name in ("a", "b")
    }
    passed = visq(*given, "--fail-under", f"psnr={min(lowest.values())!r}")
    assert (passed.code, passed.err) == (0, "")
    failed = visq(*given, "--fail-under", f"psnr={max(lowest.values())!r}")
    assert failed.code == 3
    worst = min(lowest, key=lowest.get)
    assert f"1 video worse, the worst is {worst}.y4m with {lowest[worst]:.6g}" in failed.err
    assert visq(*given, "--fail-under", "mse=0.001").code == 3
    assert visq(*given, "--fail-under", "mse=65025").code == 0


def test_images_are_told_where_to_go_and_videos_too(visq, pair, picture):
    picture("photo.png")
    done = visq("video", "photo.png", "-m", "tv")
    assert done.code == 1
    assert "`visq score` and `visq compare` take images" in done.err
    for arguments in (("score", "a.y4m", "-m", "niqe"), ("compare", "ref.y4m", "a.y4m", "-m", "psnr")):
        done = visq(*arguments)
        assert done.code == 1
        assert "`visq video FILE` scores the frames of a video" in done.err
    done = visq("score", CLIPS / "lighthouse.mp4", "-m", "niqe")
    assert "a video (MP4, QuickTime)" in done.err
    assert "`visq video FILE`" in done.err


# A terminal, and being interrupted ---------------------------------------------------------------------------------


def test_tables_on_a_terminal(visq, pair, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    one = visq("video", "a.y4m", "-r", "ref.y4m", "-m", "psnr,mse", "--pool", "mean,p95", "-q").out.splitlines()
    assert one[0].split() == ["metric", "frames", "mean", "p95"]
    assert [line.split()[:3] for line in one[1:]] == [["psnr", "↑", "6"], ["mse", "↓", "6"]]
    both = visq("video", "a.y4m", "b.y4m", "-r", "ref.y4m", "-m", "psnr,mse", "--pool", "mean", "-q").out.splitlines()
    assert [line.split()[0] if line else "" for line in both] == [
        "psnr", "a.y4m", "b.y4m", "", "mse", "a.y4m", "b.y4m",
    ]  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("at", "kept"), [(1, 0), (3, None)])
def test_an_interruption_that_ffmpeg_swallows_counts(pair, monkeypatch, capsys, at, kept):
    """What is raised while FFmpeg asks for bytes, and is no Exception, never comes back from PyAV."""
    (pair / "long.y4m").write_bytes(clips.y4m(clips.yuv(1) * 500))

    class Interrupted(io.BytesIO):
        reads = 0

        def read(self, size=-1, /):
            if size == 1 << 20:
                Interrupted.reads += 1
                if Interrupted.reads == at:
                    signal.raise_signal(signal.SIGINT)
            return super().read(size)

    monkeypatch.setattr("visq.media.video_container.open_path", lambda p: Interrupted(Path(p).read_bytes()))
    monkeypatch.chdir(pair)
    assert main(["video", "long.y4m", "-m", "tv", "-o", "curve.csv"]) == 130
    said = capsys.readouterr().err.splitlines()[-1]
    assert Interrupted.reads >= at
    if kept == 0:
        assert said == "visq: interrupted before a frame was scored"
        assert not (pair / "curve.csv").exists()
    else:
        rows = list(csv.DictReader((pair / "curve.csv").open(newline="")))
        assert 0 < len(rows) < 500
        assert said == f"visq: interrupted: {len(rows)} frames are in curve.csv"


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_runs_keep_what_was_written(pair, number, code):
    # Long enough that no machine is through with it: some thousand frames, a slow metric.
    (pair / "long.y4m").write_bytes(clips.y4m(clips.yuv(1) * 5000))
    program = [sys.executable, "-c", "import sys; from visq.cli import main; sys.exit(main())", "video", "long.y4m",
               "-r", "long.y4m", "-m", "haarpsi,fsim", "-o", "curve.csv"]  # fmt: skip
    with subprocess.Popen(program, cwd=pair, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        part = pair / ".curve.csv.part"
        until = time.monotonic() + 100
        while time.monotonic() < until and not (part.exists() and part.stat().st_size > 200):
            assert running.poll() is None
            time.sleep(0.05)
        running.send_signal(number)
        out, err = running.communicate(timeout=30)
    assert running.returncode == code
    assert out == ""
    assert err.splitlines()[-1].startswith("visq: interrupted: ")
    with (pair / "curve.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert f"interrupted: {len(rows)} frames are in curve.csv" in err
    assert [int(r["frame"]) for r in rows] == list(range(len(rows)))
    assert all(float(r["fsim"]) == pytest.approx(1, abs=1e-6) for r in rows)
    assert not part.exists()


def test_a_file_that_is_not_there_is_an_input_that_was_not_scored(visq, pair, picture):
    """As for `visq score` and `visq compare`: the others are scored, and the code says that one was not."""
    picture("a.png")
    done = visq("video", "nowhere.y4m", "a.y4m", "-r", "ref.y4m", "-m", "psnr", "-q")
    assert done.code == 1
    assert [row[0] for row in _lines(done.out)[1:]] == ["nowhere.y4m", "a.y4m"]
    assert done.err.startswith("visq: nowhere.y4m: does not exist")
    for command in (["score", "-m", "tv"], ["compare", "-m", "mse", "a.png"], ["video", "-m", "tv"]):
        assert visq(*command, "nowhere.png").code == 1
