"""Files of tensors: what is right is read to the bit, what is not is refused in one line and never run."""

from __future__ import annotations

import json
import math
import os

import numpy as np
import pytest
from tensor_files import SHAPES, entry, refused, state_of, write_raw, write_safetensors, write_torch

from shared_data import shared
from visq import weights
from visq.errors import WeightsError
from visq.types import Weights
from visq.weights import tensors
from visq.weights.checking import look_into
from visq.weights.headers import read_header

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")


@pytest.fixture(params=["safetensors", "zip", "legacy"])
def written(request, tmp_path):
    """`written(state)` in each of the three formats, under a name that says nothing about the format."""

    def write(state):
        path = tmp_path / "network.bin"
        if request.param == "safetensors":
            return write_safetensors(path, state)
        return write_torch(path, state, legacy=request.param == "legacy")

    return write


def test_what_was_saved_is_read_to_the_bit(written):
    state = state_of()
    found = tensors.load(written(state), SHAPES)
    assert list(found) == list(SHAPES)
    for name, value in found.items():
        assert value.dtype == torch.float32
        assert torch.equal(value, state[name])


def test_a_file_that_changes_later_changes_nothing_that_was_read(written):
    path = written(state_of())
    found = tensors.load(path, SHAPES)
    before = {name: value.clone() for name, value in found.items()}
    with path.open("r+b") as stream:
        stream.seek(-64, os.SEEK_END)
        stream.write(b"\xff" * 64)
    assert all(torch.equal(found[name], before[name]) for name in found)


def test_half_precision_is_widened_without_a_change(written):
    state = {name: value.half() for name, value in state_of().items()}
    found = tensors.load(written(state), SHAPES)
    assert all(found[name].dtype == torch.float32 and torch.equal(found[name], state[name].float()) for name in found)


def test_bfloat16_is_widened_without_a_change(written):
    state = {name: value.bfloat16() for name, value in state_of().items()}
    found = tensors.load(written(state), SHAPES)
    assert all(torch.equal(found[name], state[name].float()) for name in found)


def test_lengths_that_are_left_open_take_any_but_none(written):
    assert tensors.load(written(state_of()), {"features.0.weight": (None, 3, 3, 3), "features.0.bias": (None,)})
    empty = state_of() | {"features.0.bias": torch.zeros(0)}
    refused(written(empty), r"bias has the wrong shape; expected \(any,\); got \(0,\)", SHAPES | {
        "features.0.bias": (None,)
    })  # fmt: skip


def test_what_is_to_be_ignored_is_not_even_looked_at(written):
    state = state_of({"classifier.weight": torch.full((2, 2), math.nan), "bn.num_batches_tracked": torch.tensor(7)})
    path = written(state)
    assert set(tensors.load(path, SHAPES, ignore=["classifier.*"])) == set(SHAPES)
    refused(path, r"classifier\.weight \(too many\)")
    refused(path, r"classifier\.weight holds NaN", optional={"classifier.weight": (2, 2)})


def test_counters_are_read_where_they_are_asked_for(written):
    path = written(state_of({"bn.num_batches_tracked": torch.tensor(7)}))
    found = tensors.load(path, SHAPES | {"bn.num_batches_tracked": ()})
    assert found["bn.num_batches_tracked"].item() == 7


def test_optional_tensors_may_lack_but_not_be_wrong(written):
    path = written(state_of({"head.bias": torch.ones(3)}))
    assert "head.bias" in tensors.load(path, SHAPES, optional={"head.bias": (3,), "head.other": (1,)})
    refused(path, r"head\.bias has the wrong shape; expected \(4,\); got \(3,\)", optional={"head.bias": (4,)})


def test_names_are_changed_by_a_table_or_a_function(written):
    path = written(state_of())
    table = {"features.0.weight": "conv1.weight", "features.0.bias": "conv1.bias"}
    shapes = {"conv1.weight": (4, 3, 3, 3), "conv1.bias": (4,)}
    by_table = tensors.load(path, shapes, rename=table)
    by_function = tensors.load(path, shapes, rename=lambda name: name.replace("features.0", "conv1"))
    assert list(by_table) == list(by_function) == list(shapes)
    refused(path, "both stand for x", {"x": (4,)}, rename=dict.fromkeys(SHAPES, "x"))


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
    refused(written(state_of() | change), message)


