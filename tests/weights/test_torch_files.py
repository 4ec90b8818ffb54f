"""torch's own files: pickles that never run, and a share of the files that were altered at random."""

from __future__ import annotations

import io
import os
import pickle
import random
import struct
import tarfile
import zipfile

import pytest
from tensor_files import SHAPES, refused, state_of, write_safetensors, write_torch

from visq import weights
from visq.errors import MissingExtraError, WeightsError
from visq.weights import tensors, torch_files
from visq.weights.checking import look_into

torch = pytest.importorskip("torch")


# Pickles


class _Payload:
    """Unpickled, it makes a folder: the test looks for that folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


def _with_pickle(path, data):
    """A zip like torch's whose pickle is `data`."""
    buffer = io.BytesIO()
    torch.save(state_of(), buffer)
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            target.writestr(name, data if name.endswith("data.pkl") else source.read(name))
    return path


@pytest.mark.parametrize("name", ["network.pth", "network.safetensors", "network.bin"])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_payload_is_never_run(tmp_path, monkeypatch, name, protocol):
    """Nor where the environment asks torch to be lax."""
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    trace = tmp_path / "trace"
    payload = pickle.dumps(_Payload(trace), protocol)
    state = pickle.dumps({"features.0.weight": _Payload(trace)}, protocol)
    path = tmp_path / name
    for data in (payload, state):
        path.write_bytes(data)
        refused(path, "no file of tensors|other than tensors|damaged|called safetensors, but is not")
        _with_pickle(path, data)
        refused(path, "other than tensors|damaged|called safetensors, but is not")
        with pytest.raises(WeightsError):
            look_into(path)
    for legacy in (False, True):
        write_torch(path, {"a": _Payload(trace)}, legacy)
        refused(path, r"it names (posix|nt|os)\.mkdir; nothing of it was run|called safetensors, but is not")
    assert not trace.exists()
    pickle.loads(payload)  # the payload works
    assert trace.exists()


def test_a_tar_of_the_oldest_torch_is_refused(tmp_path):
    trace = tmp_path / "trace"
    path = tmp_path / "network.pth"
    with tarfile.open(path, "w") as archive:
        for name in ("sys_info", "pickle", "tensors", "storages"):
            data = pickle.dumps(_Payload(trace), 2)
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    refused(path, "no file of tensors.*got a tar archive")
    # A member whose name begins as a pickle does: still a tar by its magic.
    path.write_bytes(b"\x80\x02" + path.read_bytes()[2:])
    refused(path, "got a tar archive")
    assert not trace.exists()


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(
    ("content", "got"),
    [
        ({"state_dict": {"a": torch.ones(1)}, "epoch": 3}, "'state_dict', a dict"),
        ({"a": torch.ones(1), "note": "text"}, "'note', a str"),
        ({"a": [torch.ones(1)]}, "'a', a list"),
        ({3: torch.ones(1)}, "'3', a Tensor"),
        ([torch.ones(1)], "a list"),
        (torch.ones(1), "a Tensor"),
        ({"a": torch.ones(2, 2).to_sparse()}, "'a', a Tensor"),
    ],
)
def test_files_of_torch_that_are_no_state_dict(tmp_path, content, got, legacy):
    error = refused(write_torch(tmp_path / "network.pth", content, legacy), "is not a state dict", {"a": (1,)})
    assert got in str(error)
    assert "state_dict()" in error.hint


def test_a_tensor_of_another_device_or_kind(tmp_path):
    path = tmp_path / "network.pth"
    refused(write_torch(path, {"a": torch.empty(4, device="meta")}), "is not a state dict|other than", {"a": (4,)})
    refused(write_torch(path, {"a": torch.ones(4, dtype=torch.complex64)}), "a has the wrong type", {"a": (4,)})
    assert tensors.load(write_torch(path, {"a": torch.nn.Parameter(torch.ones(4))}), {"a": (4,)})["a"].is_leaf


