"""The journal of a run: an SQLite database to which rows are committed in batches.

Killed at any moment it loses at most the batch in flight (`BATCH_ROWS` rows or `BATCH_SECONDS` seconds), and the key of
a row (image, reference, identity of the score) keeps anything from being in it twice. A rollback journal is used, not
write-ahead logging: at rest there is one file, it also works on network disks, and a reader of a table whose run was
killed needs nothing but that file and SQLite's own recovery.
"""

# Names stay the text that was given: pathlib would rewrite "./a", and is slow for a million of them.
# ruff: noqa: PTH108, PTH110, PTH202

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from visq import catalog
from visq.errors import StoreError
from visq.store.lock import FileLock
from visq.store.migrations import migrate
from visq.store.names import escape
from visq.types import ScoreRecord

BATCH_ROWS = 500
BATCH_SECONDS = 5.0
# How long a reader of the table may keep a commit waiting.
_BUSY_SECONDS = 60.0

#: Columns of every table, in order: the fields of `ScoreRecord` but its extras, whose names depend on the metrics.
COLUMNS = (
    "image", "reference", "metric", "version", "value", "status", "error", "identity", "lower_is_better", "width",
    "height", "bit_depth", "sha256", "warnings",
)  # fmt: skip

_HELD = (*COLUMNS, "extras")
_ALL = ("item", "position", *_HELD)
_UPSERT = (
    f"INSERT INTO scores ({', '.join(_ALL)}) VALUES ({', '.join('?' * len(_ALL))}) "
    "ON CONFLICT (image, reference, identity) DO UPDATE SET "
    + ", ".join(f"{c} = excluded.{c}" for c in _ALL if c not in ("image", "reference", "identity"))
)


class Stored(NamedTuple):
    """What a journal knows of a score it has."""

    row: int
    status: str
    item: int
    sha256: str


