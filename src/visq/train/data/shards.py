"""Arrays of one type and of any shapes on disk, in files of about a gigabyte that are mapped and not read.

A store is a folder: `index.json` says what it holds, of what it was made and with what; `shard-00000.npy` has the
values of the first entries one after the other, a plain vector to NumPy; `shard-00000.json` has the CRC-32 of each of
them and is written last, so that a shard counts once it is whole. A build that was killed goes on with the shards that
lack, and its files are byte for byte those of a build that was not.

Every entry is held against its checksum when it is first read in a process.
"""

from __future__ import annotations

import json
import os
import threading
import zlib
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from visq.errors import InputError, StoreError
from visq.train.data import shard_files as files
from visq.train.data.draws import fingerprint
from visq.train.data.work import Work

FORMAT = "visq shards 1"
INDEX = "index.json"
#: Bytes of a shard, unless the plan says otherwise.
SHARD_BYTES = 10**9

#: Gives entries `first` to `end - 1`, in order.
Make = Callable[[int, int], Iterable[np.ndarray]]


@dataclass(frozen=True)
class Plan:
    """What a store is to hold.

    Attributes
    ----------
    kind : str
        What the entries are: `pictures`.
    dtype : str
        NumPy's name of their type.
    shapes : tuple of tuples of int
        One an entry.
    about : dict
        Everything that decides on the values, as JSON has it: sources with their hashes, options, versions.
    shard_bytes : int
        Size at which a new shard is begun.
    """

    kind: str
    dtype: str
    shapes: tuple[tuple[int, ...], ...]
    about: dict[str, Any] = field(default_factory=dict)
    shard_bytes: int = SHARD_BYTES

    @property
    def sizes(self) -> list[int]:
        """Bytes of each entry."""
        each = np.dtype(self.dtype).itemsize
        return [prod(shape) * each for shape in self.shapes]

    @property
    def bytes(self) -> int:
        """Room that the values take on the disk."""
        return sum(self.sizes)

    @property
    def identity(self) -> str:
        """SHA-256 of what is held and of what it is made; how it is cut into shards plays no part."""
        return fingerprint([self.kind, self.dtype, self.shapes, self.about])

    def cuts(self) -> list[tuple[int, int]]:
        """First entry, and the one after the last, of each shard.

        >>> Plan("pictures", "uint8", ((4,), (4,), (4,), (9,), (1,)), shard_bytes=8).cuts()
        [(0, 2), (2, 3), (3, 4), (4, 5)]
        """
        starts, held = [0], 0
        for i, size in enumerate(self.sizes):
            if i > starts[-1] and held + size > self.shard_bytes:
                starts.append(i)
                held = 0
            held += size
        return list(pairwise([*starts, len(self.shapes)]))

    def described(self) -> dict[str, Any]:
        """As `index.json` has it."""
        return {
            "format": FORMAT, "kind": self.kind, "dtype": self.dtype, "shard_bytes": self.shard_bytes,
            "about": self.about, "shapes": [list(shape) for shape in self.shapes],
        }  # fmt: skip


def build(plan: Plan, folder: str | os.PathLike[str], make: Make, *, work: Work | None = None) -> Shards:
    """Fill a folder, or what lacks of it, and open it.

    Parameters
    ----------
    plan : Plan
    folder : path
        Made if it is not there. Its parent folder too.
    make : callable
        ``make(first, end)`` gives the entries in order, each of the planned type and shape, and depends on nothing
        else. What it raises ends the build; shards that are whole are kept.
    work : Work, optional

    Raises
    ------
    StoreError
        The folder holds something else, is being filled by another run, or there is too little room on its disk.
    InputError
        There is nothing to hold, or `make` gave something other than was planned.
    """
    if not plan.shapes:
        raise InputError("there is nothing to keep", expected="one entry at least")
    folder, work = Path(folder), work or Work()
    cuts = plan.cuts()
    if _same(folder, plan) and not _lacking(folder, plan, cuts):
        return Shards(folder)
    from visq.store.lock import FileLock

    _make_folder(folder)
    with FileLock(str(folder / ".lock")):
        same = _same(folder, plan)
        lacking = _lacking(folder, plan, cuts) if same else list(range(len(cuts)))
        files.clear(folder)
        _check_room(plan, folder, cuts, lacking, work)
        if not same:
            with files.written(folder / INDEX) as file:
                file.write(files.as_json(plan.described()))
        work.expect(sum(cuts[k][1] - cuts[k][0] for k in lacking))
        for k in lacking:
            _fill(plan, folder, k, *cuts[k], make, work)
    return Shards(folder)


