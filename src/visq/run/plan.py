"""From what a user names (files, folders, patterns, lists) to the files to score, one at a time.

Everything here is lazy: a folder of a million pictures gives its first name at once, and names are never all held,
except those of the one folder being read, which are sorted so that two runs see the same order.
"""

# Names stay the text that was given: pathlib would rewrite "./a", and is slow for a million of them.
# ruff: noqa: PTH112, PTH116, PTH118, PTH119, PTH122, PTH207

from __future__ import annotations

import glob
import os
import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from visq.errors import InputError

#: Extensions that say "picture" in a folder. Those that visq cannot open are here too: they get an error row rather
#: than being passed over in silence.
EXTENSIONS = frozenset(
    [
        *(".apng", ".avif", ".bmp", ".dib", ".exr", ".gif", ".hdr", ".heic", ".heif", ".hif", ".j2c", ".j2k", ".jfif"),
        *(".jp2", ".jpe", ".jpeg", ".jpg", ".jpx", ".jxl", ".pbm", ".pfm", ".pgm", ".png", ".pnm", ".ppm", ".qoi"),
        *(".tga", ".tif", ".tiff", ".webp"),
        *(".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".rw2"),
    ]
)

_MAGIC = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Found:
    """One input: its path, its path relative to the folder it was found in, and what is wrong with it already."""

    path: str
    relative: str
    problem: str = ""


class Finder:
    """Finds files, and counts what it passed over.

    Parameters
    ----------
    all_files : bool
        Take every file of a folder, hidden ones and those without a picture's extension too.
    skipped : int
        Files of folders passed over so far.
    """

    def __init__(self, *, all_files: bool = False) -> None:
        self.all_files = all_files
        self.skipped = 0

    def find(self, paths: Iterable[str]) -> Iterator[Found]:
        """Files of all `paths`, in their order. A name that does not exist is found too: reading it will fail."""
        for path in paths:
            if os.path.isdir(path):
                yield from self.walk(path)
            elif _is_pattern(path):
                yield from self._glob(path)
            else:
                yield Found(path, os.path.basename(path))

    def check(self, paths: Iterable[str]) -> None:
        """Refuse patterns that match nothing, before anything is scored.

        Raises
        ------
        InputError
            Names the pattern.
        """
        for path in paths:
            if _is_pattern(path) and next(glob.iglob(path, recursive=True), None) is None:
                raise InputError(f"nothing matches {path!r}", hint="Check the pattern and the folder you are in.")

    def find_plain(self, names: Iterable[str]) -> Iterator[Found]:
        """As `find`, but names are taken as they are: no patterns."""
        for path in names:
            if os.path.isdir(path):
                yield from self.walk(path)
            else:
                yield Found(path, os.path.basename(path))

    def _glob(self, pattern: str) -> Iterator[Found]:
        for path in sorted(glob.iglob(pattern, recursive=True)):
            if os.path.isdir(path):
                # `**` matches the folders inside too; their files are matched by themselves or found by a walk.
                if "**" not in pattern:
                    yield from self.walk(path)
            else:
                yield Found(path, os.path.basename(path))

    def walk(self, root: str) -> Iterator[Found]:
        """Pictures under the folder `root`: files before sub-folders, each by name.

        Links are followed, but no folder is entered twice: links in a loop end there.
        """
        seen: set[tuple[int, int]] = set()
        stack = [(root, "")]
        while stack:
            folder, prefix = stack.pop()
            try:
                facts = os.stat(folder)
                if (facts.st_dev, facts.st_ino) in seen:
                    continue
                seen.add((facts.st_dev, facts.st_ino))
                files, folders = self._list(folder)
            except OSError as error:
                yield Found(folder, prefix.rstrip("/"), f"this folder cannot be read: {error.strerror}")
                continue
            for name in files:
                yield Found(os.path.join(folder, name), prefix + name)
            stack.extend((os.path.join(folder, name), f"{prefix}{name}/") for name in reversed(folders))

    def _list(self, folder: str) -> tuple[list[str], list[str]]:
        files, folders = [], []
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") and not self.all_files:
                    self.skipped += 1
                elif _is_folder(entry):
                    folders.append(entry.name)
                elif self.all_files or os.path.splitext(entry.name)[1].lower() in EXTENSIONS:
                    files.append(entry.name)
                else:
                    self.skipped += 1
        return sorted(files), sorted(folders)


def _is_pattern(path: str) -> bool:
    return bool(_MAGIC.intersection(path)) and not os.path.lexists(path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself: reading it will tell
        return False


def read_names(stream: BinaryIO, *, nul: bool = False) -> Iterator[str]:
    """Names from a stream, one a line, or each ended by a NUL byte. Empty ones are passed over."""
    separator = b"\0" if nul else b"\n"
    rest = b""
    while block := _read_some(stream):
        *names, rest = (rest + block).split(separator)
        yield from (os.fsdecode(_trimmed(n, nul)) for n in names if _trimmed(n, nul))
    if _trimmed(rest, nul):
        yield os.fsdecode(_trimmed(rest, nul))


def _trimmed(name: bytes, nul: bool) -> bytes:
    return name if nul or os.linesep == "\n" else name.removesuffix(b"\r")


def _read_some(stream: BinaryIO) -> bytes:
    read = getattr(stream, "read1", stream.read)
    return read(65536)


def without_waiting(items: Iterable[Found]) -> Iterator[Found | None]:
    """`items` from a source that may be slow (a pipe): None where nothing has arrived yet."""
    waiting: queue.Queue[Found | BaseException | None] = queue.Queue(maxsize=1000)

    def fill() -> None:
        try:
            for item in items:
                waiting.put(item)
        except Exception as error:
            waiting.put(error)
        else:
            waiting.put(None)

    threading.Thread(target=fill, daemon=True).start()
    while True:
        try:
            item = waiting.get_nowait()
        except queue.Empty:
            yield None
            continue
        if item is None:
            return
        if isinstance(item, BaseException):
            raise item
        yield item