class Journal:
    """Rows of one table, opened for one run.

    Parameters
    ----------
    path : str
        The database. Empty: a private temporary one that vanishes when closed.

    Attributes
    ----------
    unchanged : bool
        Whether it holds nothing but what `load` took over from a finished table.

    Raises
    ------
    StoreError
        In use by another run, not writable, damaged, or not a table of visq.
    """

    def __init__(self, path: str = "") -> None:
        self.path = path
        self._pending: list[tuple[Any, ...]] = []
        self._moved: list[tuple[int, int]] = []
        self._since = 0.0
        self._began = time.time()
        self.unchanged = False
        self._closed = False
        self._created = not os.path.exists(path) or not os.path.getsize(path)
        self._lock = FileLock(path) if path else None
        try:
            self.database = self._connect()
        except BaseException:
            if self._created and path and not os.path.getsize(path):
                os.unlink(path)
            self._release()
            raise

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, isolation_level=None, timeout=_BUSY_SECONDS)
        try:
            if not self.path:
                database.execute("PRAGMA synchronous = OFF")
                database.execute("PRAGMA journal_mode = MEMORY")
            migrate(database, self.path)
            # Rows that were in the table before and whose input this run has too; `wanted`: the metric as well.
            database.execute("CREATE TEMP TABLE kept (id INTEGER PRIMARY KEY, wanted INTEGER NOT NULL)")
            [self._former] = database.execute("SELECT coalesce(max(id), 0) FROM scores").fetchone()
        except sqlite3.Error as error:
            database.close()
            raise self._trouble(error) from error
        except StoreError:
            database.close()
            raise
        return database

    def clear(self) -> None:
        """Forget every row."""
        with self._transaction():
            self.database.execute("DELETE FROM scores")
            self.database.execute("DELETE FROM run")
        self.unchanged = False
        self._former = 0

    def begin(self, since: float) -> float:
        """Changes of files from this time on (seconds of `time.time`) concern the rows that are there.

        Returned is that of the first of the runs that were not finished, where there is one: what it had not come to
        has not been looked at. It is kept with the first rows of this run, until `finish`.
        """
        for [value] in self._select("SELECT value FROM run WHERE key = 'since'"):
            since = float(value)
        self._began = since
        return since

    def _remember(self) -> None:
        self.database.execute("INSERT OR IGNORE INTO run VALUES ('since', ?)", (repr(self._began),))

    def finish(self) -> None:
        """Every input has been looked at."""
        if list(self._select("SELECT value FROM run WHERE key = 'since'")):
            with self._transaction():
                self.database.execute("DELETE FROM run WHERE key = 'since'")

    def count(self) -> int:
        """Rows in the table, whoever wrote them."""
        [[rows]] = self._select("SELECT count(*) FROM scores")
        return int(rows)

    def load(self, records: Iterable[ScoreRecord]) -> None:
        """Take over the rows of a finished table, in their order; all of them or none."""
        with self._transaction():
            self.database.executemany(_UPSERT, _numbered(records))
            self._remember()
        self.unchanged = True
        [[self._former]] = self._select("SELECT coalesce(max(id), 0) FROM scores")

    def stored(self, image: str, reference: str) -> dict[str, Stored]:
        """Scores of one input by their identity."""
        rows = self._select(
            "SELECT identity, id, status, item, sha256 FROM scores WHERE image = ? AND reference = ?",
            (escape(image), escape(reference)),
        )
        return {identity: Stored(*facts) for identity, *facts in rows}

    def keep(self, rows: Sequence[tuple[int, int, bool]], item: int) -> None:
        """These rows, given as (row, item they had, metric wanted), belong to input `item` of this run."""
        try:
            self.database.executemany(
                "INSERT OR IGNORE INTO kept VALUES (?, ?)", [(row, wanted) for row, _, wanted in rows]
            )
        except sqlite3.Error as error:
            raise self._trouble(error) from error
        self._moved += [(item, row) for row, old, _ in rows if old != item]
        if len(self._moved) >= BATCH_ROWS:
            self.flush()

    def add(self, item: int, records: Sequence[ScoreRecord], positions: Sequence[int]) -> None:
        """Rows of one input. They are safe once `flush` has run; `tick` and `add` see to that."""
        if not self._pending:
            self._since = time.monotonic()
        self._pending += [(item, p, *as_row(r)) for r, p in zip(records, positions, strict=True)]
        self.tick()

    def tick(self) -> None:
        """Commit when the batch is full or old enough."""
        if len(self._pending) >= BATCH_ROWS or (self._pending and time.monotonic() - self._since >= BATCH_SECONDS):
            self.flush()

    def flush(self) -> None:
        """Commit what has come in.

        Raises
        ------
        StoreError
            The disk is full, or the database cannot be written any more. What was committed before stays.
        """
        if not self._pending and not self._moved:
            return
        self.unchanged = False
        with self._transaction():
            self.database.executemany(_UPSERT, self._pending)
            self.database.executemany("UPDATE scores SET item = ? WHERE id = ?", self._moved)
            self._remember()
        self._pending.clear()
        self._moved.clear()

    def _transaction(self) -> _Transaction:
        return _Transaction(self)

    def _trouble(self, error: sqlite3.Error) -> StoreError:
        text = str(error)
        name = self.path or "the temporary table"
        if "full" in text or "disk I/O" in text:
            return StoreError(
                f"{name} cannot be written: the disk is full or failing ({text})",
                hint="What was committed is safe. Make room, then run the same command again with --resume.",
            )
        if "readonly" in text or "unable to open" in text:
            return StoreError(f"{name} cannot be written ({text})", hint="Choose a place you may write to.")
        if "malformed" in text:
            return StoreError(f"{name} is damaged ({text})", hint="Take a copy of it, or write to another table.")
        if "not a database" in text:
            return StoreError(f"{name} is not a table of scores ({text})", hint="It was left as it is.")
        if "locked" in text:
            return StoreError(f"{name} is in use by another program ({text})", hint="Close it there, then --resume.")
        return StoreError(f"{name}: {text}")

    def query(self, text: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Rows of a SELECT. `current` in it stands for the rows of this run's inputs and metrics."""
        mine = f"id > {self._former} OR id IN (SELECT id FROM temp.kept WHERE wanted)"
        return self._select(f"WITH current AS (SELECT * FROM scores WHERE {mine}) {text}", values)

    def _select(self, text: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self.database.execute(text, values)
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Rows in the order of the inputs, then of the metrics: `COLUMNS`, and the extras as a JSON object.

        Rows of inputs that were not given this time come last.
        """
        former = f"(id <= {self._former} AND id NOT IN (SELECT id FROM temp.kept))"
        return self._select(f"SELECT {', '.join(_HELD)} FROM scores ORDER BY {former}, item, position, identity")

    def current_rows(self) -> Iterator[tuple[Any, ...]]:
        """As `rows`, but only those of this run's inputs and metrics."""
        return self.query(f"SELECT {', '.join(_HELD)} FROM current ORDER BY item, position, identity")

    def extras(self, *, current: bool = False) -> tuple[str, ...]:
        """Names of the numbers that stand beside scores in the table, or in the rows of this run's inputs and metrics.

        Those that its metrics declare, in the order of the catalogue, so that a table has the same columns whatever
        failed; then those that only earlier versions had.
        """
        table = "current" if current else "scores"
        metrics = {metric for (metric,) in self.query(f"SELECT DISTINCT metric FROM {table}")}
        declared = [name for spec in catalog.specs() if spec.id in metrics for name in spec.extras]
        held = self.query(f"SELECT DISTINCT j.key FROM {table}, json_each({table}.extras) j WHERE extras <> '{{}}'")
        return tuple(dict.fromkeys([*declared, *sorted(key for (key,) in held)]))

    def holds_warning(self, code: str) -> bool:
        """Whether any row was altered on reading in the way `code` says."""
        marks = (f'"{code}', f'"reference {code}')
        [[found]] = self._select(
            "SELECT EXISTS (SELECT 1 FROM scores WHERE instr(warnings, ?) OR instr(warnings, ?))", marks
        )
        return bool(found)

    def other_rows(self) -> int:
        """How many rows belong to inputs or metrics that were not given this time."""
        [[current]] = self.query("SELECT count(*) FROM current")
        return self.count() - int(current)

    def close(self, *, remove: bool = False) -> None:
        """Close without committing what is pending. Harmless when done twice.

        `remove` deletes the database; one that this run made and put nothing into is deleted anyway.
        """
        if self._closed:
            return
        self._closed = True
        try:
            remove = remove or (self._created and not self.count())
        except StoreError:  # damaged: somebody may want to look at it
            remove = False
        self.database.close()
        try:
            if remove and self.path:
                os.unlink(self.path)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be removed: {error.strerror}", hint="Remove it yourself.") from error
        finally:
            self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()


class _Transaction:
    """One commit, or none of it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def __enter__(self) -> None:
        try:
            if self._journal.database.in_transaction:  # an interrupt came between BEGIN and the block
                self._journal.database.execute("ROLLBACK")
            self._journal.database.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise self._journal._trouble(error) from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        database = self._journal.database
        try:
            if kind is None:
                database.execute("COMMIT")
        except sqlite3.Error as failure:
            error = failure
        if database.in_transaction:
            database.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise self._journal._trouble(error) from error


def _numbered(records: Iterable[ScoreRecord]) -> Iterator[tuple[Any, ...]]:
    """Rows with the places they had: consecutive rows of one input share its number."""
    item, position, last = -1, 0, None
    for record in records:
        pair = record.image, record.reference
        item, position = (item, position + 1) if pair == last else (item + 1, 0)
        last = pair
        yield item, position, *as_row(record)


def as_row(record: ScoreRecord) -> tuple[Any, ...]:
    """A record as the database holds it: names escaped, warnings as a JSON list."""
    return (
        escape(record.image), escape(record.reference), record.metric, record.version, record.value, record.status,
        record.error, record.identity, int(record.lower_is_better), record.width, record.height, record.bit_depth,
        record.sha256, json.dumps(list(record.warnings)), json.dumps(record.extras),
    )  # fmt: skip
