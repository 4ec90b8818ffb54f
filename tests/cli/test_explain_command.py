"""`visq explain`: files, numbers, defaults, mistakes, interruption."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import samples
import visq as package
from visq.cli import exits


@pytest.fixture
def photo(picture):
    return picture("photo.png", side=96)


def test_every_kind_of_output(visq, photo, tmp_path):
    done = visq(
        "explain", "photo.png", "-m", "tv", "--cells", 9, "-o", "a.html", "-o", "a.png", "-o", "a.json", "-o", "a/"
    )
    assert done.code == 0
    assert "written: a.html, a.png, a.json, a/" in done.err
    assert (tmp_path / "a.html").read_text().startswith("<!DOCTYPE html>")
    with Image.open(tmp_path / "a.png") as opened:
        assert opened.format == "PNG"
    found = json.loads((tmp_path / "a.json").read_text())
    assert found["image"] == "photo.png"
    assert found["metric"] == "tv@1"
    assert np.array(found["importance"]).shape == (3, 3)
    names = {p.name for p in (tmp_path / "a").iterdir()}
    assert names >= {"explain.html", "explain.json", "importance.png", "critical.png", "trivial.png", "saliency.png"}
    assert json.loads((tmp_path / "a" / "explain.json").read_text()) == found
    assert "visq explain photo.png --metric tv --output a.html" in (tmp_path / "a.html").read_text()


def test_numbers_are_printed(visq, photo):
    done = visq("explain", "photo.png", "-m", "tv", "--cells", 9, "--no-maps")
    lines = [line.split("\t") for line in done.out.splitlines()]
    score = float(package.metric("tv")(photo))
    assert lines[0] == ["tv", f"{score:.5g}", "lower is better"]
    assert [line[0] for line in lines[1:]] == [
        "critical half", "trivial half", "cells", "saliency", "frequency", "objectness", "centre",
    ]  # fmt: skip
    assert lines[3] == ["cells", "3x3", "pixel, filled with mean, loo"]
    assert done.err == ""


def test_what_was_altered_on_reading_is_told(visq, tmp_path):
    Image.fromarray(np.full((64, 64, 4), 128, np.uint8)).save(tmp_path / "alpha.png")
    done = visq("explain", "alpha.png", "-m", "entropy", "--cells", 4, "-o", "a.html")
    assert done.code == 0
    assert "altered or noted on reading: alpha" in done.err
    assert "Altered or noted on reading: alpha" in (tmp_path / "a.html").read_text()
    assert "no part matters more" in done.err
    assert "noted" not in visq("explain", "alpha.png", "-m", "entropy", "--cells", 4, "-q").err


def test_json_is_one_object(visq, photo):
    done = visq("explain", "photo.png", "-m", "tv", "--cells", 4, "--estimator", "greedy", "--fill", "blur", "--json")
    found = json.loads(done.out)
    assert (found["estimator"], found["fill"], found["level"]) == ("greedy", "blur", "pixel")
    assert sum(map(sum, found["critical"])) == 2


def test_with_a_reference(visq, picture, photo, tmp_path):
    damaged = picture("copy.jpg", side=96, quality=20)
    done = visq("explain", "copy.jpg", "--reference", "photo.png", "-o", "maps/")
    assert done.code == 0
    assert done.out.startswith("ssim\t")
    assert (tmp_path / "maps" / "map_gmsd.png").exists()
    assert float(done.out.split("\t")[1]) == pytest.approx(float(package.metric("ssim")(damaged, photo)), rel=1e-4)


def test_the_default_is_that_of_score(visq, photo):
    assert visq("explain", "photo.png", "--cells", 4, "--no-maps").out.startswith("visq_nr\t")


def test_options_of_the_metric_are_taken(visq, photo):
    done = visq("explain", "photo.png", "-m", "piqe:luma=bt601", "--cells", 4, "--json")
    assert json.loads(done.out)["metric"] == "piqe@1(luma=bt601)"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A file of visq-nr with random parameters."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from visq.systems.visq_nr.design import Design
    from visq.systems.visq_nr.export import write
    from visq.systems.visq_nr.network import Network

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("network") / "nr.onnx"
    write(Network(Design(width=8), weights="random").eval(), path)
    return path


def test_a_model_with_tokens_hides_them(visq, photo, network, monkeypatch):
    from visq import catalog
    from visq.catalog.learned.visq_nr import SPEC

    monkeypatch.setitem(catalog._SPECS, "visq_nr", SPEC)
    done = visq("explain", "photo.png", "-m", f"visq_nr:model={network}", "--json", "-o", "a.html", "-o", "a.png")
    found = json.loads(done.out)
    assert (found["level"], found["estimator"], found["fill"], found["cells"]) == ("token", "half", "", [4, 4])
    assert found["masks"] >= 320 + 3
    assert -1 <= found["stability"] <= 1
    assert list(found["maps"]) == ["visq_nr"]
    filled = visq("explain", "photo.png", "-m", f"visq_nr:model={network}", "--json", "--level", "pixel", "--cells", 4)
    assert json.loads(filled.out)["fill"] == "mean"
    refused = visq("explain", "photo.png", "-m", f"visq_nr:model={network}", "--fill", "blur")
    assert refused.code == exits.USAGE
    assert "level" in refused.err


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak of this process alone as /proc tells it")
def test_twelve_megapixels_fit_into_two_gigabytes(tmp_path, network):
    scene = samples.picture(750, 1000)
    Image.fromarray(np.kron(scene, np.ones((4, 4, 1), np.uint8))).save(tmp_path / "large.jpg", quality=90)
    # Not `ru_maxrss`: a child inherits its parent's.
    code = (
        "import re, sys\nfrom pathlib import Path\nfrom visq.cli import main\n"
        f"code = main(['explain', 'large.jpg', '-m', 'visq_nr:model={network}', '-o', 'a/', '-q'])\n"
        "print(re.search('VmHWM:[^0-9]*([0-9]+)', Path('/proc/self/status').read_text())[1])\nsys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.splitlines()[-1]) < 2_000_000
    assert "cells\t12x16\ttoken" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.png"], "does not exist"),
        (["."], "is a directory"),
        (["photo.png", "-o", "a.jpg"], "unknown kind of file"),
        (["photo.png", "-o", "a.html", "-o", "./a.html"], "two outputs have one name"),
        (["photo.png", "-o", "photo.png", "--overwrite"], "is a picture to be read"),
        (["photo.png", "-o", "there.html"], "there.html exists already. Use --overwrite"),
        (["photo.png", "-o", "full/"], "full/ is not empty"),
        (["photo.png", "-o", "there.html/"], "is a file"),
        (["photo.png", "-o", "no/a.html"], "no is no folder"),
        (["photo.png", "-m", "ssim"], "ssim compares with a reference. Name it: --reference FILE"),
        (["photo.png", "-m", "tv", "--reference", "photo.png"], "tv judges an image alone"),
        (["photo.png", "-m", "st_rred"], "judges video"),
        (["photo.png", "-m", "brisk"], "Did you mean 'brisque'"),
        (["photo.png", "-m", "tv,piqe"], "one metric is explained at a time"),
        (["photo.png", "-m", "tv", "--level", "token"], "no tokens that could be hidden"),
        (["photo.png", "-m", "tv", "--fill", "reference"], "no reference to fill with"),
        (["photo.png", "-m", "tv", "--cells", "1"], "--cells"),
        (["tiny.png", "-m", "niqe"], "expected at least 96x96"),
        (["photo.png", "-r", "tiny.png"], "differ in size"),
        (["photo.png", "--max-pixels", "100"], "--max-pixels"),
        ([], "Missing argument 'IMAGE'"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_mistakes_end_in_a_line(visq, picture, photo, tmp_path, arguments, message):
    picture("tiny.png", side=32)
    (tmp_path / "there.html").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    done = visq("explain", *arguments)
    assert done.code == exits.USAGE
    assert message in done.err
    assert done.out == ""
    assert (tmp_path / "there.html").read_text() == "mine"
    assert len(list((tmp_path / "full").iterdir())) == 1


def test_what_a_metric_warns_of_is_a_line(visq, photo, tmp_path):
    pytest.importorskip("torch")
    with Image.open(photo) as opened:
        opened.resize((320, 48)).save(tmp_path / "thin.png")
    done = visq("explain", "thin.png", "-m", "loda", "--cells", 2, "--no-maps")
    assert done.code == 0
    assert done.err.startswith("visq: a picture of 2560x384 (resized) is judged by crops in one row")
    assert visq("explain", "thin.png", "-m", "loda", "--cells", 2, "--no-maps", "-q").err == ""


def test_what_exists_is_replaced_when_asked(visq, photo, tmp_path):
    (tmp_path / "a.html").write_text("old")
    assert visq("explain", "photo.png", "-m", "tv", "--cells", 4, "-o", "a.html", "--overwrite", "-q").err == ""
    assert "old" not in (tmp_path / "a.html").read_text()[:20]


def test_a_file_that_cannot_be_written_is_told_and_the_others_are(visq, photo, tmp_path, monkeypatch):
    from visq.errors import StoreError
    from visq.explain import page

    def fails(*_given, **_more):
        raise StoreError("a.html cannot be written: no room")

    monkeypatch.setattr(page, "write", fails)
    done = visq("explain", "photo.png", "-m", "tv", "--cells", 4, "-o", "a.html", "-o", "a.json")
    assert done.code == exits.SOME_FAILED
    assert "no room" in done.err
    assert (tmp_path / "a.json").exists()
    assert done.out.startswith("tv\t")


def test_an_interruption_leaves_nothing(visq, photo, tmp_path, monkeypatch):
    from visq.explain import explanation

    def interrupted(*_given, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr(explanation, "semantics", interrupted)
    done = visq("explain", "photo.png", "-m", "tv", "--cells", 4, "-o", "a.html", "-o", "a/")
    assert done.code == exits.INTERRUPTED
    assert done.err.strip() == "visq: interrupted: nothing was written"
    assert not (tmp_path / "a.html").exists()
    assert not (tmp_path / "a").exists()


def test_an_interruption_while_writing_tells_what_is_there(visq, photo, tmp_path, monkeypatch):
    from visq.explain import drawing

    def interrupted(*_given, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr(drawing, "sheet", interrupted)
    done = visq("explain", "photo.png", "-m", "tv", "--cells", 4, "-o", "a.json", "-o", "a.png")
    assert done.code == exits.INTERRUPTED
    assert done.err.strip() == "visq: interrupted: written before: a.json"
    assert {p.name for p in tmp_path.iterdir()} == {"photo.png", "a.json"}


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX ones")
def test_a_signal_ends_it_in_good_order(tmp_path, picture):
    picture("large.png", side=1024)
    code = """
import sys
from visq.cli import main
from visq.explain.pixels import Filled

score = Filled._one
def told(self, keep):
    print("a step", flush=True)
    return score(self, keep)
Filled._one = told
sys.exit(main(sys.argv[1:]))
"""
    arguments = ["explain", "large.png", "-m", "mad", "-r", "large.png", "--cells", "512", "-o", "a.html"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=tmp_path, **pipes)
    for _ in range(3):
        assert process.stdout.readline() == "a step\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == exits.INTERRUPTED
    assert "Traceback" not in err
    assert "interrupted" in err
    assert not (tmp_path / "a.html").exists()