def test_a_view_that_claims_more_than_lies_behind_it(tmp_path):
    """A thousand million numbers out of one."""
    huge = torch.ones(1).expand(40_000, 40_000)
    for legacy in (False, True):
        path = write_torch(tmp_path / "network.pth", {"a": huge}, legacy)
        refused(path, "is not a state dict", {"a": (None, None)})
        with pytest.raises(WeightsError, match="is not a state dict"):
            look_into(path)


def test_a_compressed_archive_is_not_unpacked(tmp_path):
    source, path = write_torch(tmp_path / "a.pth", state_of()), tmp_path / "network.pth"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    refused(path, "compressed archive")


def test_a_flipped_bit_in_an_archive_is_found_by_its_checksum(tmp_path):
    path = write_torch(tmp_path / "network.pth", state_of())
    data = bytearray(path.read_bytes())
    at = data.index(state_of()["features.0.weight"].numpy().tobytes()) + 100
    data[at] ^= 1
    path.write_bytes(data)
    refused(path, "another checksum of .*data/0")


def test_a_torch_that_cannot_read_safely_is_told(tmp_path, monkeypatch):
    path = write_torch(tmp_path / "network.pth", state_of())
    monkeypatch.setattr(torch, "__version__", "2.5.1+cpu")
    refused(path, r"expected torch 2\.6 or later; got torch 2\.5\.1")
    assert tensors.load(write_safetensors(tmp_path / "a.safetensors", state_of()), SHAPES)


def test_an_extra_that_is_not_installed_is_told(tmp_path, monkeypatch):
    path = write_safetensors(tmp_path / "a.safetensors", state_of())
    monkeypatch.setitem(__import__("sys").modules, "safetensors", None)
    with pytest.raises(MissingExtraError, match=r"visq\[torch\]"):
        tensors.load(path, SHAPES)
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"visq\[torch\]"):
        torch_files.require_torch()


def test_what_is_larger_than_any_network_is_not_opened(tmp_path, monkeypatch):
    path = write_safetensors(tmp_path / "network.safetensors", state_of())
    torch_path = write_torch(tmp_path / "network.pth", state_of())
    monkeypatch.setattr(weights, "MAX_TENSOR_BYTES", 100)
    for one in (path, torch_path):
        refused(one, "too large; expected at most 100 bytes")
        with pytest.raises(WeightsError, match="too large"):
            look_into(one)


def test_networks_may_be_larger_than_other_files(tmp_path):
    assert weights.max_bytes("vgg16.pth") > 575_000_000 > weights.max_bytes("model.npz")


# Fuzzing: a small share of what was tried once with thousands of files


def _mutated(data, rng, end):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5])):
        kind, at = rng.randrange(5), rng.randrange(max(1, min(end, len(data))))
        if kind == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at] = rng.choice(b'\x00\xff{["09-R.c\x80')
        elif kind == 2:
            del data[at : at + rng.choice([1, 2, 40])]
        elif kind == 3:
            data[at:at] = rng.randbytes(rng.choice([1, 8]))
        else:
            data[at : at + 8] = rng.choice([b"\xff" * 8, struct.pack("<Q", 2**40)])
    return bytes(data)


@pytest.mark.parametrize("kind", ["safetensors", "zip", "pickle in a zip", "legacy"])
def test_mutated_files_are_refused_or_read_and_nothing_else(tmp_path, kind):
    rng = random.Random(20_220_601)
    path = tmp_path / "network.bin"
    if kind == "safetensors":
        data, end = write_safetensors(path, state_of()).read_bytes(), 200
    else:
        data, end = write_torch(path, state_of(), kind == "legacy").read_bytes(), 800
    inner = b""
    if kind == "pickle in a zip":
        with zipfile.ZipFile(path) as archive:
            inner = next(archive.read(name) for name in archive.namelist() if name.endswith("data.pkl"))
    refused = 0
    for _ in range(150):
        if inner:
            _with_pickle(path, _mutated(inner, rng, len(inner)))
        else:
            path.write_bytes(_mutated(data, rng, end))
        for work in (lambda: tensors.load(path, SHAPES), lambda: look_into(path)):
            try:
                work()
            except WeightsError:
                refused += 1
    assert refused > 150, "the mutations hardly touch what is read"
