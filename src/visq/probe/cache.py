"""What has been measured, kept so that a run can be killed and gone on with: an SQLite file.

A row is one reduction of one tap of one network for one pair, keyed by the content of each: architecture and every
parameter, and the bytes of both pictures. Paths and the name of the database play no part, so that a set may be moved
and two sets may share pairs. Rows are committed every few seconds.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from visq.errors import StoreError
from visq.store.lock import FileLock

COMMIT_SECONDS = 5.0
_BUSY_SECONDS = 60.0
_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS measured (
  source TEXT NOT NULL, tap TEXT NOT NULL, reduction TEXT NOT NULL, pair TEXT NOT NULL,
  vector BLOB NOT NULL, seconds REAL NOT NULL,
  PRIMARY KEY (source, tap, reduction, pair)
);
CREATE TABLE IF NOT EXISTS noted (pair TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (pair, text));
INSERT OR IGNORE INTO about VALUES ('format', '%s');
COMMIT;
"""
# What takes longer of two counts: a run for fewer layers goes less deep.
_ADD = """
INSERT INTO measured VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (source, tap, reduction, pair)
DO UPDATE SET vector = excluded.vector, seconds = max(seconds, excluded.seconds)
"""


class Cache:
    """Opened for one run; use it in a `with` block.

    Parameters
    ----------
    path : str
        The file. Empty: a private one in memory, which is gone afterwards.

    Raises
    ------
    StoreError
        In use, not writable, damaged, no cache of a probe.
    """

    #: What the file says it is, and what messages call it; others keep their measurements in the same way.
    FORMAT = "visq probe cache 1"
    KIND = "cache of a probe"

    def __init__(self, path: str = "") -> None:
        self.path = path
        self._pending: list[tuple[str, str, str, str, bytes, float]] = []
        self._noted: list[tuple[str, str]] = []
        self._since = time.monotonic()
        self._lock: FileLock | None = None
        self._database: sqlite3.Connection | None = None
        if path:
            folder = os.path.dirname(os.path.realpath(path))  # noqa: PTH120 - a name that pathlib might alter
            try:
                os.makedirs(folder, exist_ok=True)  # noqa: PTH103
                self._lock = FileLock(path)
            except OSError as error:
                raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error
        try:
            self._database = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=_BUSY_SECONDS)
            self._begin(self._database)
        except sqlite3.Error as error:
            self._release()
            raise self._trouble(error) from error
        except StoreError:
            self._release()
            raise

    def _begin(self, database: sqlite3.Connection) -> None:
        """Make the tables, in an empty file alone: one of somebody else's stays as it is."""
        names = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if names:
            found = "a file of another program"
            if {"about", "measured"} <= names:
                row = database.execute("SELECT value FROM about WHERE key = 'format'").fetchone()
                found = str(row[0]) if row else found
            if found != self.FORMAT:
                raise StoreError(
                    f"{self.path} is of another kind", expected=self.FORMAT, got=found, hint="Name another file."
                )
        database.executescript(_SCHEMA % self.FORMAT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(StoreError) if kind is not None else contextlib.nullcontext():
            self.flush()
        self._release()

    def _release(self) -> None:
        # In this order: who waits for the lock must not find the file open.
        if self._database is not None:
            self._database.close()
        if self._lock is not None:
            self._lock.release()

    def known(self, source: str, tap: str, reduction: str) -> set[str]:
        """Pairs that were measured already."""
        self.flush()
        rows = self._select(
            "SELECT pair FROM measured WHERE source = ? AND tap = ? AND reduction = ?", source, tap, reduction
        )
        return {pair for (pair,) in rows}

    def add(
        self,
        source: str,
        tap: str,
        reduction: str,
        pair: str,
        vector: Sequence[float] | NDArray[np.float64],
        seconds: float,
    ) -> None:
        """One more; an empty vector says that the pair is too small for this tap."""
        blob = np.ascontiguousarray(vector, dtype="<f8").tobytes()
        self._pending.append((source, tap, reduction, pair, blob, seconds))

    def note(self, pair: str, texts: Iterable[str]) -> None:
        """What was altered while the pictures of a pair were read."""
        self._noted += [(pair, text) for text in texts]

    def notes(self, pair: str) -> list[str]:
        """What `note` was told of a pair, in alphabetical order."""
        self.flush()
        return [text for (text,) in self._select("SELECT text FROM noted WHERE pair = ? ORDER BY text", pair)]

    def tick(self) -> None:
        """Commit, where the last time was some seconds ago. Called between pairs, so that each is whole or absent."""
        if time.monotonic() - self._since >= COMMIT_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Commit what has come in."""
        self._since = time.monotonic()
        if not (self._pending or self._noted):
            return
        database = self._open()
        try:
            database.execute("BEGIN IMMEDIATE")
            database.executemany(_ADD, self._pending)
            database.executemany("INSERT OR IGNORE INTO noted VALUES (?, ?)", self._noted)
            database.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            raise self._trouble(error) from error
        self._pending.clear()
        self._noted.clear()

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            raise StoreError(f"{self.path} is closed")
        return self._database

    def vectors(
        self, source: str, tap: str, reduction: str, keys: Sequence[str]
    ) -> tuple[NDArray[np.float64] | None, float, int]:
        """Vectors of these pairs, `(P, k)`, median seconds a pair, and how many pairs were too small for the tap.

        None in place of the vectors where any is lacking or too small.
        """
        rows = self._select(
            "SELECT pair, vector, seconds FROM measured WHERE source = ? AND tap = ? AND reduction = ?",
            source, tap, reduction,
        )  # fmt: skip
        found = {pair: (blob, seconds) for pair, blob, seconds in rows}
        chosen = [found[key] for key in keys if key in found]
        small = sum(not blob for blob, _ in chosen)
        if small or len(chosen) < len(keys) or not keys:
            return None, 0.0, small
        vectors = np.stack([np.frombuffer(blob, dtype="<f8") for blob, _ in chosen])
        return vectors, float(np.median([seconds for _, seconds in chosen])), 0

    def _select(self, text: str, *values: str) -> Iterator[tuple]:
        try:
            yield from self._open().execute(text, values)
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    def _trouble(self, error: sqlite3.Error) -> StoreError:
        name = self.path or "the temporary table"
        text = str(error)
        if "not a database" in text or "malformed" in text:
            return StoreError(f"{name} is no {self.KIND}, or damaged ({text})", hint="Name another file.")
        if "locked" in text:
            return StoreError(f"{name} is in use by another program", hint="Wait for it to end.")
        return StoreError(f"{name} cannot be used: {text}", hint="Make room, or name a place you may write to.")


__all__ = ["COMMIT_SECONDS", "Cache"]
