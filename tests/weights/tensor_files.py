"""Files of tensors made for tests, and what `load` owes where it refuses one."""

from __future__ import annotations

import json
import struct

import pytest

from visq.errors import WeightsError
from visq.weights import tensors

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")

SHAPES = {"features.0.weight": (4, 3, 3, 3), "features.0.bias": (4,)}


def state_of(more=None):
    rng = torch.Generator().manual_seed(5)
    state = {name: torch.randn(shape, generator=rng) for name, shape in SHAPES.items()}
    return state | (more or {})


def write_safetensors(path, state):
    safetensors_torch.save_file(state, path)
    return path


def write_torch(path, state, legacy=False):
    torch.save(state, path, _use_new_zipfile_serialization=not legacy)
    return path


def write_raw(path, header, data=b"", length=None):
    """A safetensors file byte by byte. `header` is an object, or the bytes to be written."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
    return path


def entry(start, stop, shape=(1,), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, stop]}


def refused(path, match, shapes=SHAPES, **options):
    """The error of `load`, which is one line and names the file."""
    with pytest.raises(WeightsError, match=match) as caught:
        tensors.load(path, shapes, **options)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "weights_only" not in str(caught.value), "torch's advice to switch the protection off"
    return caught.value
