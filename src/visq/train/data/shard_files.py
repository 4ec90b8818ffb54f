"""The files of a store of shards: their names, their heads, and how they come to be there whole or not at all."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from visq.errors import StoreError, VisqError


def name(k: int) -> str:
    """The file of shard `k`.

    >>> name(3)
    'shard-00003.npy'
    """
    return f"shard-{k:05}.npy"


def open_map(path: Path) -> np.ndarray:
    """The bytes of a shard, `(n,)` uint8, mapped and not read.

    Raises
    ------
    StoreError
        Not there, cut off, or no such file.
    """
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise StoreError(f"{path} cannot be read: {error}", hint="Remove it and build again.") from error
    # A plain array: slices of a memmap carry its Python class along, which costs more than a small copy.
    return found.view(np.ndarray)


def header(size: int) -> bytes:
    """What stands before `size` bytes of values, so that NumPy reads them as one vector."""
    text = io.BytesIO()
    np.lib.format.write_array_header_1_0(text, {"descr": "|u1", "fortran_order": False, "shape": (size,)})
    return text.getvalue()


def marker(folder: Path, k: int) -> dict[str, Any]:
    """What the file says that is written after shard `k`: its `entries` (first, end) and the `crc32` of each.

    Raises
    ------
    StoreError
        Not there, or damaged.
    """
    path = (folder / name(k)).with_suffix(".json")
    try:
        found = json.loads(path.read_text(encoding="ascii"))
        first, end = found["entries"]
        if len(found["crc32"]) != end - first:
            raise ValueError("a checksum an entry")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} is damaged or not there", hint="Remove it and build again.") from error
    return dict(found)


def as_json(value: Any) -> bytes:
    """Plain data as a file has it: the same bytes for the same data."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"


@contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """A file that is there whole, on the disk, when the block ends well, and not at all when it does not."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except VisqError:
        raise  # some of them are OSErrors: what was to be written could not be made
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="Make room, or name another folder. Shards that are whole are kept.",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


__all__ = ["as_json", "header", "marker", "name", "open_map", "written"]
