"""MATLAB files of version 5: arrays of numbers, texts, and cell arrays of them, out of files that nobody vouches for.

Nothing nests deeper than a cell of these, and no more memory is taken than `MAX_BYTES` for all that is unpacked,
whatever a file claims. (SciPy's reader follows both to the end, which is that of the process.)

References
----------
The MathWorks, "MAT-File Format", level 5.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from visq.errors import WeightsError
from visq.weights import MAX_BYTES

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
# How the characters of a text lie in the file.
_TEXTS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16"}
_KINDS = (
    "", "cell", "struct", "object", "char", "sparse", "double", "single", "int8", "uint8", "int16", "uint16", "int32",
    "uint32", "int64", "uint64", "function", "opaque",
)  # fmt: skip
#: What MATLAB calls the types that hold numbers.
NUMERIC = _KINDS[6:16]
_OPAQUE = 17
_COMPLEX, _LOGICAL = 8, 2
_MOST_DIMENSIONS, _MOST_VARIABLES = 32, 1000


class _DamagedError(Exception):
    """What is wrong with a file."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a file, its contents not looked at yet. `kind` is MATLAB's word for its type."""

    name: str
    kind: str
    shape: tuple[int, ...]
    complex: bool
    body: memoryview
    order: str

    def array(self) -> np.ndarray:
        """Its numbers, in the type in which they lie in the file."""
        if self.kind not in NUMERIC or self.complex:
            raise _DamagedError(f"{self.name or 'an entry'}: {'complex ' * self.complex}{self.kind}, not real numbers")
        kind, data, _ = _element(self.body, 0, self.order)
        if kind not in _NUMBERS:
            raise _DamagedError(f"{self.name or 'an entry'}: numbers of the unknown type {kind}")
        dtype = np.dtype(self.order + _NUMBERS[kind])
        if len(data) != math.prod(self.shape) * dtype.itemsize:
            raise _DamagedError(f"{self.name or 'an entry'}: {len(data)} bytes for an array of {self.shape}")
        return np.frombuffer(data, dtype).reshape(self.shape, order="F").astype(dtype.newbyteorder("="))

    def texts(self) -> list[str]:
        """The rows of an array of characters, blanks at their ends removed."""
        if self.kind != "char" or len(self.shape) != 2:
            raise _DamagedError(f"{self.name or 'an entry'}: {self.kind} of {self.shape}, not rows of characters")
        kind, data, _ = _element(self.body, 0, self.order)
        encoding = _TEXTS.get(kind)
        if encoding is None:
            raise _DamagedError(f"{self.name or 'an entry'}: characters of the unknown type {kind}")
        little = "le" if self.order == "<" else "be"
        letters = bytes(data).decode(f"{encoding}-{little}" if encoding == "utf-16" else encoding)
        rows, length = self.shape
        if len(letters) != rows * length:
            raise _DamagedError(f"{self.name or 'an entry'}: {len(letters)} characters for an array of {self.shape}")
        return [letters[row::rows].rstrip() for row in range(rows)]

    def entries(self) -> list[Variable]:
        """What a cell array holds, in MATLAB's order, not looked at yet."""
        found, place = [], 0
        if self.kind != "cell":
            raise _DamagedError(f"{self.name or 'an entry'}: {self.kind}, not a cell array")
        for _ in range(math.prod(self.shape)):
            kind, data, place = _element(self.body, place, self.order)
            if kind != _MATRIX:
                raise _DamagedError(f"{self.name}: an entry of type {kind} in a cell array")
            found.append(_variable(data, self.order))
        return found

    def cells(self) -> list[np.ndarray]:
        """The arrays of numbers in a cell array, in MATLAB's order."""
        return [entry.array() for entry in self.entries()]


def read_variables(path: Path) -> dict[str, Variable]:
    """What a MATLAB version 5 file holds, by name.

    Raises
    ------
    WeightsError
        Another version, damaged, or larger than `MAX_BYTES` when unpacked.
    """
    with path.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if not data.startswith(b"MATLAB 5.0"):
        raise WeightsError(
            f"{path} is not a MATLAB version 5 file",
            expected="a file that begins with 'MATLAB 5.0'",
            hint="Save it again in MATLAB with the option '-v7' or '-v6'.",
        )
    with reading(path):
        order = {b"IM": "<", b"MI": ">"}.get(data[126:128], "")
        if not order:
            raise _DamagedError("a header without its byte order")
        found = [_variable(body, order) for body in islice(_matrices(memoryview(data), order), _MOST_VARIABLES)]
    return {one.name: one for one in found}


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """What is wrong with a file becomes a `WeightsError` that names it."""
    try:
        yield
    except (_DamagedError, struct.error, zlib.error, ValueError) as error:
        raise WeightsError(f"{path} is damaged", got=str(error)) from None


def _matrices(data: memoryview, order: str) -> Iterator[memoryview]:
    left = MAX_BYTES - len(data)
    if left < 0:
        raise _DamagedError(f"more than {MAX_BYTES} bytes")
    place = _HEADER
    while place < len(data):
        kind, body, place = _element(data, place, order, packed=True)
        if kind == _COMPRESSED:
            unpacker = zlib.decompressobj()
            body = memoryview(unpacker.decompress(body, left + 1))
            left -= len(body)
            if left < 0:
                raise _DamagedError(f"more than {MAX_BYTES} bytes when unpacked")
            if not unpacker.eof:
                raise _DamagedError("compressed data that is cut off")
            kind, body, _ = _element(body, 0, order)
        if kind == _MATRIX:
            yield body


def _element(data: memoryview, place: int, order: str, *, packed: bool = False) -> tuple[int, memoryview, int]:
    """Type and contents of the data element at `place`, and where the next one begins."""
    kind, length = struct.unpack_from(order + "II", data, place)
    if kind >> 16:  # up to four bytes, in the tag itself
        length, kind, start, end = kind >> 16, kind & 0xFFFF, place + 4, place + 8
        if length > 4:
            raise _DamagedError("a short element that is not short")
    else:
        start = place + 8
        end = start + length if packed and kind == _COMPRESSED else start + -(-length // 8) * 8
    if start + length > len(data):
        raise _DamagedError(f"cut off: {len(data)} of {start + length} bytes")
    return kind, data[start : start + length], end


def _variable(data: memoryview, order: str) -> Variable:
    _, flags, place = _element(data, 0, order)
    number = struct.unpack_from(order + "I", flags)[0]
    code, bits = number & 0xFF, number >> 8
    shape: tuple[int, ...] = ()
    if code != _OPAQUE:
        _, dims, place = _element(data, place, order)
        if len(dims) > 4 * _MOST_DIMENSIONS:
            raise _DamagedError(f"{len(dims) // 4} dimensions")
        shape = struct.unpack(f"{order}{len(dims) // 4}i", dims)
        if any(side < 0 for side in shape):
            raise _DamagedError(f"an array of {shape}")
    _, name, place = _element(data, place, order)
    kind = _KINDS[code] if code < len(_KINDS) else f"type {code}"
    kind = "logical" if bits & _LOGICAL else kind
    return Variable(bytes(name).decode("latin-1"), kind, shape, bool(bits & _COMPLEX), data[place:], order)
