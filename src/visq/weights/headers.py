"""The header of a safetensors file: what tensors it claims to hold, checked before anything is believed.

The format is eight bytes with the length of a JSON header, the header, and the data: the header names each tensor,
its type, its shape and where in the data it lies. Nothing in it can run code.

References
----------
Hugging Face, "Safetensors: format", https://github.com/huggingface/safetensors
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from visq.errors import WeightsError
from visq.weights import max_bytes

#: Bytes of one element, by the format's word for its type. Types of less than a byte hold no parameters of ours.
ITEM_BYTES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "U16": 2, "I16": 2, "F16": 2, "BF16": 2, "U32": 4,
    "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8, "C64": 8,
}  # fmt: skip
# A network of a thousand tensors has a header of 100 kB.
_MOST_HEADER_BYTES = 8_000_000
_MOST_DIMENSIONS = 8
_LENGTH_BYTES = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """One tensor as the header has it: the format's word for its type, its shape, and its first byte in the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int


class _DamagedError(ValueError):
    pass


def is_safetensors(head: bytes) -> bool:
    """Whether a file that begins with `head` (16 bytes or more) can be a safetensors file."""
    return len(head) > _LENGTH_BYTES and head[_LENGTH_BYTES : _LENGTH_BYTES + 1] == b"{"


def read_header(path: Path) -> dict[str, Entry]:
    """The tensors of a safetensors file, by name, in the order of the header.

    Raises
    ------
    WeightsError
        Unreadable, too large, cut off, with bytes that belong to no tensor, names that stand twice, tensors that
        overlap, or a header that is not one.
    """
    try:
        size = path.stat().st_size
        if size > max_bytes(path):
            raise WeightsError(f"{path} is too large", expected=f"at most {max_bytes(path)} bytes", got=str(size))
        with path.open("rb") as stream:
            return _entries(_parse(stream, size), stream.tell(), size)
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror or error}") from None
    # RecursionError: brackets in brackets, deeper than any reader follows.
    except (ValueError, RecursionError) as error:
        reason = "a header that nests too deep" if isinstance(error, RecursionError) else str(error)
        raise WeightsError(f"{path} is damaged or not a safetensors file", got=reason) from None


def told(path: Path) -> dict[str, Any]:
    """What a file that visq wrote says of itself: the JSON under the key `visq` in its header.

    Empty for any other file, one that is not there or is damaged among them: who reads its tensors tells of that.
    """
    try:
        with path.open("rb") as stream:
            # Other formats are not read to their end for a header.
            head = stream.read(2 * _LENGTH_BYTES)
            stream.seek(0)
            header = _parse(stream, path.stat().st_size) if is_safetensors(head) else {}
        found = json.loads(header.get("__metadata__", {}).get("visq", ""))
    except (OSError, ValueError, RecursionError, AttributeError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _parse(stream: BinaryIO, size: int) -> dict[str, Any]:
    if size <= _LENGTH_BYTES:
        raise _DamagedError(f"{size} bytes")
    length = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
    if length > size - _LENGTH_BYTES:
        raise _DamagedError(f"a header of {length} bytes in a file of {size}")
    if length > _MOST_HEADER_BYTES:
        raise _DamagedError(f"a header of {length} bytes; at most {_MOST_HEADER_BYTES} are read")
    header = json.loads(stream.read(length).decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    if not isinstance(header, dict):
        raise _DamagedError("a header that is no table of tensors")
    return header


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _DamagedError(f"{twice[:80]!r} twice in the header")
    return table


def _refuse(word: str) -> None:
    raise _DamagedError(f"{word} in the header")


def _entries(header: dict[str, Any], first: int, size: int) -> dict[str, Entry]:
    header.pop("__metadata__", None)
    entries, places = {}, []
    for name, item in header.items():
        dtype, shape, start, stop = _entry(name, item)
        entries[name] = Entry(dtype, shape, first + start)
        places.append((start, stop, name))
    end = 0
    for start, stop, name in sorted(places):
        if start != end:
            raise _DamagedError(f"{name[:80]!r} begins at byte {start}, where the one before it ends at {end}")
        end = stop
    if end != size - first:
        raise _DamagedError(f"{size - first} bytes of data where the header wants {end}")
    return entries


def _entry(name: str, item: Any) -> tuple[str, tuple[int, ...], int, int]:
    try:
        dtype, shape, (start, stop) = item["dtype"], item["shape"], item["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise _DamagedError(f"{name[:80]!r} without type, shape and place") from None
    if not isinstance(shape, list) or len(shape) > _MOST_DIMENSIONS:
        raise _DamagedError(f"{name[:80]!r} of a shape that is none")
    # bool is an int in Python, but no length.
    if any(type(n) is not int or n < 0 for n in (*shape, start, stop)):
        raise _DamagedError(f"{name[:80]!r} with lengths that are none")
    if not isinstance(dtype, str) or dtype not in ITEM_BYTES:
        raise _DamagedError(f"{name[:80]!r} of type {str(dtype)[:20]}")
    wanted = math.prod(shape) * ITEM_BYTES[dtype]
    if stop - start != wanted:
        raise _DamagedError(f"{name[:80]!r} in {stop - start} bytes where its shape wants {wanted}")
    return dtype, tuple(shape), start, stop
