"""Whether a file of parameters can be read whole and holds finite numbers, without any network that uses it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from visq.errors import MissingExtraError, WeightsError
from visq.weights import arrays, max_bytes
from visq.weights.headers import is_safetensors, read_header

_NUMBERS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
_TORCH_NUMBERS = ("float64", "float32", "float16", "bfloat16")
# Numbers looked at in one go: what NumPy and torch need for it beside the file stays small.
_BLOCK = 1 << 22


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds: its format, how many arrays, how many numbers were looked at; `note` tells what was not."""

    format: str
    arrays: int = 0
    numbers: int = 0
    note: str = ""

    def __str__(self) -> str:
        arrays = f"{self.arrays} array{'' if self.arrays == 1 else 's'}"
        counted = f", {arrays}, {self.numbers} finite numbers" if self.arrays else ""
        return f"{self.format}{counted}{'; ' if self.note else ''}{self.note}"


def look_into(path: Path) -> Contents:
    """Read a file of parameters from end to end.

    Raises
    ------
    WeightsError
        Unreadable, too large, damaged, something other than arrays of numbers, NaN, infinity or nothing in it.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(512)
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror or error}") from None
    if size > max_bytes(path):
        raise WeightsError(f"{path} is too large", expected=f"at most {max_bytes(path)} bytes", got=str(size))
    if is_safetensors(head) or path.suffix == ".safetensors":
        return _safetensors(path)
    if path.suffix == ".npz":
        return _npz(path)
    if path.suffix == ".onnx":
        return _onnx(path)
    if path.suffix in (".pth", ".pt", ".bin") or head.startswith((b"PK\x03\x04", b"\x80")):
        return _torch(path)
    raise WeightsError(f"{path} is no file of parameters", expected="safetensors, .pth, .npz or .onnx")


def _safetensors(path: Path) -> Contents:
    entries = read_header(path)
    looked_at, others = [], []
    # One pass over the file as it lies on the disk, so that 600 MB need no 600 MB.
    data = np.memmap(path, np.uint8, "r")
    for name, entry in entries.items():
        count = math.prod(entry.shape)
        kind = np.dtype(_NUMBERS.get(entry.dtype, "<u2"))
        if entry.dtype not in _NUMBERS and entry.dtype != "BF16":
            others.append(entry.dtype)
            continue
        looked_at.append(entry.shape)
        values = data[entry.start : entry.start + count * kind.itemsize].view(kind)
        blocks = (values[i : i + _BLOCK] for i in range(0, count, _BLOCK))
        # bfloat16, which NumPy does not have: all bits of the exponent are set in what is not finite.
        finite = (np.isfinite(b) if kind.kind == "f" else (b & 0x7F80) != 0x7F80 for b in blocks)
        if not all(bool(block.all()) for block in finite):
            raise WeightsError(f"{path}: {name} holds NaN or infinite values")
    return _counted(path, "safetensors", looked_at, others)


def _onnx(path: Path) -> Contents:
    """What scoring checks before a graph is run, without running it."""
    from visq.systems.graph_files import inspect

    try:
        about = inspect(path.read_bytes(), path)
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror or error}") from None
    return Contents("ONNX", note=f"the network of {about.metric} {about.version}; its numbers were not looked at")


def _npz(path: Path) -> Contents:
    found = arrays.unpack_npz(path)
    arrays.check(path, found, {name: value.shape for name, value in found.items()})
    return _counted(path, "npz", [value.shape for value in found.values()])


def _torch(path: Path) -> Contents:
    try:
        from visq.weights.torch_files import read_state_dict

        found = read_state_dict(path)
    except MissingExtraError:
        return Contents("torch file", note="its tensors were not looked at, which needs torch")
    looked_at, others = [], []
    for name, value in found.items():
        dtype = str(value.dtype).removeprefix("torch.")
        if dtype not in _TORCH_NUMBERS:
            others.append(dtype)
            continue
        looked_at.append(tuple(value.shape))
        if not all(bool(block.isfinite().all()) for block in value.flatten().split(_BLOCK)):
            raise WeightsError(f"{path}: {name} holds NaN or infinite values")
    return _counted(path, "torch file", looked_at, others)


def _counted(path: Path, kind: str, shapes: list[tuple[int, ...]], others: Sequence[str] = ()) -> Contents:
    """`shapes` of what was looked at, and the types of what was not."""
    numbers = sum(math.prod(shape) for shape in shapes)
    if not numbers and not others:
        raise WeightsError(f"{path} holds no numbers")
    arrays = f"{len(others)} array{'' if len(others) == 1 else 's'}"
    note = f"{arrays} of type {', '.join(sorted(set(others)))} not looked at" if others else ""
    return Contents(kind, len(shapes), numbers, note)