def test_missing_tensors_are_named_and_not_all_of_a_hundred(written):
    shapes = {f"layer.{i}.weight": (1,) for i in range(100)}
    error = refused(written({"layer.0.weight": torch.ones(1)}), r"layer\.1\.weight.*and 95 more \(missing\)", shapes)
    assert len(str(error)) < 400


def test_an_empty_file_of_tensors(written):
    refused(written({}), "missing")


# A file of the safetensors format that is not what it says


@pytest.mark.parametrize(
    ("header", "data", "length", "reason"),
    [
        ({"a": entry(0, 4)}, b"\0" * 4, 10**6, "a header of 1000000 bytes in a file of"),
        ({"a": entry(0, 4)}, b"\0" * 4, 2**63, "a header of 9223372036854775808 bytes"),
        ({"a": entry(0, 4)}, b"\0" * 3, None, "3 bytes of data where the header wants 4"),
        ({"a": entry(0, 4)}, b"\0" * 9, None, "9 bytes of data where the header wants 4"),
        ({"a": entry(0, 4), "b": entry(0, 4)}, b"\0" * 4, None, "'b' begins at byte 0, where the one before it ends"),
        ({"a": entry(0, 4), "b": entry(2, 6)}, b"\0" * 6, None, "'b' begins at byte 2"),
        ({"a": entry(0, 4), "b": entry(8, 12)}, b"\0" * 12, None, "'b' begins at byte 8"),
        ({"a": entry(4, 8)}, b"\0" * 8, None, "'a' begins at byte 4"),
        ({"a": entry(4, 0)}, b"\0" * 4, None, "'a' in -4 bytes"),
        ({"a": entry(0, 4, (10**9, 10**9))}, b"\0" * 4, None, "'a' in 4 bytes where its shape wants"),
        ({"a": entry(0, 4, (-1,))}, b"\0" * 4, None, "lengths that are none"),
        ({"a": entry(0, 4, (True,))}, b"\0" * 4, None, "lengths that are none"),
        ({"a": entry(0, 4, (1.0,))}, b"\0" * 4, None, "lengths that are none"),
        ({"a": entry(0, 4, [1] * 40)}, b"\0" * 4, None, "of a shape that is none"),
        ({"a": entry(0, 4, dtype="F31")}, b"\0" * 4, None, "of type F31"),
        ({"a": entry(0, 4, dtype=["F32"])}, b"\0" * 4, None, "of type"),
        ({"a": [1, 2]}, b"\0" * 4, None, "without type, shape and place"),
        ({"a": {"dtype": "F32"}}, b"\0" * 4, None, "without type, shape and place"),
        (b'{"a":NaN}', b"", None, "NaN in the header"),
        (b"{" + b'"a":{' * 100_000, b"", None, "nests too deep|damaged"),
        (b'{"a"', b"", None, "damaged or not a safetensors"),
        (b'{"\xff\xfe":1}', b"", None, "damaged or not a safetensors"),
    ],
)  # fmt: skip
def test_hostile_headers(tmp_path, header, data, length, reason):
    path = write_raw(tmp_path / "network.safetensors", header, data, length)
    refused(path, reason, {"a": (1,)})
    with pytest.raises(WeightsError, match=reason):
        look_into(path)


def test_a_name_that_stands_twice(tmp_path):
    one = json.dumps(entry(0, 4))
    path = write_raw(tmp_path / "network.safetensors", f'{{"a":{one},"a":{one}}}'.encode(), b"\0" * 4)
    refused(path, "'a' twice in the header", {"a": (1,)})


def test_a_header_larger_than_any_network_needs(tmp_path):
    path = write_raw(tmp_path / "network.safetensors", b"{" + b" " * 8_000_001 + b"}")
    refused(path, "at most 8000000 are read", {"a": (1,)})


def test_a_header_of_millions_of_brackets_is_refused_at_once(tmp_path):
    path = write_raw(tmp_path / "network.safetensors", b'{"a":' + b"[" * 7_000_000 + b"]" * 7)
    refused(path, "nests too deep|damaged", {"a": (1,)})


def test_the_header_that_the_library_writes_is_understood(tmp_path):
    path = tmp_path / "network.safetensors"
    safetensors_torch.save_file(state_of(), path, metadata={"source": "here"})
    assert {name: entry.shape for name, entry in read_header(path).items()} == SHAPES


@pytest.mark.parametrize("cut", [0, 1, 7, 8, 9, 60, -100, -1])
def test_truncated_files(written, cut):
    path = written(state_of())
    path.write_bytes(path.read_bytes()[:cut])
    refused(path, "network.bin")


