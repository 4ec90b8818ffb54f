"""Checkpoint files: nothing is lost in one, nothing runs out of one, nothing half or foreign passes for one."""

from __future__ import annotations

import json
import os
import pickle

import pytest

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")

from visq.errors import StoreError, WeightsError  # noqa: E402
from visq.train import checkpoints  # noqa: E402
from visq.train.checkpoints import FORMAT, Checkpoint, fits, read, write  # noqa: E402

ABOUT = {"recipe": {"name": "a"}, "source": "", "streams": {}, "step": 3, "history": [], "versions": {"visq": "0"}}


def _tensors():
    shared = torch.arange(6.0)
    return {
        "weights/a": shared.view(2, 3), "weights/b": shared, "weights/n": torch.tensor(7),
        "average/a": torch.full((2, 3), 0.1, dtype=torch.float64), "optimiser/step/a": torch.tensor(2.0),
        "weights/half": torch.tensor([1.5, float("inf")], dtype=torch.bfloat16), "weights/none": torch.zeros(0, 4),
        "weights/flag": torch.tensor([True, False]),
    }  # fmt: skip


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "a.safetensors"
    write(path, Checkpoint(ABOUT, _tensors()))
    kept = read(path)
    assert {k: v for k, v in kept.about.items() if k in ABOUT} == ABOUT
    assert kept.tensors.keys() == _tensors().keys()
    for name, value in _tensors().items():
        assert torch.equal(kept.tensors[name], value)
        assert kept.tensors[name].dtype == value.dtype
    assert set(kept.part("weights")) == {"a", "b", "n", "half", "none", "flag"}
    assert set(kept.network_state()) == {"a"}, "the average where there is one"
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]


def test_any_reader_of_safetensors_reads_it(tmp_path):
    path = tmp_path / "a.safetensors"
    write(path, Checkpoint(ABOUT, _tensors()))
    assert torch.equal(safetensors_torch.load_file(path)["weights/b"], torch.arange(6.0))


def test_the_same_state_is_the_same_bytes_whatever_its_order(tmp_path):
    write(tmp_path / "a.safetensors", Checkpoint(ABOUT, _tensors()))
    turned = dict(reversed(_tensors().items()))
    write(tmp_path / "b.safetensors", Checkpoint(dict(reversed(ABOUT.items())), turned))
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_a_write_that_fails_leaves_the_former_file(tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    write(path, Checkpoint(ABOUT, _tensors()))
    before = path.read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"No space left on device.*still there"):
        write(path, Checkpoint({**ABOUT, "step": 4}, _tensors()))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]


def test_one_altered_byte_anywhere_is_found(tmp_path):
    path = tmp_path / "a.safetensors"
    write(path, Checkpoint(ABOUT, {"weights/a": torch.arange(4.0)}))
    data = path.read_bytes()
    for place in range(len(data)):
        broken = bytearray(data)
        broken[place] ^= 0x20
        path.write_bytes(bytes(broken))
        with pytest.raises(WeightsError):
            read(path)


def _foreign(path, what):
    if what == "plain weights":
        safetensors_torch.save_file({"a": torch.zeros(1)}, path)
    elif what == "another header":
        safetensors_torch.save_file({"a": torch.zeros(1)}, path, {"visq": "[1]"})
    elif what == "no json":
        safetensors_torch.save_file({"a": torch.zeros(1)}, path, {"visq": "{"})
    elif what == "another form":
        safetensors_torch.save_file({"a": torch.zeros(1)}, path, {"visq": json.dumps({"format": "visq checkpoint 9"})})
    elif what == "lacking":
        safetensors_torch.save_file({"a": torch.zeros(1)}, path, {"visq": json.dumps({"format": FORMAT})})
    elif what == "pickle":
        path.write_bytes(pickle.dumps({"a": 1}))
    elif what == "torch":
        torch.save({"a": torch.zeros(1)}, path)
    elif what == "folder":
        path.mkdir()
    elif what == "half":
        write(path, Checkpoint(ABOUT, _tensors()))
        path.write_bytes(path.read_bytes()[:-20])


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("plain weights", "no checkpoint of visq's"),
        ("another header", "its header is no JSON object"),
        ("no json", "its header is no JSON object"),
        ("another form", f"expected {FORMAT}; got visq checkpoint 9"),
        ("lacking", "its header lacks recipe, source"),
        ("pickle", "damaged or no safetensors file"),
        ("torch", "damaged or no safetensors file"),
        ("half", "damaged or no safetensors file"),
        ("folder", "cannot read"),
        ("nothing", "cannot read"),
    ],
)
def test_what_is_no_checkpoint_is_refused_with_its_reason(tmp_path, what, said):
    path = tmp_path / "a.safetensors"
    _foreign(path, what)
    with pytest.raises(WeightsError, match=r"a\.safetensors") as caught:
        read(path)
    assert said in str(caught.value)


def test_tensors_of_another_network_are_named():
    wanted = {"a": torch.zeros(2), "b": torch.zeros(2), "c": torch.zeros(2)}
    found = {"a": torch.zeros(3), "b": torch.zeros(2, dtype=torch.float64), "d": torch.zeros(1)}
    with pytest.raises(WeightsError) as caught:
        fits(checkpoints.Path("x"), found, wanted)
    assert "c (missing); d (too many); a, b (of another shape or type)" in str(caught.value)
    fits(checkpoints.Path("x"), wanted, wanted)