class Shards:
    """A store that is complete, opened for reading. Any number of threads and processes may read it.

    Parameters
    ----------
    folder : path

    Attributes
    ----------
    folder : pathlib.Path
    plan : Plan
        What it holds.

    Raises
    ------
    StoreError
        No store, one that is damaged, or one whose build did not come to its end.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        held = _read_index(self.folder)
        if held is None:
            raise StoreError(f"{self.folder} holds no shards", expected=f"a file {INDEX} in it")
        self.plan = held
        cuts = held.cuts()
        lacking = _lacking(self.folder, held, cuts)
        if lacking:
            raise StoreError(
                f"{self.folder} is not complete", expected=f"{len(cuts)} shards",
                got=f"{len(cuts) - len(lacking)}", hint="Build it again: what is there is kept.",
            )  # fmt: skip
        self._shard = np.concatenate([np.full(end - first, k) for k, (first, end) in enumerate(cuts)])
        sizes = held.sizes
        ends = [np.cumsum(sizes[first:end]) for first, end in cuts]
        self._start = np.concatenate([np.concatenate([[0], end[:-1]]) for end in ends])
        self._sums = [value for k in range(len(cuts)) for value in files.marker(self.folder, k)["crc32"]]
        self._checked = bytearray(len(held.shapes))
        self._maps: list[np.ndarray | None] = [None] * len(cuts)
        self._lock = threading.Lock()

    @property
    def identity(self) -> str:
        """Hash of what it holds and of what it was made."""
        return self.plan.identity

    def __len__(self) -> int:
        return len(self.plan.shapes)

    def __getitem__(self, index: int) -> np.ndarray:
        """An entry: a view of the file that cannot be written to.

        Raises
        ------
        IndexError
            There is no such entry.
        StoreError
            Its bytes are not those that were written.
        """
        if not -len(self) <= index < len(self):
            raise IndexError(f"entry {index} of {len(self)}")
        index = int(index) % len(self)
        shape, dtype = self.plan.shapes[index], np.dtype(self.plan.dtype)
        first, size = int(self._start[index]), prod(shape) * dtype.itemsize
        raw = self._mapped(int(self._shard[index]))[first : first + size]
        if not self._checked[index]:
            self._check(index, raw)
        return raw.view(dtype).reshape(shape)

    def verify(self) -> None:
        """Read all of it and hold it against its checksums.

        Raises
        ------
        StoreError
            Names the shard that is damaged.
        """
        for i in range(len(self)):
            self._checked[i] = 0
            self[i]

    def _check(self, index: int, raw: np.ndarray) -> None:
        if zlib.crc32(raw.data) != self._sums[index]:
            k = int(self._shard[index])
            raise StoreError(
                f"{self.folder / files.name(k)} is damaged: entry {index} is not what was written",
                hint=f"Remove {files.name(k)} and build again: the other shards are kept.",
            )
        self._checked[index] = 1

    def _mapped(self, k: int) -> np.ndarray:
        found = self._maps[k]
        if found is None:
            with self._lock:
                found = files.open_map(self.folder / files.name(k))
                self._maps[k] = found
        return found


def _fill(plan: Plan, folder: Path, k: int, first: int, end: int, make: Make, work: Work) -> None:
    """Write one shard, then the file that says that it is whole."""
    sums, dtype = [], np.dtype(plan.dtype)
    # Closed at once where it ends early: threads of a generator must not work on for a build that has ended.
    with closing(_generator(make(first, end))) as entries, files.written(folder / files.name(k)) as file:
        file.write(files.header(sum(plan.sizes[first:end])))
        for index, entry in zip(range(first, end), entries, strict=True):
            if entry.shape != plan.shapes[index] or entry.dtype != dtype:
                raise InputError(
                    f"entry {index} of {folder} is not as planned", expected=f"{plan.shapes[index]} {dtype}",
                    got=f"{entry.shape} {entry.dtype}",
                )  # fmt: skip
            raw = np.ascontiguousarray(entry).reshape(-1).view(np.uint8)
            sums.append(zlib.crc32(raw.data))
            file.write(raw.data)
            work.on_item()
    with files.written((folder / files.name(k)).with_suffix(".json")) as file:
        file.write(files.as_json({"entries": [first, end], "crc32": sums}))


def _generator(entries: Iterable[np.ndarray]) -> Generator[np.ndarray]:
    yield from entries


def _lacking(folder: Path, plan: Plan, cuts: list[tuple[int, int]]) -> list[int]:
    """Shards that are not there whole."""
    sizes = np.concatenate([[0], np.cumsum(plan.sizes)])
    lacking = []
    for k, (first, end) in enumerate(cuts):
        size = int(sizes[end] - sizes[first])
        try:
            there = (folder / files.name(k)).stat().st_size == size + len(files.header(size))
            whole = there and files.marker(folder, k)["entries"] == [first, end]
        except (OSError, StoreError):
            whole = False
        if not whole:
            lacking.append(k)
    return lacking


def _read_index(folder: Path) -> Plan | None:
    path = folder / INDEX
    try:
        held = json.loads(path.read_text(encoding="ascii"))
        if held["format"] != FORMAT:
            raise ValueError(held["format"])
        shapes = tuple(tuple(map(int, shape)) for shape in held["shapes"])
        return Plan(held["kind"], held["dtype"], shapes, held["about"], held["shard_bytes"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} cannot be read", expected=FORMAT, hint="Name another folder.") from error


def _same(folder: Path, plan: Plan) -> bool:
    """Whether the folder holds this already, or the beginning of it; False where it is empty.

    Raises
    ------
    StoreError
        It holds something else, with what differs first.
    """
    held = _read_index(folder)
    if held is None:
        if folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir()):
            raise StoreError(f"{folder} holds other files", hint="Name an empty folder, or one that is not there.")
        return False
    old, new = _plain(held.described()), _plain(plan.described())
    if old == new:
        return True
    differs = _difference({**old.pop("about"), **old}, {**new.pop("about"), **new})
    raise StoreError(f"{folder} was made of something else: {differs}", hint="Name another folder, or remove this one.")


def _difference(old: dict[str, Any], new: dict[str, Any]) -> str:
    name = next(name for name in (*new, *old) if old.get(name) != new.get(name))
    then, now = old.get(name), new.get(name)
    if isinstance(then, list) and isinstance(now, list):
        if len(then) != len(now):
            return f"{len(then)} {name} then, {len(now)} now"
        place = next(i for i, pair in enumerate(zip(then, now, strict=True)) if pair[0] != pair[1])
        then, now = then[place], now[place]
        name = f"{name}, number {place + 1}"
    return f"{name}: {str(then)[:100]} then, {str(now)[:100]} now"


def _check_room(plan: Plan, folder: Path, cuts: list[tuple[int, int]], lacking: list[int], work: Work) -> None:
    from visq.distortions.synth.estimate import free_bytes, in_bytes

    sizes = plan.sizes
    wanted = sum(sum(sizes[first:end]) for first, end in (cuts[k] for k in lacking))
    free = free_bytes(folder)
    work.tell(f"{folder}: {in_bytes(wanted)} of {plan.kind} to be made, {in_bytes(free)} free on its disk")
    if wanted > free:
        raise StoreError(
            f"the disk of {folder} is too small", expected=in_bytes(wanted), got=f"{in_bytes(free)} free",
            hint="Keep less, or name a folder on another disk.",
        )  # fmt: skip


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror or error}") from error


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(files.as_json(value)))


__all__ = ["FORMAT", "INDEX", "SHARD_BYTES", "Make", "Plan", "Shards", "build"]
