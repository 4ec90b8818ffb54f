"""A metric that is named and cannot be computed on this machine is refused before anything is scored."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import visq
from visq import catalog, weights
from visq.cli import main
from visq.errors import MissingExtraError, OptionError, VisqError, WeightsError
from visq.run.tasks import request
from visq.weights import inventory
from visq.weights.stand_in import check, computable

FETCHED = [s.id for s in catalog.specs() if any(not w.ships for w in s.weights)]


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A machine with torch and no file of weights but those that ship."""
    pytest.importorskip("torch")
    (tmp_path / "given").mkdir()
    monkeypatch.setenv(weights.VARIABLE, str(tmp_path / "given"))
    monkeypatch.setenv(weights.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(inventory, "_installed", lambda *_: ())
    monkeypatch.chdir(tmp_path)
    for name, level in (("a.png", 90), ("b.png", 100)):
        Image.fromarray(np.full((64, 64, 3), level, np.uint8)).save(tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("name", FETCHED)
def test_the_file_and_where_it_is_looked_for_are_named(bare, name):
    spec = catalog.get(name)
    with pytest.raises(WeightsError, match=f"^{name}: the parameter file ") as refused:
        check(spec, {})
    need = next(n for n in inventory.needs(spec) if n.found is None)
    text = str(refused.value)
    assert all(w.filename in text for w in need.files)
    assert all(str(place) in text for place in weights.places())
    public = need.offered.hub or need.offered.url
    assert (f"`visq weights fetch {need.offered.filename}`" if public else "no public address") in text
    assert "random" not in text, "an option of networks, and of no metric"
    with pytest.raises(WeightsError, match="the parameter file"):
        request(name)


def test_what_ships_is_there(bare):
    for spec in catalog.specs():
        if spec.id not in FETCHED and all(w.ships for w in spec.weights) and inventory.needs(spec):
            if any(n.found is None for n in inventory.needs(spec)):
                continue  # a file that is still to be made
            check(spec, {})
    assert set(computable("nr", "fr")[0]).isdisjoint(FETCHED)


COMMANDS = {
    "score": ("score", "a.png", "b.png", "-m", "tv,nima", "-o", "t.csv"),
    "compare": ("compare", "a.png", "b.png", "-m", "psnr,lpips", "-o", "t.csv"),
    "compare with options": ("compare", "a.png", "b.png", "-m", "psnr,probe:net=alexnet,layer=relu1", "-o", "t.csv"),
    "video": ("video", "a.y4m", "-m", "nima", "-o", "t.csv"),
    "recover": ("recover", "a.png", "-m", "mse,lpips", "-o", "t.png"),
}


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_commands_end_with_one_line_and_write_nothing(bare, capsys, arguments):
    before = sorted(p.name for p in bare.iterdir())
    assert main(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "is missing; expected" in err
    assert str(bare / "given") in err
    assert "random" not in err
    assert sorted(p.name for p in bare.iterdir()) == before


def test_a_bench_ends_before_it_begins(bare, capsys):
    (bare / "set").mkdir()
    for name in ("a.png", "b.png"):
        (bare / name).rename(bare / "set" / name)
    (bare / "set/visq.csv").write_text("image,reference,score,group\nb.png,a.png,1,x\na.png,a.png,2,y\n")
    assert main(["bench", "folder=set", "-m", "psnr,dists", "-o", "out", "--no-html", "-q"]) == 2
    assert "dists: the parameter file" in capsys.readouterr().err
    assert not (bare / "out").exists()


def test_all_goes_on_without_it(bare, capsys):
    from visq.cli.metric_option import requests

    chosen = [one.id for one in requests(["all"], "fr")]
    assert "psnr" in chosen
    assert set(chosen).isdisjoint(FETCHED)
    assert "all: without lpips: alexnet-owt-7be5be79.pth" in capsys.readouterr().err
    (bare / "given/nima_mobilenetv1_ava.safetensors").write_bytes(b"half of it")
    assert "nima" not in [one.id for one in requests(["all"], "nr")]
    assert "all: without nima: " + str(bare / "given/nima") in capsys.readouterr().err


def test_python_says_so_before_a_file_is_opened(bare):
    """`nowhere` would be the complaint of whoever opens files first."""
    from visq.probe import run as probe
    from visq.recovery import recover

    calls = (
        lambda: visq.score("nowhere.png", "tv,nima"),
        lambda: visq.compare("nowhere.png", "nowhere.png", ["psnr", visq.metric("lpips")]),
        lambda: visq.score_video("nowhere.mp4", "nima"),
        lambda: visq.compare_videos("nowhere.mp4", "nowhere.mp4", "dists"),
        lambda: recover("nowhere.png", "lpips"),
        lambda: probe("vgg16", dataset="nowhere", baselines=["psnr", "lpips"]),
    )
    for call in calls:
        with pytest.raises(WeightsError, match="the parameter file"):
            call()


def test_a_metric_that_is_called_speaks_of_no_option_of_networks(bare):
    # In a process of its own: a network that an earlier test read is remembered, and would serve.
    code = """
import visq
for name in ("content", "dists", "deepwsd"):
    try:
        visq.metric(name)("a.png", "b.png")
    except visq.errors.WeightsError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=bare, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 3, done.stdout
    assert all("the parameter file" in line and "random" not in line for line in lines)


def test_another_file_of_that_name_is_refused_too(bare):
    (bare / "given/cnniqa_live.safetensors").write_bytes(b"half of it")
    with pytest.raises(WeightsError, match=r"cnniqa_live.safetensors is not the file the catalogue means"):
        request("cnniqa")


WRONG = {
    "brisque": ("notes.txt", "brisque: .*notes.txt"),
    "niqe": ("notes.txt", "niqe: .*notes.txt"),
    "ilniqe": ("notes.txt", "ilniqe: .*notes.txt"),
    "nima": ("notes.txt", "nima: .*notes.txt is no graph"),
    "lpips": ("none.onnx", "lpips: .*none.onnx"),
    "deepdc": ("notes.txt", "deepdc: .*notes.txt is no graph"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_model_that_is_none_is_no_row_a_picture(bare, capsys, name):
    file, words = WRONG[name]
    (bare / "notes.txt").write_text("these are no parameters")
    with pytest.raises(VisqError, match=words):
        request(name, {"model": file})
    command = ["compare", "a.png"] if catalog.get(name).kind == "fr" else ["score"]
    assert main([*command, "b.png", "-m", f"{name}:model={file}", "-o", "t.csv"]) == 2
    assert capsys.readouterr().out == ""
    assert not (bare / "t.csv").exists()


def test_a_graph_of_another_metric_or_of_other_options_is_refused(bare, monkeypatch):
    from visq.systems import graph_files

    about = graph_files.About(
        metric="content", version="1", identity="", options={"layer": "relu2_2"},
        settings={"layer": "relu2_2", "distance": "mse", "pooling": "max", "unit": False},
        inputs=("image", "reference"), outputs=("score",), channels=3, step=1, min_side=8, visq="0",
    )  # fmt: skip
    monkeypatch.setattr(graph_files, "inspect", lambda *_: about)
    (bare / "content.onnx").write_bytes(b"a graph")
    request("content", {"model": "content.onnx", "layer": "relu2_2"})
    with pytest.raises(OptionError, match=r"content: .*was written with layer='relu2_2'; expected layer='relu3_3'"):
        request("content", {"model": "content.onnx"})
    with pytest.raises(WeightsError, match=r"style: .*is the graph of another metric"):
        request("style", {"model": "content.onnx"})


_BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Blocked())
from visq.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("dists", "dists: torch is not installed, and no exported network stands in for it"),
        ("probe", "probe: it needs torch, which is not installed"),
    ],
)
def test_without_torch(bare, metric, words):
    done = subprocess.run(
        [sys.executable, "-c", _BLOCKED, "compare", "a.png", "b.png", "-m", f"psnr,{metric}", "-o", "t.csv"],
        capture_output=True, text=True, timeout=120, check=False, cwd=bare, env={**os.environ},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "pip install 'visq[torch]'" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (bare / "t.csv").exists()


def test_the_error_without_torch_is_the_same_one_by_one(bare, monkeypatch):
    from visq.systems import graphs
    from visq.weights import stand_in

    monkeypatch.setattr(stand_in, "has_torch", lambda: False)
    monkeypatch.setattr(graphs, "has_torch", lambda: False)
    with pytest.raises(MissingExtraError) as before:
        check(catalog.get("nima"), {})
    with pytest.raises(MissingExtraError) as later:
        graphs.choose("nima")
    assert str(before.value) == f"nima: {later.value}"
