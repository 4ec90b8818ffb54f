"""The journal of a set in the making: one row for each picture that is done, committed in batches to SQLite.

A picture is written first and its row committed later. So a run that is killed leaves pictures without a row, which are
made again, byte for byte the same; never a row without its picture. After a power cut, rows of the last moments may be
on the disk and their pictures not: pictures that were touched since shortly before the last row are compared by their
hash when the run is resumed, older ones by their size.
"""

from __future__ import annotations

import csv
import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from visq.errors import StoreError
from visq.store.lock import FileLock
from visq.store.names import escape

BATCH_ROWS = 500
BATCH_SECONDS = 1.0
# Written pages reach the disk within 30 s on Linux unless it is told otherwise; twice that, and some.
_UNSURE_SECONDS = 90.0
_FORM = 1

#: Columns of the journal and of `manifest.csv`, in order.
COLUMNS = (
    "image", "reference", "photo", "source", "source_sha256", "type", "level", "distortion", "title", "amount", "unit",
    "seed", "score", "width", "height", "bit_depth", "sha256", "bytes", "status", "error", "warnings",
)  # fmt: skip
_NUMBERS = {"photo": int, "type": int, "level": int, "seed": int, "score": float, "width": int, "height": int,
            "bit_depth": int, "bytes": int}  # fmt: skip
_ALL = (*COLUMNS, "seconds", "done")
_SCHEMA = (
    "CREATE TABLE pictures ("
    + ", ".join(f"{c} INTEGER" if _NUMBERS.get(c) is int else f"{c} REAL" if c in ("score", "seconds", "done") else c
                for c in _ALL)
    + ", PRIMARY KEY (photo, type, level)) WITHOUT ROWID"
)  # fmt: skip
_PUT = f"INSERT OR REPLACE INTO pictures ({', '.join(_ALL)}) VALUES ({', '.join('?' * len(_ALL))})"


