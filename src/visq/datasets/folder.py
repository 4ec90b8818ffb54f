"""The folder of a database, in which a path is found whatever the case of its letters."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from visq.errors import DatasetError


@dataclass(frozen=True)
class Folder:
    """A folder and what has been listed of it so far.

    `I01_01_1.bmp` finds `i01_01_1.bmp` where there is no `I01_01_1.bmp`; where several names differ in case alone and
    none is the one asked for, none is taken: nothing says which.
    """

    root: Path
    _listed: dict[str, dict[str, bool]] = field(default_factory=dict, repr=False)
    _folded: dict[str, dict[str, list[str]]] = field(default_factory=dict, repr=False)

    def names(self, relative: str) -> dict[str, bool]:
        """Names in the folder at `relative`, in order, and whether each is a folder; empty where there is none."""
        if relative not in self._listed:
            try:
                with os.scandir(self.root / relative) as entries:
                    found = {entry.name: entry.is_dir() for entry in entries}
            except (FileNotFoundError, NotADirectoryError):
                found = {}
            except OSError as error:
                raise DatasetError(f"{self.root / relative} cannot be listed: {error.strerror}") from None
            self._listed[relative] = dict(sorted(found.items()))
        return self._listed[relative]

    def find(self, path: str) -> str:
        """`path` as it is really written, or an empty text where there is no such file or folder."""
        here = ""
        for name in parts_of(path):
            real = self._real_name(here, name)
            if not real:
                return ""
            here = f"{here}/{real}" if here else real
        return here

    def _real_name(self, here: str, name: str) -> str:
        names = self.names(here)
        if name in names:
            return name
        if here not in self._folded:
            folded: dict[str, list[str]] = {}
            for one in names:
                folded.setdefault(one.casefold(), []).append(one)
            self._folded[here] = folded
        candidates = self._folded[here].get(name.casefold(), [])
        return candidates[0] if len(candidates) == 1 else ""

    def glob(self, pattern: str) -> list[str]:
        """Files whose path matches `pattern` part by part (`*`, `?`; no regard to case), ordered by name."""
        return list(self._glob("", parts_of(pattern)))

    def _glob(self, here: str, wanted: list[str]) -> Iterator[str]:
        first, *rest = wanted
        prefix = f"{here}/" if here else ""
        if not any(letter in first for letter in "*?["):
            real = self._real_name(here, first)
            matching = [real] if real else []
        else:
            matching = [name for name in self.names(here) if fnmatch.fnmatchcase(name.casefold(), first.casefold())]
        for name in matching:
            if rest and self.names(here)[name]:
                yield from self._glob(prefix + name, rest)
            elif not rest and not self.names(here)[name]:
                yield prefix + name

    def files(self, relative: str) -> Iterator[str]:
        """All files under `relative`, sub-folders included, in the order of their names."""
        prefix = f"{relative}/" if relative else ""
        for name, is_folder in self.names(relative).items():
            if is_folder:
                yield from self.files(prefix + name)
            else:
                yield prefix + name


def parts_of(path: str) -> list[str]:
    """The parts of a relative path; `.` and empty ones are passed over.

    Raises
    ------
    DatasetError
        The path leaves its folder.
    """
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    if ".." in parts or path.startswith(("/", "\\")) or (parts and parts[0].endswith(":")):
        raise DatasetError(f"a label file names {path!r}, which lies outside the database")
    return parts
