"""`visq export`: the file, its notes, and scoring with it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

import samples
from shared_data import shared

pytest.importorskip("torch")
pytest.importorskip("onnx")


@pytest.fixture
def photo(tmp_path):
    Image.fromarray(samples.picture(70, 100)).save(tmp_path / "photo.png")
    return "photo.png"


@pytest.fixture
def weights(monkeypatch):
    monkeypatch.setenv("VISQ_WEIGHTS", str(shared("weights/cnniqa_live.safetensors").parent))


def _scores(done):
    assert done.code == 0, done.err
    return [float(v) for v in done.out.splitlines()[1].split("\t")[1:]]


def test_a_network_is_written_and_scores_as_torch_does(visq, photo, weights, tmp_path):
    done = visq("export", "cnniqa", "-o", "cnniqa.onnx")
    assert done.code == 0, done.err
    assert "cnniqa@1" in done.out
    assert "-m cnniqa:model=cnniqa.onnx" in done.out
    graph, torch = _scores(visq("score", "-m", "cnniqa:model=cnniqa.onnx,cnniqa", photo))
    assert graph == pytest.approx(torch, rel=1e-5)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_the_file_is_plain_onnx_for_other_programs(visq, weights, tmp_path):
    import onnx
    import onnxruntime

    assert visq("export", "cnniqa", "-o", "cnniqa.onnx", "--json").code == 0
    model = onnx.load(tmp_path / "cnniqa.onnx")
    onnx.checker.check_model(model)
    notes = json.loads(next(p.value for p in model.metadata_props if p.key == "visq"))
    assert (notes["metric"], notes["version"], notes["step"], notes["inputs"]) == ("cnniqa", "1", 32, ["grey"])
    session = onnxruntime.InferenceSession(tmp_path / "cnniqa.onnx", providers=["CPUExecutionProvider"])
    assert session.run(None, {"grey": np.zeros((3, 1, 64, 32), np.float32)})[0].shape == (3,)


def test_json_says_what_the_file_says(visq, weights):
    import visq as package

    done = visq("export", "cnniqa:patches=all", "-o", "cnniqa.onnx", "--json")
    facts = json.loads(done.out)
    assert facts["file"] == "cnniqa.onnx"
    assert facts["options"] == {"patches": "all"}
    assert facts["identity"] == package.metric("cnniqa", patches="all").identity
    assert len(facts["sha256"]) == 64


def test_a_file_that_exists_is_kept_unless_it_may_be_replaced(visq, weights, tmp_path):
    (tmp_path / "cnniqa.onnx").write_bytes(b"mine")
    done = visq("export", "cnniqa", "-o", "cnniqa.onnx")
    assert done.code == 2
    assert "exists already" in done.err
    assert (tmp_path / "cnniqa.onnx").read_bytes() == b"mine"
    assert visq("export", "cnniqa", "-o", "cnniqa.onnx", "--overwrite").code == 0
    assert (tmp_path / "cnniqa.onnx").stat().st_size > 1000


def test_a_home_folder_is_written_to_and_looked_into_alike(visq, weights, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    target = tmp_path / "home" / "x.onnx"
    target.parent.mkdir()
    done = visq("export", "cnniqa", "--output=~/x.onnx", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["file"] == str(target)
    assert json.loads(done.out)["bytes"] == target.stat().st_size
    target.write_bytes(b"mine")
    done = visq("export", "cnniqa", "--output=~/x.onnx")
    assert done.code == 2
    assert "exists already" in done.err
    assert target.read_bytes() == b"mine"


def test_the_help_tells_its_own_exit_codes_and_an_example_that_runs_the_file_anywhere(visq):
    text = visq("export", "--help").out
    assert "0    the file was written" in text
    assert "gate" not in text
    assert "visq score -m nima:model=nima.onnx photo.jpg" in text


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["psnr", "-o", "a.onnx"], "psnr rests on no network"),
        (["no-such-metric", "-o", "a.onnx"], "no metric is called"),
        (["nima,cnniqa", "-o", "a.onnx"], "several metrics"),
        (["nima:model=b.onnx", "-o", "a.onnx"], "written already"),
        (["nima:resize=nowhere", "-o", "a.onnx"], "resize cannot be"),
        (["nima", "-o", "a.pb"], "another ending"),
        (["cnniqa", "-o", "no/such/folder/a.onnx"], "cannot be written"),
    ],
    ids=lambda v: v[0] if isinstance(v, list) else None,
)
def test_mistakes_are_one_line(visq, weights, arguments, match, tmp_path):
    done = visq("export", *arguments)
    assert done.code == 2
    assert match in done.err
    assert len(done.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_missing_weights_are_said(visq, monkeypatch, tmp_path):
    monkeypatch.setenv("VISQ_WEIGHTS", str(tmp_path))
    done = visq("export", "cnniqa", "-o", "cnniqa.onnx")
    assert done.code == 2
    assert "cnniqa_live.safetensors is missing" in done.err


def test_the_graph_of_another_metric_is_refused_before_anything_is_scored(visq, weights, photo):
    assert visq("export", "cnniqa", "-o", "cnniqa.onnx").code == 0
    done = visq("score", "-m", "nima:model=cnniqa.onnx", photo)
    assert (done.code, done.out) == (2, "")
    assert "is the graph of another metric; expected nima; got cnniqa" in done.err