class Journal:
    """Rows of one set, held by one run.

    Parameters
    ----------
    path : pathlib.Path
        The database; made if absent.

    Raises
    ------
    StoreError
        Another run holds it, or it cannot be written, or is no journal.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pending: list[tuple[Any, ...]] = []
        self._since = 0.0
        self._closed = False
        self._lock = FileLock(os.fspath(path))
        try:
            self._database = self._connect()
        except BaseException:
            self._lock.release()
            raise

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, isolation_level=None, timeout=60.0)
        try:
            [form] = database.execute("PRAGMA user_version").fetchone()
            if form not in (0, _FORM):
                raise StoreError(
                    f"{self.path} was written by another version of visq", hint="Resume the set with that."
                )
            if form == 0:
                database.execute("BEGIN IMMEDIATE")
                database.execute(_SCHEMA)
                database.execute(f"PRAGMA user_version = {_FORM}")
                database.execute("COMMIT")
        except sqlite3.Error as error:
            database.close()
            raise self._trouble(error) from error
        except StoreError:
            database.close()
            raise
        return database

    def _trouble(self, error: sqlite3.Error) -> StoreError:
        return StoreError(
            f"{self.path}: {error}", hint="Is the disk full, or the file damaged? Pictures that are there stay."
        )

    def query(self, text: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a SELECT."""
        try:
            return self._database.execute(text, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    def rows(self, where: str = "1") -> Iterator[dict[str, Any]]:
        """Rows in the order of photograph, type and level, a few at a time."""
        last = (-1, -1, -1)
        while True:
            found = self.query(
                f"SELECT {', '.join(_ALL)} FROM pictures WHERE (photo, type, level) > (?, ?, ?) AND {where} "
                "ORDER BY photo, type, level LIMIT 1000",
                last,
            )
            for values in found:
                yield dict(zip(_ALL, values, strict=True))
            if len(found) < 1000:
                return
            row = dict(zip(_ALL, found[-1], strict=True))
            last = row["photo"], row["type"], row["level"]

    def count(self, where: str = "1") -> int:
        """How many rows there are."""
        return int(self.query(f"SELECT count(*) FROM pictures WHERE {where}")[0][0])

    def done(self, photo: int) -> dict[tuple[int, int], str]:
        """Status of what there is of a photograph, by type and level; its reference is (0, 0)."""
        found = self.query("SELECT type, level, status FROM pictures WHERE photo = ?", (photo,))
        return {(number, level): status for number, level, status in found}

    def add(self, row: dict[str, Any]) -> None:
        """A row of a picture; it is safe once `flush` has run, which `add` and `tick` see to."""
        if not self._pending:
            self._since = time.monotonic()
        self._pending.append((*(row.get(name) for name in _ALL[:-1]), time.time()))
        self.tick()

    def tick(self) -> None:
        """Commit when the batch is full or old enough."""
        late = self._pending and time.monotonic() - self._since >= BATCH_SECONDS
        if late or len(self._pending) >= BATCH_ROWS:
            self.flush()

    def flush(self) -> None:
        """Commit what has come in.

        Raises
        ------
        StoreError
            No room.
        """
        if self._pending:
            self._write(_PUT, self._pending)
            self._pending.clear()

    def remove(self, keys: Iterable[tuple[int, int, int]]) -> None:
        """Forget pictures by photograph, type and level."""
        self._write("DELETE FROM pictures WHERE photo = ? AND type = ? AND level = ?", keys)

    def _write(self, text: str, values: Iterable[tuple[Any, ...]]) -> None:
        database = self._database
        try:
            database.execute("BEGIN IMMEDIATE")
            database.executemany(text, values)
            database.execute("COMMIT")
        except BaseException as error:
            if database.in_transaction:
                database.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise self._trouble(error) from error
            raise

    def load(self, manifest: Path) -> None:
        """Take over the rows of a finished set.

        Raises
        ------
        StoreError
            The manifest is not one, or is damaged.
        """
        try:
            finished = manifest.stat().st_mtime
            with manifest.open(encoding="utf-8", newline="") as file:
                rows = csv.reader(file, strict=True)
                if tuple(next(rows, ())) != COLUMNS:
                    raise ValueError("other columns")
                self._write(_PUT, ((*_values(row), None, finished) for row in rows))
        except (ValueError, csv.Error, OSError) as error:
            raise StoreError(
                f"{manifest} is not the manifest of a set, or is damaged ({error})", hint="Name another folder."
            ) from error

    def close(self, *, remove: bool = False) -> None:
        """Close, without committing what is pending; `remove` deletes it. Harmless when done twice."""
        if self._closed:
            return
        self._closed = True
        self._database.close()
        try:
            if remove:
                self.path.unlink()
        finally:
            self._lock.release()


def _values(cells: list[str]) -> list[Any]:
    if len(cells) != len(COLUMNS):
        raise ValueError(f"a line of {len(cells)} cells")
    return [_NUMBERS.get(name, str)(cell) if cell or name not in _NUMBERS else None
            for name, cell in zip(COLUMNS, cells, strict=True)]  # fmt: skip


def verify(journal: Journal, images: Path, tick: Callable[[], None]) -> int:
    """Forget rows whose picture is not there as it was written, and those of failures; returns how many are good.

    Failures are tried again: a disk may have come back, a photograph may have been mended.
    """
    [[newest]] = journal.query("SELECT coalesce(max(done), 0) FROM pictures")
    bad: list[tuple[int, int, int]] = []
    good = 0
    for number, row in enumerate(journal.rows()):
        if row["status"] == "ok" and _is_there(images / row["image"], row, newest - _UNSURE_SECONDS):
            good += 1
        else:
            bad.append((row["photo"], row["type"], row["level"]))
            if len(bad) >= 10 * BATCH_ROWS:
                journal.remove(bad)
                bad.clear()
        if number % 1000 == 0:
            tick()
    journal.remove(bad)
    return good


def _is_there(path: Path, row: dict[str, Any], since: float) -> bool:
    try:
        facts = path.stat()
        if facts.st_size != row["bytes"]:
            return False
        return facts.st_mtime < since or hashlib.sha256(path.read_bytes()).hexdigest() == row["sha256"]
    except OSError:
        return False


def write_manifest(rows: Iterable[dict[str, Any]], file: Any) -> None:
    """`manifest.csv`, UTF-8, of rows in order."""
    import io

    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    plain = csv.writer(text, lineterminator="\n")
    # The csv module leaves a bare carriage return unquoted, and readers take it for the end of a line.
    quoted = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    plain.writerow(COLUMNS)
    for row in rows:
        (quoted if "\r" in row["source"] else plain).writerow([row[name] for name in COLUMNS])
    text.detach()


def source_text(path: str) -> str:
    """A photograph's path as tables hold it."""
    return escape(path)


__all__ = ["COLUMNS", "Journal", "source_text", "verify", "write_manifest"]
