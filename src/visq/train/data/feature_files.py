"""Rows of features on disk, by the keys of their pictures: files of some hundred rows that never change.

A file holds the tensors `features` `(n, F)` float32 and, in its head, the keys of its rows and a hash of the values. It
appears whole or not at all; what was computed by a run that was killed, but for its last file, is found by the next.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from visq.errors import StoreError
from visq.extras import require
from visq.train.data import shard_files
from visq.train.data.draws import fingerprint

FORMAT = "visq features 1"
_ABOUT = "about.json"
_NAME = "features"


class FeatureFiles:
    """The files of one extractor.

    Parameters
    ----------
    folder : pathlib.Path
        Theirs alone. It is made when something is written.
    described : dict
        What computed them, for whoever looks into the folder; compared with what it says there, but for its `name`.
    width : int
        Numbers a row.

    Raises
    ------
    StoreError
        The folder holds something else, or a file that is damaged.
    """

    def __init__(self, folder: Path, described: dict[str, Any], width: int) -> None:
        self.folder, self.width = folder, width
        self._described = json.loads(shard_files.as_json({"format": FORMAT, **described}))
        self._rows: dict[str, np.ndarray] = {}
        self._held: set[str] = set()
        self._look()

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self, keys: Sequence[str]) -> np.ndarray:
        """The rows of these keys, `(N, F)` float32, an array of its own."""
        out = np.empty((len(keys), self.width), np.float32)
        for row, key in zip(out, keys, strict=True):
            row[...] = self._rows[key]
        return out

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Within it, this run alone adds files; what others have added until then is there.

        Raises
        ------
        StoreError
            Another one does.
        """
        from visq.store.lock import FileLock

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be made: {error.strerror or error}") from error
        with FileLock(str(self.folder / ".lock")):
            if not (self.folder / _ABOUT).exists():
                with shard_files.written(self.folder / _ABOUT) as file:
                    file.write(shard_files.as_json(self._described))
            shard_files.clear(self.folder)
            self._look()
            yield

    def add(self, keys: Sequence[str], values: np.ndarray) -> None:
        """One more file, named by a hash of its keys.

        Raises
        ------
        StoreError
            It cannot be written.
        """
        save = require("safetensors.numpy", "keeping features", "torch").save
        values = np.ascontiguousarray(values, dtype=np.float32)
        # One text: the order of several would differ from run to run.
        head = json.dumps({"keys": list(keys), "sha256": _hash(values)})
        data = save({_NAME: values}, metadata={_NAME: head})
        path = self.folder / f"{fingerprint(list(keys))[:32]}.safetensors"
        with shard_files.written(path) as file:
            file.write(data)
        self._take(path, keys, values)

    def _look(self) -> None:
        """Read the files that were not there before."""
        about = self.folder / _ABOUT
        if about.exists():
            self._check_about(about)
        for path in sorted(self.folder.glob("*.safetensors")):
            if path.name not in self._held:
                self._take(path, *self._read(path))

    def _take(self, path: Path, keys: Sequence[str], values: np.ndarray) -> None:
        self._rows.update(zip(keys, values, strict=True))
        self._held.add(path.name)

    def _read(self, path: Path) -> tuple[list[str], np.ndarray]:
        safetensors = require("safetensors", "reading features", "torch")
        try:
            with safetensors.safe_open(str(path), framework="np") as file:
                head = json.loads(file.metadata()[_NAME])
                values = file.get_tensor(_NAME)
            if values.shape != (len(head["keys"]), self.width) or values.dtype != np.float32:
                raise ValueError(f"{values.shape} {values.dtype}")
            if _hash(values) != head["sha256"]:
                raise ValueError("values are not those that were written")
        except Exception as error:  # the library has errors of its own
            raise StoreError(
                f"{path} is damaged: {error}", hint="Remove it: what it held is computed again."
            ) from error
        return head["keys"], values

    def _check_about(self, about: Path) -> None:
        try:
            held = dict(json.loads(about.read_text(encoding="ascii")))
        except (OSError, ValueError, TypeError) as error:
            raise StoreError(f"{about} cannot be read", hint="Remove its folder.") from error
        if {**held, "name": ""} != {**self._described, "name": ""}:
            raise StoreError(f"{self.folder} holds other features", hint="Name another folder.")


def _hash(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).data).hexdigest()


__all__ = ["FeatureFiles"]
