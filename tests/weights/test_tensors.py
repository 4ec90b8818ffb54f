"""Files of tensors: what is right is read to the bit, what is not is refused in one line and never run."""

from __future__ import annotations

import io
import json
import math
import os
import pickle
import random
import struct
import tarfile
import zipfile

import numpy as np
import pytest

from shared_data import shared
from visq import weights
from visq.errors import MissingExtraError, WeightsError
from visq.types import Weights
from visq.weights import tensors, torch_files
from visq.weights.checking import look_into
from visq.weights.headers import read_header

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")

_SHAPES = {"features.0.weight": (4, 3, 3, 3), "features.0.bias": (4,)}


def _state(more=None):
    rng = torch.Generator().manual_seed(5)
    state = {name: torch.randn(shape, generator=rng) for name, shape in _SHAPES.items()}
    return state | (more or {})


def _safetensors(path, state):
    safetensors_torch.save_file(state, path)
    return path


def _torch_file(path, state, legacy=False):
    torch.save(state, path, _use_new_zipfile_serialization=not legacy)
    return path


def _raw(path, header, data=b"", length=None):
    """A safetensors file byte by byte. `header` is an object, or the bytes to be written."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
    return path


def _entry(start, stop, shape=(1,), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, stop]}


@pytest.fixture(params=["safetensors", "zip", "legacy"])
def written(request, tmp_path):
    """`written(state)` in each of the three formats, under a name that says nothing about the format."""

    def write(state):
        path = tmp_path / "network.bin"
        if request.param == "safetensors":
            return _safetensors(path, state)
        return _torch_file(path, state, legacy=request.param == "legacy")

    return write


def _refused(path, match, shapes=_SHAPES, **options):
    """The error of `load`, which is one line and names the file."""
    with pytest.raises(WeightsError, match=match) as caught:
        tensors.load(path, shapes, **options)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "weights_only" not in str(caught.value), "torch's advice to switch the protection off"
    return caught.value


def test_what_was_saved_is_read_to_the_bit(written):
    state = _state()
    found = tensors.load(written(state), _SHAPES)
    assert list(found) == list(_SHAPES)
    for name, value in found.items():
        assert value.dtype == torch.float32
        assert torch.equal(value, state[name])


def test_a_file_that_changes_later_changes_nothing_that_was_read(written):
    path = written(_state())
    found = tensors.load(path, _SHAPES)
    before = {name: value.clone() for name, value in found.items()}
    with path.open("r+b") as stream:
        stream.seek(-64, os.SEEK_END)
        stream.write(b"\xff" * 64)
    assert all(torch.equal(found[name], before[name]) for name in found)


def test_half_precision_is_widened_without_a_change(written):
    state = {name: value.half() for name, value in _state().items()}
    found = tensors.load(written(state), _SHAPES)
    assert all(found[name].dtype == torch.float32 and torch.equal(found[name], state[name].float()) for name in found)


def test_bfloat16_is_widened_without_a_change(written):
    state = {name: value.bfloat16() for name, value in _state().items()}
    found = tensors.load(written(state), _SHAPES)
    assert all(torch.equal(found[name], state[name].float()) for name in found)


def test_lengths_that_are_left_open_take_any_but_none(written):
    assert tensors.load(written(_state()), {"features.0.weight": (None, 3, 3, 3), "features.0.bias": (None,)})
    empty = _state() | {"features.0.bias": torch.zeros(0)}
    _refused(written(empty), r"bias has the wrong shape; expected \(any,\); got \(0,\)", _SHAPES | {
        "features.0.bias": (None,)
    })  # fmt: skip


def test_what_is_to_be_ignored_is_not_even_looked_at(written):
    state = _state({"classifier.weight": torch.full((2, 2), math.nan), "bn.num_batches_tracked": torch.tensor(7)})
    path = written(state)
    assert set(tensors.load(path, _SHAPES, ignore=["classifier.*"])) == set(_SHAPES)
    _refused(path, r"classifier\.weight \(too many\)")
    _refused(path, r"classifier\.weight holds NaN", optional={"classifier.weight": (2, 2)})


def test_counters_are_read_where_they_are_asked_for(written):
    path = written(_state({"bn.num_batches_tracked": torch.tensor(7)}))
    found = tensors.load(path, _SHAPES | {"bn.num_batches_tracked": ()})
    assert found["bn.num_batches_tracked"].item() == 7


def test_optional_tensors_may_lack_but_not_be_wrong(written):
    path = written(_state({"head.bias": torch.ones(3)}))
    assert "head.bias" in tensors.load(path, _SHAPES, optional={"head.bias": (3,), "head.other": (1,)})
    _refused(path, r"head\.bias has the wrong shape; expected \(4,\); got \(3,\)", optional={"head.bias": (4,)})


def test_names_are_changed_by_a_table_or_a_function(written):
    path = written(_state())
    table = {"features.0.weight": "conv1.weight", "features.0.bias": "conv1.bias"}
    shapes = {"conv1.weight": (4, 3, 3, 3), "conv1.bias": (4,)}
    by_table = tensors.load(path, shapes, rename=table)
    by_function = tensors.load(path, shapes, rename=lambda name: name.replace("features.0", "conv1"))
    assert list(by_table) == list(by_function) == list(shapes)
    _refused(path, "both stand for x", {"x": (4,)}, rename=dict.fromkeys(_SHAPES, "x"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features.0.bias": torch.full((4,), math.nan)}, r"bias holds NaN or infinite"),
        ({"features.0.bias": torch.tensor([0.0, 1.0, -math.inf, 2.0])}, r"bias holds NaN or infinite"),
        ({"features.0.bias": torch.zeros(5)}, r"bias has the wrong shape; expected \(4,\); got \(5,\)"),
        ({"features.0.bias": torch.zeros(1, 4)}, r"bias has the wrong shape"),
        ({"features.0.bias": torch.zeros(4, dtype=torch.float64)}, r"bias has the wrong type; expected F32"),
        ({"features.0.bias": torch.zeros(4, dtype=torch.int64)}, r"bias has the wrong type"),
        ({"features.0.bias": torch.zeros(4, dtype=torch.bool)}, r"bias has the wrong type"),
        ({"features.9.bias": torch.zeros(4)}, r"features\.9\.bias \(too many\)"),
    ],
)
def test_wrong_tensors(written, change, message):
    _refused(written(_state() | change), message)


def test_missing_tensors_are_named_and_not_all_of_a_hundred(written):
    shapes = {f"layer.{i}.weight": (1,) for i in range(100)}
    error = _refused(written({"layer.0.weight": torch.ones(1)}), r"layer\.1\.weight.*and 95 more \(missing\)", shapes)
    assert len(str(error)) < 400


def test_an_empty_file_of_tensors(written):
    _refused(written({}), "missing")


# A file of the safetensors format that is not what it says


@pytest.mark.parametrize(
    ("header", "data", "length", "reason"),
    [
        ({"a": _entry(0, 4)}, b"\0" * 4, 10**6, "a header of 1000000 bytes in a file of"),
        ({"a": _entry(0, 4)}, b"\0" * 4, 2**63, "a header of 9223372036854775808 bytes"),
        ({"a": _entry(0, 4)}, b"\0" * 3, None, "3 bytes of data where the header wants 4"),
        ({"a": _entry(0, 4)}, b"\0" * 9, None, "9 bytes of data where the header wants 4"),
        ({"a": _entry(0, 4), "b": _entry(0, 4)}, b"\0" * 4, None, "'b' begins at byte 0, where the one before it ends"),
        ({"a": _entry(0, 4), "b": _entry(2, 6)}, b"\0" * 6, None, "'b' begins at byte 2"),
        ({"a": _entry(0, 4), "b": _entry(8, 12)}, b"\0" * 12, None, "'b' begins at byte 8"),
        ({"a": _entry(4, 8)}, b"\0" * 8, None, "'a' begins at byte 4"),
        ({"a": _entry(4, 0)}, b"\0" * 4, None, "'a' in -4 bytes"),
        ({"a": _entry(0, 4, (10**9, 10**9))}, b"\0" * 4, None, "'a' in 4 bytes where its shape wants"),
        ({"a": _entry(0, 4, (-1,))}, b"\0" * 4, None, "lengths that are none"),
        ({"a": _entry(0, 4, (True,))}, b"\0" * 4, None, "lengths that are none"),
        ({"a": _entry(0, 4, (1.0,))}, b"\0" * 4, None, "lengths that are none"),
        ({"a": _entry(0, 4, [1] * 40)}, b"\0" * 4, None, "of a shape that is none"),
        ({"a": _entry(0, 4, dtype="F31")}, b"\0" * 4, None, "of type F31"),
        ({"a": _entry(0, 4, dtype=["F32"])}, b"\0" * 4, None, "of type"),
        ({"a": [1, 2]}, b"\0" * 4, None, "without type, shape and place"),
        ({"a": {"dtype": "F32"}}, b"\0" * 4, None, "without type, shape and place"),
        (b'{"a":NaN}', b"", None, "NaN in the header"),
        (b"{" + b'"a":{' * 100_000, b"", None, "nests too deep|damaged"),
        (b'{"a"', b"", None, "damaged or not a safetensors"),
        (b'{"\xff\xfe":1}', b"", None, "damaged or not a safetensors"),
    ],
)  # fmt: skip
def test_hostile_headers(tmp_path, header, data, length, reason):
    path = _raw(tmp_path / "network.safetensors", header, data, length)
    _refused(path, reason, {"a": (1,)})
    with pytest.raises(WeightsError, match=reason):
        look_into(path)


def test_a_name_that_stands_twice(tmp_path):
    one = json.dumps(_entry(0, 4))
    path = _raw(tmp_path / "network.safetensors", f'{{"a":{one},"a":{one}}}'.encode(), b"\0" * 4)
    _refused(path, "'a' twice in the header", {"a": (1,)})


def test_a_header_larger_than_any_network_needs(tmp_path):
    path = _raw(tmp_path / "network.safetensors", b"{" + b" " * 8_000_001 + b"}")
    _refused(path, "at most 8000000 are read", {"a": (1,)})


def test_a_header_of_millions_of_brackets_is_refused_at_once(tmp_path):
    path = _raw(tmp_path / "network.safetensors", b'{"a":' + b"[" * 7_000_000 + b"]" * 7)
    _refused(path, "nests too deep|damaged", {"a": (1,)})


def test_the_header_that_the_library_writes_is_understood(tmp_path):
    path = tmp_path / "network.safetensors"
    safetensors_torch.save_file(_state(), path, metadata={"source": "here"})
    assert {name: entry.shape for name, entry in read_header(path).items()} == _SHAPES


@pytest.mark.parametrize("cut", [0, 1, 7, 8, 9, 60, -100, -1])
def test_truncated_files(written, cut):
    path = written(_state())
    path.write_bytes(path.read_bytes()[:cut])
    _refused(path, "network.bin")


def test_trailing_bytes_after_safetensors(tmp_path):
    path = _safetensors(tmp_path / "network.safetensors", _state())
    path.write_bytes(path.read_bytes() + b"more")
    _refused(path, "bytes of data where the header wants")


@pytest.mark.parametrize("content", [b"", b"GIF89a" + b"\0" * 900, b"\0" * 900, b"{" * 20, b"<html>" * 200])
@pytest.mark.parametrize("name", ["network.safetensors", "network.pth"])
def test_other_files(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content)
    _refused(path, "network")


def test_folders_and_files_that_are_not_there(tmp_path):
    for path in (tmp_path, tmp_path / "nothing.pth"):
        with pytest.raises(WeightsError, match=f"cannot read .*{path.name}"):
            tensors.load(path, _SHAPES)


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
    torch.save(_state(), buffer)
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
        _refused(path, "no file of tensors|other than tensors|damaged|called safetensors, but is not")
        _with_pickle(path, data)
        _refused(path, "other than tensors|damaged|called safetensors, but is not")
        with pytest.raises(WeightsError):
            look_into(path)
    for legacy in (False, True):
        _torch_file(path, {"a": _Payload(trace)}, legacy)
        _refused(path, r"it names (posix|nt|os)\.mkdir; nothing of it was run|called safetensors, but is not")
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
    _refused(path, "no file of tensors.*got a tar archive")
    # A member whose name begins as a pickle does: still a tar by its magic.
    path.write_bytes(b"\x80\x02" + path.read_bytes()[2:])
    _refused(path, "got a tar archive")
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
    error = _refused(_torch_file(tmp_path / "network.pth", content, legacy), "is not a state dict", {"a": (1,)})
    assert got in str(error)
    assert "state_dict()" in error.hint


def test_a_tensor_of_another_device_or_kind(tmp_path):
    path = tmp_path / "network.pth"
    _refused(_torch_file(path, {"a": torch.empty(4, device="meta")}), "is not a state dict|other than", {"a": (4,)})
    _refused(_torch_file(path, {"a": torch.ones(4, dtype=torch.complex64)}), "a has the wrong type", {"a": (4,)})
    assert tensors.load(_torch_file(path, {"a": torch.nn.Parameter(torch.ones(4))}), {"a": (4,)})["a"].is_leaf


def test_a_view_that_claims_more_than_lies_behind_it(tmp_path):
    """A thousand million numbers out of one."""
    huge = torch.ones(1).expand(40_000, 40_000)
    for legacy in (False, True):
        path = _torch_file(tmp_path / "network.pth", {"a": huge}, legacy)
        _refused(path, "is not a state dict", {"a": (None, None)})
        with pytest.raises(WeightsError, match="is not a state dict"):
            look_into(path)


def test_a_compressed_archive_is_not_unpacked(tmp_path):
    source, path = _torch_file(tmp_path / "a.pth", _state()), tmp_path / "network.pth"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    _refused(path, "compressed archive")


def test_a_flipped_bit_in_an_archive_is_found_by_its_checksum(tmp_path):
    path = _torch_file(tmp_path / "network.pth", _state())
    data = bytearray(path.read_bytes())
    at = data.index(_state()["features.0.weight"].numpy().tobytes()) + 100
    data[at] ^= 1
    path.write_bytes(data)
    _refused(path, "another checksum of .*data/0")


def test_a_torch_that_cannot_read_safely_is_told(tmp_path, monkeypatch):
    path = _torch_file(tmp_path / "network.pth", _state())
    monkeypatch.setattr(torch, "__version__", "2.5.1+cpu")
    _refused(path, r"expected torch 2\.6 or later; got torch 2\.5\.1")
    assert tensors.load(_safetensors(tmp_path / "a.safetensors", _state()), _SHAPES)


def test_an_extra_that_is_not_installed_is_told(tmp_path, monkeypatch):
    path = _safetensors(tmp_path / "a.safetensors", _state())
    monkeypatch.setitem(__import__("sys").modules, "safetensors", None)
    with pytest.raises(MissingExtraError, match=r"visq\[torch\]"):
        tensors.load(path, _SHAPES)
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"visq\[torch\]"):
        torch_files.require_torch()


def test_what_is_larger_than_any_network_is_not_opened(tmp_path, monkeypatch):
    path = _safetensors(tmp_path / "network.safetensors", _state())
    torch_path = _torch_file(tmp_path / "network.pth", _state())
    monkeypatch.setattr(weights, "MAX_TENSOR_BYTES", 100)
    for one in (path, torch_path):
        _refused(one, "too large; expected at most 100 bytes")
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
        data, end = _safetensors(path, _state()).read_bytes(), 200
    else:
        data, end = _torch_file(path, _state(), kind == "legacy").read_bytes(), 800
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
        for work in (lambda: tensors.load(path, _SHAPES), lambda: look_into(path)):
            try:
                work()
            except WeightsError:
                refused += 1
    assert refused > 150, "the mutations hardly touch what is read"


# What a file holds, without a network


def test_looking_into_a_file_counts_and_finds_nan(written):
    state = _state({"bn.num_batches_tracked": torch.tensor(7)})
    found = look_into(written(state))
    assert (found.arrays, found.numbers) == (3, 4 * 27 + 4 + 1)
    with pytest.raises(WeightsError, match=r"head holds NaN"):
        look_into(written(state | {"head": torch.tensor([1.0, math.inf])}))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_nan_is_found_in_every_precision(tmp_path, dtype, bad):
    good = torch.tensor([1.0, -65504.0, 0.0, 1e-7]).to(dtype)
    assert look_into(_safetensors(tmp_path / "a.safetensors", {"a": good})).numbers == 4
    with pytest.raises(WeightsError, match="a holds NaN"):
        look_into(_safetensors(tmp_path / "b.safetensors", {"a": torch.cat([good, torch.tensor([bad]).to(dtype)])}))


def test_looking_into_other_files(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.ones((2, 3)))
    assert str(look_into(tmp_path / "a.npz")) == "npz, 1 array, 6 finite numbers"
    np.savez(tmp_path / "b.npz", x=np.array([math.nan]))
    with pytest.raises(WeightsError, match="NaN"):
        look_into(tmp_path / "b.npz")
    (tmp_path / "graph.onnx").write_bytes(b"\x08\x07")
    assert "not looked at" in str(look_into(tmp_path / "graph.onnx"))
    with pytest.raises(WeightsError, match="holds no numbers"):
        look_into(_safetensors(tmp_path / "empty.safetensors", {}))


def test_a_torch_file_without_torch_is_told_and_not_wrong(tmp_path, monkeypatch):
    path = _torch_file(tmp_path / "network.pth", _state())
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    assert "needs torch" in look_into(path).note


# Files of the catalogue


def test_a_file_of_the_catalogue_is_found_checked_and_read(tmp_path, monkeypatch):
    path = _safetensors(tmp_path / "network.safetensors", _state())
    monkeypatch.setenv(weights.VARIABLE, str(tmp_path))
    right = Weights("network.safetensors", weights.sha256(path), "CC0", "here", ships=False)
    assert set(tensors.open_weights(right, _SHAPES)) == set(_SHAPES)
    wrong = Weights("network.safetensors", "0" * 64, "CC0", "here", ships=False)
    monkeypatch.setattr(tensors, "load", lambda *_, **__: pytest.fail("read before its hash was checked"))
    with pytest.raises(WeightsError, match="not the file the catalogue means"):
        tensors.open_weights(wrong, _SHAPES)


def test_a_real_network_is_read_whole():
    path = shared("weights/alexnet_features_torchvision.safetensors")
    shapes = {name: entry.shape for name, entry in read_header(path).items()}
    found = tensors.load(path, shapes)
    # The count that torchvision documents for AlexNet without its classifier: 61,100,840 - 58,631,144.
    assert sum(value.numel() for value in found.values()) == 2_469_696