def test_trailing_bytes_after_safetensors(tmp_path):
    path = write_safetensors(tmp_path / "network.safetensors", state_of())
    path.write_bytes(path.read_bytes() + b"more")
    refused(path, "bytes of data where the header wants")


@pytest.mark.parametrize("content", [b"", b"GIF89a" + b"\0" * 900, b"\0" * 900, b"{" * 20, b"<html>" * 200])
@pytest.mark.parametrize("name", ["network.safetensors", "network.pth"])
def test_other_files(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content)
    refused(path, "network")


def test_folders_and_files_that_are_not_there(tmp_path):
    for path in (tmp_path, tmp_path / "nothing.pth"):
        with pytest.raises(WeightsError, match=f"cannot read .*{path.name}"):
            tensors.load(path, SHAPES)


# What a file holds, without a network


def test_looking_into_a_file_counts_and_finds_nan(written):
    state = state_of({"bn.num_batches_tracked": torch.tensor(7)})
    found = look_into(written(state))
    assert (found.arrays, found.numbers) == (2, 4 * 27 + 4), "the counter is not looked at"
    assert str(found).lower().endswith(("1 array of type i64 not looked at", "1 array of type int64 not looked at"))
    with pytest.raises(WeightsError, match=r"head holds NaN"):
        look_into(written(state | {"head": torch.tensor([1.0, math.inf])}))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_nan_is_found_in_every_precision(tmp_path, dtype, bad):
    good = torch.tensor([1.0, -65504.0, 0.0, 1e-7]).to(dtype)
    assert look_into(write_safetensors(tmp_path / "a.safetensors", {"a": good})).numbers == 4
    with pytest.raises(WeightsError, match="a holds NaN"):
        look_into(
            write_safetensors(tmp_path / "b.safetensors", {"a": torch.cat([good, torch.tensor([bad]).to(dtype)])})
        )


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.int8, torch.int64, torch.bool])
def test_what_is_not_looked_at_is_told_and_not_counted(tmp_path, dtype):
    """NaN of eight bits goes by unseen, so it may not be called finite."""
    odd = torch.ones(5).to(dtype)
    found = look_into(write_safetensors(tmp_path / "a.safetensors", {"a": torch.ones(2), "b": odd, "c": odd.clone()}))
    assert (found.arrays, found.numbers) == (1, 2)
    assert found.note.startswith("2 arrays of type ")
    assert found.note.endswith(" not looked at")


def test_looking_into_other_files(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.ones((2, 3)))
    assert str(look_into(tmp_path / "a.npz")) == "npz, 1 array, 6 finite numbers"
    np.savez(tmp_path / "b.npz", x=np.array([math.nan]))
    with pytest.raises(WeightsError, match="NaN"):
        look_into(tmp_path / "b.npz")
    (tmp_path / "graph.onnx").write_bytes(b"\x08\x07")
    with pytest.raises(WeightsError, match=r"graph\.onnx is no graph that visq can use"):
        look_into(tmp_path / "graph.onnx")
    with pytest.raises(WeightsError, match="holds no numbers"):
        look_into(write_safetensors(tmp_path / "empty.safetensors", {}))


def test_a_torch_file_without_torch_is_told_and_not_wrong(tmp_path, monkeypatch):
    path = write_torch(tmp_path / "network.pth", state_of())
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    assert "needs torch" in look_into(path).note


# Files of the catalogue


def test_a_file_of_the_catalogue_is_found_checked_and_read(tmp_path, monkeypatch):
    path = write_safetensors(tmp_path / "network.safetensors", state_of())
    monkeypatch.setenv(weights.VARIABLE, str(tmp_path))
    right = Weights("network.safetensors", weights.sha256(path), "CC0", "here", ships=False)
    assert set(tensors.open_weights(right, SHAPES)) == set(SHAPES)
    wrong = Weights("network.safetensors", "0" * 64, "CC0", "here", ships=False)
    monkeypatch.setattr(tensors, "load", lambda *_, **__: pytest.fail("read before its hash was checked"))
    with pytest.raises(WeightsError, match="not the file the catalogue means"):
        tensors.open_weights(wrong, SHAPES)


def test_a_real_network_is_read_whole():
    path = shared("weights/alexnet_features_torchvision.safetensors")
    shapes = {name: entry.shape for name, entry in read_header(path).items()}
    found = tensors.load(path, shapes)
    # The count that torchvision documents for AlexNet without its classifier: 61,100,840 - 58,631,144.
    assert sum(value.numel() for value in found.values()) == 2_469_696
