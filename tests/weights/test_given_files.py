"""A file that is named for a trained metric and is of something else ends a run before anything is scored."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from visq.cli import main
from visq.errors import WeightsError
from visq.systems import given_files
from visq.weights.headers import told

pytest.importorskip("safetensors")
from safetensors.numpy import save_file

SYSTEMS = ("loda", "pmt", "reiqa", "ridge")
CHECKPOINT = {"format": "visq checkpoint 1"}
#: What a file says of itself: who takes it.
FILES = {
    "loda": ({"format": "visq loda adapter 1"}, ["loda"]),
    "pmt": ({"format": "visq pmt 1"}, ["pmt"]),
    "reiqa": ({"format": "visq read-out 1", "system": "reiqa"}, ["reiqa"]),
    "ridge": ({"format": "visq read-out 1", "system": "ridge"}, ["ridge"]),
    "of loda-mini": ({**CHECKPOINT, "recipe": {"name": "loda-mini"}}, ["loda"]),
    "of loda-mini-vit": ({**CHECKPOINT, "recipe": {"name": "loda-mini-vit"}}, []),
    "of pmt-small": ({**CHECKPOINT, "recipe": {"name": "pmt-small"}}, ["pmt"]),
    "of one's own recipe": ({**CHECKPOINT, "recipe": {"name": "mine"}}, ["loda", "pmt"]),
    "of nothing": ({}, []),
}


def _file(path: Path, about: object) -> Path:
    save_file({"a": np.zeros(3, np.float32)}, path, {"visq": json.dumps(about)})
    return path


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(("about", "takers"), FILES.values(), ids=FILES)
def test_a_system_takes_its_own_files_alone(tmp_path, system, about, takers):
    path = _file(tmp_path / "a.safetensors", about)
    assert told(path) == about
    if system in takers:
        getattr(given_files, system)(path)
        return
    with pytest.raises(WeightsError, match=r"a\.safetensors .*; expected .*; got "):
        getattr(given_files, system)(path)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_run_ends_before_a_picture_is_opened(tmp_path, capsys, system):
    (tmp_path / "a.png").write_bytes(b"no picture")
    (tmp_path / "text.md").write_text("# A text")
    for name, said in (("text.md", "no file that visq wrote"), ("absent.safetensors", "does not exist")):
        table = tmp_path / "t.csv"
        assert main(["score", str(tmp_path), "-m", f"{system}:model={tmp_path / name}", "-o", str(table)]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert said in err
        assert err.count("\n") == 1
        assert not table.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text",
        b"\x10\0\0\0\0\0\0\0{",
        b'\x0e\0\0\0\0\0\0\0{"a":[[[[[[[[ ',
        b'\x17\0\0\0\0\0\0\0{"__metadata__":[1,2]} ',
        b'\x1f\0\0\0\0\0\0\0{"__metadata__":{"visq":"[1]"}}',
    ],
)
def test_what_says_nothing_of_itself_is_an_empty_answer(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert told(path) == {}
    assert told(tmp_path / "absent") == {}
