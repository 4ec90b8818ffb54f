"""Pictures of curves, and the table of frames."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

import video_clips as clips
import visq
from visq.errors import InputError, MissingExtraError, OptionError, StoreError
from visq.video.plot import check_path, save_curves
from visq.video.table import CurveTable


@pytest.fixture(scope="module")
def scores():
    pytest.importorskip("av", reason="video needs PyAV")
    pair = [clips.y4m(clips.yuv(6, damaged=d)) for d in (False, True)]
    return visq.compare_videos(*pair, ["psnr", "ssim", "mse"])


# Pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_a_picture_appears_whole(scores, tmp_path, suffix):
    pytest.importorskip("matplotlib", reason="drawing needs matplotlib")
    path = save_curves(tmp_path / f"curve{suffix}", [("a $strange$ name.mp4", scores), ("other.mp4", scores)])
    start = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[suffix]
    assert path.read_bytes().startswith(start)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_the_picture_has_a_panel_for_each_metric_and_a_line_for_each_video(scores, tmp_path, monkeypatch):
    figure_module = pytest.importorskip("matplotlib.figure", reason="drawing needs matplotlib")
    made = []
    real = figure_module.Figure.savefig
    monkeypatch.setattr(figure_module.Figure, "savefig", lambda self, *a, **k: made.append(self) or real(self, *a, **k))
    save_curves(tmp_path / "curve.png", [("a.mp4", scores), ("b.mp4", scores)])
    [figure] = made
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "PSNR, higher is better; dashed: mean", "SSIM, higher is better; dashed: mean",
        "MSE, lower is better; dashed: mean",
    ]  # fmt: skip
    for axes, curve in zip(figure.axes, scores.values(), strict=True):
        lines = [line for line in axes.get_lines() if len(line.get_xdata()) == 6]
        assert len(lines) == 2
        assert np.array_equal(lines[0].get_ydata(), curve.values)
        assert np.array_equal(lines[0].get_xdata(), scores.times)
    assert figure.axes[-1].get_xlabel() == "time in seconds"


def test_videos_of_one_name_are_told_apart_in_the_legend(scores, tmp_path, monkeypatch):
    figure_module = pytest.importorskip("matplotlib.figure", reason="drawing needs matplotlib")
    made = []
    real = figure_module.Figure.savefig
    monkeypatch.setattr(figure_module.Figure, "savefig", lambda self, *a, **k: made.append(self) or real(self, *a, **k))
    save_curves(tmp_path / "curve.png", [("x/q20/clip.mp4", scores), ("x/q30/clip.mp4", scores)])
    [legend] = made[0].legends
    assert [text.get_text() for text in legend.get_texts()] == ["q20/clip.mp4", "q30/clip.mp4"]


def test_a_picture_is_not_replaced_unasked(tmp_path):
    pytest.importorskip("matplotlib", reason="drawing needs matplotlib")
    (tmp_path / "curve.png").write_bytes(b"mine")
    with pytest.raises(StoreError, match="exists already"):
        check_path(tmp_path / "curve.png", overwrite=False)
    check_path(tmp_path / "curve.png", overwrite=True)


def test_pictures_that_cannot_be(scores, tmp_path, monkeypatch):
    with pytest.raises(OptionError, match=r"\.png, \.svg, \.pdf"):
        check_path("curve.gif")
    pytest.importorskip("matplotlib", reason="drawing needs matplotlib")
    with pytest.raises(StoreError, match="no such folder"):
        save_curves(tmp_path / "none" / "curve.png", [("a", scores)])
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(StoreError, match="cannot write the picture"):
        save_curves(tmp_path / "folder.png", [("a", scores)])
    (tmp_path / "folder.png").rmdir()
    with pytest.raises(InputError, match="no curve to draw"):
        save_curves(tmp_path / "curve.png", [])
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'visq\[plot\]'"):
        check_path("curve.png")
    assert not list(tmp_path.iterdir())


# Tables -----------------------------------------------------------------------------------------------------------

_ROWS = [("a.mp4", "r.mp4", 0, 0.0, [30.5, 0.9]), ("b,\"c\".mp4", "", 7, None, [np.nan, 1.0])]  # fmt: skip


def _written(path, **options):
    with CurveTable(str(path), ["psnr", "ssim:k1=0.01,k2=0.03"], **options) as table:
        for row in _ROWS:
            table.row(*row)
    return path


def test_a_csv_table(tmp_path):
    path = _written(tmp_path / "curve.csv")
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["video", "reference", "frame", "time", "psnr", "ssim:k1=0.01,k2=0.03"]
    assert rows == [["a.mp4", "r.mp4", "0", "0.0", "30.5", "0.9"], ['b,"c".mp4', "", "7", "", "", "1.0"]]
    assert [p.name for p in tmp_path.iterdir()] == ["curve.csv"]


def test_a_jsonl_table(tmp_path):
    rows = [json.loads(line) for line in _written(tmp_path / "curve.jsonl").read_text().splitlines()]
    assert rows[1] == {
        "video": 'b,"c".mp4', "reference": "", "frame": 7, "time": None, "psnr": None, "ssim:k1=0.01,k2=0.03": 1.0,
    }  # fmt: skip


def test_a_table_that_exists_is_not_replaced_unasked(tmp_path):
    path = _written(tmp_path / "curve.csv")
    with pytest.raises(StoreError, match="exists already"):
        _written(path)
    _written(path, overwrite=True)
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(StoreError, match="is a folder"):
        CurveTable(str(tmp_path / "x.csv"), [])
    with pytest.raises(OptionError, match=r"\.csv or \.jsonl"):
        CurveTable("curve.parquet", [])
    with pytest.raises(StoreError, match="cannot be written"), CurveTable(str(tmp_path / "none" / "c.csv"), []):
        pass


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_table_on_a_full_disk_keeps_its_whole_rows(tmp_path, suffix):
    resource = pytest.importorskip("resource", reason="limits of POSIX")
    program = f"""
import resource, signal
from visq.errors import StoreError
from visq.video.table import CurveTable
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with CurveTable("curve.{suffix}", ["psnr"]) as table:
        for index in range(500):
            table.row("a.mp4", "b.mp4", index, index / 25, [30.0 + index])
except StoreError as error:
    print(table.rows, error)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    kept, _, message = done.stdout.partition(" ")
    assert "cannot be written" in message
    assert resource.RLIMIT_FSIZE is not None
    text = (tmp_path / f"curve.{suffix}").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines())) if suffix == "csv" else [json.loads(r) for r in text.splitlines()]
    assert 5 < len(rows) == int(kept) < 500
    assert [int(r["frame"]) for r in rows] == list(range(len(rows)))
    assert all(float(r["psnr"]) == 30 + int(r["frame"]) for r in rows)
    assert list(tmp_path.glob(".*")) == []


def test_an_interrupted_table_keeps_its_rows_and_an_empty_one_is_not_left(tmp_path):
    def interrupted(path, rows):
        with CurveTable(str(path), ["psnr", "ssim"]) as table:
            for row in rows:
                table.row(*row)
            raise KeyboardInterrupt

    for name, rows in (("curve.csv", _ROWS[:1]), ("empty.csv", [])):
        with pytest.raises(KeyboardInterrupt):
            interrupted(tmp_path / name, rows)
    kept = (tmp_path / "curve.csv").read_text()
    assert kept == "video,reference,frame,time,psnr,ssim\na.mp4,r.mp4,0,0.0,30.5,0.9\n"
    assert [p.name for p in tmp_path.iterdir()] == ["curve.csv"]
