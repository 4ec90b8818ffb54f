"""The files of a store of shards: their names, their heads, and how they come to be there whole or not at all."""

from __future__ import annotations

import io
import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any

import numpy as np

from visq.errors import StoreError
from visq.store.tables import replacing

# How the name ends of a file that `replacing` has begun.
_BEGUN = ".tmp"


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


def written(path: Path) -> AbstractContextManager[IO[bytes]]:
    """A file that is there whole, on the disk, when the block ends well, and not at all when it does not."""
    return replacing(str(path), hint="Make room, or name another folder. Shards that are whole are kept.")


def clear(folder: Path) -> None:
    """Remove what builds that were killed had begun to write: it takes room. Whoever calls this holds the lock.

    Raises
    ------
    StoreError
    """
    for path in folder.glob(f".*{_BEGUN}"):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path} cannot be removed: {error.strerror or error}") from error


__all__ = ["as_json", "clear", "header", "marker", "name", "open_map", "written"]
